"""
The memory that the bodies of all requests may take together.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from paceline.errors import StorageError

_ALL, _OF_SENDER = 96 << 20, 72 << 20


class BodyMemory:
    """
    Room for so many bytes of bodies that are being received or read, of `one sender` and in `all`.
    """

    def __init__(self, most: int = _ALL, of_sender: int = _OF_SENDER) -> None:
        self._most: Final = most
        self._of_sender: Final = of_sender
        self._taken: Final[Counter[str]] = Counter()

    @contextmanager
    def place(self, sender: str) -> Iterator["TakenMemory"]:
        """
        The place of one request, given back at its end.
        """
        place = TakenMemory(self, sender)
        try:
            yield place
        finally:
            self._taken[sender] -= place.taken
            if self._taken[sender] <= 0:
                del self._taken[sender]

    def take(self, sender: str, count: int) -> None:
        """
        Take so many bytes more.

        Raises:
            StorageError: there is no memory for it now.
        """
        if self._taken[sender] + count > self._of_sender or self._taken.total() + count > self._most:
            raise StorageError("the exporter is receiving too many large runs at once, expected a retry")
        self._taken[sender] += count


class TakenMemory:
    """
    The memory that a request has taken.
    """

    def __init__(self, memory: BodyMemory, sender: str) -> None:
        self.taken = 0
        self._memory: Final = memory
        self._sender: Final = sender

    def grow(self, count: int) -> None:
        """
        Take so many bytes more.

        Raises:
            StorageError: there is no memory for it now.
        """
        self._memory.take(self._sender, count)
        self.taken += count
