"""
Files that are made from texts, and that others may have changed since.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import TextIO

from paceline.errors import StorageError


@contextmanager
def open_to_write(path: Path) -> Iterator[TextIO]:
    """
    Open a file for a text, which takes the place of what was there when it is whole, and not at all after an error.

    What is there and no regular file, as a pipe or a device, is written to as it is: somebody reads it.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8") as file:
                yield file
        else:
            with _replacing(Path(os.path.realpath(path))) as file:
                yield file
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror})") from error


@contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    beside = path.with_name(f".new-{token_hex(8)}")
    try:
        with beside.open("x", encoding="utf-8") as file:
            yield file
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_files(folder: Path, texts: Mapping[str, str], *, force: bool) -> None:
    """
    Write all of them, or none where that would replace one that differs.

    Args:
        folder: is made where it is missing.
        texts: the text of each, by its path in the folder.
        force: replace what differs.

    Raises:
        StorageError: a file differs, or cannot be read or written.
    """
    contents = {folder / path: text.encode() for path, text in texts.items()}
    try:
        differing = [path for path, content in contents.items() if path.is_file() and path.read_bytes() != content]
        if differing and not force:
            raise StorageError(f"{differing[0]} is there and differs, --force replaces it")
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise StorageError(f"{error.filename or folder} cannot be written ({error.strerror})") from error
