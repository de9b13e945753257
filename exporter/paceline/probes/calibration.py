"""
A fixed piece of work, timed at the start of a run: the absolute ruler of a machine's speed.
"""

import time

_ROUNDS = 7
_STEPS = 20_000


def calibrate() -> float:
    """
    CPU seconds of a fixed piece of pure Python work; the best of seven rounds of about 2 ms.
    """
    return min(_round() for _ in range(_ROUNDS))


def _round() -> float:
    started = time.thread_time()
    table: dict[int, str] = {}
    total = 0
    for step in range(_STEPS):
        total = (total * 31 + step) & 0xFFFF
        if not step & 15:
            table[total] = str(step)
    sorted(table.values())
    return time.thread_time() - started
