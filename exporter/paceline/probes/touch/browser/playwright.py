"""
Pages through Playwright, by its public API only: its inside changes from release to release.
"""

from collections.abc import Callable, Iterable
from functools import partial
from types import ModuleType
from typing import Any, Final

from paceline.probes.touch.browser.pages import Page, Pages
from paceline.probes.touch.browser.vitals import FUNCTION
from paceline.probes.touch.patches import Patches

_BLANK = "about:blank"
# A page in which a dialog is open answers nobody: reading gives up. The first look is at once.
_WAIT: Final = {"timeout": 1000, "polling": 50}
_NAVIGATIONS = ("goto", "reload", "go_back", "go_forward", "set_content")
_INTERACTIONS = (
    "check",
    "clear",
    "click",
    "dblclick",
    "drag_and_drop",
    "drag_to",
    "fill",
    "hover",
    "press",
    "press_sequentially",
    "select_option",
    "set_checked",
    "set_input_files",
    "tap",
    "type",
    "uncheck",
)
# By the class: how to get from an object to its page. That of a handle would have to be asked for.
_OWNERS: Final[dict[str, Callable[[Any], Any]]] = {
    "Page": lambda page: page,
    "Frame": lambda frame: frame.page,
    "Locator": lambda locator: locator.page,
    "ElementHandle": lambda _: None,
}
# By the class and the name of what makes contexts: the contexts of the object that it gives.
_OPENING: Final[dict[tuple[str, str], Callable[[Any], Iterable[Any]]]] = {
    ("Browser", "new_context"): lambda context: [context],
    ("Browser", "new_page"): lambda page: [page.context],
    ("BrowserType", "launch_persistent_context"): lambda context: [context],
    ("BrowserType", "connect_over_cdp"): lambda browser: browser.contexts,
}
# By the class: the pages that closing an object closes.
_CLOSING: Final[dict[str, Callable[[Any], Iterable[Any]]]] = {
    "Page": lambda page: [page],
    "BrowserContext": lambda context: context.pages,
    "Browser": lambda browser: [page for context in browser.contexts for page in context.pages],
}


def watch(module: ModuleType, pages: Pages, patches: Patches) -> None:
    """
    Watch contexts as they are made, and the steps in their pages.
    """
    watching = (_Async if module.__name__.endswith("async_api") else _Sync)(pages)
    for (owner, name), contexts in _OPENING.items():
        patches.wrap(getattr(module, owner), name, partial(watching.opening, contexts=contexts))
    for owner, page_of in _OWNERS.items():
        for name in (*_NAVIGATIONS, *_INTERACTIONS):
            if hasattr(getattr(module, owner), name):
                step = partial(watching.step, page_of=page_of, is_navigation=name in _NAVIGATIONS)
                patches.wrap(getattr(module, owner), name, step)
    for owner, closed in _CLOSING.items():
        patches.wrap(getattr(module, owner), "close", partial(watching.closing, closed=closed))


class _Watching:
    """
    What both kinds of Playwright have in common.
    """

    def __init__(self, pages: Pages) -> None:
        self.pages: Final = pages

    def page_of(self, page: Any) -> Page:
        return self.pages.page(page)

    def listen(self, contexts: Iterable[Any]) -> None:
        """
        Hear of what happens in contexts. Listeners to other events would change how a page behaves.
        """
        pages = self.pages
        for context in contexts:
            context.on("request", lambda _: pages.requested())
            context.on("console", lambda message: pages.erred() if message.type == "error" else None)
            context.on("weberror", lambda _: pages.erred())
            context.on("page", lambda page: pages.step(self.page_of(page)))

    def begin(self, page: Any) -> int:
        return self.pages.step(self.page_of(page) if page is not None else None)

    def end(self, started: int, *, is_navigation: bool) -> None:
        if not is_navigation:
            self.pages.interacted(started)

    def unread(self, page: Any, *, is_left: bool) -> Page | None:
        """
        The page that has to be read before the next step in it.
        """
        known = self.pages.known(page) if page is not None else None
        return known if known is not None and self.pages.has_to_read(known, is_left=is_left) else None


class _Sync(_Watching):
    """
    Makes wrappers of functions that wait.
    """

    def page_of(self, page: Any) -> Page:
        return self.pages.page(page, self._read)

    def opening(self, function: Callable[..., Any], contexts: Callable[[Any], Iterable[Any]]) -> Callable[..., Any]:
        def watched(self_: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            opened = function(self_, *args, **kwargs)
            self.listen(contexts(opened))
            return opened

        return watched

    def step(
        self, function: Callable[..., Any], page_of: Callable[[Any], Any], *, is_navigation: bool
    ) -> Callable[..., Any]:
        def watched(self_: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            page = page_of(self_)
            if unread := self.unread(page, is_left=is_navigation):
                self._read(page, unread)
            started = self.begin(page)
            try:
                return function(self_, *args, **kwargs)
            finally:
                self.end(started, is_navigation=is_navigation)

        return watched

    def closing(self, function: Callable[..., Any], closed: Callable[[Any], Iterable[Any]]) -> Callable[..., Any]:
        def watched(self_: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            for page in closed(self_):
                if unread := self.unread(page, is_left=True):
                    self._read(page, unread)
            return function(self_, *args, **kwargs)

        return watched

    def _read(self, page: Any, known: Page) -> None:
        if page.url == _BLANK:
            return
        try:
            found = page.wait_for_function(FUNCTION, **_WAIT).json_value()
        except Exception:  # noqa: BLE001 - the page is gone, or goes: it has no figures
            known.is_read = True
        else:
            self.pages.take(known, found)


class _Async(_Watching):
    """
    Makes wrappers of coroutines. Its pages cannot be read when a part of a test ends, as their loop stands still then.
    """

    def opening(self, function: Callable[..., Any], contexts: Callable[[Any], Iterable[Any]]) -> Callable[..., Any]:
        async def watched(self_: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            opened = await function(self_, *args, **kwargs)
            self.listen(contexts(opened))
            return opened

        return watched

    def step(
        self, function: Callable[..., Any], page_of: Callable[[Any], Any], *, is_navigation: bool
    ) -> Callable[..., Any]:
        async def watched(self_: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            page = page_of(self_)
            if unread := self.unread(page, is_left=is_navigation):
                await self._read(page, unread)
            started = self.begin(page)
            try:
                return await function(self_, *args, **kwargs)
            finally:
                self.end(started, is_navigation=is_navigation)

        return watched

    def closing(self, function: Callable[..., Any], closed: Callable[[Any], Iterable[Any]]) -> Callable[..., Any]:
        async def watched(self_: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            for page in closed(self_):
                if unread := self.unread(page, is_left=True):
                    await self._read(page, unread)
            return await function(self_, *args, **kwargs)

        return watched

    async def _read(self, page: Any, known: Page) -> None:
        if page.url == _BLANK:
            return
        try:
            found = await (await page.wait_for_function(FUNCTION, **_WAIT)).json_value()
        except Exception:  # noqa: BLE001 - as above
            known.is_read = True
        else:
            self.pages.take(known, found)
