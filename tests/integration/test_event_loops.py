"""The facade and event loops: nothing blocks them, several are served, and each may end at any time."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
import uvloop

from syncredis.aio import Redis
from syncredis.command import Command
from syncredis.testing import ServerProcess
from tests.fixtures.servers import BINARIES
from tests.fixtures.tasks import Run, all_of, at_rest, until


@pytest.fixture
def server_name() -> str:
    """One kind of server: what is tested here does not depend on it."""
    return next(iter(BINARIES))


def test_nothing_blocks_the_event_loop(server: ServerProcess, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        import asyncio

        loop = asyncio.get_running_loop()
        loop.slow_callback_duration = 5  # what blocks here blocks for longer than this, or for ever
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await anyio.sleep(0)

        async with Redis(*server.location, stream_timeout=None, connect_timeout=None) as client:
            for frozen_before_connecting in (True, False):
                server.freeze()
                try:
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(tick)
                        tasks.start_soon(client.ping)
                        for number in range(20):
                            tasks.start_soon(client.set, f"k{number}", "x" * 100_000)
                        start, wanted = ticks, 500
                        await until(lambda start=start, wanted=wanted: ticks > start + wanted)
                        server.thaw()
                        await client.get("k0")
                        tasks.cancel_scope.cancel()
                finally:
                    server.thaw()
                assert frozen_before_connecting is not None

    anyio.run(main, backend="asyncio", backend_options={"debug": True})
    assert "took" not in caplog.text


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("ends", [SystemExit, KeyboardInterrupt])
def test_a_task_that_ends_the_run_keeps_nobodys_reply(
    server: ServerProcess, keys: list[str], new_loop: Callable[[], asyncio.AbstractEventLoop], ends: type[BaseException]
) -> None:
    """Those who got theirs at the same time go on when the loop does."""

    async def get(client: Redis[str], key: str) -> str | None:
        value = await client.get(key)
        if key == "key:3":
            raise ends
        return value

    with contextlib.closing(new_loop()) as loop:
        client = Redis(*server.location)
        tasks = [loop.create_task(get(client, key)) for key in keys]
        everything = asyncio.gather(*tasks, return_exceptions=True)
        with pytest.raises(ends):
            loop.run_until_complete(everything)
        others = [task for task in tasks if not task.done() or task.exception() is None]
        assert loop.run_until_complete(asyncio.gather(*others)) == [key for key in keys if key != "key:3"]
        loop.run_until_complete(at_rest(client))
        loop.run_until_complete(client.aclose())


def test_several_event_loops_in_several_threads(server: ServerProcess, keys: list[str]) -> None:
    client = Redis(*server.location)
    failures: list[BaseException] = []
    together = threading.Barrier(4)

    async def work() -> None:
        together.wait(30)
        for _ in range(20):
            assert await all_of(*(lambda key=key: client.get(key) for key in keys[:16])) == keys[:16]

    def thread(backend: str) -> None:
        try:
            anyio.run(work, backend=backend)
        except BaseException as error:
            failures.append(error)

    running = [threading.Thread(target=thread, args=(backend,)) for backend in ("asyncio", "trio") * 2]
    for each in running:
        each.start()
    for each in running:
        each.join(60)
    assert not failures
    client.wrapped.close()


def test_one_event_loop_after_the_other(run: Run, server: ServerProcess, keys: list[str]) -> None:
    client = Redis(*server.location)

    async def work() -> None:
        assert await all_of(*(lambda key=key: client.get(key) for key in keys)) == keys

    for _ in range(4):
        run(work)
    assert len(client._dispatcher.lines.all) <= 2, "those of loops that have ended are forgotten"
    client.wrapped.close()
    assert not client.wrapped.pool._state.slots


def test_an_event_loop_that_ends_with_calls_under_way(run: Run, server: ServerProcess, keys: list[str]) -> None:
    client = Redis(*server.location)

    async def leave() -> None:
        async with anyio.create_task_group() as tasks:
            for key in keys:
                tasks.start_soon(client.get, key)
            await client.get(keys[0])
            tasks.cancel_scope.cancel()

    async def work() -> None:
        assert await all_of(*(lambda key=key: client.get(key) for key in keys)) == keys

    for _ in range(3):
        run(leave)
        run(work)
    client.wrapped.close()


def test_outside_an_event_loop(server: ServerProcess) -> None:
    call = Redis(*server.location).get("k")
    with pytest.raises(RuntimeError):
        call.send(None)


def test_each_task_keeps_its_context(run: Run, server: ServerProcess) -> None:
    name: contextvars.ContextVar[int] = contextvars.ContextVar("name")

    async def work(client: Redis[str], number: int) -> int:
        name.set(number)
        await client.set(f"c:{number}", number)
        await client.execute(Command(("BLPOP", "nothing", 0.01), blocks=0.01))
        return name.get()

    async def main() -> None:
        async with Redis(*server.location) as client:
            assert await all_of(*(lambda n=n: work(client, n) for n in range(20))) == list(range(20))

    run(main)


PROGRAM = """
import anyio, sys
from syncredis.aio import Redis
from syncredis.command import Command

client = Redis("127.0.0.1", int(sys.argv[1]))

async def main():
    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(client.set, "k", "v")
        await client.get("k")
        if sys.argv[3] == "leave":
            tasks.cancel_scope.cancel()

anyio.run(main, backend=sys.argv[2])
print("end")
"""


@pytest.mark.parametrize("how", ["wait", "leave"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_program_ends_with_an_open_client(server: ServerProcess, backend: str, how: str) -> None:
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(server.port), backend, how],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=root,
        check=False,
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("end\n", "", 0)


def test_a_forgotten_client_is_collected(run: Run, server: ServerProcess, keys: list[str]) -> None:
    async def main() -> None:
        client = Redis(*server.location)
        assert await all_of(*(lambda key=key: client.get(key) for key in keys)) == keys

    run(main)  # `no_leaks` looks for what is left
    assert server.execute_command("PING")
