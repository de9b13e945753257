"""
The accounts of a run: what became of each collected test, and why a test has no figures.
"""

from paceline.values import OpenEnum


class NotMeasured(OpenEnum):
    """
    Why a test that ran has no figures.

    `CRASHED`: its process died. `DEBUGGER`: a debugger was active, so its time is a person's. `ELSEWHERE`: the process
    that ran it reported no measurement. `UNTIMED`: it is a benchmark of pytest-benchmark in a worker of xdist, where
    that plugin times nothing.
    """

    CRASHED = "crashed"
    DEBUGGER = "debugger"
    ELSEWHERE = "elsewhere"
    UNTIMED = "untimed"


class Account(OpenEnum):
    """
    What became of a collected test; each is in exactly one account.
    """

    MEASURED = "measured"
    SKIPPED = "skipped"
    DESELECTED = "deselected"
    NOT_RUN = "not_run"
    NOT_MEASURED = "not_measured"
