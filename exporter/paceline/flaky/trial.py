"""
One run of a suite in an order of its own.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from paceline.errors import TrialError
from paceline.flaky.ordering import ORDER_VARIABLE, OUTCOMES_VARIABLE, SEED_VARIABLE

_RAN = frozenset({0, 1})
_SHOWN_LINES = 20
# Of plugins that shuffle as well.
_WITHOUT = ("-p", "no:randomly", "-p", "no:random_order", "-p", "no:cacheprovider")


class Trial(NamedTuple):
    """
    The tests in the order in which they ran, and those that failed. `seed` is None of a given order.
    """

    seed: int | None
    order: tuple[str, ...]
    failed: frozenset[str]


def run_trial(
    arguments: Sequence[str], *, seed: int | None = None, order: Sequence[str] = (), seconds: float | None = None
) -> Trial:
    """
    Run pytest once.

    Args:
        arguments: of pytest.
        seed: of the random order, and of hashes; None for the suite's own order.
        order: the ids of the tests to run, in this order; all where there are none.
        seconds: how long it may take.

    Raises:
        TrialError: pytest ran no test.
        TimeoutError: pytest took longer than `seconds` and was ended.
    """
    with tempfile.TemporaryDirectory(prefix="paceline-flaky-") as folder:
        outcomes, wanted = Path(folder) / "outcomes", Path(folder) / "order"
        environ = {**os.environ, OUTCOMES_VARIABLE: str(outcomes), "PYTHONHASHSEED": str(seed or 0)}
        if seed is not None:
            environ[SEED_VARIABLE] = str(seed)
        if order:
            wanted.write_text(json.dumps(list(order)), "utf-8")
            environ[ORDER_VARIABLE] = str(wanted)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "paceline.flaky.ordering", *_WITHOUT, "--no-paceline"]
        code, output = _run([*command, *arguments], environ, seconds)
        if code not in _RAN or not outcomes.is_file():
            tail = "\n".join(output.strip().splitlines()[-_SHOWN_LINES:])
            raise TrialError(f"pytest ended with exit code {code}:\n{tail}")
        reports = [json.loads(line) for line in outcomes.read_text("utf-8").splitlines()]
    return Trial(
        seed,
        tuple(dict.fromkeys(node_id for node_id, _, _ in reports)),
        frozenset(node_id for node_id, _, outcome in reports if outcome == "failed"),
    )


def _run(command: Sequence[str], environ: dict[str, str], seconds: float | None) -> tuple[int, str]:
    # In a group of its own: what ends it ends all that it started.
    process = subprocess.Popen(  # noqa: S603 - what the user asked for
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode, output
