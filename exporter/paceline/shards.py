"""
Parts of one run, from CI jobs that each run a share of the suite.

The id of a part is that of the run with its place behind: `4711.2of3` is the second of three parts of `4711`.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from msgspec import UNSET, Raw, UnsetType, json
from msgspec.structs import replace

from paceline.model import FixtureTime, Machine, Run, RunOutcome
from paceline.translated_names import RunCount
from paceline.work import merged_work

_PART = re.compile(r"(?P<run>.+)\.(?P<number>[1-9]\d{0,3})of(?P<count>[1-9]\d{0,3})")
# The part that went worst gives the outcome. An unknown outcome is worse than a pass, and better than the others.
_WORST_FIRST = (RunOutcome.ERROR, RunOutcome.CRASHED, RunOutcome.INTERRUPTED, RunOutcome.FAILED)


class Shard(NamedTuple):
    """
    Which part of which run.
    """

    run_id: str
    number: int
    parts: int


def part_of(run_id: str) -> Shard | None:
    """
    Read the place of a part from its id; None where the run is no part.
    """
    found = _PART.fullmatch(run_id)
    if found is None or int(found["number"]) > int(found["count"]):
        return None
    return Shard(found["run"], int(found["number"]), int(found["count"]))


def gathered(run_ids: Collection[str]) -> dict[str, list[str]]:
    """
    Which ids are one run.

    Returns:
        The ids of the parts by that of the whole; a run that is no part is there alone, under its own id. So is a part
        that came after the whole was made without it.
    """
    wholes: defaultdict[str, list[str]] = defaultdict(list)
    for run_id in run_ids:
        part = part_of(run_id)
        wholes[run_id if part is None or part.run_id in run_ids else part.run_id].append(run_id)
    return dict(wholes)


def missing_parts(run_ids: Sequence[str]) -> list[int]:
    """
    The places of parts that are not there.

    Args:
        run_ids: the ids of parts of one run, at least one.
    """
    parts = [part for run_id in run_ids if (part := part_of(run_id))]
    expected = range(1, max(part.parts for part in parts) + 1)
    return sorted({*expected} - {part.number for part in parts})


def merge(run_id: str, parts: Sequence[Run]) -> Run:
    """
    Make one run of its parts: from the first start to the last end, as bad as the worst of them.

    A test that several parts ran is taken from the part that ended last. What is known of a machine is left out,
    as there were several, and so are the accounts: what one part deselects, another may measure.

    Args:
        run_id: the id of the whole.
        parts: at least one; where some are missing, the run is a partial one.
    """
    expected = max(part.parts for run in parts if (part := part_of(run.run_id)))
    ordered = sorted(parts, key=lambda part: (part.ended, part.run_id))
    first = ordered[0]
    cases = {case.id: case for case in chain.from_iterable(part.cases for part in ordered)}
    return replace(
        first,
        run_id=run_id,
        dirty=any(part.dirty for part in parts),
        outcome=min((part.outcome for part in parts), key=_rank),
        is_partial=len(parts) < expected or any(part.is_partial for part in parts),
        partial_because=next((part.partial_because for part in ordered if part.partial_because), ""),
        started=min(part.started for part in parts),
        ended=max(part.ended for part in parts),
        machine=Machine(),
        counts=_summed(parts),
        collected=None,
        accounts={},
        fixtures=merged_fixtures(chain.from_iterable(part.fixtures for part in parts)),
        probes=tuple(probe for probe in first.probes if all(probe in part.probes for part in parts)),
        compared=_sum_if_known([part.compared for part in parts]),
        compared_together=_sum_if_known([part.compared_together for part in parts]),
        work=merged_work(part.work for part in ordered if part.work is not None),
        cases=tuple(cases.values()),
        failed_by=tuple(dict.fromkeys(chain.from_iterable(part.failed_by for part in ordered))),
        verdicts=tuple(chain.from_iterable(part.verdicts for part in ordered)),
        unknown_fields=_joined([part.unknown_fields for part in ordered if part.unknown_fields]),
    )


def _sum_if_known(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def merged_fixtures(times: Iterable[FixtureTime]) -> tuple[FixtureTime, ...]:
    """
    The times of the fixtures of several workers or parts as one, the slowest first.
    """
    merged: dict[tuple[str, str], FixtureTime] = {}
    for time in times:
        known = merged.get((time.name, time.scope))
        if known is not None:
            time = _added(known, time)  # noqa: PLW2901
        merged[time.name, time.scope] = time
    return tuple(sorted(merged.values(), key=lambda time: -time.seconds))


def _added(one: FixtureTime, other: FixtureTime) -> FixtureTime:
    waits = [wait for wait in (one.cpu_wait_seconds, other.cpu_wait_seconds) if wait is not None]
    return replace(
        one,
        seconds=one.seconds + other.seconds,
        setups=one.setups + other.setups,
        cpu_wait_seconds=sum(waits) if waits else None,
    )


def _rank(outcome: RunOutcome) -> int:
    if outcome in _WORST_FIRST:
        return _WORST_FIRST.index(outcome)
    return len(_WORST_FIRST) + (outcome is RunOutcome.PASSED)


def _joined(unknown: Sequence[Mapping[str, Raw]]) -> dict[str, Raw] | UnsetType:
    """
    The unknown fields of all parts: lists one after the other, else the value of the part that ended last.
    """
    joined: dict[str, Raw] = {}
    for name, value in chain.from_iterable(fields.items() for fields in unknown):
        known = joined.get(name, Raw(b""))
        is_list = all(bytes(one).startswith(b"[") for one in (known, value))
        joined[name] = Raw(json.encode(_items(known) + _items(value))) if is_list else value
    return joined or UNSET


def _items(array: Raw) -> list[Raw]:
    return json.decode(array, type=list[Raw])


def _summed(parts: Sequence[Run]) -> dict[RunCount, int]:
    names = dict.fromkeys(chain.from_iterable(part.counts for part in parts))
    return {name: sum(part.counts.get(name, 0) for part in parts) for name in names}
