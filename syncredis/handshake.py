"""What a connection says first: protocol, user, database, name - and ROLE where Sentinel wants to know. No sockets.

All of it goes out in one write and comes back in one round trip. A server that refuses HELLO (Redis before 6, or a user
who may not call it) is then spoken to in RESP2, at the cost of a second one. What merely describes the client (CLIENT
SETINFO) may be refused without consequence.

https://redis.io/docs/latest/commands/hello/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from syncredis.command import Command
from syncredis.config import ConnectionConfig
from syncredis.exceptions import (
    AuthenticationError,
    AuthenticationRequiredError,
    AuthorizationError,
    ProtocolVersionError,
    RedisError,
    ResponseError,
    UnknownCommandError,
)
from syncredis.packing import prepare
from syncredis.resp import Buffer
from syncredis.typing import EncodableT, Reply
from syncredis.version import VERSION


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a handshake; ``optional`` ones may be refused."""

    arguments: tuple[EncodableT, ...] = field(repr=False)
    optional: bool = False

    @property
    def command(self) -> Command[Reply]:
        """The request as a command."""
        return Command(self.arguments)


def first_try(config: ConnectionConfig, *, ask_role: bool) -> list[Step]:
    """Return the requests that open a conversation, HELLO first if RESP3 is wanted."""
    if config.protocol == 2:
        return without_hello(config, ask_role=ask_role)
    hello: list[EncodableT] = ["HELLO", 3]
    if config.password is not None:
        hello += ["AUTH", config.username or "default", config.password]
    if config.client_name is not None:
        hello += ["SETNAME", config.client_name]
    return [Step(tuple(hello)), *_settings(config.db, ask_role)]


def without_hello(config: ConnectionConfig, *, ask_role: bool) -> list[Step]:
    """Return the requests that do the same in RESP2."""
    steps: list[Step] = []
    if config.password is not None:
        steps.append(authentication(config))
    if config.client_name is not None:
        steps.append(Step(("CLIENT", "SETNAME", config.client_name)))
    return [*steps, *_settings(config.db, ask_role)]


def authentication(config: ConnectionConfig) -> Step:
    """Return the request that authenticates, on a connection of any age."""
    user = () if config.username is None else (config.username,)
    return Step(("AUTH", *user, config.password or ""))


def opening(config: ConnectionConfig, *, ask_role: bool) -> tuple[Sequence[Step], bytes | list[Buffer]]:
    """Return what `first_try` does, and the same as it is sent. What is alike for most connections is made once."""
    if config.protocol == 3 and config.password is None and config.client_name is None:
        return _usual_opening(config.db, ask_role)
    steps = first_try(config, ask_role=ask_role)
    return steps, packed(steps, config)


def packed(steps: Sequence[Step], config: ConnectionConfig) -> bytes | list[Buffer]:
    """Return the requests of a handshake as they are sent."""
    return prepare([step.arguments for step in steps], config.encoding)()


# Nothing that is kept here holds a name or a password; and it is ASCII, which every encoding contains.
@lru_cache(maxsize=32)
def _usual_opening(db: int, ask_role: bool) -> tuple[Sequence[Step], bytes | list[Buffer]]:
    steps = first_try(ConnectionConfig(db=db), ask_role=ask_role)
    return steps, packed(steps, ConnectionConfig())


def _settings(db: int, ask_role: bool) -> list[Step]:
    steps = [
        Step(("CLIENT", "SETINFO", "LIB-NAME", "syncredis"), optional=True),
        Step(("CLIENT", "SETINFO", "LIB-VER", VERSION), optional=True),
    ]
    if db:
        steps.append(Step(("SELECT", db)))
    if ask_role:
        steps.append(Step(("ROLE",), optional=True))  # a restricted user may not ask
    return steps


def hello_refused(reply: Reply) -> bool:
    """Whether the reply to HELLO means that the server has to be spoken to without it."""
    return isinstance(reply, (UnknownCommandError, ProtocolVersionError, AuthorizationError)) or (
        # Redis 6.0 and 6.2 as a Sentinel know HELLO, but not each of its options.
        isinstance(reply, ResponseError)
        and not isinstance(reply, AuthenticationError)
        and str(reply).startswith("ERR Syntax error in HELLO")
    )


def first_error(steps: Sequence[Step], replies: Sequence[Reply]) -> ResponseError | None:
    """Return the first refusal that matters; an authentication error goes before the errors that follow from it."""
    errors = [
        _in_short(reply)
        for step, reply in zip(steps, replies, strict=True)
        if isinstance(reply, ResponseError) and not step.optional
    ]
    refusals = [error for error in errors if isinstance(error, AuthenticationError)]
    return (refusals or errors or [None])[0]


def _in_short(error: ResponseError) -> ResponseError:
    if isinstance(error, AuthenticationRequiredError):
        # The server's own three lines are about HELLO, which no caller has asked for.
        return type(error)("NOAUTH Authentication required, and no password was given")
    # A server repeats the arguments of a command that it does not know: of AUTH, that is the password.
    message, repeated, _ = str(error).partition(", with args")
    return type(error)(message) if repeated else error


def client_id_from_hello(reply: Reply) -> int | None:
    """Return the number that the server gave the connection, from the first reply of a handshake; None: that was not HELLO."""
    number = reply.get("id") if isinstance(reply, dict) else None
    return number if isinstance(number, int) else None


def role_from_reply(reply: Reply) -> str | None:
    """Return ``"primary"``, ``"replica"`` or ``"sentinel"`` for the reply to ROLE; None if it was refused."""
    if isinstance(reply, RedisError):
        return None
    word = reply[0]
    text = word.decode("ascii", "replace") if isinstance(word, bytes) else str(word)
    # The wire still uses the old words.
    return {"master": "primary", "slave": "replica"}.get(text, text)


def link_from_reply(reply: Reply) -> str | None:
    """Return the state of a replica's link to its primary for the reply to ROLE; None: it is no replica, or refused to say."""
    if role_from_reply(reply) != "replica" or len(reply) < 4:
        return None
    word = reply[3]
    return word.decode("ascii", "replace") if isinstance(word, bytes) else str(word)
