"""
The lines of code that allocated what was kept.
"""

import sysconfig
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import NamedTuple
from unittest import mock

from paceline.kit_results.leak import AllocationSite
from paceline.probes.touch.call_sites import CallSites, Owner

# A library may be this deep between the user's line and the line that allocates.
_FRAMES = 20
_MOST_SITES = 5
# Of what the first line allocates.
_WORTH_SHOWING = 0.05
_OWN = (
    tracemalloc.Filter(inclusive=False, filename_pattern=tracemalloc.__file__, all_frames=False),
    tracemalloc.Filter(inclusive=False, filename_pattern=f"{PurePath(__file__).parent}/*", all_frames=False),
)
_MOCK = mock.__file__
# Installed packages may lie below the standard library, so they come first.
_FOLDERS = [sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib", "platstdlib")]


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
    total = sum(one.size_diff for one in after.compare_to(before, "filename"))
    of_mock = sum(one.size_diff for one in grown if one.traceback[-1].filename == _MOCK)
    is_of_mock = of_mock > sum(one.size_diff for one in grown) / 2
    return Allocations(max(total, 0) / calls, tuple(_sites(grown, calls)), is_of_mock)


def _sites(grown: Iterable[tracemalloc.StatisticDiff], calls: int) -> Iterator[AllocationSite]:
    """
    The lines of the user's code that allocated most, each with the line of a library that it called for it.
    """
    sites = CallSites(str(Path.cwd()))
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in grown:
        # The last frame is the one that allocated.
        users = (frame for frame in reversed(one.traceback) if sites.owner_of(frame.filename) is not Owner.LIBRARY)
        found[_place(sites, next(users, one.traceback[-1]))][_place(sites, one.traceback[-1])] += one.size_diff
    shown = sorted(found.items(), key=lambda site: -site[1].total())[:_MOST_SITES]
    for place, allocating in shown:
        if allocating.total() >= _WORTH_SHOWING * shown[0][1].total():
            ((line, _),) = allocating.most_common(1)
            yield AllocationSite(
                place=place if line == place else f"{place} (in {line})", bytes_per_call=allocating.total() / calls
            )


def _place(sites: CallSites, frame: tracemalloc.Frame) -> str:
    path = PurePath(frame.filename)
    folder = next((folder for folder in _FOLDERS if path.is_relative_to(folder)), None)
    return f"{path.relative_to(folder).as_posix() if folder else sites.relative(frame.filename)}:{frame.lineno}"
