"""
Programs that are installed on this machine, or fetched into a cache folder.
"""

from functools import cache
from pathlib import Path

from paceline.stack.programs import AMTOOL, PROMTOOL, Program, Programs

CACHE = Path(__file__).parents[2] / "build" / "servers"
_have = cache(Programs(CACHE).have)


class Permission:
    """
    Whether installed programs may be used now: not in a test without the marker `stack`.
    """

    is_given = True

    @classmethod
    def check(cls) -> None:
        """
        Fail a test that uses an installed program without the marker.
        """
        assert cls.is_given, "a test that uses an installed program needs the marker `stack`"


def installed(program: Program) -> Path:
    """
    The path of a program.

    Raises:
        StackError: the program cannot be found or fetched.
    """
    Permission.check()
    return _have(program)


def prometheus_folder() -> Path:
    """
    The folder of `prometheus` and `promtool`.
    """
    return installed(PROMTOOL).parent


def amtool() -> Path:
    """
    Alertmanager's tool.
    """
    return installed(AMTOOL)
