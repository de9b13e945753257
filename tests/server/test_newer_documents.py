"""
What an exporter makes of a newer release.
"""

import json
import time
from pathlib import Path

from msgspec import structs

from paceline.documents import encode_run
from support.exporter import Exporter, exporter_in
from support.newer import FIELD, KEY, KIND, OUTCOME, newer, newer_document
from support.values import make_case, make_run

_RUN = make_run(1, [make_case()])
_UNKNOWN = (FIELD, KEY, KIND, OUTCOME, "abandoned", "notice")


def _kept(exporter: Exporter, run_id: str) -> object:
    run = exporter.ledger.run(run_id)
    assert run is not None
    return json.loads(encode_run(run))


def _labels(exporter: Exporter, label: str) -> set[str]:
    return {dict(labels)[label] for _, labels, _, value in exporter.scrape() if label in dict(labels) and value}


def test_a_newer_run_is_taken_and_kept_as_it_came(exporter: Exporter) -> None:
    """
    201, and 200 when it comes again. What is unknown in it is `other` in labels, and nothing else of it is exposed.
    """
    answers = [exporter.post(newer_document(_RUN)).status_code for _ in range(2)]
    pages = "".join(exporter.get(path).text for path in ("/", "/metrics", "/metrics/runs"))

    assert answers == [201, 200]
    assert _kept(exporter, "run-1") == newer(_RUN)
    assert exporter.runs() == ["run-1"]
    assert _labels(exporter, "outcome") == {"passed", "other"}
    assert _labels(exporter, "kind") == {"other"}
    assert _labels(exporter, "rule") == set()
    assert [name for name in _UNKNOWN if name in pages.replace(">abandoned<", "")] == []


def test_a_newer_run_keeps_its_unknown_fields_when_its_time_is_put_right(exporter: Exporter) -> None:
    """
    A run of the future is moved, so that its document is written anew.
    """
    ended = time.time() + 1e6
    exporter.post(newer_document(structs.replace(_RUN, started=ended - 10, ended=ended)))
    kept = _kept(exporter, "run-1")

    assert isinstance(kept, dict)
    assert kept["ended"] < ended
    assert (kept[FIELD], kept["cases"]) == (newer(_RUN)[FIELD], newer(_RUN)["cases"])


def test_parts_of_a_newer_run_become_one(exporter: Exporter) -> None:
    """
    With the unknown fields of all.
    """
    for number in (1, 2):
        part = make_run(number, [make_case(f"test_{number}")], run_id=f"47.{number}of2")
        assert exporter.post(newer_document(part)).status_code == 201
    whole = _kept(exporter, "47")

    assert isinstance(whole, dict)
    assert [case.get(FIELD) is not None for case in whole["cases"]] == [True, True, True]
    assert whole["results"] == 2 * [{"kind": "load"}]


def test_a_newer_live_report_is_shown(exporter: Exporter) -> None:
    """
    As far as this release knows it.
    """
    sample = {"tree": {"resident_bytes": 5, FIELD: 1}, "system": {FIELD: 1}, FIELD: {}}
    outcomes = {"passed": 3, OUTCOME: 2, KIND: 1}
    report = {"run_id": "r1", "suite": "shop", "branch": "main", "sample": sample, "outcomes": outcomes, FIELD: 1}
    answer = exporter.post(json.dumps(report).encode(), "/api/v1/live")
    ended = exporter.state("paceline_active_run_cases")

    assert answer.status_code == 204
    assert sorted(value for labels, value in ended.items() if labels.split(",")[1] in {"other", "passed"}) == [3, 3]
    assert len(ended) == 2


def test_a_newer_document_in_a_watched_folder_is_taken(tmp_path: Path) -> None:
    """
    As any other.
    """
    watched = tmp_path / "inbox"
    watched.mkdir()
    with exporter_in(tmp_path, f"--watch={watched}") as exporter:
        (watched / ".new").write_bytes(newer_document(_RUN))
        (watched / ".new").rename(watched / "run.json")
        while not list(watched.glob("*/run.json")):
            time.sleep(0.1)

        assert (watched / "taken" / "run.json").exists()
        assert _kept(exporter, "run-1") == newer(_RUN)
