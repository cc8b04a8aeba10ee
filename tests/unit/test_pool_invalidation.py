"""After `invalidate` no connection made before is used again, wherever it is at that moment; `close` is the same."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from syncredis.command import Command
from syncredis.connection import Connection
from syncredis.exceptions import ConnectionError, InterruptedCallError
from syncredis.pool import ConnectionPool
from tests.fixtures.peer import Peer, politely
from tests.fixtures.threads import BackgroundCall, until
from tests.unit.conftest import counts, ping

MakePool = Callable[..., Any]
Background = Callable[..., BackgroundCall]


def test_while_it_is_idle(make_pool: MakePool) -> None:
    pool = make_pool()
    with pool.leased() as one, pool.leased() as two:
        pass
    pool.invalidate()
    assert counts(pool) == (0, 0, 0)
    assert one.fileno() == two.fileno() == -1
    with pool.leased() as other:
        assert other not in (one, two)
        assert ping(other)


def test_while_it_is_lent(make_pool: MakePool) -> None:
    """What runs may end; it is closed when it comes back."""
    pool = make_pool(max_connections=1)
    connection = pool.lease()
    pool.invalidate()
    assert ping(connection)
    assert counts(pool) == (1, 0, 0)
    pool.return_connection(connection)
    assert counts(pool) == (0, 0, 0)
    assert connection.fileno() == -1
    with pool.leased() as other:
        assert ping(other)


def test_calls_in_progress_are_broken_off(make_pool: MakePool, peer: Peer, background: Background) -> None:
    pool = make_pool()
    peer.answer = lambda _: b""

    def call() -> None:
        with pool.leased() as connection:
            ping(connection)

    calls = [background(call) for _ in range(3)]
    until(lambda: len(peer.received) == 3)
    pool.invalidate(ConnectionError("the primary has moved"))
    errors = [call.error() for call in calls]
    assert {str(error) for error in errors} == {"the primary has moved"}
    assert len({id(error) for error in errors}) == 3, "each has an error of its own"
    assert counts(pool) == (0, 0, 0)


def test_while_it_is_made(make_pool: MakePool, peer: Peer, background: Background) -> None:
    pool = make_pool(max_connections=1)
    peer.greeting.clear()
    leasing = background(pool.lease)
    until(lambda: peer.accepted == 1)
    pool.invalidate()
    peer.greeting.set()
    assert ping(leasing.result())
    assert peer.accepted == 2, "the first one may lead to the wrong server"
    assert counts(pool) == (1, 0, 0)


def test_between_asking_where_to_go_and_going_there(make_pool: MakePool, peer: Peer) -> None:
    """As Sentinel's pool does: what it was told before the invalidation is as old as a connection of before."""
    asked: list[str] = []

    class AskingPool(ConnectionPool):
        def connect(self, first: Command[Any] | None = None) -> Connection:  # noqa: ARG002 - as declared
            asked.append("where")
            if len(asked) == 1:
                self.invalidate()  # another thread learns of a failover
            return self._dial(self.config)

    pool = make_pool(AskingPool)
    with pool.leased() as connection:
        assert ping(connection)
        assert len(asked) == 2
        assert peer.accepted == 2
        assert counts(pool) == (1, 0, 0)


def test_a_subclass_may_connect_in_its_own_way(make_pool: MakePool, peer: Peer) -> None:
    from syncredis.opening import open_connection

    class OwnPool(ConnectionPool):
        def connect(self, first: Command[Any] | None = None) -> Connection:  # noqa: ARG002 - as declared
            return open_connection(peer.config)

    pool = make_pool(OwnPool)
    pool.invalidate()
    with pool.leased() as connection:
        assert ping(connection)
    assert peer.accepted == 1


def test_between_the_check_and_the_shelf(make_pool: MakePool) -> None:
    pool = make_pool()
    connection, other = pool.lease(), pool.lease()

    class Watched(deque[Any]):
        def append(self, returned: Any) -> None:
            if returned is connection:
                pool.invalidate()
            super().append(returned)

    pool._state.shelf = Watched(pool._state.shelf)
    pool.return_connection(connection)
    assert connection.fileno() == -1
    assert counts(pool) == (1, 0, 0)
    pool.return_connection(other)
    assert counts(pool) == (0, 0, 0)


