"""The first command of a connection, which goes out with the handshake if it may: no reply is taken for another one's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from syncredis import Redis
from syncredis.command import Command
from syncredis.connection import Connection
from syncredis.exceptions import (
    AuthenticationError,
    ConnectionError,
    DataError,
    InterruptedCallError,
    ResponseError,
    TimeoutError,
    WrongTypeError,
)
from syncredis.interruption import Interruption
from syncredis.opening import open_connection
from syncredis.testing import ServerProcess
from tests.fixtures.peer import Peer, bulk, politely
from tests.fixtures.threads import BackgroundCall, until

Background = Callable[..., BackgroundCall]

GET: Command[Any] = Command(("GET", "k"))
PING: Command[Any] = Command(("PING",))


@pytest.fixture
def server(servers: dict[str, ServerProcess]) -> Iterator[ServerProcess]:
    server = next(iter(servers.values()))
    with Redis(*server.location) as client:
        client.set("k", "v")
        client.rpush("list", "element")
    yield server
    with Redis(*server.location) as client:
        client.delete("k", "list")


@pytest.fixture
def opened() -> Iterator[Callable[..., Connection]]:
    made: list[Connection] = []

    def open_it(peer: Peer, first: Command[Any]) -> Connection:
        made.append(open_connection(peer.config, first=first))
        return made[-1]

    yield open_it
    for connection in made:
        connection.close()


# --- what goes with the handshake -------------------------------------------------------------------------


def test_it_costs_no_round_trip(server: ServerProcess) -> None:
    for _ in range(3):
        with Redis(*server.location) as client:
            assert client.get("k") == "v"
            assert client.get("k") == "v"
            assert client.pool_statistics().made == 1
        with Redis(*server.location, decode_responses=False) as client:
            assert client.get("k") == b"v"


@pytest.mark.parametrize(
    ("first", "goes"),
    [
        (GET, True),
        (PING, True),
        (Command(("MGET", *"abc")), True),
        (Command(("SET", "k", "v")), False),
        (Command(("INCR", "k")), False),
        (Command(("KEYS", "*")), False),
        (Command(("LRANGE", "k", 0, -1)), False),
        (Command(("EVAL_RO", "return 1", 0)), False),
        (Command(("BLPOP", "k", 0), blocks=0), False),
        (Command(("MGET", *map(str, range(1000)))), False),
        (Command(("GET", b"k" * 100_000)), False),
    ],
    ids=lambda value: value.name if isinstance(value, Command) else None,
)
def test_what_goes(peer: Peer, background: Background, first: Command[Any], goes: bool) -> None:
    """Only what changes nothing, is answered at once, and small: it may be for nothing, and shares the handshake's limit."""
    peer.greeting.clear()
    opening = background(partial(open_connection, peer.config, first=first))
    until(lambda: len(peer.bytes_received) > 0)
    assert (f"\r\n{first.name}\r\n".encode() in peer.bytes_received) == goes
    peer.greeting.set()
    opening.result().close()


def test_a_connection_that_nobody_used_is_not_lent(peer: Peer) -> None:
    """Its reply would be the next caller's."""
    with Redis(*peer.location, max_connections=1) as client:
        client.pool.return_connection(client.pool.lease(first=PING))
        assert client.pool_statistics().idle == 0
        assert client.execute_command("ECHO", "mine") == "mine"
        assert peer.accepted == 2


def test_the_reply_is_nobody_elses(peer: Peer, opened: Callable[..., Connection]) -> None:
    connection = opened(peer, PING)
    with pytest.raises(ConnectionError, match="broke in an earlier call") as caught:
        connection.execute(Command(("ECHO", "mine")), True)
    assert caught.value.not_applied
    assert not connection.in_step


def test_nor_of_an_equal_command(peer: Peer, opened: Callable[..., Connection]) -> None:
    with pytest.raises(ConnectionError):
        opened(peer, PING).execute(Command(("PING",)), True)
    with pytest.raises(ConnectionError):
        opened(peer, PING).execute_many([PING], True)


def test_it_is_owed_once(peer: Peer, opened: Callable[..., Connection]) -> None:
    connection = opened(peer, PING)
    assert not connection.in_step
    assert connection.execute(PING, True) == "PONG"
    assert connection.in_step
    assert connection.execute(PING, True) == "PONG"
    until(lambda: len(peer.received) == 2)


def test_more_than_was_asked_for(peer: Peer, opened: Callable[..., Connection]) -> None:
    peer.answer = lambda _: b"+PONG\r\n+more\r\n"
    connection = opened(peer, PING)
    assert connection.execute(PING, True) == "PONG"
    if connection.in_step:  # it came in a segment of its own; then the pool sees it
        until(lambda: not connection.is_quiet())


# --- the handshake comes first -----------------------------------------------------------------------------


