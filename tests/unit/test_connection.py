"""One conversation: whatever ends an exchange, a connection that may be out of step says so."""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from syncredis.command import Command
from syncredis.connection import CHUNK, Connection
from syncredis.exceptions import (
    ConnectionError,
    DataError,
    DecodeError,
    ProtocolError,
    RedisError,
    ResponseError,
    TimeoutError,
)
from syncredis.opening import open_connection
from syncredis.resp import encode
from tests.fixtures.peer import Peer, bulk, politely
from tests.fixtures.threads import BackgroundCall

Background = Callable[..., BackgroundCall]


def echo(what: Any) -> Command[Any]:
    return Command(("ECHO", what))


PING: Command[Any] = Command(("PING",))


@pytest.fixture
def connection(peer: Peer) -> Iterator[Connection]:
    made = open_connection(peer.config)
    yield made
    made.close()


def works(connection: Connection) -> bool:
    return connection.in_step and connection.execute(PING, True) == "PONG"


# --- one command ------------------------------------------------------------------------------------------


def test_a_command(connection: Connection) -> None:
    assert connection.execute(echo("ü"), True) == "ü"
    assert connection.execute(echo("ü"), False) == "ü".encode()
    assert works(connection)


def test_an_error_reply(connection: Connection) -> None:
    with pytest.raises(ResponseError, match="unknown command"):
        connection.execute(Command(("NONE",)), True)
    assert works(connection)


def test_what_can_not_be_sent(connection: Connection, peer: Peer) -> None:
    for blocks in (None, 1):
        with pytest.raises(DataError):
            connection.execute(Command(("ECHO", None), blocks=blocks), True)  # type: ignore[arg-type]
    with pytest.raises(DataError):
        connection.execute_many([PING, echo(None)], True)
    assert peer.received == []
    assert works(connection)


def test_what_is_no_text(connection: Connection) -> None:
    for _ in range(3):
        with pytest.raises(DecodeError, match=r"not valid utf-8 .*decode_responses=False") as caught:
            connection.execute(echo(b"a\xff"), True)
        assert "at byte 1" in str(caught.value)
    assert works(connection)
    assert connection.execute(echo(b"a\xff"), False) == b"a\xff"


@pytest.mark.parametrize("extra", [b"+more\r\n", b"+half", b"$5\r\n", b"*2\r\n:1\r\n", b">1\r\n+pushed\r\n"])
def test_more_than_was_asked_for(connection: Connection, peer: Peer, extra: bytes) -> None:
    """It would be taken for the reply to the next command."""
    peer.answer = lambda _: b"+PONG\r\n" + extra
    assert connection.execute(PING, True) == "PONG"
    assert not connection.in_step


def test_a_push_before_the_reply(connection: Connection, peer: Peer) -> None:
    peer.answer = lambda words: b">2\r\n+invalidate\r\n*1\r\n+k\r\n" + politely(words)
    assert works(connection)
    assert works(connection)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ProtocolError),
        (b"$x\r\n", ProtocolError),
        (b"", TimeoutError),
        (b"$5\r\nhal", TimeoutError),
        (b"*2\r\n+a\r\n", TimeoutError),
        (b">1\r\n+pushed\r\n", TimeoutError),
    ],
)
def test_what_is_no_reply(connection: Connection, peer: Peer, reply: bytes, expected: type[RedisError]) -> None:
    connection.set_timeout(0.1)
    peer.answer = lambda _: reply
    with pytest.raises(expected) as caught:
        connection.execute(PING, True)
    assert not connection.in_step
    assert not caught.value.not_applied


def test_the_server_closes_instead(connection: Connection, peer: Peer) -> None:
    def closing(_: Any) -> bytes:
        peer.drop_all()
        return b""

    peer.answer = closing
    with pytest.raises(ConnectionError) as caught:
        connection.execute(PING, True)
    assert not connection.in_step
    assert not caught.value.not_applied


class Late(Exception):
    """Comes from outside, as from a signal handler."""


