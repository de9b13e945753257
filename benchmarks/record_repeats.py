"""
Plugin of pytest for `record_suite.py`: writes what a session measured, first and again, to the file `RECORD_INTO`.

Besides the tests that look slower, some that look as usual are measured again, so that a rule that asks for other tests
than the one of today finds repeats of them.
"""

import os
from collections.abc import Collection
from pathlib import Path
from random import Random

import pytest
from gate_recordings import RecordedRepeat, RecordedRun, figures_of
from msgspec import json

from paceline.analysis.suspects import suspects_of
from paceline.model import Run
from paceline.plugin.measure import repeat
from paceline.plugin.session import RunSession
from paceline.verdict_kinds import VerdictKind

_AS_USUAL = 2


def _suspects_and_others(run: Run, fail_on: Collection[VerdictKind] = ()) -> list[str]:
    suspects = suspects_of(run, fail_on)
    others = [case.id for case in run.cases if case.id not in set(suspects)]
    return [*suspects, *Random(run.run_id).sample(others, min(_AS_USUAL, len(others)))]


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    repeat.suspects_of = _suspects_and_others  # type: ignore[attr-defined]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    plugins = session.config.pluginmanager.get_plugins()
    paceline = next(plugin for plugin in plugins if isinstance(plugin, RunSession))
    run = paceline._run  # noqa: SLF001 - the judged run has no other name
    if run is None:
        return
    repeated = paceline.repeated
    recorded = RecordedRun(
        time=run.ended,
        exit_code=int(session.exitstatus),
        calibration=run.machine.calibration_seconds,
        others_cpu_percent=run.machine.others_cpu_percent,
        cases={case.id: figures_of(case) for case in paceline._book.cases()},  # noqa: SLF001 - before it was judged
        budgets={case.id: case.budget_seconds for case in run.cases if case.budget_seconds},
        repeats={
            test: [
                RecordedRepeat(figures_of(case), calibration)
                for case, calibration in zip(cases, repeated.calibrations.get(test, ()), strict=False)
            ]
            for test, cases in repeated.cases.items()
        },
        found={
            kind.value: sum(one.kind is kind for one in run.verdicts) for kind in {one.kind for one in run.verdicts}
        },
    )
    Path(os.environ["RECORD_INTO"]).write_bytes(json.encode(recorded))
