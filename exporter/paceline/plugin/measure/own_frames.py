"""
Frames of Paceline's hooks in the tracebacks of tests.
"""

from pathlib import Path
from types import TracebackType

_HOOKS = str(Path(__file__).parents[1])


def remove_own_frames(trace: TracebackType | None) -> None:
    """
    Take the hooks that an error passed through out of its traceback.

    Of an error with no frame of the test, pytest shows the frames outside of its own files. `__tracebackhide__` in a
    hook would leave it a traceback in which every frame is hidden, and a line that says so.
    """
    while trace is not None:
        following = trace.tb_next
        while following is not None and following.tb_next is not None and _is_own(following):
            following = following.tb_next
        trace.tb_next = following
        trace = following


def _is_own(trace: TracebackType) -> bool:
    return trace.tb_frame.f_code.co_filename.startswith(_HOOKS)
