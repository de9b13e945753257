"""
Two sides whose loops were counted: in which tests do they go round more often, and in which function most?
"""

from collections.abc import Mapping

from paceline.analysis.compare.work_changes import ComparedLoops
from paceline.analysis.judgement_rules import WorkRule
from paceline.analysis.verdicts.work import is_more
from paceline.model import Run
from paceline.usage import UsageKey
from paceline.work import Function


def loop_changes(base: Run, head: Run, rule: WorkRule) -> tuple[ComparedLoops, ...]:
    """
    Compare the loops of each test that both sides counted, those that grew most first.

    Args:
        base: a run that counted loops.
        head: the same of the other code.
        rule: by how much rounds differ.
    """
    before, after = _rounds(base), _rounds(head)
    functions = {one.name: one for one in (head.work.functions if head.work is not None else ())}
    found = []
    for test in before.keys() & after.keys():
        rounds = int(before[test]), int(after[test])
        name = _grown_most(_of_functions(base, test), _of_functions(head, test)) if is_more(*rounds[::-1], rule) else ""
        function = functions.get(name) or Function(name=name)
        found.append(
            ComparedLoops(
                test=test,
                base_rounds=rounds[0],
                head_rounds=rounds[1],
                function=name,
                file=function.file,
                line=function.line,
            )
        )
    return tuple(sorted(found, key=lambda one: (one.base_rounds - one.head_rounds, one.test)))


def _rounds(run: Run) -> Mapping[str, float]:
    return {case.id: case.usage[UsageKey.LOOPS] for case in run.cases if UsageKey.LOOPS in case.usage}


def _of_functions(run: Run, test: str) -> Mapping[str, int]:
    return run.work.loops.get(test, {}) if run.work is not None else {}


def _grown_most(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    return max(after, key=lambda name: after[name] - before.get(name, 0), default="")
