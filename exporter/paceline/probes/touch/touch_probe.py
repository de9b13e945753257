"""
The probe that turns what hooks in libraries saw into the usage of a test.
"""

from contextlib import AbstractContextManager
from typing import ClassVar, Final, NamedTuple

from paceline.analysis.ignored_queries import with_ignored
from paceline.model import EndpointTimes, HostTraffic
from paceline.probes.probe import Probe, Usage
from paceline.probes.touch.attribution import NOTHING, Bucket
from paceline.probes.touch.database.query_groups import query_groups
from paceline.probes.touch.endpoints.endpoint_times import endpoint_times
from paceline.probes.touch.hooks import Hooks
from paceline.probes.touch.network.host_traffic import host_traffic
from paceline.query_group import QueryGroup
from paceline.usage import TOUCH_PROBES, UsageKey

# Groups of queries that are kept with a test: more of them where more are repeated.
_MOST_QUERIES, _MOST_REPEATED = 5, 20
_MOST_ENDPOINTS = 20
_OF_PAGES: Final = frozenset(key.value for key in UsageKey if key.quantity.probe == "pages")


class Touched(NamedTuple):
    """
    What the call of a test touched, beyond its figures.
    """

    queries: tuple[QueryGroup, ...] = ()
    hosts: tuple[HostTraffic, ...] = ()
    endpoints: tuple[EndpointTimes, ...] = ()


_UNTOUCHED: Final = Touched()


class TouchProbe(Probe):
    """
    Gives each part of a test a bucket, and reads it when the part has ended; `touched` has more on the last call.

    Args:
        hooks: see what tests touch.
    """

    keys: ClassVar = tuple(key for key in UsageKey if key.quantity.is_touched)

    def __init__(self, hooks: Hooks) -> None:
        self._hooks: Final = hooks
        self._attribution: Final = hooks.attribution
        self._sites: Final = hooks.sites
        self._functions: Final = hooks.cached_functions
        self._setup = self._call = NOTHING
        self.touched = _UNTOUCHED

    @property
    def probes(self) -> tuple[str, ...]:
        """
        The names of the probes that are on.
        """
        return () if self._hooks.has_failed else TOUCH_PROBES

    @property
    def answered(self) -> tuple[EndpointTimes, ...] | None:
        """
        The endpoints that answered the call that has ended; None where a hook failed.
        """
        return None if self._hooks.has_failed else endpoint_times(self._call.endpoints)

    def of_no_test(self) -> AbstractContextManager[None]:
        """
        While spans that the application makes belong to no test.
        """
        return self._hooks.test_span.of_test("")

    @property
    def lost(self) -> tuple[UsageKey, ...]:
        """
        After a hook failed, a count would leave out what that did not see.
        """
        return self.keys if self._hooks.has_failed else ()

    def start_test(self) -> None:
        self._attribution.start_test()
        self._setup = self._call = NOTHING

    def start_call(self) -> None:
        self._hooks.pages.read_all()
        self._setup = self._attribution.start_part()
        self._functions.start()

    def stop_call(self, usage: Usage) -> None:
        self._hooks.pages.read_all()
        self._functions.count(self._attribution.bucket)
        self._call = self._attribution.start_part()
        if self._call is not NOTHING:
            usage.update(self._call.figures)
            _take_queries(usage, self._call)

    def stop_test(self, usage: Usage) -> None:
        self._hooks.pages.leave_unread()
        self._attribution.start_part()
        self.touched = _UNTOUCHED
        if self._hooks.has_failed:
            return
        _take(usage, UsageKey.SETUP_DB_QUERIES, self._setup)
        _take(usage, UsageKey.BACKGROUND_DB_QUERIES, self._attribution.background)
        if self._call is NOTHING:
            return
        sent = list(self._call.queries.values())
        queries = with_ignored(query_groups(sent, self._sites), self._hooks.ignored) if sent else []
        repeated = [group.count for group in queries if group.is_repeated]
        if repeated:
            usage[UsageKey.DB_REPEATED_QUERIES] = sum(repeated)
        # A page of the call that was read only when the teardown closed it.
        usage.update((key, value) for key, value in self._call.figures.items() if key in _OF_PAGES)
        self.touched = Touched(
            tuple(queries[: max(_MOST_QUERIES, min(len(repeated), _MOST_REPEATED))]),
            host_traffic(self._call.hosts) if self._call.hosts else (),
            endpoint_times(self._call.endpoints)[:_MOST_ENDPOINTS] if self._call.endpoints else (),
        )

    def pause(self) -> None:
        self._functions.count(self._attribution.bucket)
        self._attribution.pause()

    def resume(self) -> None:
        self._functions.start()
        self._attribution.resume()


def _take_queries(usage: Usage, bucket: Bucket) -> None:
    sent = list(bucket.queries.values())
    if sent:
        usage[UsageKey.DB_QUERIES] = sum(one.count for one in sent)
        usage[UsageKey.DB_SECONDS] = sum(one.seconds for one in sent)


def _take(usage: Usage, key: UsageKey, bucket: Bucket) -> None:
    # A thread may still send queries.
    count = sum(one.count for one in list(bucket.queries.values()))
    if count:
        usage[key] = count
