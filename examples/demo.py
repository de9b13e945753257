"""
Show Paceline at work: ten runs of a small shop make a history, the eleventh runs a new release of it.

Release 2 asks the database once for each line of a cart. That breaks a budget, is a regression, a higher count of
queries, and a repeated query. A cache that never forgets is a leak, and a test that depends on the day is flaky; these
two are in both releases.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import click
from demo_stack import show_in_prometheus

_EXAMPLES = Path(__file__).resolve().parent
_SHOP = _EXAMPLES.parent / "build" / "demo" / "shop"
_STACK = _SHOP.with_name("stack")
_REPORT = _SHOP / "performance_results" / "latest_report.json"
_RUNS = 10
# One run a day from a Monday on: the offers of Friday and Saturday fail their test, the last run's passes.
_MONDAY = date(2026, 11, 2)
_COMMITS = {1: "1111111111111111111111111111111111111111", 2: "2222222222222222222222222222222222222222"}
_EXPECTED = {"budget", "regression", "count", "repeated_queries", "leak", "flaky"}
_ALERTS = """3. The Prometheus that goes on running: what fires in {prometheus}/alerts, and any question in
   {prometheus}/graph, such as

  topk(5, last_over_time(paceline_test_duration_seconds[1d]))

   `paceline stack down --folder {folder}` ends it.
"""
_LIVE = """3. The metrics of a run while it runs, as a Prometheus reads them:

  pytest --paceline --paceline-port &
  until curl -s 127.0.0.1:4001/metrics | grep paceline_run_progress; do sleep 0.1; done
"""
# What the demo is about is set below; a variable of the caller or of a CI system would change what it shows.
_LEFT_OUT = ("GIT_", "PACELINE_", "PERFORMANCE_", "PYTEST_", "SHOP_", "VERBOSE_TESTS")
# Other plugins that happen to be installed are left out: they take longer to start than the suite to run.
_PYTEST = (sys.executable, "-m", "pytest", "-p", "paceline", "--paceline")
_GIT_SETTINGS = {
    "init.defaultBranch": "main",
    "user.name": "demo",
    "user.email": "demo@example.invalid",
    "commit.gpgsign": "false",
}


@click.command(help=__doc__)
@click.option(
    "--stack", is_flag=True, help="Then show the runs in a Prometheus on this machine, which goes on running."
)
def main(*, stack: bool) -> None:
    _prepare()
    click.echo(f"A fresh copy of the shop is in {_shown(_SHOP)}.")
    with click.progressbar(range(_RUNS), label=f"{_RUNS} runs of its suite make a history") as runs:
        for run in runs:
            _run_quietly(run)
    click.secho("\nNow release 2 of the shop: SHOP_RELEASE=2 pytest --paceline\n", bold=True)
    last = subprocess.run(_PYTEST, cwd=_SHOP, env=_environment(_RUNS, release=2), check=False)  # noqa: S603 - fixed
    if last.returncode:
        raise click.ClickException(f"the last run ended with {last.returncode}, expected 0")
    if missing := _EXPECTED - _found():
        raise click.ClickException(f"the last run did not show: {', '.join(sorted(missing))}")
    urls = show_in_prometheus(_SHOP, _STACK, _last_run(), _environment(_RUNS)) if stack else {}
    click.echo(_what_next(urls))


def _prepare() -> None:
    shutil.rmtree(_SHOP, ignore_errors=True)
    shutil.copytree(
        _EXAMPLES / "shop", _SHOP, ignore=shutil.ignore_patterns(".*", "__pycache__", "performance_results")
    )
    if shutil.which("git"):
        _make_repository()


def _make_repository() -> None:
    """
    Make the copy a repository of its own, so that changes in the repository around it do not make its runs dirty.
    """
    settings = [part for name, value in _GIT_SETTINGS.items() for part in ("-c", f"{name}={value}")]
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-q", "--no-verify", "-m", "The shop")):
        _checked(["git", *settings, *arguments], _environment(0), {0})


def _run_quietly(run: int) -> None:
    # 1 is a failed test, which a flaky one is at times.
    _checked([*_PYTEST, "-q"], _environment(run), {0, 1})


def _checked(command: Sequence[str], environment: Mapping[str, str], good: set[int]) -> None:
    done = subprocess.run(  # noqa: S603 - fixed arguments
        command, cwd=_SHOP, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode not in good:
        raise click.ClickException(f"{shlex.join(command)} ended with {done.returncode}:\n{done.stdout}")


def _environment(run: int, release: int = 1) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)} | {
        "PACELINE_BRANCH": "main",
        "PACELINE_DEFAULT_BRANCH": "main",
        "PACELINE_COMMIT": _COMMITS[release],
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "SHOP_RELEASE": str(release),
        "SHOP_DAY": str(_MONDAY + timedelta(days=run)),
    }


def _found() -> set[str]:
    """
    The kinds of verdicts in the report of the last run; none where that run left no report.
    """
    if not _REPORT.is_file():
        return set()
    report = json.loads(_REPORT.read_bytes())
    return {verdict["kind"] for verdict in report["verdicts"]} if report["commit"] == _COMMITS[2] else set()


def _last_run() -> str:
    run_id: str = json.loads(_REPORT.read_bytes())["run_id"]
    return run_id


def _what_next(urls: Mapping[str, str]) -> str:
    activate = Path(sys.executable).with_name("activate")
    enter = " && ".join([*([f". {_shown(activate)}"] if activate.is_file() else []), f"cd {_shown(_SHOP)}"])
    third = _ALERTS.format(**urls, folder=os.path.relpath(_STACK, _SHOP)) if urls else _LIVE
    return f"""
The demo is complete: the report of release 2 is above. Three things to look at, after

  {enter}

1. The report as a pull request shows it:

  paceline report --format markdown

2. Each test over its {_RUNS + 1} runs:

  paceline trends

{third}"""


def _shown(path: Path) -> str:
    return os.path.relpath(path)


if __name__ == "__main__":
    main()
