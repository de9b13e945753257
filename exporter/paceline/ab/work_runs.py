"""
The calls of both sides, counted: once, and once more where they differ. The loops of slower tests that call as often.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from paceline.ab.pytest_run import Tree
from paceline.analysis.compare.comparison import Comparison
from paceline.analysis.compare.loop_changes import loop_changes
from paceline.analysis.compare.outcome import Change
from paceline.analysis.compare.work_changes import WorkChanges, work_changes
from paceline.analysis.judgement_rules import WorkRule
from paceline.errors import TrialError
from paceline.model import Run
from paceline.unpatched import UNPATCHED

# Seeds of hashes: what depends on one is not of the code.
_FIRST, _SECOND = 0, 1


def counted_changes(trees: Sequence[Tree], arguments: Sequence[str], first: Sequence[Run] | None = None) -> WorkChanges:
    """
    Compare the calls of base and head.

    Where they differ, both are counted once more with another seed of hashes, and tests whose calls depend on that are
    left out.

    Args:
        trees: of base and head.
        arguments: of pytest.
        first: a run of each that counted; None to make them.

    Raises:
        TrialError: pytest cannot run the tests, or no call was counted.
    """
    base, head = first if first is not None else [tree.run(arguments, _FIRST, None, counts=True)[0] for tree in trees]
    for tree, run in zip(trees, (base, head), strict=True):
        if run.work is None:
            raise TrialError(f"{tree.name}: no call of the project's functions was counted; see [tool.paceline.work]")
    names, rule = (trees[0].name, trees[1].name), WorkRule()
    changes = work_changes(names, [base], [head], rule)
    if not changes.functions:
        return changes
    again = [tree.run(arguments, _SECOND, None, counts=True)[0] for tree in trees]
    return work_changes(names, [base, again[0]], [head, again[1]], rule)


def with_loops(
    work: WorkChanges, comparison: Comparison, trees: Sequence[Tree], arguments: Sequence[str]
) -> WorkChanges:
    """
    Compare the loops of the tests that are slower and call as often as before, in one run of each side.

    Args:
        work: the two sides by their calls.
        comparison: the same by their times.
        trees: of base and head.
        arguments: of pytest.

    Raises:
        TrialError: pytest cannot run the tests.
    """
    explained = {test for function in work.grown for test in function.tests}
    slower = [one.id for one in comparison.tests if one.change is Change.SLOWER and one.id not in explained]
    if not slower or UNPATCHED.monitoring is None:
        return work
    base, head = (tree.run(arguments, _FIRST, None, loops_of=slower)[0] for tree in trees)
    return replace(work, loops=loop_changes(base, head, WorkRule()))
