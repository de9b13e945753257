"""
One exporter for one folder of data: what one exposes, another would not know of.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from paceline.errors import StorageError
from paceline.files import lock

LOCK = "exporter.lock"


def lock_folder(folder: Path) -> BinaryIO:
    """
    Keep other exporters out of a folder, for as long as the file is open: the system closes it however a process ends.

    Raises:
        StorageError: another exporter has it, or it cannot be locked.
    """
    path = folder / LOCK
    try:
        file = path.open("ab+", buffering=0)
        lock(file)
    except BlockingIOError as error:
        process = path.read_text("utf-8").strip()
        raise StorageError(f"the folder {folder} is used by another exporter (process {process})") from error
    except OSError as error:
        raise StorageError(f"{path} cannot be locked: {error.strerror}") from error
    # For that message alone, which a full disk shall not keep the exporter from.
    with suppress(OSError):
        file.truncate(0)
        file.write(f"{os.getpid()}\n".encode())
    return file
