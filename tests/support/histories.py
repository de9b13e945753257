"""
A history in which there is something to find.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from paceline.measure import Measure
from paceline.model import Case, FixtureScope, FixtureTime, Run
from paceline.usage import TOUCH_PROBES, UsageKey
from support.judged import judged_in_turn
from support.values import failed, make_case, make_run

RUNS = 30
# Repeated, so that a run is never exactly as the one before.
_JITTER = (1.0, 1.02, 0.99, 1.01, 0.98)
_MEBIBYTE = 1 << 20


def troubled_runs(ids: Sequence[str] = ("{}",), **changes: object) -> list[Run]:
    """
    Runs of ten steady tests and of one each that gets slower in the last run, creeps, leaks, flakes and is broken;
    a fixture takes longer in the last run, and a test began to ask a database in the run before.

    Args:
        ids: patterns of the names, taken in turn.
        changes: of all runs.
    """
    return judged_in_turn(_run(number, ids, **changes) for number in range(RUNS))


def _run(number: int, ids: Sequence[str], **changes: object) -> Run:
    fixtures = (_database(4.0 if number == RUNS - 1 else 2.0),)
    facts = {"commit": f"c{number // 2}", "fixtures": fixtures, "probes": TOUCH_PROBES, **changes}
    return make_run(number, _cases(number, ids), **facts)


def _database(seconds: float) -> FixtureTime:
    return FixtureTime(name='tests/"é"::db', scope=FixtureScope.MODULE, seconds=seconds, setups=6, cpu_wait_seconds=0.1)


def _cases(number: int, ids: Sequence[str]) -> list[Case]:
    jitter = _JITTER[number % len(_JITTER)]
    is_last = number == RUNS - 1
    cases = [_computing(f"steady_{index}", (0.01 + index / 100) * jitter) for index in range(10)]
    cases += [
        _computing("slower", 0.3 if is_last else 0.1 * jitter, queries=101 if is_last else 1),
        _computing("creeping", 0.05 * jitter + number * 0.003),
        make_case("leaking", usage={UsageKey.MEMORY_RETAINED_BYTES: 4.0 * _MEBIBYTE, UsageKey.CPU_SECONDS: 0.01}),
        make_case("flaky") if number % 2 else failed("flaky"),
        failed("broken"),
        make_case("asking", usage={UsageKey.DB_QUERIES: 5.0} if number >= RUNS - 2 else {}),
    ]
    names = (ids[place % len(ids)].replace("{}", case.id) for place, case in enumerate(cases))
    return [replace(case, id=name, family=name) for case, name in zip(cases, names, strict=True)]


def _computing(name: str, seconds: float, queries: int = 1) -> Case:
    usage = {UsageKey.CPU_SECONDS: seconds * 0.9, UsageKey.CPU_WAIT_SECONDS: seconds * 0.01}
    return make_case(name, seconds, usage=usage, measures={"db_queries": Measure(value=queries, unit="queries")})
