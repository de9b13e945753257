"""
The table of the quantities that are measured around a test.

A row is a member of `UsageKey`: its key in documents, which is the name of its metric without the prefix, and all else
that is known of it. The catalogue of metrics, causes, reports, dashboards and the reference are made from the rows.
"""

from collections.abc import Mapping
from typing import Self

from paceline import colors
from paceline.quantity import CauseRole, Curve, Phase, Quantity, Unit
from paceline.values import OpenEnum

_KIBIBYTE, _MEBIBYTE = 1 << 10, 1 << 20


_UNKNOWN = Quantity("", "", is_exported=False)


class UsageKey(OpenEnum):
    """
    The quantities that are measured around a test.
    """

    _value_: str
    quantity: Quantity

    def __new__(cls, key: str, quantity: Quantity = _UNKNOWN) -> Self:
        member = str.__new__(cls, key)
        member._value_, member.quantity = key, quantity
        return member

    @classmethod
    def of_unknown(cls, name: str) -> Self:
        member = super().of_unknown(name)
        member.quantity = _UNKNOWN
        return member

    CPU_SECONDS = (
        "cpu_seconds",
        Quantity(
            "CPU",
            "CPU time of a test and of its child processes.",
            Unit.SECONDS,
            cause=CauseRole.PART_OF_TIME,
            curve=Curve("CPU", "all", colors.GOOD),
            advice="Profile it (python -m cProfile -m pytest …): the added time is CPU time.",
        ),
    )
    CPU_USER_SECONDS = (
        "cpu_user_seconds",
        Quantity(
            "CPU in its own code",
            "CPU time of a test in its own code.",
            Unit.SECONDS,
            curve=Curve("CPU", "own code", colors.WARNING),
        ),
    )
    CPU_SYSTEM_SECONDS = (
        "cpu_system_seconds",
        Quantity(
            "CPU in the kernel",
            "CPU time of a test in the kernel.",
            Unit.SECONDS,
            curve=Curve("CPU", "kernel", colors.GREEN),
        ),
    )
    CHILDREN_CPU_USER_SECONDS = (
        "children_cpu_user_seconds",
        Quantity(
            "CPU of child processes in their own code",
            "CPU time of child processes of a test in their own code.",
            Unit.SECONDS,
            cause=CauseRole.PART_OF_TIME,
            curve=Curve("CPU", "children", colors.PURPLE),
            systems="POSIX",
        ),
    )
    CHILDREN_CPU_SYSTEM_SECONDS = (
        "children_cpu_system_seconds",
        Quantity(
            "CPU of child processes in the kernel",
            "CPU time of child processes of a test in the kernel.",
            Unit.SECONDS,
            cause=CauseRole.PART_OF_TIME,
            curve=Curve("CPU", "children in the kernel", colors.SKY),
            systems="POSIX",
        ),
    )
    CPU_WAIT_SECONDS = (
        "cpu_wait_seconds",
        Quantity(
            "wait for a CPU",
            "Time in which threads of a test were ready to run but had no CPU, summed over threads.",
            Unit.SECONDS,
            cause=CauseRole.PART_OF_TIME,
            curve=Curve("Wait for a CPU", "waited", colors.GOOD),
            systems="Linux",
        ),
    )
    MEMORY_PEAK_BYTES = (
        "memory_peak_bytes",
        Quantity(
            "memory peak",
            "Highest resident memory of a test above the start of its call.",
            Unit.BYTES,
            cause=CauseRole.SYSTEM,
            floor=_MEBIBYTE,
            curve=Curve("Memory", "peak", colors.GOOD),
            systems="exact on Linux, else where it can be seen",
            limit="memory_mib",
        ),
    )
    CHILDREN_MEMORY_PEAK_BYTES = (
        "children_memory_peak_bytes",
        Quantity(
            "memory peak of child processes",
            "Highest resident memory of the child processes of a test, above its start, from samples.",
            Unit.BYTES,
            curve=Curve("Memory", "peak of children", colors.GREEN),
            phase=Phase.TEST,
            systems="POSIX, sampled every 50 ms",
        ),
    )
    MEMORY_RETAINED_BYTES = (
        "memory_retained_bytes",
        Quantity(
            "memory kept",
            "Memory kept after the teardown of a test; of a test that was measured again, the least of its repeats, "
            "or 0 if they refuted a leak.",
            Unit.BYTES,
            curve=Curve("Memory", "kept", colors.WARNING),
            phase=Phase.TEST,
        ),
    )
    READ_BYTES = (
        "read_bytes",
        Quantity(
            "read",
            "Bytes that a test read through read calls, also from the page cache.",
            Unit.BYTES,
            cause=CauseRole.SYSTEM,
            floor=64 * _KIBIBYTE,
            curve=Curve("Disk", "read", colors.GOOD),
            systems="Linux; psutil's figures on Windows",
        ),
    )
    WRITTEN_BYTES = (
        "written_bytes",
        Quantity(
            "written",
            "Bytes that a test wrote through write calls.",
            Unit.BYTES,
            cause=CauseRole.SYSTEM,
            floor=64 * _KIBIBYTE,
            curve=Curve("Disk", "written", colors.WARNING),
            systems="Linux; psutil's figures on Windows",
        ),
    )
    VOLUNTARY_CONTEXT_SWITCHES = (
        "voluntary_context_switches",
        Quantity(
            "voluntary context switches",
            "How often a test gave up the CPU to wait.",
            cause=CauseRole.SYSTEM,
            floor=20,
            curve=Curve("Switches and collections", "waits", colors.GOOD),
            systems="POSIX",
        ),
    )
    INVOLUNTARY_CONTEXT_SWITCHES = (
        "involuntary_context_switches",
        Quantity(
            "involuntary context switches",
            "How often the CPU was taken from a test.",
            curve=Curve("Switches and collections", "taken", colors.WARNING),
            systems="POSIX",
        ),
    )
    GC_COLLECTIONS = (
        "gc_collections",
        Quantity(
            "garbage collections",
            "Garbage collections of all generations during a test.",
            cause=CauseRole.SYSTEM,
            floor=5,
            curve=Curve("Switches and collections", "garbage collections", colors.GREEN),
        ),
    )
    SHARED_GC_SECONDS = (
        "shared_gc_seconds",
        Quantity(
            "garbage collections for all tests",
            "CPU time of automatic full garbage collections during a test, which also walk objects of other tests.",
            Unit.SECONDS,
            cause=CauseRole.PART_OF_TIME,
            curve=Curve("Wait for a CPU", "garbage of all tests", colors.GREEN),
        ),
    )
    THREADS_LEFT = (
        "threads_left",
        Quantity(
            "threads left behind",
            "Threads that a test left behind.",
            cause=CauseRole.SYSTEM,
            floor=0.5,
            curve=Curve("Left behind and imported", "threads", colors.GOOD),
            phase=Phase.TEST,
        ),
    )
    PROCESSES_LEFT = (
        "processes_left",
        Quantity(
            "processes left behind",
            "Processes that a test left behind.",
            cause=CauseRole.SYSTEM,
            floor=0.5,
            curve=Curve("Left behind and imported", "processes", colors.WARNING),
            phase=Phase.TEST,
        ),
    )
    IMPORTED_MODULES = (
        "imported_modules",
        Quantity(
            "modules imported",
            "Modules that were first imported in a test.",
            cause=CauseRole.SYSTEM,
            floor=4,
            curve=Curve("Left behind and imported", "modules imported", colors.GREEN),
            phase=Phase.TEST,
        ),
    )
    CALLS = (
        "calls",
        Quantity(
            "calls",
            "Calls of the project's functions by a test, in runs that counted the test.",
            curve=Curve("Work", "calls", colors.GOOD),
            advice="Look at the function that runs more often (its finding names it), and at what calls it.",
        ),
    )
    CALLS_FINGERPRINT = (
        "calls_fingerprint",
        Quantity(
            "fingerprint of calls",
            "Hash of the calls of each function.",
            is_exported=False,
        ),
    )
    REPEAT_CALLS = (
        "repeat_calls",
        Quantity(
            "calls in a repeat",
            "Calls of the project's functions by a test when it was measured again.",
            is_exported=False,
        ),
    )
    REPEAT_CALLS_FINGERPRINT = (
        "repeat_calls_fingerprint",
        Quantity(
            "fingerprint of calls in a repeat",
            "Hash of the calls of each function in a repeat.",
            is_exported=False,
        ),
    )
    LOOPS = (
        "loops",
        Quantity(
            "loop iterations",
            "Iterations of the project's loops in a test.",
            is_exported=False,
        ),
    )
    REPEAT_LOOPS = (
        "repeat_loops",
        Quantity(
            "loop iterations in a repeat",
            "Iterations of the project's loops when a test was measured again.",
            is_exported=False,
        ),
    )
    DB_QUERIES = (
        "db_queries",
        Quantity(
            "database queries",
            "Queries that a test sent to databases in its call, also failed ones.",
            cause=CauseRole.WORK,
            curve=Curve("Queries", "call", colors.GOOD),
            probe="database",
            advice="Look at the queries of the test: many of one kind become one by a join or a list of values.",
            limit="queries",
        ),
    )
    DB_SECONDS = (
        "db_seconds",
        Quantity(
            "time in the database",
            "Time in which a test waited for answers of databases, summed over its threads.",
            Unit.SECONDS,
            cause=CauseRole.PART_OF_TIME,
            curve=Curve("Time in queries", "databases", colors.GOOD),
            probe="database",
            advice="Look at the plan of the slowest query (EXPLAIN): it may read a whole table.",
        ),
    )
    DB_REPEATED_QUERIES = (
        "db_repeated_queries",
        Quantity(
            "repeated database queries",
            "Queries that a test sent once for each row of another query (N+1).",
            curve=Curve("Queries", "repeated", colors.BAD),
            probe="database",
        ),
    )
    SETUP_DB_QUERIES = (
        "setup_db_queries",
        Quantity(
            "database queries of the setup",
            "Queries that the setup of a test sent to databases, without fixtures of a wider scope.",
            curve=Curve("Queries", "setup", colors.WARNING),
            phase=Phase.TEST,
            probe="database",
        ),
    )
    BACKGROUND_DB_QUERIES = (
        "background_db_queries",
        Quantity(
            "database queries in the background",
            "Queries that older threads sent to databases while a test ran, and that belong to no known test.",
            curve=Curve("Queries", "background", colors.QUIET),
            phase=Phase.TEST,
            probe="database",
        ),
    )
    NETWORK_REQUESTS = (
        "network_requests",
        Quantity(
            "HTTP requests",
            "HTTP requests that a test sent in its call, also redirects and failed ones.",
            cause=CauseRole.WORK,
            curve=Curve("Requests", "requests", colors.GOOD),
            probe="network",
            advice="Look at the requests of the test: one that asks for many replaces many that ask for one.",
            limit="requests",
        ),
    )
    NETWORK_ERRORS = (
        "network_errors",
        Quantity(
            "HTTP requests without an answer",
            "HTTP requests of a test that got no answer.",
            curve=Curve("Requests", "no answer", colors.BAD),
            probe="network",
        ),
    )
    NETWORK_CONNECTIONS = (
        "network_connections",
        Quantity(
            "connections",
            "Connections that a test opened through Python sockets.",
            curve=Curve("Requests", "connections", colors.GREEN),
            probe="network",
        ),
    )
    NETWORK_SECONDS = (
        "network_seconds",
        Quantity(
            "time on the network",
            "Time in which a test waited for answers to HTTP requests, summed over its threads.",
            Unit.SECONDS,
            cause=CauseRole.PART_OF_TIME,
            curve=Curve("Time on the network", "waited", colors.GOOD),
            probe="network",
            advice="Look at the servers that it asks: the added time is time until they answer.",
        ),
    )
    NETWORK_RECEIVED_BYTES = (
        "network_received_bytes",
        Quantity(
            "received",
            "Bytes of answers to HTTP requests of a test, as announced by the servers.",
            Unit.BYTES,
            curve=Curve("Received", "answers", colors.GOOD),
            probe="network",
        ),
    )
    CACHE_COMMANDS = (
        "cache_commands",
        Quantity(
            "cache commands",
            "Commands that a test sent to caches such as Redis and memcached, also in pipelines.",
            cause=CauseRole.WORK,
            curve=Curve("Cache", "commands", colors.GOOD),
            probe="cache",
            advice="Look at the keys that the test asks for: many of them can be asked for at once.",
        ),
    )
    CACHE_HITS = (
        "cache_hits",
        Quantity(
            "cache hits",
            "Keys that a test found in caches.",
            curve=Curve("Cache", "hits", colors.GREEN),
            probe="cache",
        ),
    )
    CACHE_MISSES = (
        "cache_misses",
        Quantity(
            "cache misses",
            "Keys that a test did not find in caches.",
            cause=CauseRole.WORK,
            curve=Curve("Cache", "misses", colors.BAD),
            probe="cache",
            advice="Look at the keys that the cache does not have: a key that changes is never found.",
            limit="cache_misses",
        ),
    )
    CACHE_SETS = (
        "cache_sets",
        Quantity(
            "cache sets",
            "Keys that a test put into caches.",
            curve=Curve("Cache", "sets", colors.WARNING),
            probe="cache",
        ),
    )
    CACHE_SECONDS = (
        "cache_seconds",
        Quantity(
            "time in caches",
            "Time in which a test waited for answers of caches, summed over its threads.",
            Unit.SECONDS,
            cause=CauseRole.PART_OF_TIME,
            curve=Curve("Time in caches", "waited", colors.GOOD),
            probe="cache",
            advice="Look at the number of commands, and at the size of the values.",
        ),
    )
    LOCAL_CACHE_HITS = (
        "local_cache_hits",
        Quantity(
            "hits of caches in the process",
            "Lookups that caches in the process of a test answered (lru_cache, cachetools).",
            curve=Curve("Caches in the process", "hits", colors.GREEN),
            probe="cache",
        ),
    )
    LOCAL_CACHE_MISSES = (
        "local_cache_misses",
        Quantity(
            "misses of caches in the process",
            "Lookups that caches in the process of a test did not answer (lru_cache, cachetools).",
            cause=CauseRole.SYSTEM,
            floor=20,
            curve=Curve("Caches in the process", "misses", colors.BAD),
            probe="cache",
        ),
    )
    PAGE_LOAD_SECONDS = (
        "page_load_seconds",
        Quantity(
            "time to load pages",
            "Time from the start of a navigation to the end of the load event, summed over the pages of a test.",
            Unit.SECONDS,
            cause=CauseRole.PART_OF_TIME,
            curve=Curve("Time in pages", "load", colors.GOOD),
            probe="pages",
            advice="Look at the network panel of the browser: a request that others wait for makes the page late.",
        ),
    )
    PAGE_LARGEST_PAINT_SECONDS = (
        "page_largest_paint_seconds",
        Quantity(
            "largest contentful paint",
            "Time until the largest element of a page is painted (LCP), for the slowest page of a test.",
            Unit.SECONDS,
            curve=Curve("Time in pages", "largest paint", colors.WARNING),
            probe="pages",
        ),
    )
    PAGE_INTERACTION_SECONDS = (
        "page_interaction_seconds",
        Quantity(
            "time of interactions with pages",
            "Total time of clicks, key presses and the like in pages, with the wait for their elements.",
            Unit.SECONDS,
            cause=CauseRole.PART_OF_TIME,
            curve=Curve("Time in pages", "interactions", colors.GREEN),
            probe="pages",
            advice="Look for the element that a click waits for: it is not there, hidden or moving.",
        ),
    )
    PAGE_INTERACTIONS = (
        "page_interactions",
        Quantity(
            "interactions with pages",
            "Clicks, key presses and the like in pages.",
            curve=Curve("Pages", "interactions", colors.GREEN),
            probe="pages",
        ),
    )
    PAGE_REQUESTS = (
        "page_requests",
        Quantity(
            "page requests",
            "Requests for the pages of a test and their resources.",
            cause=CauseRole.WORK,
            curve=Curve("Pages", "requests", colors.GOOD),
            probe="pages",
            advice="Look at the network panel of the browser for the requests that are new.",
        ),
    )
    PAGE_ERRORS = (
        "page_errors",
        Quantity(
            "page errors",
            "Errors in the console of pages, and uncaught exceptions of scripts.",
            cause=CauseRole.WORK,
            curve=Curve("Pages", "errors", colors.BAD),
            probe="pages",
            advice="Look at the console of the browser.",
        ),
    )
    PAGE_RECEIVED_BYTES = (
        "page_received_bytes",
        Quantity(
            "received by pages",
            "Bytes of pages and their resources on the network, if their servers let the page know.",
            Unit.BYTES,
            cause=CauseRole.WORK,
            curve=Curve("Received by pages", "received", colors.GOOD),
            probe="pages",
            advice="Look at the network panel of the browser, by size.",
        ),
    )
    PAGE_LAYOUT_SHIFT = (
        "page_layout_shift",
        Quantity(
            "layout shift",
            "Cumulative layout shift (CLS), for the page of a test that shifted most, to two decimals.",
            cause=CauseRole.WORK,
            curve=Curve("Layout shift", "layout shift", colors.WARNING),
            probe="pages",
            advice="Look for elements that get their size late, such as images without width and height.",
        ),
    )


# The probes of what a test touches: where one was on, the absence of its quantities means 0.
TOUCH_PROBES = tuple(dict.fromkeys(key.quantity.probe for key in UsageKey if key.quantity.probe))

# The quantities that a marker or a setting may limit, by the name of the limit.
LIMITED: Mapping[str, UsageKey] = {key.quantity.limit: key for key in UsageKey if key.quantity.limit}
