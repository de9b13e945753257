"""
Which format a file has, and files that have none.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paceline.documents import encode_run
from paceline.errors import DocumentError, StorageError
from paceline.history.importers import imported_file, read_runs
from paceline.model import Case, Outcome, Run, RunOutcome
from support.wording import NO_FILE

_RUN = Run(
    run_id="01J0000000000000000000000A",
    suite="stock",
    branch="faster",
    outcome=RunOutcome.PASSED,
    started=1e9,
    ended=1e9 + 5,
    cases=(Case(id="test_a.py::test_b", family="test_a.py::test_b", test_type="api", outcome=Outcome.PASSED),),
)
_BEGINNINGS = (
    b"",
    b"{",
    b'{"schema": 1, "run_id": ',
    b'{"benchmarks": ',
    b'{"datetime": "2026-05-04T13:37:00Z", "benchmarks": [{"fullname": "a", "stats": ',
    b"<?xml",
    b"<testsuite ",
    b"<testsuites><testsuite>",
    b"<testsuite><testcase name='a' ",
)


def test_a_run_document_is_read_as_it_is(tmp_path: Path) -> None:
    """
    A run of Paceline keeps its id, suite and branch, whatever the caller says.
    """
    path = tmp_path / "performance_1.json"
    path.write_bytes(encode_run(_RUN))

    assert read_runs(path, "shop", "main") == [_RUN]


def test_the_content_tells_the_format_and_not_the_name(tmp_path: Path) -> None:
    """
    A format is known by what is in the file; a byte order mark and white space before it do not matter.
    """
    path = tmp_path / "report.json"
    path.write_bytes(b"\xef\xbb\xbf\r\n<testsuite><testcase name='a'/></testsuite>")
    run_in_xml = tmp_path / "run.xml"
    run_in_xml.write_bytes(b"\xef\xbb\xbf \n" + encode_run(_RUN))

    assert [run.suite for run in read_runs(path, "shop", "main")] == ["shop"]
    assert read_runs(run_in_xml, "shop", "main") == [_RUN]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "file: an empty file, expected a run document of Paceline, JUnit XML or JSON of pytest-benchmark"),
        (
            b"\x7fELF\x02\x01" + bytes(100),
            (
                "file: a file that begins with b'\\x7fELF\\x02\\x01\\x00\\x00\\x00\\x00\\x00\\x00', "
                "expected a run document of Paceline, JUnit XML or JSON of pytest-benchmark"
            ),
        ),
        (
            b"<coverage/>",
            (
                "file: a file that begins with b'<coverage/>', "
                "expected a run document of Paceline, JUnit XML or JSON of pytest-benchmark"
            ),
        ),
        (
            b'{"tests": [], "created": 1, "root": "/", "exitcode": 0, "summary": {}, "duration": 1}',
            (
                "file: a JSON object with 'created', 'duration', 'exitcode', 'root', 'summary', "
                "expected a run document of Paceline, JUnit XML or JSON of pytest-benchmark"
            ),
        ),
        (b'{"benchmarks": [', "file: not valid JSON: "),
        (b'{"benchmarks": NaN}', "file: not valid JSON: "),
        (
            b'{"schema": 1, "run_id": "a b"}',
            "file: not a run document: ",
        ),
        (b'{"schema": 9, "run_id": "a"}', "file: a run document of version 9, expected at most 1"),
        (
            b'{"benchmarks":' + b"[" * 10_000_000,
            (
                "file: values nested too deeply, "
                "expected a run document of Paceline, JUnit XML or JSON of pytest-benchmark"
            ),
        ),
    ],
    ids=[
        "empty",
        "binary",
        "other XML",
        "other JSON",
        "half a file",
        "not a number",
        "no run",
        "later version",
        "deep",
    ],
)
def test_a_file_without_a_known_format_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str
) -> None:
    """
    The message says what was found in the file, and what can be read.
    """
    monkeypatch.chdir(tmp_path)
    Path("file").write_bytes(content)

    with pytest.raises(DocumentError) as error:
        read_runs(Path("file"), "shop", "main")

    assert str(error.value).startswith(message)


@pytest.mark.parametrize("piece", [b"\x00", b" ", b"{", b"<", b"<!-- -->", b"<!-- ", b"<?"])
def test_a_large_file_of_nothing_is_refused_soon(tmp_path: Path, piece: bytes) -> None:
    """
    Megabytes of anything are looked through once.
    """
    path = tmp_path / "file"
    path.write_bytes(piece * (10_000_000 // len(piece)))

    with pytest.raises(DocumentError):
        read_runs(path, "shop", "main")


def test_a_file_larger_than_any_report_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    There is an end to what is read, even where a file has none.
    """
    monkeypatch.setattr(imported_file, "_LARGEST_MEBIBYTES", 1)
    path = tmp_path / "file"
    path.write_bytes(bytes((1 << 20) + 1))

    with pytest.raises(DocumentError) as error:
        read_runs(path, "shop", "main")

    assert str(error.value) == f"{path}: larger than 1 MiB, expected at most 1 MiB"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """
    A file that is missing is no fault of its content.
    """
    path = tmp_path / "missing.xml"

    with pytest.raises(StorageError) as error:
        read_runs(path, "shop", "main")

    assert str(error.value) == f"{path} cannot be read: {NO_FILE}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(_BEGINNINGS), st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_no_content_is_anything_but_runs_or_refused(tmp_path: Path, beginning: bytes, rest: bytes) -> None:
    """
    Whatever a file holds, reading it gives runs or a DocumentError that names the file.
    """
    path = tmp_path / "file"
    path.write_bytes(beginning + rest)

    try:
        read_runs(path, "shop", "main")
        message = ""
    except DocumentError as error:
        message = str(error)

    assert not message or message.startswith(f"{path}: ")
