"""How a conversation begins: version of the protocol, user, database, name, in one round trip; and how it is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from syncredis import NO_RETRY, ResponseError
from syncredis.config import ConnectionConfig
from syncredis.exceptions import AuthenticationError, AuthenticationRequiredError, BusyLoadingError, UnknownCommandError
from syncredis.opening import open_connection
from syncredis.testing import FaultProxy, ServerProcess
from tests.fixtures.clients import resting
from tests.fixtures.surfaces import Surface
from tests.integration.conftest import pool_of

Connect = Callable[..., Any]
Start = Callable[..., ServerProcess]


def spoken(client: Any) -> int:
    """The version of the protocol that a client's connection speaks."""
    (connection,) = resting(pool_of(client))
    version: int = connection.protocol
    return version


def test_the_version_of_the_protocol(connect: Connect, server: ServerProcess, protocol: int) -> None:
    client = connect(server, protocol=protocol)
    command = client.execute_command("HGETALL", "nothing")
    assert command == ({} if protocol == 3 else [])
    assert spoken(client) == protocol


def test_the_name(connect: Connect, server: ServerProcess, protocol: int) -> None:
    client = connect(server, protocol=protocol, client_name="me:7")
    assert client.execute_command("CLIENT", "GETNAME") == "me:7"
    for bad in ("a b", "a\nb"):
        with pytest.raises(ResponseError, match=r"[Cc]lient name"):
            connect(server, protocol=protocol, client_name=bad).execute_command("PING")


def test_the_library_says_who_it_is(connect: Connect, server: ServerProcess, protocol: int) -> None:
    """Servers before 7.2 do not want to know, and are used all the same."""
    info = connect(server, protocol=protocol).execute_command("CLIENT", "INFO")
    knows = server.binary.name == "valkey" or server.binary.version >= (7, 2, 0)
    assert ("lib-name=syncredis" in info) is knows


def test_the_database(connect: Connect, server: ServerProcess, protocol: int) -> None:
    here, there = (connect(server, protocol=protocol, db=db) for db in (3, 4))
    here.execute_command("SET", "k", "3")
    there.execute_command("SET", "k", "4")
    assert here.execute_command("GET", "k") == "3"
    assert there.execute_command("GET", "k") == "4"
    assert connect(server, protocol=protocol).execute_command("GET", "k") is None
    here.execute_command("FLUSHALL")


def test_a_database_that_does_not_exist(connect: Connect, server: ServerProcess, protocol: int) -> None:
    client = connect(server, protocol=protocol, db=9999)
    for _ in range(2):
        with pytest.raises(ResponseError, match="DB index is out of range") as caught:
            client.execute_command("INCR", "n")
        assert caught.value.not_applied
    assert len(pool_of(client)._state.slots) == 0


# --- how often it goes there and back ---------------------------------------------------------------------


@pytest.mark.parametrize("ask_role", [False, True])
@pytest.mark.parametrize("options", [{}, {"db": 2}, {"client_name": "n"}, {"db": 2, "client_name": "n"}], ids=str)
def test_one_round_trip(proxy: FaultProxy, protocol: int, options: dict[str, Any], ask_role: bool) -> None:
    config = ConnectionConfig(location=proxy.location, protocol=protocol, **options)  # type: ignore[arg-type]
    connection = open_connection(config, ask_role=ask_role)
    assert proxy.round_trips == 1
    assert proxy.accepted == 1
    assert connection.role == ("primary" if ask_role else None)
    assert connection.in_step
    connection.close()


def test_each_command_is_another(connect: Connect, proxy: FaultProxy, surface: Surface) -> None:
    """But the first one, where the caller makes the connection himself."""
    client = connect(proxy.location)
    before = 0 if surface.name == "sync" else 1
    for number in range(1, 4):
        client.execute_command("PING")
        assert proxy.round_trips == before + number
    assert proxy.accepted == 1


def test_with_a_password(start: Start, protocol: int) -> None:
    server = start(password="hidden")
    with FaultProxy(server.location) as proxy:
        config = ConnectionConfig(location=proxy.location, protocol=protocol, password="hidden", db=1, client_name="n")
        connection = open_connection(config, ask_role=True)
        assert proxy.round_trips == 1
        connection.close()


# --- HELLO is refused -------------------------------------------------------------------------------------


@pytest.fixture
def old(start: Start) -> ServerProcess:
    """A server that does not know HELLO, as before version 6."""
    return start(config={"rename-command": 'HELLO ""'})


def test_a_server_that_does_not_know_hello(connect: Connect, old: ServerProcess) -> None:
    """Then it is RESP2, and a second round trip."""
    with FaultProxy(old.location) as proxy:
        client = connect(proxy.location, db=1, client_name="n")
        assert client.execute_command("SET", "k", "in 1") == "OK"
        assert proxy.round_trips == 3
        assert spoken(client) == 2
        assert client.execute_command("HGETALL", "nothing") == []
        assert client.execute_command("CLIENT", "GETNAME") == "n"
        assert client.execute_command("GET", "k") == "in 1"
        assert connect(old).execute_command("GET", "k") is None


