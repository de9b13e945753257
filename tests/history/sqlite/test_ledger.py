"""
All runs in one SQLite file.
"""

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from paceline.analysis.judge import judge
from paceline.analysis.judgement_rules import FlakyRule, Rules
from paceline.analysis.past import DURATION, OUTCOME, Past, past_run
from paceline.analysis.verdicts.flakiness import Attempted, judge_flakiness
from paceline.documents import encode_run
from paceline.errors import DocumentError, StorageError
from paceline.history.source import TimeSpan
from paceline.history.sqlite.database import NotALedgerError
from paceline.history.sqlite.ledger import Ledger
from paceline.model import Machine, RunOutcome
from paceline.usage import UsageKey
from paceline.verdict_kinds import VerdictKind
from support.values import TEST, failed, make_case, make_run, runs_of, values_of, whole_past
from support.wording import cause

_WRITER = """
import sys
from contextlib import closing
from pathlib import Path
from paceline.history.sqlite.ledger import Ledger
from paceline.documents import decode_run

ledger = Ledger(Path(sys.argv[1]))
for document in sys.stdin.buffer.read().splitlines():
    assert ledger.add(decode_run(document, "stdin"))
"""

# Makes thirty ledgers, each at the same hundredth of a second as the other processes.
_MAKER = """
import sys, time
from contextlib import closing
from pathlib import Path
from paceline.history.sqlite.ledger import Ledger
from paceline.documents import decode_run

run = decode_run(sys.stdin.buffer.readline(), "stdin")
start = float(sys.stdin.buffer.readline())
for turn in range(30):
    while time.time() < start + turn / 100:
        pass
    Ledger(Path(sys.argv[1], f"{turn}.sqlite")).add(run)
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """
    A ledger that is not there yet.
    """
    return Ledger(tmp_path / "history.sqlite")


def test_tools_that_watch_sqlite3_see_no_statement_of_a_ledger(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The function `sqlite3.connect`, which tracing tools and Paceline's own probe replace, is not called.
    """
    monkeypatch.delattr(sqlite3, "connect")
    ledger.add(make_run(1, [make_case()]))

    assert len(ledger.summaries()) == 1


def _ids(ledger: Ledger, suite: str | None = None) -> list[str]:
    return [run.run_id for _, _, run in ledger.summaries(suite)]


def _past(ledger: Ledger, branch: str = "main") -> Past:
    return whole_past(ledger.reader("shop", branch, TimeSpan()))


def test_a_run_is_kept_whole(ledger: Ledger) -> None:
    """
    The run that comes out is the one that went in.
    """
    run = make_run(1, [make_case(), failed("test_b")], commit="4f2c", environment={"cpus": 2})
    added = ledger.add(run)

    assert added
    assert ledger.run("run-1") == run


def test_a_ledger_that_is_not_there_is_empty(ledger: Ledger) -> None:
    """
    Reading makes no file.
    """
    answers = (ledger.summaries(), ledger.run("run-1"), ledger.prune(keep=0), _past(ledger))

    assert answers == ([], None, [], Past())
    assert not ledger.path.exists()


def test_a_run_is_kept_once(ledger: Ledger) -> None:
    """
    Added again, also with other content, a run is left as it is.
    """
    run = make_run(1, [make_case(seconds=0.1)])
    added = [ledger.add(one) for one in (run, run, replace(run, cases=()))]

    assert added == [True, False, False]
    assert ledger.run("run-1") == run
    assert values_of(_past(ledger)) == ([0], [0.1])


def test_what_a_crash_left_is_replaced(ledger: Ledger) -> None:
    """
    The run itself takes the place of what was recovered of it.
    """
    whole = make_run(1, [make_case(seconds=0.1), make_case("test_b", 0.2)])
    added = [ledger.add(run) for run in (replace(whole, outcome=RunOutcome.CRASHED, cases=()), whole)]

    assert added == [True, True]
    assert ledger.run("run-1") == whole
    assert values_of(_past(ledger), case_id="test_b") == ([0], [0.2])


def test_the_encoded_document_is_kept_as_given(ledger: Ledger) -> None:
    """
    A run that was encoded already is not encoded again.
    """
    run = make_run(1)
    ledger.add(make_run(1, branch="other"), encode_run(run))

    assert ledger.run("run-1") == run


