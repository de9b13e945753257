"""
Rounds: each side runs once in each, in turn.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from paceline.ab.import_location import strangers
from paceline.ab.pytest_run import Tree
from paceline.ab.repository import Repository, Version
from paceline.analysis.compare.compared_runs import Side
from paceline.errors import TrialError
from paceline.formatting import listed
from paceline.model import Run

_NAMED = 3


class TrialPlan(Struct, frozen=True, kw_only=True):
    """
    What is asked for: arguments of pytest, how many rounds, how long at most, and what to do in each tree before.
    """

    arguments: tuple[str, ...]
    rounds: int
    max_seconds: float | None = None
    setup: str = ""


def is_head_first(number: int) -> bool:
    """
    Whether the head is the first to run in a round, counted from 0: AB BA BA AB BA AB AB BA.

    Thue's sequence, not chance: two rounds cancel a machine that gets slower steadily, four one that does so faster
    and faster, and so on; with few rounds chance may give one side all the first places.
    """
    return number.bit_count() % 2 == 1


@contextmanager
def both_trees(repository: Repository, versions: Sequence[Version], folder: Path) -> Iterator[list[Tree]]:
    """
    The work trees of both versions, which are gone at the end.

    Args:
        repository: where they come from.
        versions: base and head.
        folder: where the user is.

    Raises:
        TrialError: git cannot check out a version, or a version does not have the user's folder.
    """
    inside = folder.resolve().relative_to(repository.root)
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory(prefix="paceline-ab-"))).resolve()
        trees = []
        # Names of one length: the length of a path can be measured.
        for name, version in zip(("base", "head"), versions, strict=True):
            root = stack.enter_context(repository.checked_out(version, place / name))
            if not (root / inside).is_dir():
                raise TrialError(f"{version.name} has no folder {inside}")
            trees.append(Tree(name=version.name, root=root, folder=root / inside, original=repository.root))
        yield trees


def run_rounds(
    trees: Sequence[Tree], plan: TrialPlan, warn: Callable[[str], None], done: Callable[[], None]
) -> tuple[tuple[Side, Side], Sequence[Run]]:
    """
    Run both sides in turn; the first round fills caches and counts calls, and its times do not matter.

    When the time is up the rounds that are whole are what there is: the clock alone decides that, so that stopping
    does not depend on what was found.

    Args:
        trees: of base and head.
        plan: what is asked for.
        warn: gets a message about code that was imported from elsewhere.
        done: is called after each round.

    Returns:
        The rounds of both sides, and the run of each that counted calls.

    Raises:
        TrialError: pytest cannot run the tests, or no round was complete in time.
    """
    deadline = time.monotonic() + plan.max_seconds if plan.max_seconds is not None else None
    runs: list[tuple[Run, Run]] = []
    prepare(trees, plan)
    try:
        counted_runs = list(_warm_up(trees, plan, deadline, warn))
        done()
        for number in range(plan.rounds):
            runs.append(_round(trees, plan, number, deadline))
            done()
    except TimeoutError as error:
        if not runs:
            raise TrialError(f"no round was complete within {plan.max_seconds:g} s; raise --max-seconds") from error
        warn(f"{plan.max_seconds:g} s are up after {len(runs)} of {plan.rounds} rounds")
    base, head = trees
    sides = (
        Side(name=base.name, runs=tuple(one for one, _ in runs)),
        Side(name=head.name, runs=tuple(other for _, other in runs)),
    )
    return sides, counted_runs


def prepare(trees: Sequence[Tree], plan: TrialPlan) -> None:
    """
    Build or install in each work tree, where the plan says how.

    Raises:
        TrialError: the command fails.
    """
    for tree in trees:
        if plan.setup:
            tree.prepare(plan.setup)


def _warm_up(
    trees: Sequence[Tree], plan: TrialPlan, deadline: float | None, warn: Callable[[str], None]
) -> Iterator[Run]:
    for tree in trees:
        run, imports = tree.run(plan.arguments, 0, _left(deadline), counts=True)
        yield run
        names = sorted(strangers(imports, tree.root, tree.original, tree.import_roots))
        if names:
            places = listed([f"{name} from {imports[name].parent}" for name in names], _NAMED)
            warn(
                f"{tree.name}: pytest tested other code: {places} was imported from outside of the work tree, "
                "so both sides may be the same; install the code there with --setup"
            )


def _round(trees: Sequence[Tree], plan: TrialPlan, number: int, deadline: float | None) -> tuple[Run, Run]:
    base, head = trees
    order = (head, base) if is_head_first(number) else (base, head)
    first, second = (tree.run(plan.arguments, number + 1, _left(deadline))[0] for tree in order)
    return (second, first) if is_head_first(number) else (first, second)


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
