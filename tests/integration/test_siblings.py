"""Clients made by `with_options`: on the pool of the one that they came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from syncredis import NO_RETRY, ConfigurationError, ConnectionError, Redis, TimeoutError
from syncredis.exceptions import WrongTypeError
from syncredis.testing import ServerProcess
from syncredis.transport import Transport
from tests.fixtures.peer import Peer
from tests.fixtures.surfaces import Surface
from tests.integration.conftest import pool_of

PATIENT, HASTY = 60.0, 0.05


def test_replies_as_bytes_and_as_text(server: ServerProcess, connect: Callable[..., Any]) -> None:
    client = connect(server)
    raw = client.with_options(decode_responses=False)
    client.set("k", "ü")
    for _ in range(3):
        assert client.get("k") == "ü"
        assert raw.get("k") == "ü".encode()
    assert raw.decode_responses is False
    assert raw.with_options(decode_responses=True).get("k") == "ü"
    assert raw.with_options(stream_timeout=PATIENT).get("k") == "ü".encode()


def test_what_it_makes_is_as_it_is(server: ServerProcess, connect: Callable[..., Any]) -> None:
    raw = connect(server).with_options(decode_responses=False)
    with raw.pipeline() as pipeline:
        pipeline.set("k", "v")
        pipeline.get("k")
        assert pipeline.execute() == [True, b"v"]
    assert list(raw.scan_iter()) == [b"k"]
    with raw.pubsub() as pubsub:
        pubsub.subscribe("news")
        assert pubsub.get_message(timeout=PATIENT).channel == b"news"


def test_both_use_the_same_connection(server: ServerProcess, connect: Callable[..., Any], surface: Surface) -> None:
    client = connect(server, max_connections=1)
    # On the facade, tasks that wait for different times have different connections.
    limit: dict[str, Any] = {"stream_timeout": PATIENT} if surface.name == "sync" else {}
    sibling = client.with_options(decode_responses=False, **limit)
    assert pool_of(sibling) is pool_of(client)
    assert client.client_id() == sibling.client_id() == client.client_id()


@pytest.mark.parametrize("limits", [(PATIENT, HASTY), (HASTY, None)])
def test_each_has_its_own_limit_for_standing_still(
    server: ServerProcess, connect: Callable[..., Any], limits: tuple[float | None, float | None]
) -> None:
    client = connect(server, stream_timeout=limits[0], max_connections=1)
    sibling = client.with_options(stream_timeout=limits[1])
    # The server answers after a while: too late for the one, early enough for the other.
    for one, limit in ((client, limits[0]), (sibling, limits[1]), (client, limits[0])):
        if limit == HASTY:
            with pytest.raises(TimeoutError):
                one.execute_command("BLPOP", "nothing", 0.3)
        else:
            assert one.execute_command("BLPOP", "nothing", 0.3) is None


def test_pipelines_and_scans_have_its_limit(server: ServerProcess, connect: Callable[..., Any]) -> None:
    hasty = connect(server, stream_timeout=PATIENT).with_options(stream_timeout=HASTY, retry_policy=NO_RETRY)
    with pool_of(hasty).leased(), pool_of(hasty).leased(), pool_of(hasty).leased():
        pass  # one for each of the calls below, which spoil it
    server.freeze()
    try:
        with pytest.raises(TimeoutError):
            list(hasty.scan_iter())
        pipeline = hasty.pipeline(transaction=False)
        pipeline.get("k")
        with pytest.raises(TimeoutError):
            pipeline.execute()
        with pytest.raises(TimeoutError):
            hasty.pipeline().watch("k")
    finally:
        server.thaw()
    assert hasty.ping()


def test_a_policy_of_its_own(peer: Peer, connect: Callable[..., Any]) -> None:
    def hang_up(words: Sequence[bytes]) -> bytes:
        peer.drop_all()
        return b""

    peer.answer = hang_up
    client = connect(peer.location)
    for one, attempts in ((client, 4), (client.with_options(retry_policy=NO_RETRY), 1)):
        peer.received.clear()
        with pytest.raises(ConnectionError):
            one.ping()
        assert peer.received == [[b"PING"]] * attempts


def test_closing_it_closes_nothing(server: ServerProcess, connect: Callable[..., Any]) -> None:
    client = connect(server, max_connections=1)
    first = client.client_id()
    with client.with_options(decode_responses=False) as sibling:
        assert sibling.ping()
    assert client.client_id() == first
    sibling = client.with_options()
    sibling.close()
    assert sibling.client_id() == first
    client.close()
    assert sibling.client_id() != first


def test_an_error_takes_the_limit_nowhere(server: ServerProcess, connect: Callable[..., Any]) -> None:
    client = connect(server, stream_timeout=PATIENT, max_connections=1)
    client.set("text", "v")
    with pytest.raises(WrongTypeError):
        client.with_options(stream_timeout=HASTY).lpush("text", 1)
    assert client.execute_command("BLPOP", "nothing", 0.3) is None


@pytest.mark.parametrize("bad", [0, -1, "1", True, float("nan")])
def test_limits_that_can_not_be(bad: Any) -> None:
    with pytest.raises(ConfigurationError, match="stream_timeout"):
        Redis().with_options(stream_timeout=bad)


def test_only_a_change_of_the_limit_costs_a_system_call(server: ServerProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[float | None] = []
    apply = Transport._apply_timeout

    def count(stream: Transport) -> None:
        applied.append(stream._timeout)
        apply(stream)

    with Redis(*server.location, stream_timeout=PATIENT) as client:
        hasty = client.with_options(stream_timeout=5.0)
        client.ping()
        monkeypatch.setattr(Transport, "_apply_timeout", count)
        for one in (client, hasty, client):
            for _ in range(10):
                one.ping()
    assert applied == [5.0, PATIENT]
