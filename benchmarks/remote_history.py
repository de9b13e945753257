"""
What a past in a Prometheus costs at the end of a run, beside the same past in the results folder.

For each size both are filled with the same synthetic runs, and one run more is judged against each: once as ever,
once with 1% of the tests slower, whose causes are asked for too.

How to read it: `seconds` is the time by the clock until the verdicts are there, `CPU` that of this process alone,
`requests` how many questions the server got. Prometheus runs on the same machine, so that a busy one slows both.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from synthetic import BRANCH, SyntheticSuite, lean
from tabulate import tabulate

from paceline.analysis.judgement_rules import Rules
from paceline.history.archive import Archive
from paceline.http.server_access import ServerAccess
from paceline.model import Run
from paceline.prometheus.past_runs import Prometheus
from paceline.prometheus.query_client import Answered, QueryClient
from paceline.usage import UsageKey

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.servers import prometheus_with

_SECONDS = 600.0
_USAGE = {
    UsageKey.CPU_SECONDS,
    UsageKey.CPU_WAIT_SECONDS,
    UsageKey.MEMORY_RETAINED_BYTES,
    UsageKey.IMPORTED_MODULES,
}


class CountingClient(QueryClient):
    """
    Counts what it is asked.
    """

    asked = 0

    def query(self, promql: str, at: float) -> list[Answered]:
        self.asked += 1
        return super().query(promql, at)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", default="1000x50,10000x50", help="sizes, as TESTSxRUNS, separated by commas")
    sizes = [tuple(map(int, size.split("x"))) for size in parser.parse_args().grid.split(",")]
    rows = [row for tests, runs in sizes for row in _measured(tests, runs)]
    print(tabulate(rows, headers=["tests", "runs", "past", "run", "seconds", "CPU", "requests", "verdicts"]))


def _measured(tests: int, runs: int) -> Iterator[list[object]]:
    suite = SyntheticSuite.of(tests)
    known = [lean(suite.run(number), _USAGE) for number in range(runs)]
    new = {"as ever": suite.run(runs), "1% slower": suite.run(runs, slower=0.01)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        here = Archive(folder, print)
        here.folder.prepare()
        for run in known:
            here.ledger.add(run)
        for kind, run in new.items():
            yield [tests, runs, "folder", kind, *_judged(here, run)]
        with prometheus_with(known, folder, [BRANCH]) as server:
            for kind, run in new.items():
                client = CountingClient(ServerAccess(server.url), _SECONDS)
                there = Archive(folder, print, server=Prometheus(client))
                yield [tests, runs, "Prometheus", kind, *_judged(there, run, client)]


def _judged(archive: Archive, run: Run, client: CountingClient | None = None) -> list[object]:
    began, began_cpu = time.perf_counter(), time.process_time()
    judged, _ = archive.judged(run, Rules(), BRANCH)
    seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    return [round(seconds, 2), round(cpu, 2), client.asked if client else 0, len(judged.verdicts)]


if __name__ == "__main__":
    main()
