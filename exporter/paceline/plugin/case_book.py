"""
The cases of a run, in the order in which they ended.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from paceline.model import Case
from paceline.plugin.xdist_messages import NumberedCase
from paceline.usage import UsageKey


class CaseBook:
    """
    Keeps each case under the worker that ran it and its number there; a test that is retried takes its place again.
    """

    def __init__(self) -> None:
        self._cases: Final[dict[tuple[str, int], NumberedCase]] = {}

    def __len__(self) -> int:
        return len(self._cases)

    def put(self, worker: str, numbered: NumberedCase) -> bool:
        """
        Keep a case.

        Returns:
            Whether the test is new here.
        """
        key = worker, numbered.number
        is_new = key not in self._cases
        self._cases[key] = numbered
        return is_new

    def replace(self, worker: str, number: int, case: Case) -> None:
        """
        Put a case in the place of one with other figures.
        """
        key = worker, number
        if key in self._cases:
            self._cases[key] = replace(self._cases[key], case=case)

    def cases(self, children: Mapping[tuple[int, int], int] | None = None) -> tuple[Case, ...]:
        """
        The cases. Where several have one id, as of a test that each worker runs, the second is `#2`.

        Args:
            children: the peak of the memory of child processes in bytes, by process and number of the test.
        """
        found = children or {}
        cases = (_with_children(one.case, found.get((one.process, one.number))) for one in self._cases.values())
        return tuple(_with_own_ids(cases))


def _with_children(case: Case, peak: int | None) -> Case:
    if peak is None or case.not_measured is not None:
        return case
    return replace(case, usage={**case.usage, UsageKey.CHILDREN_MEMORY_PEAK_BYTES: float(peak)})


def _with_own_ids(cases: Iterable[Case]) -> Iterator[Case]:
    taken: set[str] = set()
    for case in cases:
        number, case_id = 1, case.id
        while case_id in taken:
            number += 1
            case_id = f"{case.id}#{number}"
        taken.add(case_id)
        yield case if case_id == case.id else replace(case, id=case_id)
