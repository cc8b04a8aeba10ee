"""Many tasks on one connection are served by the event loop itself: without a thread, in halves, and in time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import anyio
import pytest
import uvloop

from syncredis import NO_RETRY, TimeoutError, multiplexer
from syncredis.aio import Redis
from syncredis.aio.loop_of_asyncio import finish
from syncredis.exceptions import ConnectionError, ProtocolError, ReadOnlyError
from syncredis.testing import ServerProcess
from tests.fixtures.peer import Peer, bulk, politely
from tests.fixtures.tasks import Run, all_of, at_rest, threads, until


@pytest.fixture
def no_thread(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the moment when it is called, whoever starts a thread for a shared connection fails."""

    class NoThread(threading.Thread):
        def start(self) -> None:
            raise AssertionError("a thread was started")

    return lambda: monkeypatch.setattr(multiplexer.threading, "Thread", NoThread)


def now(condition: Callable[[], bool]) -> None:
    """Block the event loop until something has happened elsewhere."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_crowd_needs_no_thread(
    run: Run, server: ServerProcess, keys: list[str], no_thread: Callable[[], None]
) -> None:
    async def main() -> None:
        async with Redis(*server.location) as client:
            await client.ping()
            await at_rest(client)
            no_thread()

            async def work(key: str) -> None:
                for _ in range(20):
                    assert await client.get(key) == key

            for count in (2, 3, 10, 150):
                async with anyio.create_task_group() as tasks:
                    for number in range(count):
                        tasks.start_soon(work, keys[number % len(keys)])
            await at_rest(client)

    run(main)


def test_half_of_the_tasks_have_the_server_at_work_while_the_others_run(run: Run, peer: Peer) -> None:
    """What the first half asks for is sent before the last task has run."""
    count = 128
    held: list[bytes] = []
    reached: list[int] = []

    def answer(words: Sequence[bytes]) -> bytes:
        """Send all replies to the first calls in one piece."""
        if len(peer.received) > count:
            return politely(words)
        held.append(politely(words))
        return b"".join(held) if len(held) == count else b""

    async def main() -> None:
        async with Redis(*peer.location) as client:
            await client.echo("alone")
            peer.received.clear()
            peer.answer = answer
            first_replies = 0

            async def work() -> None:
                nonlocal first_replies
                await client.echo("first")
                first_replies += 1
                if first_replies == count:
                    # All others have asked again. What is sent now was sent while tasks still had to run.
                    now(lambda: len(peer.received) > count)
                    reached.append(len(peer.received) - count)
                await client.echo("second")

            async with anyio.create_task_group() as tasks:
                for _ in range(count):
                    tasks.start_soon(work)
            await at_rest(client)

    run(main)
    assert 1 <= reached[0] < count
    assert len(peer.received) == 2 * count


@pytest.mark.parametrize("count", [1, 5])
def test_an_event_loop_that_was_busy_for_too_long_takes_the_reply_that_is_there(
    run: Run, peer: Peer, count: int
) -> None:
    busy = threading.Event()

    def answer(words: Sequence[bytes]) -> bytes:
        """Not before the event loop can not look: else it might take the reply at once."""
        if words[0] == b"GET":
            busy.wait(30)
        return bulk(b"v") if words[0] == b"GET" else politely(words)

    async def main() -> None:
        async with Redis(*peer.location, stream_timeout=1, retry_policy=NO_RETRY) as client:
            peer.answer = answer
            await client.ping()
            await at_rest(client)
            shared = client._dispatcher.lines.here(client.wrapped._stream_timeout).only
            assert shared is not None
            replies: list[str | None] = []

            async def get() -> None:
                replies.append(await client.get("k"))

            async with anyio.create_task_group() as tasks:
                for _ in range(count):
                    tasks.start_soon(get)
                while not shared._traffic.sent:
                    await anyio.sleep(0)
                busy.set()
                time.sleep(1.3)  # as no application should
            assert replies == ["v"] * count
            await at_rest(client)

    run(main)


@pytest.mark.parametrize("count", [1, 5])
def test_a_reply_that_does_not_come_in_time(run: Run, peer: Peer, count: int) -> None:
    async def main() -> None:
        async with Redis(*peer.location, stream_timeout=1, retry_policy=NO_RETRY) as client:
            await client.ping()
            await at_rest(client)
            peer.answer = lambda words: b"" if words[-1] == b"silence" else politely(words)
            calls = [lambda: client.echo("silence") for _ in range(count)]
            for outcome in await all_of(*calls):
                assert isinstance(outcome, TimeoutError)
                assert "within 1 s" in str(outcome)
            assert await client.echo("word") == "word"
            assert peer.accepted == 2
            await at_rest(client)

    run(main)


def test_each_reply_puts_the_end_of_the_time_off(run: Run, peer: Peer) -> None:
    """A crowd that is served slowly, but all the time, takes as long as it takes."""

    def answer(words: Sequence[bytes]) -> bytes:
        time.sleep(0.25)
        return politely(words)

    async def main() -> None:
        async with Redis(*peer.location, stream_timeout=1.5, retry_policy=NO_RETRY) as client:
            await client.ping()
            await at_rest(client)
            peer.answer = answer
            words = [f"word {number}" for number in range(8)]
            assert await all_of(*(lambda word=word: client.echo(word) for word in words)) == words
            await at_rest(client)

    run(main)


@pytest.mark.parametrize(
    "fault", [lambda peer: peer.drop_all(), lambda peer: peer.say(b"?what\r\n")], ids=["ends", "is no RESP"]
)
def test_a_crowd_whose_connection_breaks(run: Run, peer: Peer, fault: Callable[[Peer], None]) -> None:
    async def main() -> None:
        async with Redis(*peer.location, retry_policy=NO_RETRY) as client:
            await client.ping()
            await at_rest(client)
            peer.answer = lambda words: b"" if words[-1] == b"silence" else politely(words)
            outcomes: list[object] = []

            async def make() -> None:
                outcomes.extend(await all_of(*[lambda: client.echo("silence") for _ in range(5)]))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(make)
                await until(lambda: len(peer.received) == 6)
                assert not threads()
                fault(peer)
            assert [type(outcome) for outcome in outcomes] in ([ConnectionError] * 5, [ProtocolError] * 5)
            assert await all_of(*[lambda: client.echo("word") for _ in range(5)]) == ["word"] * 5
            await at_rest(client)

    run(main)


def test_a_large_reply_in_a_crowd_is_received_by_the_thread(run: Run, peer: Peer) -> None:
    """What comes in many pieces would keep the event loop from its other tasks."""
    large = b"x" * 5_000_000
    receives: list[list[str]] = []

    def answer(words: Sequence[bytes]) -> bytes:
        return bulk(large) if words[-1] == b"large" else politely(words)

    async def main() -> None:
        async with Redis(*peer.location) as client:
            await client.ping()
            await at_rest(client)
            peer.answer = answer

            async def look() -> None:
                while not receives:
                    if threads():
                        receives.append(threads())
                    await anyio.sleep(0)

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(look)
                words = ["a", "large", "b", "c"]
                outcomes = await all_of(*(lambda word=word: client.echo(word) for word in words))
            assert [len(outcome) for outcome in outcomes] == [1, len(large), 1, 1]
            assert outcomes[::2] == ["a", "b"]
            await at_rest(client)

    run(main)


def test_who_is_refused_in_a_crowd_learns_so_when_all_have_been_answered(run: Run, peer: Peer) -> None:
    def answer(words: Sequence[bytes]) -> bytes:
        return b"-READONLY You can't write against a read only replica.\r\n" if words[0] == b"SET" else politely(words)

    async def main() -> None:
        async with Redis(*peer.location, retry_policy=NO_RETRY) as client:
            await client.ping()
            await at_rest(client)
            peer.answer = answer
            outcomes = await all_of(
                lambda: client.echo("a"), lambda: client.set("k", "v"), lambda: client.echo("b"), client.ping
            )
            assert [outcomes[0], *outcomes[2:]] == ["a", "b", True]
            assert isinstance(outcomes[1], ReadOnlyError)
            await at_rest(client)

    run(main)


def test_a_crowd_that_is_alone_again(run: Run, server: ServerProcess, keys: list[str]) -> None:
    """Few and many callers in turn, on one connection."""

    async def main() -> None:
        async with Redis(*server.location) as client:
            for _ in range(3):
                assert await all_of(*(lambda key=key: client.get(key) for key in keys)) == keys
                for key in keys[:20]:
                    assert await client.get(key) == key
            await at_rest(client)
            assert len(client.wrapped.pool._state.slots) == 1

    run(main)


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_future_is_finished_whoever_awaits_it(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """One task, as nearly always; none; several; and one that has a place of its own for callbacks."""

    class Elsewhere(asyncio.Future[int]):
        @property
        def _callbacks(self) -> Any:
            raise AttributeError

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for future in (loop.create_future(), Elsewhere(loop=loop)):
            for tasks in (0, 1, 2):
                waiting = future if tasks == 1 else type(future)(loop=loop)
                results: list[int] = []

                async def get(waiting: asyncio.Future[int] = waiting, results: list[int] = results) -> None:
                    results.append(await waiting)

                getting = [asyncio.ensure_future(get()) for _ in range(tasks)]
                await asyncio.sleep(0)
                loop.call_soon(finish, waiting, 7)
                await asyncio.gather(*getting)
                await asyncio.sleep(0)
                assert results == [7] * tasks
                assert waiting.result() == 7

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())
