"""
Our own failure never fails the user's run: one warning, one counter.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from paceline.own_secrets import without_own_secrets

_T = TypeVar("_T")


class Guard:
    """
    Takes what goes wrong inside Paceline. `messages` are said once each; `failures` counts.
    """

    def __init__(self) -> None:
        self.messages: Final[list[str]] = []
        self.failures = 0

    def tried(self, step: Callable[[], _T], doing: str) -> _T | None:
        """
        What a step returns; None where it failed, which is noted.
        """
        try:
            return step()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the fault of the user's tests
            self.failed(error, doing)
            return None

    def failed(self, error: Exception, doing: str) -> None:
        """
        Note a failure of Paceline itself.
        """
        self.failures += 1
        self.warn(f"{doing} failed inside Paceline and was skipped: {type(error).__name__}: {error}")

    def warn(self, message: str) -> None:
        """
        Note something that the user should read, once.
        """
        message = without_own_secrets(message)
        if message not in self.messages:
            self.messages.append(message)
