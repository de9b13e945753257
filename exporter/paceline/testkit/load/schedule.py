"""
When requests are due.
"""

from collections.abc import Iterator, Sequence
from math import ceil, sqrt
from typing import NamedTuple


class _Stage(NamedTuple):
    """
    A part of the test: from `start`, requests come at `rate` per second; in a ramp, the rate grows from 0 to that.
    """

    start: float
    seconds: float
    rate: float
    is_ramp: bool = False

    @property
    def requests(self) -> float:
        return self.seconds * self.rate / (2 if self.is_ramp else 1)

    def time_of(self, number: float) -> float:
        """
        When this many requests of the stage were due, in seconds since the test began.
        """
        if self.is_ramp:
            return self.start + self.seconds * sqrt(number / self.requests)
        return self.start + number / self.rate


def due_times(
    rates: Sequence[float], seconds: float, ramp_up: float, worker: int = 0, workers: int = 1
) -> Iterator[float]:
    """
    The seconds since the start at which the requests of a worker are due. Of all requests, worker `i` of `n` sends
    numbers i, i+n, i+2n and so on.

    Args:
        rates: requests per second, one for each equal part of the time.
        seconds: of the whole test.
        ramp_up: seconds in which the rate goes from 0 to the first one, less than a part.
        worker: number of this one.
        workers: how many there are.
    """
    before = 0.0
    for stage in _stages(rates, seconds, ramp_up):
        # The first number of this worker that is in this stage.
        first = ceil(before)
        number = first + (worker - first) % workers
        while number < before + stage.requests:
            yield stage.time_of(number - before)
            number += workers
        before += stage.requests


def _stages(rates: Sequence[float], seconds: float, ramp_up: float) -> Iterator[_Stage]:
    part = seconds / len(rates)
    if ramp_up > 0:
        yield _Stage(0.0, ramp_up, rates[0], is_ramp=True)
    if part > ramp_up:
        yield _Stage(ramp_up, part - ramp_up, rates[0])
    for place, rate in enumerate(rates[1:], start=1):
        yield _Stage(place * part, part, rate)


def user_starts(users: int, ramp_up: float, worker: int = 0, workers: int = 1) -> list[float]:
    """
    The seconds since the start at which the users of a worker begin.
    """
    return [ramp_up * number / users for number in range(worker, users, workers)]
