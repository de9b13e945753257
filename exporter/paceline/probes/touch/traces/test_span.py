"""
The span of the test that runs now.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from paceline.probes.touch.attribution import Attribution
from paceline.trace_ids import span_id, trace_id
from paceline.unpatched import UNPATCHED

_SAMPLED = 1


class TestSpan:
    """
    Where the test stands in the trace of its run; nowhere unless runs are sent as traces.

    Args:
        attribution: tells threads that work for the test.
    """

    __test__ = False

    def __init__(self, attribution: Attribution) -> None:
        self._attribution: Final = attribution
        self._run_id = ""
        self._sends_headers = False
        self._ids: tuple[int, int] | None = None
        self._span: Any = None

    def follow(self, run_id: str, *, sends_headers: bool) -> None:
        """
        Be the parent of what tests do.

        Args:
            run_id: of the run.
            sends_headers: whether requests of tests say what trace they belong to.
        """
        self._run_id, self._sends_headers = run_id, sends_headers

    @contextmanager
    def of_test(self, case_id: str) -> Iterator[None]:
        """
        While a test runs.

        Args:
            case_id: its id; "" for no test.
        """
        before = self._ids, self._span
        self._ids, self._span = self._ids_of(case_id), None
        try:
            yield
        finally:
            self._ids, self._span = before

    @property
    def is_on(self) -> bool:
        """
        Whether a test runs, and is to be in a trace.
        """
        return self._ids is not None

    def parent(self, api: Any) -> Any:
        """
        The span as OpenTelemetry has it; None where the calling thread works for no test.

        Args:
            api: the module `opentelemetry.trace`.
        """
        if self._ids is None or self._attribution.of_caller() is self._attribution.background:
            return None
        if self._span is None:
            trace, span = self._ids
            flags = api.TraceFlags(_SAMPLED)
            self._span = api.NonRecordingSpan(api.SpanContext(trace, span, is_remote=True, trace_flags=flags))
        return self._span

    def is_of_a_test(self, span: Any) -> bool:
        """
        Whether a span stands for a test of this run, maybe an earlier one.
        """
        return self._ids is not None and span.get_span_context().trace_id == self._ids[0] and not span.is_recording()

    def traceparent(self) -> str | None:
        """
        The header of a request of the test that says what trace it belongs to; None where it is to have none.

        Source: W3C, "Trace Context".
        """
        if not self._sends_headers or self._ids is None or self._attribution.is_driving:
            return None
        api = UNPATCHED.modules.get("opentelemetry.trace")
        current = api.get_current_span().get_span_context() if api is not None else None
        trace, span = (current.trace_id, current.span_id) if current is not None and current.is_valid else self._ids
        return f"00-{trace:032x}-{span:016x}-{_SAMPLED:02x}"

    def _ids_of(self, case_id: str) -> tuple[int, int] | None:
        if not self._run_id or not case_id:
            return None
        return int.from_bytes(trace_id(self._run_id)), int.from_bytes(span_id(self._run_id, case_id))
