"""`Command`: its name, and what follows from the name."""

from __future__ import annotations

from typing import Any

import pytest

from syncredis.command import Command


@pytest.mark.parametrize(
    ("arguments", "name", "read_only"),
    [
        (("GET", "k"), "GET", True),
        (("get", "k"), "GET", True),
        ((b"GeT", "k"), "GET", True),
        ((bytearray(b"get"), "k"), "GET", True),
        (("SET", "k", "v"), "SET", False),
        (("SET", "GET", "v"), "SET", False),
        (("GETDEL", "k"), "GETDEL", False),
        (("PING",), "PING", True),
        (("CONFIG", "GET", "maxmemory"), "CONFIG GET", True),
        (("config", b"get", "maxmemory"), "CONFIG GET", True),
        (("CONFIG", "SET", "maxmemory", 1), "CONFIG", False),
        (("INCR", b"\xff\xfe"), "INCR", False),
        (("GET", 7), "GET", True),
        (("GET", None), "GET", True),
        (("NOSUCHCOMMAND",), "NOSUCHCOMMAND", False),
        (("EVAL", "return 1", 0), "EVAL", False),
        (("EVAL_RO", "return 1", 0), "EVAL_RO", True),
        (("SORT", "k"), "SORT", False),
        (("XREADGROUP", "GROUP", "g", "c"), "XREADGROUP", False),
    ],
)
def test_name_and_whether_it_changes_nothing(arguments: tuple[Any, ...], name: str, read_only: bool) -> None:
    command = Command[Any](arguments)
    assert command.name == name
    assert command.read_only is read_only


def test_a_command_prints_no_arguments() -> None:
    assert repr(Command(("AUTH", "user", "hidden"))) == "<Command AUTH with 2 arguments>"


def test_defaults() -> None:
    command = Command[Any](("GET", "k"))
    assert command.decode is command.text is command.blocks is None
