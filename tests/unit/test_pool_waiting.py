"""Callers for whom no connection is free: in which order they are served, and how their waiting ends."""

from __future__ import annotations

import gc
import itertools
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from syncredis import pool_state
from syncredis.exceptions import ConnectionError, InterruptedCallError, PoolTimeoutError
from syncredis.interruption import Interruption
from tests.fixtures.peer import Peer
from tests.fixtures.threads import BackgroundCall, until
from tests.unit.conftest import counts, ping

MakePool = Callable[..., Any]
Background = Callable[..., BackgroundCall]


def test_first_come_first_served(make_pool: MakePool, background: Background) -> None:
    pool = make_pool(max_connections=1)
    held = pool.lease()
    served: list[int] = []

    def wait(number: int) -> None:
        with pool.leased():
            served.append(number)

    for number in range(6):
        background(wait, number)
        until(lambda number=number: counts(pool)[2] == number + 1)
    pool.return_connection(held)
    until(lambda: len(served) == 6)
    assert served == [0, 1, 2, 3, 4, 5]


def test_who_comes_late_does_not_get_ahead(make_pool: MakePool, background: Background) -> None:
    """The thread that returns and leases again at once does not take it away from the one that waits."""
    pool = make_pool(max_connections=1)
    served: list[str] = []

    def greedy() -> None:
        for _ in range(200):
            with pool.leased():
                served.append("greedy")

    held = pool.lease()
    running = background(greedy)
    until(lambda: counts(pool)[2] == 1)
    modest = background(lambda: [pool.return_connection(pool.lease()) or served.append("modest") for _ in range(20)])
    until(lambda: counts(pool)[2] == 2)
    pool.return_connection(held)
    modest.result()
    running.result()
    assert served.index("modest") <= 2


def test_waiting_without_a_limit(make_pool: MakePool, background: Background) -> None:
    pool = make_pool(max_connections=1, pool_timeout=None)
    held = pool.lease()
    waiting = background(pool.lease)
    until(lambda: counts(pool) == (1, 0, 1))
    time.sleep(0.1)
    assert not waiting.finished
    pool.return_connection(held)
    assert waiting.result() is held


def test_who_gave_up_is_not_served(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1, pool_timeout=0.05)
    held = pool.lease()
    for _ in range(3):
        with pytest.raises(PoolTimeoutError):
            pool.lease()
    assert counts(pool) == (1, 0, 0)
    pool.return_connection(held)
    assert counts(pool) == (1, 1, 0)
    assert pool.lease() is held


def test_what_comes_back_broken_makes_room_for_another(make_pool: MakePool, background: Background) -> None:
    pool = make_pool(max_connections=1)
    held = pool.lease()
    waiting = background(pool.lease)
    until(lambda: counts(pool) == (1, 0, 1))
    held.close()
    pool.return_connection(held)
    assert waiting.result() is not held
    assert ping(waiting.result())
    assert counts(pool) == (1, 0, 0)


def test_what_is_waited_for_went_stale(make_pool: MakePool, peer: Peer, background: Background) -> None:
    pool = make_pool(max_connections=1)
    held = pool.lease()
    waiting = background(pool.lease)
    until(lambda: counts(pool) == (1, 0, 1))
    peer.drop_all()
    held.last_used -= 1
    until(lambda: not held.is_quiet())
    pool.return_connection(held)
    assert ping(waiting.result())
    assert counts(pool) == (1, 0, 0)


# --- interrupted, or struck by an exception ---------------------------------------------------------------


def test_an_interruption_ends_the_waiting(make_pool: MakePool, background: Background) -> None:
    pool = make_pool(max_connections=1)
    held = pool.lease()
    call = Interruption()
    waiting = background(call.run, pool.lease)
    until(lambda: counts(pool) == (1, 0, 1))
    call.interrupt()
    error = waiting.error()
    assert isinstance(error, InterruptedCallError)
    assert error.not_applied
    assert counts(pool) == (1, 0, 0)
    pool.return_connection(held)
    assert pool.lease() is held


def test_interrupted_before_it_waits(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1)
    held = pool.lease()
    call = Interruption()
    call.interrupt()
    with pytest.raises(InterruptedCallError):
        call.run(pool.lease)
    assert counts(pool) == (1, 0, 0)
    pool.return_connection(held)
    assert call.run(pool.lease) is held, "what does not block is not interrupted"


def test_an_interruption_and_a_return_at_the_same_time(make_pool: MakePool, background: Background) -> None:
    """Whichever is first, the connection is not lost."""
    pool = make_pool(max_connections=1)
    for _ in range(200):
        held = pool.lease()
        call = Interruption()
        waiting = background(call.run, pool.lease)
        until(lambda: counts(pool)[2] == 1)
        together = threading.Barrier(2)

        def interrupt(call: Interruption = call, together: threading.Barrier = together) -> None:
            together.wait()
            call.interrupt()

        interrupting = background(interrupt)
        together.wait()
        pool.return_connection(held)
        interrupting.result()
        with suppress(InterruptedCallError):
            pool.return_connection(waiting.result())
        assert counts(pool) == (1, 1, 0)


