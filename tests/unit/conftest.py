"""A pool that leads to the peer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncredis import pool_state
from syncredis.command import Command
from syncredis.config import PoolConfig
from syncredis.connection import Connection
from syncredis.pool import ConnectionPool
from tests.fixtures.peer import Peer


@pytest.fixture
def make_pool(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Makes pools that are closed in the end: ``make_pool(max_connections=1, kind=ConnectionPool)``.

    Who waits does not look again by himself, as he would now and then: that would hide a wake-up that is missing.
    """
    monkeypatch.setattr(pool_state, "_LOOK_AGAIN", 1000.0)
    made: list[ConnectionPool] = []

    def make(kind: type[ConnectionPool] = ConnectionPool, **options: Any) -> ConnectionPool:
        pool_config = dataclasses.replace(PoolConfig(pool_timeout=20), **options)
        made.append(kind(peer.config, pool_config))
        return made[-1]

    yield make
    for pool in made:
        lent = [connection for connection in pool._state.slots if isinstance(connection, Connection)]
        pool.close()
        for connection in lent:
            connection.close()


def ping(connection: Connection) -> bool:
    return connection.execute(Command[Any](("PING",)), True) == "PONG"


def counts(pool: ConnectionPool) -> tuple[int, int, int]:
    """How many connections are open, how many of them idle, and how many callers wait."""
    return len(pool._state.slots), len(pool._state.shelf), len(pool._state.waiters)
