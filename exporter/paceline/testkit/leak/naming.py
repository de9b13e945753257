"""
The lines of code that allocated what was kept.
"""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import NamedTuple
from unittest import mock

from paceline.kit_results.leak import AllocationSite

_FRAMES, _MOST_SITES = 12, 5
# Of what the first line allocates.
_WORTH_SHOWING = 0.05
_OWN = (
    tracemalloc.Filter(inclusive=False, filename_pattern=tracemalloc.__file__, all_frames=False),
    tracemalloc.Filter(inclusive=False, filename_pattern=f"{PurePath(__file__).parent}/*", all_frames=False),
)
_MOCK = mock.__file__


class Allocations(NamedTuple):
    """
    The bytes that a call allocated and that were kept, and the lines that allocated most of them.
    """

    bytes_per_call: float
    sites: tuple[AllocationSite, ...]
    is_of_mock: bool = False


@contextmanager
def tracing() -> Iterator[None]:
    """
    While allocations are traced.
    """
    if tracemalloc.is_tracing():
        yield
        return
    tracemalloc.start(_FRAMES)
    try:
        yield
    finally:
        tracemalloc.stop()


def snapshot() -> tracemalloc.Snapshot:
    """
    The traced memory now, without that of the leak test itself.
    """
    return tracemalloc.take_snapshot().filter_traces(_OWN)


def allocations(before: tracemalloc.Snapshot, after: tracemalloc.Snapshot, calls: int) -> Allocations:
    """
    What was kept between two snapshots, by the line that allocated it.

    Args:
        before: the traced memory before the calls.
        after: the traced memory after them.
        calls: their number.
    """
    grown = [one for one in after.compare_to(before, "traceback") if one.size_diff > 0]
    grown.sort(key=lambda one: -one.size_diff)
    total = sum(one.size_diff for one in after.compare_to(before, "filename"))
    of_mock = sum(one.size_diff for one in grown if one.traceback[-1].filename == _MOCK)
    sites: dict[str, float] = {}
    for one in grown:
        place = _place(one.traceback)
        sites[place] = sites.get(place, 0.0) + one.size_diff / calls
    shown = sorted(sites.items(), key=lambda site: -site[1])[:_MOST_SITES]
    shown = [site for site in shown if site[1] >= _WORTH_SHOWING * shown[0][1]]
    return Allocations(
        max(total, 0) / calls,
        tuple(AllocationSite(place=place, bytes_per_call=size) for place, size in shown),
        is_of_mock=of_mock > sum(one.size_diff for one in grown) / 2,
    )


def _place(traceback: tracemalloc.Traceback) -> str:
    # The last frame is the one that allocated.
    frame = traceback[-1]
    path = PurePath(frame.filename)
    here = Path.cwd()
    return f"{path.relative_to(here) if path.is_relative_to(here) else path}:{frame.lineno}"
