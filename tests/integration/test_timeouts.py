"""Limits of time, and the commands that have their own."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from syncredis import NO_RETRY, OutcomeUnknownError, PoolTimeoutError, Redis, RetryPolicy, TimeoutError
from syncredis.command import Command
from syncredis.testing import ServerProcess
from tests.fixtures.servers import BINARIES
from tests.fixtures.threads import BackgroundCall, until
from tests.integration.conftest import pool_of
from tests.sentinel.faults import NEVER, black_hole, silent, takes

Connect = Callable[..., Any]
Start = Callable[..., ServerProcess]
Background = Callable[..., BackgroundCall]


@pytest.fixture
def server_name() -> str:
    """One kind of server: limits of time are our doing alone."""
    return next(iter(BINARIES))


def test_a_server_that_stands_still(connect: Connect, start: Start, protocol: int) -> None:
    server = start()
    client = connect(server, protocol=protocol, stream_timeout=0.3, connect_timeout=NEVER)
    server.execute_command("MSET", "n", "7", "k", "v")
    assert client.execute_command("GET", "k") == "v"
    server.freeze()
    with takes(at_least=0.3), pytest.raises(TimeoutError, match=r"no reply from .* within 0\.3 s") as read:
        client.execute_command("GET", "n")
    assert not isinstance(read.value, OutcomeUnknownError)
    server.thaw()
    # The reply that is still under way belongs to nobody.
    assert client.execute_command("GET", "k") == "v"
    server.freeze()
    with takes(at_least=0.3), pytest.raises(TimeoutError, match="INCR was sent, but no reply came") as written:
        client.execute_command("INCR", "n")
    assert isinstance(written.value, OutcomeUnknownError)
    assert isinstance(written.value.__cause__, TimeoutError)
    server.thaw()
    until(lambda: server.execute_command("GET", "n") == "8")
    assert client.execute_command("GET", "k") == "v"
    assert len(pool_of(client)._state.slots) == 1


def test_reads_are_tried_again_after_a_timeout_if_that_is_asked_for(connect: Connect, start: Start) -> None:
    server = start()
    policy = RetryPolicy(retries=None, deadline=NEVER, after_timeout=True)
    client = connect(server, stream_timeout=0.2, retry_policy=policy)
    client.execute_command("SET", "k", "v")
    server.freeze()
    thawing = threading.Timer(0.5, server.thaw)
    thawing.start()
    with takes(at_least=0.3):
        assert client.execute_command("GET", "k") == "v"
    thawing.join()


def test_a_server_that_stands_still_while_a_client_connects(connect: Connect, start: Start) -> None:
    """The system accepts on its behalf; the handshake is not answered."""
    server = start()
    server.freeze()
    client = connect(server, connect_timeout=0.3, stream_timeout=NEVER)
    with takes(at_least=0.3), pytest.raises(TimeoutError) as caught:
        client.execute_command("INCR", "n")
    assert caught.value.not_applied
    assert not isinstance(caught.value, OutcomeUnknownError)
    assert len(pool_of(client)._state.slots) == 0
    server.thaw()
    assert client.execute_command("GET", "n") is None


def test_connecting_takes_too_long(connect: Connect) -> None:
    with black_hole() as location, takes(at_least=0.3):
        client = connect(location, connect_timeout=0.3)
        with pytest.raises(TimeoutError, match=r"took longer than 0\.3 s \(connect_timeout\)") as caught:
            client.execute_command("INCR", "n")
        assert caught.value.not_applied
        assert len(pool_of(client)._state.slots) == 0


def test_the_shorter_limit_counts_for_the_handshake(connect: Connect) -> None:
    with silent() as location, takes(at_least=0.2), pytest.raises(TimeoutError):
        connect(location, connect_timeout=NEVER, stream_timeout=0.2).execute_command("PING")


def test_the_handshakes_limit_is_not_the_connections(connect: Connect, server: ServerProcess) -> None:
    client = connect(server, connect_timeout=0.5, stream_timeout=NEVER)
    assert client.execute_command("PING") == "PONG"
    with takes(at_least=0.9):
        assert client.execute_command("BLPOP", "nothing", 1) is None


def test_all_connections_are_in_use(connect: Connect, server: ServerProcess, background: Background) -> None:
    client = connect(server, max_connections=1, pool_timeout=0.2)
    waiting = background(client.execute, Command(("BLPOP", "list", 0), blocks=0))
    until(lambda: "blocked_clients:1" in server.execute_command("INFO", "clients"))
    with takes(at_least=0.2), pytest.raises(PoolTimeoutError, match="all 1 connections"):
        client.execute(blpop(1))
    server.execute_command("RPUSH", "list", "x")
    assert waiting.result() == ["list", "x"]


# --- commands that the server holds back ------------------------------------------------------------------


def blpop(seconds: float) -> Command[Any]:
    return Command(("BLPOP", "list", seconds), blocks=seconds)


def test_blocking_for_longer_than_stream_timeout(connect: Connect, server: ServerProcess) -> None:
    client = connect(server, stream_timeout=0.2)
    with takes(at_least=0.9):
        assert client.execute(blpop(1)) is None
    number = client.execute_command("CLIENT", "ID")
    assert client.execute(blpop(0.3)) is None
    assert client.execute_command("CLIENT", "ID") == number, "nothing was closed"


def test_blocking_until_something_comes(connect: Connect, server: ServerProcess, background: Background) -> None:
    client = connect(server, stream_timeout=0.2)
    for seconds in (0, NEVER):
        waiting = background(client.execute, blpop(seconds))
        until(lambda: "blocked_clients:1" in server.execute_command("INFO", "clients"))
        time.sleep(0.4)
        assert not waiting.finished
        server.execute_command("RPUSH", "list", "x")
        assert waiting.result() == ["list", "x"]
        with pytest.raises(TimeoutError, match=r"within 0\.2 s"):
            # The same connection, and a command that nobody said would take long: its limit is the usual one again.
            client.execute_command("BLPOP", "list", 0.5)


def test_blocking_on_a_server_that_stands_still(connect: Connect, start: Start) -> None:
    server = start()
    client = connect(server, stream_timeout=0.2)
    client.execute(blpop(0.01))
    server.freeze()
    with takes(at_least=0.5), pytest.raises(TimeoutError, match=r"within 0\.5 s"):
        client.execute(blpop(0.3))
    server.thaw()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no such timer")
@pytest.mark.xfail(strict=True, reason="Python begins a receive anew after a signal, and the kernel its limit with it")
def test_a_limit_holds_while_signals_arrive(start: Start) -> None:
    server = start()
    handler = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        with Redis(*server.location, stream_timeout=0.5, retry_policy=NO_RETRY) as client:
            client.execute_command("PING")
            server.freeze()
            thawing = threading.Timer(3, server.thaw)
            thawing.start()
            signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
            try:
                with pytest.raises(TimeoutError):
                    client.execute_command("GET", "k")
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                thawing.join()
    finally:
        signal.signal(signal.SIGALRM, handler)