@pytest.mark.parametrize("granted", [False, True])
def test_an_exception_from_outside_ends_the_waiting(
    make_pool: MakePool, monkeypatch: pytest.MonkeyPatch, granted: bool
) -> None:
    pool = make_pool(max_connections=1)
    held = pool.lease()

    def struck(_: Any, __: float | None) -> None:
        if granted:
            pool.return_connection(held)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pool_state.Waiter, "wait", struck)
        with pytest.raises(KeyboardInterrupt):
            pool.lease()
    if not granted:
        assert counts(pool) == (1, 0, 0)
        pool.return_connection(held)
    assert counts(pool) == (1, 1, 0)
    assert pool.lease() is held


@pytest.mark.parametrize("strike", ["grant", "remove"])
def test_an_exception_from_outside_in_the_thread_that_returns(
    make_pool: MakePool, background: Background, monkeypatch: pytest.MonkeyPatch, strike: str
) -> None:
    """It must not cost another thread its turn."""
    monkeypatch.setattr(pool_state, "_LOOK_AGAIN", 0.05)
    pool = make_pool(max_connections=1)
    held = pool.lease()
    waiting = background(pool.lease)
    until(lambda: counts(pool) == (1, 0, 1))
    grant = pool_state.Waiter.grant

    class Struck(deque[Any]):
        def remove(self, _: Any) -> None:
            raise KeyboardInterrupt

    def struck(waiter: Any, what: Any) -> None:
        grant(waiter, what)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if strike == "grant":
            patched.setattr(pool_state.Waiter, "grant", struck)
        else:
            pool._state.waiters = Struck(pool._state.waiters)
        with pytest.raises(KeyboardInterrupt):
            pool.return_connection(held)
    pool._state.waiters = deque(pool._state.waiters)
    del held
    gc.collect()
    connection = waiting.result()
    assert ping(connection)
    pool.return_connection(connection)
    del connection
    assert pool.lease()


# --- wake-ups that must not get lost ----------------------------------------------------------------------


def test_a_lost_lease_serves_who_waits(
    make_pool: MakePool, background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is collected, and nobody says so: who waits has to look again."""
    monkeypatch.setattr(pool_state, "_LOOK_AGAIN", 0.05)
    pool = make_pool(max_connections=1, pool_timeout=None)
    lost = pool.lease()
    waiting = background(pool.lease)
    until(lambda: counts(pool) == (1, 0, 1))
    del lost
    gc.collect()
    assert ping(waiting.result())


@pytest.mark.parametrize("pool_timeout", [0, None])
def test_a_lost_lease_that_is_still_counted(make_pool: MakePool, pool_timeout: float | None) -> None:
    """An exception from outside can strike while the weak set of what is open removes something."""
    pool = make_pool(max_connections=2, pool_timeout=pool_timeout)
    pool._state.slots._remove = lambda _: None
    lost = [pool.lease(), pool.lease()]
    assert lost
    del lost
    gc.collect()
    assert len(pool._state.slots) == 2
    assert "0 of 2 connections open" in repr(pool)
    connection, other = pool.lease(), pool.lease()
    assert ping(connection)
    assert ping(other)
    assert counts(pool) == (2, 0, 0)


def test_who_comes_while_the_oldest_is_looked_at(make_pool: MakePool, background: Background) -> None:
    """For that it is taken off the shelf, which then looks empty; the caller must not wait for nothing."""
    pool = make_pool(max_connections=1, max_idle_time=60, pool_timeout=None)
    calls: list[BackgroundCall] = []

    class Watched(deque[Any]):
        def popleft(self) -> Any:
            oldest = super().popleft()
            if not calls:
                calls.append(background(pool.lease))
                until(lambda: len(pool._state.waiters) == 1 or calls[0].finished)
            return oldest

        def __getitem__(self, index: Any) -> Any:
            oldest = super().__getitem__(index)
            if not calls:
                calls.append(background(pool.lease))
                until(lambda: len(pool._state.waiters) == 1 or calls[0].finished)
            return oldest

    connection = pool.lease()
    pool._state.shelf = Watched()
    pool.return_connection(connection)
    assert len(calls) == 1
    assert calls[0].result() is connection
    calls.clear()


@pytest.mark.parametrize("options", [{}, {"max_idle_time": 60}, {"max_idle_connections": 1}], ids=str)
def test_nobody_is_forgotten(make_pool: MakePool, background: Background, options: dict[str, Any]) -> None:
    """Leases, returns, interruptions and losses in many threads: afterwards everything is free again."""
    pool = make_pool(max_connections=3, **options)
    seeds = itertools.count()

    def use() -> None:
        chance = random.Random(next(seeds))
        for _ in range(100):
            call = Interruption()
            timer = threading.Timer(chance.random() * 0.005, call.interrupt) if chance.random() < 0.2 else None
            if timer:
                timer.start()
            try:
                connection = call.run(pool.lease)
                time.sleep(chance.random() * 0.001)
                if chance.random() < 0.1:
                    connection.close()
                pool.return_connection(connection)
            except ConnectionError:
                assert call.interrupted
            if timer:
                timer.join()

    for call in [background(use) for _ in range(8)]:
        call.result()
    is_open, idle, waiting = counts(pool)
    assert is_open == idle <= 3
    assert waiting == 0
