"""
Paceline makes the performance of a pytest suite something a team can watch.
"""

# As `typing` has it, without importing that: the companion process starts in every session.
TYPE_CHECKING = False
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
