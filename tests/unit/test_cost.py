"""What a command costs the client, in counts: facts about the code, which the speed of the machine can not touch.

A limit that no longer holds is a part of the way that every command takes having grown: look whether the seldom case can
be told from the usual one by something that is looked at already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.counting import Cost, cost_of
from syncredis import Redis, Sentinel
from syncredis.testing import SentinelDeployment, ServerProcess


@pytest.fixture
def client(servers: dict[str, ServerProcess]) -> Iterator[Redis[str]]:
    with Redis(*next(iter(servers.values())).location) as client:
        client.set("k", "v" * 64)
        yield client


def cost(call: Callable[[], Any]) -> Cost:
    call()  # connects, and fills what is filled once
    # What the garbage collector or a rested connection adds now and then is nothing that the call costs. Calls and bytecodes
    # are counted one after the other: on a busy machine, one of the two may be of a connection that has rested.
    costs = [cost_of(call) for _ in range(5)]
    fewest = min(costs, key=lambda one: len(one.python_calls))
    return replace(fewest, bytecodes=min(one.bytecodes for one in costs))


def test_a_get(client: Redis[str]) -> None:
    spent = cost(lambda: client.get("k"))
    assert len(spent.python_calls) <= 12, spent
    assert 100 < spent.bytecodes <= 300, spent
    assert spent.socket_calls == ("sendall", "recv"), spent


def test_a_set(client: Redis[str]) -> None:
    spent = cost(lambda: client.set("k", "v" * 64))
    assert len(spent.python_calls) <= 12, spent
    assert 100 < spent.bytecodes <= 400, spent
    assert spent.socket_calls == ("sendall", "recv"), spent


def test_a_pipeline(client: Redis[str]) -> None:
    def run() -> None:
        pipeline = client.pipeline(transaction=False)
        for _ in range(400):
            pipeline.get("k")
        assert pipeline.execute() == ["v" * 64] * 400

    spent = cost(run)
    # One for each command, to queue it.
    assert 400 <= len(spent.python_calls) <= 480, spent
    assert 2_000 < spent.bytecodes <= 20_000, spent.bytecodes
    assert spent.socket_calls.count("sendall") == 2, "two hundred commands at a time"


def test_a_pipeline_of_one(client: Redis[str]) -> None:
    def run() -> None:
        pipeline = client.pipeline(transaction=False)
        pipeline.get("k")
        assert pipeline.execute() == ["v" * 64]

    spent = cost(run)
    assert len(spent.python_calls) <= 46, spent
    assert 500 < spent.bytecodes <= 1_100, spent
    assert spent.socket_calls == ("sendall", "recv"), spent


def test_a_connection(client: Redis[str]) -> None:
    """The limits of time are set twice, for the handshake and for what follows, and not again for each reply."""
    spent = cost(lambda: client.pool.connect().close())
    assert len(spent.python_calls) <= 58, spent
    assert 500 < spent.bytecodes <= 1_700, spent.bytecodes
    assert spent.socket_calls.count("sendall") == spent.socket_calls.count("recv") == 1, spent
    assert spent.socket_calls.count("settimeout") == 2, "one is for connecting, and serves the handshake"
    assert spent.socket_calls.count("setsockopt") == 4, "two for the kernel's limits; TCP_NODELAY and SO_KEEPALIVE"
    assert "getaddrinfo" not in spent.c_calls, "an address need not be looked up"


def test_a_new_client(client: Redis[str]) -> None:
    """From nothing to the first reply, and the end."""
    location = client.pool.config.location

    def run() -> None:
        with Redis(*location) as new:
            assert new.ping() is True

    spent = cost(run)
    assert len(spent.python_calls) <= 158, spent
    assert 1_500 < spent.bytecodes <= 3_600, spent.bytecodes
    assert spent.socket_calls.count("sendall") == 1, "PING goes out with the handshake"


def test_discovery(deployments: dict[str, SentinelDeployment]) -> None:
    """One round trip with a majority of three Sentinels, and one with the primary; no thread for any."""
    sentinels = next(iter(deployments.values())).sentinel_locations

    def run() -> None:
        with Sentinel(sentinels) as sentinel, sentinel.primary_for("myredis") as client:
            assert client.ping() is True

    spent = cost(run)
    assert 2 <= spent.socket_calls.count("connect_ex") == spent.socket_calls.count("send") <= 3, (
        "on a busy machine, all"
    )
    assert 2 <= spent.socket_calls.count("recv") - 1 <= 3, spent
    assert spent.socket_calls.count("sendall") == 1, "the handshake with ROLE, and PING"
    assert "Round._start" not in spent.python_calls
    assert 300 < len(spent.python_calls) <= 900, spent


def test_a_socket_call_is_one_system_call(client: Redis[str]) -> None:
    """Were there a timeout of Python's, each would be preceded by a ``poll``."""
    connection = client.pool.lease()
    assert connection.config.stream_timeout is not None
    assert connection._transport._socket.gettimeout() is None
    client.pool.return_connection(connection)
