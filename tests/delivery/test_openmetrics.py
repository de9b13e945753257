"""
Runs as OpenMetrics text.
"""

from paceline.delivery.openmetrics import exposition
from paceline.metrics.catalogue import RUN_INFO
from paceline.metrics.run_samples import run_samples
from paceline.model import Run
from support.reading import read_openmetrics
from support.values import EPOCH, HOUR, make_case, make_run


def _text(*runs: Run) -> str:
    return "".join(exposition(sample for run in runs for sample in run_samples(run, ["main"])))


def test_the_text_of_a_run() -> None:
    """
    Help, type and samples of each family, with the time in seconds; then the end.
    """
    lines = _text(make_run(1, [make_case(seconds=0.25)])).splitlines()

    assert lines[:3] == [
        f"# HELP paceline_run_info {RUN_INFO.help}",
        "# TYPE paceline_run_info gauge",
        (
            'paceline_run_info{suite="shop",branch="main",ref="main",run_id="run-1",commit="",dirty="false",'
            'partial="false",outcome="passed"} 1.0 1700003600.000'
        ),
    ]
    assert (
        'paceline_test_duration_seconds{suite="shop",branch="main",test="tests/test_cart.py::test_total",'
        'test_type="unit"} 0.25 1700003600.000'
    ) in lines
    assert lines[-1] == "# EOF"


def test_the_samples_of_a_series_stand_together_by_time() -> None:
    """
    Runs may come in any order: the official parser refuses a text in which families or series are mixed.
    """
    runs = [make_run(number, [make_case(), make_case("test_b")]) for number in (3, 1, 2)]
    families = list(read_openmetrics(_text(*runs)))
    (passed,) = (family for family in families if family.name == "paceline_test_passed")

    assert [float(sample.timestamp or 0) for sample in passed.samples] == [
        EPOCH + hour * HOUR for hour in (1, 2, 3)
    ] * 2


def test_a_second_sample_at_one_time_is_left_out() -> None:
    """
    Prometheus takes one sample a millisecond of a series, and refuses the whole text for a second one.
    """
    runs = [make_run(number, [make_case()], ended=EPOCH + number / 1e5) for number in range(2)]
    samples = [line for line in _text(*runs).splitlines() if line.startswith("paceline_test_passed{")]

    assert len(samples) == 1


def test_no_run_is_an_empty_text() -> None:
    """
    It ends as any other.
    """
    assert _text() == "# EOF\n"
