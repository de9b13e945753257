"""
What the test kit found, in words: load, stress and leak tests, benchmarks and tests of databases.
"""

from collections.abc import Sequence

from paceline.model import Run

# The results that a reader waits for come first: no verdict has them where all is well.
_FIRST = ("load", "stress")


def kit_summaries(run: Run) -> Sequence[tuple[str, str]]:
    """
    The kind of each result, and its test with the result in one line; load and stress tests first.
    """
    found = [
        (str(type(result).__struct_config__.tag), f"{case.id}: {result.name and f'{result.name}: '}{result.summary()}")
        for case in run.cases
        for result in case.results
    ]
    return sorted(found, key=lambda result: result[0] not in _FIRST)
