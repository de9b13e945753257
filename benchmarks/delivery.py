"""
What sending a run costs at the end of a session.

For each size a synthetic run is sent to a server in another process that takes everything and keeps nothing: by push,
by OTLP, by OTLP without compression, and as a trace. `points by the SDK` builds the same points as data of
OpenTelemetry's SDK and has its exporter encode them, without sending; it is left out where that is not installed.

How to read it: `seconds` by the clock and `CPU` of this process, from the run in memory to the last answer; `MB` is
the peak of memory above what was there before, `sent MB` what went over the wire, `requests` in how many pieces.
"""

import argparse
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from end_of_run import peak, reset_peak
from synthetic import BRANCH, SyntheticSuite
from tabulate import tabulate

from paceline.delivery.exporter_sink import Push
from paceline.delivery.otlp.collector import Collector
from paceline.delivery.otlp.otlp_metrics import OtlpMetrics
from paceline.delivery.otlp.otlp_traces import OtlpTraces
from paceline.delivery.outbox import Outbox, pack
from paceline.delivery.sink import Sink
from paceline.http.server_access import ServerAccess
from paceline.metrics.run_samples import run_samples
from paceline.model import Run

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.receiving import receiving

_SECONDS = 600.0
_MEGA = 1e6
_PLAIN = {"OTEL_EXPORTER_OTLP_COMPRESSION": "none"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", default="1000,10000", help="sizes, separated by commas")
    rows = [row for tests in map(int, parser.parse_args().tests.split(",")) for row in _measured(tests)]
    print(tabulate(rows, headers=["tests", "way", "seconds", "CPU", "MB", "sent MB", "requests"], floatfmt=".2f"))


def _measured(tests: int) -> list[list[object]]:
    run = SyntheticSuite.of(tests).run(0)
    ways: dict[str, Callable[[str], Sink]] = {
        "push": lambda url: Push(ServerAccess(url)),
        "OTLP": lambda url: OtlpMetrics(_collector(url), lambda: BRANCH),
        "OTLP, plain": lambda url: OtlpMetrics(_collector(url, _PLAIN), lambda: BRANCH),
        "trace": lambda url: OtlpTraces(_collector(url)),
    }
    return [[tests, name, *_sent(run, sink)] for name, sink in ways.items()] + _by_sdk(tests, run)


def _collector(url: str, environ: dict[str, str] | None = None) -> Collector:
    return Collector(ServerAccess(url), environ or {}, "metrics")


def _sent(run: Run, make: Callable[[str], Sink]) -> list[object]:
    ours, theirs = get_context("spawn").Pipe()
    server = get_context("spawn").Process(target=_serve, args=(theirs,))
    server.start()
    sink = make(ours.recv())
    costs = _cost(lambda: sink.deliver(_put(run, sink), _SECONDS))
    ours.send("over")
    size, requests = ours.recv()
    server.join()
    return [*costs, size / _MEGA, requests]


def _put(run: Run, sink: Sink) -> bytes:
    parcel = pack(run)
    box = Outbox(Path("build") / "outbox", sink.kind, "benchmark")
    box.put(parcel)
    box.remove(parcel.name)
    return parcel.packed


def _serve(connection: Connection) -> None:
    with receiving(status=200) as server:
        connection.send(server.url)
        connection.recv()
        connection.send((sum(len(request.body) for request in server.requests), len(server.requests)))


def _cost(work: Callable[[], object]) -> list[object]:
    before = reset_peak()
    began, began_cpu = time.perf_counter(), time.process_time()
    work()
    return [time.perf_counter() - began, time.process_time() - began_cpu, (peak() - before) / _MEGA]


def _by_sdk(tests: int, run: Run) -> list[list[object]]:
    try:
        from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics  # noqa: PLC0415
        from opentelemetry.sdk.metrics import export  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415
    except ImportError:
        return []

    def build() -> None:
        points: dict[str, list[export.NumberDataPoint]] = {}
        for metric, labels, value, timestamp in run_samples(run, [BRANCH]):
            pairs = dict(zip(metric.labels, labels, strict=True))
            point = export.NumberDataPoint(pairs, 0, round(timestamp * 1e9), value)
            points.setdefault(metric.name, []).append(point)
        metrics = [export.Metric(name, "", "", export.Gauge(data)) for name, data in points.items()]
        scope = export.ScopeMetrics(InstrumentationScope("paceline"), metrics, "")
        data = export.MetricsData([export.ResourceMetrics(Resource({}), [scope], "")])
        encode_metrics(data).SerializeToString()

    return [[tests, "points by the SDK", *_cost(build), None, None]]


if __name__ == "__main__":
    main()
