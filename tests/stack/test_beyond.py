"""
A store for years, as `prometheus/beyond/` sets it up.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from paceline.measure import Better, Measure
from paceline.metrics.run_samples import run_samples
from paceline.model import Run
from support.exporter import Exporter, exporter_in
from support.otel_collector import collector_program
from support.servers import Prometheus, free_port, prometheus_reading, prometheus_scraping
from support.values import make_case, make_run
from support.victoria import victoria_metrics, vmagent

_SETTINGS = Path(__file__).parents[2] / "prometheus" / "beyond" / "remote-write.yml"
_DIRECT = _SETTINGS.with_name("victoria-metrics.yml")
_COLLECTOR = _SETTINGS.with_name("otel-collector.yml")
_STORE = "victoria-metrics"
_Point = tuple[tuple[tuple[str, str], ...], float]
_FEDERATION = """
global: {{scrape_interval: 1s}}
storage: {{tsdb: {{out_of_order_time_window: 60d}}}}
scrape_configs:
  - job_name: federate
    honor_labels: true
    metrics_path: /federate
    params: {{"match[]": ['{{__name__=~"paceline_.*"}}']}}
    static_configs: [{{targets: ["{target}"]}}]
"""
_OWN_TIMESTAMPS = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: paceline-runs
    metrics_path: /metrics/runs
    params: {{scraper: [stamping]}}
    honor_timestamps: false
    static_configs: [{{targets: ["{target}"]}}]
"""


def test_a_redundant_pair_hands_each_run_on_once(tmp_path: Path) -> None:
    """
    A late one as well; what ended before a Prometheus was started stays in it, as the file says.
    """
    with exporter_in(tmp_path) as exporter, victoria_metrics(_folder(tmp_path, "store")) as store:
        with _pair(exporter, store, tmp_path) as pair:
            # Until then Prometheus has not begun to hand anything on.
            _wait_for(store, 'count(last_over_time(up{job="paceline"}[1h]))', None, 2)
            now = round(time.time())
            for number, ended in enumerate([now - 86400, now + 2, now + 1]):
                exporter.push(make_run(number, [make_case()], started=ended - 1, ended=ended))
            _wait_for(store, "count(count_over_time(paceline_run_info[1h]))", now + 3, 2)
            for server in pair:
                _wait_for(server, "count(count_over_time(paceline_run_info[2d]))", now + 3, 3)
            kept = [_runs(server, now + 3) for server in (*pair, store)]
        counts = store.samples("count_over_time(paceline_test_passed[2d])", now + 3)

    assert kept == [{"run-0", "run-1", "run-2"}, {"run-0", "run-1", "run-2"}, {"run-1", "run-2"}]
    assert [sample["value"] for sample in counts] == [[now + 3, "2"]]


@pytest.mark.parametrize("is_agent", [False, True], ids=["itself", "vmagent"])
def test_victoria_metrics_that_scrapes_counts_each_run_once(tmp_path: Path, *, is_agent: bool) -> None:
    """
    Though each is scraped three times, by the store itself or by vmagent: five runs of a suite, one from hours ago.
    """
    file = tmp_path / "scrape.yml"
    now = round(time.time())
    with exporter_in(tmp_path) as exporter:
        text = _DIRECT.read_text("utf-8").replace("exporter:10464", exporter.url.partition("//")[2])
        file.write_text(text.replace("interval: 15s", "interval: 1s"), "utf-8")
        with ExitStack() as stack:
            store = stack.enter_context(victoria_metrics(_folder(tmp_path, "store"), None if is_agent else file))
            if is_agent:
                stack.enter_context(vmagent(file, store.url, _folder(tmp_path, "agent")))
            for number, age in enumerate([5 * 3600, 50, 49, 48, 47]):
                exporter.push(make_run(number, [make_case()], started=now - age - 1, ended=now - age))
            _wait_for(store, "count(count_over_time(paceline_run_info[6h]))", None, 5)
            exporter.wait_for_scrapes(6)
            _wait_for(store, "count_over_time(paceline_test_passed{instance='paceline'}[6h])", None, 5)


def test_a_collector_that_scrapes_hands_each_run_on_once(tmp_path: Path) -> None:
    """
    Five runs of a suite, one of them from hours ago, each with the names, labels and times of the exporter. A run that
    the exporter has withdrawn is still the latest: no marker of an end follows its sample.
    """
    now = round(time.time())
    rate = Measure(value=3.5, unit="requests/s", better=Better.HIGHER, limit=2.0)
    runs = [
        make_run(number, [make_case(measures={"rate": rate})], started=now - age - 1, ended=now - age)
        for number, age in enumerate([5 * 3600, 50, 49, 48, 47])
    ]
    with (
        exporter_in(tmp_path, "--expose-seconds=0") as exporter,
        victoria_metrics(_folder(tmp_path, "store")) as store,
        _collecting(exporter, store, tmp_path),
    ):
        for run in runs:
            exporter.push(run)
        _wait_for(store, "count(count_over_time(paceline_run_info[6h]))", None, 5)
        while exporter.runs():
            exporter.wait_for_scrapes(1)
        exporter.wait_for_scrapes(2)
        _wait_for(store, "count_over_time(paceline_test_passed{instance='paceline',job='paceline-runs'}[6h])", None, 5)
        found = store.samples('{__name__=~"paceline_.+",job="paceline-runs"}[6h]', time.time())
        _wait_for(store, "paceline_test_passed", None, 1)
        _wait_for(store, "sum(paceline_runs_total{job='paceline'})", None, 5)

    assert {point for series in found for point in _points_of(series)} == {
        point for run in runs for point in _points_scraped(run)
    }


