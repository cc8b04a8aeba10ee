"""redis-py's `Sentinel` on the shims: found as with redis-py, and followed through a failover as it never was."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

import syncredis.compat as redis
from syncredis.compat import asyncio as aioredis
from syncredis.compat.sentinel import MasterNotFoundError, Sentinel, SlaveNotFoundError
from syncredis.testing import SentinelDeployment
from tests.fixtures.servers import BINARIES


@pytest.fixture
def sentinel(deployment: SentinelDeployment) -> Iterator[Sentinel]:
    with Sentinel(deployment.sentinel_locations, socket_timeout=20) as made:
        yield made


def test_servers_are_found(deployment: SentinelDeployment, sentinel: Sentinel) -> None:
    name = deployment.service_name
    assert sentinel.discover_master(name) == tuple(deployment.primary.location)
    assert sorted(sentinel.discover_slaves(name)) == sorted(tuple(replica.location) for replica in deployment.replicas)
    state = sentinel.sentinels[0].sentinel_master(name)
    assert (state["ip"], state["port"], state["is_master"]) == (*deployment.primary.location, True)
    with pytest.raises(MasterNotFoundError, match="nobody"):
        sentinel.discover_master("nobody")
    assert sentinel.discover_slaves("nobody") == []


def test_clients_lead_to_the_primary_and_to_the_replicas(deployment: SentinelDeployment, sentinel: Sentinel) -> None:
    name = deployment.service_name
    with sentinel.master_for(name) as primary, sentinel.slave_for(name) as replica:
        assert primary.set("compat", "x") is True
        assert primary.get("compat") == b"x"
        assert primary.role()[0] == b"master"
        assert replica.role()[0] == b"slave"
        with pytest.raises(redis.ReadOnlyError):
            replica.set("compat", "y")
        connection = primary.connection_pool.get_connection()
        assert (connection.host, connection.port) == deployment.primary.location
        connection.send_command("PING")
        assert connection.read_response() == b"PONG"
        connection.disconnect()
        connection.send_command("PING")
        assert connection.read_response() == b"PONG"
        primary.connection_pool.release(connection)


def test_a_blocking_call_on_a_connection_is_told_of_a_failover(
    deployment: SentinelDeployment, sentinel: Sentinel
) -> None:
    """Kombu reads from connections by itself, and connects anew after a ConnectionError alone."""
    name = deployment.service_name
    with sentinel.master_for(name) as primary:
        connection = primary.connection_pool.get_connection()
        connection.send_command("CLIENT", "ID")
        number = connection.read_response()
        connection.send_command("BRPOP", "nothing", 0)
        assert deployment.primary.execute_command("CLIENT", "UNBLOCK", number, "ERROR") == 1
        with pytest.raises(redis.ConnectionError, match="UNBLOCKED"):
            connection.read_response()
        assert not connection.is_connected
        primary.connection_pool.release(connection)


def test_a_connection_that_was_put_there_is_subscribed_anew(deployment: SentinelDeployment, sentinel: Sentinel) -> None:
    """Kombu gives subscriptions their connection, polls its socket, and reads from it without a limit of time.

    So it has to be told that the socket is another one: the error does that.
    """
    with sentinel.master_for(deployment.service_name) as primary:
        pubsub = primary.pubsub()
        pubsub.connection = primary.connection_pool.get_connection()
        pubsub.psubscribe("news.*")
        assert pubsub.parse_response() == [b"psubscribe", b"news.*", 1]
        deployment.primary.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        with pytest.raises(redis.ConnectionError):
            pubsub.parse_response()
        assert pubsub.parse_response() == [b"psubscribe", b"news.*", 1]
        deployment.primary.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        primary.publish("news.x", "lost")
        assert pubsub.get_message(timeout=20)["type"] == "psubscribe"
        pubsub.close()


def test_unreachable_sentinels_are_given_up_at_once() -> None:
    unreachable = Sentinel([("127.0.0.1", 1), ("127.0.0.1", 2), ("127.0.0.1", 3)])
    with pytest.raises(MasterNotFoundError):
        unreachable.discover_master("anything")
    with unreachable.master_for("anything") as client, pytest.raises(redis.ConnectionError):
        client.get("a")
    with unreachable.slave_for("anything") as client, pytest.raises(redis.ConnectionError):
        client.get("a")
    assert issubclass(SlaveNotFoundError, redis.ConnectionError)
    unreachable.close()


@pytest.mark.slow
def test_writes_go_on_through_a_failover() -> None:
    with SentinelDeployment(server=next(iter(BINARIES.values())), down_after=1.5) as deployment:
        sentinel = Sentinel(deployment.sentinel_locations, socket_timeout=20)
        primary: Any = sentinel.master_for(deployment.service_name)
        failures: list[Exception] = []
        writes, enough, stop = itertools.count(1), threading.Event(), threading.Event()
        wanted = float("inf")

        def write() -> None:
            while not stop.is_set():
                number = next(writes)
                try:
                    primary.set(f"key:{number}", number)
                except redis.RedisError as error:
                    failures.append(error)
                if number > wanted:
                    enough.set()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            new = deployment.failover()
            wanted = next(writes) + 100
            assert enough.wait(60)
        finally:
            stop.set()
            writer.join()
        assert not failures
        assert sentinel.discover_master(deployment.service_name) == tuple(new.location)
        assert primary.role()[0] == b"master"
        primary.close()
        sentinel.close()


def test_the_async_clients_lead_to_the_primary_and_to_the_replicas(deployment: SentinelDeployment) -> None:
    async def use() -> None:
        async with aioredis.Sentinel(deployment.sentinel_locations, socket_timeout=20) as sentinel:
            name = deployment.service_name
            assert await sentinel.discover_master(name) == tuple(deployment.primary.location)
            assert len(await sentinel.discover_slaves(name)) == len(deployment.replicas)
            async with sentinel.master_for(name) as primary, sentinel.slave_for(name) as replica:
                assert await primary.set("compat", "x") is True
                assert (await primary.role())[0] == b"master"
                assert (await replica.role())[0] == b"slave"
            with pytest.raises(MasterNotFoundError):
                await sentinel.discover_master("nobody")

    anyio.run(use)


def test_an_async_subscription_that_was_disconnected_is_made_anew(deployment: SentinelDeployment) -> None:
    async def use() -> None:
        async with aioredis.Redis(port=deployment.primary.port) as client, client.pubsub() as pubsub:
            await pubsub.subscribe("news")
            assert (await pubsub.get_message(timeout=20))["type"] == "subscribe"
            await pubsub.connection.disconnect()
            assert (await pubsub.get_message(timeout=20))["type"] == "subscribe"
            await client.publish("news", "x")
            assert (await pubsub.get_message(timeout=20))["data"] == b"x"

    anyio.run(use)


class Oracle:
    """Stands in for a client that asks a Sentinel, as those do that others hand over."""

    def __init__(self, place: tuple[str, int] | None, replicas: list[tuple[str, int]]) -> None:
        self._place = place
        self._replicas = replicas

    @staticmethod
    def _state(place: tuple[str, int]) -> dict[str, Any]:
        flags = {"is_master": True, "is_sdown": False, "is_odown": False, "num-other-sentinels": 0}
        return {"ip": place[0], "port": place[1], **flags}

    def sentinel_masters(self) -> dict[str, Any]:
        return {"theirs": self._state(self._place)} if self._place else {}

    def sentinel_slaves(self, _name: str) -> list[dict[str, Any]]:
        return [self._state(place) for place in self._replicas]

    def close(self) -> None:
        pass


class AsyncOracle(Oracle):
    async def sentinel_masters(self) -> dict[str, Any]:  # type: ignore[override]
        return super().sentinel_masters()

    async def sentinel_slaves(self, name: str) -> list[dict[str, Any]]:  # type: ignore[override]
        return super().sentinel_slaves(name)

    async def aclose(self) -> None:
        pass


def test_clients_of_another_make_may_be_asked(deployment: SentinelDeployment) -> None:
    primary, replica = tuple(deployment.primary.location), tuple(deployment.replicas[0].location)
    with Sentinel([], retry=None) as sentinel:
        sentinel.sentinels = [Oracle(None, []), Oracle(primary, [replica])]
        with sentinel.master_for("theirs") as leading, sentinel.slave_for("theirs") as following:
            assert leading.role()[0] == b"master"
            assert leading.connection_pool.master_address == primary
            assert following.role()[0] == b"slave"
            connection = following.connection_pool.get_connection()
            assert (connection.host, connection.port) == replica
            following.connection_pool.release(connection)
        with sentinel.master_for("nobody") as lost, pytest.raises(MasterNotFoundError, match="nobody"):
            lost.ping()
        sentinel.sentinels = [Oracle(None, [])]
        with sentinel.slave_for("nobody") as lost, pytest.raises(SlaveNotFoundError, match="nobody"):
            lost.ping()


def test_async_clients_of_another_make_may_be_asked(deployment: SentinelDeployment) -> None:
    primary, replica = tuple(deployment.primary.location), tuple(deployment.replicas[0].location)

    async def main() -> None:
        async with aioredis.Sentinel([], retry=None) as sentinel:
            sentinel.sentinels = [AsyncOracle(primary, [replica])]
            async with sentinel.master_for("theirs") as leading, sentinel.slave_for("theirs") as following:
                assert (await leading.role())[0] == b"master"
                assert (await following.role())[0] == b"slave"

    anyio.run(main)


def test_a_client_says_that_nobody_knows_its_service(sentinel: Sentinel) -> None:
    with sentinel.master_for("nobody", retry=None) as client, pytest.raises(MasterNotFoundError, match="nobody"):
        client.ping()


def test_a_class_of_another_make_gets_the_pool(deployment: SentinelDeployment, sentinel: Sentinel) -> None:
    class Theirs:
        def __init__(self, pool: Any) -> None:
            self.pool = pool

        @classmethod
        def from_pool(cls, pool: Any) -> Theirs:
            return cls(pool)

    made = sentinel.master_for(deployment.service_name, redis_class=Theirs)
    assert isinstance(made, Theirs)
    with made.pool as pool:
        connection = pool.get_connection()
        connection.send_command("ROLE")
        assert connection.read_response()[0] == b"master"
        pool.release(connection)
