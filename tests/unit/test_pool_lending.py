"""The pool lends connections and takes them back: which one, how many, and which it keeps."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from syncredis.command import Command
from syncredis.config import ConnectionConfig, Location, PoolConfig
from syncredis.connection import Connection
from syncredis.exceptions import ConnectionError, PoolTimeoutError, ResponseError
from syncredis.pool import ConnectionPool
from tests.fixtures.peer import Peer
from tests.fixtures.threads import BackgroundCall, until
from tests.unit.conftest import counts, ping

MakePool = Callable[..., Any]
Background = Callable[..., BackgroundCall]


def test_nothing_is_contacted_at_first(make_pool: MakePool, peer: Peer) -> None:
    assert counts(make_pool()) == (0, 0, 0)
    assert peer.accepted == 0


def test_one_connection_serves_one_caller_after_the_other(make_pool: MakePool, peer: Peer) -> None:
    pool = make_pool()
    for _ in range(5):
        with pool.leased() as connection:
            assert ping(connection)
            assert counts(pool) == (1, 0, 0)
        assert counts(pool) == (1, 1, 0)
    assert peer.accepted == 1


def test_the_one_that_was_returned_last_is_lent_first(make_pool: MakePool) -> None:
    pool = make_pool()
    first, second, third = pool.lease(), pool.lease(), pool.lease()
    assert len({first, second, third}) == 3
    for connection in (third, first, second):
        pool.return_connection(connection)
    assert [pool.lease(), pool.lease(), pool.lease()] == [second, first, third]


def test_not_more_than_max_connections(make_pool: MakePool, peer: Peer) -> None:
    pool = make_pool(max_connections=3, pool_timeout=0.1)
    lent = [pool.lease() for _ in range(3)]
    started = time.monotonic()
    with pytest.raises(PoolTimeoutError) as caught:
        pool.lease()
    assert time.monotonic() - started >= 0.1
    assert str(caught.value) == "all 3 connections (max_connections) stayed in use for 0.1 s (pool_timeout)"
    assert caught.value.not_applied
    assert peer.accepted == 3
    assert counts(pool) == (3, 0, 0)
    pool.return_connection(lent[1])
    assert pool.lease() is lent[1]


def test_no_patience_at_all(make_pool: MakePool) -> None:
    pool = make_pool(max_connections=1, pool_timeout=0)
    connection = pool.lease()
    with pytest.raises(PoolTimeoutError):
        pool.lease()
    pool.return_connection(connection)
    assert pool.lease() is connection


@pytest.mark.parametrize("idle", [None, 0, 2], ids=lambda idle: f"idle={idle}")
def test_many_threads(make_pool: MakePool, peer: Peer, background: Background, idle: int | None) -> None:
    """Nobody shares a connection, nobody gets another's reply, and no more are open than allowed."""
    pool = make_pool(max_connections=4, max_idle_connections=idle, max_idle_time=60)
    in_use: set[Connection] = set()
    most: list[int] = []

    def use(number: int) -> None:
        chance = random.Random(number)
        for count in range(50):
            with pool.leased() as connection:
                assert connection not in in_use
                in_use.add(connection)
                most.append(len(pool._state.slots))
                word = f"{number}:{count}"
                assert connection.execute(Command(("ECHO", word)), True) == word
                if chance.random() < 0.05:
                    connection.close()
                in_use.remove(connection)

    for call in [background(use, number) for number in range(12)]:
        call.result()
    is_open, shelved, waiting = counts(pool)
    assert is_open == shelved <= 4
    assert idle is None or shelved <= max(idle, 4)
    assert waiting == 0
    assert max(most) <= 4


@pytest.mark.parametrize("spoil", [Connection.close, Connection.interrupt])
def test_a_connection_in_doubt_is_not_kept(
    make_pool: MakePool, peer: Peer, spoil: Callable[[Connection], None]
) -> None:
    pool = make_pool(max_connections=1)
    connection = pool.lease()
    spoil(connection)
    pool.return_connection(connection)
    assert counts(pool) == (0, 0, 0)
    with pool.leased() as other:
        assert other is not connection
        assert ping(other)
    assert peer.accepted == 2


def test_a_block_that_fails_returns_its_connection(make_pool: MakePool) -> None:
    pool = make_pool()
    with pytest.raises(KeyError), pool.leased():
        raise KeyError
    assert counts(pool) == (1, 1, 0)


# --- making connections -----------------------------------------------------------------------------------


class FailingPool(ConnectionPool):
    """Fails to connect with the error that it holds."""

    failure: BaseException | None = None

    def connect(self, first: Command[Any] | None = None) -> Connection:  # noqa: ARG002 - as declared
        if self.failure is not None:
            raise self.failure
        return super().connect()


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionError("refused"),
        ResponseError("ERR"),
        ValueError("ours"),
        KeyboardInterrupt(),
        SystemExit(),
        MemoryError(),
    ],
    ids=lambda failure: type(failure).__name__,
)
def test_a_failure_to_connect_gives_the_slot_back(make_pool: MakePool, failure: BaseException) -> None:
    pool = make_pool(FailingPool, max_connections=1)
    pool.failure = failure
    for _ in range(3):
        with pytest.raises(type(failure)) as caught:
            pool.lease()
        assert caught.value is failure
        assert counts(pool) == (0, 0, 0)
    pool.failure = None
    with pool.leased() as connection:
        assert ping(connection)


def test_the_next_in_line_gets_the_slot_of_a_failure(make_pool: MakePool, background: Background) -> None:
    pool = make_pool(FailingPool, max_connections=1)
    failing, go_on = threading.Event(), threading.Event()

    def connect(first: Command[Any] | None = None) -> Connection:
        failing.set()
        go_on.wait(20)
        pool.connect = partial(ConnectionPool.connect, pool)
        raise ConnectionError("refused")

    pool.connect = connect
    first = background(pool.lease)
    failing.wait(20)
    second = background(pool.lease)
    until(lambda: counts(pool) == (1, 0, 1))
    go_on.set()
    assert isinstance(first.error(), ConnectionError)
    assert ping(second.result())
    assert counts(pool) == (1, 0, 0)


def test_what_is_being_made_counts(make_pool: MakePool, peer: Peer, background: Background) -> None:
    pool = make_pool(max_connections=2, pool_timeout=0.1)
    peer.greeting.clear()
    made = [background(pool.lease) for _ in range(2)]
    until(lambda: peer.accepted == 2)
    with pytest.raises(PoolTimeoutError):
        pool.lease()
    peer.greeting.set()
    assert len({call.result() for call in made}) == 2
    assert peer.accepted == 2


def test_what_it_prints(make_pool: MakePool, peer: Peer) -> None:
    pool = make_pool(max_connections=7)
    with pool.leased(), pool.leased():
        pass
    with pool.leased():
        assert repr(pool) == (
            f"<ConnectionPool for {peer.location.target}: 2 of 7 connections open, 1 idle, 0 callers waiting>"
        )


def test_without_options() -> None:
    pool = ConnectionPool(ConnectionConfig(location=Location("h", 1)))
    assert pool.pool_config == PoolConfig()
