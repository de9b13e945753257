"""
The calls of one test while they are counted.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from types import CodeType, FrameType
from typing import Final, NamedTuple

from paceline.probes.work.project_code import ProjectCode
from paceline.unpatched import UNPATCHED

# Code that is made anew again and again is counted under its name from so many pieces on.
_MOST_CODES = 20_000
# The file of Jinja's code for a template that has none. It runs in no module, and has a name if the loader gave one.
_TEMPLATE = "<template>"


class FunctionKey(NamedTuple):
    """
    A function as counted: code that was compiled or loaded twice has one key.
    """

    module: str
    qualname: str
    file: str
    line: int


class CountedCalls:
    """
    Counts calls by the identity of their code, which is kept alive meanwhile: comparing code compares its content, and
    takes ten times as long. Where it `notes_loops`, rounds of loops are counted instead of calls.

    `counts` is for the counter, which adds to what is there and calls `first` for what is not. Where it `notes_callers`
    it calls `note_caller` for each call as well, which takes as long again. `identity` is the key of code in `counts`:
    without a GIL each thread has its own, as two threads that add to one number lose calls.
    """

    def __init__(
        self,
        code: ProjectCode,
        *,
        notes_callers: bool = False,
        notes_loops: bool = False,
        has_gil: bool = UNPATCHED.has_gil,
    ) -> None:
        self.notes_callers: Final = notes_callers
        self.notes_loops: Final = notes_loops
        self.identity: Final[Callable[[CodeType], Hashable]] = id if has_gil else _identity_in_thread
        self._callers: Final[Counter[tuple[str, str]]] = Counter()
        self.counts: Final[dict[Hashable, int]] = {}
        self._project: Final = code
        self._codes: Final[dict[Hashable, tuple[CodeType, str]]] = {}
        self._named: Final[dict[FunctionKey, int]] = {}

    def first(self, code: CodeType, frame: FrameType) -> bool:
        """
        Count the first call of a function, or the first round of its loops.

        Returns:
            Whether the function is, or may be, the project's own.
        """
        module_globals = frame.f_globals
        is_template = code.co_filename == _TEMPLATE and "__name__" not in module_globals
        if is_template and not self._project.calls(frame):
            # The next caller may be the project.
            return True
        if not is_template and not self._project.owns(code.co_filename, module_globals):
            return False
        if len(self._codes) >= _MOST_CODES:
            self._fold()
        key = self.identity(code)
        module = module_globals.get("name") or _TEMPLATE if is_template else module_globals.get("__name__", "")
        self._codes[key] = code, str(module)
        self.counts[key] = self.counts.get(key, 0) + 1
        return True

    def note_caller(self, frame: FrameType) -> None:
        """
        Note who makes a call of a function of the project.
        """
        caller = frame.f_back
        if caller is not None:
            self._callers[_name_of(frame), _name_of(caller)] += 1

    @property
    def callers(self) -> Mapping[tuple[str, str], int]:
        """
        The calls by the names of the function and of its caller.
        """
        return self._callers

    def totals(self) -> Mapping[FunctionKey, int]:
        """
        The calls of each function, in the order of the first calls.
        """
        self._fold()
        return self._named

    def _fold(self) -> None:
        # Other threads count meanwhile: a piece of code that is called after its count was taken is counted anew.
        for key in list(self._codes):
            found = self._codes.pop(key, None)
            if found is None:
                continue
            code, module = found
            name = FunctionKey(module, code.co_qualname, code.co_filename, code.co_firstlineno)
            self._named[name] = self._named.get(name, 0) + self.counts.pop(key, 0)


def _identity_in_thread(code: CodeType) -> Hashable:
    return id(code), UNPATCHED.get_ident()


def _name_of(frame: FrameType) -> str:
    return f"{frame.f_globals.get('__name__', '')}:{frame.f_code.co_qualname}"
