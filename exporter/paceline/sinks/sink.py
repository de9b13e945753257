"""
What a place for runs is to those that bring them.
"""

from typing import Protocol


class Sink(Protocol):
    """
    A server that takes runs.

    `kind` and `address` together name the server; the address is as it may be shown, without credentials.

    `deliver` returns once the server has acknowledged the run. It tries once, and may be called again with a run that
    the server has already: that must count once. What it starts it ends, but it may take longer than it was
    given, so that a caller with a limit calls it in a thread.
    """

    @property
    def kind(self) -> str: ...

    @property
    def address(self) -> str: ...

    def deliver(self, packed: bytes, seconds: float) -> None:
        """
        Bring a run.

        Args:
            packed: the run document, compressed with gzip.
            seconds: how long to wait for the server to connect, and for each piece of its answer.

        Raises:
            RefusedError: the server will never take this run.
            DocumentError: the document is damaged.
            BusyError: the server may take it if it is asked again at once.
            DeliveryError: the server wants something else first.
        """
