"""Iterators over what SCAN and its like bring, on every server, protocol and surface."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncredis import ConnectionPool
from syncredis.exceptions import ResponseError
from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until

MANY = 1_000


def pool_of(client: Any) -> ConnectionPool:
    pool: ConnectionPool = getattr(client, "wrapped", client).pool
    return pool


@pytest.fixture
def keys(client: Any) -> set[str]:
    """Keys that are there."""
    names = {f"k:{number}" for number in range(MANY)}
    client.mset(dict.fromkeys(names, "v"))
    return names


def test_keys(client: Any, keys: set[str]) -> None:
    assert set(client.scan_iter()) == keys
    assert set(client.scan_iter(match="k:99*", count=200)) == {name for name in keys if name.startswith("k:99")}
    client.sadd("s", 1)
    assert set(client.scan_iter(_type="set")) == {"s"}
    assert list(client.scan_iter("nothing")) == []


def test_an_empty_database(client: Any) -> None:
    assert list(client.scan_iter()) == []


def test_bytes(raw: Any) -> None:
    raw.set(b"\xff", 1)
    raw.hset("h", b"\xfe", b"\xfd")
    assert set(raw.scan_iter()) == {b"\xff", b"h"}
    assert list(raw.hscan_iter("h")) == [(b"\xfe", b"\xfd")]


def test_a_hash(client: Any) -> None:
    fields = {f"f:{number}": str(number) for number in range(MANY)}
    client.hset("h", mapping=fields)
    assert dict(client.hscan_iter("h")) == fields
    assert dict(client.hscan_iter("h", match="f:99?", count=100)) == {f"f:99{i}": f"99{i}" for i in range(10)}
    assert list(client.hscan_iter("nothing")) == []


@pytest.mark.since(redis="7.4", valkey="8.0")
def test_the_fields_of_a_hash(client: Any) -> None:
    client.hset("h", mapping={f"f:{number}": number for number in range(MANY)})
    assert set(client.hscan_iter("h", no_values=True)) == {f"f:{number}" for number in range(MANY)}


def test_a_set(client: Any) -> None:
    members = {f"m:{number}" for number in range(MANY)}
    client.sadd("s", *members)
    assert set(client.sscan_iter("s")) == members
    assert set(client.sscan_iter("s", match="m:5", count=100)) == {"m:5"}


def test_a_sorted_set(client: Any) -> None:
    scores = {f"m:{number}": number + 0.5 for number in range(MANY)}
    client.zadd("z", scores)
    assert dict(client.zscan_iter("z")) == scores
    assert list(client.zscan_iter("z", match="m:5", count=100)) == [("m:5", 5.5)]


def test_errors(client: Any) -> None:
    client.set("text", "x")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        list(client.sscan_iter("text"))


def test_nothing_is_sent_before_the_first_element_is_wanted(client: Any, keys: set[str]) -> None:
    client.config_resetstat()
    iterator = iter(client.scan_iter(count=10))
    assert "cmdstat_scan" not in client.info("commandstats")
    assert next(iterator) in keys
    assert client.info("commandstats")["cmdstat_scan"]["calls"] < 10


def test_a_pool_of_one_connection_serves_the_loop_too(surface: Surface, server: ServerProcess, wiped: None) -> None:
    with surface.Redis(*server.location, max_connections=1, pool_timeout=1) as client:
        names = {f"k:{number}" for number in range(50)}
        client.mset(dict.fromkeys(names, "v"))
        for name in client.scan_iter(count=5):
            client.delete(name)
        assert client.dbsize() == 0


@pytest.fixture
def replica(surface: Surface, deployment: SentinelDeployment) -> Iterator[Any]:
    """A client for the replicas, which hold `MANY` keys."""
    with surface.Sentinel(deployment.sentinel_locations) as sentinel:
        with sentinel.primary_for("myredis") as primary:
            primary.flushall()
            primary.mset({f"k:{number}": "v" for number in range(MANY)})
            assert primary.wait(2, 20_000) == 2
        with sentinel.replica_for("myredis") as client:
            yield client


def test_a_cursor_is_not_taken_to_another_replica(replica: Any) -> None:
    pool = pool_of(replica)
    iterator = iter(replica.scan_iter(count=100))
    found = {next(iterator)}
    occupied = pool.lease()  # the one that the first part came from: the next part comes from the other replica
    found |= set(iterator)
    assert found == {f"k:{number}" for number in range(MANY)}
    pool.return_connection(occupied)
    assert "2 of 100 connections open, 2 idle" in repr(replica)


def test_a_connection_that_is_kept_comes_back_when_the_loop_is_left(replica: Any) -> None:
    pool = pool_of(replica)
    iterator = iter(replica.scan_iter(count=100))
    next(iterator)
    occupied = pool.lease()
    for _ in range(300):  # the second part of both replicas is begun
        next(iterator)
    pool.return_connection(occupied)
    assert "2 of 100 connections open, 1 idle" in repr(replica)
    del iterator
    until(lambda: "2 of 100 connections open, 2 idle" in repr(replica))