def test_between_the_shelf_and_the_caller(make_pool: MakePool) -> None:
    pool = make_pool()

    class Watched(deque[Any]):
        def pop(self) -> Any:  # type: ignore[override]
            taken = super().pop()
            pool.invalidate()
            return taken

    with pool.leased() as connection:
        pass
    pool._state.shelf = Watched(pool._state.shelf)
    other = pool.lease()
    assert other is not connection
    assert connection.fileno() == -1
    assert counts(pool) == (1, 0, 0)
    pool._state.shelf = deque()
    pool.return_connection(other)


# --- closing ----------------------------------------------------------------------------------------------


def test_close_and_use_again(make_pool: MakePool, peer: Peer) -> None:
    pool = make_pool()
    for number in range(3):
        with pool.leased() as connection:
            assert ping(connection)
        pool.close()
        pool.close()
        assert counts(pool) == (0, 0, 0)
        assert peer.accepted == number + 1


def test_close_while_it_is_used(make_pool: MakePool, peer: Peer, background: Background) -> None:
    pool = make_pool()
    peer.answer = lambda _: b""

    def call() -> None:
        with pool.leased() as connection:
            ping(connection)

    running = background(call)
    until(lambda: len(peer.received) == 1)
    started = time.monotonic()
    pool.close()
    assert time.monotonic() - started < 5, "closing never blocks"
    error = running.error()
    assert isinstance(error, InterruptedCallError)
    assert "was closed while this call was in progress" in str(error)
    assert not error.not_applied
    assert counts(pool) == (0, 0, 0)


def test_close_while_somebody_waits(make_pool: MakePool, background: Background) -> None:
    """Each of them is told, as those who wait at the gate are; who comes afterwards opens the pool again."""
    pool = make_pool(max_connections=1)
    held = pool.lease()
    waiting = [background(pool.lease) for _ in range(3)]
    until(lambda: counts(pool) == (1, 0, 3))
    pool.close()
    for call in waiting:
        error = call.error()
        assert isinstance(error, InterruptedCallError)
        assert "the client was closed" in str(error)
        assert error.not_applied
    pool.return_connection(held)
    assert counts(pool) == (0, 0, 0)
    with pool.leased() as connection:
        assert ping(connection)
    assert counts(pool) == (1, 1, 0)


def test_close_between_two_commands_of_a_lease(make_pool: MakePool) -> None:
    pool = make_pool()
    with pool.leased() as connection:
        assert ping(connection)
        pool.close()
        with pytest.raises(InterruptedCallError):
            ping(connection)
    assert counts(pool) == (0, 0, 0)


def test_invalidations_at_any_moment(make_pool: MakePool, peer: Peer, background: Background) -> None:
    """Nobody gets a connection that was made before the last invalidation that he can know of."""
    pool = make_pool(max_connections=3)
    stop = threading.Event()
    epoch = 0

    def answer(words: Any) -> bytes:
        return politely(words)

    peer.answer = answer

    def use(number: int) -> int:
        chance, used = random.Random(number), 0
        while not stop.is_set():
            known = epoch
            with pool.leased() as connection:
                assert connection.generation > known
                word = f"{number}:{used}"
                assert connection.execute(Command(("ECHO", word)), True) == word
            used += 1
            if chance.random() < 0.1:
                time.sleep(chance.random() * 0.001)
        return used

    users = [background(use, number) for number in range(6)]
    first = pool._state.generation
    for number in range(100):
        pool.invalidate()
        epoch = first + number
        time.sleep(0.002)
    stop.set()
    assert all(user.result() for user in users)
    is_open, idle, waiting = counts(pool)
    assert is_open == idle <= 3
    assert waiting == 0
    until(lambda: sum(thread.is_alive() for thread in peer._threads[1:]) == idle)
