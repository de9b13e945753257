"""
What Paceline itself uses in the process that runs the tests, so that it is not counted as the tests'.
"""

import os
from typing import Final

from paceline.own_descriptor import OwnDescriptor
from paceline.unpatched import UNPATCHED


class OwnWork:
    """
    Bytes that the probes read and wrote.
    """

    def __init__(self) -> None:
        self.read_bytes = 0
        self.written_bytes = 0


class ProcFile:
    """
    A file of `/proc` with its descriptor kept open: reading it again costs about 2 µs, opening it 10.

    A test may close the descriptor and get its number for a file of its own. Writing checks for that; reading does not,
    as it costs as much as the reading itself, harms no file, and what is read is then no figure.

    Raises:
        OSError: the system does not have the file, or refuses access.
    """

    def __init__(self, name: str, own: OwnWork, flags: int = os.O_RDONLY) -> None:
        self._path: Final = f"/proc/{name}"
        self._flags: Final = flags
        self._own: Final = own
        self._pread: Final = UNPATCHED.pread or _no_pread
        self._open()

    def read(self, size: int = 512) -> bytes:
        content = self._pread(self._number, size, 0)
        self._own.read_bytes += len(content)
        return content

    def write(self, content: bytes) -> None:
        self._own.written_bytes += self._descriptor.write(content)

    def reopen(self) -> None:
        self._descriptor.close()
        self._open()

    def close(self) -> None:
        self._descriptor.close()

    def _open(self) -> None:
        self._descriptor = OwnDescriptor.open(self._path, self._flags | getattr(os, "O_CLOEXEC", 0))
        self._number = self._descriptor.fileno()


def read_proc(path: str, own: OwnWork) -> bytes:
    """
    A file of `/proc` that is read rarely, at most 4 KiB of it.

    Raises:
        OSError: there is no such file; its process or thread has ended.
    """
    descriptor = UNPATCHED.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        content = UNPATCHED.read(descriptor, 4096)
    finally:
        UNPATCHED.close(descriptor)
    own.read_bytes += len(content)
    return content


def _no_pread(_descriptor: int, _size: int, _offset: int) -> bytes:
    raise OSError("this system has no pread")