def test_runs_are_listed_the_latest_first(ledger: Ledger) -> None:
    """
    Whatever the order in which they were added; with suite and outcome.
    """
    for number in (2, 1, 3):
        ledger.add(make_run(number, suite="shop" if number < 3 else "tools", outcome=RunOutcome.FAILED))

    assert _ids(ledger) == ["run-3", "run-2", "run-1"]
    assert _ids(ledger, "shop") == ["run-2", "run-1"]
    assert ledger.summaries(limit=1) == [("tools", "failed", past_run(make_run(3)))]


def test_the_past_is_of_one_suite_and_branch(ledger: Ledger) -> None:
    """
    Oldest first; other suites and other branches are not in it.
    """
    ledger.add(make_run(3))
    ledger.add(make_run(1))
    ledger.add(make_run(2, branch="topic"))
    ledger.add(make_run(4, suite="tools"))

    assert [run.run_id for run in _past(ledger).runs] == ["run-1", "run-3"]
    assert [run.run_id for run in _past(ledger, "topic").runs] == ["run-2"]


def test_the_past_has_a_window(ledger: Ledger) -> None:
    """
    Runs that ended before or after it, the run that is judged, and more than the limit are left out.
    """
    for number in range(1, 9):
        ledger.add(make_run(number, ended=float(number), started=0.0))
    spans = (
        TimeSpan(since=2.0, until=7.0, excluding="run-5"),
        TimeSpan(since=2.0, until=7.0, excluding="run-5", limit=3),
    )
    found = [[run.run_id for run in ledger.reader("shop", "main", span).runs] for span in spans]

    assert found == [["run-2", "run-3", "run-4", "run-6", "run-7"], ["run-4", "run-6", "run-7"]]


def test_a_test_that_was_not_in_each_run_has_gaps(ledger: Ledger) -> None:
    """
    Positions are those of the runs of the past, not of the file.
    """
    for number, cases in enumerate(([make_case(seconds=1.0)], [], [failed()], [make_case(seconds=4.0)])):
        ledger.add(make_run(number, cases, branch="main" if number else "other"))
    past = _past(ledger)

    assert values_of(past, DURATION) == ([2], [4.0])
    assert values_of(past, OUTCOME) == ([1, 2], [0.0, 1.0])
    assert values_of(past, "unknown") == values_of(past, DURATION, "test_unknown") == ([], [])


def test_a_measure_that_not_every_test_has(ledger: Ledger) -> None:
    """
    What was not measured is absent, not zero.
    """
    cases = [make_case("test_a"), make_case("test_b", usage={UsageKey.READ_BYTES: 0.0}), failed("test_c")]
    ledger.add(make_run(1, cases))
    past = _past(ledger)

    assert values_of(past, UsageKey.READ_BYTES, "test_a") == ([], [])
    assert values_of(past, UsageKey.READ_BYTES, "test_b") == ([0], [0.0])
    assert values_of(past, UsageKey.READ_BYTES, "test_c") == ([], [])


def test_a_run_is_found_by_the_beginning_of_its_id(ledger: Ledger) -> None:
    """
    As long as only one begins so; an id that is whole comes first.
    """
    for run_id in ("01JA", "01JA5", "01JB"):
        ledger.add(make_run(1, run_id=run_id))
    found = [ledger.run(name) for name in ("01JB", "01JA5", "01JA", "02")]

    assert [run and run.run_id for run in found] == ["01JB", "01JA5", "01JA", None]


def test_a_beginning_that_fits_several_runs_is_an_error(ledger: Ledger) -> None:
    """
    The message names two of them.
    """
    for run_id in ("01JA", "01JB"):
        ledger.add(make_run(1, run_id=run_id))
    with pytest.raises(DocumentError) as caught:
        ledger.run("01J")

    assert str(caught.value) == "several run ids begin with '01J', for example 01JA and 01JB"


def test_signs_of_patterns_are_no_beginning(ledger: Ledger) -> None:
    """
    What means anything to SQL or a shell is looked for as it is written.
    """
    ledger.add(make_run(1))

    assert [ledger.run(name) for name in ("%", "_un-1", "run*", "RUN")] == [None] * 4


def test_old_runs_are_forgotten(ledger: Ledger) -> None:
    """
    Runs that ended before a moment go, and the file is smaller.
    """
    for number in range(40):
        cases = [make_case(f"test_{index}") for index in range(99)]
        ledger.add(make_run(number, cases, ended=float(number), started=0.0))
    size = ledger.path.stat().st_size
    forgotten = ledger.prune(before=39.0)
    ledger.shrink()

    assert sorted(forgotten) == sorted(f"run-{number}" for number in range(39))
    assert _ids(ledger) == ["run-39"]
    assert ledger.path.stat().st_size < size / 2


