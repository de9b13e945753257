"""
A real Prometheus, a real exporter, real sessions of pytest.
"""

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, median

import pytest
import yaml

from paceline.model import Run
from support.exporter import Exporter, exporter_in
from support.installed import prometheus_folder
from support.prometheus_versions import VERSIONS, prometheus_program
from support.servers import Prometheus, prometheus_reading, prometheus_scraping
from support.suite import Suite
from support.values import make_case, make_run

pytestmark = pytest.mark.stack

_TESTS = """
    import pathlib, time

    def test_passes(): time.sleep(0.002)
    def test_fails_every_other_time():
        counter = pathlib.Path("counter")
        counter.write_text(counter.read_text() + "x" if counter.exists() else "x")
        assert len(counter.read_text()) % 2
    def test_is_not_run(): import pytest; pytest.skip()
"""
_LIMITED = """
global: {{scrape_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: paceline
    static_configs: [{{targets: ["{target}"]}}]
  - job_name: paceline-runs
    metrics_path: /metrics/runs
    honor_timestamps: true
    sample_limit: 200
    static_configs: [{{targets: ["{target}"]}}]
"""
_QUERIES: dict[str, tuple[str, Callable[[Sequence[float]], float]]] = {
    "count": ("count_over_time({}[1h])", len),
    "median": ("quantile_over_time(0.5, {}[1h])", median),
    "mean": ("avg_over_time({}[1h])", fmean),
    "last": ("last_over_time({}[1h])", lambda values: values[-1]),
}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_prometheus_answers_as_computed_from_the_documents(suite: Suite, tmp_path: Path, workers: str) -> None:
    """
    Count, median, mean and last of durations and outcomes over four sessions, to the last digit but of means.
    """
    suite.write("test_shop.py", _TESTS)
    with exporter_in(tmp_path) as exporter, prometheus_scraping(_target(exporter), _folder(tmp_path)) as server:
        runs = []
        for _ in range(4):
            runs.append(suite.run("-n", workers, "--paceline-no-confirm").run)
            assert exporter.push(runs[-1]).status_code == 201
        _wait_for(server, "count(count_over_time(paceline_run_info[1h]))", 4)
        answers = {name: _answers(server, query) for name, (query, _) in _QUERIES.items()}

    for name, (_, compute) in _QUERIES.items():
        assert answers[name] == {
            series: pytest.approx(compute(values), rel=1e-12) for series, values in _figures(runs).items()
        }


@pytest.mark.parametrize("version", VERSIONS)
def test_every_run_arrives_at_every_version(tmp_path: Path, version: str) -> None:
    """
    Ten runs of one suite come between two scrapes; 2.53.0 keeps one sample of a series in an answer.
    """
    now = round(time.time())
    with (
        exporter_in(tmp_path) as exporter,
        prometheus_scraping(_target(exporter), _folder(tmp_path), program=prometheus_program(version)) as server,
    ):
        _wait_for(server, "up{job='paceline-runs'}", 1)
        for number in range(10):
            ended = now - 60 + number
            exporter.push(make_run(number, [make_case()], started=ended - 1, ended=ended))
        _wait_for(server, "count(count_over_time(paceline_run_info[1h]))", 10)

        assert _answer(server, "count_over_time(paceline_test_passed[1h])") == 10


def test_a_late_run_and_those_of_the_same_millisecond_arrive(tmp_path: Path) -> None:
    """
    Pushed within one scrape interval, one of them from hours ago.
    """
    now = round(time.time())
    ends = [now - 30, now - 30, now - 29.9998, now - 5 * 3600]
    with exporter_in(tmp_path) as exporter, prometheus_scraping(_target(exporter), _folder(tmp_path)) as server:
        # Nothing to expose is no failure.
        _wait_for(server, "up{job='paceline-runs'}", 1)
        for number, ended in enumerate(ends):
            exporter.push(make_run(number, [make_case()], started=ended - 1, ended=ended))
        _wait_for(server, "count(count_over_time(paceline_run_info[6h]))", 4)
        _wait_for(server, "paceline_runs_total", 4)

        assert _answer(server, "count_over_time(paceline_test_passed[6h])") == 4
        assert _answer(server, "min_over_time(up{job='paceline-runs'}[1h])") == 1


def test_a_run_that_is_too_late_takes_no_other_with_it(tmp_path: Path) -> None:
    """
    Beside one that is two days late, those within the window of an hour arrive: an answer with that one alone is
    all that a Prometheus can refuse.
    """
    now = time.time()
    ends = [now - 2 * 86400, now - 30, now - 45 * 60]
    with (
        exporter_in(tmp_path) as exporter,
        prometheus_scraping(_target(exporter), _folder(tmp_path), window="1h") as server,
    ):
        _wait_for(server, "up{job='paceline-runs'}", 1)
        for number, ended in enumerate(ends):
            exporter.push(make_run(number, [make_case()], started=ended - 1, ended=ended))
        _wait_for(server, "count(count_over_time(paceline_run_info[3d]))", 2)
        exporter.wait_for_scrapes(9)

        assert _answer(server, "max_over_time(up{job='paceline-runs'}[10s])") == 1
        assert server.samples("count_over_time(paceline_run_info{run_id='run-0'}[3d])", time.time()) == []
        assert _answer(server, "count_over_time(paceline_test_passed[3d])") == 2


