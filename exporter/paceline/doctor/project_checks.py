"""
Checks of the project: its configuration, its history and its outbox.
"""

from collections.abc import Iterator
from os.path import relpath
from pathlib import Path

from paceline.config import Config, read_table
from paceline.delivery.outbox import outboxes
from paceline.doctor.checks import ChainPart, Check
from paceline.errors import PacelineError
from paceline.formatting import counted, moment
from paceline.history.archive import Archive

_CONFIGURATION, _HISTORY, _OUTBOX = ChainPart("configuration"), ChainPart("history"), ChainPart("outbox")


def check_configuration(pyproject: Path, suite: str, default_branch: str) -> Iterator[Check]:
    """
    The file of the settings, which are all valid, and the names that follow from it.
    """
    table, place = read_table(pyproject), relpath(pyproject)
    settings = f"{counted(len(table), 'setting')} in {place}" if table else f"no [tool.paceline] in {place}"
    said = f"{settings}; suite {suite}, default branch {default_branch}"
    yield (
        _CONFIGURATION.ok(said) if table else _CONFIGURATION.hint(said, "`paceline init` writes a first configuration")
    )


def check_history(archive: Archive, config: Config, suite: str) -> Iterator[Check]:
    """
    The runs in the results folder.
    """
    folder, needed = relpath(archive.folder.ledger.parent), config.rules.regression.min_runs
    try:
        runs = archive.ledger.summaries(suite)
    except PacelineError as error:
        yield _HISTORY.wrong(str(error))
        return
    if not runs:
        yield _HISTORY.hint(f"no run of {suite} in {folder}", "run `pytest --paceline`")
        return
    latest = max(run.ended for _, _, run in runs)
    said = f"{counted(len(runs), 'run')} of {suite} in {folder}, the latest of {moment(latest)}"
    if len(runs) < needed:
        yield _HISTORY.hint(f"{said}; regressions are judged after {needed} runs", "run `pytest --paceline` again")
    else:
        yield _HISTORY.ok(said)


def check_outbox(archive: Archive) -> Iterator[Check]:
    """
    The runs that a server has not taken yet.
    """
    for kind, address, box in outboxes(archive.folder.outbox):
        if count := box.count():
            said = f"{counted(count, 'run is', 'runs are')} queued for {address} ({kind})"
            fix = f"`paceline push` sends them, and says why if it cannot; remove {box.folder} to drop them"
            yield _OUTBOX.hint(said, fix)
