"""What the server commands return, and how their replies become that."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, NotRequired, TypeAlias, TypedDict

from syncredis.replies import to_dict, to_str
from syncredis.typing import Reply

# --- ROLE, TIME, LASTSAVE ------------------------------------------------------------------------------


class ReplicaProgress(NamedTuple):
    """A replica as its primary sees it."""

    host: str
    port: int
    offset: int
    """Up to where in the replication stream it has acknowledged."""


class PrimaryRole(NamedTuple):
    """What a primary says of itself."""

    role: Literal["primary"]
    offset: int
    """How far its replication stream has come, in bytes."""
    replicas: list[ReplicaProgress]
    """Those that are connected."""


class ReplicaRole(NamedTuple):
    """What a replica says of itself."""

    role: Literal["replica"]
    host: str
    """Of its primary."""
    port: int
    """Of its primary."""
    state: str
    """``"connected"``, or on the way there: ``"connect"``, ``"connecting"``, ``"handshake"``, ``"sync"``."""
    offset: int
    """Up to where in the replication stream it has received; -1 before it is connected."""


class SentinelRole(NamedTuple):
    """What a Sentinel says of itself."""

    role: Literal["sentinel"]
    service_names: list[str]
    """What it watches."""


ServerRole: TypeAlias = PrimaryRole | ReplicaRole | SentinelRole


def to_role(reply: Reply) -> ServerRole:
    """The reply of ROLE, which still uses the old words."""
    role, *facts = reply
    if role == "master":
        offset, replicas = facts
        return PrimaryRole(
            "primary", offset, [ReplicaProgress(host, int(port), int(at)) for host, port, at in replicas]
        )
    if role == "slave":
        host, port, state, offset = facts
        return ReplicaRole("replica", host, port, state, offset)
    return SentinelRole("sentinel", facts[0])


class ServerTime(NamedTuple):
    """The server's clock: seconds since 1970, and microseconds within the second."""

    seconds: int
    microseconds: int


def to_time(reply: Reply) -> ServerTime:
    """The two numbers of TIME, which come as strings."""
    seconds, microseconds = reply
    return ServerTime(int(seconds), int(microseconds))


def to_moment(reply: Reply) -> datetime:
    """A Unix time in seconds as a point in time, in UTC."""
    return datetime.fromtimestamp(reply, UTC)


# --- INFO ----------------------------------------------------------------------------------------------

#: Fields that are text even where they look like a number or a list, such as a hash that has digits only.
_TEXT: Final = frozenset(
    {
        "availability_zone",
        "config_file",
        "executable",
        "master_host",
        "master_replid",
        "master_replid2",
        "name",
        "os",
        "redis_build_id",
        "redis_git_sha1",
        "run_id",
        "server_name",
    }
)
_INTEGER: Final = re.compile(r"-?[0-9]+")
_REAL: Final = re.compile(r"-?([0-9]+\.[0-9]+|inf|nan)")
_NESTED: Final = re.compile(r"[^=,]+=[^,]*(,[^=,]+=[^,]*)*")


def to_info(reply: Reply) -> dict[str, Any]:
    """The text of INFO as a dictionary: numbers as numbers, ``name=value,...`` as a dictionary within."""
    info: dict[str, Any] = {}
    for line in reply.split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon or line.startswith("#"):
            continue
        if name == "module":  # a line for each of them
            info.setdefault("modules", []).append(_fields(value))
        elif name not in _TEXT and _NESTED.fullmatch(value):
            info[name] = _fields(value)
        else:
            info[name] = number_or_text(name, value)
    return info


def _fields(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in text.split(","):
        name, _, value = field.partition("=")
        if name == "bind":  # of a listener, which has one for each of its addresses
            found.setdefault(name, []).append(value)
        else:
            found[name] = number_or_text(name, value)
    return found


def number_or_text(name: str, value: str) -> int | float | str:
    """The value of the field ``name``: a number where it is one."""
    if name in _TEXT:
        return value
    if _INTEGER.fullmatch(value):
        return int(value)
    return float(value) if _REAL.fullmatch(value) else value


# --- COMMAND -------------------------------------------------------------------------------------------


class CommandInfo(TypedDict):
    """A row of the server's command table."""

    name: str
    arity: int
    """How many arguments it takes, its name included; negative: at least so many."""
    flags: list[str]
    first_key_pos: int
    last_key_pos: int
    step_count: int
    acl_categories: list[str]
    tips: list[str]
    """Empty before Redis 7.0, as are the key specifications and the subcommands."""
    key_specifications: list[dict[str, Any]]
    subcommands: dict[str, CommandInfo]
    """By their full names, such as ``"config|get"``."""


def to_commands(reply: Reply) -> dict[str, CommandInfo]:
    """Rows of the command table by their names, without those that are nil."""
    return {row[0]: _to_command(row) for row in reply if row is not None}


def _to_command(row: Any) -> CommandInfo:
    name, arity, flags, first_key, last_key, step, categories, *newer = row
    tips, specifications, subcommands, *_ = newer or ((), (), ())
    return CommandInfo(
        name=name,
        arity=arity,
        flags=list(flags),
        first_key_pos=first_key,
        last_key_pos=last_key,
        step_count=step,
        acl_categories=list(categories),
        tips=list(tips),
        key_specifications=[_to_key_specification(specification) for specification in specifications],
        subcommands=to_commands(subcommands),
    )


def _to_key_specification(reply: Any) -> dict[str, Any]:
    specification = to_dict(reply)
    for name in ("begin_search", "find_keys"):
        step = specification[name] = to_dict(specification[name])
        step["spec"] = to_dict(step["spec"])
    return specification


def to_command_docs(reply: Reply) -> dict[str, dict[str, Any]]:
    """The documentation of commands, or of subcommands, by their names."""
    return {name: _to_documentation(entry) for name, entry in to_dict(reply).items()}


def _to_documentation(reply: Any) -> dict[str, Any]:
    """The documentation of one command or one argument; both may hold further ones."""
    documentation = to_dict(reply)
    if "arguments" in documentation:
        documentation["arguments"] = [_to_documentation(argument) for argument in documentation["arguments"]]
    if "subcommands" in documentation:
        documentation["subcommands"] = to_command_docs(documentation["subcommands"])
    if "history" in documentation:
        documentation["history"] = [(version, change) for version, change in documentation["history"]]
    return documentation


def to_keys_and_flags(reply: Reply) -> list[tuple[Any, list[str]]]:
    """Keys as they are, each with what is done to it."""
    return [(key, [to_str(flag) for flag in flags]) for key, flags in reply]


# --- MODULE --------------------------------------------------------------------------------------------


class ModuleInfo(TypedDict):
    """A module that is loaded."""

    name: str
    ver: int
    path: NotRequired[str]
    """Since Redis 7.0."""
    args: NotRequired[list[str]]
    """Since Redis 7.0."""


def to_module(reply: Reply) -> ModuleInfo:
    """One element of MODULE LIST."""
    module: Any = to_dict(reply)
    found: ModuleInfo = module
    return found
