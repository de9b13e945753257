"""
A run as a trace, with a span for each test, in the words of OpenTelemetry's semantic conventions.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from paceline.delivery.otlp.collector import SCOPE, Collector, attributes, nanoseconds
from paceline.delivery.outbox import unpack
from paceline.delivery.sink import Receipt
from paceline.model import Case, Run, RunOutcome
from paceline.trace_ids import span_id, trace_id

_SPANS_OF_A_REQUEST = 5_000
# test.suite.run.status
_STATUS = {
    RunOutcome.PASSED: "success",
    RunOutcome.FAILED: "failure",
    RunOutcome.ERROR: "failure",
    RunOutcome.INTERRUPTED: "aborted",
    RunOutcome.CRASHED: "aborted",
}


class OtlpTraces:
    """
    The sink `otlp-traces`. A run that comes twice has the same ids.

    Args:
        collector: takes traces.
    """

    kind: Final = "otlp-traces"

    def __init__(self, collector: Collector) -> None:
        self.address: Final = str(collector)
        self._collector: Final = collector

    def deliver(self, packed: bytes, seconds: float) -> Receipt:
        """
        Send the trace of a run; see `Sink`.
        """
        run = unpack(packed, "the outbox")
        self._collector.send(trace_messages(spans(run), self._collector.resource_of(run.suite)), seconds)
        return Receipt()


def trace_messages(run_spans: Iterable[Span], resource: Resource) -> Iterator[bytes]:
    """
    Spans as requests of the protocol, in pieces that a collector takes.
    """
    rest = iter(run_spans)
    while batch := list(islice(rest, _SPANS_OF_A_REQUEST)):
        request = ExportTraceServiceRequest()
        request.resource_spans.add(resource=resource).scope_spans.add(scope=SCOPE, spans=batch)
        yield request.SerializeToString()


def spans(run: Run) -> Iterator[Span]:
    """
    The span of the run, then one for each test.

    A test of which it is not known when it began, as in runs of earlier releases, is laid after the test before it.
    """
    of_run, root_id = trace_id(run.run_id), span_id(run.run_id)
    yield Span(
        trace_id=of_run,
        span_id=root_id,
        name=f"pytest {run.suite}",
        kind=Span.SPAN_KIND_INTERNAL,
        attributes=attributes(_run_attributes(run)),
        status=_status(is_failure=run.outcome is not RunOutcome.PASSED),
        start_time_unix_nano=nanoseconds(run.started),
        end_time_unix_nano=nanoseconds(run.ended),
    )
    ended = run.started
    for case in run.cases:
        started = case.started if case.started is not None else ended
        seconds = sum(filter(None, (case.setup_seconds, case.duration_seconds, case.teardown_seconds)))
        ended = case.ended if case.ended is not None else started + seconds
        yield Span(
            trace_id=of_run,
            span_id=span_id(run.run_id, case.id),
            parent_span_id=root_id,
            name=case.id,
            kind=Span.SPAN_KIND_INTERNAL,
            attributes=attributes(_case_attributes(run, case)),
            status=_status(is_failure=case.outcome.is_failure),
            start_time_unix_nano=round(started * 1e9),
            end_time_unix_nano=round(ended * 1e9),
        )


def _run_attributes(run: Run) -> dict[str, str]:
    pairs = {
        "test.suite.name": run.suite,
        "test.suite.run.status": _STATUS.get(run.outcome, ""),
        "vcs.ref.head.name": run.branch,
        "vcs.ref.head.revision": run.commit,
        "paceline.run_id": run.run_id,
    }
    return {name: value for name, value in pairs.items() if value}


def _case_attributes(run: Run, case: Case) -> dict[str, str]:
    pairs = {
        "test.suite.name": run.suite,
        "test.case.name": case.id,
        "paceline.test_type": case.test_type,
        "paceline.outcome": case.outcome.label,
    }
    # The conventions know no test that was skipped.
    if case.outcome.is_pass or case.outcome.is_failure:
        pairs["test.case.result.status"] = "pass" if case.outcome.is_pass else "fail"
    return pairs


def _status(*, is_failure: bool) -> Status:
    return Status(code=Status.STATUS_CODE_ERROR if is_failure else Status.STATUS_CODE_UNSET)
