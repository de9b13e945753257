"""
Names in run documents that earlier versions wrote as sentences.
"""

import re
from functools import lru_cache
from typing import Self

from paceline.values import OpenEnum


class BudgetSource(OpenEnum):
    """
    The setting that a budget comes from. Documents of earlier versions have it in words.
    """

    MARKER = "marker"
    OPTION = "option"
    TEST_BUDGETS = "test_budgets"
    PATH_BUDGETS = "path_budgets"
    TYPE_BUDGETS = "type_budgets"
    ARGUMENT = "argument"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return _source_in_words(str(value)) or super()._missing_(value)


_SOURCES_IN_WORDS = {
    r"its performance marker$": BudgetSource.MARKER,
    r"--paceline-budget$": BudgetSource.OPTION,
    r"the setting for .*::": BudgetSource.TEST_BUDGETS,
    r"the setting for ": BudgetSource.PATH_BUDGETS,
    r"test type ": BudgetSource.TYPE_BUDGETS,
    r"its argument budget_ms$": BudgetSource.ARGUMENT,
}


@lru_cache(maxsize=1024)
def _source_in_words(text: str) -> BudgetSource | None:
    return next((source for words, source in _SOURCES_IN_WORDS.items() if re.match(words, text)), None)


class RunCount(OpenEnum):
    """
    What Paceline counts of itself in a run. Documents of earlier versions have it in words.
    """

    IDS_MADE_SAFE = "ids_made_safe"
    INTERNAL_FAILURES = "internal_failures"
    TESTS_WITHOUT_TIME = "tests_without_time"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return _COUNTS_IN_WORDS.get(str(value)) or super()._missing_(value)


_COUNTS_IN_WORDS = {
    "ids made safe": RunCount.IDS_MADE_SAFE,
    "failures inside Paceline": RunCount.INTERNAL_FAILURES,
    "tests without a time that can be used": RunCount.TESTS_WITHOUT_TIME,
}
