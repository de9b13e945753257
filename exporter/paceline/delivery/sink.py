"""
What a place for runs is to those that bring them.
"""

from typing import Protocol

from msgspec import Struct


class Receipt(Struct, frozen=True):
    """
    What a server says of a run that it has taken: whether it had it already, as far as it tells, and what a user
    should know of it.
    """

    is_known: bool = False
    note: str = ""


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

    def deliver(self, packed: bytes, seconds: float) -> Receipt:
        """
        Bring a run.

        Args:
            packed: the run document, compressed with gzip.
            seconds: how long to wait for the server to connect, and for each piece of its answer.

        Raises:
            RefusedError: the server will never accept this run.
            DocumentError: the document is damaged.
            UnreachableError: no server listens at the address.
            BusyError: the server may accept the run on an immediate retry.
            DeliveryError: the server accepts the run only after a change, for example of the credentials.
        """
