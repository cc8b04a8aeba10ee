"""Replies that are received past the parser, or changed on the way to it: large strings, and maps that come in pieces."""

from __future__ import annotations

import dataclasses
import re
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from syncredis import large_pages
from syncredis.bulk import LARGE, large_at_start
from syncredis.command import Command
from syncredis.config import ConnectionConfig
from syncredis.connection import Connection
from syncredis.exceptions import ConnectionError, DecodeError, InterruptedCallError, ProtocolError, TimeoutError
from syncredis.interruption import Interruption
from syncredis.large_pages import WORTHWHILE
from syncredis.opening import open_connection
from syncredis.receiver import Receiver
from syncredis.resp import INCOMPLETE, map_as_array
from syncredis.transport import RECEIVE_SIZE
from tests.fixtures.peer import Peer, bulk, politely
from tests.fixtures.threads import BackgroundCall, until

Background = Callable[..., BackgroundCall]

GET: Command[Any] = Command(("GET", "k"))
PING: Command[Any] = Command(("PING",))
VALUE = b"0123456789abcdef" * (LARGE // 8)


@pytest.fixture
def connection(peer: Peer) -> Iterator[Connection]:
    made = open_connection(peer.config)
    yield made
    made.close()


def works(connection: Connection) -> bool:
    return connection.in_step and connection.execute(PING, True) == "PONG"


def put_in_place(connection: Connection, stream: Any) -> None:
    """Have the connection send to, and receive from, another stream."""
    connection._transport = connection._receiver.stream = stream


def in_call(connection: Connection, command: Command[Any], text: bool) -> Any:
    """Execute as the facade does: so that it can be interrupted."""
    return Interruption().run(connection.execute, command, text)


@pytest.fixture(params=[Connection.execute, in_call], ids=["plain", "interruptible"])
def execute(request: pytest.FixtureRequest) -> Any:
    return request.param


# --- strings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [LARGE - 1, LARGE, LARGE + 1, len(VALUE)])
@pytest.mark.parametrize("text", [True, False])
def test_a_string(connection: Connection, peer: Peer, execute: Any, length: int, text: bool) -> None:
    peer.answer = lambda words: bulk(VALUE[:length]) if words[0] == b"GET" else politely(words)
    for _ in range(2):
        reply = execute(connection, GET, text)
        assert type(reply) is (str if text else bytes)
        assert reply == (VALUE[:length].decode() if text else VALUE[:length])
    assert works(connection)


@pytest.mark.parametrize("first", [1, 5, 9, 10, 100, len(bulk(VALUE)) - 2, len(bulk(VALUE)) - 1])
def test_a_string_in_pieces(
    connection: Connection, peer: Peer, background: Background, execute: Any, first: int
) -> None:
    """Whichever of its parts - header, value, end - is cut in two."""
    whole, received = bulk(VALUE), threading.Event()
    receive = connection._transport.receive

    class Noting:
        def __getattr__(self, name: str) -> Any:
            return getattr(stream, name)

        def receive(self) -> bytes:
            data = receive()
            received.set()
            return data

    stream = connection._transport
    put_in_place(connection, Noting())
    peer.answer = lambda _: whole[:first]
    getting = background(execute, connection, GET, False)
    received.wait()
    peer.say(whole[first:])
    assert getting.result() == VALUE
    put_in_place(connection, stream)
    peer.answer = politely
    assert works(connection)


def test_a_string_that_is_no_text(connection: Connection, peer: Peer, execute: Any) -> None:
    peer.answer = lambda words: bulk(VALUE + b"\xff") if words[0] == b"GET" else politely(words)
    with pytest.raises(DecodeError, match=rf"at byte {len(VALUE)}\); .*decode_responses=False"):
        execute(connection, GET, True)
    assert works(connection)
    assert execute(connection, GET, False) == VALUE + b"\xff"


def test_more_than_was_asked_for(connection: Connection, peer: Peer, execute: Any) -> None:
    peer.answer = lambda _: bulk(VALUE) + b"+more\r\n"
    assert execute(connection, GET, False) == VALUE
    if connection.in_step:  # it came in a segment of its own; then the pool sees it
        until(lambda: not connection.is_quiet())


def test_a_string_that_does_not_end(connection: Connection, peer: Peer, execute: Any) -> None:
    peer.answer = lambda _: bulk(VALUE)[:-2] + b"more"
    with pytest.raises(ProtocolError, match=f"a string of {len(VALUE)} bytes did not end there"):
        execute(connection, GET, False)
    assert not connection.in_step


@pytest.mark.parametrize("missing", [1, 2, 3, 1000])
def test_a_string_that_stands_still(connection: Connection, peer: Peer, execute: Any, missing: int) -> None:
    connection.set_timeout(0.1)
    connection.config = dataclasses.replace(connection.config, stream_timeout=0.1)
    peer.answer = lambda _: bulk(VALUE)[:-missing]
    with pytest.raises(TimeoutError, match=r"no reply from .* within 0\.1 s") as caught:
        execute(connection, GET, False)
    assert not caught.value.not_applied
    assert not connection.in_step


def test_the_server_closes_in_the_middle(
    connection: Connection, peer: Peer, background: Background, execute: Any
) -> None:
    peer.answer = lambda _: bulk(VALUE)[:-1000]
    getting = background(execute, connection, GET, False)
    until(lambda: len(peer.received) == 1)
    peer.drop_all()
    error = getting.error()
    assert type(error) is ConnectionError
    assert not error.not_applied
    assert not connection.in_step


def test_interrupted_in_the_middle(connection: Connection, peer: Peer, background: Background) -> None:
    peer.answer = lambda _: bulk(VALUE)[:-1000]
    getting = background(connection.execute, GET, False)
    until(lambda: len(peer.received) == 1)
    connection.interrupt(InterruptedCallError("the primary has moved"))
    error = getting.error()
    assert isinstance(error, InterruptedCallError)
    assert not connection.in_step


def test_a_push_before_it(connection: Connection, peer: Peer, execute: Any) -> None:
    peer.answer = lambda words: b">1\r\n+pushed\r\n" + (bulk(VALUE) if words[0] == b"GET" else politely(words))
    assert execute(connection, GET, False) == VALUE
    assert works(connection)


def test_among_several_commands(connection: Connection, peer: Peer) -> None:
    peer.answer = lambda words: bulk(VALUE) if words[0] == b"GET" else politely(words)
    commands = [GET, PING, PING, GET, GET, PING] * 3
    assert connection.execute_many(commands, False) == [VALUE if command is GET else b"PONG" for command in commands]
    assert works(connection)


def test_several_of_which_one_is_no_text(connection: Connection, peer: Peer) -> None:
    peer.answer = lambda words: bulk(VALUE + b"\xff") if words[0] == b"GET" else politely(words)
    no_text, pong = connection.execute_many([GET, PING], True)
    assert isinstance(no_text, DecodeError)
    assert pong == "PONG"
    assert works(connection)


@pytest.mark.parametrize(
    "data",
    [b"", b"$", b"$300000", b"$-1\r\n", b"$x\r\n", b"$12\r\n", b"+300000\r\n", b"$99999999999999\r\n", b"$?\r\n"],
)
def test_what_is_no_large_string(data: bytes) -> None:
    assert large_at_start(data) is None


def has_advice_for_large_pages(value: bytes) -> bool:
    """Whether the system was told so, of the middle of a value."""
    middle, found = id(value) + len(value) // 2, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if bounds := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            found = int(bounds[1], 16) <= middle < int(bounds[2], 16)
        elif found and line.startswith("VmFlags:"):
            return "hg" in line.split()
    raise AssertionError("the value is nowhere")


@pytest.mark.skipif(not Path("/sys/kernel/mm/transparent_hugepage").exists(), reason="this system has no large pages")
def test_the_largest_get_large_pages(connection: Connection, peer: Peer) -> None:
    value = b"0123456789abcdef" * (WORTHWHILE // 16)
    peer.answer = lambda words: bulk(value) if words[0] == b"GET" else politely(words)
    reply = connection.execute(GET, False)
    assert reply == value
    assert has_advice_for_large_pages(reply)
    assert works(connection)


def test_for_smaller_ones_nothing_is_asked(connection: Connection, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """ctypes takes milliseconds to import."""
    monkeypatch.setattr(large_pages, "_advise", lambda: pytest.fail("asked"))
    peer.answer = lambda words: bulk(VALUE) if words[0] == b"GET" else politely(words)
    assert connection.execute(GET, False) == VALUE


@pytest.mark.parametrize("missing", ["mmap.MADV_HUGEPAGE", "ctypes.CDLL"])
def test_the_largest_where_there_are_none(
    connection: Connection, peer: Peer, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delattr(missing, raising=False)
    large_pages._advise.cache_clear()
    monkeypatch.setattr(large_pages, "WORTHWHILE", LARGE)
    peer.answer = lambda words: bulk(VALUE) if words[0] == b"GET" else politely(words)
    try:
        assert connection.execute(GET, False) == VALUE
    finally:
        large_pages._advise.cache_clear()
    assert works(connection)


def test_a_value_is_not_copied(connection: Connection, peer: Peer) -> None:
    """Which would take as much time, and memory, again."""
    value = b"0123456789abcdef" * (8 * LARGE // 16)
    whole = bulk(value)
    peer.answer = lambda words: whole if words[0] == b"GET" else politely(words)
    connection.execute(GET, False)
    tracemalloc.start()
    try:
        reply = connection.execute(GET, False)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reply == value
    assert most < 1.5 * len(value)


def taken_one_by_one(receiver: Receiver) -> list[Any]:
    reply = receiver.next_reply(False)
    return [] if reply is INCOMPLETE else [reply, *taken_one_by_one(receiver)]


def taken_together(receiver: Receiver) -> list[Any]:
    replies: list[Any] = []
    receiver.take_replies(replies, 10, False)
    return replies


@pytest.mark.parametrize("take", [taken_one_by_one, taken_together])
@pytest.mark.parametrize("before", [b"*1\r\n", b"+first\r\n*1\r\n", b"*2\r\n+first\r\n", b"$700000\r\n"])
def test_what_begins_in_the_middle_of_another_reply(take: Callable[[Receiver], list[Any]], before: bytes) -> None:
    """Of the header of an array the parser has nothing left: it says that it has no data."""
    receiver = Receiver(None, ConnectionConfig())  # type: ignore[arg-type]  # from which nothing is received
    receiver.feed(before)
    assert take(receiver) == ([b"first"] if before.startswith(b"+") else [])
    receiver.feed(bulk(VALUE)[:RECEIVE_SIZE])
    assert take(receiver) == []
    assert receiver.receive_large(False) is INCOMPLETE
    if not before.startswith(b"$"):
        receiver.feed(bulk(VALUE)[RECEIVE_SIZE:])
        assert take(receiver) in ([[VALUE]], [[b"first", VALUE]])


# --- maps -----------------------------------------------------------------------------------------------


def a_map(count: int) -> tuple[bytes, dict[str, str]]:
    """A map as it comes, and what it stands for."""
    pairs = [(f"field {number}", "v" * (number % 100)) for number in range(count)]
    words = b"".join(bulk(word.encode()) for pair in pairs for word in pair)
    return b"%%%d\r\n" % count + words, dict(pairs)


@pytest.mark.parametrize("count", [1, 10, 1_000, 10_000])
def test_a_map(connection: Connection, peer: Peer, execute: Any, count: int) -> None:
    data, expected = a_map(count)
    peer.answer = lambda words: data if words[0] == b"GET" else politely(words)
    reply = execute(connection, GET, True)
    assert reply == expected
    assert list(reply) == list(expected), "the order counts"
    assert execute(connection, GET, False) == {k.encode(): v.encode() for k, v in expected.items()}
    assert works(connection)


def test_maps_among_several_commands(connection: Connection, peer: Peer) -> None:
    data, expected = a_map(5_000)
    peer.answer = lambda words: data if words[0] == b"GET" else politely(words)
    commands = [GET, PING, GET, GET, PING] * 2
    assert connection.execute_many(commands, True) == [expected if command is GET else "PONG" for command in commands]
    assert works(connection)


def test_a_map_of_which_something_is_no_text(connection: Connection, peer: Peer, execute: Any) -> None:
    data, _ = a_map(10_000)
    spoilt = data.replace(b"field 9999", b"field 999\xff")
    peer.answer = lambda words: spoilt if words[0] == b"GET" else politely(words)
    with pytest.raises(DecodeError, match="not valid utf-8"):
        execute(connection, GET, True)
    assert works(connection)
    assert b"field 999\xff" in execute(connection, GET, False)


def test_maps_within_a_map(connection: Connection, peer: Peer, execute: Any) -> None:
    inner = b"%1\r\n+a\r\n*2\r\n:1\r\n%1\r\n+b\r\n:2\r\n"
    data = b"%10000\r\n" + b"".join(b":%d\r\n" % number + inner for number in range(10_000))
    peer.answer = lambda words: data if words[0] == b"GET" else politely(words)
    assert execute(connection, GET, True) == {number: {"a": [1, {"b": 2}]} for number in range(10_000)}
    assert works(connection)


class Slicing:
    """A transport from which at most ``size`` bytes come at a time, as they do when a server writes them so."""

    def __init__(self, stream: Any, size: int) -> None:
        self._stream = stream
        self._size = size
        self._kept = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def receive(self) -> bytes:
        data = self._kept or self._stream.receive()
        self._kept = data[self._size :]
        return data[: self._size]


NESTED = b"*2\r\n%1\r\n+a\r\n*1\r\n%1\r\n+b\r\n:1\r\n%1\r\n+c\r\n:2\r\n"


@pytest.mark.parametrize("size", range(1, len(NESTED)))
def test_what_is_within_a_reply_is_not_taken_for_its_start(
    connection: Connection, peer: Peer, execute: Any, size: int
) -> None:
    """The parser has taken the header of an array in, and holds nothing more: a map that comes then is in the array."""
    peer.answer = lambda words: NESTED if words[0] == b"GET" else politely(words)
    expected = [{"a": [{"b": 1}]}, {"c": 2}]
    put_in_place(connection, Slicing(connection._transport, size))
    assert execute(connection, GET, True) == expected
    assert connection.execute_many([GET, PING, GET], True) == [expected, "PONG", expected]
    assert works(connection)


PUSH = b">2\r\n+invalidate\r\n%1\r\n+a\r\n:1\r\n"


@pytest.mark.parametrize("first", range(1, len(PUSH)))
def test_a_push_of_which_a_part_comes_with_the_last_reply(
    connection: Connection, peer: Peer, execute: Any, first: int
) -> None:
    """The rest is no reply to the next command."""
    data, expected = a_map(3)
    peer.answer = lambda words: data if words[0] == b"GET" else politely(words) + PUSH[:first]
    connection.execute_many([PING], True)
    peer.answer = lambda _: PUSH[first:] + data
    try:
        assert execute(connection, GET, True) == expected
    except ConnectionError:
        assert not connection.in_step


def test_the_header_of_a_map() -> None:
    assert map_as_array(b"%2\r\n+a\r\n") == (b"*4\r\n", b"+a\r\n")
    for data in (b"", b"%", b"%2", b"%2\r", b"%x\r\n", b"*2\r\n", b"%?\r\n"):
        assert map_as_array(data) is None
