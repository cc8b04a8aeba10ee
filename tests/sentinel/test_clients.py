"""Clients for a primary and for replicas: where their connections lead, what they refuse, and what they give back."""

from __future__ import annotations

import re
import threading
import time

import pytest

from syncredis.exceptions import (
    ConnectionError,
    DecodeError,
    OutcomeUnknownError,
    ReadOnlyError,
    ReplicaNotFoundError,
    StalePrimaryError,
    WrongTypeError,
)
from syncredis.pool_state import CHECK_AFTER
from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.clients import resting
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until
from tests.sentinel.conftest import Oddities
from tests.sentinel.faults import SOON, takes
from tests.sentinel.insight import pool_of

#: Seconds: the longest pause between two attempts, and what a busy machine may add to a time that was asked for.
PAUSE, SLACK = 0.25, 5.0


def test_a_value_that_is_no_text(surface: Surface, deployment: SentinelDeployment) -> None:
    with surface.Sentinel(deployment.sentinel_locations) as sentinel, sentinel.primary_for("myredis") as primary:
        assert primary.set("binary", b"\xff\xfe")
        for _ in range(3):
            with pytest.raises(DecodeError, match=r"not valid utf-8.*decode_responses=False"):
                primary.get("binary")
            assert primary.set("text", "ä") is True
            assert primary.get("text") == "ä"
        assert "1 of 100 connections open, 1 idle" in repr(primary)
        with sentinel.primary_for("myredis", decode_responses=False) as raw:
            assert raw.get("binary") == b"\xff\xfe"


def test_an_error_of_the_server_leaves_the_connection_open(surface: Surface, deployment: SentinelDeployment) -> None:
    with surface.Sentinel(deployment.sentinel_locations) as sentinel, sentinel.primary_for("myredis") as primary:
        primary.set("text", "no number")
        number = primary.execute_command("CLIENT", "ID")
        with pytest.raises(WrongTypeError):
            primary.execute_command("LPUSH", "text", "x")
        assert primary.execute_command("CLIENT", "ID") == number
        assert "1 of 100 connections open, 1 idle" in repr(primary)


def test_options_reach_the_connections(surface: Surface, deployment: SentinelDeployment) -> None:
    with (
        surface.Sentinel(deployment.sentinel_locations, client_name="of-sentinel", protocol=2) as sentinel,
        sentinel.primary_for("myredis", db=3, client_name="of-client") as primary,
        sentinel.replica_for("myredis") as replica,
    ):
        mine = primary.execute_command("CLIENT", "LIST")
        (line,) = [line for line in mine.splitlines() if "name=of-client" in line]
        assert "db=3" in line.split()
        assert replica.execute_command("CLIENT", "GETNAME") == "of-sentinel"
        assert isinstance(primary.execute_command("HELLO"), list)  # a dict in RESP3


def test_a_write_to_a_replica_fails_at_once(surface: Surface, deployment: SentinelDeployment) -> None:
    with surface.Sentinel(deployment.sentinel_locations) as sentinel, sentinel.replica_for("myredis") as replica:
        for _ in range(3):
            with takes(under=SOON), pytest.raises(ReadOnlyError, match="READONLY"):
                replica.set("foo", "bar")
            replica.get("foo")
            # On the facade, each replica has its connection.
            assert re.search(r"\b([12]) of 100 connections open, \1 idle, 0 callers waiting", repr(replica))


def test_replicas_are_used_in_turn(surface: Surface, deployment: SentinelDeployment) -> None:
    with surface.Sentinel(deployment.sentinel_locations) as sentinel, sentinel.replica_for("myredis") as replica:
        pool = pool_of(replica)
        leased = [pool.lease() for _ in range(4)]
        first, second, third, fourth = (connection.config.location for connection in leased)
        assert {first, second} == {replica.location for replica in deployment.replicas}
        assert (first, second) == (third, fourth)
        for connection in leased:
            pool.return_connection(connection)
        assert "4 of 100 connections open, 4 idle" in repr(replica)


def test_many_clients_do_not_begin_with_the_same_replica(deployment: SentinelDeployment, surface: Surface) -> None:
    """By chance, in about one run of a million, thirty fair ones do."""
    used = set()
    with surface.Sentinel(deployment.sentinel_locations) as sentinel:
        for _ in range(30):
            with sentinel.replica_for("myredis") as replica:
                replica.get("foo")
                with pool_of(replica).leased() as connection:
                    used.add(connection.config.location)
    assert used == {replica.location for replica in deployment.replicas}


