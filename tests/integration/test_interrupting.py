"""Calls that another thread breaks off, wherever they are blocked. On the facade, cancellation does this."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncredis import ConnectionError, OutcomeUnknownError, Redis, RetryPolicy
from syncredis.command import Command
from syncredis.exceptions import InterruptedCallError
from syncredis.interruption import Interruption
from syncredis.testing import ServerProcess
from tests.fixtures.threads import BackgroundCall, until
from tests.sentinel.faults import NEVER, black_hole, silent, takes

Background = Callable[..., BackgroundCall]

BLPOP: Command[Any] = Command(("BLPOP", "nothing", 0), blocks=0)
GET: Command[Any] = Command(("GET", "k"))
INCR: Command[Any] = Command(("INCR", "n"))


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Redis[str]]:
    with Redis(*server.location, max_connections=1, pool_timeout=NEVER, stream_timeout=NEVER) as made:
        made.execute_command("FLUSHALL")
        yield made


def blocked(server: ServerProcess, count: int) -> None:
    until(lambda: f"blocked_clients:{count}" in server.execute_command("INFO", "clients"))


def test_while_the_server_holds_the_reply_back(
    client: Redis[str], server: ServerProcess, background: Background
) -> None:
    call = Interruption()
    waiting = background(call.run, client.execute, BLPOP)
    blocked(server, 1)
    with takes():
        call.interrupt()
        assert isinstance(waiting.error(), OutcomeUnknownError)
    blocked(server, 0)
    assert len(client.pool._state.slots) == 0
    assert client.execute_command("PING") == "PONG"


def test_while_it_waits_for_a_connection(client: Redis[str], server: ServerProcess, background: Background) -> None:
    holding, call = Interruption(), Interruption()
    held = background(holding.run, client.execute, BLPOP)
    blocked(server, 1)
    waiting = background(call.run, client.execute, INCR)
    until(lambda: len(client.pool._state.waiters) == 1)
    with takes():
        call.interrupt()
        error = waiting.error()
    assert type(error) is InterruptedCallError, "nothing was sent, so nothing is unknown"
    holding.interrupt()
    held.join()
    assert client.execute_command("INCR", "n") == 1


@pytest.mark.parametrize("where", [black_hole, silent])
def test_while_it_connects(where: Any, background: Background) -> None:
    call = Interruption()
    with where() as location, Redis(*location, connect_timeout=NEVER) as client:
        waiting = background(call.run, client.execute, INCR)
        until(lambda: len(client.pool._state.slots) == 1)
        with takes():
            call.interrupt()
            error = waiting.error()
        assert isinstance(error, ConnectionError)
        assert not isinstance(error, OutcomeUnknownError)
        assert len(client.pool._state.slots) == 0


def test_between_two_attempts(background: Background) -> None:
    with black_hole() as location:
        policy = RetryPolicy(retries=None, base_delay=NEVER, max_delay=NEVER, after_timeout=True)
        with Redis(*location, connect_timeout=0.05, retry_policy=policy) as client:
            call = Interruption()
            waiting = background(call.run, client.execute, INCR)
            until(lambda: len(call._wakers) == 1 and len(client.pool._state.slots) == 0)
            with takes():
                call.interrupt()
                assert type(waiting.error()) is InterruptedCallError


def test_beforehand(client: Redis[str]) -> None:
    call = Interruption()
    call.interrupt()
    for command in (GET, INCR, BLPOP):
        with pytest.raises(InterruptedCallError):
            call.run(client.execute, command)
    assert client.execute_command("INCR", "n") == 1


def test_afterwards(client: Redis[str]) -> None:
    call = Interruption()
    assert call.run(client.execute, INCR) == 1
    number = client.execute_command("CLIENT", "ID")
    call.interrupt()
    assert client.execute_command("INCR", "n") == 2
    assert client.execute_command("CLIENT", "ID") == number


def test_closing_the_client_ends_its_calls(client: Redis[str], server: ServerProcess, background: Background) -> None:
    waiting = background(client.execute, BLPOP)
    blocked(server, 1)
    with takes():
        client.close()
        error = waiting.error()
    assert isinstance(error, OutcomeUnknownError)
    assert isinstance(error.__cause__, InterruptedCallError)
    assert "was closed while this call was in progress" in str(error)
    blocked(server, 0)
    assert client.execute_command("PING") == "PONG"
