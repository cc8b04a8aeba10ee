"""The async clients. Each gets as many connections as it wants for the number of tasks, where it has a limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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

    def client(self) -> Any:
        kind = getattr(import_module(f"{self.package}.asyncio"), self.name)
        return kind(host=self.place.host, port=self.place.port, decode_responses=True, max_connections=_MOST_TASKS)

    async def __aenter__(self) -> Self:
        self.kept = self.client()
        await self.kept.ping()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kept.aclose()

    def get(self, key: str) -> Callable[[], Awaitable[Any]]:
        get = self.kept.get

        async def operation() -> Any:
            return await get(key)

        return operation

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

    def client(self) -> Any:
        return import_module("syncredis.aio").Redis(self.place.host, self.place.port)


class Coredis(RedisPy):
    """coredis; its client is a context manager."""

    def client(self) -> Any:
        kind = import_module("coredis").Redis
        return kind(host=self.place.host, port=self.place.port, decode_responses=True, max_connections=_MOST_TASKS)

    async def __aenter__(self) -> Self:
        self.kept = await self.client().__aenter__()
        await self.kept.ping()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kept.__aexit__(None, None, None)

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
        module = self.module = import_module("glide")
        address = module.NodeAddress(self.place.host, self.place.port)
        wanted = module.GlideClientConfiguration([address], request_timeout=20_000, inflight_requests_limit=10_000)
        self.kept = await module.GlideClient.create(wanted)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.kept.close()

    def pipeline(self, key: str, count: int) -> Callable[[], Awaitable[Any]]:
        make, execute = self.module.Batch, self.kept.exec

        async def run() -> Any:
            batch = make(is_atomic=False)
            for _ in range(count):
                batch.get(key)
            return await execute(batch, raise_on_error=True)

        return run
