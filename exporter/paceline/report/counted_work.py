"""
The calls that a run counted, in a line.
"""

from paceline.formatting import counted
from paceline.model import Run
from paceline.usage import UsageKey


def counted_work(run: Run) -> str:
    """
    How many calls were counted in how many tests, and how many tests were compared; "" where none was counted.
    """
    calls = [case.usage[UsageKey.CALLS] for case in run.cases if case.is_counted]
    if run.work is None or not calls:
        return ""
    total, functions = counted(int(sum(calls)), "call"), counted(len(run.work.functions), "function")
    compared = f"; {run.work.compared:,} compared" if run.work.compared else "; not compared yet"
    return f"{total} of {functions} in {counted(len(calls), 'test')}{compared}"
