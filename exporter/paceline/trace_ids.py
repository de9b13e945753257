"""
The ids of a run and its tests in a trace, which come from the ids that Paceline has of them.
"""

from hashlib import blake2b

_TRACE_BYTES, _SPAN_BYTES = 16, 8


def trace_id(run_id: str) -> bytes:
    """
    The id of the trace of a run.
    """
    return _digest(run_id, _TRACE_BYTES)


def span_id(run_id: str, case_id: str = "") -> bytes:
    """
    The id of the span of a test, or of the whole run.
    """
    return _digest(f"{run_id} {case_id}", _SPAN_BYTES)


def _digest(text: str, size: int) -> bytes:
    return blake2b(text.encode(), digest_size=size).digest()
