"""The documented interface: the text of the manual as it stands, but for the port and a timeout that a busy machine keeps."""

from __future__ import annotations

import anyio
import pytest

from syncredis.testing import SentinelDeployment
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until

TIMEOUT = 10.0


@pytest.fixture
def written(deployment: SentinelDeployment) -> SentinelDeployment:
    """What the manual writes is on every replica: they may lag behind."""
    deployment.primary.execute_command("SET", "foo", "bar")
    for replica in deployment.replicas:
        until(lambda replica=replica: replica.execute_command("GET", "foo") == "bar")
    return deployment


def test_the_blocking_form(written: SentinelDeployment) -> None:
    port = written.sentinels[0].port
    # --- as documented
    from syncredis.sentinel import Sentinel

    sentinel = Sentinel([("localhost", port)], stream_timeout=TIMEOUT)
    with sentinel:
        primary_location = sentinel.discover_primary("myredis")
        replica_locations = sentinel.discover_replicas("myredis")

    primary = sentinel.primary_for("myredis", stream_timeout=TIMEOUT)
    replica = sentinel.replica_for("myredis", stream_timeout=TIMEOUT)
    with primary, replica:
        assert primary.set("foo", "bar") is True
        value = replica.get("foo")
    # ---
    check(written, primary_location, replica_locations, value)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_async_form(written: SentinelDeployment, backend: str) -> None:
    port = written.sentinels[0].port

    async def main() -> None:
        # --- as documented
        from syncredis.aio.sentinel import Sentinel

        sentinel = Sentinel([("localhost", port)], stream_timeout=TIMEOUT)
        async with sentinel:
            primary_location = await sentinel.discover_primary("myredis")
            replica_locations = await sentinel.discover_replicas("myredis")

        primary = sentinel.primary_for("myredis", stream_timeout=TIMEOUT)
        replica = sentinel.replica_for("myredis", stream_timeout=TIMEOUT)
        async with primary, replica:
            assert await primary.set("foo", "bar") is True
            value = await replica.get("foo")
        # ---
        check(written, primary_location, replica_locations, value)

    anyio.run(main, backend=backend)


def check(deployment: SentinelDeployment, primary: object, replicas: object, value: object) -> None:
    expected = sorted(tuple(replica.location) for replica in deployment.replicas)
    assert primary == ("127.0.0.1", deployment.primary.port)
    assert repr(primary) == f"('127.0.0.1', {deployment.primary.port})"
    assert isinstance(replicas, list)
    assert sorted(replicas) == expected
    assert value == "bar"


def test_no_with_is_needed(surface: Surface, written: SentinelDeployment) -> None:
    sentinel = surface.Sentinel(written.sentinel_locations)
    primary = sentinel.primary_for("myredis")
    replica = sentinel.replica_for("myredis")
    assert primary.set("foo", "bar") is True
    assert replica.get("foo") == "bar"
    for each in (primary, replica, sentinel):
        each.close()
        each.close()


def test_nothing_is_contacted_before_the_first_command(surface: Surface) -> None:
    sentinel = surface.Sentinel([("host.invalid", 26379)])
    for client in (sentinel.primary_for("myredis"), sentinel.replica_for("myredis")):
        assert "0 of 100 connections open, 0 idle" in repr(client)
        assert "'myredis'" in repr(client)
    assert "host.invalid:26379" in repr(sentinel)


def test_what_was_closed_opens_again(surface: Surface, written: SentinelDeployment) -> None:
    sentinel = surface.Sentinel(written.sentinel_locations)
    primary, replica = sentinel.primary_for("myredis"), sentinel.replica_for("myredis")
    for _ in range(3):
        with sentinel:
            assert sentinel.discover_primary("myredis") == written.primary.location
        with primary, replica:
            assert primary.set("foo", "bar")
            assert replica.get("foo") == "bar"
            assert "1 of 100 connections open, 1 idle" in repr(primary)
        for client in (primary, replica):
            assert "0 of 100 connections open, 0 idle, 0 callers waiting" in repr(client)


@pytest.mark.parametrize("decode_responses", [True, False, None])
def test_replies_are_text_unless_bytes_are_asked_for(
    surface: Surface, written: SentinelDeployment, decode_responses: bool | None
) -> None:
    of_sentinel = {} if decode_responses is None else {"decode_responses": decode_responses}
    sentinel = surface.Sentinel(written.sentinel_locations, **of_sentinel)
    own, opposite = ("bar", b"bar") if decode_responses is not False else (b"bar", "bar")
    with (
        sentinel,
        sentinel.primary_for("myredis") as primary,
        sentinel.replica_for("myredis", decode_responses=decode_responses is False) as replica,
    ):
        assert primary.get("foo") == own
        assert replica.get("foo") == opposite


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_error_in_the_block_leaves_it_as_itself(written: SentinelDeployment, backend: str) -> None:
    async def main() -> None:
        from syncredis.aio.sentinel import Sentinel

        sentinel = Sentinel(written.sentinel_locations)
        async with sentinel, sentinel.primary_for("myredis") as primary:
            await primary.get("foo")
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine") as caught:
        anyio.run(main, backend=backend)
    assert type(caught.value) is KeyError
