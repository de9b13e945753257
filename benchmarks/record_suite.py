"""
Record runs of an unchanged suite beside a changing number of busy processes, for `gate.py`.

    python benchmarks/record_suite.py FOLDER OUTPUT.json.xz --python VENV/bin/python --runs 40

The suite runs in FOLDER as a user would run it, with Paceline, the gate of the README and a history of its own. Each
run is written as it ends, so that an interrupted recording goes on where it stopped.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from busy import LOADS, busy_processes
from gate_recordings import RecordedRun, read_recording, write_recording
from msgspec import json

FAIL_ON = "budget,regression,suite_regression,count,leak"
_SECONDS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description="Record runs of an unchanged suite.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--results", type=Path, help="the history of the recording (default: beside the output)")
    arguments = parser.parse_args()
    results = arguments.results or arguments.output.with_suffix(".results")
    runs = list(read_recording(arguments.output).runs) if arguments.output.exists() else []
    while len(runs) < arguments.runs:
        load = LOADS[len(runs) % len(LOADS)]
        with busy_processes(load, "nice", "-n", "10"):
            run = _record(arguments.folder, arguments.python, results.resolve())
        run.load = load
        runs.append(run)
        write_recording(arguments.output, runs)
        print(
            len(runs),
            f"load {load}",
            f"exit {run.exit_code}",
            f"others {run.others_cpu_percent}%",
            run.found,
            flush=True,
        )


def _record(folder: Path, python: Path, results: Path) -> RecordedRun:
    with tempfile.TemporaryDirectory() as scratch:
        into = Path(scratch) / "run.json"
        command = _command(python, results)
        subprocess.run(
            command, check=False, cwd=folder, env=_environ(into), stdout=subprocess.DEVNULL, timeout=_SECONDS
        )
        return json.decode(into.read_bytes(), type=RecordedRun)


def _command(python: Path, results: Path) -> Sequence[str]:
    return (
        str(python),
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "record_repeats",
        "--paceline",
        f"--paceline-results={results}",
        "--paceline-fail-on",
        FAIL_ON,
    )


def _environ(into: Path) -> dict[str, str]:
    here, package = Path(__file__).parent, Path(__file__).parents[1] / "exporter"
    return {**os.environ, "PYTHONPATH": f"{here}:{package}", "RECORD_INTO": str(into), "PYTHONDONTWRITEBYTECODE": ""}


if __name__ == "__main__":
    main()