@pytest.mark.parametrize("method", ["send", "receive"])
def test_an_exception_from_outside(connection: Connection, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    def interrupted(*_: Any) -> Any:
        raise Late

    monkeypatch.setattr(type(connection._transport), method, interrupted)
    for call in (lambda: connection.execute(PING, True), lambda: connection.execute_many([PING], True)):
        connection.in_step = True
        with pytest.raises(Late):
            call()
        assert not connection.in_step


# --- several commands -------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 3])
def test_several_commands(connection: Connection, peer: Peer, count: int) -> None:
    values = [f"{number}" * (number % 50) for number in range(count)]
    assert connection.execute_many([echo(value) for value in values], True) == values
    assert [words[1].decode() for words in peer.received] == values
    assert works(connection)


def test_three_chunks_are_under_way(connection: Connection, peer: Peer) -> None:
    """So many commands are sent without a reply, and no more; then a chunk for each that was answered."""
    count, size, before = 5 * CHUNK, len(encode(["ECHO", "value"], "utf-8")), len(peer.bytes_received)
    owed: list[bytes] = []
    most = 0

    def patiently(words: Sequence[bytes]) -> bytes:
        nonlocal most
        owed.append(politely(words))
        answered = len(peer.received) - len(owed)
        most = max(most, (len(peer.bytes_received) - before) // size - answered)
        is_last = len(peer.received) == count
        if len(owed) < 3 * CHUNK and not is_last:
            return b""
        replies = owed[: count if is_last else CHUNK]
        del owed[: len(replies)]
        return b"".join(replies)

    peer.answer = patiently
    assert connection.execute_many([echo("value")] * count, True) == ["value"] * count
    assert most == 3 * CHUNK


def test_no_command_at_all(connection: Connection) -> None:
    assert connection.execute_many([], True) == []
    assert works(connection)


def test_errors_stay_at_their_place(connection: Connection) -> None:
    commands = [echo("a"), Command(("NONE",)), echo(b"\xff"), echo("b"), echo(b"\xfe")]
    first, refused, no_text, second, no_text_either = connection.execute_many(commands, True)
    assert (first, second) == ("a", "b")
    assert isinstance(refused, ResponseError)
    assert isinstance(no_text, DecodeError)
    assert isinstance(no_text_either, DecodeError)
    assert works(connection)


def test_large_arguments_among_small_ones(connection: Connection) -> None:
    values = ["small", "l" * 100_000, "", "x" * 50_000, "end"]
    assert connection.execute_many([echo(value) for value in values], True) == values
    assert works(connection)


def test_pushes_between_the_replies(connection: Connection, peer: Peer) -> None:
    peer.answer = lambda words: b">1\r\n+pushed\r\n" + politely(words)
    values = [str(number) for number in range(300)]
    assert connection.execute_many([echo(value) for value in values], True) == values
    assert works(connection)


def test_one_reply_too_many(connection: Connection, peer: Peer) -> None:
    count = itertools.count()
    peer.answer = lambda words: politely(words) * (2 if next(count) == 1 else 1)
    assert connection.execute_many([echo("a"), echo("b")], True) == ["a", "b"]
    assert not connection.in_step


def test_one_reply_too_few(connection: Connection, peer: Peer) -> None:
    connection.set_timeout(0.1)
    count = itertools.count()
    peer.answer = lambda words: politely(words) if next(count) < 2 else b""
    with pytest.raises(TimeoutError) as caught:
        connection.execute_many([echo("a"), echo("b"), echo("c")], True)
    assert not connection.in_step
    assert not caught.value.not_applied


@pytest.mark.parametrize("several", [True, False])
def test_of_several_commands_some_may_have_been_carried_out_when_sending_fails(
    connection: Connection, peer: Peer, several: bool
) -> None:
    """A single one that did not leave in full was certainly not carried out."""
    connection.set_timeout(0.2)
    peer.reading.clear()
    large = echo("x" * 8_000_000)
    with pytest.raises(TimeoutError, match="stood still") as caught:
        connection.execute_many([PING, large] if several else [large], True)
    assert caught.value.not_applied is not several


def test_a_connection_out_of_step_is_not_used_again(peer: Peer) -> None:
    """The late reply to one command would be taken for the next one's."""
    late = threading.Event()
    peer.answer = lambda words: bulk(b"late") if words[0] == b"ECHO" and late.wait(10) else politely(words)
    connection = open_connection(dataclasses.replace(peer.config, stream_timeout=0.1))
    with pytest.raises(TimeoutError):
        connection.execute(echo("a"), True)
    late.set()
    for again in (lambda: connection.execute(PING, True), lambda: connection.execute_many([PING], True)):
        with pytest.raises(ConnectionError, match="broke in an earlier call") as caught:
            again()
        assert caught.value.not_applied
    connection.close()
