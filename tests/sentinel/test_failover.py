"""Failovers, as the application lives through them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from syncredis.exceptions import OutcomeUnknownError, PrimaryNotFoundError, ReadOnlyError, StalePrimaryError
from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.deployments import DOWN_AFTER
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until
from tests.sentinel.conftest import Setting
from tests.sentinel.faults import SOON, takes
from tests.sentinel.insight import deafen, pool_of, port_of
from tests.sentinel.load import Herd

pytestmark = pytest.mark.timeout(240)

#: Seconds that calls may ride through a failover here; one takes two, where nothing else keeps the machine busy.
BUDGET = 90.0


@pytest.fixture
def surface(setting: Setting) -> Surface:
    return setting.surface


@pytest.fixture
def own(setting: Setting) -> Iterator[SentinelDeployment]:
    """A deployment for one test."""
    with SentinelDeployment(2, 3, server=setting.binary, down_after=DOWN_AFTER) as started:
        yield started


@pytest.fixture
def pair(setting: Setting) -> Iterator[SentinelDeployment]:
    """A primary and a replica, and a Sentinel that does what the test tells it, and nothing by itself."""
    with SentinelDeployment(1, 1, server=setting.binary, down_after=60.0) as started:
        yield started


def demote(old: ServerProcess, new: ServerProcess) -> None:
    """Make a former primary a replica, as the Sentinels do after some ten seconds."""
    old.execute_command("REPLICAOF", *new.location)


def tell(deployment: SentinelDeployment, primary: ServerProcess) -> None:
    """Have the only Sentinel take another server for the primary of the service."""
    (sentinel,) = deployment.sentinels
    sentinel.execute_command("SENTINEL", "REMOVE", "myredis")
    sentinel.execute_command("SENTINEL", "MONITOR", "myredis", *primary.location, 1)


def open_two(client: Any) -> None:
    """Have the client's pool hold two connections."""
    pool = pool_of(client)
    with pool.leased(), pool.leased():
        pass


def test_the_primary_dies_under_load(surface: Surface, own: SentinelDeployment) -> None:
    """Whoever reads notices nothing; whoever writes knows afterwards what is certain and what is not."""
    with ExitStack() as stack:
        sentinel = stack.enter_context(surface.Sentinel(own.sentinel_locations, failover_timeout=BUDGET))
        primary = stack.enter_context(sentinel.primary_for("myredis"))
        replica = stack.enter_context(sentinel.replica_for("myredis"))
        primary.set("value", 1)
        with (
            Herd(3, lambda: primary.get("value")) as reads,
            Herd(3, lambda: replica.get("value")) as replica_reads,
            Herd(2, lambda: primary.set("value", 1)) as writes,
            Herd(3, lambda: primary.incr("count")) as counts,
        ):
            herds = (reads, replica_reads, writes, counts)
            for herd in herds:
                herd.wait_for_calls(20)
            own.kill(own.primary)
            for herd in herds:
                herd.wait_for_calls(20)
        assert reads.errors == replica_reads.errors == []
        for herd, threads in ((writes, 2), (counts, 3)):
            assert {type(error) for error in herd.errors} <= {OutcomeUnknownError}
            assert len(herd.errors) <= 2 * threads  # what was under way when it died, and when its heir was made
        new = own.wait_for_failover(own.primary, BUDGET)
        assert port_of(primary) == new.port
        # What the old primary had not passed on is lost, whatever a client does; but nothing was counted twice.
        assert int(primary.get("count")) <= sum(counts.calls) + len(counts.errors)
        for client in (primary, replica):
            assert "0 callers waiting" in repr(client)


def test_the_primary_hangs(surface: Surface, own: SentinelDeployment) -> None:
    """Whoever reads is served by its heir; whoever had not begun to write, too."""
    with (
        surface.Sentinel(own.sentinel_locations, stream_timeout=0.5, connect_timeout=0.5) as sentinel,
        sentinel.primary_for("myredis", failover_timeout=BUDGET) as client,
    ):
        client.set("foo", "bar")
        until(lambda: all(node.execute_command("GET", "foo") == "bar" for node in own.nodes))
        with sentinel.primary_for("myredis", failover_timeout=BUDGET) as writer:
            writer.get("foo")
            own.freeze(own.primary)
            assert client.get("foo") == "bar"
            assert writer.incr("count") == 1
        assert port_of(client) == own.wait_for_failover(own.primary, BUDGET).port


def test_a_planned_failover(surface: Surface, own: SentinelDeployment) -> None:
    with (
        surface.Sentinel(own.sentinel_locations, failover_timeout=BUDGET) as sentinel,
        sentinel.primary_for("myredis") as primary,
        sentinel.replica_for("myredis") as replica,
    ):
        primary.set("foo", "before")
        replica.get("foo")
        old = own.primary
        with Herd(2, lambda: replica.get("foo")) as reads, Herd(2, lambda: primary.get("foo")) as primary_reads:
            new = own.failover(BUDGET)
            demote(old, new)
            reads.wait_for_calls(5)
            primary_reads.wait_for_calls(5)
        assert reads.errors == primary_reads.errors == []
        assert sentinel.discover_primary("myredis") == new.location
        assert primary.set("foo", "after") is True
        assert port_of(primary) == new.port
        assert new.execute_command("GET", "foo") == "after"
        until(lambda: replica.get("foo") == "after")


