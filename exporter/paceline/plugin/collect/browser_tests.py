"""
Tests that drive a browser, by the fixtures of browser plugins that they request.
"""

import pytest

TYPE_OF_BROWSER_TESTS = "e2e"
_FIXTURES = frozenset({"page", "context", "browser", "new_context", "selenium", "driver"})
_PLUGINS = frozenset({"pytest_playwright", "pytest_playwright_asyncio", "pytest_selenium"})


def drives_browser(item: pytest.Item) -> bool:
    """
    Whether a test requests a browser of pytest-playwright or pytest-selenium, directly or by another fixture.
    """
    info = getattr(item, "_fixtureinfo", None)
    if info is None or _FIXTURES.isdisjoint(info.names_closure):
        return False
    known = (info.name2fixturedefs.get(name, ()) for name in _FIXTURES)
    modules = (getattr(fixture.func, "__module__", None) or "" for fixtures in known for fixture in fixtures)
    return any(module.partition(".")[0] in _PLUGINS for module in modules)
