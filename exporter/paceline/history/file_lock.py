"""
A lock on an open file, which the system takes away however the process ends.
"""

import os
from typing import BinaryIO

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock
except ImportError:  # Windows
    HAS_LOCKS = False
else:
    HAS_LOCKS = True


def lock(file: BinaryIO) -> bool:
    """
    Lock a file for this process until it is closed; what is forked off closes it, as it would hold the lock.

    Returns:
        Whether that was possible. Some systems of files have no locks.
    """
    if not HAS_LOCKS:
        return False
    os.register_at_fork(after_in_child=file.close)
    try:
        flock(file, LOCK_EX | LOCK_NB)
    except OSError:
        return False
    return True


def is_held(file: BinaryIO) -> bool:
    """
    Whether another has locked a file, as far as the system tells.
    """
    if not HAS_LOCKS:
        return False
    try:
        flock(file, LOCK_SH | LOCK_NB)
    except OSError as error:
        return isinstance(error, BlockingIOError)
    flock(file, LOCK_UN)
    return False
