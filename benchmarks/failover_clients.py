"""The clients that are compared, each set up as its documentation says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, NamedTuple

from benchmarks.failover_chronicle import SIGNED_SET
from benchmarks.failover_load import Tasks, Threads
from syncredis.aio import sentinel as aio
from syncredis.sentinel import Sentinel

SERVICE = "myredis"


@dataclass(frozen=True)
class Way:
    """How a client gets to the deployment: Sentinels to begin with, and other places for what they announce."""

    sentinels: list[tuple[str, int]]
    places: Mapping[tuple[str, int], tuple[str, int]] = field(default_factory=dict)

    def translate(self, location: tuple[str, int]) -> tuple[str, int]:
        """Return where a server is for the client."""
        host, port = location  # some clients have lists
        return self.places.get((host, port), (host, port))


def _write(client: Any, name: str) -> Any:
    return client.eval(SIGNED_SET, 1, name, "1")


def syncredis_blocking(way: Way, *, strict: bool = False) -> Threads:
    sentinel = Sentinel(way.sentinels, strict=strict, address_map=way.places or None)
    primary, replica = sentinel.primary_for(SERVICE), sentinel.replica_for(SERVICE)
    return Threads(primary, replica, lambda: [each.close() for each in (primary, replica, sentinel)], _write)


def syncredis_tasks(way: Way, *, backend: str, strict: bool = False) -> Tasks:
    async def made() -> Any:
        sentinel = aio.Sentinel(way.sentinels, strict=strict, address_map=way.places or None)
        primary, replica = sentinel.primary_for(SERVICE), sentinel.replica_for(SERVICE)

        async def close() -> None:
            for each in (primary, replica, sentinel):
                await each.aclose()

        return primary, replica, close

    return Tasks(made, _write, backend)


def redis_py(way: Way, *, tuned: bool) -> Threads:
    # By name, because what is not installed has no types to check.
    errors, sentinels_of = import_module("redis.exceptions"), import_module("redis.sentinel")
    backoff, retry = import_module("redis.backoff"), import_module("redis.retry")
    options: dict[str, Any] = {}
    if tuned:
        options["retry"] = retry.Retry(backoff.ExponentialWithJitterBackoff(base=0.01, cap=0.25), 60)
        options["retry_on_error"] = [errors.ConnectionError, errors.TimeoutError, errors.ReadOnlyError]
        options["socket_timeout"] = 2.0
    base: Any = sentinels_of.Sentinel

    class Translating(base):  # type: ignore[misc]
        def discover_master(self, service_name: str) -> Any:
            return way.translate(super().discover_master(service_name))

        def discover_slaves(self, service_name: str) -> Any:
            return [way.translate(each) for each in super().discover_slaves(service_name)]

    sentinel = Translating(way.sentinels, **({"socket_timeout": 0.5} if tuned else {}))
    primary, replica = sentinel.master_for(SERVICE, **options), sentinel.slave_for(SERVICE, **options)
    return Threads(primary, replica, lambda: [each.close() for each in (primary, replica)], _write)


def coredis_asyncio(way: Way) -> Tasks:
    base: Any = import_module("coredis.client.sentinel").Sentinel

    class Translating(base):  # type: ignore[misc]
        async def discover_primary(self, service_name: str) -> Any:
            return way.translate(await super().discover_primary(service_name))

        async def discover_replicas(self, service_name: str) -> Any:
            return [way.translate(each) for each in await super().discover_replicas(service_name)]

    async def made() -> Any:
        stack = AsyncExitStack()
        sentinel = await stack.enter_async_context(Translating(way.sentinels, stream_timeout=0.5))
        primary = await stack.enter_async_context(sentinel.primary_for(SERVICE, stream_timeout=2.0))
        replica = await stack.enter_async_context(sentinel.replica_for(SERVICE, stream_timeout=2.0))
        return primary, replica, stack.aclose

    return Tasks(made, lambda client, name: client.eval(SIGNED_SET, keys=[name], args=["1"]))


class Contestant(NamedTuple):
    """A client, in one way of using it.

    Attributes:
        module: what has to be installed.
        make: prepares its callers.
        is_peer: whether it is somebody else's.
        is_strict: whether it asks a majority of the Sentinels, which matters where the network parts.
    """

    module: str
    make: Callable[[Way], Threads | Tasks]
    is_peer: bool = False
    is_strict: bool = False


CLIENTS: dict[str, Contestant] = {
    "syncredis": Contestant("syncredis", syncredis_blocking),
    "syncredis asyncio": Contestant("syncredis", lambda way: syncredis_tasks(way, backend="asyncio")),
    "syncredis trio": Contestant("trio", lambda way: syncredis_tasks(way, backend="trio")),
    "syncredis strict": Contestant("syncredis", lambda way: syncredis_blocking(way, strict=True), is_strict=True),
    "syncredis asyncio strict": Contestant(
        "syncredis", lambda way: syncredis_tasks(way, backend="asyncio", strict=True), is_strict=True
    ),
    "redis-py": Contestant("redis", lambda way: redis_py(way, tuned=False), is_peer=True),
    "redis-py tuned": Contestant("redis", lambda way: redis_py(way, tuned=True), is_peer=True),
    "coredis": Contestant("coredis", coredis_asyncio, is_peer=True),
}
