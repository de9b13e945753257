"""
The door of the pytest plugin.

pytest imports this module in every session of every project that has Paceline installed, so it imports next to
nothing of Paceline and starts nothing. What `--paceline` needs is imported when it is on.
"""

from typing import TYPE_CHECKING, Any

import pytest

from paceline import unpatched  # noqa: F401 - before any conftest
from paceline.plugin.kit_fixtures import (  # noqa: F401 - fixtures
    assert_no_repeated_queries,
    benchmark_test,
    database_performance_test,
    memory_leak_test,
)
from paceline.plugin.load_fixtures import load_server, load_test, stress_test  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from paceline.recorder import CaseRecorder

_MARKERS = (
    "performance(budget_ms, queries, requests, memory_mib, endpoint, p95_ms, confirm): limits of a test (Paceline)",
    "performance_test(max_time, max_memory_mb, max_queries): as performance, in seconds and megabytes (Paceline)",
    "unit: a unit test, budget 100 ms (Paceline)",
    "integration: an integration test, budget 2 s (Paceline)",
    "api: a test of an API, budget 5 s (Paceline)",
    "e2e: an end-to-end test, budget 10 s (Paceline)",
    "benchmark_test(max_avg_ms, max_median_ms, max_memory_kib, timeout_seconds, group): timed in rounds (Paceline)",
    "benchmark: a benchmark; --paceline-benchmarks-only runs only benchmarks (Paceline)",
    "stress: a stress test; --paceline runs stress tests only with --paceline-stress (Paceline)",
)
# A switch that is not given leaves the setting to the configuration.
_ON: dict[str, Any] = {"action": "store_const", "const": True, "default": None}
# Options that mean nothing where nothing is judged.
_GATES = ("--paceline-fail-on", "--paceline-require-history")
_LOAD_OPTIONS = ("allow", "workers", "master")
_OFF: dict[str, Any] = {"action": "store_const", "const": False, "default": None}


def pytest_addoption(parser: pytest.Parser) -> None:
    """
    The options; their values are read by `paceline.plugin.options`.
    """
    group = parser.getgroup("paceline", "performance of the suite (Paceline)")
    group.addoption(
        "--paceline",
        **_ON,
        help="Measure every test, judge it against budgets and its own history, and keep the run (default: off, unless "
        "'enabled = true' in [tool.paceline] or PERFORMANCE_MONITORING=true).",
    )
    group.addoption(
        "--no-paceline",
        dest="paceline",
        **_OFF,
        help="Do not measure, even if configuration or environment switch Paceline on.",
    )
    group.addoption(
        "--paceline-fail-on",
        metavar="KINDS",
        default=None,
        help="Verdicts that cause exit code 10, separated by commas (default: none): "
        "suite_regression, regression, file_regression, fixture_regression, count, measure, repeated_queries, work, "
        "network, budget, leak, flaky, duration_flaky, change_point, trend, broken.",
    )
    group.addoption(
        "--paceline-require-history",
        **_ON,
        help="Exit code 11 if the history is too short for the verdicts of --paceline-fail-on, or without that option "
        "for any comparison (default: such a run passes).",
    )
    group.addoption(
        "--paceline-budget",
        metavar="MS",
        type=float,
        default=None,
        help="Budget in milliseconds of each test without a budget of its own (default: by test type).",
    )
    group.addoption(
        "--paceline-work",
        metavar="MODE",
        choices=("suspects", "rotate", "all", "off"),
        default=None,
        help="Tests whose calls of the project's functions are counted (default: suspects): suspects (tests that look "
        "slower, when they are measured again), rotate (another part of the tests in each run), all (no time is "
        "judged), off (no test).",
    )
    _add_keeping_options(group)
    _add_sending_options(group)
    group.addoption(
        "--paceline-suite", metavar="NAME", default=None, help="Name of the suite (default: name of the project)."
    )
    group.addoption(
        "--paceline-benchmarks-only",
        **_ON,
        help="Run only benchmarks: tests with the marker or fixture 'benchmark' or 'benchmark_test'.",
    )
    group.addoption(
        "--paceline-stress",
        **_ON,
        help="Run stress tests too: tests with the marker 'stress' or the fixture 'stress_test'.",
    )
    _add_load_options(group)


