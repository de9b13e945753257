"""
Files that are made from texts, and that others may have changed since.
"""

from collections.abc import Mapping
from pathlib import Path

from paceline.errors import StorageError


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
        raise StorageError(f"{error.filename} cannot be written ({error.strerror})") from error
