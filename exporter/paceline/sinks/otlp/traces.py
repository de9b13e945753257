"""
A run as a trace, with a span for each test, in the words of OpenTelemetry's semantic conventions.
"""

import gzip
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import Final

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from paceline.client.endpoint import Endpoint
from paceline.model import Case, Run, RunOutcome, decode_run
from paceline.sinks.otlp.collector import hand_over, resource_of

_SPANS_OF_A_REQUEST = 5_000
_SCOPE = InstrumentationScope("paceline")
_TRACE_BYTES, _SPAN_BYTES = 16, 8
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
        endpoint: where a collector takes traces.
    """

    kind: Final = "otlp-traces"

    def __init__(self, endpoint: Endpoint) -> None:
        self.address: Final = str(endpoint)
        self._endpoint: Final = endpoint

    def deliver(self, packed: bytes, seconds: float) -> None:
        """
        Send the trace of a run; see `Sink`.
        """
        run = decode_run(gzip.decompress(packed), "a run in the outbox")
        hand_over(self._export, self._endpoint, _batches(list(spans(run, resource_of(run.suite)))), seconds)

    def _export(self, session: requests.Session) -> Callable[[Sequence[ReadableSpan]], object]:
        return OTLPSpanExporter(endpoint=self.address, session=session).export


def spans(run: Run, resource: Resource) -> Iterator[ReadableSpan]:
    """
    The span of the run, then one for each test.

    A run knows how long its tests took, not when each began: they are laid end to end, from its start.
    """
    root = _context(run, "")
    yield ReadableSpan(
        name=f"pytest {run.suite}",
        context=root,
        resource=resource,
        instrumentation_scope=_SCOPE,
        attributes=_run_attributes(run),
        status=_status(is_failure=run.outcome is not RunOutcome.PASSED),
        start_time=_nanoseconds(run.started),
        end_time=_nanoseconds(run.ended),
    )
    started = run.started
    for case in run.cases:
        ended = started + sum(filter(None, (case.setup_seconds, case.duration_seconds, case.teardown_seconds)))
        yield ReadableSpan(
            name=case.id,
            context=_context(run, case.id),
            parent=root,
            resource=resource,
            instrumentation_scope=_SCOPE,
            attributes=_case_attributes(run, case),
            status=_status(is_failure=case.outcome.is_failure),
            start_time=_nanoseconds(started),
            end_time=_nanoseconds(ended),
        )
        started = ended


def _run_attributes(run: Run) -> dict[str, str]:
    attributes = {
        "test.suite.name": run.suite,
        "test.suite.run.status": _STATUS[run.outcome],
        "vcs.ref.head.name": run.branch,
        "vcs.ref.head.revision": run.commit,
        "paceline.run_id": run.run_id,
    }
    return {name: value for name, value in attributes.items() if value}


def _case_attributes(run: Run, case: Case) -> dict[str, str]:
    attributes = {
        "test.suite.name": run.suite,
        "test.case.name": case.id,
        "paceline.test_type": case.test_type,
        "paceline.outcome": case.outcome.value,
    }
    # The conventions know no test that was skipped.
    if case.outcome.is_pass or case.outcome.is_failure:
        attributes["test.case.result.status"] = "pass" if case.outcome.is_pass else "fail"
    return attributes


def _status(*, is_failure: bool) -> Status:
    return Status(StatusCode.ERROR if is_failure else StatusCode.UNSET)


def _context(run: Run, name: str) -> SpanContext:
    return SpanContext(
        trace_id=_digest(run.run_id, _TRACE_BYTES),
        span_id=_digest(f"{run.run_id} {name}", _SPAN_BYTES),
        is_remote=False,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )


def _digest(text: str, size: int) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=size).digest())


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


def _batches(all_spans: Sequence[ReadableSpan]) -> Iterator[Sequence[ReadableSpan]]:
    for start in range(0, len(all_spans), _SPANS_OF_A_REQUEST):
        yield all_spans[start : start + _SPANS_OF_A_REQUEST]
