"""
A Prometheus that is away for an hour, and comes back.

What takes an hour elsewhere takes a moment here: the runs say that they ended in the course of the last hour, and
`--expose-seconds=0` lets the exporter forget a run as soon as it may. That it waits six hours for who is away is a fact
about a clock, stated in `test_exposures.py`.
"""

import time
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from support.exporter import Exporter, exporter_in
from support.servers import Prometheus, prometheus_scraping
from support.values import HOUR, make_case, make_run

pytestmark = pytest.mark.stack

_RUNS = 13
_COUNT = "count(count_over_time(paceline_run_info[2h]))"


@pytest.mark.parametrize("others", [(), ("there",)], ids=["alone", "one of a pair"])
def test_who_was_away_has_every_run_once(tmp_path: Path, others: tuple[str, ...]) -> None:
    """
    Also where the other of a pair has had them all, as often as it has to; afterwards none is exposed any more.
    """
    now = time.time()
    with exporter_in(tmp_path, "--expose-seconds=0") as exporter, ExitStack() as pair:
        there = [pair.enter_context(_prometheus(exporter, tmp_path / name)) for name in others]
        with _prometheus(exporter, tmp_path / "away") as away:
            _push(exporter, 0, now - HOUR - 60)
            _wait_for(away, 1)
        for number in range(1, _RUNS):
            _push(exporter, number, now - HOUR + 300 * number)
        for server in there:
            _wait_for(server, _RUNS)
            exporter.wait_for_scrapes(10)
        with _prometheus(exporter, tmp_path / "away") as away:
            _wait_for(away, _RUNS)
            _wait_until_nothing_waits(exporter)
            samples = [_samples(server) for server in (*there, away)]

    assert samples == [_RUNS] * (len(others) + 1)


def _prometheus(exporter: Exporter, folder: Path) -> AbstractContextManager[Prometheus]:
    folder.mkdir(exist_ok=True)
    return prometheus_scraping(exporter.url.removeprefix("http://"), folder, window="2h", name=folder.name)


def _push(exporter: Exporter, number: int, ended: float) -> None:
    exporter.push(make_run(number, [make_case()], started=ended - 1, ended=ended)).raise_for_status()


def _samples(server: Prometheus) -> float:
    (sample,) = server.samples("count_over_time(paceline_test_passed[2h])", time.time())
    return float(sample["value"][1])  # type: ignore[index]


def _wait_for(server: Prometheus, runs: int) -> None:
    end = time.monotonic() + 60
    while [float(one["value"][1]) for one in server.samples(_COUNT, time.time())] != [runs]:  # type: ignore[index]
        assert time.monotonic() < end
        time.sleep(0.2)


def _wait_until_nothing_waits(exporter: Exporter) -> None:
    end = time.monotonic() + 60
    while exporter.ledger.exposed():
        assert time.monotonic() < end
        time.sleep(0.2)
