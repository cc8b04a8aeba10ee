"""The async clients. Each gets as many connections as it wants for the number of tasks, where it has a limit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import import_module
from typing import Any, Self

from benchmarks.workload import Place

_MOST_TASKS = 2000


class RedisPy:
    """redis-py's asyncio half; it raises where it has fewer connections than tasks, hence the many."""

    package = "redis"
    name = "Redis"

    def __init__(self, place: Place) -> None:
        self.place = place

    def client(self, *, decode_responses: bool = True) -> Any:
        kind = getattr(import_module(f"{self.package}.asyncio"), self.name)
        return kind(
            host=self.place.host,
            port=self.place.port,
            decode_responses=decode_responses,
            max_connections=_MOST_TASKS,
        )

    async def __aenter__(self) -> Self:
        self.kept, self.bytes = self.client(), self.client(decode_responses=False)
        await self.kept.ping()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.bytes.aclose()
        await self.kept.aclose()

    def get(self, key: str, *, text: bool = True) -> Callable[[], Awaitable[Any]]:
        get = (self.kept if text else self.bytes).get

        async def operation() -> Any:
            return await get(key)

        return operation

    def set(self, key: str, value: bytes) -> Callable[[], Awaitable[Any]]:
        put = self.bytes.set

        async def operation() -> Any:
            return await put(key, value)

        return operation

    async def messages(self, channel: str) -> AsyncIterator[Any]:
        """Yield the confirmation, and then what is published."""
        async with self.kept.pubsub() as subscription:
            await subscription.subscribe(channel)
            async for message in subscription.listen():
                yield message

    def pipeline(self, key: str, count: int) -> Callable[[], Awaitable[Any]]:
        client = self.kept

        async def run() -> Any:
            pipeline = client.pipeline(transaction=False)
            for _ in range(count):
                pipeline.get(key)
            return await pipeline.execute()

        return run


class ValkeyPy(RedisPy):
    """valkey-py's asyncio half."""

    package = "valkey"
    name = "Valkey"


class Syncredis(RedisPy):
    """This library's facade, as it comes."""

    def client(self, *, decode_responses: bool = True) -> Any:
        kind = import_module("syncredis.aio").Redis
        return kind(self.place.host, self.place.port, decode_responses=decode_responses)


class Coredis(RedisPy):
    """coredis; its client is a context manager."""

    def client(self, *, decode_responses: bool = True) -> Any:
        kind = import_module("coredis").Redis
        return kind(
            host=self.place.host,
            port=self.place.port,
            decode_responses=decode_responses,
            max_connections=_MOST_TASKS,
        )

    async def __aenter__(self) -> Self:
        self.kept = await self.client().__aenter__()
        self.bytes = await self.client(decode_responses=False).__aenter__()
        await self.kept.ping()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.bytes.__aexit__(None, None, None)
        await self.kept.__aexit__(None, None, None)

    async def messages(self, channel: str) -> AsyncIterator[Any]:
        pubsub = self.kept.pubsub(channels=[channel])
        subscription = await pubsub.__aenter__()
        try:
            async for message in subscription:
                yield message
        finally:  # no `async with`: its task group would make an error of the end of this generator
            await pubsub.__aexit__(None, None, None)

    def pipeline(self, key: str, count: int) -> Callable[[], Awaitable[Any]]:
        client = self.kept

        async def run() -> Any:
            async with client.pipeline(transaction=False) as pipeline:
                results = [pipeline.get(key) for _ in range(count)]
            return [await result for result in results]

        return run


class Glide(RedisPy):
    """valkey-glide's async client."""

    async def __aenter__(self) -> Self:
        self.module = import_module("glide")
        self.kept = self.bytes = await self._create()
        return self

    async def _create(self, **options: Any) -> Any:
        module = self.module
        address = module.NodeAddress(self.place.host, self.place.port)
        wanted = module.GlideClientConfiguration(
            [address], request_timeout=20_000, inflight_requests_limit=10_000, **options
        )
        return await module.GlideClient.create(wanted)

    async def __aexit__(self, *_: object) -> None:
        await self.kept.close()

    async def messages(self, channel: str) -> AsyncIterator[Any]:
        kind = self.module.GlideClientConfiguration
        exact = kind.PubSubChannelModes.Exact
        wanted = kind.PubSubSubscriptions({exact: {channel}}, callback=None, context=None)
        client = await self._create(pubsub_subscriptions=wanted)
        yield None  # it is subscribed already
        try:
            while True:
                yield await client.get_pubsub_message()
        finally:
            await client.close()

    def pipeline(self, key: str, count: int) -> Callable[[], Awaitable[Any]]:
        make, execute = self.module.Batch, self.kept.exec

        async def run() -> Any:
            batch = make(is_atomic=False)
            for _ in range(count):
                batch.get(key)
            return await execute(batch, raise_on_error=True)

        return run
