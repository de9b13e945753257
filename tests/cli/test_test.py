"""
`paceline test`.
"""

import subprocess
import sys

import pytest

from paceline.history.results_folder import read_run
from paceline.verdict_kinds import VerdictKind
from support.suite import QUIET, Suite
from support.values import FAILING
from support.wording import invalid

_KINDS = """
    import time, pytest

    def test_plain(): time.sleep(0.005)
    @pytest.mark.benchmark
    def test_marked(): pass
    @pytest.mark.benchmark_test
    def test_timed(): pass
    def test_using(benchmark): pass
    @pytest.mark.stress
    def test_stress(): pass
    @pytest.fixture
    def benchmark(): pass
"""


def _paceline(suite: Suite, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "paceline", "test", *arguments],
        cwd=suite.folder,
        env={**suite.environ, "PYTEST_ADDOPTS": " ".join(QUIET)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _ran(suite: Suite) -> list[str]:
    cases = read_run(suite.results / "latest_report.json").cases
    return [case.id.partition("::")[2] for case in cases]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["test_plain", "test_marked", "test_timed", "test_using"]),
        (("--benchmarks-only",), ["test_marked", "test_timed", "test_using"]),
        (("--stress-test",), ["test_plain", "test_marked", "test_timed", "test_using", "test_stress"]),
        (("plain",), ["test_plain"]),
        (("using", "marked"), ["test_marked", "test_using"]),
        (("test_k*.py",), ["test_plain", "test_marked", "test_timed", "test_using"]),
        (("test_kinds.py::test_using",), ["test_using"]),
        (("test_kinds.py", "--", "-k", "marked"), ["test_marked"]),
    ],
)
def test_which_tests_run(suite: Suite, arguments: tuple[str, ...], expected: list[str]) -> None:
    """
    Benchmarks alone where asked, stress tests only where asked, and patterns that are words, globs or node ids.
    """
    suite.write("test_kinds.py", _KINDS)
    result = _paceline(suite, *arguments)

    assert result.returncode == 0, result.stdout + result.stderr
    assert _ran(suite) == expected


def test_a_budget_of_one_millisecond_is_broken_by_five(suite: Suite) -> None:
    """
    `--budget 1` makes a test of 5 ms break its budget, and `--fail-on budget` makes that exit code 10.
    """
    suite.write("test_kinds.py", _KINDS)
    result = _paceline(suite, "plain", "--budget", "1", "--fail-on", "budget")
    (verdict,) = read_run(suite.results / "latest_report.json").verdicts

    assert result.returncode == 10
    assert (verdict.kind, verdict.limit) == (VerdictKind.BUDGET, 0.001)
    assert verdict.measured is not None and verdict.measured >= 0.005


def test_no_save_results_keeps_nothing(suite: Suite) -> None:
    """
    `--no-save-results` judges, reports and leaves no folder.
    """
    suite.write("test_kinds.py", _KINDS)
    result = _paceline(suite, "--no-save-results")

    assert "= paceline =" in result.stdout
    assert not suite.results.exists()


def test_the_dashboard_says_where_it_is(suite: Suite) -> None:
    """
    `--dashboard --port 0` serves on a free port of loopback.
    """
    suite.write("test_kinds.py", _KINDS)

    assert "paceline: live metrics on http://127.0.0.1:" in _paceline(suite, "--dashboard", "--port", "0").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--bugdet", "5"), "--bugdet"),
        (("nothing_*.py",), invalid("PATTERNS", "no file or folder matches 'nothing_*.py'")),
        (("nothing.py",), invalid("PATTERNS", "no file or folder 'nothing.py'")),
        (("tests/nothing",), invalid("PATTERNS", "no file or folder 'tests/nothing'")),
        (("--budget", "0"), "'--budget'"),
        (
            ("--fail-on", "budget,unconfirmed"),
            invalid(
                "--fail-on",
                f"'unconfirmed' is not one of {FAILING}.",
            ),
        ),
        (("--port", "70000"), "'--port'"),
    ],
)
def test_wrong_words_are_refused(suite: Suite, arguments: tuple[str, ...], message: str) -> None:
    """
    An unknown option, a glob that fits nothing and a port that cannot be end with exit code 2.
    """
    result = _paceline(suite, *arguments)

    assert result.returncode == 2
    assert message in result.stderr


def test_exit_codes_of_pytest_are_passed_on(suite: Suite) -> None:
    """
    A failing test is 1, no tests is 5.
    """
    suite.write("test_fails.py", "def test_fails(): assert False\n")

    assert _paceline(suite).returncode == 1
    assert _paceline(suite, "nowhere").returncode == 5
