"""Watching a server at work, on every server, protocol and surface."""

from __future__ import annotations

import time
from typing import Any

import pytest

from syncredis.exceptions import ConnectionError


def seen(monitor: Any, name: bytes) -> Any:
    """Return the next command of this name."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        command = monitor.next_command(timeout=1)
        if command is not None and command.arguments[0].upper() == name:
            return command
    raise AssertionError(f"{name!r} was not seen")


def test_commands_are_shown_as_they_were(client: Any) -> None:
    with client.monitor() as monitor:
        before = time.time()
        client.set("k", b'\x00\xff "quoted" \\ and\nmore')
        command = seen(monitor, b"SET")
        assert command.arguments[1:] == (b"k", b'\x00\xff "quoted" \\ and\nmore')
        assert command.db == 0
        assert before - 60 < command.time < time.time() + 60
        host, _, port = command.client.rpartition(":")
        assert host == "127.0.0.1"
        assert int(port) > 0


def test_commands_of_a_script(client: Any) -> None:
    with client.monitor() as monitor:
        client.eval("return redis.call('INCR', KEYS[1])", 1, "n")
        assert seen(monitor, b"INCR").client == "lua"


def test_nothing_within_the_timeout(client: Any) -> None:
    with client.monitor() as monitor:
        while monitor.next_command() is not None:
            pass
        assert monitor.next_command(timeout=0.02) is None


def test_a_lost_connection_is_an_error_and_then_made_anew(client: Any) -> None:
    with client.monitor() as monitor:
        (own,) = (each for each in client.client_list() if "O" in each["flags"])
        client.client_kill_filter(_id=own["id"])
        with pytest.raises(ConnectionError):
            seen(monitor, b"NEVER")
        assert monitor.next_command() is None
        client.set("k", "v")
        assert seen(monitor, b"SET").arguments == (b"SET", b"k", b"v")


def test_iterating(client: Any) -> None:
    with client.monitor() as monitor:
        client.set("k", "v")
        for command in monitor:
            if command.arguments[0] == b"SET":
                break
        assert command.arguments == (b"SET", b"k", b"v")
