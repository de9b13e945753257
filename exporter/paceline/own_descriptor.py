"""
A file descriptor that is checked before each use, as a test may close it and get its number for a file of its own.
"""

import errno
from typing import Final, Self

from paceline.unpatched import UNPATCHED


class OwnDescriptor:
    """
    A descriptor that was opened by `open`, known by the device and inode of its file.

    A process that was forked from the one that opened it does not own the descriptor: it may only close its copy.
    Only functions of `UNPATCHED` are called, so that tests may replace those of `os`.
    """

    __slots__ = ("__weakref__", "_device", "_inode", "_number", "_process")

    def __init__(self, number: int) -> None:
        status = UNPATCHED.fstat(number)
        self._number: int = number
        self._device: Final = status.st_dev
        self._inode: Final = status.st_ino
        self._process: Final = UNPATCHED.getpid()

    @classmethod
    def open(cls, path: str, flags: int, mode: int = 0o600) -> Self:
        """
        Open a file; child processes that run another program do not inherit the descriptor.

        Raises:
            OSError: the file cannot be opened.
        """
        return cls(UNPATCHED.open(path, flags, mode))

    def fileno(self) -> int:
        """
        The file descriptor, for use without a check.
        """
        return self._number

    @property
    def is_of_this_process(self) -> bool:
        """
        Whether this process opened the descriptor, and was not forked from the one that did.
        """
        return self._process == UNPATCHED.getpid()

    def is_ours(self) -> bool:
        """
        Whether the number still stands for the file, and this process opened it. It costs about 1 µs.
        """
        return self.is_of_this_process and self._is_same_file()

    def pread(self, size: int, offset: int = 0) -> bytes:
        """
        Read without moving the position of the file.

        Raises:
            OSError: the descriptor was closed or replaced, or the file cannot be read.
        """
        self._check()
        if UNPATCHED.pread is None:
            raise OSError(errno.ENOSYS, "this system has no pread")
        return UNPATCHED.pread(self._number, size, offset)

    def write(self, content: bytes) -> int:
        """
        Write at the position of the file, and return how many bytes were written.

        Raises:
            OSError: the descriptor was closed or replaced, or the file cannot be written.
        """
        self._check()
        return UNPATCHED.write(self._number, content)

    def close(self) -> None:
        """
        Close the descriptor if its number still stands for the file; closing twice does nothing.
        """
        number, self._number = self._number, -1
        if self._is_same_file(number):
            UNPATCHED.close(number)

    def _check(self) -> None:
        # Twice a test: `is_ours` would take two calls more.
        status = UNPATCHED.fstat(self._number)
        if status.st_ino != self._inode or status.st_dev != self._device or self._process != UNPATCHED.getpid():
            raise OSError(errno.EBADF, "the file descriptor was reused, or is the parent's")

    def _is_same_file(self, number: int | None = None) -> bool:
        try:
            status = UNPATCHED.fstat(self._number if number is None else number)
        except OSError:
            return False
        return status.st_ino == self._inode and status.st_dev == self._device
