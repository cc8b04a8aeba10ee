"""A Sentinel that is asked without a thread: in one round trip, on one connection, and with all that may go wrong in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest

from syncredis import Location
from syncredis.exceptions import PrimaryNotFoundError
from syncredis.sentinel import Sentinel
from syncredis.testing import SentinelDeployment
from tests.fixtures.peer import Peer, bulk, politely
from tests.sentinel.faults import NEVER, refusing

PRIMARY = Location("10.0.0.1", 6379)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that are started to ask Sentinels."""
    names: list[str] = []
    start = threading.Thread.start

    def note(thread: threading.Thread) -> None:
        if thread.name.startswith("syncredis-ask-"):
            names.append(thread.name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", note)
    return names


@pytest.fixture
def peers() -> Iterator[list[Peer]]:
    with ExitStack() as stack:
        made = [Peer() for _ in range(3)]
        for peer in made:
            peer.answer = say
            stack.callback(peer.close)
        yield made


def say(words: Sequence[bytes]) -> bytes:
    match words:
        case [b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", _]:
            return b"*2\r\n" + bulk(PRIMARY.host.encode()) + bulk(b"%d" % PRIMARY.port)
        case [b"SENTINEL", b"MASTER", _]:
            return b"*4\r\n" + b"".join(map(bulk, (b"config-epoch", b"1", b"num-other-sentinels", b"2")))
        case [b"SENTINEL", b"SENTINELS", _]:
            return b"-NOPERM no permissions\r\n"
        case _:
            return politely(words)


def of(peers: Sequence[Peer], **options: float) -> Sentinel[str]:
    limits = {"connect_timeout": NEVER, "stream_timeout": NEVER, **options}
    return Sentinel([peer.location for peer in peers], sentinel_kwargs=limits, hedge_delay=NEVER)  # type: ignore[arg-type]


def test_an_address_takes_no_thread(any_deployment: SentinelDeployment, started: list[str]) -> None:
    with Sentinel(any_deployment.sentinel_locations) as sentinel:
        assert sentinel.discover_primary("myredis") == any_deployment.primary.location
        assert sentinel.discover_replicas("myredis")
        with sentinel.primary_for("myredis") as client:
            assert client.ping() is True
    assert started == []


def test_a_name_takes_one(any_deployment: SentinelDeployment, started: list[str]) -> None:
    port = any_deployment.sentinel_locations[0].port
    with Sentinel([("localhost", port)]) as sentinel:
        assert sentinel.discover_primary("myredis") == any_deployment.primary.location
    assert started == [f"syncredis-ask-localhost:{port}"]


def test_the_connection_serves_the_next_question(peers: list[Peer], started: list[str]) -> None:
    with of(peers[:1]) as sentinel:
        for _ in range(3):
            assert sentinel.discover_primary("myredis") == PRIMARY
        assert peers[0].accepted == 1
        peers[0].drop_all()
        assert sentinel.discover_primary("myredis") == PRIMARY
    assert peers[0].accepted == 2
    assert started == []


def test_a_majority_is_asked_at_first(peers: list[Peer]) -> None:
    """The third only if one of the others keeps it waiting, which may be; it is never asked before them."""
    with of(peers) as sentinel:
        assert sentinel.discover_primary("myredis") == PRIMARY
    assert [bool(peer.received) for peer in peers[:2]] == [True, True]


def test_a_silent_one_among_them(peers: list[Peer]) -> None:
    """The next is asked, although the hedge delay is long."""
    peers[0].reading.clear()
    with of(peers) as sentinel:
        assert sentinel.discover_primary("myredis") == PRIMARY
    assert all(peer.received for peer in peers[1:])


def test_one_that_does_not_know_hello(peers: list[Peer], monkeypatch: pytest.MonkeyPatch, started: list[str]) -> None:
    """It is spoken to once more, as Redis before 6 wants it, on the same connection."""
    monkeypatch.setattr(
        "tests.fixtures.peer.politely",
        lambda words: b"-ERR unknown command 'HELLO'\r\n" if words[0] == b"HELLO" else politely(words),
    )
    with of(peers[:1]) as sentinel:
        assert sentinel.discover_primary("myredis") == PRIMARY
        assert sentinel.discover_primary("myredis") == PRIMARY
    assert peers[0].accepted == 1
    assert started == []


@pytest.mark.parametrize("refusal", [b"-NOAUTH Authentication required.\r\n", b"-WRONGPASS invalid\r\n"])
def test_one_that_refuses_the_handshake(
    peers: list[Peer], monkeypatch: pytest.MonkeyPatch, refusal: bytes, started: list[str]
) -> None:
    monkeypatch.setattr("tests.fixtures.peer.politely", lambda _: refusal)
    with of(peers[:1]) as sentinel, pytest.raises(PrimaryNotFoundError, match=refusal[1:8].decode()):
        sentinel.discover_primary("myredis")
    assert started == []


def test_one_that_says_too_much(peers: list[Peer]) -> None:
    """Its answer counts; its connection is not used again."""
    said = say([b"SENTINEL", b"SENTINELS", b"x"])
    peers[0].answer = lambda words: say(words) + (b"+more\r\n" if say(words) == said else b"")
    with of(peers[:1]) as sentinel:
        for _ in range(3):
            assert sentinel.discover_primary("myredis") == PRIMARY
    assert peers[0].accepted == 3


@pytest.mark.parametrize("limit", ["connect_timeout", "stream_timeout"])
def test_one_that_is_silent(peers: list[Peer], limit: str) -> None:
    peers[0].greeting.clear()
    with (
        of(peers[:1], **{limit: 0.2}) as sentinel,
        pytest.raises(PrimaryNotFoundError, match=r"no reply from .* within 0\.2 s"),
    ):
        sentinel.discover_primary("myredis")


def test_one_that_refuses_connections(peers: list[Peer], started: list[str]) -> None:
    with refusing() as dead:
        with Sentinel([dead, peers[1].location], hedge_delay=NEVER) as sentinel:
            assert sentinel.discover_primary("myredis") == PRIMARY
        with (
            Sentinel([dead]) as sentinel,
            pytest.raises(
                PrimaryNotFoundError, match=rf"can not connect to {dead.target}: \[Errno \d+\] Connection refused"
            ),
        ):
            sentinel.discover_primary("myredis")
    assert started == []
