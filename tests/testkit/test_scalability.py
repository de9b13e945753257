"""
The universal scalability law, fitted to measured steps.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.testkit.scalability import knee_of

_LOADS = (1, 2, 4, 8, 16, 32)


def _law(load: float, rate: float, contention: float, coherency: float) -> float:
    return rate * load / (1 + contention * (load - 1) + coherency * load * (load - 1))


@given(rate=st.floats(1, 1e4), contention=st.floats(0.001, 0.3), coherency=st.floats(1e-4, 0.05))
def test_the_law_is_found_in_points_of_it(rate: float, contention: float, coherency: float) -> None:
    """
    Points that follow the law give its coefficients, and the load where its throughput is highest.
    """
    knee = knee_of([(load, _law(load, rate, contention, coherency)) for load in _LOADS])

    assert knee is not None
    assert knee.contention == pytest.approx(contention, rel=0.01, abs=1e-4)
    assert knee.coherency == pytest.approx(coherency, rel=0.01, abs=1e-5)
    assert knee.load == pytest.approx(((1 - contention) / coherency) ** 0.5, rel=0.01)
    assert knee.error_ratio < 0.001


def test_throughput_in_proportion_to_the_load_has_no_knee() -> None:
    """
    Neither coefficient is below 0, and no load is the best.
    """
    knee = knee_of([(load, 100.0 * load) for load in _LOADS])

    assert knee is not None
    assert (knee.load, knee.contention, knee.coherency) == (None, 0, 0)


def test_points_off_the_law_have_an_error() -> None:
    """
    The error says how far the steps are from the law.
    """
    knee = knee_of([(1, 100), (2, 100), (3, 300), (4, 150), (5, 500)])

    assert knee is not None
    assert knee.error_ratio > 0.1


def test_few_steps_have_no_knee() -> None:
    """
    Three coefficients need four steps, and steps without throughput do not count.
    """
    assert knee_of([(1, 10.0), (2, 20.0), (3, 30.0), (4, 0.0)]) is None
