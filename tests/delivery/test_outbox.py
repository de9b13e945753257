"""
Runs that wait.
"""

import gzip
import os
from pathlib import Path

import pytest

from paceline.config import OutboxLimits
from paceline.delivery import outbox
from paceline.delivery.outbox import Held, Outbox, Parcel, check_packed, outboxes, pack
from paceline.documents import decode_run
from paceline.errors import DocumentError, StorageError
from support.values import EPOCH, make_case, make_run
from support.wording import NO_FOLDER

_URL = "http://exporter:10464"


@pytest.fixture
def box(tmp_path: Path) -> Outbox:
    """
    An outbox in which two runs wait, put in the wrong order.
    """
    box = Outbox(tmp_path, "push", _URL)
    for number in (2, 1):
        box.put(pack(make_run(number, [make_case()])))
    return box


def _ids(box: Outbox | Held) -> list[str]:
    return [decode_run(gzip.decompress(parcel.packed), "a parcel").run_id for parcel in box.parcels()]


def test_the_oldest_goes_first(box: Outbox) -> None:
    """
    By the end of the run, whatever the order in which they came.
    """
    assert _ids(box) == ["run-1", "run-2"]
    assert box.count() == 2


def test_a_file_has_the_time_and_the_id_in_its_name(box: Outbox, tmp_path: Path) -> None:
    """
    In a folder for each kind of sink, and in it for each address.
    """
    files = sorted(str(path.relative_to(tmp_path)) for path in box.folder.iterdir())

    assert files == [
        "push/http%3A%2F%2Fexporter%3A10464/001700003600000-run-1.json.gz",
        "push/http%3A%2F%2Fexporter%3A10464/001700007200000-run-2.json.gz",
    ]


def test_a_run_that_arrived_is_gone(box: Outbox) -> None:
    """
    Also for another process that looks at the same folder, and removing it again is no error.
    """
    names = [parcel.name for parcel in box.parcels()]
    for _ in range(2):
        box.remove(names[0])

    assert _ids(box) == ["run-2"]


def test_a_run_that_another_process_delivers_meanwhile_is_passed_over(box: Outbox) -> None:
    """
    Files are read when it is their turn.
    """
    parcels = box.parcels()
    box.remove(next(parcels).name)
    box.remove("001700007200000-run-2")

    assert list(parcels) == []


def test_a_refused_run_is_kept_and_may_wait_again(box: Outbox) -> None:
    """
    Nothing is lost: it does not go by itself, but it can be asked for.
    """
    for name in ("001700003600000-run-1", "nobody"):
        box.refuse(name)
    waiting = _ids(box)
    box.readmit()

    assert waiting == ["run-2"]
    assert _ids(box) == ["run-1", "run-2"]


def test_half_a_file_does_not_wait(box: Outbox) -> None:
    """
    What a process leaves that dies while it writes has a name that is passed over.
    """
    (box.folder / ".new-x.json.gz").write_bytes(b"half")

    assert box.count() == 2


def test_all_outboxes_of_a_folder_are_found(box: Outbox, tmp_path: Path) -> None:
    """
    With the address as it was, whatever characters it has.
    """
    address = "https://collector/ä b/%2F/v1/metrics"
    Outbox(tmp_path, "otlp", address).put(pack(make_run(3)))

    assert [(kind, url, one.count()) for kind, url, one in outboxes(tmp_path)] == [
        ("otlp", address, 1),
        ("push", _URL, box.count()),
    ]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """
    A file may stand in its place.
    """
    (tmp_path / "push").write_text("in the way")
    with pytest.raises(StorageError) as caught:
        Outbox(tmp_path, "push", _URL).put(pack(make_run(1)))

    place = tmp_path / "push" / "http%3A%2F%2Fexporter%3A10464"
    assert str(caught.value) == f"the outbox {place} cannot be written to: {NO_FOLDER}"


def test_runs_in_memory_are_as_those_in_files() -> None:
    """
    Sorted, counted, and gone once they are removed or refused.
    """
    held = Held(pack(make_run(2)), pack(make_run(1)))
    held.put(pack(make_run(3)))
    ids = _ids(held)
    held.refuse(next(held.parcels()).name)

    assert ids == ["run-1", "run-2", "run-3"]
    assert (_ids(held), held.count()) == (["run-2", "run-3"], 2)


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        (OutboxLimits(), ["run-1", "run-2"]),
        (OutboxLimits(runs=1), ["run-2"]),
        (OutboxLimits(days=1.5), ["run-2"]),
        (OutboxLimits(megabytes=1e-6), ["run-2"]),
        (OutboxLimits(days=0.5), []),
    ],
)
def test_an_outbox_has_limits(box: Outbox, limits: OutboxLimits, kept: list[str]) -> None:
    """
    Of count, age and size; the oldest go first, and the newest stays however large it is.
    """
    for days, path in enumerate(sorted(box.folder.iterdir(), reverse=True)):
        os.utime(path, (EPOCH - days * 86400, EPOCH - days * 86400))
    gone = box.trim(limits, EPOCH + 86400)

    assert _ids(box) == kept
    assert gone == 2 - len(kept)


def test_the_limits_hold_for_refused_runs_too(box: Outbox) -> None:
    """
    Nobody may ever ask for them.
    """
    for name in ("001700003600000-run-1", "001700007200000-run-2"):
        box.refuse(name)
    gone = box.trim(OutboxLimits(runs=1), EPOCH)
    box.readmit()

    assert (gone, _ids(box)) == (1, ["run-2"])


def test_a_file_that_cannot_be_read_is_damaged(box: Outbox) -> None:
    """
    It is not taken for one that another process has delivered.
    """
    (box.folder / "0.json.gz").mkdir()

    assert next(box.parcels()) == Parcel("0", b"")


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (b"", "empty, expected a run document"),
        (b"x", "not compressed with gzip: "),
        (gzip.compress(b"{}" * 99, mtime=0)[:-9], "not compressed with gzip: "),
    ],
)
def test_what_is_not_whole_is_refused(packed: bytes, why: str) -> None:
    """
    Before it is sent.
    """
    with pytest.raises(DocumentError) as caught:
        check_packed(packed, "the outbox")

    assert str(caught.value).startswith(f"the outbox: {why}")


def test_what_was_refused_waits_again_after_an_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The release that it was refused to may have sent it wrongly; the same release does not send it again.
    """
    box = Outbox(tmp_path, "push", "http://exporter")
    box.put(pack(make_run(1)))
    box.refuse(next(iter(box.parcels())).name)
    box.readmit_after_upgrade()
    before = box.count()
    monkeypatch.setattr(outbox, "__version__", "99.0")
    box.readmit_after_upgrade()

    assert (before, box.count()) == (0, 1)
