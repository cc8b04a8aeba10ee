"""What only the async facade has: cancellation, several event loops, and that errors leave as themselves."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest

from syncredis import PoolTimeoutError, PrimaryNotFoundError
from syncredis import Redis as BlockingRedis
from syncredis.aio import Redis, Sentinel
from syncredis.command import Command
from syncredis.testing import ServerProcess
from tests.fixtures.clients import resting

BLPOP_FOR_EVER = Command[Any](("BLPOP", "nothing", 0), blocks=0)


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Callable[[Callable[[], Awaitable[Any]]], Any]:
    """Runs an async function on one of the backends."""
    return lambda function: anyio.run(function, backend=request.param)


@pytest.fixture
def one_server(servers: dict[str, ServerProcess]) -> ServerProcess:
    """Any server: what is tested here does not depend on its kind."""
    server = next(iter(servers.values()))
    server.execute_command("FLUSHALL")
    return server


@pytest.fixture
def silent() -> Iterator[tuple[str, int]]:
    """A listener that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(20):
        while not condition():
            await anyio.sleep(0.005)


def blocked_clients(server: ServerProcess) -> int:
    report = server.execute_command("INFO", "clients")
    return int(dict(line.split(":", 1) for line in report.split() if ":" in line)["blocked_clients"])


def in_use(client: Redis[Any]) -> int:
    pool = client.wrapped.pool
    return len(pool._state.slots) - len(resting(pool))


def test_a_cancelled_blocking_call_leaves_nothing_behind(run: Any, one_server: ServerProcess) -> None:
    async def main() -> None:
        async with Redis(*one_server.location, max_connections=2) as client:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.execute, BLPOP_FOR_EVER)
                await until(lambda: blocked_clients(one_server) == 1)
                tasks.cancel_scope.cancel()
            await until(lambda: blocked_clients(one_server) == 0)
            await until(lambda: in_use(client) == 0)
            assert await client.set("still", "works")

    run(main)


def test_a_timeout_releases_the_caller_at_once(run: Any, one_server: ServerProcess) -> None:
    async def main() -> None:
        async with Redis(*one_server.location) as client:
            with pytest.raises(TimeoutError):
                with anyio.fail_after(0.05):
                    await client.execute(BLPOP_FOR_EVER)
            await until(lambda: in_use(client) == 0)

    run(main)


def test_cancelled_while_it_waits_for_its_turn(run: Any, one_server: ServerProcess) -> None:
    async def main() -> None:
        async with Redis(*one_server.location, max_connections=1) as client:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.execute, BLPOP_FOR_EVER)
                await until(lambda: blocked_clients(one_server) == 1)
                with anyio.move_on_after(0.05) as waiting:
                    await client.execute(BLPOP_FOR_EVER)
                assert waiting.cancelled_caught
                tasks.cancel_scope.cancel()
            assert await client.get("k") is None

    run(main)


def test_waiting_for_a_turn_ends_with_pool_timeout(run: Any, one_server: ServerProcess) -> None:
    async def main() -> None:
        client = Redis(*one_server.location, max_connections=1, pool_timeout=0.05)
        async with client, anyio.create_task_group() as tasks:
            tasks.start_soon(client.execute, BLPOP_FOR_EVER)
            await until(lambda: blocked_clients(one_server) == 1)
            with pytest.raises(PoolTimeoutError, match="max_connections"):
                await client.execute(BLPOP_FOR_EVER)
            tasks.cancel_scope.cancel()

    run(main)


def test_cancelled_while_it_connects(run: Any) -> None:
    # A full backlog: further connections get no answer.
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as listener,
        socket.socket() as first,
        socket.socket() as second,
    ):
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())

        async def main() -> None:
            client = Redis(*listener.getsockname(), connect_timeout=60)
            with anyio.move_on_after(0.1) as connecting:
                await client.get("k")
            assert connecting.cancelled_caught
            await until(lambda: in_use(client) == 0)

        run(main)


