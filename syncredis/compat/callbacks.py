"""How the replies to commands that callers spell out are decoded: by their names alone. `ResponseCallbacks` holds the table."""

# pyright: reportIncompatibleMethodOverride=false
# A dictionary that takes less than others, as redis-py's.

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from syncredis import replies
from syncredis.commands import (
    acl_replies,
    connections_replies,
    geo_replies,
    sentinel_replies,
    server_replies,
    stream_replies,
)
from syncredis.compat import cluster_replies
from syncredis.compat.shapes import (
    is_ok,
    is_pong,
    lists,
    local_time,
    of_text,
    scanned,
    slowlog,
    string,
    strings,
    tuple_or_none,
)


def _table() -> dict[str, Callable[[Any], Any]]:
    return {
        **dict.fromkeys(
            [
                "AUTH",
                "COPY",
                "EXPIRE",
                "EXPIREAT",
                "HEXISTS",
                "HMSET",
                "MOVE",
                "MSETNX",
                "PERSIST",
                "PSETEX",
                "PEXPIRE",
                "PEXPIREAT",
                "RENAMENX",
                "SETEX",
                "SETNX",
                "SMOVE",
            ],
            bool,
        ),
        **dict.fromkeys(("CLIENT UNBLOCK", "XGROUP DESTROY", "MODULE LOAD", "MODULE UNLOAD"), bool),
        **dict.fromkeys(
            [
                "ASKING",
                "FLUSHALL",
                "FLUSHDB",
                "LSET",
                "LTRIM",
                "MSET",
                "PFMERGE",
                "QUIT",
                "READONLY",
                "READWRITE",
                "RENAME",
                "SAVE",
                "SELECT",
                "SHUTDOWN",
                "SLAVEOF",
                "SWAPDB",
                "UNWATCH",
                "WATCH",
            ],
            is_ok,
        ),
        **dict.fromkeys(
            (
                "ACL LOAD",
                "ACL SAVE",
                "ACL SETUSER",
                "CLIENT PAUSE",
                "CLIENT SETINFO",
                "CLIENT SETNAME",
                "CONFIG RESETSTAT",
                "CONFIG SET",
                "FUNCTION DELETE",
                "FUNCTION FLUSH",
                "FUNCTION RESTORE",
                "MEMORY PURGE",
                "SCRIPT FLUSH",
                "SCRIPT KILL",
                "SENTINEL CKQUORUM",
                "SENTINEL FAILOVER",
                "SENTINEL FLUSHCONFIG",
                "SENTINEL MONITOR",
                "SENTINEL REMOVE",
                "SENTINEL RESET",
                "SENTINEL SET",
                "SLOWLOG RESET",
                "XGROUP CREATE",
                "XGROUP SETID",
            ),
            is_ok,
        ),
        **dict.fromkeys(("ACL CAT", "ACL HELP", "ACL LIST", "ACL USERS", "COMMAND GETKEYS", "GEOHASH"), strings),
        **dict.fromkeys(("ACL GENPASS", "ACL WHOAMI", "CLIENT GETNAME", "RESET", "SCRIPT LOAD"), string),
        **dict.fromkeys(("BGREWRITEAOF", "BGSAVE"), replies.to_true),
        **dict.fromkeys(("BLPOP", "BRPOP"), tuple_or_none),
        **dict.fromkeys(("GEODIST", "HINCRBYFLOAT", "INCRBYFLOAT", "ZINCRBY", "ZSCORE"), replies.to_float_or_none),
        **dict.fromkeys(("SCAN", "SSCAN"), scanned),
        **dict.fromkeys(("SDIFF", "SINTER", "SMEMBERS", "SUNION"), replies.to_set),
        **dict.fromkeys(("SENTINEL SENTINELS", "SENTINEL SLAVES"), of_text(replies.list_of(sentinel_replies.to_state))),
        **dict.fromkeys(("XRANGE", "XREVRANGE"), stream_replies.to_entries),
        **dict.fromkeys(("XREAD", "XREADGROUP"), lambda reply: lists(stream_replies.to_read(reply))),
        **{f"CLUSTER {word}": decode for word, decode in cluster_replies.DECODED.items()},
        "ACL LOG": lambda reply: is_ok(reply) if not isinstance(reply, list) else acl_replies.to_acl_log(reply),
        "CLIENT INFO": of_text(connections_replies.to_client_info),
        "CLIENT LIST": of_text(connections_replies.to_client_list),
        "COMMAND": of_text(server_replies.to_commands),
        "CONFIG GET": of_text(replies.to_dict),
        "GEOPOS": geo_replies.to_positions,
        "HGETALL": replies.to_dict,
        "HSCAN": lambda reply: (int(reply[0]), replies.to_dict(reply[1])),
        "INFO": of_text(server_replies.to_info),
        "LASTSAVE": local_time,
        "PING": is_pong,
        "SLOWLOG GET": slowlog,
        "SCRIPT EXISTS": replies.list_of(bool),
        "SENTINEL GET-MASTER-ADDR-BY-NAME": lambda reply: (reply[0], int(reply[1])) if reply else None,
        "SENTINEL MASTER": of_text(sentinel_replies.to_state),
        "SENTINEL MASTERS": of_text(sentinel_replies.to_states_by_name),
        "SET": lambda reply: True if is_ok(reply) else reply,
        "TIME": lambda reply: (int(reply[0]), int(reply[1])),
    }


def _with_options(decode: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return a decoder that may be called with the options of a call, as redis-py's may, none of which matter."""
    return lambda reply, **_: decode(reply)


#: Name of a command that a caller spelled out -> how its reply is decoded.
DECODED: Final = {name: decode if decode is bool else _with_options(decode) for name, decode in _table().items()}


class CaseInsensitiveDict(dict[str, Any]):
    """A dictionary by names whose case does not matter."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__((name.upper(), value) for name, value in data.items())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.upper())

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name.upper())

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name.upper())

    def get(self, name: str, default: Any = None) -> Any:
        """Return what is there under ``name``."""
        return super().get(name.upper(), default)

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name.upper(), value)

    def update(self, data: Mapping[str, Any]) -> None:
        """Take over what is in ``data``."""
        super().update(CaseInsensitiveDict(data))


class ResponseCallbacks(CaseInsensitiveDict):
    """How replies are decoded, by the names of commands: `DECODED`, and what callers put there.

    Attributes:
        changed: the names that callers have put there, which go before what command methods know.
    """

    def __init__(self) -> None:
        super().__init__(DECODED)
        self.changed: set[str] = set()

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self.changed.add(name.upper())

    def update(self, data: Mapping[str, Any]) -> None:
        """Take over what is in ``data``."""
        for name, value in data.items():
            self[name] = value
