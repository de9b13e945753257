"""
The input of a reader: the content of a file, and the facts that files do not have.
"""

import os
import re
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Final, Self

from msgspec import Raw, Struct, json

from paceline.config import DEFAULT_TEST_TYPE
from paceline.errors import DocumentError, StorageError
from paceline.identity import safe_text

TypeOf = Callable[[str], str]

_LARGEST_MEBIBYTES: Final = 512
_MEBIBYTE: Final = 1 << 20
_SHOWN_BYTES: Final = 12
_SHOWN_KEYS: Final = 5
_OBJECT: Final = re.compile(rb"\s*+\{")
_LATEST: Final = 4_102_444_800  # the first second of 2100
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


def type_unknown(_path: str) -> str:
    """
    Give every test the default type.
    """
    return DEFAULT_TEST_TYPE


class ImportedFile(Struct, frozen=True, kw_only=True):
    """
    A file to import.

    `modified` is when it was last written; `suite` and both branches are what the caller says, `branch` may be "".
    """

    path: Path
    content: bytes
    modified: float
    suite: str
    branch: str
    default_branch: str
    type_of: TypeOf = type_unknown

    @classmethod
    def read(cls, path: Path, suite: str, branch: str, default_branch: str, type_of: TypeOf) -> Self:
        """
        Read a file, or a pipe.

        Raises:
            StorageError: the file cannot be read.
            DocumentError: the file is larger than the limit.
        """
        largest = _LARGEST_MEBIBYTES * _MEBIBYTE
        try:
            with path.open("rb") as file:
                modified = os.fstat(file.fileno()).st_mtime
                content = file.read(largest + 1)
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error.strerror}") from error
        if len(content) > largest:
            raise DocumentError(
                f"{path}: larger than {_LARGEST_MEBIBYTES} MiB, expected at most {_LARGEST_MEBIBYTES} MiB"
            )
        # A time before 1970 is what some archives give to all their files.
        modified = max(modified, 0.0)
        content = content.removeprefix(_BYTE_ORDER_MARK)
        return cls(
            path=path,
            content=content,
            modified=modified,
            suite=safe_text(suite),
            branch=safe_text(branch),
            default_branch=safe_text(default_branch),
            type_of=type_of,
        )

    def run_id(self, tool: str) -> str:
        """
        The id of the run in this file: the same content, the same id.
        """
        return f"{tool}-{blake2b(self.content, digest_size=10).hexdigest()}"

    def checked_time(self, seconds: float, found: str) -> float:
        """
        The same time, if a run can have been then.

        Raises:
            DocumentError: the time is before 1970 or after 2099; a run of the far future would stay the latest
                forever.
        """
        if not 0 <= seconds < _LATEST:
            raise DocumentError(
                f"{self.path}: {found}, expected a time between 1970 and 2100 such as 2026-05-04T13:37:00+02:00"
            )
        return seconds

    def branch_or(self, told: str = "") -> str:
        """
        The branch of the caller, else of the file, else the default branch.
        """
        return self.branch or safe_text(told) or self.default_branch

    @property
    def keys(self) -> frozenset[str]:
        """
        The keys of the JSON object that the file holds; none where it holds something else.

        Raises:
            DocumentError: the content begins like a JSON object, but is not valid JSON.
        """
        if not _OBJECT.match(self.content):
            return frozenset()
        try:
            return frozenset(json.decode(self.content, type=dict[str, Raw]))
        except ValueError as error:
            raise DocumentError(f"{self.path}: not valid JSON: {error}") from error

    @property
    def found(self) -> str:
        """
        What the file holds, in words, for an error.
        """
        if not self.content:
            return "an empty file"
        if not self.keys:
            return f"a file that begins with {self.content[:_SHOWN_BYTES]!r}"
        return f"a JSON object with {safe_text(', '.join(map(repr, sorted(self.keys)[:_SHOWN_KEYS])))}"
