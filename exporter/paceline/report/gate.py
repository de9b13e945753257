"""
Why Paceline fails a run, in words.
"""

from collections.abc import Collection, Iterator, Sequence

from paceline.analysis.comparability import missing_history
from paceline.analysis.failing_verdicts import failing_verdicts
from paceline.analysis.judgement_rules import Rules
from paceline.analysis.past import Past
from paceline.formatting import counted, listed
from paceline.model import Run, Verdict
from paceline.verdict_kinds import VerdictKind

_MOST_NAMED = 3


def gate_failures(
    run: Run, past: Past, rules: Rules, fail_on: Collection[VerdictKind], *, require_history: bool
) -> Iterator[str]:
    """
    A line for the verdicts that fail a run, and one for a past that is too short where the user requires one.

    Args:
        run: the run, judged.
        past: what it was judged against.
        rules: by which thresholds.
        fail_on: the kinds of verdicts that fail a run.
        require_history: whether a past that is too short fails it.
    """
    failing = failing_verdicts(run, past, fail_on).failing
    if failing:
        yield f"this run fails by {counted(len(failing), 'verdict')}: {named(failing)}"
    missing = missing_history(fail_on, run, past, rules) if require_history else ""
    if missing:
        yield f"{missing}: this run fails (--paceline-require-history)"


def named(verdicts: Sequence[Verdict]) -> str:
    """
    The kinds and subjects of verdicts, each once; a few of them.
    """
    about = (f"{one.kind.value} of {one.subject}" for one in verdicts)
    return listed(list(dict.fromkeys(about)), _MOST_NAMED)
