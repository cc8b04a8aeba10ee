"""The clients that are compared, each set up as its documentation says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Any

from benchmarks.failover_load import Tasks, Threads
from syncredis.aio import sentinel as aio
from syncredis.sentinel import Sentinel

SERVICE = "myredis"


def syncredis_blocking(sentinels: list[Any]) -> Threads:
    sentinel = Sentinel(sentinels)
    primary, replica = sentinel.primary_for(SERVICE), sentinel.replica_for(SERVICE)
    return Threads(primary, replica, lambda: [each.close() for each in (primary, replica, sentinel)])


def syncredis_asyncio(sentinels: list[Any]) -> Tasks:
    async def made() -> Any:
        sentinel = aio.Sentinel(sentinels)
        primary, replica = sentinel.primary_for(SERVICE), sentinel.replica_for(SERVICE)

        async def close() -> None:
            for each in (primary, replica, sentinel):
                await each.aclose()

        return primary, replica, close

    return Tasks(made)


def redis_py(sentinels: list[Any], *, tuned: bool) -> Threads:
    # By name, because what is not installed has no types to check.
    errors, sentinels_of = import_module("redis.exceptions"), import_module("redis.sentinel")
    backoff, retry = import_module("redis.backoff"), import_module("redis.retry")
    options: dict[str, Any] = {}
    if tuned:
        options["retry"] = retry.Retry(backoff.ExponentialWithJitterBackoff(base=0.01, cap=0.25), 60)
        options["retry_on_error"] = [errors.ConnectionError, errors.TimeoutError, errors.ReadOnlyError]
        options["socket_timeout"] = 2.0
    sentinel = sentinels_of.Sentinel(sentinels, **({"socket_timeout": 0.5} if tuned else {}))
    primary, replica = sentinel.master_for(SERVICE, **options), sentinel.slave_for(SERVICE, **options)
    return Threads(primary, replica, lambda: [each.close() for each in (primary, replica)])


def coredis_asyncio(sentinels: list[Any]) -> Tasks:
    async def made() -> Any:
        coredis = import_module("coredis.sentinel")
        stack = AsyncExitStack()
        sentinel = await stack.enter_async_context(coredis.Sentinel(sentinels, stream_timeout=0.5))
        primary = await stack.enter_async_context(sentinel.primary_for(SERVICE, stream_timeout=2.0))
        replica = await stack.enter_async_context(sentinel.replica_for(SERVICE, stream_timeout=2.0))
        return primary, replica, stack.aclose

    return Tasks(made)


CLIENTS: dict[str, tuple[str, Callable[[list[Any]], Threads | Tasks]]] = {
    "syncredis": ("syncredis", syncredis_blocking),
    "syncredis asyncio": ("syncredis", syncredis_asyncio),
    "redis-py": ("redis", lambda sentinels: redis_py(sentinels, tuned=False)),
    "redis-py tuned": ("redis", lambda sentinels: redis_py(sentinels, tuned=True)),
    "coredis": ("coredis", coredis_asyncio),
}
