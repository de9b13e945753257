"""
One exporter for one folder.
"""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from paceline.documents import encode_run
from paceline.errors import StorageError
from paceline.server.asgi_process import lock_folder
from support.exporter import Exporter, exporter_in
from support.values import make_case, make_run
from support.wording import ERROR, IS_FOLDER


def test_a_second_exporter_does_not_start(tmp_path: Path) -> None:
    """
    It says why, and by which process; the first goes on.
    """
    with exporter_in(tmp_path) as exporter:
        assert exporter.process is not None
        command = [sys.executable, "-m", "paceline", "serve", f"--data={exporter.data}"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

        assert (done.returncode, done.stderr) == (
            1,
            f"{ERROR}the folder {exporter.data} is used by another exporter (process {exporter.process.pid})\n",
        )
        assert exporter.push(make_run(1, [make_case()])).status_code == 201


def test_an_exporter_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    """
    The next one starts, in the folder with the file that it left.
    """
    exporter = Exporter(tmp_path)
    exporter.start()
    exporter.stop(signal.SIGKILL)
    exporter.start()
    code = exporter.stop()

    assert (exporter.data / "exporter.lock").read_text("utf-8").strip().isdecimal()
    assert code == 0


def test_the_ledger_is_read_and_written_beside_an_exporter(tmp_path: Path) -> None:
    """
    By commands that are no exporters.
    """
    run = make_run(1, [make_case()])
    with exporter_in(tmp_path) as exporter:
        exporter.ledger.add(run, encode_run(run))

        assert exporter.ledger.run("run-1") == run


def test_a_folder_that_cannot_be_locked_is_said(tmp_path: Path) -> None:
    """
    With the file and the reason.
    """
    (tmp_path / "exporter.lock").mkdir()
    with pytest.raises(StorageError) as caught:
        lock_folder(tmp_path)

    assert str(caught.value) == f"{tmp_path}/exporter.lock cannot be locked: {IS_FOLDER}"
