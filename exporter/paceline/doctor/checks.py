"""
One check of the doctor: which part, whether it is right, and how to fix it.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum

from msgspec import Struct

from paceline.errors import PacelineError


class Level(StrEnum):
    """
    How a check ended. Only `WRONG` changes the exit code.
    """

    OK = "ok"
    HINT = "hint"
    WRONG = "wrong"
    OFF = "off"


class Check(Struct, frozen=True, kw_only=True):
    """
    The result of one check, and the fix where something is to be done.
    """

    part: str
    level: Level
    said: str
    fix: str = ""


class ChainPart:
    """
    Makes checks of one part of the chain.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def ok(self, said: str) -> Check:
        return Check(part=self._name, level=Level.OK, said=said)

    def hint(self, said: str, fix: str = "") -> Check:
        return Check(part=self._name, level=Level.HINT, said=said, fix=fix)

    def wrong(self, said: str, fix: str = "") -> Check:
        return Check(part=self._name, level=Level.WRONG, said=said, fix=fix)

    def off(self, fix: str) -> Check:
        return Check(part=self._name, level=Level.OFF, said="not configured", fix=fix)

    def guarded(self, *checks: Callable[[], Iterator[Check]]) -> Iterator[Check]:
        """
        Run checks; a check that cannot read its page is a hint, as other servers than Prometheus lack some pages.
        """
        for check in checks:
            try:
                yield from check()
            except PacelineError as error:
                yield self.hint(f"not checked: {error}")
