"""
Laws of judging in two steps.
"""

from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from paceline.analysis.explanation import explain, needed_to_explain
from paceline.analysis.judge import find_verdicts, judge, needed_to_judge
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import OF_RUNS, Needed, Past
from paceline.measure import Measure
from paceline.model import Case
from paceline.usage import TOUCH_PROBES, UsageKey
from support.values import make_case, make_run

_RULES = Rules()
_RUNS = 20
_NAMES = ("test_a", "test_b", "test_c")
_FIGURES = st.sampled_from([0.0, 1.0, 3.0, float(5 << 20)])
_measures = st.builds(Measure, value=_FIGURES, unit=st.sampled_from(["", "queries", "points"]))


def _cases(seconds: st.SearchStrategy[float]) -> st.SearchStrategy[list[Case]]:
    case = st.builds(
        lambda seconds, usage, measures: make_case(seconds=seconds, usage=usage, measures=measures),
        seconds=seconds,
        usage=st.dictionaries(st.sampled_from(UsageKey), _FIGURES, min_size=4),
        measures=st.dictionaries(st.sampled_from(["score", "calls"]), _measures),
    )
    return st.tuples(case, case, case).map(
        lambda cases: [
            make_case(name, one.duration_seconds, usage=one.usage, measures=one.measures)
            for name, one in zip(_NAMES, cases, strict=True)
        ]
    )


def _part(whole: Past, read: Iterable[Needed]) -> Past:
    """
    Nothing of a past but what was asked for.
    """
    columns: dict[str, dict[str, object]] = {}
    for measures, tests in read:
        for measure in measures:
            column = columns.setdefault(measure, {})
            names = whole.column(measure) if measure in OF_RUNS else tests or _NAMES
            column.update({test: series for test in names if (series := whole.column(measure).get(test))})
    return Past(runs=whole.runs, columns=columns)  # type: ignore[arg-type]


@given(
    usual=st.lists(_cases(st.floats(0.1, 0.11)), min_size=2, max_size=3),
    now=_cases(st.sampled_from([0.1, 0.1, 0.3])),
    probes=st.sampled_from([(), TOUCH_PROBES]),
)
def test_what_is_needed_is_all_that_is_read(
    usual: Sequence[list[Case]], now: list[Case], probes: tuple[str, ...]
) -> None:
    """
    With the measures that judging and explaining say they need, the verdicts and causes are those of the whole past.
    """
    runs = [make_run(number, usual[number % len(usual)], probes=probes) for number in range(_RUNS)]
    whole = Past.from_runs(runs)
    run = make_run(_RUNS, now)
    read = [*needed_to_judge(run, _RULES)]
    found = find_verdicts(run, _part(whole, read), _RULES)
    read.append(needed_to_explain(found))

    assert explain(found, _part(whole, read)) == judge(run, whole, _RULES)
