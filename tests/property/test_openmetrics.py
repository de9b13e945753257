"""
Laws of the exposition.
"""

from hypothesis import given
from hypothesis import strategies as st

from paceline.delivery.openmetrics import exposition
from paceline.metrics.run_samples import run_samples
from support.reading import read_openmetrics
from support.values import make_case, make_run

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text('\\"\n{},= é', max_size=12)


@given(ids=st.lists(_texts, min_size=1, max_size=5, unique=True), suite=_texts, seconds=st.floats(0, 1e9))
def test_what_is_exposed_is_read_back_equal(ids: list[str], suite: str, seconds: float) -> None:
    """
    parse(expose(run)) == run: the official parser gives every name, label, value and timestamp back.
    """
    run = make_run(1, [make_case(case_id, seconds) for case_id in ids], suite=suite)
    sent = list(run_samples(run, ["main"]))
    text = "".join(exposition(sent))
    read = [sample for family in read_openmetrics(text) for sample in family.samples]

    assert {(one.name, frozenset(one.labels.items()), one.value, float(one.timestamp or 0)) for one in read} == {
        (one.metric.name, frozenset(zip(one.metric.labels, one.labels, strict=True)), one.value, one.timestamp)
        for one in sent
    }
    assert len(read) == len(sent)
