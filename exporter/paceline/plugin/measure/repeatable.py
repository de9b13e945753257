"""
Which tests can be measured again without anybody noticing, and why the others cannot.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from _pytest.nodes import Node

from paceline.config import Confirmation
from paceline.formatting import counted, duration
from paceline.kit_results import LoadResult, StressResult
from paceline.model import Case
from paceline.plugin.collect.plan import plan_of
from paceline.plugin.measure.item_cases import EndedTest

# Fixtures of these packages, and setups of these collectors, may be made a second time: nobody sees it.
_HARMLESS = ("_pytest.", "pytest_asyncio.", "anyio.")
# pytest-django gives this one to each class and module, and it does nothing but for a TestCase of Django.
_HARMLESS_NAMES = frozenset({"_django_setup_unittest"})
# pytest makes fixtures of the project's `setup_module` and `setUpClass`; their functions are its own.
_OF_PROJECT = ("_xunit_setup_", "_unittest_")
_OF_TEST_CASE, _SETUPS_OF_TEST_CASES = "_unittest_setUpClass_fixture_", ("setUpClass", "tearDownClass")
# Django opens a transaction for a class, also for its `setUpTestData`, and rolls it back.
_PLAIN_TEST_CASES = ("unittest.case", "django.test.testcases")
_FUNCTION = "function"
_SETUPS_OF_PACKAGES = (b"setup_module", b"setUpModule", b"teardown_module", b"tearDownModule")
# Fixtures of plugins that repeat a test themselves, or write a row for each run.
_OWNERS = {
    "benchmark": "pytest-benchmark repeats it",
    "prf_tracer": "pytest-monitor keeps a row for each run",
}


def why_not_repeatable(ended: EndedTest, limits: Confirmation) -> str:
    """
    Why a test must not be measured again; "" where it may.

    Args:
        ended: the test.
        limits: the number of repeats, and the seconds for the repeats of all tests.
    """
    item = ended.item
    if not plan_of(item).is_repeatable:
        return "its marker says confirm=False"
    if not ended.is_measured_here:
        return "another process ran it"
    if ended.case.not_measured is not None or not ended.case.outcome.is_pass:
        return "it did not pass"
    if ended.case.lasts_as_asked:
        return _why_not_under_load(ended.case, limits)
    owner = next((why for name, why in _OWNERS.items() if name in getattr(item, "fixturenames", ())), "")
    gone = owner or next(_wide_fixtures_that_ended(item), "")
    return gone or next(_collectors_that_ended(item), "")


def _why_not_under_load(case: Case, limits: Confirmation) -> str:
    """
    A test that sends load lasts as long as it was asked to, so its repeats may take longer than all repeats together.
    """
    if any(isinstance(result, StressResult) for result in case.results):
        return "it raises the load until the target gives up"
    if any(isinstance(result, LoadResult) and result.expected_workers > 1 for result in case.results):
        return "other processes send load with it"
    seconds = limits.repeats * (case.duration_seconds or 0.0)
    if seconds > limits.seconds:
        return f"{counted(limits.repeats, 'repeat')} of it would take {duration(seconds)}"
    return ""


def _wide_fixtures_that_ended(item: pytest.Item) -> Iterator[str]:
    for fixture in _fixtures_of(item):
        if fixture.scope == _FUNCTION or fixture.cached_result is not None:
            continue
        if not _is_harmless(fixture) and not _is_plain_test_case(fixture, item):
            yield f"its {fixture.scope} fixture {fixture.argname.lstrip('_').partition('_fixture_')[0]} was torn down"


def _fixtures_of(item: pytest.Item) -> Iterator[pytest.FixtureDef[Any]]:
    info = getattr(item, "_fixtureinfo", None)
    for definitions in info.name2fixturedefs.values() if info is not None else ():
        yield from definitions


def _is_harmless(fixture: pytest.FixtureDef[Any]) -> bool:
    module = f"{getattr(fixture.func, '__module__', '')}."
    is_harmless = module.startswith(_HARMLESS) or fixture.argname in _HARMLESS_NAMES
    return is_harmless and not fixture.argname.startswith(_OF_PROJECT)


def _is_plain_test_case(fixture: pytest.FixtureDef[Any], item: pytest.Item) -> bool:
    """
    Whether a fixture calls `setUpClass` and `tearDownClass` of unittest or of Django itself, which may be called again.
    pytest gives one to each class of such tests.
    """
    if not fixture.argname.startswith(_OF_TEST_CASE):
        return False
    classes = getattr(item, "cls", object).__mro__
    owners = (next((one for one in classes if name in vars(one)), object) for name in _SETUPS_OF_TEST_CASES)
    return all(owner.__module__ in _PLAIN_TEST_CASES for owner in owners)


def _collectors_that_ended(item: pytest.Item) -> Iterator[str]:
    alive = item.session._setupstate.stack  # noqa: SLF001 - pytest has no public way to ask
    for node in item.listchain()[:-1]:
        if type(node).setup is not Node.setup and node not in alive and not _is_plain_package(node):
            yield f"its {type(node).__name__} was torn down"


def _is_plain_package(node: Node) -> bool:
    """
    Whether a collector is a package whose module has no setup of its own, so that making it again does nothing.
    """
    if not isinstance(node, pytest.Package):
        return False
    try:
        code = (node.path / "__init__.py").read_bytes()
    except OSError:
        return False
    return not any(name in code for name in _SETUPS_OF_PACKAGES)
