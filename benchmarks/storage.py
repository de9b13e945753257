"""
What a test of a run takes on its way and where it stays: bytes in Prometheus, in the ledger, over the wire.

How to read it: each figure is of one test in one run; `figures` is how many samples that is. Prometheus' blocks are
written by promtool from the export, as long as those that Prometheus itself has compacted to after a week, and hold
`runs a day`: where those are few, names and labels weigh more than values. The exporter is a real `paceline serve`,
and its answer is the one to a Prometheus that has not seen the run.
"""

import argparse
import gzip
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace
from synthetic import SyntheticSuite
from tabulate import tabulate

from paceline.delivery.openmetrics import exposition
from paceline.documents import encode_run
from paceline.history.archive import Archive
from paceline.metrics.run_samples import run_samples
from paceline.model import Run

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.exporter import SCRAPE, Exporter, exporter_in
from support.installed import prometheus_folder

_DAY = 86_400.0
# 2 h times 3 to the fourth: with 90 days of retention, no block grows larger.
_BLOCK_HOURS = 162


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=100, help="of the suite in Prometheus")
    parser.add_argument("--runs-a-day", default="1,10,100", help="separated by commas")
    given = parser.parse_args()
    blocks = [_block(given.tests, int(runs)) for runs in given.runs_a_day.split(",")]
    _print("Blocks of Prometheus, bytes", blocks)
    _print("Folders, bytes", _folders(tests=1000, runs=50))
    _print(
        "The exporter, one run after the other", (_exporter(tests, runs) for tests, runs in ((100, 200), (5000, 10)))
    )


def _print(title: str, rows: Sequence[Mapping[str, object]] | Iterator[Mapping[str, object]]) -> None:
    print(f"\n{title}\n\n{tabulate(rows, headers='keys', floatfmt='.3g')}", flush=True)


def _block(tests: int, runs_a_day: int) -> Mapping[str, object]:
    days = _BLOCK_HOURS * 3600 / _DAY
    runs = list(_runs(tests, round(days * runs_a_day), _DAY / runs_a_day))
    samples = [sample for run in runs for sample in run_samples(run, ["main"])]
    with tempfile.TemporaryDirectory() as folder:
        data = _blocks(exposition(samples), Path(folder))
        chunks, index = _size(data.glob("*/chunks/*")), _size(data.glob("*/index"))
    each = tests * len(runs)
    return {
        "runs a day": runs_a_day,
        "figures": len(samples) / each,
        "values": chunks / each,
        "names": index / each,
        "both": (chunks + index) / each,
        "a sample": (chunks + index) / len(samples),
    }


def _blocks(lines: Iterator[str], folder: Path) -> Path:
    text, data = folder / "runs.txt", folder / "data"
    with text.open("w", encoding="utf-8") as file:
        file.writelines(lines)
    fill = ("tsdb", "create-blocks-from", f"--max-block-duration={_BLOCK_HOURS}h", "--quiet", "openmetrics")
    subprocess.run([prometheus_folder() / "promtool", *fill, text, data], check=True, capture_output=True)
    return data


def _folders(tests: int, runs: int) -> Iterator[Mapping[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(Path(folder), print)
        archive.folder.prepare()
        for run in _runs(tests, runs, 3600):
            document = encode_run(run)
            archive.folder.add_document(document, run.ended)
            archive.ledger.add(run, document)
        documents, ledger = _size(archive.folder.documents()), _size([archive.folder.ledger])
    yield {"what": "documents of the results folder", "test and run": documents / tests / runs}
    yield {"what": "history.sqlite of the results folder", "test and run": ledger / tests / runs}
    with tempfile.TemporaryDirectory() as folder, exporter_in(Path(folder)) as exporter:
        _push(exporter, list(_runs(tests, runs, 3600)))
        exporter.stop()
        kept = _size([exporter.data / "history.sqlite"])
    yield {"what": "history.sqlite of the exporter", "test and run": kept / tests / runs}


def _exporter(tests: int, number: int) -> Mapping[str, object]:
    runs = list(_runs(tests, number, 1.0))
    with tempfile.TemporaryDirectory() as folder, exporter_in(Path(folder)) as exporter:
        sent, seconds = _push(exporter, runs)
    with tempfile.TemporaryDirectory() as folder, exporter_in(Path(folder)) as exporter:
        _push(exporter, runs[:1])
        body = exporter.get("/metrics/runs", **SCRAPE)
    return {
        "tests": tests,
        "runs a second": number / seconds,
        "tests a second": tests * number / seconds,
        "sent bytes": sent / tests / number,
        "scraped bytes, gzip": int(body.headers["Content-Length"]) / tests,
        "scraped bytes": len(body.content) / tests,
    }


def _push(exporter: Exporter, runs: Sequence[Run]) -> tuple[int, float]:
    bodies = [gzip.compress(encode_run(run), 1) for run in runs]
    began = time.perf_counter()
    for body in bodies:
        exporter.post(body, **{"Content-Encoding": "gzip"}).raise_for_status()
    return sum(map(len, bodies)), time.perf_counter() - began


def _runs(tests: int, number: int, seconds: float) -> Iterator[Run]:
    suite = SyntheticSuite.of(tests)
    # A whole number of blocks ago, so that all are in one.
    first = time.time() // (_BLOCK_HOURS * 3600) * (_BLOCK_HOURS * 3600) - _BLOCK_HOURS * 3600
    for place in range(number):
        ended = first + (place + 0.5) * seconds
        yield replace(suite.run(place), started=ended - 10, ended=ended)


def _size(paths: Iterator[Path] | Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in paths)


if __name__ == "__main__":
    main()
