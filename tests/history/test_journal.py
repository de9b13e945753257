"""
What a process that dies leaves.
"""

import errno
import os
import resource
import signal
import socket
from pathlib import Path

import psutil
import pytest
from msgspec import json

from paceline.documents import decode_run, encode_run
from paceline.errors import StorageError
from paceline.history.journal import Journal, left_behind
from paceline.model import Case, RunOutcome
from support.dying import leave_journal, written_journal
from support.values import EPOCH, failed, make_case, make_run
from support.wording import NO_FILE

_CASES = [make_case("test_a", 0.1), failed("test_b", seconds=0.2), make_case("test_ü", 0.3)]


def _cases(folder: Path) -> list[tuple[Case, ...]]:
    return [run.cases for _, run in left_behind(folder, "shop")]


def test_what_a_dead_process_had_measured_is_found(tmp_path: Path) -> None:
    """
    All cases to the last, in a run that says how it ended and that it is not whole.
    """
    path = leave_journal(tmp_path, make_run(1, _CASES, suite="shop", commit="4f2c"))
    ((found, run),) = left_behind(tmp_path, "shop")

    assert found == path
    assert run.cases == tuple(_CASES)
    assert (run.run_id, run.commit, run.outcome, run.is_partial) == ("run-1", "4f2c", RunOutcome.CRASHED, True)
    assert run.ended == path.stat().st_mtime


def test_a_journal_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    """
    Another session that runs at the same time keeps its journal; closed, it is gone.
    """
    journal = Journal(tmp_path, make_run(1))
    journal.add(_CASES[0])
    left = list(left_behind(tmp_path, "shop"))
    journal.close(is_kept=True)

    assert left == []
    assert list(tmp_path.iterdir()) == []


def test_a_journal_of_a_run_that_is_not_kept_stays(tmp_path: Path) -> None:
    """
    It is all that there is of the run.
    """
    journal = Journal(tmp_path, make_run(1))
    journal.add(_CASES[0])
    journal.close(is_kept=False)

    assert [path.read_bytes().count(b"test_a") for path in tmp_path.iterdir()] == [2]


