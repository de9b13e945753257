"""
What a test asks of caches in its own process.
"""

from collections.abc import Mapping

import pytest

from paceline.model import Case
from paceline.usage import UsageKey
from support.suite import Suite

_MODULE = """
    from functools import cache, lru_cache

    from cachetools import LRUCache, TTLCache, cached, cachedmethod

    RECENT = LRUCache(2)
    PRICES = TTLCache(10, ttl=60)

    @lru_cache
    def plain(number): return number

    @cache
    def unbounded(number): return number

    @lru_cache(maxsize=1)
    def small(number): return number

    @cached(PRICES)
    def price(name): return len(name)

    class Loading(LRUCache):
        def __missing__(self, key):
            self[key] = value = key * 2
            return value

    class Shop:
        def __init__(self):
            self.cache = LRUCache(10)

        @lru_cache
        def total(self, number): return number

        @staticmethod
        @lru_cache
        def rate(number): return number

        @cachedmethod(lambda self: self.cache)
        def stock(self, number): return number
"""
_TESTS = """
    import functools
    import gc
    import pickle
    from functools import lru_cache
    from threading import Event, Thread

    import pytest
    import shop

    @pytest.fixture(scope="session")
    def wide():
        shop.unbounded(100)
        shop.unbounded(100)

    @pytest.fixture
    def cleared():
        shop.plain.cache_clear()

    def test_functions():
        for _ in range(3): shop.plain(1)
        for _ in range(3): shop.unbounded(1)
        for number in (1, 2, 1): shop.small(number)

    def test_methods():
        ours = shop.Shop()
        for _ in range(2): ours.total(1)
        for _ in range(2): ours.rate(1)
        for _ in range(2): ours.stock(1)

    def test_warm(cleared):
        shop.plain(1)
        shop.plain(1)

    def test_cleared_inside(cleared):
        shop.plain(2)
        shop.plain(2)
        shop.plain.cache_clear()
        shop.plain(2)

    def test_fixture_of_the_session(request):
        request.getfixturevalue("wide")
        shop.unbounded(100)

    def test_made_inside():
        @functools.lru_cache
        def local(number): return number
        local(1)
        local(1)
        test_made_inside.local = local

    def test_cachetools():
        shop.price("ab")
        shop.price("ab")
        assert shop.PRICES.get("absent", 7) == 7 and shop.PRICES.get("absent") is None
        with pytest.raises(KeyError): shop.RECENT["absent"]

    def test_eviction_looks_nothing_up():
        for number in range(5): shop.RECENT[number] = number
        assert shop.RECENT.pop(4) == 4 and list(shop.RECENT.items()) == [(3, 3)]

    def test_missing():
        loading = shop.Loading(10)
        assert [loading[2], loading[2]] == [4, 4] and loading.get(3) is None and loading.get(2) == 4

    def test_of_a_thread():
        thread = Thread(target=shop.price, args=("of a thread",))
        thread.start()
        thread.join()

    def test_compiled_libraries():
        namespace = {"__file__": "/venv/site-packages/compiled.so", "lru_cache": lru_cache}
        exec(compile("@lru_cache\\ndef made(): return 1", "src/compiled.pyx", "exec"), namespace)
        assert [namespace["made"]() for _ in range(2)] == [1, 1]

    def test_libraries_and_objects():
        import re
        re.compile("a")
        assert pickle.loads(pickle.dumps(shop.plain)) is shop.plain
        assert isinstance(shop.plain, functools._lru_cache_wrapper)
        assert shop.plain.cache_parameters() == {"maxsize": 128, "typed": False}

    def test_forgotten_function_is_not_kept():
        def make():
            @lru_cache
            def local(): return 1
            return functools.partial(lambda: None), __import__("weakref").ref(local)
        _, reference = make()
        gc.collect()
        assert reference() is None

    def test_nothing(): pass
"""
# Hits and misses.
_EXPECTED = {
    "test_functions": (4, 5),
    "test_methods": (3, 3),
    "test_warm": (1, 1),
    "test_cleared_inside": (0, 1),
    "test_fixture_of_the_session": (1, 0),
    "test_made_inside": (1, 1),
    "test_cachetools": (1, 4),
    "test_eviction_looks_nothing_up": (0, 0),
    "test_missing": (2, 2),
    "test_of_a_thread": (0, 1),
    "test_compiled_libraries": (0, 0),
    "test_libraries_and_objects": (0, 0),
    "test_forgotten_function_is_not_kept": (0, 0),
    "test_nothing": (0, 0),
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Case]:
    """
    The cases of a suite that was run, by the name of the test.
    """
    suite = Suite(tmp_path_factory.mktemp("suite"))
    suite.write("shop.py", _MODULE)
    suite.write("test_suite.py", _TESTS)
    result = suite.run("-p", "no:randomly")

    assert set(result.outcomes.values()) == {"passed"}, result.output
    return {case.id.partition("::")[2]: case for case in result.run.cases}


@pytest.mark.parametrize(("test", "expected"), _EXPECTED.items())
def test_lookups_are_counted(cases: Mapping[str, Case], test: str, expected: tuple[int, ...]) -> None:
    """
    Each lookup of the call is counted once; those of fixtures, evictions and libraries are not.
    """
    keys = (UsageKey.LOCAL_CACHE_HITS, UsageKey.LOCAL_CACHE_MISSES)

    assert tuple(cases[test].usage.get(key, 0) for key in keys) == expected
