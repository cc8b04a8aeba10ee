"""Replies as values and as bytes, made up; and connections whose other end a test holds."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any, NamedTuple

from hypothesis import strategies as st

from syncredis.config import ConnectionConfig
from syncredis.connection import Connection
from syncredis.transport import Transport


class Said(NamedTuple):
    """A reply: its bytes, and what it means when strings stay bytes."""

    wire: bytes
    value: Any


def _simple(text: str) -> Said:
    return Said(b"+%s\r\n" % text.encode(), text.encode())


def _bulk(data: bytes) -> Said:
    return Said(b"$%d\r\n%s\r\n" % (len(data), data), data)


def _verbatim(data: bytes) -> Said:
    return Said(b"=%d\r\ntxt:%s\r\n" % (len(data) + 4, data), data)


def _integer(number: int) -> Said:
    return Said(b":%d\r\n" % number, number)


def _double(number: float) -> Said:
    return Said(b",%s\r\n" % repr(number).encode(), number)


def _array(kind: bytes, elements: list[Said]) -> Said:
    return Said(
        kind + b"%d\r\n" % len(elements) + b"".join(each.wire for each in elements), [each.value for each in elements]
    )


def _map(pairs: list[tuple[Said, Said]]) -> Said:
    return Said(
        b"%%%d\r\n" % len(pairs) + b"".join(key.wire + value.wire for key, value in pairs),
        {key.value: value.value for key, value in pairs},
    )


_NULLS = st.sampled_from([Said(b"$-1\r\n", None), Said(b"*-1\r\n", None), Said(b"_\r\n", None)])
_FLAGS = st.sampled_from([Said(b"#t\r\n", True), Said(b"#f\r\n", False)])
_LINES = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=20).map(_simple)
_STRINGS = st.one_of(st.binary(max_size=40), st.binary(min_size=1, max_size=3).map(lambda b: b * 30_000)).map(_bulk)
_INTEGERS = st.integers(-(2**63), 2**63 - 1).map(_integer)
_KEYS = st.one_of(st.binary(max_size=10).map(_bulk), _INTEGERS, _LINES)

LEAVES = st.one_of(
    _NULLS,
    _FLAGS,
    _LINES,
    _STRINGS,
    _INTEGERS,
    st.binary(max_size=20).map(_verbatim),
    st.floats(allow_nan=False).map(_double),
)

#: Everything that a server may answer, but errors.
REPLIES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(_array, st.sampled_from([b"*", b"~"]), st.lists(inner, max_size=5)),
        st.lists(st.tuples(_KEYS, inner), max_size=4, unique_by=lambda pair: pair[0].value).map(_map),
    ),
    max_leaves=12,
)

PUSHES = st.builds(_array, st.just(b">"), st.lists(LEAVES, min_size=1, max_size=3))


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """``data`` in pieces, cut at these places."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


@contextmanager
def conversation(**options: Any) -> Iterator[tuple[Connection, socket.socket]]:
    """A connection in step, without a handshake, and the server's end of it."""
    near, far = socket.socketpair()
    config = ConnectionConfig(stream_timeout=20, **options)
    connection = Connection(Transport(near, "the peer", config.stream_timeout), config)
    try:
        yield connection, far
    finally:
        connection.close()
        far.close()


def say(far: socket.socket, data: bytes) -> None:
    """Send, as far as the other side takes it."""
    with suppress(OSError):
        far.sendall(data)
