"""Discovery among Sentinels of any opinion: dead, ignorant, out of their minds, stale, contradicting each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncredis import Location
from syncredis.exceptions import PrimaryNotFoundError, ReplicaNotFoundError
from syncredis.sentinel import Sentinel
from tests.fixtures.ledger import Ledger
from tests.fixtures.peer import Peer, bulk, politely

SERVICE = "myredis"
SERVERS = [("10.0.0.1", 6379), ("10.0.0.2", 6379), ("10.0.0.3", 6380)]
GARBAGE = [
    b":5\r\n",
    b"+OK\r\n",
    b"*1\r\n$1\r\nx\r\n",
    b"*2\r\n$1\r\nx\r\n$1\r\ny\r\n",
    b"*2\r\n$1\r\nx\r\n$9\r\n999999999\r\n",
]


@dataclass(frozen=True)
class Opinion:
    """What one Sentinel says.

    Attributes:
        manner: "fine", "dead" (closes what is opened), "ignorant" (does not know the name), "refusing" (NOPERM), "mad".
        primary: which server it takes for the primary.
        replicas: which for replicas.
        others: how many other Sentinels it knows.
        epoch: of the configuration that it knows.
        garbage: what it says if it is mad.
    """

    manner: str
    primary: tuple[str, int]
    replicas: Sequence[tuple[str, int]]
    others: int
    epoch: int
    garbage: bytes

    @property
    def counts(self) -> bool:
        return self.manner == "fine"


OPINIONS = st.builds(
    Opinion,
    manner=st.sampled_from(["fine", "fine", "dead", "ignorant", "refusing", "mad"]),
    primary=st.sampled_from(SERVERS),
    replicas=st.lists(st.sampled_from(SERVERS), max_size=3, unique=True),
    others=st.integers(0, 3),
    epoch=st.integers(0, 3),
    garbage=st.sampled_from(GARBAGE),
)


def _entry(location: tuple[str, int], **fields: object) -> bytes:
    known = {"ip": location[0], "port": location[1], "flags": "slave", "runid": "x", **fields}
    words = [str(word).encode() for pair in known.items() for word in pair]
    return b"*%d\r\n" % len(words) + b"".join(map(bulk, words))


@contextmanager
def sentinels(opinions: list[Opinion]) -> Iterator[list[Peer]]:
    """A Sentinel for each opinion."""
    with ExitStack() as stack:
        peers = [Peer() for _ in opinions]
        for peer in peers:
            stack.callback(peer.close)
        for peer, opinion in zip(peers, opinions, strict=True):
            others = [other.location for other in peers if other is not peer][: opinion.others]
            peer.answer = lambda words, opinion=opinion, others=others: _say(words, opinion, others)
        yield peers


def _say(words: Sequence[bytes], opinion: Opinion, others: list[Location]) -> bytes:
    if words[0].upper() != b"SENTINEL":
        return politely(words)
    match opinion.manner, words[1].upper():
        case "dead", _:
            raise OSError("it is dead")  # which ends the connection
        case "refusing", _:
            return b"-NOPERM this user has no permissions\r\n"
        case "mad", _:
            return opinion.garbage
        case "ignorant", b"GET-MASTER-ADDR-BY-NAME":
            return b"*-1\r\n"
        case "ignorant", _:
            return b"-ERR No such master with that name\r\n"
        case _, b"GET-MASTER-ADDR-BY-NAME":
            host, port = opinion.primary
            return b"*2\r\n" + bulk(host.encode()) + bulk(b"%d" % port)
        case _, b"MASTER":
            fields = {"config-epoch": opinion.epoch, "num-other-sentinels": len(others), "name": SERVICE}
            return _entry(opinion.primary, **{**fields, "flags": "master"})
        case _, b"REPLICAS":
            entries = [_entry(replica, **{"master-link-status": "ok"}) for replica in opinion.replicas]
            return b"*%d\r\n" % len(entries) + b"".join(entries)
        case _, b"SENTINELS":
            return b"*%d\r\n" % len(others) + b"".join(_entry(other) for other in others)
        case _:
            return b"-ERR unknown\r\n"


@pytest.mark.slow
@settings(max_examples=60)
@given(opinions=st.lists(OPINIONS, min_size=1, max_size=4), seeds=st.integers(1, 4), least=st.integers(0, 2))
def test_whatever_they_say(ledger: Ledger, opinions: list[Opinion], seeds: int, least: int) -> None:
    """The answer is one that a Sentinel gave which counts, or the error lists what each said; no seed is ever lost."""
    options: Any = {"stream_timeout": 20, "connect_timeout": 20}
    with sentinels(opinions) as peers:
        given_ones = [peer.location for peer in peers[:seeds]]
        with Sentinel(given_ones, least, options, hedge_delay=20) as sentinel:
            # Others may be learnt from seeds: what any of them says may be the answer then.
            known = [opinion for opinion in opinions if opinion.counts]
            enough = [opinion for opinion in known if min(opinion.others, len(peers) - 1) >= least]
            for _ in range(3):
                ledger.note(operations=2, faults=len(opinions) - len(known))
                try:
                    primary = sentinel.discover_primary(SERVICE)
                    assert primary in {opinion.primary for opinion in enough}
                except PrimaryNotFoundError as error:
                    said = str(error)
                    assert not [each for each in opinions[:seeds] if each in enough], said
                    assert all(seed.target in said for seed in given_ones), said
                try:
                    replicas = sentinel.discover_replicas(SERVICE)
                    assert set(replicas) <= {replica for opinion in known for replica in opinion.replicas}
                except ReplicaNotFoundError:
                    assert not [each for each in opinions[:seeds] if each.counts]
                assert set(given_ones) <= set(sentinel.sentinels), "a seed is lost"
                assert set(sentinel.sentinels) <= {peer.location for peer in peers}
