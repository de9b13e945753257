"""
A fixed piece of work, timed before and after the tests: the absolute ruler of a machine's speed.
"""

from paceline.unpatched import UNPATCHED

_ROUNDS = 7
# Beside a repeat of a test the moment counts, and a few rounds are in it.
ROUNDS_BESIDE_A_REPEAT = 2
_STEPS = 20_000
_NANOSECONDS = 1e9


def calibrate(rounds: int = _ROUNDS) -> float:
    """
    CPU seconds of a fixed piece of pure Python work: the median of seven rounds of about 2 ms (of two the slower
    one), as tests have the slow moments of a machine too.
    """
    return sorted(_round() for _ in range(rounds))[rounds // 2]


def _round() -> float:
    started = UNPATCHED.thread_time_ns()
    table: dict[int, str] = {}
    total = 0
    for step in range(_STEPS):
        total = (total * 31 + step) & 0xFFFF
        if not step & 15:
            table[total] = str(step)
    sorted(table.values())
    return (UNPATCHED.thread_time_ns() - started) / _NANOSECONDS
