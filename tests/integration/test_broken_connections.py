"""Connections that break, idle or in use, and servers that go away: what is repeated, what is not, and what is said."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from syncredis import NO_RETRY, ConnectionError, OutcomeUnknownError, RetryPolicy
from syncredis.command import Command
from syncredis.exceptions import MaxClientsError
from syncredis.pool_state import CHECK_AFTER
from syncredis.testing import Fault, FaultProxy, ServerProcess
from tests.fixtures.threads import BackgroundCall, until
from tests.integration.conftest import pool_of, wipe

Connect = Callable[..., Any]
Start = Callable[..., ServerProcess]
Background = Callable[..., BackgroundCall]


def connected(server: ServerProcess) -> set[int]:
    """The numbers of the clients that a server has."""
    lines = server.execute_command("CLIENT", "LIST").split("\n")
    return {int(line.split()[0].removeprefix("id=")) for line in lines if line}


def kill(server: ServerProcess, number: int) -> None:
    """Close a client's connection from the server's side, and wait until that is done."""
    server.execute_command("CLIENT", "KILL", "ID", number)
    until(lambda: number not in connected(server))


def cut_next(proxy: FaultProxy, moment: str) -> None:
    """Have the connection of the next request end "before" the server gets it, or "after" it has answered."""
    if moment == "before":
        proxy.to_server = Fault(cut_after=0)
    else:
        proxy.to_client = Fault(cut_after=0)


def rest() -> None:
    """Let the connections of a pool rest for so long that they are looked at before they are lent again."""
    time.sleep(CHECK_AFTER * 2)


def test_killed_while_idle(connect: Connect, server: ServerProcess, protocol: int) -> None:
    """Nothing was sent on it, so that even what must not be repeated goes through."""
    wipe(server)
    client = connect(server, protocol=protocol, retry_policy=NO_RETRY)
    for count in range(1, 4):
        number = client.execute_command("CLIENT", "ID")
        kill(server, number)
        rest()
        assert client.execute_command("INCR", "n") == count
        assert client.execute_command("CLIENT", "ID") != number
        assert len(pool_of(client)._state.slots) == 1


def test_all_killed_while_idle(connect: Connect, server: ServerProcess, background: Background) -> None:
    wipe(server)
    client = connect(server, retry_policy=NO_RETRY)
    blocked = [background(client.execute, Command(("BLPOP", "list", 0), blocks=0)) for _ in range(5)]
    until(lambda: "blocked_clients:5" in server.execute_command("INFO", "clients"))
    server.execute_command("RPUSH", "list", *range(5))
    assert sorted(call.result()[1] for call in blocked) == list("01234")
    assert len(pool_of(client)._state.shelf) == 5
    server.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    until(lambda: len(connected(server)) == 1)
    rest()
    for count in range(1, 7):
        assert client.execute_command("INCR", "n") == count


@pytest.mark.parametrize("cut", ["before", "after"])
def test_broken_while_a_read_is_under_way(connect: Connect, proxy: FaultProxy, server: ServerProcess, cut: str) -> None:
    """It changes nothing, so it is repeated."""
    server.execute_command("SET", "k", "v")
    client = connect(proxy.location)
    assert client.execute_command("GET", "k") == "v"
    for number in range(1, 4):
        cut_next(proxy, cut)
        assert client.execute_command("GET", "k") == "v"
        assert proxy.struck == number
        assert proxy.accepted == 1 + number
    assert len(pool_of(client)._state.slots) == 1


@pytest.mark.parametrize(("cut", "applied"), [("before", 0), ("after", 1)])
def test_broken_while_a_write_is_under_way(
    connect: Connect, proxy: FaultProxy, server: ServerProcess, cut: str, applied: int
) -> None:
    """Whether it was carried out can not be known. It is never carried out twice."""
    wipe(server)
    client = connect(proxy.location)
    client.execute_command("SET", "n", 10)
    for count in range(1, 4):
        cut_next(proxy, cut)
        with pytest.raises(OutcomeUnknownError, match="INCR was sent, but no reply came") as caught:
            client.execute_command("INCR", "n")
        assert isinstance(caught.value.__cause__, ConnectionError)
        assert client.execute_command("GET", "n") == str(10 + count * applied)
    assert len(pool_of(client)._state.slots) == 1


def test_broken_again_and_again(connect: Connect, proxy: FaultProxy) -> None:
    """A read is repeated three times, and not for ever."""
    client = connect(proxy.location)
    client.execute_command("PING")

    before = proxy.accepted
    proxy.to_server = Fault(cut_after=0, repeat=True)
    with pytest.raises(ConnectionError):
        client.execute_command("GET", "k")
    assert proxy.accepted == before + 3
    assert len(pool_of(client)._state.slots) == 0


def test_killed_while_it_blocks(connect: Connect, server: ServerProcess, background: Background) -> None:
    wipe(server)
    client = connect(server, client_name="blocking")
    waiting = background(client.execute, Command(("BLPOP", "list", 0), blocks=0))
    until(lambda: "blocked_clients:1" in server.execute_command("INFO", "clients"))
    (line,) = [line for line in server.execute_command("CLIENT", "LIST").split("\n") if "name=blocking" in line]
    kill(server, int(line.split()[0].removeprefix("id=")))
    assert isinstance(waiting.error(), OutcomeUnknownError)
    assert client.execute_command("PING") == "PONG"


# --- servers that go away ---------------------------------------------------------------------------------


def test_restarted_between_two_calls(connect: Connect, start: Start, protocol: int) -> None:
    server = start()
    client = connect(server, protocol=protocol, retry_policy=NO_RETRY)
    for _ in range(3):
        assert client.execute_command("INCR", "n") == 1
        server.restart()
        rest()


def test_gone_and_back(connect: Connect, start: Start) -> None:
    server = start()
    client = connect(server)
    assert client.execute_command("SET", "k", "v") == "OK"
    server.kill()
    rest()
    for command in (("GET", "k"), ("INCR", "n")):
        with pytest.raises(ConnectionError, match=r"can not connect to .* refused") as caught:
            client.execute_command(*command)
        assert caught.value.not_applied, "INCR as well: it was never sent"
        assert not isinstance(caught.value, OutcomeUnknownError)
    assert len(pool_of(client)._state.slots) == 0
    server.start()
    assert client.execute_command("INCR", "n") == 1


def test_away_for_a_moment(connect: Connect, start: Start, background: Background) -> None:
    """A call that was never sent is tried again for as long as the policy says, a write like a read."""
    server = start()
    client = connect(server, retry_policy=RetryPolicy(retries=None, deadline=60))
    assert client.execute_command("PING") == "PONG"
    server.kill()
    rest()
    calls = [background(client.execute_command, "INCR", "n") for _ in range(4)]
    time.sleep(0.3)
    assert not any(call.finished for call in calls)
    server.start()
    assert sorted(call.result() for call in calls) == [1, 2, 3, 4]
    assert server.execute_command("GET", "n") == "4"


def test_too_many_clients(connect: Connect, start: Start) -> None:
    server = start(config={"maxclients": 1})
    keeper = connect(server)
    assert keeper.execute_command("PING") == "PONG"
    client = connect(server, retry_policy=NO_RETRY)
    with pytest.raises((MaxClientsError, ConnectionError)) as caught:
        client.execute_command("INCR", "n")
    assert caught.value.not_applied
    keeper.close()
    patient = connect(server, retry_policy=RetryPolicy(retries=None, deadline=60))
    assert patient.execute_command("INCR", "n") == 1
