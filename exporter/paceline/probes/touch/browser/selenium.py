"""
Pages through Selenium: each command to a browser passes one function. Commands are no requests of the test.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.browser.pages import Page, Pages
from paceline.probes.touch.browser.vitals import FUNCTION
from paceline.probes.touch.patches import Patches

_NAVIGATIONS = frozenset({"get", "goBack", "goForward", "refresh"})
_INTERACTIONS = frozenset({"actions", "clearElement", "clickElement", "sendKeysToElement"})
_CLOSINGS = frozenset({"close", "quit"})
_LOG, _BROWSER_LOG = "getLog", {"type": "browser"}
_WITH_LOG = frozenset({"chrome", "chrome-headless-shell", "chromium", "msedge"})
_ERROR = "SEVERE"


def watch(module: ModuleType, pages: Pages, patches: Patches) -> None:
    """
    Watch the commands to browsers, or the programs that take them.
    """
    if module.__name__.endswith(".service"):
        for name in ("start", "stop"):
            patches.wrap(module.Service, name, lambda function: _driving(function, pages))
    else:
        patches.wrap(module.WebDriver, "execute", lambda function: _Commands(function, pages).wrapper())


def _driving(function: Callable[..., Any], pages: Pages) -> Callable[..., Any]:
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with pages.attribution.driving():
            return function(self, *args, **kwargs)

    return watched


class _Commands:
    """
    Watches the commands of all drivers.

    Args:
        execute: the function that they pass.
        pages: counts.
    """

    def __init__(self, execute: Callable[..., Any], pages: Pages) -> None:
        self._execute: Final = execute
        self._pages: Final = pages

    def wrapper(self) -> Callable[..., Any]:
        def execute(driver: Any, driver_command: str, params: Any = None) -> Any:
            __tracebackhide__ = True
            with self._pages.attribution.driving():
                if driver_command == _LOG and params == _BROWSER_LOG:
                    return self._log(driver)
                is_step = driver_command in _NAVIGATIONS or driver_command in _INTERACTIONS
                if not is_step and driver_command not in _CLOSINGS:
                    return self._execute(driver, driver_command, params)
                return self._step(driver, driver_command, params)

        return execute

    def _step(self, driver: Any, command: str, params: Any) -> Any:
        __tracebackhide__ = True
        state, is_left = self._state(driver), command not in _INTERACTIONS
        if self._pages.has_to_read(state.page, is_left=is_left):
            self._read(driver, state)
        if command in _CLOSINGS:
            return self._execute(driver, command, params)
        started = self._pages.step(state.page)
        try:
            answer = self._execute(driver, command, params)
        except BaseException:
            # A browser that answers no more would let the next reading wait for two minutes.
            state.page.is_read = True
            raise
        finally:
            if not is_left:
                self._pages.interacted(started)
        return answer

    def _state(self, driver: Any) -> "_State":
        state: _State | None = vars(driver).get(_ATTRIBUTE)
        if state is None:
            state = vars(driver)[_ATTRIBUTE] = _State(self._pages.page(driver, self._read_at_end))
        return state

    def _read_at_end(self, driver: Any, _page: Page) -> None:
        with self._pages.attribution.driving():
            self._read(driver, self._state(driver))

    def _read(self, driver: Any, state: "_State") -> None:
        state.page.is_read = True
        if self._has_dialog(driver):
            return
        try:
            found = self._execute(driver, "w3cExecuteScript", {"script": f"return ({FUNCTION})()", "args": []})
            if driver.caps.get("browserName") in _WITH_LOG:
                state.log += self._entries(driver)
        except Exception:  # noqa: BLE001 - the page is gone: it has no figures
            return
        self._pages.take(state.page, found["value"], counts_requests=True)

    def _has_dialog(self, driver: Any) -> bool:
        """
        Whether a dialog is open, which a script would close.
        """
        try:
            self._execute(driver, "w3cGetAlertText")
        except Exception as error:  # noqa: BLE001 - of whatever release it is
            return type(error).__name__ != "NoAlertPresentException"
        return True

    def _log(self, driver: Any) -> Any:
        """
        The log of the browser as the test asks for it, with what was read before.
        """
        __tracebackhide__ = True
        state = self._state(driver)
        entries = self._entries(driver)
        before, state.log = state.log, []
        return {"value": before + entries}

    def _entries(self, driver: Any) -> list[Any]:
        entries: list[Any] = self._execute(driver, _LOG, dict(_BROWSER_LOG))["value"]
        if errors := sum(entry.get("level") == _ERROR for entry in entries):
            self._pages.erred(errors)
        return entries


_ATTRIBUTE = "_paceline_state"


class _State:
    """
    The page of a driver, and the entries of its log that were read and that the test has not asked for.
    """

    def __init__(self, page: Page) -> None:
        self.page: Final = page
        self.log: list[Any] = []
