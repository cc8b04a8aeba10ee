"""Which keys a command reads and writes: what the client thinks is what the servers say."""

from __future__ import annotations

import pytest

from syncredis import Redis
from syncredis.command import Command
from syncredis.exceptions import ResponseError
from syncredis.keys import keys_read, keys_written, reads_keys_alone
from syncredis.testing import ServerProcess
from tests.fixtures.calls import call_of, command_methods, recorded


def keys_of(server: ServerProcess, command: Command[object]) -> dict[bytes, set[str]] | None:
    """The keys of a command, and what it does with each, as the server says; None if it does not know the command."""
    with Redis(*server.location, decode_responses=False) as client:
        try:
            listed = client.execute_command("COMMAND", "GETKEYSANDFLAGS", *command.arguments)
        except ResponseError as error:
            return {} if "has no key arguments" in str(error) else None
        return {key: {flag.decode() for flag in flags} for key, flags in listed}


def test_keys_are_what_the_server_says(server: ServerProcess) -> None:
    if server.binary.version < (7,):
        pytest.skip("COMMAND GETKEYSANDFLAGS came with Redis 7.0")
    compared = 0
    for name in command_methods():
        call = call_of(name)
        command = recorded(name, *call.arguments, **call.options)
        listed = keys_of(server, command)
        if listed is None:
            continue
        compared += 1
        if reads_keys_alone(command.arguments):
            assert command.read_only
            assert keys_read(command.arguments, "utf-8") == listed.keys(), name
        written = keys_written(command, "utf-8")
        if written is not None and not command.read_only:
            changed = {key for key, flags in listed.items() if {"OW", "RW", "RM"} & flags}
            assert changed <= written <= listed.keys(), name
    assert compared > 250


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        (("SET", "k", 1), {b"k"}),
        (("set", b"k", 1), {b"k"}),
        (("MSET", "a", 1, "b", 2), {b"a", b"b"}),
        (("DEL", "ä", b"\xff", 1, 1.5), {"ä".encode(), b"\xff", b"1", b"1.5"}),
        (("BLPOP", "a", "b", 0), {b"a", b"b"}),
        (("ZUNIONSTORE", "d", 2, "a", "b"), {b"d"}),
        (("RENAME", "a", "b"), {b"a", b"b"}),
        (("COPY", "a", "b"), {b"b"}),
        (("EVAL", "return 1", 2, "a", "b", "c"), {b"a", b"b"}),
        (("EVALSHA", "digest", "1", "a", "b"), {b"a"}),
        (("FCALL", "f", 0, "a"), set()),
        (("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"), set()),
        (("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM"), {b"s"}),
        (("DELEX", "k"), {b"k"}),
        (("SORT", "k", "STORE", "d"), None),
        (("FLUSHALL",), None),
        (("SWAPDB", 0, 1), None),
        (("EVAL", "return 1", "many"), None),
        (("MODULE.WRITE", "k"), None),
        (("PUBLISH", "c", "m"), set()),
        (("CONFIG", "SET", "maxmemory", 0), set()),
        (("GET", "k"), set()),
    ],
    ids=lambda value: "-".join(map(str, value[:2])) if isinstance(value, tuple) else "",
)
def test_keys_that_may_be_changed(arguments: tuple[str, ...], written: set[bytes] | None) -> None:
    assert keys_written(Command(arguments), "utf-8") == written


@pytest.mark.parametrize(
    "arguments",
    [
        ("TTL", "k"),
        ("SRANDMEMBER", "k"),
        ("SCAN", 0),
        ("XREAD", "STREAMS", "s", "0"),
        ("SORT_RO", "k"),
        ("SET", "k", 1),
        (),
    ],
)
def test_replies_that_do_not_follow_from_keys_alone(arguments: tuple[str, ...]) -> None:
    assert not reads_keys_alone(arguments)
