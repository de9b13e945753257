"""
Suites that do not exist, with noise of a known kind; the same seed gives the same runs.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from recordings import Recording, make_case

_TESTS = 12
_SECONDS = 0.1
# From run to run the machine is so much faster or slower.
_MACHINE = 0.10
_SPIKES_IN_A_HUNDRED = 3

# The deviation of one test in one run from what is usual, by the number of the run.
Noise = Callable[[Random, int], float]


def _normal(random: Random, _: int) -> float:
    return 1 + random.gauss(0, 0.03)


def _log_normal(random: Random, _: int) -> float:
    return random.lognormvariate(0, 0.05)


def _drift(random: Random, run: int) -> float:
    return (1 + random.gauss(0, 0.02)) * (1 + 0.1 * run / 300)


def _modes(gap: float) -> Noise:
    return lambda random, _: (1 + random.gauss(0, 0.01)) * (1 + gap * random.randrange(2))


def _spikes(random: Random, _: int) -> float:
    height = random.uniform(2, 5) if random.random() < _SPIKES_IN_A_HUNDRED / 100 else 1.0
    return (1 + random.gauss(0, 0.02)) * height


NOISES: Mapping[str, Noise] = {
    "normal, 3%": _normal,
    "log-normal, 5%": _log_normal,
    "drift, 10% in 300 runs": _drift,
    "two modes, 5% apart": _modes(0.05),
    "two modes, 10% apart": _modes(0.10),
    "spikes at random, 3%": _spikes,
}


def noisy_suite(name: str, noise: Noise, runs: int, random: Random) -> Recording:
    """
    A suite of twelve tests on a machine whose speed varies by a tenth.
    """
    return _recording(name, [[noise(random, run) for _ in range(_TESTS)] for run in range(runs)], random)


def after_spikes(deviation: float, random: Random) -> Recording:
    """
    A hundred runs in which each test had three spikes of two to five times its time, and one more run without.
    """
    columns = [[1 + random.gauss(0, deviation) for _ in range(101)] for _ in range(_TESTS)]
    for column in columns:
        for run in random.sample(range(100), _SPIKES_IN_A_HUNDRED):
            column[run] *= random.uniform(2, 5)
    return _recording("three spikes in a hundred runs", list(zip(*columns, strict=True)), random)


def _recording(name: str, rows: Sequence[Sequence[float]], random: Random) -> Recording:
    runs = []
    for row in rows:
        machine = random.lognormvariate(0, _MACHINE)
        runs.append([make_case(f"test_{number}", _SECONDS * machine * value) for number, value in enumerate(row)])
    return Recording(name=name, runs=runs, calibrations=[None] * len(runs), is_suite=False)
