"""
`paceline restore`.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command import Ended, run_command
from support.exporter import Exporter, exporter_in
from support.installed import prometheus_folder
from support.servers import Prometheus, prometheus_scraping
from support.values import make_case, make_run
from support.wording import ERROR

_ALL = "{job='paceline-runs', __name__=~'paceline_(test|run)_.*'}[8d]"
_HOUR = 3600.0


@pytest.fixture
def _promtool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{prometheus_folder()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Exporter]:
    """
    An exporter that exposes a run no longer than it has to.
    """
    with exporter_in(tmp_path, "--expose-seconds=0") as running:
        yield running


def _restore(folder: Path, exporter: Exporter, *options: str) -> Ended:
    return run_command(("restore", str(folder / "data"), "--data", str(exporter.data), *options))


def _samples(server: Prometheus) -> dict[tuple[tuple[str, str], ...], list[list[object]]]:
    found = server.samples(_ALL, time.time())
    return {tuple(sorted(one["metric"].items())): one["values"] for one in found}  # type: ignore[attr-defined,misc]


def _folder(folder: Path, name: str) -> Path:
    inner = folder / name
    inner.mkdir()
    return inner


@pytest.mark.stack
@pytest.mark.usefixtures("_promtool")
def test_a_prometheus_that_lost_its_data_has_all_samples_again(exporter: Exporter, tmp_path: Path) -> None:
    """
    With the labels of its scrape and the times that they had, also of two runs that ended in one millisecond.
    """
    now = round(time.time())
    first, second = _folder(tmp_path, "first"), _folder(tmp_path, "second")
    target = exporter.url.removeprefix("http://")
    with prometheus_scraping(target, first) as server:
        for number, age in enumerate([50 * _HOUR, 50 * _HOUR, 3 * _HOUR, 60.0]):
            exporter.push(make_run(number, [make_case()], started=now - age - 1, ended=now - age))
        before = _until_over(exporter, server)
    with prometheus_scraping(target, second) as server:
        exporter.wait_for_scrapes(1)
        lost = _samples(server)
        result = _restore(second, exporter, "--prometheus", server.url)
    with prometheus_scraping(target, second) as server:
        after = _samples(server)

    assert (result.exit_code, result.output) == (0, f"writing\nwrote 4 runs into {second / 'data'}\n")
    assert {len(values) for values in before.values()} >= {4}
    assert (lost, after) == ({}, before)


@pytest.mark.stack
@pytest.mark.usefixtures("_promtool")
def test_without_the_labels_of_the_scrape_nothing_is_written(exporter: Exporter, tmp_path: Path) -> None:
    """
    No Prometheus answers there.
    """
    exporter.push(make_run(1, [make_case()]))
    empty = _folder(tmp_path, "empty")
    (empty / "data").mkdir()
    result = _restore(empty, exporter, "--prometheus", "http://127.0.0.1:9")

    assert (result.exit_code, result.output.startswith(f"{ERROR}http://127.0.0.1:9: ")) == (1, True)
    assert list((empty / "data").iterdir()) == []


def _until_over(exporter: Exporter, server: Prometheus) -> dict[tuple[tuple[str, str], ...], list[list[object]]]:
    end = time.monotonic() + 60
    while exporter.state("paceline_exporter_exposed_runs") != {"": 0}:
        assert time.monotonic() < end
        time.sleep(0.5)
    return _samples(server)
