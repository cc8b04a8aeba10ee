"""One conversation: whatever ends an exchange, a connection that may be out of step says so."""

from __future__ import annotations

import dataclasses
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncredis.command import Command
from syncredis.connection import CHUNK, Connection, open_connection
from syncredis.exceptions import (
    AuthenticationError,
    ConnectionError,
    DataError,
    DecodeError,
    InterruptedCallError,
    ProtocolError,
    RedisError,
    ResponseError,
    TimeoutError,
)
from syncredis.interruption import Interruption
from tests.fixtures.peer import Peer, bulk, politely
from tests.fixtures.threads import BackgroundCall, until

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


# --- commands that the server may hold back ---------------------------------------------------------------


def test_a_blocking_command_has_its_own_time(peer: Peer) -> None:
    def slow(words: Any) -> bytes:
        time.sleep(0.5 if words[0] == b"BLPOP" else 0.0)
        return bulk(b"done")

    peer.answer = slow
    connection = open_connection(dataclasses.replace(peer.config, stream_timeout=0.2))
    for blocks in (0, 1, 0.4):
        assert connection.execute(Command(("BLPOP", "k", 1), blocks=blocks), True) == "done"
    with pytest.raises(TimeoutError, match=r"within 0\.2 s"):
        connection.execute(Command(("BLPOP", "k", 1)), True)
    connection.close()


def test_a_blocking_command_is_not_waited_for_for_ever(peer: Peer) -> None:
    peer.answer = lambda _: b""
    connection = open_connection(dataclasses.replace(peer.config, stream_timeout=0.1))
    started = time.monotonic()
    with pytest.raises(TimeoutError, match=r"within 0\.3 s"):
        connection.execute(Command(("BLPOP", "k", 1), blocks=0.2), True)
    assert 0.3 <= time.monotonic() - started < 20
    connection.close()


def test_without_a_limit_none_is_set(peer: Peer) -> None:
    connection = open_connection(dataclasses.replace(peer.config, stream_timeout=None))
    assert connection.execute(Command(("ECHO", "k"), blocks=0.001), True) == "k"
    assert works(connection)
    connection.close()


# --- interruption -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocks", [None, 0])
def test_interrupted_while_it_waits(
    connection: Connection, peer: Peer, background: Background, blocks: float | None
) -> None:
    peer.answer = lambda _: b""
    call = Interruption()
    waiting = background(call.run, connection.execute, Command(("BLPOP", "k"), blocks=blocks), True)
    until(lambda: len(peer.received) == 1)
    assert not waiting.finished
    call.interrupt()
    assert isinstance(waiting.error(), ConnectionError)
    assert not connection.in_step


def test_interrupted_before_it_is_sent(connection: Connection, peer: Peer) -> None:
    call = Interruption()
    call.interrupt()
    with pytest.raises(InterruptedCallError) as caught:
        call.run(connection.execute, PING, True)
    assert caught.value.not_applied
    assert peer.received == []
    assert works(connection)


def test_interrupted_when_the_reply_is_there_already(connection: Connection) -> None:
    """The call succeeds, but its socket is shut down: it is no use to the next one."""
    call = Interruption()

    class Interrupting:
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        def __getattr__(self, name: str) -> Any:
            return getattr(self._stream, name)

        def receive(self) -> bytes:
            data: bytes = self._stream.receive()
            call.interrupt()
            return data

    connection._transport = Interrupting(connection._transport)  # type: ignore[assignment]
    assert call.run(connection.execute, PING, True) == "PONG"
    assert not connection.in_step


def test_an_interrupt_that_comes_too_late_harms_nobody(connection: Connection) -> None:
    call = Interruption()
    assert call.run(connection.execute, PING, True) == "PONG"
    call.interrupt()
    assert works(connection)


@pytest.mark.parametrize("method", ["execute", "execute_many"])
def test_the_reason_is_raised_by_the_call_that_was_broken_off(
    connection: Connection, peer: Peer, background: Background, method: str
) -> None:
    peer.answer = lambda _: b""
    reason = InterruptedCallError("the primary has moved")
    waiting = background(getattr(connection, method), PING if method == "execute" else [PING], True)
    until(lambda: len(peer.received) == 1)
    connection.interrupt(reason)
    error = waiting.error()
    assert type(error) is InterruptedCallError
    assert str(error) == "the primary has moved"
    assert error is not reason, "several threads may raise it at once, and each needs a traceback of its own"
    assert isinstance(error.__cause__, ConnectionError)
    assert not connection.in_step


def test_a_call_that_was_broken_off_while_it_sent_was_not_carried_out(
    connection: Connection, peer: Peer, background: Background
) -> None:
    peer.reading.clear()
    connection._transport.send(b"*1\r\n$4\r\nPING\r\n")
    sending = background(connection.execute, echo("x" * 50_000_000), True)
    time.sleep(0.1)
    connection.interrupt(InterruptedCallError("the primary has moved"))
    error = sending.error()
    assert isinstance(error, InterruptedCallError)
    assert error.not_applied


# --- opening ----------------------------------------------------------------------------------------------


def test_opening(peer: Peer) -> None:
    connection = open_connection(dataclasses.replace(peer.config, db=3))
    assert peer.received == [[b"SELECT", b"3"]]
    assert connection.protocol == 3
    assert connection.role is None
    assert repr(connection) == f"<Connection to {peer.location.target}, RESP3, in step>"
    connection.close()
    assert repr(connection).endswith("out of step>")


def test_opening_is_refused(peer: Peer) -> None:
    peer.answer = lambda _: b"-ERR DB index is out of range\r\n"
    with pytest.raises(ResponseError, match="DB index") as caught:
        open_connection(dataclasses.replace(peer.config, db=3))
    assert caught.value.not_applied
    until(lambda: not any(thread.is_alive() for thread in peer._threads[1:]))


def test_the_server_says_nothing(peer: Peer) -> None:
    peer.greeting.clear()
    started = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        open_connection(dataclasses.replace(peer.config, connect_timeout=0.2))
    assert 0.2 <= time.monotonic() - started < 20
    assert caught.value.not_applied


def test_the_password_is_not_repeated(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers repeat the arguments of a command that they do not know, AUTH with its password included."""

    def unknown(words: list[bytes]) -> bytes:
        peer.received.append(words)
        quoted = " ".join(f"'{word.decode()}'" for word in words[1:])
        return f"-ERR unknown command '{words[0].decode()}', with args beginning with: {quoted}\r\n".encode()

    monkeypatch.setattr(peer, "_reply", unknown)
    for protocol in (2, 3):
        config = dataclasses.replace(peer.config, username="user", password="hidden'word", protocol=protocol)
        with pytest.raises(ResponseError, match="unknown command 'AUTH'") as caught:
            open_connection(config)
        assert not isinstance(caught.value, AuthenticationError)
        assert "hidden" not in str(caught.value)
        assert caught.value.not_applied