def test_of_each_suite_and_branch_the_latest_runs_stay(ledger: Ledger) -> None:
    """
    Two of each are kept, and columns of the others are gone with them.
    """
    for number in range(4):
        ledger.add(make_run(number, [make_case(seconds=float(number))]))
        ledger.add(make_run(number + 10, branch="topic"))
    forgotten = ledger.prune(keep=2)

    assert sorted(forgotten) == ["run-0", "run-1", "run-10", "run-11"]
    assert values_of(_past(ledger)) == ([0, 1], [2.0, 3.0])


def test_a_dry_run_forgets_nothing(ledger: Ledger) -> None:
    """
    It only says what would go.
    """
    ledger.add(make_run(1))

    assert ledger.prune(keep=0, dry_run=True) == ["run-1"]
    assert _ids(ledger) == ["run-1"]


def test_several_processes_write_at_once(ledger: Ledger) -> None:
    """
    Four processes add ten runs each to a ledger that none has made yet: 40 runs are there, none is lost.
    """
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, ledger.path], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for index, writer in enumerate(writers):
        assert writer.stdin is not None
        writer.stdin.writelines(encode_run(make_run(index * 10 + n, [make_case()])) + b"\n" for n in range(10))
        writer.stdin.flush()
    errors = [writer.communicate()[1] for writer in writers]

    assert errors == [b"", b"", b"", b""]
    assert sorted(_ids(ledger)) == sorted(f"run-{number}" for number in range(40))
    assert values_of(_past(ledger)) == (list(range(40)), [0.01] * 40)


