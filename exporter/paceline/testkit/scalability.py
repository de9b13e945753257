"""
Where more load brings no more throughput: the universal scalability law, fitted to measured steps.
"""

from collections.abc import Sequence
from itertools import combinations
from math import sqrt

from paceline.kit_results.stress import Knee

_FEWEST_STEPS = 4


def knee_of(points: Sequence[tuple[float, float]]) -> Knee | None:
    """
    Fit X(N) = r N / (1 + a (N-1) + b N (N-1)), with a and b not below 0.

    N / X is a sum of 1/r, a/r (N-1) and b/r N (N-1), so that least squares find the three.

    Args:
        points: load and throughput.

    Returns:
        None of too few steps.
    """
    known = [(load, rate) for load, rate in points if load > 0 and rate > 0]
    if len(known) < _FEWEST_STEPS:
        return None
    rows = [(1.0, load - 1, load * (load - 1)) for load, _ in known]
    # Relative errors count, so that each row is divided by what it should give.
    scaled = [tuple(term * rate / load for term in row) for row, (load, rate) in zip(rows, known, strict=True)]
    best: tuple[float, list[float]] | None = None
    for used in ((0, *rest) for size in (2, 1, 0) for rest in combinations((1, 2), size)):
        found = _least_squares(scaled, used)
        if found is None or found[0] <= 0 or any(value < 0 for value in found):
            continue
        error = sum((sum(t * c for t, c in zip(row, found, strict=True)) - 1) ** 2 for row in scaled)
        if best is None or error < best[0]:
            best = error, found
    if best is None:
        return None
    error, (base, contention, coherency) = best
    peak = sqrt(max(base - contention, 0.0) / coherency) if coherency > 0 else None
    return Knee(
        load=peak,
        contention=contention / base,
        coherency=coherency / base,
        error_ratio=sqrt(error / len(scaled)),
    )


def _least_squares(rows: Sequence[Sequence[float]], used: Sequence[int]) -> list[float] | None:
    """
    The coefficients that bring each row closest to 1; those of unused columns are 0.
    """
    size = len(used)
    table = [[sum(row[a] * row[b] for row in rows) for b in used] + [sum(row[a] for row in rows)] for a in used]
    for pivot in range(size):
        if abs(table[pivot][pivot]) <= 1e-12 * max(1.0, abs(table[0][0])):
            return None
        for other in range(size):
            if other != pivot:
                factor = table[other][pivot] / table[pivot][pivot]
                table[other] = [a - factor * b for a, b in zip(table[other], table[pivot], strict=True)]
    found = [0.0, 0.0, 0.0]
    for place, column in enumerate(used):
        found[column] = table[place][size] / table[place][place]
    return found