def _add_keeping_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--paceline-results",
        metavar="DIR",
        default=None,
        help="Results folder: reports and history (default: performance_results). Write it as --paceline-results=DIR.",
    )
    group.addoption(
        "--paceline-no-save",
        dest="paceline_save",
        **_OFF,
        help="Judge the run, but do not keep it in the results folder.",
    )
    group.addoption(
        "--paceline-no-confirm",
        dest="paceline_confirm",
        **_OFF,
        help="Do not measure again the tests that look slower or seem to leak.",
    )
    group.addoption(
        "--paceline-port",
        metavar="PORT",
        nargs="?",
        const=-1,
        type=int,
        default=None,
        help="Serve live metrics at /metrics on 127.0.0.1 while tests run (default: off; without PORT: 4001, or "
        "PERFORMANCE_DASHBOARD_PORT).",
    )
    group.addoption(
        "--paceline-history",
        metavar="URL",
        default=None,
        help="Prometheus with earlier runs, such as http://prometheus:9090 (default: the results folder). "
        "Credentials come from PACELINE_HISTORY_TOKEN, or PACELINE_HISTORY_USER and PACELINE_HISTORY_PASSWORD.",
    )


def _add_load_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--paceline-load-allow",
        metavar="HOST",
        action="append",
        default=None,
        help="Host that load and stress tests may send requests to, besides this machine; may be repeated "
        "(default: none).",
    )
    group.addoption(
        "--paceline-load-workers",
        metavar="N",
        type=int,
        default=None,
        help="Send the HTTP load of load and stress tests by Locust, with N worker processes (default: by Paceline, "
        "with one process for each CPU). Needs paceline[locust].",
    )
    group.addoption(
        "--paceline-load-master",
        metavar="HOST:PORT",
        default=None,
        help="Address at which the session waits for the workers of --paceline-load-workers; start them on other "
        "machines with 'paceline load-worker HOST:PORT' (default: the session starts them here).",
    )