def test_an_alert_names_the_run_that_a_limit_of_the_scrape_dropped(tmp_path: Path) -> None:
    """
    Prometheus reads the run and drops it because of `sample_limit`; the exporter counts it as delivered.
    """
    settings = tmp_path / "limited.yml"
    # The rule looks at each full minute.
    ended = time.time() - 90
    with exporter_in(tmp_path, "--expose-seconds=0") as exporter:
        settings.write_text(_LIMITED.format(target=_target(exporter), rules=_alert_at_once(tmp_path)), "utf-8")
        with prometheus_reading(settings, _folder(tmp_path)) as server:
            _wait_for(server, "up{job='paceline-runs'}", 1)
            exporter.push(make_run(1, [make_case()], suite="small", started=ended - 1, ended=ended))
            _wait_for(server, "count(count_over_time(paceline_run_info{suite='small'}[1h]))", 1)
            exporter.push(
                make_run(2, [make_case(f"test-{number}") for number in range(200)], suite="large", ended=ended)
            )
            _wait_for(server, "min_over_time(up{job='paceline-runs'}[1h])", 0)
            # Withdrawn as delivered.
            _wait_for(server, "up{job='paceline-runs'}", 1)
            alerts = [alert for alert in server.alerts() if alert["alertname"] == "PacelineExporterRunNotStored"]

            assert [alert["suite"] for alert in alerts] == ["large"]


def _alert_at_once(folder: Path) -> Path:
    """
    The alerts on the exporter as they are shipped, evaluated each second, without their delay.
    """
    shipped = yaml.safe_load((Path(__file__).parents[2] / "alerts" / "health.rules.yml").read_text("utf-8"))
    for group in shipped["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule["for"] = "0s"
    rules = folder / "health.rules.yml"
    rules.write_text(yaml.safe_dump(shipped), "utf-8")
    return rules


def test_two_exporters_in_one_job_have_an_up_each(tmp_path: Path) -> None:
    """
    As the configuration of docker compose scrapes them, though their run samples have one instance.
    """
    settings = yaml.safe_load((Path(__file__).parents[2] / "prometheus" / "compose.yml").read_text("utf-8"))
    (scrape,) = (job for job in settings["scrape_configs"] if job["job_name"] == "paceline-runs")
    first, second = (_folder(tmp_path, name) for name in ("first", "second"))
    with exporter_in(first) as one, exporter_in(second) as other:
        scrape["static_configs"] = [{"targets": [_target(one), _target(other)]}]
        scrape["scrape_interval"] = "1s"
        file = tmp_path / "prometheus.yml"
        file.write_text(yaml.safe_dump({"scrape_configs": [scrape]}), "utf-8")
        ended = time.time() - 60
        one.push(make_run(1, [make_case()], started=ended - 1, ended=ended))
        with prometheus_reading(file, _folder(tmp_path)) as server:
            _wait_for(server, "count(count_over_time(paceline_run_info{instance='paceline'}[1h]))", 1)
            other.stop()
            _wait_for(server, "count(up == 0)", 1)

            assert _answer(server, "count(up == 1)") == 1


def test_promtool_finds_nothing(exporter: Exporter) -> None:
    """
    In neither of the two channels.
    """
    exporter.push(make_run(1, [make_case()]))
    for path in ("/metrics", "/metrics/runs"):
        text = exporter.get(path).content
        done = subprocess.run(
            [prometheus_folder() / "promtool", "check", "metrics"], input=text, capture_output=True, check=False
        )

        assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("file", ["scrape-exporter.yml", "beyond/remote-write.yml"])
def test_the_configurations_are_valid(file: str) -> None:
    """
    As promtool sees them, unknown keys included.
    """
    path = Path(__file__).parents[2] / "prometheus" / file
    done = subprocess.run([prometheus_folder() / "promtool", "check", "config", path], capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")


def _figures(runs: Sequence[Run]) -> dict[tuple[str, str], list[float]]:
    figures: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        for case in run.cases:
            if case.outcome.is_pass and case.duration_seconds is not None:
                figures.setdefault(("paceline_test_duration_seconds", case.id), []).append(case.duration_seconds)
            if case.outcome.is_pass or case.outcome.is_failure:
                figures.setdefault(("paceline_test_passed", case.id), []).append(float(case.outcome.is_pass))
    return figures


def _answers(server: Prometheus, query: str) -> dict[tuple[str, str], float]:
    return {
        (name, str(sample["metric"]["test"])): float(sample["value"][1])  # type: ignore[index]
        for name in ("paceline_test_duration_seconds", "paceline_test_passed")
        for sample in server.samples(query.format(name), time.time())
    }


def _answer(server: Prometheus, query: str) -> float:
    (sample,) = server.samples(query, time.time())
    return float(sample["value"][1])  # type: ignore[index]


def _wait_for(server: Prometheus, query: str, value: float) -> None:
    end = time.monotonic() + 60
    while [float(one["value"][1]) for one in server.samples(query, time.time())] != [value]:  # type: ignore[index]
        assert time.monotonic() < end
        time.sleep(0.2)


def _target(exporter: Exporter) -> str:
    return exporter.url.removeprefix("http://")


def _folder(folder: Path, name: str = "prometheus") -> Path:
    inner = folder / name
    inner.mkdir()
    return inner
