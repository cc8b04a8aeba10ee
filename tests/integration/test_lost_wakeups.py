"""A call on a shared connection always ends: what could leave one waiting for ever, brought about step by step."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio
import pytest

from syncredis import NO_RETRY, multiplexer, traffic
from syncredis.aio import Redis
from syncredis.command import Command
from syncredis.config import PoolConfig
from syncredis.connection import Connection
from syncredis.credentials import ChangeableCredentials, CredentialProvider, Credentials
from syncredis.exceptions import InterruptedCallError, RedisError
from syncredis.multiplexer import Multiplexer
from syncredis.pool import ConnectionPool
from syncredis.traffic import Call
from tests.fixtures.clients import resting
from tests.fixtures.peer import Peer
from tests.fixtures.threads import BackgroundCall
from tests.fixtures.threads import until as until_now

Run = Callable[[Callable[[], Awaitable[Any]]], Any]

COMMAND = Command[str](("PING",))
PING = b"*1\r\n$4\r\nPING\r\n"


@pytest.fixture(params=["asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs an async function on one of the event loops; one that does not end fails."""

    def run(function: Callable[[], Awaitable[Any]]) -> Any:
        async def limited() -> Any:
            with anyio.fail_after(30):
                return await function()

        return anyio.run(limited, backend=request.param)

    return run


def shared_by(client: Redis[Any]) -> Multiplexer:
    """The shared connection of the running event loop."""
    line = client._dispatcher.lines.here(client._dispatcher._stream_timeout)
    assert line.only is not None
    return line.only


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await anyio.sleep(0.002)


async def at_rest() -> None:
    await until(lambda: not any(each.name.startswith("syncredis-mux-") for each in threading.enumerate()))


class HaltingLock:
    """A multiplexer's lock. Once its thread has given it back and said that it is not at work any more, that halts."""

    def __init__(self, halted: Multiplexer) -> None:
        self._multiplexer = halted
        self._lock = halted._lock
        self.reached, self.go = threading.Event(), threading.Event()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        halts = threading.current_thread() is self._multiplexer._thread and not self._multiplexer._at_work
        self._lock.release()
        if halts:
            self.reached.set()
            self.go.wait(30)


def test_what_the_thread_is_about_to_hand_out_is_not_taken_by_a_call_that_is_alone(run: Run, peer: Peer) -> None:
    async def main() -> None:
        async with Redis(*peer.location) as client:
            shared = shared_by(client)
            lock: Any = HaltingLock(shared)
            shared._lock = lock
            replies: list[Any] = []

            async def first() -> None:
                replies.append(await client.ping())

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(first)  # through the thread, which connects
                await until(lock.reached.is_set)
                assert await client.ping()
                assert not replies
                lock.go.set()
            assert len(replies) == 1
            await at_rest()

    run(main)


def test_a_call_that_waits_learns_that_the_client_was_closed_while_another_was_alone(run: Run, peer: Peer) -> None:
    async def main() -> None:
        client = Redis(*peer.location)
        await client.ping()
        await at_rest()
        peer.reading.clear()
        shared, pool = shared_by(client), client.wrapped.pool
        alone, second = (Call(COMMAND, PING, True, pool.times_closed) for _ in range(2))
        shared.submit(alone)
        shared.submit(second)
        assert shared.is_alone(alone)
        await client.aclose()
        shared.receive_alone(alone)  # an event loop may do so before it sends what waits
        assert isinstance(alone.reply, InterruptedCallError)
        assert isinstance(await second.waiter, InterruptedCallError)
        await at_rest()

    run(main)


