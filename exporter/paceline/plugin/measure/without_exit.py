"""
Keep a test that is repeated from ending the process, whose summary and reports are still to be written.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from paceline.unpatched import UNPATCHED


class ExitedError(BaseException):
    """
    A repeat would have ended the process. It is no Exception, so that a test that catches all of those does not catch
    it.
    """


@contextmanager
def without_exit() -> Iterator[None]:
    """
    Let `os._exit` and `os.abort` raise in this process; processes that are forked from it end as they like.

    Raises:
        ExitedError: the block called one of them.
    """
    process, real_exit, real_abort = UNPATCHED.getpid(), os._exit, os.abort

    def leave(status: int) -> NoReturn:
        if UNPATCHED.getpid() != process:
            real_exit(status)
        raise ExitedError

    def abort() -> NoReturn:
        if UNPATCHED.getpid() != process:
            real_abort()
        raise ExitedError

    os._exit, os.abort = leave, abort
    try:
        yield
    finally:
        os._exit, os.abort = real_exit, real_abort