def test_the_replica_in_use_is_promoted(surface: Surface, pair: SentinelDeployment) -> None:
    """Its connections stay good for reading."""
    (promoted,) = pair.replicas
    with surface.Sentinel(pair.sentinel_locations) as sentinel, sentinel.replica_for("myredis") as client:
        assert port_of(client) == promoted.port
        with Herd(2, lambda: client.get("foo")) as reads:
            reads.wait_for_calls()
            promoted.execute_command("REPLICAOF", "NO", "ONE")
            demote(pair.primary, promoted)
            tell(pair, promoted)
            reads.wait_for_calls(10)
            # A failover by Sentinel closes the connections as well.
            promoted.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            reads.wait_for_calls(10)
        assert reads.errors == []
        client.get("foo")


def test_a_refused_write_leads_to_the_new_primary(surface: Surface, pair: SentinelDeployment) -> None:
    """The connections stay open when a primary is demoted by hand; READONLY is how the client learns of it."""
    old, (new,) = pair.primary, pair.replicas
    with surface.Sentinel(pair.sentinel_locations) as sentinel, sentinel.primary_for("myredis") as client:
        assert client.incr("count") == 1
        until(lambda: new.execute_command("GET", "count") == "1")
        open_two(client)
        number = client.execute_command("CLIENT", "ID")
        deafen(sentinel)  # its watcher might hear of the new primary just in time to break the write off
        new.execute_command("REPLICAOF", "NO", "ONE")
        demote(old, new)
        tell(pair, new)
        assert str(number) in clients_of(old)
        several = 2 if surface.name == "sync" else 3  # the facade's tasks have theirs beside those
        assert f"{several} of 100 connections open, {several} idle" in repr(client)
        with takes(under=SOON):
            assert client.incr("count") == 2
        assert port_of(client) == new.port
        # The watcher may have made one ready beside the one that the call made.
        until(lambda: str(number) not in clients_of(old))
        assert re.search(r"[12] of 100 connections open", repr(client))


def test_a_refused_write_waits_for_a_primary(surface: Surface, pair: SentinelDeployment) -> None:
    """The primary is demoted while the Sentinel goes on naming it."""
    old, (new,) = pair.primary, pair.replicas
    with surface.Sentinel(pair.sentinel_locations) as sentinel, sentinel.primary_for("myredis") as client:
        assert client.incr("count") == 1
        until(lambda: new.execute_command("GET", "count") == "1")
        strict = sentinel.primary_for("myredis", failover_timeout=0)
        open_two(strict)
        demote(old, new)
        with strict:
            assert "2 of 100 connections open, 2 idle" in repr(strict)
            with pytest.raises(ReadOnlyError):
                strict.incr("count")
            assert "0 of 100 connections open, 0 idle" in repr(strict)  # they all lead to the wrong server
        with (
            sentinel.primary_for("myredis", failover_timeout=0.4) as impatient,
            takes(at_least=0.15, under=SOON),
            pytest.raises(
                StalePrimaryError, match=f"{old.location.target} as primary of 'myredis', but it is a replica"
            ),
        ):
            impatient.incr("count")
        rise = threading.Timer(0.5, old.execute_command, ["REPLICAOF", "NO", "ONE"])
        with takes(at_least=0.4, under=SOON):
            rise.start()
            assert client.incr("count") == 2
        rise.join()
        assert port_of(client) == old.port


def test_the_only_seed_dies(surface: Surface, own: SentinelDeployment) -> None:
    """The others were learnt from it, and it is not forgotten when they die in their turn."""
    seed, *others = own.sentinels
    with surface.Sentinel([seed.location]) as sentinel, sentinel.primary_for("myredis") as client:
        sentinel.discover_replicas("myredis")
        own.kill(seed)
        assert sentinel.discover_primary("myredis") == own.primary.location
        assert len(sentinel.discover_replicas("myredis")) == 2
        assert client.set("foo", "bar") is True
        assert sentinel.sentinels[0] in {other.location for other in others}
        assert seed.location in sentinel.sentinels
        own.restart(seed)
        for other in others:
            own.kill(other)
        assert sentinel.discover_primary("myredis") == own.primary.location


def test_a_sentinel_comes_back(surface: Surface, pair: SentinelDeployment) -> None:
    """Its connections died with it; new ones are made without a word."""
    (only,) = pair.sentinels
    with surface.Sentinel([only.location]) as sentinel, sentinel.primary_for("myredis") as client:
        assert client.set("foo", "bar") is True
        pair.kill(only)
        assert client.get("foo") == "bar"  # who is connected needs no Sentinel
        with takes(under=SOON), pytest.raises(PrimaryNotFoundError, match="no Sentinel could be reached"):
            sentinel.discover_primary("myredis")
        pair.restart(only)
        assert sentinel.discover_primary("myredis") == pair.primary.location
        pair.restart(only)
        assert sentinel.discover_primary("myredis") == pair.primary.location


def clients_of(server: ServerProcess) -> list[str]:
    """Return the numbers of the connections that the server has."""
    lines = server.execute_command("CLIENT", "LIST").splitlines()
    return [line.split()[0].removeprefix("id=") for line in lines if line]