def _add_sending_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--paceline-push",
        metavar="URL",
        default=None,
        help="Exporter (`paceline serve`) that gets the run, such as http://exporter:10464 (default: none). A run "
        "that does not arrive is sent with the next run. The token comes from PACELINE_PUSH_TOKEN.",
    )
    group.addoption(
        "--paceline-push-ca-file",
        metavar="FILE",
        default=None,
        help="CA bundle (PEM) for the exporter and the collector (default: that of the machine). Write it "
        "as --paceline-push-ca-file=FILE. For the collector, OTEL_EXPORTER_OTLP_CERTIFICATE has precedence.",
    )
    group.addoption(
        "--paceline-otlp",
        metavar="URL",
        nargs="?",
        const="env",
        default=None,
        help="Collector that gets the run by OTLP, such as http://collector:4318 (default: none; without URL: "
        "OTEL_EXPORTER_OTLP_ENDPOINT). Needs paceline[otlp].",
    )
    group.addoption(
        "--paceline-otlp-traces",
        **_ON,
        help="With --paceline-otlp, also send a trace of the run, with a span for each test (default: off).",
    )
    group.addoption(
        "--paceline-live",
        metavar="URL",
        default=None,
        help="Exporter (`paceline serve`) that gets the progress of the run while tests run, such as "
        "http://exporter:10464 (default: none). The token comes from PACELINE_PUSH_TOKEN.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """
    Watch libraries before a conftest takes functions out of them.
    """
    if _is_asked_for(early_config, early_config.known_args_namespace):
        try:
            from paceline.plugin.plain_imports import plain_imports  # noqa: PLC0415 - absent where it is off

            with plain_imports():
                from paceline.plugin.touching import watch_libraries  # noqa: PLC0415 - as above
        except Exception:  # noqa: BLE001 - `pytest_configure` imports it again, and says why
            return
        watch_libraries(early_config)


def pytest_configure(config: pytest.Config) -> None:
    """
    Make the markers known, also where Paceline is off: a suite under --strict-markers may use them.
    """
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    if _is_asked_for(config, config.option):
        _activate(config)
    if any(config.getoption(f"paceline_load_{name}") for name in _LOAD_OPTIONS) or config.pluginmanager.has_plugin(
        "paceline-planner"
    ):
        from paceline.plugin.load_settings import apply_load_settings  # noqa: PLC0415 - absent where it is off

        apply_load_settings(config)
    option = _option_without_effect(config)
    if option:
        raise pytest.UsageError(f"paceline: {option} needs --paceline: it is off, and nothing would be judged")


def _activate(config: pytest.Config) -> None:
    from paceline.plugin.plain_imports import plain_imports  # noqa: PLC0415 - as above
    from paceline.plugin.unmeasured_session import UnmeasuredSession  # noqa: PLC0415 - absent where it is off

    with plain_imports():
        try:
            from paceline.plugin.activation import activate  # noqa: PLC0415 - as above
        except Exception as error:  # noqa: BLE001 - a broken installation or little memory is not the tests' fault
            reason = f"{type(error).__name__}: {error}"
            config.pluginmanager.register(UnmeasuredSession(reason), "paceline-not-measured")
        else:
            activate(config)


@pytest.fixture
def paceline(request: pytest.FixtureRequest) -> "CaseRecorder":
    """
    Keeps custom measures with the test: `paceline.record("cart_items", 3, unit="items")`.
    """
    from paceline.recorder import recorder_of  # noqa: PLC0415 - imported by those who use it

    return recorder_of(request.config)


def project_file(config: pytest.Config, options: "Namespace | None" = None) -> "Path":
    """
    The `pyproject.toml` that holds: that of pytest's rootdir. With `-c`, the rootdir is the folder of the given file;
    where that folder has none, the nearest one of the command's folder holds.
    """
    folders = [config.rootpath]
    if getattr(options or config.option, "inifilename", None):
        folder = config.invocation_params.dir
        folders += [folder, *folder.parents]
    files = [folder / "pyproject.toml" for folder in folders]
    return next((file for file in files if file.is_file()), files[0])


def _is_asked_for(config: pytest.Config, options: "Namespace") -> bool:
    """
    Whether something may switch Paceline on; read with as little as possible, as most sessions say no here.
    """
    if options.paceline is not None or _shows_only(options):
        return bool(options.paceline) and not _shows_only(options)
    import os  # noqa: PLC0415

    if os.environ.get("PERFORMANCE_MONITORING"):
        return True
    try:
        content = project_file(config, options).read_bytes()
    except OSError:
        return False
    return b"tool.paceline" in content or (b"paceline" in content and has_table(content))


def has_table(content: bytes) -> bool:
    """
    Whether a file has the table, however its name is written; many projects name Paceline among their dependencies
    alone.
    """
    import tomllib  # noqa: PLC0415

    try:
        return "paceline" in tomllib.loads(content.decode()).get("tool", {})
    except (ValueError, TypeError, AttributeError):
        return False


def _option_without_effect(config: pytest.Config) -> str:
    """
    The option that asks for verdicts which nobody will give. In `addopts` it waits for the runs that are measured.
    """
    if config.pluginmanager.has_plugin("paceline-planner"):
        return ""
    if config.getoption("paceline") is False or _shows_only(config.option):
        return ""
    given = [str(argument).partition("=")[0] for argument in config.invocation_params.args]
    return next((option for option in _GATES if option in given), "")


def _shows_only(options: "Namespace") -> bool:
    names = (
        "collectonly",
        "setupplan",
        "setuponly",
        "help",
        "showfixtures",
        "show_fixtures_per_test",
        "markers",
    )
    return any(getattr(options, name, False) for name in names)
