"""
Strategies for values of the model.
"""

from typing import Any

from hypothesis import strategies as st

from paceline.measure import Measure
from paceline.model import Case, Cause, Machine, Outcome, Run, RunOutcome, Severity, Since, Verdict
from paceline.translated_names import BudgetSource, RunCount
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind

texts = st.text(max_size=12)
ids = st.text(min_size=1, max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
seconds = st.floats(min_value=0, max_value=1e9)
counts = st.integers(min_value=0, max_value=2**63 - 1)
run_ids = st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True)
# Durations of tests that are long enough to be on the ruler of a run.
durations = st.floats(min_value=0.005, max_value=5)

# What secrets and their surroundings are made of, so that accidents of their neighbourhood are tried.
fragments = st.sampled_from(
    [
        *("password", "token", "api_key", "authorization", "Bearer ", "Basic ", "AKIA", "ghp_", "glpat-", "sk_live_"),
        *("xoxb-", "eyJhbGci", "://", "user:", "-----BEGIN PRIVATE KEY-----", "***", "=", ":", "@", " ", "]", "'", ","),
        *("cookie", "; ", "dsn", "auth", "--secret ", "-u ", "&sig=", "npm_", "SG.", "none", "1"),
        *("0123456789ABCDEF", "abcdefghijklmnop", "\n", "\x7f", "\u2028", "é", "~", "#2", ".", "/"),
    ]
)
phrases = st.lists(fragments, max_size=40).map("".join)
# The place where a text is cut is where accidents happen.
long_names = st.builds("{:x<{}} {}".format, st.just(""), st.integers(140, 199), phrases)
names = st.text() | phrases | long_names


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """
    A value or None.
    """
    return st.none() | strategy


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
measures = st.builds(Measure, value=numbers, unit=texts)
causes = st.builds(Cause, measure=texts, before=numbers, after=numbers)
sinces = st.builds(Since, run_id=texts, ended=numbers, commit=texts, runs_ago=counts)
machines = st.builds(
    Machine,
    calibration_seconds=maybe(seconds),
    slowdown_ratio=maybe(seconds),
    cpu_percent_mean=maybe(seconds),
    memory_percent_max=maybe(seconds),
    process_tree_processes_max=maybe(counts),
)
verdicts = st.builds(
    Verdict,
    kind=st.sampled_from(VerdictKind),
    severity=st.sampled_from(Severity),
    reason=texts,
    case=maybe(texts),
    measured=maybe(numbers),
    limit=maybe(numbers),
    unit=texts,
    factor=maybe(numbers),
    causes=st.lists(causes, max_size=2).map(tuple),
    since=maybe(sinces),
)
cases = st.builds(
    Case,
    id=ids,
    family=ids,
    test_type=texts,
    outcome=st.sampled_from(Outcome),
    attempts=st.integers(min_value=1, max_value=9),
    setup_seconds=maybe(seconds),
    duration_seconds=maybe(seconds),
    teardown_seconds=maybe(seconds),
    normalized_duration_seconds=maybe(seconds),
    budget_seconds=maybe(seconds),
    budget_source=maybe(st.sampled_from(BudgetSource)),
    budget_pattern=texts,
    usage=st.dictionaries(st.sampled_from(UsageKey), numbers, max_size=4),
    measures=st.dictionaries(texts, measures, max_size=2),
)
case_lists = st.lists(cases, max_size=4, unique_by=lambda case: case.id).map(tuple)
runs = st.builds(
    Run,
    run_id=run_ids,
    suite=texts,
    branch=texts,
    commit=texts,
    dirty=st.booleans(),
    outcome=st.sampled_from(RunOutcome),
    is_partial=st.booleans(),
    started=seconds,
    ended=seconds,
    environment=st.dictionaries(texts, texts | counts, max_size=3),
    machine=machines,
    counts=st.dictionaries(st.sampled_from(RunCount), counts, max_size=3),
    cases=case_lists,
    verdicts=st.lists(verdicts, max_size=3).map(tuple),
)
