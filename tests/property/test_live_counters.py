"""
Laws of the counters of runs that share a row.
"""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from paceline.live_report import LiveReport, ResourceSample, SystemSample, TreeSample
from paceline.metrics import catalogue
from paceline.metrics.runs_under_way import LiveCounters

# Which run, what it read since its report before, what was read on its machine meanwhile, and whether it ends then.
_events = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 99), st.integers(0, 99), st.booleans()), min_size=1, max_size=30
)


@given(events=_events)
def test_no_total_falls(events: list[tuple[str, int, int, bool]]) -> None:
    """
    Whatever order runs come and go in, while there is one; and a tree's total is the sum of all that was used.
    """
    counters, tree = LiveCounters(), dict.fromkeys("abc", 0)
    machine = {"a": 10_000, "b": 0, "c": 500}
    seen, used = [{catalogue.PROCESS_READ: 0.0, catalogue.SYSTEM_DISK_READ: 0.0}], 0
    for run_id, own, all_of_it, is_over in events:
        tree[run_id] += own
        machine[run_id] += all_of_it
        counters.add(_report(run_id, tree[run_id], machine[run_id]))
        used += own
        seen.append(dict(counters.totals))
        if is_over:
            tree[run_id] = 0
            counters.remove(run_id)

    assert counters.totals[catalogue.PROCESS_READ] == used
    assert all(before[metric] <= after[metric] for before, after in pairwise(seen) for metric in before)


def _report(run_id: str, own: int, all_of_it: int) -> LiveReport:
    sample = ResourceSample(tree=TreeSample(read_bytes=own), system=SystemSample(disk_read_bytes=all_of_it))
    return LiveReport(run_id=run_id, suite="shop", branch="main", sample=sample)
