"""
What is known of each test before it runs: safe id, family, test type, budget; and which tests run at all.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import pytest

from paceline.analysis.verdicts.budget import Budget, Budgets
from paceline.analysis.verdicts.endpoint_limit import EndpointLimit
from paceline.config import DEFAULT_TEST_TYPE, Config
from paceline.errors import ConfigError
from paceline.identity import safe_ids, safe_text
from paceline.model import Limit
from paceline.monitoring import changed_budgets
from paceline.plugin.collect.browser_tests import TYPE_OF_BROWSER_TESTS, drives_browser
from paceline.plugin.collect.kit_markers import (
    BENCHMARK_TEST,
    benchmark_marker,
    is_declared_by_project,
    wrong_kit_marker,
)
from paceline.plugin.collect.marker_arguments import MarkerLimits, marker_limits
from paceline.plugin.collect.masked_ids import masked_id

_MARKERS_OF_LIMITS = ("performance", "performance_test")
_STRESS = "stress"
# The names of markers and fixtures of benchmarks.
_BENCHMARKS = frozenset({"benchmark", BENCHMARK_TEST})
_STRESS_FIXTURE = "stress_test"

Markers = Mapping[str, pytest.Mark]


class CasePlan(NamedTuple):
    """
    One test as planned. A hard budget comes from a marker, and fails the test. One that is not repeatable is never
    run again to measure it.
    """

    id: str
    family: str
    test_type: str
    budget: Budget | None
    is_hard: bool
    is_repeatable: bool = True
    limits: tuple[Limit, ...] = ()
    endpoint: EndpointLimit | None = None


class CollectedTests(NamedTuple):
    """
    How many tests were collected, and how many of them were selected to run.
    """

    collected: int = 0
    selected: int = 0


_PLAN = pytest.StashKey[CasePlan]()


def plan_of(item: pytest.Item) -> CasePlan:
    """
    The plan of a test; one that another plugin made while tests run has no type and no budget of its own.
    """
    plan = item.stash.get(_PLAN, None)
    if plan is None:
        plan = item.stash[_PLAN] = _bare_plan(item.nodeid, DEFAULT_TEST_TYPE)
    return plan


class Planner:
    """
    Selects and plans tests at the end of collection. `made_safe` counts ids that had to be changed.

    Where workers collect the tests, `changed_ids` is None until one has reported them.
    """

    def __init__(self, config: Config, *, has_workers: bool = False) -> None:
        self._config = config
        self._known_types = config.known_types
        self.made_safe = 0
        self.collected = CollectedTests()
        self._collected = 0
        self.changed_ids: Mapping[str, str] | None = None if has_workers else {}
        self._type_of_path = lru_cache(maxsize=None)(config.type_of_path)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        # An error of collection is what pytest and the workers of xdist know how to show.
        report = yield
        markers_of = marker_finder()
        problem = next((problem for node in report.result if (problem := _wrong_marker(node, markers_of))), "")
        if problem:
            report.outcome, report.longrepr, report.result = "failed", problem, []
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        markers_of = marker_finder()
        wanted = [item for item in items if self._is_wanted(item, markers_of(item))]
        if len(wanted) < len(items):
            kept = set(wanted)
            config.hook.pytest_deselected(items=[item for item in items if item not in kept])
            items[:] = wanted

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, Any, Any]:
        # A second collection in one session, as by a plugin that looks for changed files.
        self._collected = 0
        return (yield)

    def pytest_itemcollected(self) -> None:
        self._collected += 1

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        ids = safe_ids(
            (item.nodeid for item in session.items), {item.nodeid: masked_id(item) for item in session.items}
        )
        self.changed_ids = {node_id: safe for node_id, safe in ids.items() if safe != node_id}
        self.made_safe = len(self.changed_ids)
        selected = len(session.items)
        self.collected = CollectedTests(collected=max(self._collected, selected), selected=selected)
        budgets, markers_of, number_of = self._budgets(), marker_finder(), _numbers()
        for item in session.items:
            plan = self._plan(item, ids, markers_of(item), budgets)
            item.stash[_PLAN] = plan._replace(id=number_of(plan.id))

    @property
    def type_budgets_ms(self) -> Mapping[str, float]:
        return self._budgets().by_type_ms

    def shown_id(self, node_id: str) -> str:
        """
        The id of a test without secrets.
        """
        return self.bare_plan(node_id).id

    def bare_plan(self, node_id: str) -> CasePlan:
        """
        A plan by the id alone, where workers collected the test.
        """
        # Until it is known which ids have secrets, none shows its parameters.
        shown = node_id.partition("[")[0] if self.changed_ids is None else self.changed_ids.get(node_id, node_id)
        return _bare_plan(shown, self._type_of_path(node_id.partition("::")[0]))

    def _budgets(self) -> Budgets:
        return changed_budgets(self._config.budgets)

    def _plan(self, item: pytest.Item, ids: Mapping[str, str], markers: Markers, budgets: Budgets) -> CasePlan:
        node_id = item.nodeid
        node_family = family_of(item)
        family = ids.get(node_family) or safe_text(node_family)
        test_type = next(filter(self._known_types.__contains__, markers), None) or self._type_of_path(
            node_id.partition("::")[0], TYPE_OF_BROWSER_TESTS if drives_browser(item) else DEFAULT_TEST_TYPE
        )
        own, own_limits, endpoint = _own_budget(item, markers) or MarkerLimits()
        limits = {one.measure: one for one in self._config.limits_of(node_id.partition("::")[0], test_type)}
        limits |= {one.measure: one for one in own_limits}
        # A benchmark repeats what it times for as long as it likes: the time of its type says nothing of it.
        budget = own or budgets.budget_of(family, "" if _is_benchmark(item, markers) else test_type)
        is_hard, is_repeatable = own is not None, _is_repeatable(markers)
        return CasePlan(
            ids[node_id], family, test_type, budget, is_hard, is_repeatable, tuple(limits.values()), endpoint
        )

    def _is_wanted(self, item: pytest.Item, markers: Markers) -> bool:
        if _is_stress(item, markers) and not self._is_stress_wanted(item.config):
            return False
        if not self._config.benchmarks_only:
            return True
        return _is_benchmark(item, markers)

    def _is_stress_wanted(self, config: pytest.Config) -> bool:
        is_asked_for = self._config.stress or _STRESS in config.getoption("markexpr", "")
        return is_asked_for or is_declared_by_project(config, _STRESS)


def _bare_plan(shown: str, test_type: str) -> CasePlan:
    safe = safe_text(shown)
    return CasePlan(safe, safe.partition("[")[0], test_type, None, is_hard=False)


def _numbers() -> Callable[[str], str]:
    """
    A function that distinguishes tests with one id: the second is `#2`.
    """
    seen: Counter[str] = Counter()

    def numbered(case_id: str) -> str:
        seen[case_id] += 1
        return case_id if seen[case_id] == 1 else numbered(f"{case_id}#{seen[case_id]}")

    return numbered


def marker_finder() -> Callable[[pytest.Item], Markers]:
    """
    A function that gives the markers of a test by name, the closest first and the closest of each name.

    Those of modules and classes are looked up once for all their tests: a walk up the tree for each test and
    marker costs more than all else that is done here. Markers can be added until collection has ended, so each
    pass over the tests needs a finder of its own.
    """
    inherited = lru_cache(maxsize=None)(lambda node: _closest(node.iter_markers()))

    def markers_of(item: pytest.Item) -> Markers:
        above: Markers = inherited(item.parent) if item.parent is not None else {}
        return _closest(chain(item.own_markers, above.values())) if item.own_markers else above

    return markers_of


def _closest(markers: Iterable[pytest.Mark]) -> Markers:
    found: dict[str, pytest.Mark] = {}
    for marker in markers:
        found.setdefault(marker.name, marker)
    return found


def _is_benchmark(item: pytest.Item, markers: Markers) -> bool:
    return not _BENCHMARKS.isdisjoint(markers) or not _BENCHMARKS.isdisjoint(getattr(item, "fixturenames", ()))


def is_marked_benchmark(item: pytest.Item, markers: Markers) -> bool:
    """
    Whether a test is a benchmark of Paceline, by its marker or its fixture.
    """
    is_marked = BENCHMARK_TEST in markers and benchmark_marker(item) is not None
    return is_marked or _uses_fixture_of_paceline(item, BENCHMARK_TEST)


def _is_stress(item: pytest.Item, markers: Markers) -> bool:
    return _STRESS in markers or _uses_fixture_of_paceline(item, _STRESS_FIXTURE)


def _uses_fixture_of_paceline(item: pytest.Item, name: str) -> bool:
    """
    Whether a test uses a fixture of Paceline, and not one of the project that has the same name. A fixture that
    requests its own name extends the one that it replaces.
    """
    if name not in getattr(item, "fixturenames", ()):
        return False
    info = getattr(item, "_fixtureinfo", None)
    definitions: Sequence[pytest.FixtureDef[Any]] = info.name2fixturedefs.get(name, ()) if info is not None else ()
    for definition in reversed(definitions):
        if getattr(definition.func, "__module__", "").startswith("paceline."):
            return True
        if name not in definition.argnames:
            return False
    return False


def family_of(item: pytest.Item) -> str:
    """
    The id of a test without its parameters.
    """
    callspec = getattr(item, "callspec", None)
    return item.nodeid.removesuffix(f"[{callspec.id}]") if callspec is not None else item.nodeid


def _wrong_marker(node: pytest.Item | pytest.Collector, markers_of: Callable[[pytest.Item], Markers]) -> str:
    try:
        if isinstance(node, pytest.Item):
            markers = markers_of(node)
            _own_budget(node, markers)
            return _wrong_kit_marker(node, markers)
    except ConfigError as error:
        return str(error)
    return ""


def _wrong_kit_marker(item: pytest.Item, markers: Markers) -> str:
    problems = {name: problem for name, marker in markers.items() if (problem := wrong_kit_marker(item, name, marker))}
    return next((text for name, text in problems.items() if not is_declared_by_project(item.config, name)), "")


def _own_budget(item: pytest.Item, markers: Markers) -> MarkerLimits | None:
    marker = _marker_of_limits(markers)
    if marker is None:
        return None
    try:
        return marker_limits(item.nodeid, marker)
    except ConfigError:
        if is_declared_by_project(item.config, marker.name):
            return None
        raise


def _marker_of_limits(markers: Markers) -> pytest.Mark | None:
    return next((markers[name] for name in _MARKERS_OF_LIMITS if name in markers), None)


def _is_repeatable(markers: Markers) -> bool:
    marker = _marker_of_limits(markers)
    return marker is None or bool(marker.kwargs.get("confirm", True))