def test_users_of_a_server_that_does_not_know_hello(connect: Connect, old: ServerProcess) -> None:
    old.execute_command("ACL", "SETUSER", "someone", "on", ">right", "~*", "+@all")
    client = connect(old, username="someone", password="right")
    assert client.execute_command("ACL", "WHOAMI") == "someone"
    for options in ({"username": "someone", "password": "wrong"}, {"username": "nobody", "password": "right"}):
        with pytest.raises(AuthenticationError, match="WRONGPASS"):
            connect(old, **options).execute_command("PING")
    with pytest.raises(AuthenticationError, match="without any password"):
        connect(old, password="right").execute_command("PING")


def test_hello_can_not_be_forbidden(connect: Connect, start: Start) -> None:
    """Servers let everybody run what takes no authentication, whatever the rules say."""
    server = start()
    server.execute_command("ACL", "SETUSER", "default", "nocommands", "+ping")
    client = connect(server)
    assert client.execute_command("PING") == "PONG"
    assert spoken(client) == 3


def test_a_user_who_may_not_describe_the_client(connect: Connect, start: Start, protocol: int) -> None:
    server = start()
    server.execute_command("ACL", "SETUSER", "plain", "on", ">right", "~*", "+@all", "-client", "-role")
    client = connect(server, protocol=protocol, username="plain", password="right", db=1)
    assert client.execute_command("PING") == "PONG"
    assert spoken(client) == protocol
    config = dataclasses.replace(pool_of(client).config)
    connection = open_connection(config, ask_role=True)
    assert connection.role is None
    connection.close()


# --- user and password ------------------------------------------------------------------------------------


@pytest.fixture(params=["hidden", "", "hïdden w\"o'rd\r\n\0%/@:"], ids=["plain", "empty", "strange"])
def secret(request: pytest.FixtureRequest) -> str:
    word: str = request.param
    return word


def test_the_right_password(connect: Connect, start: Start, protocol: int, secret: str) -> None:
    server = start()
    server.execute_command("ACL", "SETUSER", "someone", "on", f">{secret}", "~*", "+@all")
    client = connect(server, protocol=protocol, username="someone", password=secret)
    assert client.execute_command("ACL", "WHOAMI") == "someone"
    server.execute_command("ACL", "SETUSER", "default", f">{secret}")
    for username in (None, "default"):
        client = connect(server, protocol=protocol, username=username, password=secret)
        assert client.execute_command("ACL", "WHOAMI") == "default"


def test_what_is_refused(connect: Connect, start: Start, protocol: int) -> None:
    server = start(password="hidden")

    def refused(**options: Any) -> BaseException:
        client = connect(server, protocol=protocol, **options)
        with pytest.raises(AuthenticationError) as caught:
            client.execute_command("INCR", "n")
        assert caught.value.not_applied
        assert not caught.value.transient
        assert "hidden" not in str(caught.value)
        assert "wrong" not in str(caught.value)
        return caught.value

    assert type(refused()) is AuthenticationRequiredError
    assert type(refused(db=3)) is AuthenticationRequiredError
    for options in ({"password": "wrong"}, {"username": "nobody", "password": "hidden"}, {"password": ""}):
        assert type(refused(**options)) is AuthenticationError
        assert type(refused(db=3, client_name="n", **options)) is AuthenticationError
    assert connect(server, protocol=protocol, password="hidden").execute_command("GET", "n") is None


def test_refused_once_is_enough(connect: Connect, start: Start) -> None:
    server = start(password="hidden")
    with FaultProxy(server.location) as proxy:
        with pytest.raises(AuthenticationError):
            connect(proxy.location, password="wrong").execute_command("PING")
        assert proxy.accepted == 1, "trying again does not help, and may lock the user out"


def test_a_password_that_nobody_asked_for(connect: Connect, server: ServerProcess, protocol: int) -> None:
    """The default user of most servers takes any; only AUTH with a password alone is refused."""
    client = connect(server, protocol=protocol, password="hidden")
    if protocol == 2:
        with pytest.raises(AuthenticationError, match="without any password") as caught:
            client.execute_command("PING")
        assert "hidden" not in str(caught.value)
    else:
        assert client.execute_command("PING") == "PONG"


def test_a_server_that_does_not_know_auth(connect: Connect, start: Start, protocol: int) -> None:
    """It repeats what it does not understand, the password included; we do not."""
    server = start(config={"rename-command": ['HELLO ""', 'AUTH ""']})
    for options in ({"password": "hidden"}, {"username": "u", "password": "hidden"}):
        with pytest.raises(UnknownCommandError, match="unknown command") as caught:
            connect(server, protocol=protocol, **options).execute_command("PING")
        assert "hidden" not in str(caught.value)


@pytest.mark.since(redis="7.0", valkey="9.1")
def test_the_server_is_still_loading(start: Start, surface: Surface) -> None:
    """It answers, but is of no use yet: a call is tried again."""
    slowly = {"loading-process-events-interval-bytes": 1024, "key-load-delay": 20_000, "rdbcompression": False}
    server = start(config=slowly | {"save": "3600 1"})
    for number in range(20):
        server.execute_command("SET", f"k{number}", "x" * 1000)
    server.execute_command("SAVE")
    server.restart(wait=False)
    with surface.Redis(*server.location, retry_policy=NO_RETRY) as client:
        seen: set[type[BaseException]] = set()
        while True:
            try:
                assert client.execute_command("INCR", "n") == 1
            except (BusyLoadingError, ConnectionError) as error:
                seen.add(type(error))
                continue
            break
    assert BusyLoadingError in seen
