"""
What a test asks of caches.
"""

from collections.abc import Mapping

import pytest

from paceline.model import Case
from paceline.usage import UsageKey
from support.cache_servers import memcached, redis, redis_cluster
from support.suite import Suite

pytestmark = pytest.mark.stack

_CONFTEST = """
    import os

    import django
    import pytest
    from django.conf import settings

    REDIS, CLUSTER, MEMCACHED = (int(os.environ[name]) for name in ("REDIS", "CLUSTER", "MEMCACHED"))
    settings.configure(CACHES={
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "redis": {"BACKEND": "django.core.cache.backends.redis.RedisCache",
                  "LOCATION": f"redis://127.0.0.1:{REDIS}"},
    })
    django.setup()

    @pytest.fixture
    def cluster():
        import redis
        with redis.RedisCluster("127.0.0.1", CLUSTER) as client:
            client.set("there", "1")
            yield client

    @pytest.fixture
    def client():
        import redis
        with redis.Redis(port=REDIS) as client:
            client.set("there", "1")
            yield client
"""
_TESTS = """
    import asyncio

    import paceline as public
    import pymemcache
    import pytest
    import redis
    import redis.asyncio
    from conftest import CLUSTER, MEMCACHED, REDIS
    from django.core.cache import cache, caches

    def test_redis_get(client):
        assert client.get("there") and client.get("absent") is None

    def test_redis_many(client):
        assert client.mget("there", "absent", "gone") == [b"1", None, None]

    def test_redis_hash(client):
        client.hset("hash", mapping={"a": 1, "b": 2})
        assert client.hget("hash", "a") and client.hmget("hash", "a", "c")

    def test_redis_set(client):
        client.set("new", 1)
        client.mset({"new": 1, "newer": 2})

    def test_redis_pipeline(client):
        with client.pipeline() as pipeline:
            pipeline.get("there").get("absent").set("new", 1)
            assert pipeline.execute() == [b"1", None, True]

    def test_redis_watch(client):
        with client.pipeline() as pipeline:
            pipeline.watch("there")
            assert pipeline.get("there") == b"1"
            pipeline.multi()
            pipeline.set("there", 1)
            pipeline.execute()

    def test_redis_pipeline_that_fails(client):
        client.set("text", "abc")
        with client.pipeline(transaction=False) as pipeline:
            assert pipeline.execute() == []
            pipeline.get("there").hget("text", "field").set("new", 1)
            assert isinstance(pipeline.execute(raise_on_error=False)[1], redis.ResponseError)
            with pytest.raises(redis.ResponseError):
                pipeline.get("there").hget("text", "field").execute()

    def test_redis_refused():
        with pytest.raises(redis.ConnectionError):
            redis.Redis(port=1).get("there")

    def test_redis_async():
        async def main():
            async with redis.asyncio.Redis(port=REDIS) as client:
                await client.set("there", 1)
                await asyncio.gather(client.get("there"), client.get("absent"))
                async with client.pipeline() as pipeline:
                    await pipeline.get("there").get("absent").execute()
        asyncio.run(main())

    def test_cluster(cluster):
        cluster.set("there", 1)
        assert cluster.get("there") and cluster.get("absent") is None

    def test_cluster_pipeline(cluster):
        with cluster.pipeline() as pipeline:
            pipeline.set("there", 1).get("there").get("absent")
            assert pipeline.execute() == [True, b"1", None]

    def test_cluster_watch(cluster):
        with cluster.pipeline(transaction=True) as pipeline:
            pipeline.watch("there")
            assert pipeline.get("there") == b"1"
            pipeline.multi()
            pipeline.set("there", 1)
            pipeline.execute()

    def test_cluster_connects():
        with redis.RedisCluster("127.0.0.1", CLUSTER): pass

    def test_cluster_async():
        async def main():
            async with redis.asyncio.RedisCluster("127.0.0.1", CLUSTER) as client:
                await client.set("there", 1)
                await client.get("absent")
                async with client.pipeline() as pipeline:
                    await pipeline.get("there").get("absent").execute()
        asyncio.run(main())

    def test_memcached():
        client = pymemcache.Client(("127.0.0.1", MEMCACHED))
        client.set("there", "1")
        assert client.get("there") and client.get("absent") is None
        assert client.get_many(["there", "absent"]) == {"there": b"1"}
        client.close()

    def test_memcached_pool():
        client = pymemcache.PooledClient(("127.0.0.1", MEMCACHED))
        client.set_many({"there": "1", "too": "2"})
        assert client.get("there")
        client.close()

    def test_django():
        cache.set("there", 1)
        assert cache.get("there") == 1 and cache.get("absent", 7) == 7
        assert cache.get_many(["there", "absent"]) == {"there": 1}
        cache.set_many({"a": 1, "b": 2})
        assert cache.get_or_set("there", 3) == 1

    def test_django_redis():
        caches["redis"].set("there", 1)
        assert caches["redis"].get("there") == 1 and caches["redis"].get("absent") is None

    def test_own_cache():
        public.record_cache(hit=True)
        public.record_cache(hit=False, count=2)

    def test_nothing(): pass
"""
# Commands, hits, misses, sets.
_EXPECTED = {
    "test_redis_get": (2, 1, 1, 0),
    "test_redis_many": (1, 1, 2, 0),
    "test_redis_hash": (3, 2, 1, 2),
    "test_redis_set": (2, 0, 0, 3),
    "test_redis_pipeline": (3, 1, 1, 1),
    "test_redis_watch": (3, 1, 0, 1),
    "test_redis_pipeline_that_fails": (6, 1, 0, 2),
    "test_redis_refused": (1, 0, 0, 0),
    "test_redis_async": (5, 2, 2, 1),
    "test_cluster": (3, 1, 1, 1),
    "test_cluster_pipeline": (3, 1, 1, 1),
    "test_cluster_watch": (3, 1, 0, 1),
    "test_cluster_connects": (0, 0, 0, 0),
    "test_cluster_async": (4, 1, 2, 1),
    "test_memcached": (4, 2, 2, 1),
    "test_memcached_pool": (2, 1, 0, 2),
    "test_django": (6, 3, 2, 3),
    "test_django_redis": (3, 1, 1, 1),
    "test_own_cache": (0, 1, 2, 0),
    "test_nothing": (0, 0, 0, 0),
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Case]:
    """
    The cases of a suite that was run beside real servers, by the name of the test.
    """
    suite = Suite(tmp_path_factory.mktemp("suite"))
    suite.write("conftest.py", _CONFTEST)
    suite.write("test_suite.py", _TESTS)
    with redis() as redis_port, redis_cluster() as cluster_port, memcached() as memcached_port:
        ports = {"REDIS": str(redis_port), "CLUSTER": str(cluster_port), "MEMCACHED": str(memcached_port)}
        result = suite.run(environ=ports)

    assert set(result.outcomes.values()) == {"passed"}, result.output
    return {case.id.partition("::")[2]: case for case in result.run.cases}


@pytest.mark.parametrize(("test", "expected"), _EXPECTED.items())
def test_lookups_are_counted(cases: Mapping[str, Case], test: str, expected: tuple[int, ...]) -> None:
    """
    Each once, whatever asks: a pipeline, a pool of clients, or Django, whose cache may be a Redis.
    """
    keys = (UsageKey.CACHE_COMMANDS, UsageKey.CACHE_HITS, UsageKey.CACHE_MISSES, UsageKey.CACHE_SETS)

    assert tuple(cases[test].usage.get(key, 0) for key in keys) == expected


def test_the_time_of_answers_is_counted(cases: Mapping[str, Case]) -> None:
    """
    Of caches that are watched.
    """
    assert cases["test_redis_get"].usage[UsageKey.CACHE_SECONDS] > 0
    assert UsageKey.CACHE_SECONDS not in cases["test_nothing"].usage
