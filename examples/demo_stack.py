"""
Show the runs of the demo in a Prometheus on this machine, and what fires there.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import click

from paceline.stack.state_file import StateFile

_COURSE_SECONDS = 10
_QUERIES = (
    "topk(5, last_over_time(paceline_test_duration_seconds[1d]))",
    "quantile_over_time(0.5, paceline_test_duration_seconds[1d])",
    "avg_over_time(paceline_test_passed[1d]) < 1",
    "max_over_time(paceline_test_measure[1d]) > min_over_time(paceline_test_measure[1d])",
)


def show_in_prometheus(shop: Path, folder: Path, run_id: str, environ: Mapping[str, str]) -> None:
    """
    Start a stack, send it the runs of the shop, and tell what fires for the last; where it cannot be had, say why.
    """

    def call(*arguments: str, quiet: bool = False) -> bool:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            [sys.executable, "-m", "paceline", *arguments],
            cwd=shop,
            env=dict(environ),
            check=False,
            stdout=subprocess.DEVNULL if quiet else None,
        )
        return done.returncode == 0

    click.secho("The same in Prometheus and Alertmanager: paceline stack up\n", bold=True)
    call("stack", "down", "--folder", str(folder), quiet=True)
    shutil.rmtree(folder, ignore_errors=True)
    if not call("stack", "up", "--interval", "1", "--folder", str(folder), quiet=True):
        click.echo("\nSo this part is left out; `paceline stack up --install` fetches what is missing.")
        return
    urls = {one.name: one.url for one in StateFile(folder / "state.json").read()}
    call("replay", "--to", urls["exporter"])
    click.echo(f"Rules look at them now, those of a test's course every {_COURSE_SECONDS} seconds; so wait a little:\n")
    time.sleep(_COURSE_SECONDS)
    call("gate", "--prometheus", urls["prometheus"], "--run", run_id, "--severity", "info")
    click.echo(_what_next(urls, folder))


def _what_next(urls: Mapping[str, str], folder: Path) -> str:
    queries = "\n".join(f"  {query}" for query in _QUERIES)
    return f"""
Rules judge a run by those that ended more than five minutes before it, so that regressions are not among them.
Alertmanager is at {urls["alertmanager"]}, Prometheus at {urls["prometheus"]}, with questions such as

{queries}

To end them: paceline stack down --folder {os.path.relpath(folder)}
"""
