"""One conversation: how it begins, how long it may take, and what breaks it off."""

from __future__ import annotations

import dataclasses
import itertools
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from syncredis import Location
from syncredis.command import Command
from syncredis.config import ConnectionConfig
from syncredis.connecting import connect
from syncredis.connection import Connection
from syncredis.exceptions import (
    AuthenticationError,
    ConnectionError,
    InterruptedCallError,
    ResponseError,
    TimeoutError,
)
from syncredis.interruption import Interruption
from syncredis.opening import open_connection
from tests.fixtures.peer import Peer, bulk
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


@pytest.mark.parametrize("owed", [False, True])
def test_what_is_owed_a_reply_is_reset(owed: bool) -> None:
    """The system would go on sending what has not arrived yet, although the caller was told that nobody knows."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = ConnectionConfig(location=Location(*listener.getsockname()))
        connection = Connection(connect(config), config)
        far, _ = listener.accept()
        with far:
            if owed:
                connection.send(PING)
                assert far.recv(100)
            connection.close()
            if not owed:
                assert far.recv(100) == b""
                return
            with pytest.raises(ConnectionResetError):
                far.recv(100)


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

    connection._transport = connection._receiver.stream = Interrupting(connection._transport)  # type: ignore[assignment]
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


@pytest.mark.parametrize("hello", [b"%1\r\n+server\r\n+peer\r\n", b"-ERR unknown command 'HELLO'\r\n"])
def test_the_server_answers_in_bits(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, background: Background, hello: bytes
) -> None:
    """Something always comes, but not within the time for connecting as a whole."""
    monkeypatch.setattr(peer, "_reply", lambda _: b"")

    def dribble() -> None:
        until(lambda: peer.accepted == 1)
        with suppress(OSError):
            for number in itertools.count():
                peer.say((hello + b"+OK\r\n" * 2)[number % 1000 :][:1] or b"+")
                time.sleep(0.05)

    dribbling = background(dribble)
    started = time.monotonic()
    with pytest.raises(TimeoutError, match=r"connect_timeout|no reply") as caught:
        open_connection(dataclasses.replace(peer.config, connect_timeout=0.4))
    assert 0.3 <= time.monotonic() - started < 1.5
    assert caught.value.not_applied
    dribbling.result()


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
