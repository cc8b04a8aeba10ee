"""Sentinels that are dead, silent or out of their minds: what each costs, and what is said in the end."""

from __future__ import annotations

from typing import Any

import pytest

from syncredis.exceptions import ConnectionError, PrimaryNotFoundError, ReplicaNotFoundError, TimeoutError
from syncredis.testing import SentinelDeployment
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until
from tests.sentinel.faults import NEVER, SOON, black_hole, refusing, saying, silent, takes
from tests.sentinel.insight import is_being_asked

#: Connections to Sentinels that would be waited for, were they not hedged.
PATIENT = {"connect_timeout": NEVER, "stream_timeout": NEVER}

#: What a busy machine may add to a time that was asked for.
SLACK = 5.0


def limit_in(error: Exception) -> float:
    """Return how long was waited for a reply, as the message has it."""
    return float(str(error).partition("no reply from ")[2].partition(" within ")[2].partition(" s")[0])


def ask_all(sentinel: Any, service_name: str = "myredis") -> list[Exception]:
    """Ask in all four ways; return the errors, each of which is of its way's class."""
    errors: list[Exception] = []
    with pytest.raises(PrimaryNotFoundError) as caught:
        sentinel.discover_primary(service_name)
    errors.append(caught.value)
    with pytest.raises(ReplicaNotFoundError) as caught_by_replicas:
        sentinel.discover_replicas(service_name)
    errors.append(caught_by_replicas.value)
    for make, kind in ((sentinel.primary_for, PrimaryNotFoundError), (sentinel.replica_for, ReplicaNotFoundError)):
        with make(service_name) as client:
            with pytest.raises(kind) as by_command:
                client.get("foo")
            errors.append(by_command.value)
            assert "0 of 100 connections open, 0 idle, 0 callers waiting" in repr(client)
    return errors


def test_none_can_be_reached(surface: Surface) -> None:
    """That fails after one round, not after the 30 seconds of a failover."""
    with refusing() as one, refusing() as other, surface.Sentinel([one, other]) as sentinel:
        with takes(under=SOON):
            errors = ask_all(sentinel)
        for error in errors:
            assert "no Sentinel could be reached to ask for 'myredis'" in str(error)
            for location in (one, other):
                assert f"{location.target}: can not connect" in str(error)
            assert "refused" in str(error)
            assert isinstance(error.__cause__, ConnectionError)
        assert sorted(sentinel.sentinels) == sorted([one, other])


def test_a_host_that_does_not_exist(surface: Surface, any_deployment: SentinelDeployment) -> None:
    unknown = ("host.invalid", 26379)
    with surface.Sentinel([unknown, *any_deployment.sentinel_locations]) as sentinel:
        assert sentinel.discover_primary("myredis") == any_deployment.primary.location
    with (
        surface.Sentinel([unknown]) as sentinel,
        takes(under=SOON),
        pytest.raises(PrimaryNotFoundError, match=r"no Sentinel could be reached.*host\.invalid:26379"),
    ):
        sentinel.discover_primary("myredis")


def test_the_first_refuses(surface: Surface, any_deployment: SentinelDeployment) -> None:
    """The next is asked at once, without the hedge delay."""
    with (
        refusing() as dead,
        surface.Sentinel([dead, *any_deployment.sentinel_locations], hedge_delay=NEVER) as sentinel,
        takes(under=SOON),
    ):
        assert sentinel.discover_primary("myredis") == any_deployment.primary.location


@pytest.mark.parametrize("fault", [silent, black_hole])
@pytest.mark.parametrize("hedge_delay", [0, 0.3])
def test_a_slow_one_costs_the_hedge_delay(
    surface: Surface, any_deployment: SentinelDeployment, fault: Any, hedge_delay: float
) -> None:
    with fault() as slow:
        sentinel = surface.Sentinel(
            [slow, *any_deployment.sentinel_locations], hedge_delay=hedge_delay, sentinel_kwargs=PATIENT
        )
        with sentinel, sentinel.replica_for("myredis") as client:
            with takes(at_least=hedge_delay, under=hedge_delay + SLACK):
                assert len(sentinel.discover_replicas("myredis")) == 2
            until(lambda: not is_being_asked(slow))  # its answer is not wanted any more
            assert sentinel.sentinels[0] in any_deployment.sentinel_locations
            assert slow in sentinel.sentinels
            with takes(under=SOON):  # another was first now
                client.get("foo")


