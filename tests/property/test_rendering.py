"""
Laws of what is exposed.
"""

import gzip

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from paceline.identity import safe_text
from paceline.metrics.run_samples import run_samples
from paceline.model import Run
from paceline.server.negotiation import Format
from paceline.server.rendered_run import join_runs, render
from property.strategies import texts
from support.reading import read_openmetrics
from support.values import EPOCH, make_case, make_run

_names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text('\\"\n{},= é', max_size=12) | texts
_MANY = 10**9
_STAMP = 1_700_000_000_007


@st.composite
def _runs(draw: st.DrawFn) -> Run:
    ids = draw(st.lists(_names, max_size=6, unique_by=safe_text))
    cases = [make_case(case_id, draw(st.floats(0, 1e9))) for case_id in ids]
    ended = draw(st.floats(EPOCH, EPOCH + 1e8))
    return make_run(1, cases, suite=draw(_names), started=EPOCH, ended=ended)


@given(run=_runs())
def test_what_is_exposed_is_read_back_equal(run: Run) -> None:
    """
    parse(unpack(join_runs(render(run)))) == samples(run) with safe labels, in both formats.
    """
    rendered = render(run, _STAMP, ["main"], _MANY)
    text, strict = (gzip.decompress(join_runs([rendered], form)).decode() for form in Format)
    sent = {
        (one.metric.name, frozenset(zip(one.metric.labels, map(safe_text, one.labels), strict=True)), one.value)
        for one in run_samples(run, ["main"])
    }
    for families in (text_string_to_metric_families(text), read_openmetrics(strict)):
        read = [sample for family in families for sample in family.samples]

        assert {(one.name, frozenset(one.labels.items()), one.value) for one in read} == sent
        assert {float(one.timestamp or 0) for one in read} == {_STAMP / 1000}
        assert len(read) == len(sent) == rendered.samples


@given(run=_runs(), most=st.integers(0, 40))
def test_a_limit_is_kept(run: Run, most: int) -> None:
    """
    Never more than the limit, but for the run itself; what is kept and what is dropped are all there is.
    """
    whole, cut = render(run, _STAMP, ["main"], _MANY), render(run, _STAMP, ["main"], most)
    bare = render(make_run(1, suite=run.suite), _STAMP, ["main"], _MANY).samples + 1

    assert cut.samples <= max(most, bare)
    assert cut.samples + cut.dropped == whole.samples


@given(runs=st.lists(_runs(), min_size=2, max_size=3))
def test_joined_runs_are_all_there(runs: list[Run]) -> None:
    """
    samples(join_runs(a, b)) == samples(a) + samples(b), and each family has one head.
    """
    rendered = [render(run, _STAMP, ["main"], _MANY) for run in runs]
    text = gzip.decompress(join_runs(rendered, Format.TEXT)).decode()
    heads = [line for line in text.split("\n") if line.startswith("# TYPE")]
    read = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    assert len(set(heads)) == len(heads)
    assert len(read) == sum(one.samples for one in rendered)
