"""What a connection says first, and what it makes of the answers; pure functions."""

from __future__ import annotations

from typing import Any

import pytest

from syncredis.config import ConnectionConfig
from syncredis.exceptions import AuthenticationRequiredError, DecodeError, error_from_reply
from syncredis.handshake import Step, first_error, first_try, hello_refused, role_from_reply, without_hello
from syncredis.version import VERSION

SETINFO = [("CLIENT", "SETINFO", "LIB-NAME", "syncredis"), ("CLIENT", "SETINFO", "LIB-VER", VERSION)]


def words(steps: list[Step]) -> list[tuple[Any, ...]]:
    return [step.arguments for step in steps]


@pytest.mark.parametrize(
    ("options", "hello", "plain"),
    [
        ({}, [("HELLO", 3)], []),
        ({"password": "p"}, [("HELLO", 3, "AUTH", "default", "p")], [("AUTH", "p")]),
        ({"password": ""}, [("HELLO", 3, "AUTH", "default", "")], [("AUTH", "")]),
        ({"username": "u", "password": "p"}, [("HELLO", 3, "AUTH", "u", "p")], [("AUTH", "u", "p")]),
        ({"client_name": "n"}, [("HELLO", 3, "SETNAME", "n")], [("CLIENT", "SETNAME", "n")]),
        (
            {"username": "u", "password": "p", "client_name": "n"},
            [("HELLO", 3, "AUTH", "u", "p", "SETNAME", "n")],
            [("AUTH", "u", "p"), ("CLIENT", "SETNAME", "n")],
        ),
    ],
)
@pytest.mark.parametrize("db", [0, 4])
@pytest.mark.parametrize("ask_role", [False, True])
def test_what_is_said(options: dict[str, Any], hello: list[Any], plain: list[Any], db: int, ask_role: bool) -> None:
    rest = [*SETINFO, *([("SELECT", db)] if db else []), *([("ROLE",)] if ask_role else [])]
    config = ConnectionConfig(db=db, **options)
    assert words(first_try(config, ask_role=ask_role)) == hello + rest
    assert words(without_hello(config, ask_role=ask_role)) == plain + rest
    in_resp2 = ConnectionConfig(db=db, protocol=2, **options)
    assert words(first_try(in_resp2, ask_role=ask_role)) == plain + rest


def test_what_may_be_refused() -> None:
    steps = first_try(ConnectionConfig(password="p", db=1, client_name="n"), ask_role=True)
    assert [step.arguments[0] for step in steps if step.optional] == ["CLIENT", "CLIENT", "ROLE"]
    assert [step.arguments[0] for step in steps if not step.optional] == ["HELLO", "SELECT"]
    named = without_hello(ConnectionConfig(client_name="n"), ask_role=False)
    assert not named[0].optional


@pytest.mark.parametrize(
    ("message", "refused"),
    [
        ("ERR unknown command `HELLO`, with args beginning with: `3`, ", True),
        ("ERR unknown command 'HELLO', with args beginning with: '3' ", True),
        ("NOPROTO unsupported protocol version", True),
        ("NOPERM this user has no permissions to run the 'hello' command", True),
        ("ERR Syntax error in HELLO option 'setname'", True),
        ("WRONGPASS invalid username-password pair or user is disabled.", False),
        ("NOAUTH HELLO must be called with the client already authenticated", False),
        ("ERR max number of clients reached", False),
        ("LOADING Redis is loading the dataset in memory", False),
        ("ERR Client names cannot contain spaces, newlines or special characters.", False),
    ],
)
def test_whether_hello_was_refused(message: str, refused: bool) -> None:
    assert hello_refused(error_from_reply(message)) is refused


def test_hello_was_answered() -> None:
    assert not hello_refused({"server": "redis", "proto": 3})


OPTIONAL = Step(("CLIENT", "SETINFO"), optional=True)
SELECT, HELLO, AUTH = Step(("SELECT", 1)), Step(("HELLO", 3)), Step(("AUTH", "p"))
NO_AUTH = error_from_reply("NOAUTH Authentication required.")
WRONG = error_from_reply("WRONGPASS invalid username-password pair or user is disabled.")
NO_DB = error_from_reply("ERR DB index is out of range")


@pytest.mark.parametrize(
    ("steps", "replies", "expected"),
    [
        ([], [], None),
        ([HELLO, OPTIONAL, SELECT], [{}, "OK", "OK"], None),
        ([HELLO, OPTIONAL], [{}, error_from_reply("ERR unknown subcommand 'SETINFO'")], None),
        ([HELLO, OPTIONAL], [{}, NO_AUTH], None),
        ([HELLO, OPTIONAL, SELECT], [{}, "OK", NO_DB], NO_DB),
        ([AUTH, SELECT], [WRONG, NO_AUTH], WRONG),
        ([SELECT, AUTH], [NO_DB, WRONG], WRONG),
        ([HELLO, SELECT], [NO_DB, NO_DB], NO_DB),
    ],
)
def test_the_error_that_matters(steps: list[Step], replies: list[Any], expected: Exception | None) -> None:
    assert first_error(steps, replies) is expected


def test_a_server_that_wants_a_password_is_quoted_in_short() -> None:
    said = error_from_reply(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO ..."
    )
    found = first_error([HELLO, SELECT], [said, NO_AUTH])
    assert isinstance(found, AuthenticationRequiredError)
    assert str(found) == "NOAUTH Authentication required, and no password was given"


@pytest.mark.parametrize(
    ("reply", "role"),
    [
        (["master", 3129659, [["127.0.0.1", "9001", "3129242"]]], "primary"),
        (["slave", "127.0.0.1", 6379, "connected", 3167038], "replica"),
        (["sentinel", ["myredis"]], "sentinel"),
        ([b"master", 0, []], "primary"),
        ([b"slave", b"h", 1, b"connect", -1], "replica"),
        (["something"], "something"),
        (error_from_reply("NOPERM this user has no permissions to run the 'role' command"), None),
        (DecodeError("the reply is not valid utf-8"), None),
    ],
)
def test_the_role(reply: Any, role: str | None) -> None:
    assert role_from_reply(reply) == role
