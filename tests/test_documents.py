"""
The document that a run is written as.
"""

import json
from typing import Any

import pytest

from paceline.documents import decode_run, encode_run
from paceline.errors import DocumentError, PacelineError
from paceline.model import Severity, Verdict
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import make_case, make_run
from support.wording import cause

_CASE = {"id": "test_a.py::test_one", "family": "test_a.py::test_one", "test_type": "unit", "outcome": "passed"}
_RUN = {"run_id": "r1", "suite": "shop", "branch": "main", "outcome": "passed", "started": 1.0, "ended": 3.5}


def _document(**changes: Any) -> bytes:
    return json.dumps(_RUN | changes).encode()


def test_what_was_not_measured_is_absent() -> None:
    """
    A case without figures has no keys for them in the document, not zeros.
    """
    case = make_case(seconds=None, usage={UsageKey.CPU_SECONDS: 0.0})
    written = json.loads(encode_run(make_run(1, [case])))["cases"]

    assert written == [
        {
            "id": "tests/test_cart.py::test_total",
            "family": "tests/test_cart.py::test_total",
            "test_type": "unit",
            "outcome": "passed",
            "usage": {"cpu_seconds": 0.0},
        }
    ]


def test_a_document_names_every_key_of_a_run() -> None:
    """
    A reader in another language finds all keys of a run, also the empty ones, and the version first.
    """
    written = json.loads(encode_run(make_run(1)))

    assert list(written) == [
        "schema",
        "run_id",
        "suite",
        "branch",
        "default_branch",
        "commit",
        "dirty",
        "outcome",
        "is_partial",
        "started",
        "ended",
        "environment",
        "machine",
        "counts",
        "thresholds",
        "cases",
        "verdicts",
    ]
    assert written["schema"] == 1


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"surprise": 1}, "surprise"),
        ({"machine": {"surprise": 1}}, "surprise"),
        ({"cases": [_CASE | {"surprise": 1}]}, "surprise"),
        ({"cases": [_CASE | {"usage": {"cpu_seconds": "x"}}]}, "usage"),
        ({"cases": [_CASE | {"attempts": 0}]}, "attempts"),
        ({"cases": [_CASE | {"duration_seconds": -0.1}]}, "duration_seconds"),
        ({"verdicts": [{"kind": "budget"}]}, "severity"),
        ({"outcome": "well"}, "outcome"),
        ({"started": -1}, "started"),
        ({"schema": 0}, "schema"),
        ({"suite": None}, "suite"),
    ],
)
def test_an_invalid_run_is_refused(changes: dict[str, Any], key: str) -> None:
    """
    The error names the document and the key, and quotes its cause.
    """
    with pytest.raises(DocumentError) as caught:
        decode_run(_document(**changes), "results/r1.json")

    assert str(caught.value) == f"results/r1.json: not a run document: {cause(caught.value)}"
    assert key in str(caught.value)


@pytest.mark.parametrize("run_id", ["", "a/b", "a b", "a\n", "ä", "x" * 65])
def test_an_id_of_a_run_is_fit_for_a_file_name(run_id: str) -> None:
    """
    Ids are 1 to 64 letters, digits, dots, dashes and underscores, and nothing else.
    """
    with pytest.raises(DocumentError, match=r"^r1\.json: not a run document: .*run_id"):
        decode_run(_document(run_id=run_id), "r1.json")


@pytest.mark.parametrize("document", [b"", b'{"schema": 1', b"[]", b"<xml/>", b'{"suite": "\xff"}'])
def test_what_is_no_document_is_refused(document: bytes) -> None:
    """
    Bytes that are no JSON object are an error that names the file and quotes its cause.
    """
    with pytest.raises(DocumentError) as caught:
        decode_run(document, "r1.json")

    assert str(caught.value) == f"r1.json: not a run document: {cause(caught.value)}"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b'{"schema": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "values nested too deeply"),
        (b"\xef\xbb\xbf{}", "a byte order mark, expected JSON without one"),
    ],
    ids=["deep", "byte order mark"],
)
def test_what_json_has_no_words_for_is_explained(document: bytes, message: str) -> None:
    """
    Deep nesting and a byte order mark are named.
    """
    with pytest.raises(DocumentError) as caught:
        decode_run(document, "r1.json")

    assert str(caught.value) == f"r1.json: not a run document: {message}"


def test_a_document_of_a_later_version_says_so() -> None:
    """
    A later version is named as such, whatever else it may hold.
    """
    with pytest.raises(DocumentError) as caught:
        decode_run(_document(schema=2, surprise=1), "r1.json")

    assert str(caught.value) == "r1.json: a run document of version 2, expected at most 1"
    assert isinstance(caught.value, PacelineError)


def test_a_document_without_a_version_is_refused() -> None:
    """
    What it means cannot be known.
    """
    with pytest.raises(DocumentError) as caught:
        decode_run(_document(), "r1.json")

    assert str(caught.value) == "r1.json: schema is absent, expected 1"


def test_a_verdict_is_written_in_the_words_of_alertmanager() -> None:
    """
    Kind and severity are plain words in the document.
    """
    verdict = Verdict(kind=VerdictKind.LEAK, severity=Severity.CRITICAL, reason="kept 3 MiB")
    written = json.loads(encode_run(make_run(1, verdicts=(verdict,))))["verdicts"]

    assert written == [{"kind": "leak", "severity": "critical", "reason": "kept 3 MiB"}]