def test_all_are_silent(surface: Surface) -> None:
    """The bound: connect_timeout and stream_timeout; the first question is put to all at once."""
    with silent() as one, silent() as other, black_hole() as third:
        options = {"connect_timeout": 0.3, "stream_timeout": 0.3}
        sentinel = surface.Sentinel([one, other, third], hedge_delay=0.1, sentinel_kwargs=options)
        with (
            sentinel,
            takes(at_least=0.3, under=0.6 + SLACK),
            pytest.raises(PrimaryNotFoundError) as caught,
        ):
            sentinel.discover_primary("myredis")
    message = str(caught.value)
    assert "no Sentinel could be reached to ask for 'myredis'" in message
    for location in (one, other):
        assert f"{location.target}: no reply" in message
    assert f"{third.target}: connecting to {third.target} took longer than 0.3 s (connect_timeout)" in message
    assert isinstance(caught.value.__cause__, TimeoutError)


@pytest.mark.parametrize("name", ["stream_timeout", "connect_timeout"])
def test_short_timeouts_of_the_clients_reach_the_sentinels(surface: Surface, name: str) -> None:
    with silent() as only:
        # Half a second, which is what is usual, would show.
        sentinel = surface.Sentinel([only], **{name: 0.1})
        with sentinel, takes(at_least=0.1, under=0.1 + SLACK), pytest.raises(PrimaryNotFoundError) as caught:
            sentinel.discover_primary("myredis")
        assert limit_in(caught.value) == pytest.approx(0.1, abs=0.05)


def test_long_timeouts_of_the_clients_do_not(surface: Surface) -> None:
    with silent() as only:
        sentinel = surface.Sentinel([only], connect_timeout=NEVER, stream_timeout=NEVER)
        with sentinel, takes(at_least=0.5, under=0.5 + SLACK), pytest.raises(PrimaryNotFoundError) as caught:
            sentinel.discover_primary("myredis")
        assert limit_in(caught.value) == pytest.approx(0.5, abs=0.1)


def test_sentinel_kwargs_go_before(surface: Surface) -> None:
    with silent() as only:
        sentinel = surface.Sentinel(
            [only], stream_timeout=0.05, connect_timeout=0.05, sentinel_kwargs={**PATIENT, "stream_timeout": 0.8}
        )
        with sentinel, takes(at_least=0.8, under=0.8 + SLACK), pytest.raises(PrimaryNotFoundError) as caught:
            sentinel.discover_primary("myredis")
        assert limit_in(caught.value) == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "Protocol error"),
        (b":1\r\n", "makes no sense"),
        (b"*1\r\n$9\r\nlocalhost\r\n", "makes no sense"),
        (b"*2\r\n$9\r\nlocalhost\r\n$4\r\nport\r\n", "makes no sense"),
        (b"+OK\r\n", "makes no sense"),
        (b"-ERR out of my mind\r\n", "ERR out of my mind"),
        (b"$2\r\n\xff\xff\r\n", "not valid utf-8"),
        (b"_\r\n", "does not know"),
    ],
    ids=["HTTP", "number", "one word", "words", "OK", "error", "no text", "null"],
)
def test_one_that_talks_nonsense(
    surface: Surface, any_deployment: SentinelDeployment, reply: bytes, complaint: str
) -> None:
    """It is passed over like a dead one; alone it is an error and not a wait for ever."""
    with saying(reply) as mad:
        with (
            surface.Sentinel([mad, *any_deployment.sentinel_locations], hedge_delay=NEVER) as sentinel,
            takes(under=SOON),
        ):
            assert sentinel.discover_primary("myredis") == any_deployment.primary.location
        with (
            surface.Sentinel([mad, *any_deployment.sentinel_locations], hedge_delay=NEVER) as sentinel,
            takes(under=SOON),
        ):
            assert len(sentinel.discover_replicas("myredis")) == 2
        with surface.Sentinel([mad]) as sentinel, takes(under=SOON):
            with pytest.raises(PrimaryNotFoundError) as caught:
                sentinel.discover_primary("myredis")
            assert complaint in str(caught.value)
            assert mad.target in str(caught.value)


def test_a_server_that_is_no_sentinel(surface: Surface, any_deployment: SentinelDeployment) -> None:
    server = any_deployment.primary.location
    with surface.Sentinel([server, *any_deployment.sentinel_locations]) as sentinel:
        assert sentinel.discover_primary("myredis") == server
    with surface.Sentinel([server]) as sentinel:
        for error in ask_all(sentinel):
            assert f"{server.target}: ERR unknown command" in str(error)
            assert "no Sentinel can say where 'myredis' is" in str(error)
