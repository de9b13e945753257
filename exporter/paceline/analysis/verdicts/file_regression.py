"""
File, class, family: do its short tests together take longer than they used to?

The time of one short test is mostly chance, and the sum of many is steady.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from paceline.analysis.judgement_rules import RegressionRule
from paceline.analysis.past import NORMALIZED, Past
from paceline.analysis.verdicts.change_point import onset, since_run
from paceline.analysis.verdicts.regression import CRITICAL_FACTOR, UsualDuration
from paceline.formatting import counted, duration
from paceline.model import Case, Cause, Severity, Verdict
from paceline.verdict_kinds import VerdictKind

# Between a file, a class and a test in a node id.
_NODES = "::"
# Before the number of tests in a cause.
TESTS = "tests."
# A sum of fewer tests says no more than each of them.
FEWEST_TESTS = 3
# A run counts where tests that usually need this share of the sum ran in it.
_LEAST_SHARE = 0.5
# The tests of a file run one after the other, so that a moment in which the machine is slow meets all of them.
_LEAST_RATIO = 1.3
# So many of the tests that got slower are named, and measured again.
_NAMED = 10


class Member(NamedTuple):
    """
    A short test, and the normalised seconds that it needed now and usually needs.
    """

    case_id: str
    now: float
    usual: float

    @property
    def added(self) -> float:
        return self.now - self.usual


def judge_files(
    cases: Sequence[Case],
    past: Past,
    levels: Mapping[str, UsualDuration],
    slower: Collection[str | None],
    rule: RegressionRule,
) -> Iterator[Verdict]:
    """
    Judge the tests of each file that usually need less than the floor, as one test that takes as long as their sum.

    If the file is not slower, its classes are judged in the same way, then the families of tests with parameters.
    Earlier runs may have had fewer of the tests: their sum is scaled by what these usually need.

    Args:
        cases: of the run, with their normalised times.
        past: its earlier runs.
        levels: the usual times of tests, by test id.
        slower: ids of the tests that are a regression by themselves, which are left out.
        rule: the thresholds; the factor is at least 1.3.
    """
    rule = replace(rule, ratio=max(rule.ratio, _LEAST_RATIO))
    for file, members in members_by_file(cases, levels, slower, rule).items():
        yield from _judge_parts(file, members, past, rule)


def _judge_parts(whole: str, members: Sequence[Member], past: Past, rule: RegressionRule) -> Iterator[Verdict]:
    """
    The verdict on a file, a class or a family, or those on its parts.
    """
    if len(members) < FEWEST_TESTS:
        return
    is_slower = _sum_now(members) > rule.ratio * _sum_usual(members)
    verdict = _judge(whole, members, past, rule) if is_slower else None
    if verdict is not None:
        yield verdict
        return
    parts: dict[str, list[Member]] = defaultdict(list)
    for member in members:
        parts[_part_of(member.case_id, whole)].append(member)
    for part, some in parts.items():
        if part:
            yield from _judge_parts(part, some, past, rule)


def _part_of(case_id: str, whole: str) -> str:
    """
    The class or the family of a test within its file or its class; "" within a family.
    """
    rest = case_id.removeprefix(whole)
    if not rest.startswith(_NODES):
        return ""
    name = rest.removeprefix(_NODES).partition("[")[0].partition(_NODES)[0]
    return f"{whole}{_NODES}{name}"


def members_by_file(
    cases: Sequence[Case],
    levels: Mapping[str, UsualDuration],
    slower: Collection[str | None],
    rule: RegressionRule,
) -> Mapping[str, Sequence[Member]]:
    """
    The short tests of each file that are judged together.

    Args:
        cases: of the run, with their normalised times.
        levels: the usual times of tests, by test id.
        slower: ids of the tests that are a regression by themselves.
        rule: the thresholds.
    """
    files: dict[str, list[Member]] = defaultdict(list)
    for case in cases:
        level, now = levels.get(case.id), case.normalized_duration_seconds
        if level is None or now is None or level.runs < rule.min_runs or case.id in slower:
            continue
        if level.median > 0 and level.is_short(rule):
            files[case.id.partition(_NODES)[0]].append(Member(case.id, now, level.median))
    return files


def _judge(file: str, members: Sequence[Member], past: Past, rule: RegressionRule) -> Verdict | None:
    earlier = _earlier_sums(members, past)
    if len(earlier) < rule.min_runs:
        return None
    sums = list(earlier.values())
    level, now = UsualDuration.of(sums), _sum_now(members)
    limit = level.limit(rule)
    if now <= limit:
        return None
    named = sorted(members, key=lambda member: member.added, reverse=True)[:_NAMED]
    slower = sum(member.now > rule.ratio * member.usual for member in members)
    factor = now / level.median
    since = since_run([past.runs[run] for run in earlier], onset(sums, now, level.median))
    return Verdict(
        kind=VerdictKind.FILE_REGRESSION,
        severity=Severity.CRITICAL if factor >= CRITICAL_FACTOR else Severity.WARNING,
        file=file,
        tests=tuple(member.case_id for member in named),
        measured=now,
        limit=limit,
        unit="seconds",
        factor=factor,
        causes=(Cause(measure=f"{TESTS}{len(named)}", before=_sum_usual(named), after=_sum_now(named)),),
        since=since,
        standing=since is not None,
        reason=f"its {counted(len(members), 'short test')} together took {duration(now)} normalised, usually "
        f"{duration(level.median)} (median of {level.runs} runs): {factor:.1f} times as long; {slower} are slower",
    )


def _earlier_sums(members: Sequence[Member], past: Past) -> dict[int, float]:
    """
    What the tests needed together in earlier runs, by position of the run, oldest first.
    """
    usual, found = _sum_usual(members), defaultdict[int, list[float]](lambda: [0.0, 0.0])
    for member in members:
        series = past.series(NORMALIZED, member.case_id)
        for run, value in zip(series.runs, series.values, strict=True):
            both = found[run]
            both[0] += value
            both[1] += member.usual
    return {
        run: seconds / share * usual for run, (seconds, share) in sorted(found.items()) if share >= _LEAST_SHARE * usual
    }


def _sum_now(members: Sequence[Member]) -> float:
    return sum(member.now for member in members)


def _sum_usual(members: Sequence[Member]) -> float:
    return sum(member.usual for member in members)


def repeated_sum(verdict: Verdict, first: float, again: float) -> float:
    """
    What the tests of a file would take together, judged by those that were measured again.

    The share of the added time that these still have is taken for the share that all have; where they take less than
    usual, so do all.

    Args:
        verdict: on the file.
        first: normalised seconds that the tests which were measured again needed at first.
        again: what they needed in a repeat.
    """
    measured = verdict.measured or 0.0
    usual, cause = measured / (verdict.factor or 1.0), verdict.causes[0]
    before = cause.before * first / cause.after
    if again < before:
        return usual * again / before
    return usual + (measured - usual) * (again - before) / (first - before)
