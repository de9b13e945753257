"""
One run of a suite in an order of its own.
"""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from paceline.errors import TrialError
from paceline.flaky.ordering import ORDER_VARIABLE, OUTCOMES_VARIABLE, SEED_VARIABLE
from paceline.process_group import last_lines, run_in_group

_RAN = frozenset({0, 1})
# Plugins that shuffle as well are left out. Paceline is loaded by name, so that pytest knows its option also where it
# loads no plugins by itself.
_PLUGINS = ("-p", "no:randomly", "-p", "no:random_order", "-p", "no:cacheprovider", "-p", "paceline", "--no-paceline")


class Trial(NamedTuple):
    """
    The tests in the order in which they ran, and those that failed. `seed` is None of a given order.
    """

    seed: int | None
    order: tuple[str, ...]
    failed: frozenset[str]


def run_trial(arguments: Sequence[str], *, seed: int | None = None, order: Sequence[str] = ()) -> Trial:
    """
    Run pytest once.

    Args:
        arguments: of pytest.
        seed: of the random order, and of hashes; None for the suite's own order.
        order: the ids of the tests to run, in this order; every test where the order is empty.

    Raises:
        TrialError: pytest ran no test.
    """
    with tempfile.TemporaryDirectory(prefix="paceline-flaky-") as folder:
        outcomes, wanted = Path(folder) / "outcomes", Path(folder) / "order"
        environ = {**os.environ, OUTCOMES_VARIABLE: str(outcomes), "PYTHONHASHSEED": str(seed or 0)}
        if seed is not None:
            environ[SEED_VARIABLE] = str(seed)
        if order:
            wanted.write_text(json.dumps(list(order)), "utf-8")
            environ[ORDER_VARIABLE] = str(wanted)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "paceline.flaky.ordering", *_PLUGINS]
        code, output = run_in_group([*command, *arguments], environ)
        if code not in _RAN or not outcomes.is_file():
            raise TrialError(f"pytest ended with exit code {code}:\n{last_lines(output)}")
        reports = [json.loads(line) for line in outcomes.read_text("utf-8").splitlines()]
    return Trial(
        seed,
        tuple(dict.fromkeys(node_id for node_id, _, _ in reports)),
        frozenset(node_id for node_id, _, outcome in reports if outcome == "failed"),
    )
