"""
Sessions that die, and one that lives.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paceline.documents import encode_run
from paceline.model import Run

_DYING = """
import os, sys
from pathlib import Path
from msgspec.structs import replace
from paceline.history.journal import Journal
from paceline.documents import decode_run

run = decode_run(sys.stdin.buffer.readline(), "stdin")
journal = Journal(Path(sys.argv[1]), replace(run, cases=()))
for case in run.cases:
    journal.add(case)
if len(sys.argv) == 2 or sys.argv[2] == "forked" and os.fork():
    os._exit(9)
print("written", flush=True)
sys.stdin.read()
"""


def leave_journal(folder: Path, run: Run) -> Path:
    """
    Have a process write the journal of a run, case by case, and die.
    """
    subprocess.run([sys.executable, "-c", _DYING, folder], input=encode_run(run), check=False)
    return folder / f"{run.run_id}.jsonl"


@contextmanager
def written_journal(folder: Path, run: Run, *, is_forked: bool = False) -> Iterator[Path]:
    """
    A journal whose process lives until the end, or has died and left one that it had forked off.
    """
    command: list[str | Path] = [sys.executable, "-c", _DYING, folder, "forked" if is_forked else "living"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(encode_run(run) + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        if is_forked:
            process.wait()
        yield folder / f"{run.run_id}.jsonl"
