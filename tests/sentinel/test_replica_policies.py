"""Where a client's connections to replicas lead: by policy, by lag, and as replicas come and go."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from syncredis import Location
from syncredis.connection import Connection
from syncredis.credentials import CredentialProvider, Credentials
from syncredis.sentinel import replica_survey
from syncredis.sentinel.discovery import Discovery
from syncredis.sentinel.topology import ReplicaView
from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import BackgroundCall, until
from tests.sentinel.forwarders import Forwarders
from tests.sentinel.insight import pool_of, port_of

NEWEST = BINARIES[sorted(BINARIES, reverse=True)[0]]


def open_connections(client: Any) -> Counter[int]:
    """Count the connections that a client has open and may still lend, by the port that they lead to."""
    pool = pool_of(client)
    return Counter(
        taken.config.location.port
        for taken in list(pool._state.slots)
        if isinstance(taken, Connection) and taken.generation == pool._state.generation
    )


@contextmanager
def all_lent(client: Any, count: int) -> Iterator[list[Connection]]:
    """Have ``count`` connections lent at the same time."""
    pool = pool_of(client)
    lent = [pool.lease() for _ in range(count)]
    try:
        yield lent
    finally:
        for connection in lent:
            pool.return_connection(connection)


def spread(client: Any, count: int) -> None:
    """Have ``count`` connections made, and returned."""
    with all_lent(client, count):
        pass


def look_at_once(sentinel: Any) -> None:
    """Have the background look again, as if a Sentinel had told of a change."""
    blocking = getattr(sentinel, "wrapped", sentinel)
    discovery: Discovery = blocking._discovery
    discovery.close()  # what is known is forgotten
    blocking._survey.look_soon()


def ports(processes: list[ServerProcess]) -> set[int]:
    return {process.port for process in processes}


# --- policies ------------------------------------------------------------------------------------------


def test_round_robin_gives_each_as_many(surface: Surface, any_deployment: SentinelDeployment) -> None:
    with surface.Sentinel(any_deployment.sentinel_locations) as sentinel:
        with sentinel.replica_for("myredis") as client:
            spread(client, 6)
            assert open_connections(client) == dict.fromkeys(ports(any_deployment.replicas), 3)
        firsts = set()
        for _ in range(64):  # many short-lived clients do not all begin with the same one
            with sentinel.replica_for("myredis") as client:
                firsts.add(port_of(client))
        assert firsts == ports(any_deployment.replicas)


def test_random(surface: Surface, any_deployment: SentinelDeployment) -> None:
    with (
        surface.Sentinel(any_deployment.sentinel_locations) as sentinel,
        sentinel.replica_for("myredis", policy="random") as client,
    ):
        spread(client, 40)
        assert set(open_connections(client)) == ports(any_deployment.replicas)


def test_a_function(surface: Surface, any_deployment: SentinelDeployment) -> None:
    """It is given what is known of each replica, and decides which are used at all."""
    chosen = any_deployment.replicas[1]
    seen: list[ReplicaView] = []

    def one(views: Any) -> Any:
        seen.extend(views)
        return [view for view in views if view.location.port == chosen.port]

    with (
        surface.Sentinel(any_deployment.sentinel_locations) as sentinel,
        sentinel.replica_for("myredis", policy=one) as client,
    ):
        spread(client, 5)
        assert open_connections(client) == {chosen.port: 5}
    assert {view.location.port for view in seen} == ports(any_deployment.replicas)
    assert all(view.linked and view.in_service and view.priority == 100 for view in seen)
    assert all(view.latency is not None and view.latency > 0 and view.lag is not None for view in seen)


def test_a_function_that_wants_none_leads_to_the_primary(surface: Surface, any_deployment: SentinelDeployment) -> None:
    with (
        surface.Sentinel(any_deployment.sentinel_locations) as sentinel,
        sentinel.replica_for("myredis", policy=lambda _: []) as client,
    ):
        assert port_of(client) == any_deployment.primary.port


def test_a_function_that_fails(surface: Surface, any_deployment: SentinelDeployment) -> None:
    def fails(_: Any) -> Any:
        raise LookupError("no such zone")

    with (
        surface.Sentinel(any_deployment.sentinel_locations) as sentinel,
        sentinel.replica_for("myredis", policy=fails) as client,
    ):
        with pytest.raises(LookupError, match="no such zone"):
            client.ping()
        assert "0 of 100 connections open" in repr(client)


def test_the_nearest(surface: Surface, any_deployment: SentinelDeployment) -> None:
    """Connections move when another one becomes the nearest."""
    one, two = any_deployment.replicas
    table: dict[tuple[str, int], tuple[str, int]] = {}
    with ExitStack() as stack:
        slow = [stack.enter_context(Forwarders([replica.location], delay=0.05)) for replica in (one, two)]

        def translate(announced: Location) -> tuple[str, int]:
            return table.get(announced, announced)

        table.update(slow[0].address_map)
        sentinel = stack.enter_context(surface.Sentinel(any_deployment.sentinel_locations, address_map=translate))
        client = stack.enter_context(sentinel.replica_for("myredis", policy="lowest-latency"))
        spread(client, 3)
        assert open_connections(client) == {two.port: 3}

        table.clear()
        table.update(slow[1].address_map)
        look_at_once(sentinel)
        until(lambda: two.port not in open_connections(client))
        until(lambda: port_of(client) == one.port)
        assert set(open_connections(client)) == {one.port}


# --- lag -------------------------------------------------------------------------------------------------


def test_one_that_is_too_far_behind_is_not_used(surface: Surface) -> None:
    """It is frozen while much is written; the Sentinel has not noticed yet."""
    with SentinelDeployment(2, 1, server=NEWEST, down_after=60.0) as own:
        behind, well = own.replicas
        with (
            surface.Sentinel(own.sentinel_locations) as sentinel,
            sentinel.replica_for("myredis", max_lag=10_000) as client,
        ):
            spread(client, 4)
            assert open_connections(client) == {behind.port: 2, well.port: 2}
            own.freeze(behind)
            own.primary.execute_command("SET", "large", "x" * 100_000)
            until(lambda: set(open_connections(client)) == {well.port})
            spread(client, 4)
            assert open_connections(client) == {well.port: 4}
            own.thaw(behind)
            until(lambda: bool(spread(client, 4) or open_connections(client) == {behind.port: 2, well.port: 2}))


def test_if_all_are_too_far_behind_it_is_the_primary(surface: Surface, any_deployment: SentinelDeployment) -> None:
    """As there is nothing to measure the lag by: a user who may not ask for the role."""
    with ExitStack() as stack:
        for node in any_deployment.nodes:
            node.execute_command("ACL", "SETUSER", "roleless", "on", ">word", "~*", "+@all", "-role")
            stack.callback(node.execute_command, "ACL", "DELUSER", "roleless")
        user = {"username": "roleless", "password": "word"}
        sentinel = stack.enter_context(surface.Sentinel(any_deployment.sentinel_locations, **user))
        with sentinel.replica_for("myredis", max_lag=10_000) as client:
            assert port_of(client) == any_deployment.primary.port
        with sentinel.replica_for("myredis", policy="lowest-latency") as client:
            assert port_of(client) in ports(any_deployment.replicas)


@dataclass
class Changing(CredentialProvider):
    """Compares by its fields, and hence has no hash."""

    name: str

    def get_credentials(self) -> Credentials:
        return Credentials(self.name, "word")


def test_replicas_are_measured_with_credentials_that_change(
    surface: Surface, any_deployment: SentinelDeployment
) -> None:
    with ExitStack() as stack:
        for node in any_deployment.nodes:
            node.execute_command("ACL", "SETUSER", "changing", "on", ">word", "~*", "+@all")
            stack.callback(node.execute_command, "ACL", "DELUSER", "changing")
        options: Any = {"credential_provider": Changing("changing"), "max_lag": 10_000_000}
        sentinel = stack.enter_context(surface.Sentinel(any_deployment.sentinel_locations))
        client = stack.enter_context(sentinel.replica_for("myredis", **options))
        assert client.acl_whoami() == "changing"
        assert port_of(client) in ports(any_deployment.replicas)


# --- replicas that come and go ---------------------------------------------------------------------------


@pytest.fixture
def own() -> Iterator[SentinelDeployment]:
    with SentinelDeployment(2, 1, server=NEWEST, down_after=1.0) as started:
        yield started


@pytest.mark.slow
def test_a_replica_that_comes_gets_its_share(surface: Surface, own: SentinelDeployment) -> None:
    with surface.Sentinel(own.sentinel_locations) as sentinel, sentinel.replica_for("myredis") as client:
        spread(client, 6)
        assert sorted(open_connections(client).values()) == [3, 3]
        new = own.add_replica()
        until(lambda: bool(spread(client, 6) or open_connections(client)[new.port] == 2))
        assert open_connections(client) == dict.fromkeys(ports([*own.replicas]), 2)


@pytest.mark.slow
def test_calls_that_hang_at_a_replica_break_out_when_it_is_found_down(
    surface: Surface, own: SentinelDeployment
) -> None:
    """Not after stream_timeout, which is longer than the test."""
    own.primary.execute_command("SET", "foo", "bar")
    until(lambda: all(node.execute_command("GET", "foo") == "bar" for node in own.nodes))
    with (
        surface.Sentinel(own.sentinel_locations, stream_timeout=600) as sentinel,
        sentinel.replica_for("myredis") as client,
    ):
        spread(client, 2)
        for frozen in own.replicas[:1]:
            own.freeze(frozen)
        calls = [BackgroundCall(client.get, "foo") for _ in range(4)]
        assert [call.result() for call in calls] == ["bar"] * 4
        until(lambda: set(open_connections(client)) == ports(own.replicas[1:]))


def test_one_that_may_not_answer_is_left_alone(surface: Surface, own: SentinelDeployment) -> None:
    """A replica without its primary that is set not to serve old data (MASTERDOWN): the primary answers instead."""
    own.kill(own.replicas[1])
    lost = own.replicas[0]
    own.primary.execute_command("SET", "foo", "bar")
    lost.execute_command("CONFIG", "SET", "replica-serve-stale-data", "no")
    with surface.Sentinel(own.sentinel_locations) as sentinel, sentinel.replica_for("myredis") as client:
        assert port_of(client) == lost.port
        lost.execute_command("REPLICAOF", "127.0.0.1", 1)
        for _ in range(3):
            assert client.get("foo") == "bar"


def test_the_background_ends_with_the_last_client(surface: Surface, any_deployment: SentinelDeployment) -> None:
    def is_running() -> bool:
        return any(thread.name == "syncredis-replicas" for thread in threading.enumerate())

    with surface.Sentinel(any_deployment.sentinel_locations) as sentinel:
        one, two = sentinel.replica_for("myredis"), sentinel.replica_for("myredis", policy="lowest-latency")
        assert not is_running()
        for _ in range(2):
            one.ping()
            two.ping()
            assert is_running()
            one.close()
            assert is_running()
            two.close()
            until(lambda: not is_running())
        forgotten: Callable[[], Any] | None = sentinel.replica_for("myredis").ping
        assert forgotten is not None
        forgotten()
        assert is_running()
        forgotten = None
        until(lambda: not is_running())


def test_the_background_ends_when_a_client_is_forgotten_that_found_no_sentinel(
    surface: Surface, own: SentinelDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that is kept holds what was in use where it came up: here that was the client itself."""
    sentinel = surface.Sentinel(own.sentinel_locations)
    client = sentinel.replica_for("myredis")
    assert client.ping()
    for lost in own.sentinels:
        own.kill(lost)
    failures: list[str] = []
    monkeypatch.setattr(replica_survey.logger, "debug", lambda text, *values: failures.append(text % values))
    look_at_once(sentinel)
    until(lambda: bool(failures))
    assert "no Sentinel could be reached" in failures[0]
    forgotten = weakref.ref(pool_of(client))
    del client, sentinel
    until(lambda: gc.collect() >= 0 and forgotten() is None)
    until(lambda: not any(thread.name.startswith("syncredis-") for thread in threading.enumerate()))
