"""
`paceline test`: run pytest, measured and judged.
"""

import glob
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from msgspec import Struct

from paceline.cli.options.click_kinds import PYTEST_ARGUMENTS, Number, PassingOn
from paceline.cli.options.project import clear_errors, results_option
from paceline.cli.report import print_report
from paceline.config import LONGEST_BUDGET_MS, dashboard_port
from paceline.verdict_kinds import FAILING_KINDS


class _Asked(Struct, frozen=True, kw_only=True):
    """
    The options, as given.
    """

    patterns: tuple[str, ...]
    dashboard: bool
    port: int | None
    benchmarks_only: bool
    stress: bool
    budget: float | None
    save: bool | None
    report_only: bool
    fail_on: str | None
    results: Path | None


def _checked_kinds(_context: click.Context, _option: click.Parameter, kinds: str | None) -> str | None:
    for kind in (kinds or "").split(","):
        if kind.strip() and kind.strip() not in FAILING_KINDS:
            raise click.BadParameter(f"{kind.strip()!r} is not one of {', '.join(FAILING_KINDS)}.")
    return kinds


@click.command(cls=PassingOn, options_metavar="[OPTIONS]", epilog="Arguments after -- are passed to pytest unchanged.")
@click.argument("patterns", nargs=-1)
@click.option("--dashboard", is_flag=True, help="Serve live metrics at /metrics on 127.0.0.1 while tests run.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of the live metrics; implies --dashboard (default: 4001)."
)
@click.option("--benchmarks-only", is_flag=True, help="Run only benchmarks (marker or fixture 'benchmark').")
@click.option("--stress", "--stress-test", "stress", is_flag=True, help="Run stress tests too (marker 'stress').")
@click.option(
    "--budget",
    metavar="MS",
    type=Number(0, LONGEST_BUDGET_MS, min_open=True, max_open=True),
    help="Budget in milliseconds of each test without a budget of its own (default: by test type).",
)
@click.option(
    "--save/--no-save",
    "--save-results/--no-save-results",
    "save",
    default=None,
    help="Keep the run in the results folder, or only judge it (default: keep).",
)
@click.option("--report-only", is_flag=True, help="Print the last saved report and run no test.")
@click.option(
    "--fail-on",
    metavar="KINDS",
    callback=_checked_kinds,
    help=f"Verdicts that cause exit code 10, separated by commas (default: as configured): {', '.join(FAILING_KINDS)}.",
)
@results_option
@click.pass_context
def test(context: click.Context, /, **options: object) -> None:
    """
    Run pytest with Paceline on tests that match PATTERNS.

    A pattern is a file, a folder, a glob, a node id (tests/test_cart.py::test_total), or a word in the name of a test.
    A pattern with a slash, or with .py at its end, is a file or a folder.

    Each option has the name of pytest's option without `paceline-`: --stress is --paceline-stress. --stress-test,
    --save-results and --no-save-results are other names of the same options; --dashboard is --paceline-port without a
    number.

    \b
      paceline test
      paceline test tests/api "tests/test_c*.py"
      paceline test cart --budget 50 --fail-on budget,regression
      paceline test --dashboard -- -x -n 4
      paceline test --benchmarks-only
    """
    asked = _Asked(**options)  # type: ignore[arg-type]
    if asked.report_only:
        with clear_errors():
            print_report(None, "text", asked.results)
        return
    with clear_errors():
        arguments = _pytest_arguments(asked, context.meta[PYTEST_ARGUMENTS])
    context.exit(subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode)  # noqa: S603


def _pytest_arguments(asked: _Asked, rest: Sequence[str]) -> list[str]:
    port = asked.port if asked.port is not None else dashboard_port() if asked.dashboard else None
    switches = {
        "--paceline": True,
        "--paceline-benchmarks-only": asked.benchmarks_only,
        "--paceline-stress": asked.stress,
        "--paceline-no-save": asked.save is False,
    }
    values = {
        "--paceline-port": port,
        "--paceline-budget": asked.budget,
        "--paceline-fail-on": asked.fail_on,
        "--paceline-results": asked.results,
    }
    chosen = [name for name, is_on in switches.items() if is_on]
    chosen += [f"{name}={value}" for name, value in values.items() if value is not None]
    return [*chosen, *_selection(asked.patterns), *rest]


def _selection(patterns: Sequence[str]) -> list[str]:
    paths: list[str] = []
    words: list[str] = []
    for pattern in patterns:
        if "::" in pattern or Path(pattern).exists():
            paths.append(pattern)
        elif glob.has_magic(pattern):
            paths += _matching(pattern)
        elif _is_like_path(pattern):
            raise click.BadParameter(f"no file or folder {pattern!r}", param_hint="'PATTERNS'")
        else:
            words.append(pattern)
    return [*paths, *(["-k", " or ".join(words)] if words else [])]


def _is_like_path(pattern: str) -> bool:
    return pattern.endswith(".py") or "/" in pattern or os.sep in pattern


def _matching(pattern: str) -> list[str]:
    found = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - the pattern may be absolute
    if not found:
        raise click.BadParameter(f"no file or folder matches {pattern!r}", param_hint="'PATTERNS'")
    return found
