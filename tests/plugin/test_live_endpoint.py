"""
The live endpoint.
"""

import contextlib
import re
import socket
import subprocess
import time
from collections.abc import Sequence

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from paceline.metrics.catalogue import CATALOGUE, Channel
from support.suite import Suite
from support.wording import IN_USE

_WAITS = """
    import pathlib, time

    def test_first(): pass
    def test_second(): pass
    def test_waits():
        while not pathlib.Path("go").exists(): time.sleep(0.02)
    def test_last(): pass
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _scrape(url: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = requests.get(url, timeout=10).text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _values(samples: dict[tuple[str, tuple[tuple[str, str], ...]], float], name: str) -> dict[str, float]:
    return {
        ",".join(value for _, value in labels): value for (found, labels), value in samples.items() if found == name
    }


def _wait_for(suite: Suite, process: "subprocess.Popen[str]", url: str, ended: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if sum(_values(_scrape(url), "paceline_cases_total").values()) >= ended:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    (suite.folder / "go").touch()
    raise AssertionError(process.communicate()[0])


def _scrape_in_the_middle(suite: Suite, *arguments: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    suite.write("test_waits.py", _WAITS)
    suite.write("pyproject.toml", "[tool.paceline]\nsample_seconds = 0.1\n")
    port = _free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    process = suite.start(f"--paceline-port={port}", *arguments)
    _wait_for(suite, process, url, 2)
    time.sleep(0.3)
    samples = _scrape(url)
    (suite.folder / "go").touch()
    process.communicate(timeout=60)
    return samples


def test_a_scrape_in_the_middle_of_a_run_sees_it(suite: Suite) -> None:
    """
    The active test and its seconds, progress, outcomes, durations and the process tree, while it runs.
    """
    samples = _scrape_in_the_middle(suite)
    active = _values(samples, "paceline_active_case_seconds")

    assert list(active) == ["main,shop,test_waits.py::test_waits"]
    assert 0.2 < next(iter(active.values())) < 60
    assert _values(samples, "paceline_run_progress_ratio") == {"main,shop": 0.5}
    assert _values(samples, "paceline_cases_total") == {"main,passed,shop,unit": 2}
    assert _values(samples, "paceline_case_duration_seconds_count") == {"main,shop,unit": 2}
    assert _values(samples, "paceline_process_resident_memory_bytes")[""] > 1 << 20


def test_the_controller_of_xdist_shows_its_workers(suite: Suite) -> None:
    """
    With two workers the same figures are there, and the process tree has them in it.
    """
    samples = _scrape_in_the_middle(suite, "-n", "2", "--dist", "loadfile")

    assert list(_values(samples, "paceline_active_case_seconds")) == ["main,shop,test_waits.py::test_waits"]
    assert _values(samples, "paceline_expected_cases") == {"main,shop": 4}
    assert _values(samples, "paceline_process_processes")[""] == 3


def test_only_catalogued_metrics_are_exposed(suite: Suite) -> None:
    """
    Every exposed family stands in the catalogue, and every row of the catalogue is exposed, but for load tests and
    failed tests, which this suite does not have.
    """
    samples = _scrape_in_the_middle(suite)
    names = {re.sub(r"_(bucket|count|sum)$", "", name) for name, _ in samples if not name.endswith("_created")}
    known = {metric.name for metric in CATALOGUE if metric.channel is Channel.STATE}

    assert names == {
        name for name in known if not name.startswith(("paceline_active_load_", "paceline_active_failed_"))
    }


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["one process", "xdist"])
def test_a_load_test_is_seen_while_it_runs(suite: Suite, arguments: Sequence[str]) -> None:
    """
    Its users, and the rate, latency and failures so far, by test and name of the load.
    """
    suite.write(
        "test_load.py",
        """
        import time

        from paceline.testkit import load_test

        def call():
            time.sleep(0.01)

        def test_load():
            load_test(call, concurrent_users=3, ramp_up_seconds=0, duration_seconds=6, name="calls")
        """,
    )
    suite.write("pyproject.toml", "[tool.paceline]\nsample_seconds = 0.1\n")
    port = _free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    process = suite.start(f"--paceline-port={port}", *arguments)
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    while process.poll() is None and not _values(samples, "paceline_active_load_latency_seconds"):
        time.sleep(0.05)
        with contextlib.suppress(requests.ConnectionError):
            samples = _scrape(url)
    process.communicate(timeout=60)
    where = "main,calls,shop,test_load.py::test_load"

    assert _values(samples, "paceline_active_load_users") == {where: 3}
    assert _values(samples, "paceline_active_load_failures") == {where: 0}
    assert 0 < _values(samples, "paceline_active_load_requests_per_second")[where] <= 300
    assert _values(samples, "paceline_active_load_latency_seconds")[where] >= 0.01


def test_a_port_in_use_is_said_before_the_first_test(suite: Suite) -> None:
    """
    A usage error names the port and the option that chooses another.
    """
    suite.write("test_one.py", "raise SystemError('collected')\n")
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", 0))
        occupant.listen()
        port = occupant.getsockname()[1]
        result = suite.run(f"--paceline-port={port}")

    assert result.code == 4
    assert (
        f"ERROR: paceline: the live endpoint cannot use port {port} on 127.0.0.1: {IN_USE}; "
        "choose another with --paceline-port" in result.output
    )


def test_the_port_comes_from_the_environment(suite: Suite) -> None:
    """
    `--paceline-port` without a number takes PERFORMANCE_DASHBOARD_PORT.
    """
    suite.write("test_one.py", "def test_one(): pass\n")
    port = _free_port()
    result = suite.run("--paceline-port", environ={"PERFORMANCE_DASHBOARD_PORT": str(port)})

    assert f"paceline: live metrics on http://127.0.0.1:{port}/metrics" in result.output


@pytest.mark.parametrize("arguments", [(), ("-n1",)])
def test_verbose_tests_gives_a_line_for_each_test(suite: Suite, arguments: tuple[str, ...]) -> None:
    """
    VERBOSE_TESTS=true says type, outcome, time, CPU and memory of each test as it ends.
    """
    suite.write("test_one.py", "def test_one(): pass\ndef test_two(): assert False\n")
    output = suite.run(*arguments, environ={"VERBOSE_TESTS": "true"}).output

    lines = re.sub(r"\d\S* (s|ms|µs|B|KiB)\b", "FIGURE", output).splitlines()
    first = lines.index("test_one.py::test_one  unit, passed, FIGURE, CPU FIGURE, memory +FIGURE")

    assert "test_one.py::test_two  unit, failed, FIGURE, CPU FIGURE, memory +FIGURE" in lines[first:]
    # pytest before 8.4 ends its own line here.
    assert {"", "[100%]"} & {line.strip() for line in lines[first + 1 : first + 3]}
    assert output.count("def test_two(): assert False") == 1
