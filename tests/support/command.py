"""
The command `paceline`, run inside the process of the tests.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner

from paceline.cli import main

# click before 8.2 writes both streams as one, unless it is asked not to.
_APART: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}


@dataclass(frozen=True)
class Ended:
    """
    What the command printed, and how it ended.
    """

    exit_code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """
        Both streams, one after the other.
        """
        return self.stdout + self.stderr


def run_command(arguments: Sequence[str], *, env: Mapping[str, str] | None = None, width: int | None = None) -> Ended:
    """
    Run `paceline` with arguments, in a terminal of `width` columns.
    """
    result = CliRunner(**_APART).invoke(main, list(arguments), env=env, terminal_width=width, catch_exceptions=False)
    return Ended(result.exit_code, result.stdout, result.stderr)
