"""
The line of the user's code that a call comes from, and whether that line is in a loop.
"""

import dis
import re
import sysconfig
from enum import Enum
from functools import lru_cache
from pathlib import PurePath
from types import CodeType, FrameType
from typing import Any, Final, NamedTuple

from paceline.unpatched import UNPATCHED

_DEEPEST, _MOST_SITES = 200, 12
# Functions of pytest and unittest: what called them is no way to a test.
_CALLS_OF_TESTS = frozenset({"pytest_pyfunc_call", "_callTestMethod"})
_OF_TEST = re.compile(r"(^|[/\\])(tests?[/\\]|conftest\.py$|test_[^/\\]*\.py$|[^/\\]*_test\.py$|tests\.py$)")
_PACKAGES = frozenset({"site-packages", "dist-packages"})
_STANDARD = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
_PACELINE = str(PurePath(__file__).parents[2])
# Code that was made from text, such as templates, has a file name in angle brackets.
_LIBRARIES: Final = tuple({path for path in ("<", *_STANDARD, _PACELINE) if path})


class Owner(Enum):
    """
    Whose code a file has: the standard library, Paceline and all that is installed are libraries.
    """

    LIBRARY = "library"
    PROJECT = "project"
    TEST = "test"


class Site(NamedTuple):
    """
    An instruction of the user's code, by its position in bytes.
    """

    code: CodeType
    instruction: int

    @property
    def line(self) -> int:
        lines = self.code.co_lines()
        found = (line for start, end, line in lines if start <= self.instruction < end and line is not None)
        return next(found, self.code.co_firstlineno)

    @property
    def is_in_loop(self) -> bool:
        return any(start <= self.instruction <= end for start, end in _loops(self.code))


class CallSites:
    """
    Tells the user's code from libraries.

    Args:
        root: the folder of the project.
    """

    def __init__(self, root: str) -> None:
        self._root: Final = root
        self._owners: Final[dict[str, Owner]] = {}

    def owner_of(self, filename: str) -> Owner:
        owner = self._owners.get(filename)
        if owner is None:
            owner = self._owners[filename] = self._found_owner(filename)
        return owner

    def caller(self, frame: FrameType | None) -> tuple[FrameType | None, int | None]:
        """
        The innermost frame of the user's code, this one or one that called it; None where there is none.

        Under SQLAlchemy's asyncio a greenlet runs the library, and the frames of the user are those of its parent.

        Returns:
            the frame, and how many frames it is above the given one; None where it is not among its callers.
        """
        found, steps = self._user_frame(frame)
        if found is not None:
            return found, steps
        return self._user_frame(_frame_of_parent())[0], None

    def stack(self, frame: FrameType | None) -> tuple[Site, ...]:
        """
        The places in the user's code that a call went through, the innermost first.

        Args:
            frame: of the user's code, as `caller` gives it.
        """
        found: list[Site] = []
        while frame is not None and len(found) < _MOST_SITES:
            if self.owner_of(frame.f_code.co_filename) is not Owner.LIBRARY:
                found.append(Site(frame.f_code, frame.f_lasti))
            frame = frame.f_back
        return tuple(found)

    def way(self, frame: FrameType | None) -> tuple[int, ...]:
        """
        The same places as numbers: two calls came the same way where these are equal, as in the rounds of a loop.
        """
        found: list[int] = []
        while frame is not None and len(found) < 2 * _MOST_SITES:
            code = frame.f_code
            if (self._owners.get(code.co_filename) or self.owner_of(code.co_filename)) is not Owner.LIBRARY:
                found += (id(code), frame.f_lasti)
            elif code.co_name in _CALLS_OF_TESTS:
                break
            frame = frame.f_back
        return tuple(found)

    def place(self, site: Site) -> str:
        """
        File and line, as `shop/orders.py:17`.
        """
        return f"{self.relative(site.code.co_filename)}:{site.line}"

    def relative(self, filename: str) -> str:
        """
        The path of a file below the root, with slashes.
        """
        path = filename.removeprefix(self._root).lstrip("/\\") if filename.startswith(self._root) else filename
        return path.replace("\\", "/")

    def _user_frame(self, frame: FrameType | None) -> tuple[FrameType | None, int]:
        owners, steps = self._owners, 0
        while frame is not None and steps < _DEEPEST:
            filename = frame.f_code.co_filename
            if (owners.get(filename) or self.owner_of(filename)) is not Owner.LIBRARY:
                return frame, steps
            frame = frame.f_back
            steps += 1
        return None, steps

    def _found_owner(self, filename: str) -> Owner:
        is_installed = not _PACKAGES.isdisjoint(re.split(r"[/\\]", filename))
        if is_installed or filename.startswith(_LIBRARIES):
            return Owner.LIBRARY
        return Owner.TEST if _OF_TEST.search(self.relative(filename)) else Owner.PROJECT


def _frame_of_parent() -> FrameType | None:
    greenlet: Any = UNPATCHED.modules.get("greenlet")
    frame: FrameType | None = getattr(greenlet.getcurrent().parent, "gr_frame", None) if greenlet is not None else None
    return frame


@lru_cache(maxsize=1024)
def _loops(code: CodeType) -> tuple[tuple[int, int], ...]:
    """
    First and last instruction of each loop: a jump backward ends one.
    """
    steps = (step for step in dis.get_instructions(code) if "JUMP" in step.opname and isinstance(step.argval, int))
    return tuple((step.argval, step.offset) for step in steps if step.argval <= step.offset)
