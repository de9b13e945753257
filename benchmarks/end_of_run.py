"""
What the end of one run costs, in a process of its own; `scaling.py` starts it for each of its rows.

`python benchmarks/end_of_run.py FOLDER TESTS NUMBER` judges run NUMBER of a synthetic suite against the history
in FOLDER, keeps it there, and prints what that took as JSON. With `--profile` it prints where the time went.

Seconds are by the clock. Memory is the peak of the process above what it held with the run in it, before it was
judged. The stages are told apart by wrapping public functions; each has its own time, without that of the ones
that it calls.
"""

import argparse
import cProfile
import gc
import os
import pstats
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, json
from synthetic import SyntheticSuite

from paceline.analysis.judgement_rules import Rules
from paceline.history import archive, past_judge
from paceline.history.archive import Archive
from paceline.history.results_folder import ResultsFolder
from paceline.history.sqlite.columns import LedgerReader
from paceline.history.sqlite.ledger import Ledger
from paceline.model import Run

STAGES = {
    "history": ((Ledger, "reader"), (LedgerReader, "read")),
    "judge": ((past_judge, "find_verdicts"), (past_judge, "explain")),
    "document": ((archive, "encode_run"), (ResultsFolder, "add_document")),
    "ledger": ((Ledger, "add"),),
    "trends": ((archive, "summarize"), (archive, "add_trends")),
}
_SLOWER = 0.005


class Cost(Struct, frozen=True, kw_only=True):
    """
    What judging and keeping a run took. `verdicts` shows that something was judged.
    """

    seconds: float
    cpu_seconds: float
    memory_bytes: int
    ledger_bytes: int
    verdicts: int
    stages: dict[str, float]


class Stopwatch:
    """
    Seconds by stage; a stage that calls another is charged for its own time alone.
    """

    def __init__(self) -> None:
        self.seconds: Final[dict[str, float]] = defaultdict(float)
        self._inner = [0.0]

    def wrap(self, owner: object, name: str, stage: str) -> None:
        setattr(owner, name, self.timed(getattr(owner, name), stage))

    def timed(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        @wraps(function)
        def timed_function(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever it wraps
            started = time.perf_counter()
            self._inner.append(0.0)
            try:
                return function(*args, **kwargs)
            finally:
                seconds = time.perf_counter() - started
                self.seconds[stage] += seconds - self._inner.pop()
                self._inner[-1] += seconds

        return timed_function


def end_run(run: Run, folder: Path) -> Run:
    """
    What the plugin does with a run after the last test.
    """
    kept = Archive(folder, sys.exit)
    judged, past = kept.judged(run, Rules())
    kept.keep(judged, past)
    return judged


def measure(run: Run, folder: Path) -> Cost:
    stopwatch = Stopwatch()
    for stage, functions in STAGES.items():
        for owner, name in functions:
            stopwatch.wrap(owner, name, stage)
    gc.collect()
    before = reset_peak()
    started, cpu_started = time.perf_counter(), time.process_time()
    judged = end_run(run, folder)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    return Cost(
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        memory_bytes=peak() - before,
        ledger_bytes=Archive(folder, sys.exit).folder.ledger.stat().st_size,
        verdicts=len(judged.verdicts),
        stages={**stopwatch.seconds, "rest": seconds - sum(stopwatch.seconds.values())},
    )


def reset_peak() -> int:
    """
    Let the peak begin anew, where the kernel can.

    Returns:
        The memory from which it rises.
    """
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    except OSError:
        return peak()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    try:
        status = Path("/proc/self/status").read_text("utf-8")
    except OSError:
        import resource  # noqa: PLC0415 - not on Windows

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _profile(run: Run, folder: Path) -> None:
    profile = cProfile.Profile()
    profile.runcall(end_run, run, folder)
    pstats.Stats(profile).sort_stats("tottime").print_stats(30)


def main() -> None:
    parser = argparse.ArgumentParser(description="Judge one synthetic run and keep it.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("tests", type=int)
    parser.add_argument("number", type=int)
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    run = SyntheticSuite.of(arguments.tests).run(arguments.number, slower=_SLOWER)
    if arguments.profile:
        _profile(run, arguments.folder)
    else:
        print(json.encode(measure(run, arguments.folder)).decode())


if __name__ == "__main__":
    main()