def test_cancelled_during_the_handshake(run: Any, silent: tuple[str, int]) -> None:
    async def main() -> None:
        client = Redis(*silent, connect_timeout=60, stream_timeout=60)
        with anyio.move_on_after(0.1) as shaking_hands:
            await client.get("k")
        assert shaking_hands.cancelled_caught
        await until(lambda: in_use(client) == 0)

    run(main)


def test_cancelled_during_discovery(run: Any, silent: tuple[str, int]) -> None:
    async def main() -> None:
        sentinel = Sentinel([silent], sentinel_kwargs={"connect_timeout": 60, "stream_timeout": 60})
        primary = sentinel.primary_for("myredis")
        for call in (lambda: sentinel.discover_primary("myredis"), lambda: primary.get("k")):
            with anyio.move_on_after(0.1) as discovering:
                await call()
            assert discovering.cancelled_caught
        await until(lambda: in_use(primary) == 0)

    run(main)


def test_random_cancellation_never_gives_a_reply_to_the_wrong_caller(run: Any, one_server: ServerProcess) -> None:
    keys = [f"key:{number}" for number in range(50)]
    for key in keys:
        one_server.execute_command("SET", key, key)
    chance = random.Random(7)
    seen = {"right": 0, "cancelled": 0}

    async def reader(client: Redis[str]) -> None:
        for _ in range(50):
            key = chance.choice(keys)
            with anyio.move_on_after(chance.choice([0, 0.0005, 0.001, 0.002, 10])) as scope:
                value = await client.get(key)
                assert value == key
                seen["right"] += 1
            seen["cancelled"] += scope.cancelled_caught

    async def main() -> None:
        async with Redis(*one_server.location, max_connections=8) as client:
            async with anyio.create_task_group() as tasks:
                for _ in range(20):
                    tasks.start_soon(reader, client)
            await until(lambda: in_use(client) == 0)

    run(main)
    assert seen["right"] + seen["cancelled"] == 1000
    assert seen["cancelled"] > 50
    assert seen["right"] > 50


def test_one_client_serves_several_event_loops(one_server: ServerProcess) -> None:
    client = Redis(*one_server.location, max_connections=4)
    failures: list[BaseException] = []

    async def work(name: str) -> None:
        for number in range(30):
            await client.set(f"{name}:{number}", f"{name}:{number}")
            assert await client.get(f"{name}:{number}") == f"{name}:{number}"

    def thread(name: str, backend: str) -> None:
        try:
            anyio.run(work, name, backend=backend)
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=thread, args=(f"{backend}{number}", backend))
        for backend in ("asyncio", "trio")
        for number in range(2)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    anyio.run(client.aclose)
    assert not failures


def test_a_client_outlives_its_event_loop(run: Any, one_server: ServerProcess) -> None:
    client = Redis(*one_server.location)

    async def set_and_get() -> str | None:
        await client.set("k", "v")
        return await client.get("k")

    assert run(set_and_get) == "v"
    assert run(set_and_get) == "v"
    run(client.aclose)


def test_errors_leave_the_context_managers_as_themselves(run: Any) -> None:
    async def main() -> None:
        async with Sentinel([("127.0.0.1", 1)]) as sentinel, sentinel.primary_for("myredis") as primary:
            await primary.get("k")

    with pytest.raises(PrimaryNotFoundError, match="no Sentinel could be reached"):
        run(main)


def test_closing_ends_calls_in_progress(run: Any, one_server: ServerProcess) -> None:
    errors: list[Exception] = []

    async def wait_for_ever(client: Redis[str]) -> None:
        try:
            await client.execute(BLPOP_FOR_EVER)
        except ConnectionError as error:
            errors.append(error)

    async def main() -> None:
        client = Redis(*one_server.location)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait_for_ever, client)
            await until(lambda: blocked_clients(one_server) == 1)
            await client.aclose()
        assert "closed" in str(errors[0])

    run(main)


def test_both_faces_of_a_client_share_its_pool(run: Any, one_server: ServerProcess) -> None:
    with BlockingRedis(*one_server.location) as blocking:
        facade = Redis[str].wrapping(blocking)

        async def main() -> None:
            await facade.set("k", "v")

        run(main)
        assert blocking.get("k") == "v"
        assert facade.wrapped is blocking
        assert facade.decode_responses
