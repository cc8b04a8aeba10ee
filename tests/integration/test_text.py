"""Text and bytes: what is not text is an error that names the way out, and costs nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from syncredis import DataError, DecodeError
from syncredis.command import Command
from syncredis.testing import ServerProcess
from tests.integration.conftest import wipe

Connect = Callable[..., Any]

NO_TEXT = b"a\xffz"


@pytest.fixture
def filled(server: ServerProcess) -> ServerProcess:
    """Holds what is no text, as a value, in a list, as a field and as a key."""
    wipe(server)
    server.execute_command("SET", "k", NO_TEXT)
    server.execute_command("SET", "fine", "ü")
    server.execute_command("RPUSH", "list", "one", NO_TEXT, "three")
    server.execute_command("HSET", "hash", NO_TEXT, "value", "field", NO_TEXT)
    server.execute_command("SET", b"key \xfe", "v")
    return server


@pytest.mark.parametrize(
    "arguments",
    [
        ("GET", "k"),
        ("LRANGE", "list", 0, -1),
        ("HGETALL", "hash"),
        ("MGET", "fine", "k", "fine"),
        ("KEYS", "*"),
        ("SCAN", 0),
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_is_no_text(connect: Connect, filled: ServerProcess, protocol: int, arguments: tuple[Any, ...]) -> None:
    client = connect(filled, protocol=protocol)
    number = client.execute_command("CLIENT", "ID")
    for _ in range(3):
        with pytest.raises(
            DecodeError, match=r"not valid utf-8 .* decode_responses=False returns it as bytes"
        ) as caught:
            client.execute_command(*arguments)
        assert isinstance(caught.value.__cause__, UnicodeDecodeError)
        assert client.execute_command("GET", "fine") == "ü"
    assert client.execute_command("CLIENT", "ID") == number, "the connection stays in step, and is kept"


def test_bytes(connect: Connect, filled: ServerProcess, protocol: int) -> None:
    client = connect(filled, protocol=protocol, decode_responses=False)
    assert client.execute_command("GET", "k") == NO_TEXT
    assert client.execute_command("GET", "fine") == "ü".encode()
    assert client.execute_command("LRANGE", "list", 0, -1) == [b"one", NO_TEXT, b"three"]
    assert client.execute_command("GET", b"key \xfe") == b"v"
    assert NO_TEXT in client.execute_command("HGETALL", "hash")
    assert client.execute_command("SET", "k", "v") == b"OK"


def test_a_command_may_say_otherwise(connect: Connect, filled: ServerProcess, protocol: int) -> None:
    client = connect(filled, protocol=protocol)
    assert client.execute(Command(("GET", "k"), text=False)) == NO_TEXT
    assert client.execute(Command(("GET", "fine"), text=False)) == "ü".encode()
    raw = connect(filled, protocol=protocol, decode_responses=False)
    assert raw.execute(Command(("GET", "fine"), text=True)) == "ü"
    with pytest.raises(DecodeError):
        raw.execute(Command(("GET", "k"), text=True))


def test_another_encoding(connect: Connect, filled: ServerProcess, protocol: int) -> None:
    client = connect(filled, protocol=protocol, encoding="latin-1", client_name="latin", db=0)
    assert client.execute_command("GET", "k") == "aÿz"
    assert client.execute_command("SET", "é", "è") == "OK"
    assert client.execute_command("GET", "é") == "è"
    with pytest.raises(DataError, match="argument 2 of SET can not be encoded as latin-1"):
        client.execute_command("SET", "k", "€")
    raw = connect(filled, decode_responses=False)
    assert raw.execute_command("GET", b"\xe9") == b"\xe8"


@pytest.mark.parametrize("value", [None, True, {}, [], object(), "\ud800"], ids=lambda value: type(value).__name__)
def test_what_can_not_be_sent(connect: Connect, filled: ServerProcess, value: Any) -> None:
    client = connect(filled)
    number = client.execute_command("CLIENT", "ID")
    with pytest.raises(DataError, match="argument 2 of SET"):
        client.execute_command("SET", "fine", value)
    assert client.execute_command("GET", "fine") == "ü"
    assert client.execute_command("CLIENT", "ID") == number


def test_no_command_at_all(connect: Connect, filled: ServerProcess) -> None:
    """A server does not answer an empty request: the call would wait until its time is up."""
    with pytest.raises(DataError, match="at least its name"):
        connect(filled).execute_command()