def _points_of(series: dict[str, Any]) -> Iterator[_Point]:
    return ((tuple(sorted(series["metric"].items())), stamp) for stamp, _ in series["values"])


def _points_scraped(run: Run) -> Iterator[_Point]:
    """
    The samples of a run with the labels of the scrape; a server does not keep labels without a value.
    """
    of_scrape = {"instance": "paceline", "job": "paceline-runs"}
    for sample in run_samples(run, ["main"]):
        own = zip(sample.metric.labels, sample.labels, strict=True)
        labels = {"__name__": sample.metric.name, **of_scrape, **{name: text for name, text in own if text}}
        yield tuple(sorted(labels.items())), sample.timestamp


@contextmanager
def _collecting(exporter: Exporter, store: Prometheus, folder: Path) -> Iterator[None]:
    """
    A Collector with the file as it is, but for addresses and intervals.
    """
    text = _COLLECTOR.read_text("utf-8").replace("exporter:10464", exporter.url.partition("//")[2])
    text = text.replace("http://mimir:9009/api/v1/push", f"{store.url}/api/v1/write")
    text = text.replace("interval: 15s", "interval: 1s").replace("0.0.0.0:4318", f"127.0.0.1:{free_port()}")
    settings = yaml.safe_load(text)
    settings["service"]["telemetry"] = {"metrics": {"level": "none"}}  # else it listens on a fixed port
    file = folder / "collector.yml"
    file.write_text(yaml.safe_dump(settings), "utf-8")
    with (folder / "collector.txt").open("wb") as log:
        process = subprocess.Popen([collector_program(), f"--config={file}"], stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def test_what_the_documentation_warns_of_miscounts_runs(tmp_path: Path) -> None:
    """
    Federation lacks a run of 20 minutes ago, and `honor_timestamps: false` counts each scrape of a run.
    """
    now = round(time.time())
    with exporter_in(tmp_path) as exporter, ExitStack() as stack:
        target = exporter.url.partition("//")[2]
        scraping = stack.enter_context(prometheus_scraping(target, _folder(tmp_path, "scraping")))
        federated, stamping = (
            stack.enter_context(prometheus_reading(_file(tmp_path, name, settings), _folder(tmp_path, name)))
            for name, settings in {
                "federated": _FEDERATION.format(target=scraping.url.partition("//")[2]),
                "stamping": _OWN_TIMESTAMPS.format(target=target),
            }.items()
        )
        for number, age in enumerate([1200, 30]):
            exporter.push(make_run(number, [make_case()], started=now - age - 1, ended=now - age))
        _wait_for(scraping, "count_over_time(paceline_test_passed[1h])", None, 2)
        _wait_for(stamping, "max(count_over_time(paceline_test_passed[1h])) >= bool 3", None, 1)
        _wait_for(federated, "count(count_over_time(paceline_run_info[1h]))", None, 1)

        assert _runs(federated, time.time()) == {"run-1"}


def _file(folder: Path, name: str, text: str) -> Path:
    file = folder / f"{name}.yml"
    file.write_text(text, "utf-8")
    return file


@contextmanager
def _pair(exporter: Exporter, store: Prometheus, folder: Path) -> Iterator[list[Prometheus]]:
    with ExitStack() as stack:
        yield [stack.enter_context(_one(exporter, store, folder, replica)) for replica in ("a", "b")]


@contextmanager
def _one(exporter: Exporter, store: Prometheus, folder: Path, replica: str) -> Iterator[Prometheus]:
    text = _SETTINGS.read_text("utf-8").replace("exporter:10464", exporter.url.partition("//")[2])
    settings = yaml.safe_load(text.replace(f"http://{_STORE}:8428", store.url).replace("interval: 15s", "interval: 1s"))
    for scrape in settings["scrape_configs"]:
        scrape["params"] = {"scraper": [replica]}  # here they share an address
    settings["global"]["external_labels"] = {"replica": replica}
    settings["remote_write"] = [one for one in settings["remote_write"] if one["name"] == _STORE]
    file = folder / f"{replica}.yml"
    file.write_text(yaml.safe_dump(settings), "utf-8")
    with prometheus_reading(file, _folder(folder, replica)) as server:
        yield server


def _folder(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


def _runs(server: Prometheus, at: float) -> set[str]:
    samples = server.samples("count_over_time(paceline_run_info[2d])", at)
    return {sample["metric"]["run_id"] for sample in samples}  # type: ignore[index]


def _wait_for(server: Prometheus, query: str, at: float | None, value: int) -> None:
    answers: list[object] = []
    while answers != [str(value)]:
        time.sleep(0.1)
        answers = [sample["value"][1] for sample in server.samples(query, at or time.time())]  # type: ignore[index]