@pytest.mark.parametrize("failover_timeout", [0, 0.4])
@pytest.mark.parametrize("command", [("GET", "foo"), ("INCR", "count")], ids=" ".join)
def test_a_stale_primary(
    surface: Surface, oddities: Oddities, failover_timeout: float, command: tuple[str, ...]
) -> None:
    """The Sentinel names a server that says of itself that it is a replica: nothing is sent there."""
    with (
        surface.Sentinel(oddities.seeds) as sentinel,
        sentinel.primary_for("stale", failover_timeout=failover_timeout) as client,
    ):
        with (
            takes(at_least=max(0.0, failover_timeout - PAUSE), under=failover_timeout + SLACK),
            pytest.raises(StalePrimaryError) as caught,
        ):
            client.execute_command(*command)
        assert f"name {oddities.pair[1].location.target} as primary of 'stale', but it is a replica" in str(
            caught.value
        )
        assert "0 of 100 connections open, 0 idle, 0 callers waiting" in repr(client)


def test_failover_timeout_of_the_sentinel_is_the_usual_one(surface: Surface, oddities: Oddities) -> None:
    with (
        surface.Sentinel(oddities.seeds, failover_timeout=0) as sentinel,
        sentinel.primary_for("stale") as client,
        takes(under=SOON),
        pytest.raises(StalePrimaryError),
    ):
        client.get("foo")


def test_a_stale_primary_that_becomes_one(surface: Surface, oddities: Oddities) -> None:
    # Not of a server that others look at: for the Sentinel it would have a replica from then on.
    with ServerProcess(oddities.alone.binary, config={"replicaof": "{} {}".format(*oddities.nowhere)}) as server:
        oddities.watch("rising", server.location)
        rise = threading.Timer(0.5, server.execute_command, ["REPLICAOF", "NO", "ONE"])
        try:
            with (
                surface.Sentinel(oddities.seeds) as sentinel,
                sentinel.primary_for("rising") as client,
                takes(at_least=0.5, under=SOON),
            ):
                rise.start()
                assert client.set("foo", "of the risen") is True
            assert server.execute_command("GET", "foo") == "of the risen"
        finally:
            rise.join()
            oddities.forget("rising")


@pytest.mark.parametrize("failover_timeout", [0, 0.4])
def test_a_dead_primary(surface: Surface, oddities: Oddities, failover_timeout: float) -> None:
    with surface.Sentinel(oddities.seeds, failover_timeout=failover_timeout) as sentinel:
        for make, kind in ((sentinel.primary_for, ConnectionError), (sentinel.replica_for, ReplicaNotFoundError)):
            with make("dead") as client:
                with (
                    takes(at_least=max(0.0, failover_timeout - PAUSE), under=failover_timeout + SLACK),
                    pytest.raises(kind) as caught,
                ):
                    client.set("foo", "bar")
                assert not isinstance(caught.value, OutcomeUnknownError)  # it was never sent
                assert "'dead'" in str(caught.value)
                assert f"can not connect to {oddities.nowhere.target}" in str(caught.value)
                assert "refused" in str(caught.value)
                assert "0 of 100 connections open, 0 idle, 0 callers waiting" in repr(client)
        assert sentinel.discover_primary("dead") == oddities.nowhere


def test_a_client_is_closed_while_another_asks(surface: Surface, oddities: Oddities) -> None:
    """Clients of one Sentinel share its connections; closing one takes nothing from the others."""

    def ask() -> None:
        try:
            while not over.is_set():
                assert sentinel.discover_primary("alone") == oddities.alone.location
                asked.set()
        except BaseException as error:
            failures.append(error)
            asked.set()

    failures: list[BaseException] = []
    asked, over = threading.Event(), threading.Event()
    with surface.Sentinel(oddities.seeds) as sentinel:
        asking = [threading.Thread(target=ask) for _ in range(4)]
        for thread in asking:
            thread.start()
        asked.wait()
        for _ in range(100):
            with sentinel.primary_for("alone") as client:
                client.get("foo")
        over.set()
        for thread in asking:
            thread.join()
    assert not failures


def test_connections_that_the_server_closes_are_replaced(surface: Surface, oddities: Oddities) -> None:
    with surface.Sentinel(oddities.seeds) as sentinel, sentinel.primary_for("alone") as client:
        for number in range(5):
            assert client.set("foo", number) is True
            oddities.alone.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            (idle,) = resting(pool_of(client))
            until(lambda: not idle.is_quiet())  # noqa: B023
            until(lambda: time.monotonic() - idle.last_used > CHECK_AFTER)  # noqa: B023
            assert client.incr("foo") == number + 1
            assert "1 of 100 connections open, 1 idle" in repr(client)