def test_several_processes_make_a_ledger_at_once(tmp_path: Path) -> None:
    """
    Of four processes that find no ledger one makes it, and none takes it for the database of another program.
    """
    makers = [
        subprocess.Popen([sys.executable, "-c", _MAKER, tmp_path], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    start = time.time() + 0.5
    for number, maker in enumerate(makers):
        assert maker.stdin is not None
        maker.stdin.write(encode_run(make_run(number)) + f"\n{start}\n".encode())
        maker.stdin.flush()
    errors = [maker.communicate()[1] for maker in makers]

    assert errors == [b"", b"", b"", b""]
    assert [len(_ids(Ledger(tmp_path / f"{turn}.sqlite"))) for turn in range(30)] == [4] * 30


def test_verdicts_outlive_a_restart(ledger: Ledger) -> None:
    """
    From a file that was closed and opened again half of 40 failures is flaky, and 40 are broken.
    """
    for number in range(39):
        cases = [failed("test_flaky") if number % 2 else make_case("test_flaky"), failed("test_broken")]
        ledger.add(make_run(number, cases))
    last = make_run(39, [failed("test_flaky"), failed("test_broken")])
    verdicts = judge(last, _past(Ledger(ledger.path)), Rules()).verdicts

    assert [(verdict.kind, verdict.case) for verdict in verdicts] == [
        (VerdictKind.FLAKY, "test_flaky"),
        (VerdictKind.BROKEN, "test_broken"),
    ]
    assert verdicts[0].reason == "fails 50% of the time (95%: 35% to 65%): 20 of 40 attempts in 40 runs"


def test_commits_outlive_a_restart(ledger: Ledger) -> None:
    """
    The past knows commit and changed files of each run, which decide on what is flaky.
    """
    for number, (commit, dirty) in enumerate([("a", False), ("a", True), ("", False)]):
        ledger.add(make_run(number, [make_case() if number else failed()], commit=commit, dirty=dirty))
    past = _past(ledger)
    history = [Attempted(n > 0, 1, run) for n, run in enumerate(past.runs)]

    assert [(run.commit, run.dirty) for run in past.runs] == [("a", False), ("a", True), ("", False)]
    assert judge_flakiness(TEST, history, FlakyRule()) is None


def test_garbage_is_no_ledger(ledger: Ledger) -> None:
    """
    The message names the file, and the file is left as it is.
    """
    ledger.path.write_bytes(b"garbage" * 100)
    with pytest.raises(NotALedgerError) as caught:
        ledger.add(make_run(1))

    assert str(caught.value) == f"{ledger.path} is damaged: {cause(caught.value)}"
    assert ledger.path.read_bytes() == b"garbage" * 100


def test_a_truncated_ledger_is_damaged(ledger: Ledger) -> None:
    """
    Half a file is found out when it is opened.
    """
    for run in runs_of({f"test_{number}": [0.1] * 9 for number in range(200)}):
        ledger.add(run)
    ledger.path.write_bytes(ledger.path.read_bytes()[: ledger.path.stat().st_size // 2])
    with pytest.raises(NotALedgerError) as caught:
        ledger.summaries()

    assert str(caught.value) == f"{ledger.path} is damaged: {cause(caught.value)}"


def test_a_database_of_another_program_is_left_alone(ledger: Ledger) -> None:
    """
    It is recognised, and not a byte of it is changed.
    """
    database = sqlite3.connect(ledger.path)
    database.executescript("CREATE TABLE runs (id); INSERT INTO runs VALUES ('theirs')")
    database.close()
    before = ledger.path.read_bytes()
    with pytest.raises(NotALedgerError) as caught:
        ledger.add(make_run(1))

    assert str(caught.value) == (f"{ledger.path} is a database of another program, expected a history of Paceline")
    assert ledger.path.read_bytes() == before


def test_a_ledger_of_the_first_version_is_upgraded_in_place(ledger: Ledger) -> None:
    """
    Its runs stay, without what was not kept then; new ones have it.
    """
    machine = Machine(calibration_seconds=0.002, slowdown_ratio=1.25, others_cpu_percent=12.5)
    ledger.add(make_run(1, [make_case()], machine=machine))
    with closing(sqlite3.connect(ledger.path)) as database:
        database.executescript(
            "DROP INDEX runs_exposed; DROP TABLE totals; DROP TABLE shards; DROP TABLE stamps;"
            "ALTER TABLE runs DROP COLUMN exposed_since; ALTER TABLE runs DROP COLUMN is_counted;"
            "ALTER TABLE runs DROP COLUMN calibration_seconds; ALTER TABLE runs DROP COLUMN slowdown_ratio;"
            "ALTER TABLE runs DROP COLUMN default_branch; DROP TABLE vectors; DROP TABLE functions;"
            "ALTER TABLE runs DROP COLUMN others_cpu_percent; DROP TABLE scrapers;"
            "PRAGMA user_version = 1"
        )
    ledger.add(make_run(2, [make_case()], machine=machine))
    past = _past(ledger)

    figures = [(run.calibration_seconds, run.slowdown_ratio, run.others_cpu_percent) for run in past.runs]
    assert figures == [(None, None, None), (0.002, 1.25, 12.5)]
    assert values_of(past) == ([0, 1], [0.01, 0.01])


def test_a_ledger_of_a_later_version_is_left_alone(ledger: Ledger) -> None:
    """
    It is nothing to be set aside: the release is too old for it, and says so.
    """
    ledger.add(make_run(1))
    database = sqlite3.connect(ledger.path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    before = ledger.path.read_bytes()
    with pytest.raises(StorageError) as caught:
        ledger.add(make_run(2))

    assert str(caught.value) == f"{ledger.path} has version 99, expected at most 9: upgrade paceline"
    assert ledger.path.read_bytes() == before


def test_a_ledger_without_a_folder_makes_it(tmp_path: Path) -> None:
    """
    A test may have removed it.
    """
    assert Ledger(tmp_path / "missing" / "history.sqlite").add(make_run(1))


def test_a_ledger_in_the_place_of_a_folder_cannot_be_opened(tmp_path: Path) -> None:
    """
    The message names the file.
    """
    ledger = Ledger(tmp_path / "history.sqlite")
    ledger.path.mkdir()
    with pytest.raises(StorageError) as caught:
        ledger.add(make_run(1))

    assert str(caught.value) == f"{ledger.path} cannot be opened: {cause(caught.value)}"


def test_a_damaged_document_is_named(ledger: Ledger) -> None:
    """
    Where the document of a run cannot be unpacked, the run and the file are in the message.
    """
    ledger.add(make_run(1))
    database = sqlite3.connect(ledger.path)
    database.execute("UPDATE runs SET document = x'00'")
    database.commit()
    database.close()
    with pytest.raises(NotALedgerError) as caught:
        ledger.run("run-1")

    assert str(caught.value) == f"run run-1 in {ledger.path} is damaged: {cause(caught.value)}"
