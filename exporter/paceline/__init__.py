"""
Paceline makes the performance of a pytest suite something a team can watch.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paceline.monitoring import (
        Monitor,
        monitor,
        set_performance_budget,
        start_test_monitoring,
        stop_test_monitoring,
    )

__all__ = ["Monitor", "monitor", "set_performance_budget", "start_test_monitoring", "stop_test_monitoring"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # pytest imports this package to learn the plugin's options, in every session of every project that has it
    # installed; nothing more is imported until it is used.
    if name in __all__:
        from paceline import monitoring  # noqa: PLC0415

        return getattr(monitoring, name)
    raise AttributeError(f"module 'paceline' has no attribute {name!r}")
