"""
Take what a test does in pages of a browser, step by step.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary, ref

from paceline.probes.touch.attribution import Attribution, Bucket
from paceline.probes.touch.browser.vitals import Vitals, vitals_of
from paceline.probes.touch.counter import Counter
from paceline.unpatched import UNPATCHED
from paceline.usage import UsageKey

_LOAD, _PAINT = UsageKey.PAGE_LOAD_SECONDS.value, UsageKey.PAGE_LARGEST_PAINT_SECONDS.value
_SHIFT = UsageKey.PAGE_LAYOUT_SHIFT.value
_REQUESTS, _RECEIVED = UsageKey.PAGE_REQUESTS.value, UsageKey.PAGE_RECEIVED_BYTES.value
_ERRORS = UsageKey.PAGE_ERRORS.value
_INTERACTIONS = UsageKey.PAGE_INTERACTIONS.value
_INTERACTION_SECONDS = UsageKey.PAGE_INTERACTION_SECONDS.value
_NANOSECONDS = 1e9
_now = UNPATCHED.perf_counter_ns


class Page:
    """
    A page of a browser, and the document in it as far as it was read.

    `bucket` is of the part of a test that used the page last, `is_read` says that nothing happened since the reading.

    Args:
        key: what the library has for it.
        read: reads it from the thread that made it; None where that cannot be done at any time.
    """

    __slots__ = (
        "_key",
        "_read",
        "_thread",
        "bucket",
        "document",
        "is_loaded",
        "is_read",
        "opened_in",
        "received",
        "requests",
    )

    def __init__(self, key: Any, read: "Read | None") -> None:
        self._key: Final = ref(key)
        self._read: Final = read
        self._thread: Final = UNPATCHED.get_ident()
        self.is_read = True
        self.bucket: Bucket | None = None
        self.document = 0.0
        self.opened_in: Bucket | None = None
        self.is_loaded = False
        self.received = self.requests = 0

    @property
    def can_be_read(self) -> bool:
        """
        Whether it may be read now.
        """
        return self._read is not None and self._thread == UNPATCHED.get_ident()

    def read(self) -> None:
        key = self._key()
        if self._read is not None and key is not None:
            self._read(key, self)


Read = Callable[[Any, Page], object]


class Pages(Counter):
    """
    Counts what happens in pages for the part of the test that makes it happen.

    A document is read when the test leaves it or a part of the test ends, which costs a moment in the browser and is
    not part of the time of the test where it can be avoided. An error of Paceline's own ends the counting.

    Args:
        attribution: says which part it is.
        failed: takes the error.
    """

    def __init__(self, attribution: Attribution, failed: Callable[[Exception, str], None]) -> None:
        super().__init__(attribution, failed)
        self._pages: Final[WeakKeyDictionary[Any, Page]] = WeakKeyDictionary()
        self._unread: Final[dict[Page, None]] = {}

    def page(self, key: Any, read: Read | None = None) -> Page:
        """
        The page that an object of a library stands for.

        Args:
            key: the object.
            read: reads the page, where that can be done while the test does nothing.
        """
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = Page(key, read)
        return page

    def known(self, key: Any) -> Page | None:
        """
        The page that an object stands for, if anything was done in it.
        """
        return self._pages.get(key)

    def has_to_read(self, page: Page, *, is_left: bool) -> bool:
        """
        Whether the document has to be read before the next step: it is left, or an earlier part of the test used it.
        """
        return not page.is_read and (is_left or page.bucket is not self.attribution.of_caller())

    def step(self, page: Page | None) -> int:
        """
        The test does something in a page, or in an element whose page is not known.

        Returns:
            the time, for `interacted`.
        """
        self.attribution.is_browsing = True
        if page is not None:
            page.bucket, page.is_read = self.attribution.of_caller(), False
            if page.can_be_read:
                self._unread[page] = None
        return _now()

    def interacted(self, started: int) -> None:
        """
        A click or the like has ended.
        """
        figures = self.attribution.of_caller().figures
        figures[_INTERACTIONS] += 1
        figures[_INTERACTION_SECONDS] += (_now() - started) / _NANOSECONDS

    def requested(self, count: int = 1) -> None:
        self.attribution.of_caller().figures[_REQUESTS] += count

    def erred(self, count: int = 1) -> None:
        self.attribution.of_caller().figures[_ERRORS] += count

    def read_all(self) -> None:
        """
        Read the pages that the part of the test that ends has used.
        """
        while self._unread:
            page, _ = self._unread.popitem()
            if not page.is_read and page.can_be_read:
                page.read()

    def leave_unread(self) -> None:
        """
        Forget the pages that were used since the last reading.
        """
        self._unread.clear()

    def take(self, page: Page, found: Mapping[str, Any], *, counts_requests: bool = False) -> None:
        """
        Take what a page says of its document.

        Args:
            page: the page.
            found: as the function of the vitals gave it.
            counts_requests: whether requests are counted by it, as nothing tells of each.
        """
        page.is_read = True
        if self.has_failed or page.bucket is None:
            return
        try:
            vitals = vitals_of(found)
            if vitals is not None:
                _take(page, page.bucket, vitals, counts_requests=counts_requests)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the fault of the test
            self.give_up(error, "reading pages")


def _take(page: Page, bucket: Bucket, vitals: Vitals, *, counts_requests: bool) -> None:
    if vitals.origin != page.document:
        page.document, page.opened_in, page.is_loaded = vitals.origin, bucket, False
        page.received = page.requests = 0
    figures = bucket.figures
    if vitals.load_seconds > 0 and not page.is_loaded:
        page.is_loaded = True
        figures[_LOAD] += vitals.load_seconds
    _add(figures, _RECEIVED, vitals.received - page.received)
    if counts_requests:
        _add(figures, _REQUESTS, vitals.requests - page.requests)
    page.received, page.requests = vitals.received, vitals.requests
    if page.opened_in is bucket:
        _raise(figures, _PAINT, vitals.paint_seconds)
        _raise(figures, _SHIFT, vitals.layout_shift)


def _add(figures: dict[str, float], key: str, value: float) -> None:
    if value > 0:
        figures[key] += value


def _raise(figures: dict[str, float], key: str, value: float) -> None:
    if value > figures.get(key, 0.0):
        figures[key] = value
