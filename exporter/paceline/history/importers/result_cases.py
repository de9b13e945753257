"""
From the results in a file to the cases of a run.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from paceline.history.importers.imported_file import TypeOf
from paceline.identity import safe_ids, safe_text
from paceline.kit_results import AnyResult
from paceline.model import Case, Outcome, Run
from paceline.translated_names import RunCount


class Result(Struct, frozen=True, kw_only=True):
    """
    One result of a test, named as the file names it: nothing is made safe yet.
    """

    node_id: str
    family: str
    outcome: Outcome
    seconds: float | None
    results: tuple[AnyResult, ...] = ()

    @property
    def weight(self) -> tuple[bool, bool]:
        return self.outcome.is_failure, self.outcome.is_pass


def with_results(run: Run, results: Iterable[Result], type_of: TypeOf) -> Run:
    """
    The run with a case for each test, and with the count of what could not be kept as it was.
    """
    by_test = _by_test(results)
    ids = safe_ids(by_test)
    families = {family: safe_text(family) for family in {result.family for result in by_test.values()}}
    return replace(
        run,
        counts={
            RunCount.IDS_MADE_SAFE: sum(node_id != safe for node_id, safe in ids.items()),
            RunCount.TESTS_WITHOUT_TIME: sum(result.seconds is None for result in by_test.values()),
        },
        cases=tuple(
            Case(
                id=ids[node_id],
                family=families[result.family],
                test_type=type_of(node_id.partition("::")[0]),
                outcome=result.outcome,
                duration_seconds=result.seconds,
                results=result.results,
                measures={name: one for found in result.results for name, one in found.measures().items()},
            )
            for node_id, result in by_test.items()
        ),
    )


def _by_test(results: Iterable[Result]) -> dict[str, Result]:
    # pytest tells twice of a test that failed and whose teardown failed, too; files merged from several
    # sessions tell of all their tests several times. The first failure counts, else the first pass.
    by_test: dict[str, Result] = {}
    for result in results:
        by_test[result.node_id] = max(by_test.get(result.node_id, result), result, key=lambda one: one.weight)
    return by_test
