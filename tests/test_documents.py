"""
The document that a run is written as.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import inspect
from msgspec.structs import replace

from paceline.documents import decode_run, encode_run
from paceline.errors import DocumentError, PacelineError
from paceline.measure import Measure
from paceline.model import Case, Outcome, Run, Severity, Verdict
from paceline.translated_names import BudgetSource
from paceline.usage import UsageKey
from paceline.values import UNKNOWN_FIELDS, DocumentValue, OpenEnum
from paceline.verdict_kinds import VerdictKind
from support.newer import KEY, KIND, OUTCOME, newer
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
        "target_branch",
        "commit",
        "dirty",
        "base_commits",
        "outcome",
        "failed_by",
        "is_partial",
        "partial_because",
        "started",
        "ended",
        "environment",
        "machine",
        "counts",
        "thresholds",
        "collected",
        "accounts",
        "fixtures",
        "probes",
        "compared",
        "compared_together",
        "work",
        "cases",
        "verdicts",
    ]
    assert written["schema"] == 1


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"cases": [_CASE | {"usage": {"cpu_seconds": "x"}}]}, "usage"),
        ({"cases": [_CASE | {"usage": {"<b>": 1}}]}, "usage"),
        ({"cases": [_CASE | {"attempts": 0}]}, "attempts"),
        ({"cases": [_CASE | {"duration_seconds": -0.1}]}, "duration_seconds"),
        ({"cases": [_CASE | {"duration_seconds": -0.1, "surprise": 1}]}, "cases[0].duration_seconds"),
        ({"verdicts": [{"kind": "budget"}]}, "severity"),
        ({"outcome": "so well"}, "outcome"),
        ({"outcome": "x" * 65}, "outcome"),
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


def test_an_unknown_name_stays_as_it_is() -> None:
    """
    It equals its text, is no pass and no failure, and has one label for all.
    """
    found = Outcome("quarantined")

    assert (found, found.value, Outcome("quarantined")) == ("quarantined", "quarantined", found)
    assert (found.is_known, found.is_pass, found.is_failure, found.label) == (False, False, False, "other")
    assert (Outcome.PASSED.is_known, Outcome.PASSED.label) == (True, "passed")
    assert "quarantined" not in list(Outcome)


def test_a_document_of_a_newer_release_is_written_as_it_was_read() -> None:
    """
    With its unknown fields in each object, and its unknown names and numbers.
    """
    document = newer(make_run(1, [make_case()]))
    run = decode_run(json.dumps(document).encode(), "r1.json")

    assert json.loads(encode_run(run)) == document
    assert (run.outcome, run.cases[-1].outcome, run.verdicts[0].kind) == ("abandoned", OUTCOME, KIND)
    assert run.cases[0].usage[UsageKey(KEY)] == 0.5


def test_a_changed_run_keeps_its_unknown_fields() -> None:
    """
    What a reader changes, moves or leaves out is all that changes.
    """
    document = newer(make_run(1, [make_case()]))
    run = decode_run(json.dumps(document).encode(), "r1.json")
    changed = replace(run, suite="tools", cases=run.cases[::-1])

    assert json.loads(encode_run(changed)) == document | {"suite": "tools", "cases": document["cases"][::-1]}


def test_the_key_of_unknown_fields_is_a_field_like_any_other() -> None:
    """
    A document that has it can set no known field by it.
    """
    document = json.loads(_document(schema=1)) | {UNKNOWN_FIELDS: {"suite": "evil", "other": 1}, "surprise": 2}
    first = decode_run(json.dumps(document).encode(), "r1.json")
    without = {name: value for name, value in document.items() if name != "surprise"}
    second = decode_run(encode_run(decode_run(json.dumps(without).encode(), "r1.json")), "r1.json")

    assert json.loads(encode_run(first))[UNKNOWN_FIELDS] == {"suite": "evil", "other": 1}
    assert (first.suite, second.suite) == ("shop", "shop")


def test_unknown_text_that_is_no_utf_8_is_refused() -> None:
    """
    A field that nobody reads must not make a document that cannot be read.
    """
    document = _document(schema=1, surprise="?").replace(b"?", b"\xff")

    with pytest.raises(DocumentError, match=r"^r1\.json: not a run document: "):
        decode_run(document, "r1.json")


@pytest.mark.parametrize(
    ("words", "source"),
    [
        ("its performance marker", BudgetSource.MARKER),
        ("--paceline-budget", BudgetSource.OPTION),
        ("the setting for tests/test_a.py::test_one", BudgetSource.TEST_BUDGETS),
        ("the setting for tests/*", BudgetSource.PATH_BUDGETS),
        ("test type unit", BudgetSource.TYPE_BUDGETS),
        ("its argument budget_ms", BudgetSource.ARGUMENT),
    ],
)
def test_words_of_earlier_versions_are_names_now(words: str, source: BudgetSource) -> None:
    """
    The setting that a budget comes from, and what a run counts.
    """
    counts = {"ids made safe": 1, "failures inside Paceline": 2, "tests without a time that can be used": 3}
    document = _document(schema=1, cases=[_CASE | {"budget_source": words}], counts=counts)
    run = decode_run(document, "r1.json")

    assert run.cases[0].budget_source is source
    assert list(run.counts.items()) == [("ids_made_safe", 1), ("internal_failures", 2), ("tests_without_time", 3)]


def _types_in(kind: inspect.Type) -> Iterator[type]:
    match kind:
        case inspect.StructType(cls=cls, fields=fields):
            yield cls
            for field in fields:
                yield from _types_in(field.type)
        case inspect.EnumType(cls=cls):
            yield cls
        case inspect.DictType(key_type=key, value_type=value):
            yield from (*_types_in(key), *_types_in(value))
        case inspect.VarTupleType(item_type=inner) | inspect.UnionType(types=(inner, *_)):
            yield from _types_in(inner)


def test_each_part_of_a_run_is_open_for_newer_releases() -> None:
    """
    Every object in the document keeps unknown fields, and every list of names admits more.
    """
    types = set(_types_in(inspect.type_info(Run)))

    assert {Run, Case, Verdict, Measure, UsageKey, VerdictKind} <= types
    assert [kind for kind in types if not issubclass(kind, (DocumentValue, OpenEnum))] == []