def test_a_server_that_refuses_hello(server: ServerProcess) -> None:
    """What it said in RESP2 is no reply: the command is sent again once the protocol is settled."""
    with Redis(*server.location) as admin:
        admin.execute_command("ACL", "SETUSER", "old", "on", ">secret", "allkeys", "+@all", "-hello")
        calls = admin.info("commandstats").get("cmdstat_get", {}).get("calls", 0)
        try:
            with Redis(*server.location, username="old", password="secret") as client:
                assert client.get("k") == "v"
                assert client.execute_command("ECHO", "mine") == "mine"
                assert client.pool_statistics().made == 1
            assert admin.info("commandstats")["cmdstat_get"]["calls"] == calls + 1, "the first was not allowed yet"
        finally:
            admin.execute_command("ACL", "DELUSER", "old")


def test_a_password_that_is_wrong(server: ServerProcess) -> None:
    with Redis(*server.location, username="nobody", password="wrong") as client:
        with pytest.raises(AuthenticationError, match="WRONGPASS"):
            client.get("k")
        assert client.pool_statistics().open == 0


def test_a_database_that_there_is_not(server: ServerProcess) -> None:
    """The command has read in another one, which nobody gets to see."""
    with Redis(*server.location, db=12_345) as client:
        with pytest.raises(ResponseError, match="DB index"):
            client.get("k")
        assert client.pool_statistics().open == 0


def test_another_database(server: ServerProcess) -> None:
    with Redis(*server.location, db=3) as client:
        assert client.get("k") is None


# --- its end -----------------------------------------------------------------------------------------------


def test_an_error_is_its_own(server: ServerProcess) -> None:
    with Redis(*server.location) as client:
        with pytest.raises(WrongTypeError):
            client.get("list")
        assert client.get("k") == "v"
        assert client.pool_statistics().made == 1


def test_an_argument_that_can_not_be_sent(peer: Peer) -> None:
    with Redis(*peer.location, max_connections=1, pool_timeout=1) as client:
        for _ in range(2):
            with pytest.raises(DataError):
                client.execute_command("GET", object())
        assert client.ping()


@pytest.mark.parametrize("interruptible", [False, True])
def test_the_connection_ends_before_the_reply(peer: Peer, interruptible: bool) -> None:
    """It changes nothing, so it is tried again."""
    refusals = iter([True])

    def answer(words: Any) -> bytes:
        if next(refusals, False):
            peer.drop_all()
        return politely(words)

    peer.answer = answer
    with Redis(*peer.location) as client:
        call = (
            (lambda: Interruption().run(client.execute_command, "ECHO", "mine"))
            if interruptible
            else (lambda: client.execute_command("ECHO", "mine"))
        )
        assert call() == "mine"
        assert client.pool_statistics().made == 2


def test_no_reply(peer: Peer, opened: Callable[..., Connection]) -> None:
    peer.answer = lambda _: b""
    connection = opened(peer, GET)
    connection.set_timeout(0.1)
    with pytest.raises(TimeoutError, match=r"no reply from .* within 0\.1 s"):
        connection.execute(GET, True)
    assert not connection.in_step


def test_interrupted(peer: Peer, opened: Callable[..., Connection], background: Background) -> None:
    peer.answer = lambda _: b""
    connection, call = opened(peer, GET), Interruption()
    getting = background(call.run, connection.execute, GET, True)
    until(lambda: len(peer.received) == 1)
    call.interrupt()
    assert isinstance(getting.error(), ConnectionError)
    assert not connection.in_step


def test_broken_off(peer: Peer, opened: Callable[..., Connection], background: Background) -> None:
    peer.answer = lambda _: b""
    connection = opened(peer, GET)
    getting = background(connection.execute, GET, True)
    until(lambda: len(peer.received) == 1)
    connection.interrupt(InterruptedCallError("the primary has moved"))
    assert isinstance(getting.error(), InterruptedCallError)


def test_a_large_reply(peer: Peer, opened: Callable[..., Connection]) -> None:
    value = b"0123456789abcdef" * 100_000
    peer.answer = lambda words: bulk(value) if words[0] == b"GET" else politely(words)
    connection = opened(peer, GET)
    assert connection.execute(GET, False) == value
    assert connection.execute(GET, True) == value.decode()
    assert connection.execute(PING, True) == "PONG"


def test_many_at_once(server: ServerProcess) -> None:
    """Each thread's first command is on a new connection, and each gets its own reply."""
    threads, wrong, gate = [], [], threading.Barrier(16)
    with Redis(*server.location) as client:

        def run(number: int) -> None:
            gate.wait()
            for turn in range(20):
                sent = f"{number}:{turn}"
                if client.execute_command("ECHO", sent) != sent:
                    wrong.append(sent)
                if turn % 5 == 0:
                    client.pool.invalidate()

        for number in range(16):
            threads.append(threading.Thread(target=run, args=(number,)))
            threads[-1].start()
        for thread in threads:
            thread.join()
    assert not wrong