def test_a_moment_of_full_disk_costs_that_moment(tmp_path: Path) -> None:
    """
    A case of which a part was written is lost, and those after it are read back.
    """
    journal = Journal(tmp_path, make_run(1, suite="shop"))
    journal.add(_CASES[0])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.path.stat().st_size + 20, limits[1]))
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its number says which
        journal.add(_CASES[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)
    journal.add(_CASES[2])
    journal.close(is_kept=False)
    _say_of_owner(journal.path, process=2**22 + 1)

    assert caught.value.errno in {errno.EFBIG, errno.ENOSPC}
    assert _cases(tmp_path) == [(_CASES[0], _CASES[2])]


def _say_of_owner(path: Path, **said: object) -> None:
    owner, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(json.encode(json.decode(owner) | said) + b"\n" + rest)


@pytest.mark.parametrize("host", [socket.gethostname(), "another"])
def test_a_lock_tells_that_a_process_lives(tmp_path: Path, host: str) -> None:
    """
    Its number means nothing in another container, which may have the name of this one.
    """
    with written_journal(tmp_path, make_run(1, _CASES)) as path:
        _say_of_owner(path, host=host, process=2**22 + 1)
        os.utime(path, (EPOCH, EPOCH))
        living = _cases(tmp_path)

    assert (living, _cases(tmp_path)) == ([], [tuple(_CASES)])


def test_what_a_dead_process_forked_off_does_not_hold_its_lock(tmp_path: Path) -> None:
    """
    The workers of a pool wait for ever for one that was killed.
    """
    with written_journal(tmp_path, make_run(1, _CASES), is_forked=True):
        assert _cases(tmp_path) == [tuple(_CASES)]


@pytest.mark.parametrize("is_locked", [True, False])
def test_without_a_lock_the_number_of_the_process_tells(tmp_path: Path, *, is_locked: bool) -> None:
    """
    A lock that is gone says more than it: a new process may have the same.
    """
    path = leave_journal(tmp_path, make_run(1, _CASES))
    own = {"process": os.getpid(), "process_started": psutil.Process().create_time()}
    _say_of_owner(path, is_locked=is_locked, **own)

    assert (len(_cases(tmp_path)) == 1) is is_locked


def test_journals_of_other_suites_are_left_to_them(tmp_path: Path) -> None:
    """
    Of the same id too: a new one has another name.
    """
    leave_journal(tmp_path, make_run(1, _CASES, suite="tools"))
    journal = Journal(tmp_path, make_run(1))
    journal.close(is_kept=False)

    assert [run.suite for _, run in left_behind(tmp_path, "tools")] == ["tools"]
    assert [path.name for path, _ in left_behind(tmp_path, "shop")] == ["run-1-2.jsonl"]


def test_a_process_that_only_has_the_same_number_is_another(tmp_path: Path) -> None:
    """
    Numbers of processes are used again: one that started at another time did not write the journal.
    """
    path = leave_journal(tmp_path, make_run(1, _CASES))
    _say_of_owner(path, process=os.getpid(), process_started=psutil.Process().create_time() - 60, is_locked=False)

    assert _cases(tmp_path) == [tuple(_CASES)]


@pytest.mark.parametrize(("hours", "is_left"), [(1, False), (23, False), (25, True)])
def test_a_journal_of_another_machine_is_given_a_day(tmp_path: Path, hours: int, is_left: bool) -> None:
    """
    Nobody can ask whether its process lives, so it is left behind when nothing was written for a day.
    """
    path = leave_journal(tmp_path, make_run(1, _CASES))
    path.write_bytes(path.read_bytes().replace(b'{"host":"', b'{"host":"not-'))
    modified = path.stat().st_mtime - hours * 3600
    os.utime(path, (modified, modified))

    assert (len(_cases(tmp_path)) == 1) is is_left


@pytest.mark.parametrize("cut", [1, 5, 40, 80])
def test_half_a_line_is_dropped(tmp_path: Path, cut: int) -> None:
    """
    A process that died while it wrote has lost that case alone.
    """
    path = leave_journal(tmp_path, make_run(1, _CASES))
    path.write_bytes(path.read_bytes()[:-cut].removesuffix(b"}"))

    assert _cases(tmp_path) == [tuple(_CASES[:2])]


def test_a_line_of_garbage_ends_the_journal(tmp_path: Path) -> None:
    """
    Cases before it are kept, also where the garbage looks like a case that is not UTF-8.
    """
    path = leave_journal(tmp_path, make_run(1, _CASES))
    path.write_bytes(path.read_bytes().replace("ü".encode(), b"\xff"))

    assert _cases(tmp_path) == [tuple(_CASES[:2])]


@pytest.mark.parametrize("content", [b"", b"garbage\n", b"{}\n", b'{"host": "\xff"}\n'])
def test_what_is_no_journal_is_passed_over(tmp_path: Path, content: bytes) -> None:
    """
    It costs none of the others.
    """
    (tmp_path / "0.jsonl").write_bytes(content)
    leave_journal(tmp_path, make_run(1, _CASES))

    assert _cases(tmp_path) == [tuple(_CASES)]
    assert (tmp_path / "0.jsonl").read_bytes() == content


def test_journals_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    """
    Ids of runs begin with their time, so the oldest comes first.
    """
    for number in (2, 1):
        leave_journal(tmp_path, make_run(number, _CASES))

    assert [run.run_id for _, run in left_behind(tmp_path, "shop")] == ["run-1", "run-2"]


def test_a_run_never_ends_before_it_starts(tmp_path: Path) -> None:
    """
    Where the clock of the file system is behind, the start is taken.
    """
    path = leave_journal(tmp_path, make_run(1, _CASES, started=EPOCH))
    os.utime(path, (EPOCH - 60, EPOCH - 60))
    ((_, run),) = left_behind(tmp_path, "shop")

    assert (run.started, run.ended) == (EPOCH, EPOCH)
    assert decode_run(encode_run(run), "run") == run


def test_a_journal_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """
    The message names the file.
    """
    with pytest.raises(StorageError) as caught:
        Journal(tmp_path / "missing", make_run(1))

    assert str(caught.value) == (f"the journal {tmp_path}/missing/run-1.jsonl cannot be written: {NO_FILE}")
