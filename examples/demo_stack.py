"""
Show the runs of the demo in a Prometheus on this machine, and what fires there.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import click

from paceline.errors import PacelineError
from paceline.stack.programs import ALERTMANAGER, PROMETHEUS, Programs, default_cache
from paceline.stack.state_file import StateFile

_EVALUATION_SECONDS = 10


def show_in_prometheus(shop: Path, folder: Path, run_id: str, environ: Mapping[str, str]) -> dict[str, str]:
    """
    Start a stack, send it the runs of the shop, and show what fires for the last.

    Returns:
        The addresses of the servers; empty where they cannot be installed or started.
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

    click.secho("\nThe same in Prometheus and Alertmanager: paceline stack up\n", bold=True)
    call("stack", "down", "--folder", str(folder), quiet=True)
    shutil.rmtree(folder, ignore_errors=True)
    if not _have_programs() or not call("stack", "up", "--interval", "1", "--folder", str(folder), quiet=True):
        return {}
    urls = {one.name: one.url for one in StateFile(folder / "state.json").read()}
    call("replay", "--to", urls["exporter"])
    click.echo(f"The rules are evaluated every {_EVALUATION_SECONDS} seconds; please wait:\n")
    time.sleep(_EVALUATION_SECONDS)
    call("gate", "--prometheus", urls["prometheus"], "--run", run_id, "--severity", "info")
    return urls


def _have_programs() -> bool:
    """
    Whether Prometheus and Alertmanager are installed, or could be downloaded.
    """
    programs = Programs(default_cache(), tell=click.echo)
    try:
        for program in (PROMETHEUS, ALERTMANAGER):
            programs.have(program)
    except (PacelineError, OSError) as error:
        click.echo(f"This part is skipped: {error}.")
        return False
    return True
