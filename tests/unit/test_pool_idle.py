"""What the pool keeps while nobody uses it, and what it lends after a rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from syncredis.connection import Connection
from syncredis.pool_state import CHECK_AFTER
from tests.fixtures.peer import Peer
from tests.fixtures.threads import BackgroundCall, until
from tests.unit.conftest import counts, ping

MakePool = Callable[..., Any]
Background = Callable[..., BackgroundCall]


def rest(connection: Connection, seconds: float = CHECK_AFTER * 1.5) -> None:
    """Let a connection have rested for some time."""
    connection.last_used -= seconds


@pytest.mark.parametrize("by", ["drop_all", "say"])
def test_what_the_server_closed_or_spoke_on_meanwhile_is_replaced(make_pool: MakePool, peer: Peer, by: str) -> None:
    pool = make_pool(max_connections=2)
    with pool.leased() as connection, pool.leased() as other:
        pass
    if by == "say":
        peer.say(b"+unasked\r\n")
        spoilt, fine = {other, connection} - {other}, other
        spoilt = {other}
        fine = connection
    else:
        peer.drop_all()
        spoilt, fine = {connection, other}, None
    for each in (connection, other):
        rest(each)
    until(lambda: not any(each.is_quiet() for each in spoilt))
    with pool.leased() as first, pool.leased() as second:
        assert ping(first)
        assert ping(second)
        assert spoilt.isdisjoint({first, second})
        assert fine is None or fine in (first, second)
    assert counts(pool) == (2, 2, 0)


def test_what_was_just_used_is_not_looked_at(make_pool: MakePool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look costs a system call for each command."""
    pool = make_pool()
    with pool.leased() as connection:
        pass
    looks: list[Connection] = []
    monkeypatch.setattr(Connection, "is_quiet", lambda self: looks.append(self) or True)
    connection.last_used = time.monotonic() + 60
    with pool.leased():
        assert looks == []
    rest(connection, 120)
    with pool.leased():
        assert looks == [connection]


def test_max_idle_connections(make_pool: MakePool) -> None:
    for limit in (0, 2):
        pool = make_pool(max_idle_connections=limit)
        for connection in [pool.lease() for _ in range(5)]:
            pool.return_connection(connection)
        assert counts(pool) == (limit, limit, 0)


def test_what_is_waited_for_does_not_count_as_idle(make_pool: MakePool, peer: Peer, background: Background) -> None:
    pool = make_pool(max_connections=1, max_idle_connections=0)
    connection = pool.lease()
    waiting = background(pool.lease)
    until(lambda: counts(pool) == (1, 0, 1))
    pool.return_connection(connection)
    assert waiting.result() is connection
    assert peer.accepted == 1


def test_max_idle_time(make_pool: MakePool, peer: Peer) -> None:
    pool = make_pool(max_idle_time=10)
    with pool.leased() as connection:
        pass
    rest(connection, 9)
    with pool.leased() as again:
        assert again is connection
    rest(connection, 11)
    with pool.leased() as another:
        assert another is not connection
        assert ping(another)
    assert counts(pool) == (1, 1, 0)


def test_those_at_the_bottom_go_when_another_is_returned(make_pool: MakePool) -> None:
    pool = make_pool(max_idle_time=10)
    old, older, used = pool.lease(), pool.lease(), pool.lease()
    for connection in (older, old, used):
        pool.return_connection(connection)
    assert pool.lease() is used
    rest(older, 12)
    rest(old, 11)
    pool.return_connection(used)
    assert counts(pool) == (1, 1, 0)
    assert pool.lease() is used
    assert older.fileno() == old.fileno() == -1


def test_a_long_call_is_no_rest(make_pool: MakePool) -> None:
    pool = make_pool(max_idle_time=10)
    connection = pool.lease()
    rest(connection, 1000)
    pool.return_connection(connection)
    assert counts(pool) == (1, 1, 0)
    assert pool.lease() is connection
