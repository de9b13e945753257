"""
What the tests of the demonstration do, and what happens to some of them.
"""

from collections.abc import Callable, Iterator
from random import Random

from msgspec import Struct

MEBIBYTE = 1 << 20

_PLACES = {
    "unit": ("cart", "money", "offers", "stock", "tax"),
    "integration": ("catalogue", "orders", "search"),
    "api": ("login", "orders", "products"),
    "e2e": ("purchase", "report"),
}
_ACTIONS = ("creates", "reads", "updates", "removes", "lists", "sorts", "refuses", "rounds")
# Of a hundred tests so many are of a type, and they usually take so many seconds at least and at most.
_SHARES = {"unit": 60, "integration": 22, "api": 13, "e2e": 5}
_SECONDS = {"unit": (0.0005, 0.06), "integration": (0.02, 0.8), "api": (0.03, 1.5), "e2e": (1.0, 6.0)}

FigureOverTime = Callable[[float], float]


def _steady(_: float) -> float:
    return 1.0


def _nothing(_: float) -> float:
    return 0.0


class Habit(Struct, frozen=True, kw_only=True):
    """
    What a test usually does.

    `slower`, `kept_mebibytes`, `fails` and `retried` tell how it changes with the day of the history, counted from
    its first: the factor of its time, the memory that it keeps, and the chances of a failure and of a second attempt.
    `since` is the day on which the test was written. `queries` stay as they are but for what `more_queries` adds.
    """

    id: str
    test_type: str
    seconds: float
    computing: float = 0.8
    peak_mebibytes: float = 0.0
    queries: int = 0
    since: float = 0.0
    slower: FigureOverTime = _steady
    more_queries: FigureOverTime = _nothing
    kept_mebibytes: FigureOverTime = _nothing
    fails: FigureOverTime = _nothing
    retried: FigureOverTime = _nothing


def habits(tests: int, days: float, random: Random) -> list[Habit]:
    """
    So many tests: the steady ones, and those that have a story.

    Args:
        tests: how many, at least as many as there are stories.
        days: the length of the history; stories are told along it.
        random: makes the steady ones.
    """
    told = [*_changing(days), *_failing(days)]
    return told + [_steady_test(number, days, random) for number in range(max(tests - len(told), 0))]


def _steady_test(number: int, days: float, random: Random) -> Habit:
    test_type = random.choices(list(_SHARES), list(_SHARES.values()))[0]
    place, action = random.choice(_PLACES[test_type]), random.choice(_ACTIONS)
    low, high = _SECONDS[test_type]
    return Habit(
        id=f"tests/{test_type}/test_{place}.py::test_{place}_{action}[{number}]",
        test_type=test_type,
        seconds=low * (high / low) ** random.random(),
        computing=random.uniform(0.2, 0.95),
        peak_mebibytes=random.choice((0.0, 0.0, 0.0, random.uniform(0.1, 40))),
        queries=0 if test_type == "unit" else random.randint(1, 12),
        # A suite grows: one test in ten is younger than the history.
        since=random.uniform(0, days) if random.randrange(10) == 0 else 0.0,
    )


def _changing(days: float) -> Iterator[Habit]:
    """
    Tests that take other time or memory than they took.
    """
    yield Habit(
        id="tests/integration/test_cart.py::test_total_of_a_large_cart",
        test_type="integration",
        seconds=0.18,
        queries=2,
        # A regression that was fixed: a query for each line of the cart.
        slower=_between(0.55 * days, 0.65 * days, 2.3, 1.0),
        more_queries=_between(0.55 * days, 0.65 * days, 40, 0),
    )
    yield Habit(
        id="tests/api/test_orders.py::test_list_of_orders_is_paged",
        test_type="api",
        seconds=0.32,
        computing=0.9,
        queries=3,
        # A regression that is not fixed yet: more computing.
        slower=_between(0.95 * days, days, 1.7, 1.0),
    )
    yield Habit(
        id="tests/integration/test_search.py::test_search_by_word",
        test_type="integration",
        seconds=0.25,
        queries=1,
        slower=lambda day: 1 + 0.6 * day / days,
    )
    yield Habit(
        id="tests/e2e/test_report.py::test_report_of_a_year",
        test_type="e2e",
        seconds=2.4,
        peak_mebibytes=180,
        queries=14,
        kept_mebibytes=lambda day: 2 + 22 * day / days,
    )


def _failing(days: float) -> Iterator[Habit]:
    """
    Tests that fail at times, or break their budget.
    """
    yield Habit(
        id="tests/api/test_login.py::test_expired_session_is_refused",
        test_type="api",
        seconds=0.12,
        computing=0.3,
        fails=lambda _: 0.09,
    )
    yield Habit(
        id="tests/e2e/test_purchase.py::test_purchase_with_a_slow_bank",
        test_type="e2e",
        seconds=3.1,
        computing=0.2,
        retried=lambda _: 0.15,
    )
    yield Habit(
        id="tests/unit/test_tax.py::test_rates_of_this_year",
        test_type="unit",
        seconds=0.002,
        fails=_between(0.3 * days, 0.37 * days, 1.0, 0.0),
    )
    yield Habit(
        id="tests/unit/test_offers.py::test_best_of_many_offers",
        test_type="unit",
        seconds=0.115,
        computing=0.95,
    )


def _between(first: float, last: float, inside: float, outside: float) -> FigureOverTime:
    return lambda day: inside if first <= day <= last else outside
