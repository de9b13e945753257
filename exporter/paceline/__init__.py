"""
Paceline makes the performance of a pytest suite something a team can watch.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paceline.errors import ConfigError, DocumentError, PacelineError, StorageError
    from paceline.history.results_folder import read_run
    from paceline.measure import Measure
    from paceline.model import Case, Cause, Machine, Outcome, Run, RunOutcome, Severity, Since, Verdict
    from paceline.monitoring import (
        Monitor,
        monitor,
        set_performance_budget,
        start_test_monitoring,
        stop_test_monitoring,
    )
    from paceline.recorder import CaseRecorder, record_cache
    from paceline.usage import UsageKey
    from paceline.verdict_kinds import VerdictKind
    from paceline.version import __version__

__all__ = [
    "Case",
    "CaseRecorder",
    "Cause",
    "ConfigError",
    "DocumentError",
    "Machine",
    "Measure",
    "Monitor",
    "Outcome",
    "PacelineError",
    "Run",
    "RunOutcome",
    "Severity",
    "Since",
    "StorageError",
    "UsageKey",
    "Verdict",
    "VerdictKind",
    "__version__",
    "monitor",
    "read_run",
    "record_cache",
    "set_performance_budget",
    "start_test_monitoring",
    "stop_test_monitoring",
]

_MODULES = {
    "errors": ("ConfigError", "DocumentError", "PacelineError", "StorageError"),
    "history.results_folder": ("read_run",),
    "measure": ("Measure",),
    "model": (
        "Case",
        "Cause",
        "Machine",
        "Outcome",
        "Run",
        "RunOutcome",
        "Severity",
        "Since",
        "Verdict",
    ),
    "monitoring": (
        "Monitor",
        "monitor",
        "set_performance_budget",
        "start_test_monitoring",
        "stop_test_monitoring",
    ),
    "recorder": ("CaseRecorder", "record_cache"),
    "usage": ("UsageKey",),
    "verdict_kinds": ("VerdictKind",),
    "version": ("__version__",),
}


def __dir__() -> list[str]:
    return sorted(__all__)


# A type checker that saw this function would accept every name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # pytest imports this package to learn the plugin's options, in every session of every project that has it
        # installed; nothing more is imported until it is used.
        from importlib import import_module  # noqa: PLC0415

        for module, names in _MODULES.items():
            if name in names:
                return getattr(import_module(f"paceline.{module}"), name)
        raise AttributeError(f"module 'paceline' has no attribute {name!r}")
