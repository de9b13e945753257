"""
Runs as traces.
"""

from msgspec.structs import replace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from paceline.delivery.otlp.otlp_traces import spans, trace_messages
from paceline.model import Outcome, RunOutcome
from support.values import EPOCH, make_case, make_run

_CASES = [
    make_case("test_a", 0.5, setup_seconds=0.25, teardown_seconds=0.25),
    make_case("test_b", 2.0, outcome=Outcome.ERROR),
    make_case("test_c", None, outcome=Outcome.SKIPPED),
]
_RUN = make_run(0, _CASES, commit="4f2c", outcome=RunOutcome.FAILED)


def _attributes(span: Span) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in span.attributes}


def test_the_run_is_the_root() -> None:
    """
    From its start to its end, with its suite, its branch and its commit.
    """
    root = next(spans(_RUN))

    assert (root.name, root.parent_span_id, root.status.code) == ("pytest shop", b"", Status.STATUS_CODE_ERROR)
    assert (root.start_time_unix_nano, root.end_time_unix_nano) == ((EPOCH - 10) * 1e9, EPOCH * 1e9)
    assert _attributes(root) == {
        "test.suite.name": "shop",
        "test.suite.run.status": "failure",
        "vcs.ref.head.name": "main",
        "vcs.ref.head.revision": "4f2c",
        "paceline.run_id": "run-0",
    }


def test_each_test_is_a_span_of_it() -> None:
    """
    By the conventions a test passed or failed; one that was skipped has no result.
    """
    root, *tests = spans(_RUN)

    assert [_attributes(span).get("test.case.result.status") for span in tests] == ["pass", "fail", None]
    assert [span.status.code for span in tests] == [0, Status.STATUS_CODE_ERROR, 0]
    assert {(span.trace_id, span.parent_span_id) for span in tests} == {(root.trace_id, root.span_id)}
    assert _attributes(tests[0]) == {
        "test.suite.name": "shop",
        "test.case.name": "test_a",
        "test.case.result.status": "pass",
        "paceline.test_type": "unit",
        "paceline.outcome": "passed",
    }


def test_tests_lie_where_they_began() -> None:
    """
    As on two workers, and with a gap; one of which the start is not known follows the one before.
    """
    times = [(EPOCH - 9.5, EPOCH - 8), (EPOCH - 9, None), (None, None)]
    cases = [replace(case, started=start, ended=end) for case, (start, end) in zip(_CASES, times, strict=True)]
    _, *tests = spans(make_run(0, cases))
    start = (EPOCH - 10) * 1e9

    assert [(span.start_time_unix_nano - start, span.end_time_unix_nano - start) for span in tests] == [
        (0.5e9, 2e9),
        (1e9, 3e9),
        (3e9, 3e9),
    ]


def test_tests_of_earlier_releases_are_laid_end_to_end() -> None:
    """
    All phases of a test, then the next test.
    """
    _, *tests = spans(_RUN)
    start = (EPOCH - 10) * 1e9

    assert [(span.start_time_unix_nano - start, span.end_time_unix_nano - start) for span in tests] == [
        (0, 1e9),
        (1e9, 3e9),
        (3e9, 3e9),
    ]


def test_a_run_that_comes_twice_is_one_trace() -> None:
    """
    Ids come from the run and the test, so that all are the same, and no two of a run are.
    """
    first, second = list(spans(_RUN)), list(spans(_RUN))

    assert first == second
    assert len({span.span_id for span in first}) == 4
    assert next(spans(make_run(1))).trace_id != first[0].trace_id


def test_a_large_run_is_sent_in_pieces() -> None:
    """
    Each with who sends.
    """
    resource = Resource(dropped_attributes_count=7)
    run = make_run(1, [make_case(f"test_{number}") for number in range(6000)])
    requests = [ExportTraceServiceRequest.FromString(one) for one in trace_messages(spans(run), resource)]

    assert [len(request.resource_spans[0].scope_spans[0].spans) for request in requests] == [5000, 1001]
    assert {request.resource_spans[0].resource.dropped_attributes_count for request in requests} == {7}
