"""A client of the shims with a connection of its own, in the hands of many threads or tasks: each gets its own replies."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest

import syncredis.compat as redis
from syncredis.compat import asyncio as aioredis
from syncredis.testing import ServerProcess

#: As many keys, each of which holds its own name.
KEYS = 40


@pytest.fixture
def place(server: ServerProcess) -> dict[str, Any]:
    """Where a server is whose keys hold their names."""
    host, port = server.location
    with redis.Redis(host=host, port=port) as client:
        client.flushall()
        client.config_resetstat()
        client.mset({f"k{number}": f"k{number}" for number in range(KEYS)})
    return {"host": host, "port": port}


class ReadingClient(redis.Redis):
    """Reads its replies itself."""

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        return super().parse_response(connection, command_name, **options)


class ReadingTaskClient(aioredis.Redis):
    """The same for tasks."""

    async def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        return await super().parse_response(connection, command_name, **options)


class OddConnection(aioredis.Connection):
    """Of another make: what it overrides has to be called."""

    async def read_response(self, *args: Any, **kwargs: Any) -> Any:
        return await super().read_response(*args, **kwargs)


def plain(place: dict[str, Any]) -> aioredis.Redis:
    return aioredis.Redis(**place, single_connection_client=True)


def reading(place: dict[str, Any]) -> aioredis.Redis:
    return ReadingTaskClient(**place, single_connection_client=True)


def odd(place: dict[str, Any]) -> aioredis.Redis:
    pool = aioredis.ConnectionPool(OddConnection, **place)
    client = aioredis.Redis(connection_pool=pool, single_connection_client=True)
    client.auto_close_connection_pool = True
    return client


async def read_one(client: aioredis.Redis, key: str) -> None:
    assert await client.get(key) == key.encode()


async def read_in_pipeline(client: aioredis.Redis, key: str) -> None:
    assert await client.pipeline(transaction=False).get(key).echo(key).execute() == [key.encode()] * 2


async def read_in_transaction(client: aioredis.Redis, key: str) -> None:
    async with client.pipeline() as pipe:
        await pipe.watch(key)
        assert await pipe.get(key) == key.encode()
        pipe.multi()
        assert await pipe.get(key).echo(key).execute() == [key.encode()] * 2


async def read_by_script(client: aioredis.Redis, key: str) -> None:
    assert await client.register_script("return redis.call('get', KEYS[1])")([key]) == key.encode()


async def publish(client: aioredis.Redis, key: str) -> None:
    async with client.pubsub(ignore_subscribe_messages=True) as pubsub:
        channel = f"{key}:{anyio.get_current_task().id}"
        await pubsub.subscribe(channel)
        await client.publish(channel, key)
        async for message in pubsub.listen():
            assert message["data"] == key.encode()
            return


async def hold_a_lock(client: aioredis.Redis, key: str) -> None:
    async with client.lock(f"{key}:{anyio.get_current_task().id}", timeout=60):
        await read_one(client, key)


WAYS = (read_one, read_one, read_one, read_in_pipeline, read_in_transaction, read_by_script, publish, hold_a_lock)


@pytest.mark.parametrize(
    ("made", "ways"),
    [(plain, WAYS), (reading, WAYS), (odd, WAYS)],
    ids=["plain", "reading", "odd"],
)
def test_tasks_that_are_cancelled_take_nobodys_reply(
    place: dict[str, Any], made: Callable[[dict[str, Any]], aioredis.Redis], ways: tuple[Callable[..., Any], ...]
) -> None:
    chance = random.Random(1)
    scopes: dict[int, anyio.CancelScope] = {}
    cancelled = 0

    async def work(client: aioredis.Redis, worker: int) -> None:
        nonlocal cancelled
        while cancelled < 200:
            with anyio.CancelScope() as scopes[worker]:
                await chance.choice(ways)(client, f"k{chance.randrange(KEYS)}")
            cancelled += scopes[worker].cancelled_caught

    async def disturb() -> None:
        while True:
            for _ in range(chance.randrange(30)):
                await anyio.lowlevel.checkpoint()
            scopes[chance.choice(list(scopes))].cancel()

    async def main() -> None:
        client = made(place)
        await client.initialize()
        async with anyio.create_task_group() as disturbance:
            async with anyio.create_task_group() as tasks:
                for worker in range(8):
                    tasks.start_soon(work, client, worker)
                await anyio.wait_all_tasks_blocked()
                disturbance.start_soon(disturb)
            disturbance.cancel_scope.cancel()
        await read_one(client, "k1")
        await client.aclose()

    anyio.run(main)


@pytest.mark.parametrize("kind", [redis.Redis, ReadingClient])
def test_threads_that_share_a_connection_take_nobodys_reply(place: dict[str, Any], kind: type[redis.Redis]) -> None:
    with kind(**place, single_connection_client=True) as client, ThreadPoolExecutor(8) as threads:
        script = client.register_script("return redis.call('get', KEYS[1])")

        def work(seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(100):
                key = f"k{chance.randrange(KEYS)}"
                assert client.get(key) == key.encode()
                assert script([key]) == key.encode()
                with client.pipeline() as pipe:
                    pipe.watch(key)
                    assert pipe.get(key) == key.encode()
                    pipe.multi()
                    assert pipe.get(key).echo(key).execute() == [key.encode()] * 2

        for done in [threads.submit(work, seed) for seed in range(8)]:
            done.result()


@pytest.mark.parametrize("kind", [redis.Redis, ReadingClient])
def test_a_client_that_is_closed_meanwhile_mixes_no_replies_up(place: dict[str, Any], kind: type[redis.Redis]) -> None:
    for _ in range(20):
        client = kind(**place, single_connection_client=True)
        begun = threading.Semaphore(0)

        def work(seed: int, client: redis.Redis = client, begun: threading.Semaphore = begun) -> None:
            chance = random.Random(seed)
            while client.connection is not None:
                key = f"k{chance.randrange(KEYS)}"
                assert client.get(key) == key.encode()
                begun.release()

        with ThreadPoolExecutor(4) as threads:
            working = [threads.submit(work, seed) for seed in range(4)]
            for _ in range(20):
                begun.acquire()
            client.close()
        for done in working:
            failure = done.exception()
            assert failure is None or isinstance(failure, redis.ConnectionError), failure
        client.connection_pool.disconnect()  # of those who came a moment too late, and took one from the pool


class Forgetful(redis.Redis):
    """Does not read some of its replies."""

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        if command_name == "ECHO":
            raise LookupError("not read")
        return super().parse_response(connection, command_name, **options)


class ForgetfulTasks(aioredis.Redis):
    """The same for tasks."""

    async def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        if command_name == "ECHO":
            raise LookupError("not read")
        return await super().parse_response(connection, command_name, **options)


def test_a_reply_that_was_not_read_is_not_the_next_ones(place: dict[str, Any]) -> None:
    with Forgetful(**place, single_connection_client=True) as client:
        with pytest.raises(LookupError):
            client.echo("somebody else's")
        assert client.get("k1") == b"k1"

    async def main() -> None:
        async with ForgetfulTasks(**place, single_connection_client=True) as client:
            with pytest.raises(LookupError):
                await client.echo("somebody else's")
            assert await client.get("k1") == b"k1"

    anyio.run(main)


def test_tasks_whose_client_is_closed_get_their_own_replies_or_an_error(place: dict[str, Any]) -> None:
    async def work(client: aioredis.Redis, seed: int, begun: anyio.Semaphore) -> None:
        chance = random.Random(seed)
        try:
            while client.connection is not None:
                key = f"k{chance.randrange(KEYS)}"
                assert await client.get(key) == key.encode()
                begun.release()
        except redis.ConnectionError:
            assert client.connection is None

    async def main() -> None:
        for made in [plain, reading, odd] * 7:
            client = made(place)
            await client.initialize()
            begun = anyio.Semaphore(0)
            async with anyio.create_task_group() as tasks:
                for seed in range(4):
                    tasks.start_soon(work, client, seed, begun)
                for _ in range(20):
                    await begun.acquire()
                await client.aclose()
            await client.connection_pool.disconnect()

    anyio.run(main)


def test_iterators_go_through_it(place: dict[str, Any]) -> None:
    """Its database, and what else was said on it, counts for them."""
    expected = {b"only-here"}
    for kind in (redis.Redis, ReadingClient):
        with kind(**place, single_connection_client=True) as client:
            client.select(3)
            client.zadd("only-here", {"member": 1})
            assert set(client.scan_iter()) == expected
            assert list(client.zscan_iter("only-here")) == [(b"member", 1.0)]

    async def main() -> None:
        for made in (plain, reading, odd):
            async with made(place) as client:
                await client.select(3)
                assert {key async for key in client.scan_iter()} == expected
                assert [pair async for pair in client.zscan_iter("only-here")] == [(b"member", 1.0)]

    anyio.run(main)


def test_who_waits_for_a_lock_does_not_keep_the_connection_from_its_holder(place: dict[str, Any]) -> None:
    with redis.Redis(**place, single_connection_client=True) as client, redis.Redis(**place) as observer:
        held = client.lock("held", timeout=60)
        assert held.acquire()

        def attempts() -> int:
            return int(observer.info("commandstats")["cmdstat_set"]["calls"])

        before = attempts()
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(client.lock("held", timeout=60, sleep=0.01, thread_local=False).acquire)
            while attempts() < before + 3:
                client.get("k1")
            held.release()
            assert waiting.result()
        assert "cmdstat_blpop" not in observer.info("commandstats")
