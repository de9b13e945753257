"""
The results folder and its ledger as one thing.
"""

import math
import re
import resource
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from paceline.analysis.judgement_rules import Rules
from paceline.errors import DocumentError, StorageError
from paceline.history.archive import Archive
from paceline.history.results_folder import read_run
from paceline.history.trends_file import read_trends
from paceline.model import Case, HostTraffic, Run, RunOutcome
from paceline.verdict_kinds import VerdictKind
from support.dying import leave_journal
from support.values import EPOCH, TEST, failed, make_case, make_run, values_of
from support.wording import NO_FILE, TOO_LARGE, cause

_RULES = Rules()
_SET_ASIDE = "; it was set aside as history.sqlite.damaged-<stamp>"


class Shop:
    """
    An archive, and what it warned of.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warnings: list[str] = []
        self.archive = Archive(folder, self.warnings.append)
        self.archive.folder.prepare()

    def session(self, number: int, cases: Sequence[Case], **changes: object) -> Run:
        """
        What a session does at its end.
        """
        self.archive.recover(_RULES, "shop")
        measured = make_run(number, cases, **changes)
        run, past = self.archive.judged(measured, _RULES, "main")
        self.archive.keep(run, past)
        return run

    @property
    def ids(self) -> list[str]:
        return [run.run_id for _, _, run in self.archive.ledger.summaries()]

    @property
    def told(self) -> list[str]:
        """
        The warnings, with the folder and the stamps of files in general terms.
        """
        stamp = re.compile(r"-\d{8}T\d{6}\.\d{6}")
        return [stamp.sub("-<stamp>", message.replace(str(self.folder), "results")) for message in self.warnings]

    def aside(self, pattern: str) -> list[bytes]:
        return [path.read_bytes() for path in self.folder.glob(pattern)]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """
    An archive without runs.
    """
    return Shop(tmp_path / "results")


@contextmanager
def _full_disk() -> Iterator[None]:
    """
    No file may grow, as on a full disk.
    """
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: path.write_bytes(b"")], ids=["gone", "empty"])
def test_a_ledger_that_was_lost_is_filled_from_the_documents(shop: Shop, lose: Callable[[Path], object]) -> None:
    """
    Where documents lie beside it, the past is not silently forgotten.
    """
    for number in range(3):
        shop.session(number, [make_case()])
    lose(shop.archive.folder.ledger)
    shop.session(3, [make_case()])

    assert shop.ids == ["run-3", "run-2", "run-1", "run-0"]
    assert shop.told == ["results/history.sqlite lacked runs: 3 runs were read back from documents"]


def test_compressed_documents_are_read_back_and_forgotten(shop: Shop) -> None:
    """
    Those of large suites do for a lost ledger as all others, and go with their runs.
    """
    cases = [make_case(f"tests/test_shop.py::test_{number}_of_{'many' * 30}") for number in range(4000)]
    shop.session(0, [make_case()])
    shop.session(1, cases)
    shop.archive.folder.ledger.unlink()
    shop.session(2, [make_case()])

    assert shop.ids == ["run-2", "run-1", "run-0"]
    assert len(list(shop.folder.glob("*.json.gz"))) == 1
    shop.archive.prune(keep=1)
    assert len(list(shop.archive.folder.documents())) == 1


def test_a_run_is_kept_in_three_places(shop: Shop) -> None:
    """
    As a document, in the ledger, and in the summary of trends.
    """
    run = shop.session(1, [make_case(seconds=0.1)])
    (document,) = shop.archive.folder.documents()

    assert read_run(document) == run
    assert shop.archive.ledger.run("run-1") == run
    assert read_trends(shop.archive.folder.trends)["shop"].tests[TEST].latest == 0.1
    assert shop.warnings == []


def test_a_second_session_under_one_id_is_told(shop: Shop) -> None:
    """
    Judgement knows the first one; the document of the second is there.
    """
    first, second = (shop.session(1, [make_case(seconds=seconds)]) for seconds in (0.1, 0.2))

    assert shop.archive.ledger.run("run-1") == first
    assert shop.archive.folder.read_latest() == second
    assert shop.told == [
        (
            "results/history.sqlite has a run run-1 already, so the new run is kept as a document only: "
            "give each session an id of its own, or PACELINE_SHARD to the parts of one run"
        )
    ]


def test_trends_have_the_duration_of_the_suite_and_its_tests(shop: Shop) -> None:
    """
    Two runs, kept one after the other, are two runs in the summary.
    """
    for number, ended in enumerate([10.0, 20.0]):
        shop.session(number, [make_case(), make_case("test_b")], started=EPOCH, ended=EPOCH + ended)
    suite = read_trends(shop.archive.folder.trends)["shop"]

    assert (suite.test_count, suite.run_id) == (2, "run-1")
    assert suite.duration_seconds is not None
    assert (suite.duration_seconds.runs, suite.duration_seconds.latest, suite.duration_seconds.p50) == (2, 20.0, 15.0)
    assert shop.archive.folder.read_latest().run_id == "run-1"


def test_trends_of_other_suites_stay(shop: Shop) -> None:
    """
    A folder may be shared by several suites.
    """
    shop.session(1, [make_case()], suite="tools")
    shop.session(2, [make_case()])

    assert sorted(read_trends(shop.archive.folder.trends)) == ["shop", "tools"]


def test_a_regression_is_found_across_sessions(shop: Shop) -> None:
    """
    Eight runs of 100 ms, then one of 300 ms.
    """
    runs = [shop.session(number, [make_case(seconds=0.3 if number == 8 else 0.1)]) for number in range(9)]

    assert [[verdict.kind for verdict in run.verdicts] for run in runs] == [[]] * 8 + [[VerdictKind.REGRESSION]]


def test_a_branch_with_few_runs_is_judged_against_the_default_branch(shop: Shop) -> None:
    """
    With eight runs of its own it is judged against itself.
    """
    for number in range(9):
        shop.session(number, [make_case(seconds=0.1)])
    for number in range(7):
        shop.session(10 + number, [make_case(seconds=0.5)], branch="topic")
    topic = make_run(30, branch="topic")
    young = shop.archive.past_of(topic, _RULES, "main")
    shop.session(20, [make_case(seconds=0.5)], branch="topic")
    grown = shop.archive.past_of(topic, _RULES, "main")

    assert {run.branch for run in young.runs} == {"main"}
    assert [run.branch for run in grown.runs] == ["topic"] * 8


def test_few_runs_are_better_than_none(shop: Shop) -> None:
    """
    Where the default branch has no more runs, the branch's own are taken; without one they are all there is.
    """
    shop.session(1, [make_case()], branch="topic")
    topic = make_run(2, branch="topic")
    pasts = [shop.archive.past_of(topic, _RULES, default) for default in ("main", "")]

    assert [[run.run_id for run in past.runs] for past in pasts] == [["run-1"], ["run-1"]]


def test_the_past_is_two_weeks_long(shop: Shop) -> None:
    """
    A run of fifteen days ago is not in it, one of thirteen is; nor is the run itself.
    """
    for number, days in enumerate([15, 13, 0]):
        shop.session(number, [], ended=EPOCH - days * 86400, started=0.0)
    past = shop.archive.past_of(make_run(2, ended=EPOCH), _RULES)

    assert [run.run_id for run in past.runs] == ["run-1"]


def test_the_past_of_a_kept_run_ends_with_it(shop: Shop) -> None:
    """
    A run that is shown again later is not compared with what came after it; one that is new is, as clocks go back.
    """
    runs = [shop.session(number, [make_case()]) for number in range(3)]
    pasts = [shop.archive.past_of(runs[1], _RULES), shop.archive.judged(runs[1], _RULES)[1]]

    assert [[run.run_id for run in past.runs] for past in pasts] == [["run-0"], ["run-0", "run-2"]]


def test_garbage_is_set_aside_and_the_ledger_made_again(shop: Shop) -> None:
    """
    The bytes stay under another name, and the runs are read back from their documents.
    """
    runs = [shop.session(number, [make_case(seconds=0.1)]) for number in range(2)]
    shop.archive.folder.ledger.write_bytes(b"garbage" * 100)
    shop.archive.recover(_RULES, "shop")

    (told,) = shop.told
    assert told.startswith("results/history.sqlite is damaged: ")
    assert told.endswith(f"{_SET_ASIDE}, and 2 runs were read back from documents")
    assert shop.aside("history.sqlite.damaged-*") == [b"garbage" * 100]
    assert [shop.archive.ledger.run(run_id) for run_id in ("run-0", "run-1")] == runs


def test_one_run_is_read_back_from_one_document(shop: Shop) -> None:
    """
    The message counts as a person would.
    """
    shop.session(1, [make_case()])
    shop.archive.folder.ledger.write_bytes(b"garbage" * 100)
    shop.archive.recover(_RULES, "shop")

    (told,) = shop.told
    assert told.startswith("results/history.sqlite is damaged: ")
    assert told.endswith(f"{_SET_ASIDE}, and 1 run was read back from documents")


def test_half_a_ledger_is_set_aside(shop: Shop) -> None:
    """
    A file that was cut is as good as garbage.
    """
    for number in range(3):
        shop.session(number, [make_case(f"test_{index}") for index in range(50)])
    half = shop.archive.folder.ledger.read_bytes()[:20_000]
    shop.archive.folder.ledger.write_bytes(half)
    shop.archive.recover(_RULES, "shop")

    (told,) = shop.told
    assert told.startswith("results/history.sqlite is damaged: ")
    assert told.endswith(f"{_SET_ASIDE}, and 3 runs were read back from documents")
    assert shop.aside("history.sqlite.damaged-*") == [half]
    assert shop.ids == ["run-2", "run-1", "run-0"]


def test_a_database_of_another_program_is_set_aside(shop: Shop) -> None:
    """
    Whatever it is, it is not lost.
    """
    database = sqlite3.connect(shop.archive.folder.ledger)
    database.executescript("CREATE TABLE theirs (id)")
    database.close()
    theirs = shop.archive.folder.ledger.read_bytes()
    shop.session(1, [make_case()])

    assert shop.told == [
        (
            "results/history.sqlite is a database of another program, expected a history of Paceline; "
            "it was set aside as history.sqlite.damaged-<stamp>, and 0 runs were read back from documents"
        )
    ]
    assert shop.aside("history.sqlite.damaged-*") == [theirs]
    assert shop.ids == ["run-1"]


def test_a_ledger_of_a_later_version_is_left_alone(shop: Shop) -> None:
    """
    The run is kept as a document, and said each step that could not be done.
    """
    shop.session(1, [make_case()])
    database = sqlite3.connect(shop.archive.folder.ledger)
    database.execute("PRAGMA user_version = 99")
    database.close()
    later = shop.archive.folder.ledger.read_bytes()
    shop.session(2, [make_case()])

    message = "results/history.sqlite has version 99, expected at most 9: upgrade paceline"
    assert shop.told == [message, f"no history: {message}", message]
    assert shop.archive.folder.ledger.read_bytes() == later
    assert shop.archive.folder.read_latest().run_id == "run-2"


def test_damage_in_any_page_costs_no_run(shop: Shop) -> None:
    """
    Where a page of the ledger is garbage, a session ends well, and the next one finds a whole ledger with all runs.
    """
    cases = [make_case(f"test_{number}") for number in range(60)]
    for number in range(4):
        shop.session(number, cases)
    whole = shop.archive.folder.ledger.read_bytes()
    for page in range(1, len(whole) // 4096):
        shop.archive.folder.ledger.write_bytes(whole[: page * 4096] + b"\xa5" * 4096 + whole[(page + 1) * 4096 :])
        shop.session(2 * page + 2, cases)
        shop.warnings.clear()
        shop.session(2 * page + 3, cases)

        assert shop.told == [], f"page {page}"
        kept = {*range(4), 2 * page + 2, 2 * page + 3}
        assert {f"run-{number}" for number in kept} <= {*shop.ids}, f"page {page}"


def test_a_damaged_document_costs_only_itself(shop: Shop) -> None:
    """
    The others are read back, and the damaged one is named.
    """
    for number in range(3):
        shop.session(number, [make_case()])
    second = list(shop.archive.folder.documents())[1]
    second.write_text("[]")
    shop.archive.folder.ledger.write_bytes(b"garbage" * 100)
    shop.archive.recover(_RULES, "shop")

    assert shop.told[0].startswith(f"results/{second.name}: not a run document: ")
    assert shop.ids == ["run-2", "run-0"]


def test_damaged_trends_are_set_aside(shop: Shop) -> None:
    """
    The bytes stay under another name, and the summary is made again.
    """
    shop.archive.folder.trends.write_bytes(b"[]")
    shop.session(1, [make_case()])

    (told,) = shop.told
    assert told.startswith("results/trends.json is not a summary of trends: ")
    assert told.endswith("; it was set aside as trends.json.damaged-<stamp>")
    assert shop.aside("trends.json.damaged-*") == [b"[]"]
    assert list(read_trends(shop.archive.folder.trends)) == ["shop"]


def test_a_foreign_latest_report_is_kept(shop: Shop) -> None:
    """
    A file that was no report of a run gets another name.
    """
    shop.archive.folder.latest_report.write_bytes(b"theirs")
    shop.session(1, [make_case()])

    assert shop.aside("latest_report.json.replaced-*") == [b"theirs"]
    assert shop.archive.folder.read_latest().run_id == "run-1"


def test_missing_trends_say_how_to_make_them(shop: Shop) -> None:
    """
    The message names the file and the command.
    """
    with pytest.raises(StorageError) as caught:
        read_trends(shop.archive.folder.trends)

    assert str(caught.value) == (f"{shop.folder}/trends.json cannot be read: {NO_FILE}; `pytest --paceline` writes it")


def test_damaged_trends_are_an_error_to_who_reads_them(shop: Shop) -> None:
    """
    The message names the file and what is wrong in it.
    """
    shop.archive.folder.trends.write_bytes(b'{"suites": 5}')
    with pytest.raises(DocumentError) as caught:
        read_trends(shop.archive.folder.trends)

    assert str(caught.value) == f"{shop.folder}/trends.json is not a summary of trends: {cause(caught.value)}"


def test_a_session_that_died_is_recovered_once(shop: Shop) -> None:
    """
    Its run is kept as crashed and partial, with its budgets judged, and its journal is gone.
    """
    leave_journal(
        shop.archive.folder.journals, make_run(1, [make_case(seconds=0.3, budget_seconds=0.1), failed("test_b")])
    )
    recovered = [shop.archive.recover(_RULES, "shop") for _ in range(2)]

    assert [[run.run_id for run in runs] for runs, _ in recovered] == [["run-1"], []]
    kept = shop.archive.ledger.run("run-1")
    assert kept is not None
    assert (kept.outcome, kept.is_partial, len(kept.cases)) == (RunOutcome.CRASHED, True, 2)
    assert [verdict.kind for verdict in kept.verdicts] == [VerdictKind.BUDGET]
    assert list(shop.archive.folder.journals.iterdir()) == []


def test_a_session_that_died_before_its_first_test_leaves_nothing(shop: Shop) -> None:
    """
    A run without tests is no run, and its journal is cleared away.
    """
    leave_journal(shop.archive.folder.journals, make_run(1))

    assert shop.archive.recover(_RULES, "shop") == ([], [])
    assert shop.ids == []
    assert list(shop.archive.folder.journals.iterdir()) == []


def test_a_full_disk_costs_no_journal(shop: Shop) -> None:
    """
    What could not be kept is recovered when there is room again.
    """
    leave_journal(shop.archive.folder.journals, make_run(1, [make_case()]))
    with _full_disk():
        recovered = shop.archive.recover(_RULES, "shop")

    assert recovered == ([], [])
    assert shop.told[0] == f"results: the report of the run was not written: {TOO_LARGE}"
    assert [run.run_id for run in shop.archive.recover(_RULES, "shop").recovered] == ["run-1"]
    assert list(shop.folder.glob(".new-*")) == []


def test_a_run_from_elsewhere_is_judged_and_has_no_document(shop: Shop) -> None:
    """
    A run that was judged already is taken as it is, and one that is known is not new.
    """
    for number in range(8):
        shop.archive.take_in(make_run(number, [make_case(seconds=0.1)]), _RULES)
    slower = make_run(8, [make_case(seconds=0.3)])
    judged = make_run(9, [make_case(seconds=0.3, normalized_duration_seconds=0.3)])
    new = [shop.archive.take_in(run, _RULES) for run in (slower, judged, judged)]

    assert new == [True, True, False]
    kept = [shop.archive.ledger.run(run_id) for run_id in ("run-8", "run-9")]
    assert [run and len(run.verdicts) for run in kept] == [1, 0]
    assert list(shop.archive.folder.documents()) == []


def test_forgotten_runs_have_no_documents(shop: Shop) -> None:
    """
    Documents of the others, and files that are none, stay.
    """
    for number in range(3):
        shop.session(number, [make_case()])
    (shop.folder / "performance_notes.json").write_text("[]")
    forgotten = shop.archive.prune(keep=1)

    assert sorted(forgotten) == ["run-0", "run-1"]
    names = [path.name for path in shop.archive.folder.documents()]
    assert names == ["performance_2023-11-15T00-13-20.000Z.json", "performance_notes.json"]
    assert values_of(shop.archive.past_of(make_run(9), _RULES)) == ([0], [0.01])


def test_a_dry_run_forgets_nothing(shop: Shop) -> None:
    """
    It only says what would go.
    """
    run = shop.session(1, [make_case()])

    assert shop.archive.prune(keep=0, dry_run=True) == ["run-1"]
    assert shop.archive.folder.read_latest() == run
    assert shop.ids == ["run-1"]


def test_what_was_kept_is_judged_the_same_again(shop: Shop) -> None:
    """
    A run that is read back from its document is the run that was told.
    """
    run = shop.session(1, [make_case(seconds=0.3, budget_seconds=0.1)])
    unjudged = replace(shop.archive.folder.read_latest(), verdicts=())

    assert shop.archive.judged(unjudged, _RULES)[0] == run


def test_a_figure_out_of_its_bounds_costs_that_figure_only(shop: Shop) -> None:
    """
    A run is kept without the figures that could not be read back, with all others, and a line says which they are.
    """
    hosts = (HostTraffic(host="a", received_bytes=2**70), HostTraffic(host="b", received_bytes=7))
    odd = make_case("t.py::test_odd", hosts=hosts, usage={"cpu_seconds": math.nan, "calls": 3.0}, setup_seconds=-1.0)

    shop.session(1, [make_case(), odd])

    kept = shop.archive.ledger.run("run-1")
    assert kept == read_run(shop.archive.folder.latest_report)
    assert kept is not None
    expected = replace(odd, hosts=hosts[1:], usage={"calls": 3.0}, setup_seconds=None)
    assert [case.id for case in kept.cases] == [TEST, odd.id]
    assert replace(kept.cases[1], normalized_duration_seconds=None) == expected
    assert shop.told == [
        (
            "run run-1 is kept without figures that are out of their bounds: cases t.py::test_odd setup_seconds -1.0; "
            "cases t.py::test_odd usage cpu_seconds nan; cases t.py::test_odd hosts received_bytes "
            f"{2**70}"
        )
    ]