def test_a_call_ends_where_no_thread_can_be_started(run: Run, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoThread(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    async def main() -> None:
        async with Redis(*peer.location) as client:
            with monkeypatch.context() as patch:
                patch.setattr(multiplexer.threading, "Thread", NoThread)
                with pytest.raises(InterruptedCallError, match="no thread can be started") as caught:
                    await client.set("key", "value")
                assert caught.value.not_applied
            assert await client.ping()
            await at_rest()

    run(main)


def test_who_waits_for_room_gets_it_when_those_before_are_cancelled(
    run: Run, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "MOST_WAITING", 4)
    peer.greeting.clear()

    async def main() -> None:
        async with Redis(*peer.location) as client:
            shared = shared_by(client)
            replies: list[Any] = []

            async def last() -> None:
                replies.append(await client.ping())

            async with anyio.create_task_group() as tasks:
                async with anyio.create_task_group() as cancelled:
                    for _ in range(4):
                        cancelled.start_soon(client.ping)
                    await until(lambda: shared.is_full and shared._connecting is not None and peer.accepted == 1)
                    tasks.start_soon(last)
                    await until(lambda: len(shared._wait_for_room) == 1)
                    cancelled.cancel_scope.cancel()
                peer.greeting.set()
            assert len(replies) == 1
            await at_rest()

    run(main)


def test_who_comes_when_an_attempt_to_connect_was_given_up_has_one_of_his_own(run: Run, peer: Peer) -> None:
    peer.greeting.clear()

    async def main() -> None:
        async with Redis(*peer.location, retry_policy=NO_RETRY) as client:
            shared, pool = shared_by(client), client.wrapped.pool
            cancelled, next_one = (Call(COMMAND, PING, True, pool.times_closed) for _ in range(2))
            shared.submit(cancelled)
            await until(lambda: shared._connecting is not None and peer.accepted == 1)
            with shared._lock:  # before the thread notices
                shared.abandon(cancelled)
                shared.submit(next_one)
            peer.greeting.set()
            assert await next_one.waiter == "PONG"
            await at_rest()

    run(main)


def arrived(connection: Connection) -> int:
    """Return how many bytes wait to be received."""
    try:
        return len(connection.sock.recv(1000, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return 0


@pytest.mark.parametrize("count", [1, 2])
def test_a_reply_that_comes_at_the_moment_when_time_is_over_counts(run: Run, peer: Peer, count: int) -> None:
    async def main() -> None:
        async with Redis(*peer.location) as client:
            await client.ping()
            await at_rest()
            shared, pool = shared_by(client), client.wrapped.pool
            calls = [Call(COMMAND, PING, True, pool.times_closed) for _ in range(count)]
            for call in calls:
                shared.submit(call)
            if count > 1:
                await until(lambda: not shared._traffic.waiting)  # and of these, nothing was received
            connection = shared._connection
            if connection is not None:
                until_now(lambda: arrived(connection) == len(shared._traffic.sent) * len(b"+PONG\r\n"))
                shared._give_up()
            assert [call.reply for call in calls] == ["PONG"] * count
            assert peer.accepted == 1
            await at_rest()

    run(main)


class RefusalError(RedisError):
    """Can not be made from its ``args``, as some errors of other people."""

    def __init__(self, user: str, reason: str) -> None:
        super().__init__(f"{user}: {reason}")


def test_an_error_that_can_not_be_made_again_reaches_the_caller(run: Run, peer: Peer) -> None:
    class Refusing(CredentialProvider):
        def get_credentials(self) -> Credentials:
            raise RefusalError("somebody", "not today")

    async def main() -> None:
        async with Redis(*peer.location, credential_provider=Refusing()) as client:
            for _ in range(2):
                with pytest.raises(RefusalError, match="somebody: not today"):
                    await client.ping()
            await at_rest()

    run(main)


def test_a_call_whose_caller_has_gone_takes_no_room(run: Run, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "MOST_WAITING", 4)
    peer.greeting.clear()

    async def main() -> None:
        async with Redis(*peer.location) as client:
            shared, pool = shared_by(client), client.wrapped.pool
            calls = [Call(COMMAND, PING, True, pool.times_closed) for _ in range(4)]
            for call in calls:
                shared.submit(call)
            await until(lambda: shared._connecting is not None)
            room = shared.room()
            assert shared.is_full
            shared.abandon(calls[0])
            assert not shared.is_full
            await room
            peer.greeting.set()
            assert [await call.waiter for call in calls[1:]] == ["PONG"] * 3
            await at_rest()

    run(main)


def test_a_write_that_waits_for_room_waits_at_the_gate_then(
    run: Run, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "MOST_WAITING", 1)
    peer.greeting.clear()

    async def main() -> None:
        async with Redis(*peer.location) as client:
            shared, gate = shared_by(client), client.wrapped.pool.gate
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.ping)
                await until(lambda: shared.is_full)
                tasks.start_soon(client.set, "key", "value")
                await until(lambda: len(shared._wait_for_room) == 1)
                assert gate.shut(1000)
                peer.greeting.set()
                await until(lambda: gate.waiting == 1 or len(peer.received) == 2)
                assert gate.waiting == 1
                assert peer.received == [[b"PING"]]
                gate.open()
            assert peer.received == [[b"PING"], [b"SET", b"key", b"value"]]
            await at_rest()

    run(main)


def test_a_connection_that_an_event_loop_has_watched_can_authenticate_anew(run: Run, peer: Peer) -> None:
    provider = ChangeableCredentials("secret")
    watched: list[Connection] = []
    blocking: list[bool] = []

    def answer(words: Sequence[bytes]) -> bytes:
        if words[0] != b"AUTH":
            return b"+PONG\r\n"
        blocking.extend(os.get_blocking(each.fileno()) for each in watched)
        return b"+OK\r\n"

    peer.answer = answer

    async def main() -> None:
        async with Redis(*peer.location, credential_provider=provider, stream_timeout=None) as client:
            await client.ping()
            await at_rest()
            (connection,) = resting(client.wrapped.pool)
            os.set_blocking(connection.fileno(), False)  # as uvloop leaves it
            watched.append(connection)
            provider.change("another")
            assert await client.ping()
            assert [words[0] for words in peer.received] == [b"PING", b"AUTH", b"PING"]
            assert blocking == [True]
            assert peer.accepted == 1
            await at_rest()

    run(main)


def test_a_connection_that_goes_beyond_the_limit_makes_room_below_it(
    peer: Peer, background: Callable[..., BackgroundCall], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pool(ConnectionPool):
        waits: BackgroundCall | None = None

        def is_fresh(self, connection: Connection, now: float) -> bool:
            if self.waits is None:
                self.waits = background(self.lease)
                until_now(lambda: bool(self._state.waiters))
            return super().is_fresh(connection, now)

    monkeypatch.setattr("syncredis.pool_state._LOOK_AGAIN", 25.0)
    pool = Pool(peer.config, PoolConfig(max_connections=1, pool_timeout=20))
    pool.return_connection(pool.lease())
    beyond = pool.connect_apart()
    assert pool.waits is not None
    below = pool.waits.result()
    for connection in (below, beyond):
        pool.discard(connection)
