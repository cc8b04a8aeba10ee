"""Replicas that die, hang, come back or turn into something else, and the primary in their place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncredis.exceptions import ReplicaNotFoundError
from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until
from tests.sentinel.conftest import Setting
from tests.sentinel.faults import SOON, takes
from tests.sentinel.insight import port_of


@pytest.fixture
def surface(setting: Setting) -> Surface:
    return setting.surface


@pytest.fixture
def own(setting: Setting) -> Iterator[SentinelDeployment]:
    """A small deployment for one test, where no failover happens."""
    with SentinelDeployment(2, 1, server=setting.binary, down_after=30.0) as started:
        yield started


def write(deployment: SentinelDeployment) -> None:
    """Have each node hold the same value."""
    deployment.primary.execute_command("SET", "foo", "bar")
    until(lambda: all(node.execute_command("GET", "foo") == "bar" for node in deployment.nodes))


def name_all(deployment: SentinelDeployment) -> None:
    """Have each node hold its own name, once none replicates any more; the Sentinel notices that only later."""
    for node in deployment.nodes:
        node.execute_command("REPLICAOF", "NO", "ONE")
        node.execute_command("SET", "name", node.name)


def linked(deployment: SentinelDeployment, replica: ServerProcess) -> bool:
    """Return whether the Sentinel knows that the replica is in touch with its primary."""
    for entry in deployment.sentinels[0].execute_command("SENTINEL", "REPLICAS", "myredis"):
        report = entry if isinstance(entry, dict) else dict(zip(entry[::2], entry[1::2], strict=True))
        if int(report["port"]) == replica.port:
            return bool(report["master-link-status"] == "ok")
    return False


def test_all_die_and_come_back(surface: Surface, own: SentinelDeployment) -> None:
    write(own)
    with surface.Sentinel(own.sentinel_locations) as sentinel, sentinel.replica_for("myredis") as client:
        assert client.get("foo") == "bar"
        for replica in own.replicas:
            own.kill(replica)
        own.primary.execute_command("SET", "foo", "of the primary")
        with takes(under=SOON):
            assert client.get("foo") == "of the primary"  # an open connection broke: unnoticed
        until(lambda: sentinel.discover_replicas("myredis") == [])
        with sentinel.replica_for("myredis", failover_timeout=0) as late:
            assert late.get("foo") == "of the primary"

        own.kill(own.primary)
        for timeout in (0, 0.4):
            with (
                sentinel.replica_for("myredis", failover_timeout=timeout) as nobody,
                takes(at_least=max(0.0, timeout - 0.25), under=SOON),
                pytest.raises(ReplicaNotFoundError) as caught,
            ):
                nobody.get("foo")
            assert "neither a replica nor the primary of 'myredis' can be had" in str(caught.value)
            assert f"can not connect to {own.primary.location.target}" in str(caught.value)
            assert "0 of 100 connections open, 0 idle, 0 callers waiting" in repr(nobody)

        back = own.replicas[0]
        own.restart(back)
        until(lambda: sentinel.discover_replicas("myredis") == [back.location])
        assert client.get("foo") is None  # empty after its restart, without a primary to copy
        assert port_of(client) == back.port


def test_one_dies(surface: Surface, own: SentinelDeployment) -> None:
    write(own)
    with surface.Sentinel(own.sentinel_locations) as sentinel, sentinel.replica_for("myredis") as client:
        assert client.get("foo") == "bar"
        own.kill(own.replicas[0])
        for _ in range(4):  # whether this connection broke or not, and whoever is next in turn
            assert client.get("foo") == "bar"
            with sentinel.replica_for("myredis", failover_timeout=0) as other:
                assert other.get("foo") == "bar"
                assert port_of(other) == own.replicas[1].port


def test_they_hang(surface: Surface, own: SentinelDeployment) -> None:
    """The Sentinel takes them for well for now: each costs connect_timeout."""
    own.primary.execute_command("SET", "foo", "bar")
    for replica in own.replicas:
        own.freeze(replica)
    with surface.Sentinel(own.sentinel_locations, connect_timeout=0.3) as sentinel:
        assert len(sentinel.discover_replicas("myredis")) == 2
        with sentinel.replica_for("myredis", failover_timeout=0) as client, takes(at_least=0.6, under=SOON):
            assert client.get("foo") == "bar"
        own.thaw(own.replicas[1])
        with sentinel.replica_for("myredis", failover_timeout=0) as client:
            assert port_of(client) == own.replicas[1].port


def test_they_are_none(surface: Surface, own: SentinelDeployment) -> None:
    """The Sentinel names them still, and they say that they are primaries: their data may be anything."""
    with surface.Sentinel(own.sentinel_locations) as sentinel:
        name_all(own)
        assert len(sentinel.discover_replicas("myredis")) == 2
        with sentinel.replica_for("myredis", failover_timeout=0) as client:
            assert client.get("name") == own.primary.name
            assert "1 of 100 connections open, 1 idle" in repr(client)


def test_one_without_its_link_comes_last(surface: Surface, own: SentinelDeployment) -> None:
    """A replica that has lost its primary holds old data; it is better than none."""
    lost, well = own.replicas
    lost.execute_command("REPLICAOF", "127.0.0.1", 1)
    own.restart(own.sentinels[0])  # it looks anew when it starts, else every ten seconds
    until(lambda: [linked(own, replica) for replica in own.replicas] == [False, True])
    with surface.Sentinel(own.sentinel_locations) as sentinel:
        for _ in range(6):
            with sentinel.replica_for("myredis", failover_timeout=0) as client:
                assert port_of(client) == well.port
        own.kill(well)
        with sentinel.replica_for("myredis", failover_timeout=0) as client:
            assert port_of(client) == lost.port
