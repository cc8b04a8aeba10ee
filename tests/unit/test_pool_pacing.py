"""How many connections are made at the same time, and how making them is broken off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from syncredis import Location, interruption, pool_state
from syncredis.command import Command
from syncredis.config import ConnectionConfig
from syncredis.connection import Connection
from syncredis.exceptions import ConnectionError, InterruptedCallError
from syncredis.interruption import Interruption
from syncredis.pool import ConnectionPool
from syncredis.sentinel.discovery import Discovery
from syncredis.sentinel.pool import PrimaryConnectionPool
from syncredis.testing import ServerProcess
from tests.fixtures.threads import BackgroundCall, until

LONG = 300.0
A, B = Location("host", 1), Location("host", 2)

Background = Callable[..., BackgroundCall]


class Slow(ConnectionPool):
    """Makes a connection when it is let."""

    most_connecting = 2

    def __init__(self, config: ConnectionConfig) -> None:
        super().__init__(config)
        self.connecting = 0
        self.go = threading.Semaphore(0)
        self.hangs = False
        self._counting = threading.Lock()

    def connect(self, first: Command[Any] | None = None) -> Connection:  # noqa: ARG002 - as declared
        with self._counting:
            self.connecting += 1
        try:
            if self.hangs:
                interruption.sleep(LONG)
            self.go.acquire()
            return super().connect()
        finally:
            with self._counting:
                self.connecting -= 1


@pytest.fixture
def slow(servers: dict[str, ServerProcess]) -> Slow:
    return Slow(ConnectionConfig(location=next(iter(servers.values())).location))


def give_back(pool: ConnectionPool, calls: list[BackgroundCall]) -> None:
    """Return what the calls have leased, one of them perhaps what another had returned, and close the pool."""
    for connection in {call.result() for call in calls}:
        connection.close()
        pool.return_connection(connection)
    pool.close()


def test_not_more_than_so_many(slow: Slow, background: Background, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_state, "_LOOK_AGAIN", LONG)
    calls = [background(slow.lease) for _ in range(6)]
    until(lambda: slow.connecting == 2 and len(slow._state.waiters) == 4)
    slow.go.release()
    until(lambda: sum(call.finished for call in calls) == 1 and slow.connecting == 2)
    # One that comes back serves the next in the line, who need not make one.
    slow.return_connection(next(call.result() for call in calls if call.finished))
    until(lambda: sum(call.finished for call in calls) == 2)
    assert slow.connecting == 2
    slow.go.release(6)
    give_back(slow, calls)


def test_those_that_get_nowhere_do_not_count(
    slow: Slow, background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_state, "_LOOK_AGAIN", 0.01)
    calls = [background(slow.lease) for _ in range(6)]
    until(lambda: slow.connecting == 6)
    slow.go.release(6)
    give_back(slow, calls)


def test_making_one_is_broken_off_and_begun_anew(slow: Slow, background: Background) -> None:
    slow.hangs = True
    call = background(slow.lease)
    until(lambda: slow.connecting == 1)
    slow.hangs = False
    slow.go.release()
    slow.invalidate(ConnectionError("it leads elsewhere now"))
    assert call.result().in_step
    give_back(slow, [call])


def test_closing_breaks_it_off(slow: Slow, background: Background) -> None:
    slow.hangs = True
    call = background(slow.lease)
    until(lambda: slow.connecting == 1)
    slow.close()
    assert isinstance(call.error(), InterruptedCallError)
    assert "0 of 100 connections open" in repr(slow)


def test_the_caller_is_interrupted(slow: Slow, background: Background) -> None:
    slow.hangs = True
    mine = Interruption()
    call = background(mine.run, slow.lease)
    until(lambda: slow.connecting == 1)
    mine.interrupt()
    assert isinstance(call.error(), InterruptedCallError)
    assert "0 of 100 connections open" in repr(slow)


# --- pauses between attempts end when there is a new primary ---------------------------------------------


@pytest.fixture
def pool() -> PrimaryConnectionPool:
    discovery = Discovery([A], ConnectionConfig(location=A), min_other_sentinels=0, hedge_delay=0.0)
    return PrimaryConnectionPool("orders", discovery, ConnectionConfig())


def test_a_pause_ends_with_the_news(pool: PrimaryConnectionPool, background: Background) -> None:
    pool.follow(A)
    call = background(pool.pause, LONG)
    until(lambda: bool(pool._moved._waiters))  # type: ignore[attr-defined]
    pool.follow(A)
    assert not call.finished
    pool.follow(B)
    call.join()
    pool.pause(0.001)


def test_a_pause_is_interrupted(pool: PrimaryConnectionPool, background: Background) -> None:
    mine = Interruption()
    call = background(mine.run, pool.pause, LONG)
    until(lambda: bool(pool._moved._waiters))  # type: ignore[attr-defined]
    mine.interrupt()
    assert isinstance(call.error(), InterruptedCallError)
