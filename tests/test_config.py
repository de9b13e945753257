"""
The configuration, and what is said of a wrong one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from paceline.config import Config, dashboard_port, is_true, load_config, project_name, read_table
from paceline.errors import ConfigError
from paceline.verdict_kinds import VerdictKind
from support.values import FAILING
from support.wording import cause

_ALL_KEYS = (
    "baselines, benchmarks_only, budget_ms, budgets_ms, confirmation, default_branch, enabled, fail_on, "
    "history, history_seconds, limits, live, longest_seconds, otlp, otlp_traces, outbox, path_budgets_ms, port, push, "
    "push_ca_file, push_seconds, queries, require_history, results, rules, sample_seconds, save_results, stress, "
    "suite, test_budgets_ms, test_types, trace_requests, verbose_tests, whole_suite, work"
)


@pytest.fixture
def pyproject(tmp_path: Path) -> Path:
    """
    A `pyproject.toml` that is still empty.
    """
    return tmp_path / "pyproject.toml"


def _error(pyproject: Path | None, options: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(pyproject, options, environ)
    return str(caught.value).replace(f"{pyproject}", "pyproject.toml")


def test_without_settings_all_is_default(pyproject: Path) -> None:
    """
    No file, no options and no variables give the defaults: off, results kept, no port, no verdict fails the run.
    """
    config = load_config(pyproject, {}, {})

    assert config == Config()
    assert (config.enabled, config.save_results, config.port, config.fail_on) == (False, True, None, ())
    assert config.results == "performance_results"


def test_the_file_is_read(pyproject: Path) -> None:
    """
    All kinds of keys of `[tool.paceline]` are taken: switches, lists, tables, rules.
    """
    pyproject.write_text(
        "[tool.paceline]\nenabled = true\nfail_on = ['budget', 'leak']\nbudgets_ms = { unit = 50, smoke = 9000 }\n"
        "[tool.paceline.rules.regression]\nratio = 1.5\n"
    )
    config = load_config(pyproject, {}, {})

    assert config.enabled
    assert config.fail_on == (VerdictKind.BUDGET, VerdictKind.LEAK)
    assert config.budgets_ms == {"unit": 50.0, "smoke": 9000.0}
    assert (config.rules.regression.ratio, config.rules.regression.min_runs) == (1.5, 8)


def test_the_command_line_wins_over_the_environment_over_the_file(pyproject: Path) -> None:
    """
    Of three names of the suite the command line's is taken, of two the environment's.
    """
    pyproject.write_text("[tool.paceline]\nsuite = 'file'\nresults = 'file'\ndefault_branch = 'file'\n")
    environ = {"PACELINE_SUITE": "environment", "PACELINE_RESULTS": "environment"}
    config = load_config(pyproject, {"suite": "option", "results": None}, environ)

    assert (config.suite, config.results, config.default_branch) == ("option", "environment", "file")


@pytest.mark.parametrize(
    ("text", "switch"),
    [("true", True), (" On ", True), ("1", True), ("YES", True), ("0", False), ("no", False), ("OFF", False)],
)
def test_a_switch_of_the_environment_is_a_yes_or_a_no(text: str, switch: bool) -> None:
    """
    The usual words for yes and no are understood, and no variable is no answer.
    """
    assert is_true({"VERBOSE_TESTS": text}, "VERBOSE_TESTS") is switch
    assert is_true({}, "VERBOSE_TESTS") is None
    assert load_config(None, {}, {"PERFORMANCE_MONITORING": text}).enabled is switch


def test_an_empty_variable_is_none(pyproject: Path) -> None:
    """
    CI systems set variables that have no value to nothing: that switches nothing off, and names nothing.
    """
    pyproject.write_text("[tool.paceline]\nenabled = true\nsuite = 'shop'\nresults = 'kept'\n")
    names = ("PERFORMANCE_MONITORING", "VERBOSE_TESTS", "PACELINE_SUITE", "PACELINE_RESULTS")
    config = load_config(pyproject, {}, dict.fromkeys(names, ""))

    assert (config.enabled, config.suite, config.results) == (True, "shop", "kept")
    assert is_true({"VERBOSE_TESTS": ""}, "VERBOSE_TESTS") is None


def test_budgets_of_types_add_to_the_default_ones() -> None:
    """
    A changed budget replaces its type's alone, and each type with a budget is a known type.
    """
    config = Config(budgets_ms={"unit": 5.0, "smoke": 1.0})

    assert config.budgets.by_type_ms == {
        "unit": 5.0,
        "integration": 2000.0,
        "api": 5000.0,
        "e2e": 10000.0,
        "smoke": 1.0,
    }
    assert config.known_types == {"unit", "integration", "api", "e2e", "smoke"}


@pytest.mark.parametrize(
    ("path", "test_type"),
    [
        ("tests/api/test_cart.py", "api"),
        ("api/test_cart.py", "api"),
        ("tests/test_api.py", "unit"),
        ("tests/e2e/test_cart.py", "unit"),
        ("browser/test_cart.py", "e2e"),
        ("smoke/api/test_cart.py", "api"),
        ("smoke/test_cart.py", "smoke"),
    ],
)
def test_types_are_found_by_folder(path: str, test_type: str) -> None:
    """
    A folder called like a type holds its tests, unless patterns say otherwise; the rest are unit tests.
    """
    config = Config(test_types={"e2e": ("browser/*",), "smoke": ("smoke/*",)})

    assert config.type_of_path(path) == test_type


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("speed = 1", f"speed is an unknown key, expected one of {_ALL_KEYS}"),
        (
            "rules.regression.ratios = 2.0",
            (
                "rules.regression.ratios is an unknown key (did you mean ratio?), "
                "expected one of floor_ms, min_runs, ratio, spreads"
            ),
        ),
        (
            "rules.regressions.ratio = 2.0",
            (
                "rules.regressions is an unknown key (did you mean regression?), expected one of "
                "count, flaky, leak, measure, modes, network, objective, regression, trend, window_days, work"
            ),
        ),
        ("enabled = 'yes'", "enabled is 'yes', expected true or false"),
        ("results = 5", "results is 5, expected a string that is not empty"),
        ("results = ''", "results is '', expected a string that is not empty"),
        ("port = 'x'", "port is 'x', expected a whole number from 0 to 65535"),
        ("port = 1.5", "port is 1.5, expected a whole number from 0 to 65535"),
        ("port = 70000", "port is 70000, expected a whole number from 0 to 65535"),
        ("port = -1", "port is -1, expected a whole number from 0 to 65535"),
        ("budget_ms = 'fast'", "budget_ms is 'fast', expected a number above 0 and below 1000000000"),
        ("budget_ms = -5", "budget_ms is -5, expected a number above 0 and below 1000000000"),
        ("budget_ms = nan", "budget_ms is nan, expected a number above 0 and below 1000000000"),
        ("budget_ms = inf", "budget_ms is inf, expected a number above 0 and below 1000000000"),
        ("budgets_ms.unit = -5", "budgets_ms.unit is -5, expected a number above 0 and below 1000000000"),
        (
            "budgets_ms = { api = 5, unit = 'x' }",
            "budgets_ms.unit is 'x', expected a number above 0 and below 1000000000",
        ),
        ("budgets_ms = 5", "budgets_ms is 5, expected a table"),
        (
            "budgets_ms.'a b' = 5",
            "budgets_ms has the key 'a b', expected 1 to 100 letters, digits, '.', '+', '-' or '_'",
        ),
        (
            'budgets_ms."unit\\n" = 5',
            "budgets_ms has the key 'unit\\n', expected 1 to 100 letters, digits, '.', '+', '-' or '_'",
        ),
        ("path_budgets_ms.'api/*' = 0", "path_budgets_ms.api/* is 0, expected a number above 0 and below 1000000000"),
        ("test_types.unit = 'unit/*'", "test_types.unit is 'unit/*', expected a list"),
        ("test_types.unit = ['unit/*', 5]", "test_types.unit has 5, expected a string"),
        (
            "fail_on = ['budget', 'speed']",
            f"fail_on has 'speed', expected one of {FAILING}",
        ),
        (
            "fail_on = ['unconfirmed']",
            f"fail_on has 'unconfirmed', expected one of {FAILING}",
        ),
        ("fail_on = 'budget'", "fail_on is 'budget', expected a list"),
        ("sample_seconds = 0.01", "sample_seconds is 0.01, expected a number from 0.05 to 60"),
        ("rules.regression.ratio = 0.9", "rules.regression.ratio is 0.9, expected a number above 1"),
        ("rules.trend.min_runs = 1", "rules.trend.min_runs is 1, expected a whole number of at least 2"),
        ("rules.window_days = -1", "rules.window_days is -1, expected a number above 0"),
        ("rules = 5", "rules is 5, expected a table"),
    ],
)
def test_a_wrong_setting_of_the_file_is_explained(pyproject: Path, settings: str, message: str) -> None:
    """
    The message says in plain words where, what was found, and what was expected.
    """
    pyproject.write_text(f"[tool.paceline]\n{settings}\n")

    assert _error(pyproject, {}, {}) == f"pyproject.toml [tool.paceline]: {message}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[tool]\npaceline = 5", "tool.paceline is 5, expected a table"),
        ("tool = 5", "tool is 5, expected a table"),
    ],
)
def test_a_file_without_a_table_is_explained(pyproject: Path, content: str, message: str) -> None:
    """
    What the file has in the place of the table is named.
    """
    pyproject.write_text(content)

    assert _error(pyproject, {}, {}) == f"pyproject.toml: {message}"


@pytest.mark.parametrize("content", [b"x = = 5", "[tool.paceline]\nsuite = 'Töpfe'\n".encode("latin-1")])
def test_a_file_that_is_no_toml_is_explained(pyproject: Path, content: bytes) -> None:
    """
    The message names the file, and quotes its cause: another encoding than UTF-8 is no TOML.
    """
    pyproject.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_table(pyproject)

    assert str(caught.value) == f"{pyproject}: not valid TOML: {cause(caught.value)}"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget_ms": -5.0}, "--paceline-budget is -5.0, expected a number above 0 and below 1000000000"),
        ({"port": 70000}, "--paceline-port is 70000, expected a whole number from 0 to 65535"),
        (
            {"fail_on": ["speed"]},
            f"--paceline-fail-on has 'speed', expected one of {FAILING}",
        ),
        ({"results": ""}, "--paceline-results is '', expected a string that is not empty"),
    ],
)
def test_a_wrong_option_is_named_as_it_is_typed(options: dict[str, Any], message: str) -> None:
    """
    On the command line the message names the flag, not the key.
    """
    assert _error(None, options, {}) == f"the command line: {message}"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"PERFORMANCE_MONITORING": "maybe"}, "PERFORMANCE_MONITORING is 'maybe', expected true or false"),
        ({"VERBOSE_TESTS": "2"}, "VERBOSE_TESTS is '2', expected true or false"),
        (
            {"PACELINE_SUITE": "x" * 101},
            f"PACELINE_SUITE is '{'x' * 101}', expected a string of at most 100 characters",
        ),
    ],
)
def test_a_wrong_variable_is_named(environ: dict[str, str], message: str) -> None:
    """
    In the environment the message names the variable, not the key.
    """
    assert _error(None, {}, environ) == f"the environment variable {message}"


def test_the_dashboard_port_has_a_default() -> None:
    """
    Without PERFORMANCE_DASHBOARD_PORT, or with an empty one, it is 4001.
    """
    ports = [dashboard_port({}), dashboard_port({"PERFORMANCE_DASHBOARD_PORT": ""})]

    assert ports == [4001, 4001]
    assert dashboard_port({"PERFORMANCE_DASHBOARD_PORT": "9100"}) == 9100


@pytest.mark.parametrize("text", ["65536", "-1", "http", "80 ", "٣", "99999999"])
def test_a_dashboard_port_out_of_range_is_refused(text: str) -> None:
    """
    The message names the variable, the text that it has, and the range.
    """
    with pytest.raises(ConfigError) as caught:
        dashboard_port({"PERFORMANCE_DASHBOARD_PORT": text})

    assert str(caught.value) == (
        f"the environment variable PERFORMANCE_DASHBOARD_PORT is '{text}', expected a port from 0 to 65535"
    )


def test_a_missing_file_has_no_table(tmp_path: Path) -> None:
    """
    No file, no `[tool]` and no `[tool.paceline]` are the same: no settings.
    """
    (tmp_path / "other.toml").write_text("[project]\nname = 'shop'\n")

    assert read_table(None) == read_table(tmp_path / "missing.toml") == read_table(tmp_path / "other.toml") == {}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("[project]\nname = 'shop'\n", "shop"),
        ("[project]\nversion = '1'\n", ""),
        ("[project]\nname = 5\n", ""),
        ("project = 5\n", ""),
        ("= =", ""),
    ],
)
def test_the_name_of_the_project_is_found_or_empty(pyproject: Path, content: str, name: str) -> None:
    """
    Only a text in `[project]` is a name; anything else is none, and no error.
    """
    pyproject.write_text(content)

    assert project_name(pyproject) == name
