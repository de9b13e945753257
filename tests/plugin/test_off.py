"""
Off means absent.
"""

import json

import pytest

from paceline.verdict_kinds import FAILING_KINDS
from support.suite import Suite

_WITNESS = """
    import json, sys, threading

    def pytest_sessionfinish(session):
        plugins = session.config.pluginmanager
        seen = {
            "modules": sorted(name for name in sys.modules if name.split(".")[0] == "paceline"),
            "libraries": sorted({"psutil", "prometheus_client", "msgspec", "click"} & set(sys.modules)),
            "plugins": sorted(name for name, _ in plugins.list_name_plugin() if "paceline" in name),
            "threads": sorted(t.name for t in threading.enumerate() if "paceline" in t.name),
        }
        print("WITNESS", json.dumps(seen))
"""


def _witness(suite: Suite, *arguments: str, on: bool = False) -> dict[str, object]:
    suite.write("conftest.py", _WITNESS)
    suite.write("test_one.py", "def test_one(): pass\n")
    output = suite.run("-s", *arguments, on=on).output
    line = next(line for line in output.splitlines() if "WITNESS" in line)
    found: dict[str, object] = json.loads(line.partition("WITNESS")[2])
    return found


@pytest.mark.parametrize("arguments", [(), ("--no-paceline",), ("--collect-only", "--paceline")])
def test_nothing_is_imported_registered_or_started_when_it_is_off(suite: Suite, arguments: tuple[str, ...]) -> None:
    """
    A session without Paceline has only the modules that offer the switch and fixtures, and leaves no folder.
    """
    seen = _witness(suite, *arguments)

    assert seen == {
        "modules": [
            "paceline",
            "paceline.plugin",
            "paceline.plugin.kit_fixtures",
            "paceline.plugin.load_fixtures",
            "paceline.unpatched",
        ],
        "libraries": [],
        "plugins": ["paceline"],
        "threads": [],
    }
    assert not suite.results.exists()


def test_a_session_imports_no_asyncio(suite: Suite) -> None:
    """
    Nor what it stands on: its import would be a sixth of what Paceline adds to the start of a session.
    """
    suite.write("conftest.py", "import sys\ndef pytest_sessionfinish(): print(*sys.modules)\n")
    suite.write("test_one.py", "def test_one(): pass\n")
    words = set(suite.run("-s").output.split())

    assert {"asyncio", "ssl", "msgspec"} & words == {"msgspec"}


@pytest.mark.parametrize("is_enabled", [True, False])
def test_a_project_is_measured_with_a_configuration_elsewhere(suite: Suite, is_enabled: bool) -> None:
    """
    With `-c`, `enabled` of the project's own file counts, and its settings.
    """
    suite.write("config/pytest.ini", "[pytest]\n")
    suite.write("pyproject.toml", f"[tool.paceline]\nenabled = {str(is_enabled).lower()}\nbudget_ms = 7\n")
    suite.write("tests/test_one.py", "def test_one(): pass\n")
    result = suite.run("-c", "config/pytest.ini", "tests", on=False)

    assert result.code == 0
    assert result.results.exists() == is_enabled
    assert not is_enabled or result.run.cases[0].budget_seconds == 0.007


def test_on_means_registered(suite: Suite) -> None:
    """
    The witness of the test above does see what is registered.
    """
    seen = _witness(suite, on=True)

    assert seen["plugins"] == [
        "paceline",
        *(
            f"paceline-{name}"
            for name in (
                "benchmarks",
                "last-teardown",
                "marker-budgets",
                "meter",
                "planner",
                "process",
                "session",
                "tests",
                "watching",
                "work",
            )
        ),
    ]
    assert "psutil" in str(seen["libraries"])


@pytest.mark.parametrize(
    ("pyproject", "environ"),
    [
        ("[tool.paceline]\nenabled = true\n", {}),
        ("", {"PERFORMANCE_MONITORING": "true"}),
    ],
)
def test_on_by_configuration_or_environment(suite: Suite, pyproject: str, environ: dict[str, str]) -> None:
    """
    `[tool.paceline] enabled` and PERFORMANCE_MONITORING switch on without an option.
    """
    suite.write("pyproject.toml", pyproject)
    suite.write("test_one.py", "def test_one(): pass\n")

    assert suite.run(environ=environ, on=False).kept_runs() == 1


def test_the_command_line_wins_over_configuration(suite: Suite) -> None:
    """
    `--no-paceline` switches off what the project switched on.
    """
    suite.write("pyproject.toml", "[tool.paceline]\nenabled = true\n")
    suite.write("test_one.py", "def test_one(): pass\n")

    suite.run("--no-paceline", on=False)

    assert not suite.results.exists()


def test_markers_and_fixture_are_there_when_it_is_off(suite: Suite) -> None:
    """
    A suite that uses Paceline's markers and fixture passes without it, under --strict-markers too.
    """
    suite.write(
        "test_one.py",
        """
        import pytest

        @pytest.mark.performance(budget_ms=1)
        @pytest.mark.integration
        def test_one(paceline):
            paceline.record("cart_items", 3, unit="items")
        """,
    )

    assert suite.run("--strict-markers", on=False).code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--paceline-fail-on", "regression"), 4),
        (("--paceline-require-history",), 4),
        (("--paceline-fail-on=regression", "--no-paceline"), 0),
        (("--paceline-fail-on=regression", "--collect-only"), 0),
        (("-o", "addopts=--paceline-fail-on=regression"), 0),
    ],
)
def test_a_gate_that_is_off_is_no_gate(suite: Suite, arguments: tuple[str, ...], code: int) -> None:
    """
    Asked for by hand without --paceline it is an error; in the project's addopts it waits for runs that are measured.
    """
    suite.write("test_one.py", "def test_one(): pass\n")
    result = suite.run(*arguments, on=False)

    option = arguments[0].partition("=")[0]
    message = f"ERROR: paceline: {option} needs --paceline: it is off, and nothing would be judged"
    assert (result.code, message in result.output) == (code, code == 4)


def test_the_help_names_each_kind(suite: Suite) -> None:
    """
    Those that a run can be made to fail on, as in the help of the command.
    """
    shown = " ".join(suite.run("--help", on=False).output.split())

    assert f"separated by commas (default: none): {', '.join(FAILING_KINDS)}." in shown
