"""Where the replies of redis-py's command methods differ from those of the core's: two tables.

In `RESHAPED` stands what becomes of what the core made of a reply; in `REDECODED`, how a reply is decoded in the first place.
What callers spell out themselves, without a method, is in `syncredis.compat.callbacks`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, Final

from syncredis import replies
from syncredis.commands import server_replies


def score_bytes(score: float) -> bytes:
    """Return a score as RESP2 brings it, which is what redis-py hands to a ``score_cast_func``."""
    return repr(int(score) if score.is_integer() else score).encode()


def _flat_scores(found: Any) -> Any:
    """Pairs of member and score in turn, the score as a string."""
    if not isinstance(found, list) or not found or not isinstance(found[0], tuple):
        return found
    return [part for member, score in found for part in (member, score_bytes(score))]


def _flat_pairs(found: Any) -> Any:
    if not isinstance(found, list) or not found or not isinstance(found[0], tuple):
        return found
    return [part for pair in found for part in pair]


def _popped_members(found: Any) -> Any:
    if found is None:
        return None
    key, members = found
    return [key, [[member, score_bytes(score)] for member, score in members]]


def lists(found: Any) -> Any:
    """What was read from streams, as a list for each of them."""
    return [[name, _plain_entries(entries)] for name, entries in found]


def _plain(found: Any) -> Any:
    """A tuple that prints as one."""
    return tuple(found) if isinstance(found, tuple) else found


def _plain_entries(found: Any) -> Any:
    return [tuple(entry) if isinstance(entry, tuple) else entry for entry in found]


def _plain_ends(found: Any) -> Any:
    if not isinstance(found, dict):
        return found
    return {name: _plain(value) if name.endswith("-entry") else value for name, value in found.items()}


def _list_or_none(found: Any) -> Any:
    return None if found is None else list(found)


def _list_if_tuple(found: Any) -> Any:
    return list(found) if isinstance(found, tuple) else found


def _position(part: Any) -> Any:
    return tuple(part) if isinstance(part, tuple) else part


def _matches(found: Any) -> Any:
    if not isinstance(found, list):
        return found
    return [[_position(part) for part in match] if isinstance(match, tuple) else match for match in found]


def _local_moment(found: Any) -> Any:
    return found.astimezone().replace(tzinfo=None) if isinstance(found, datetime.datetime) else found


def local_time(reply: Any) -> datetime.datetime:
    return _local_moment(server_replies.to_moment(reply))  # type: ignore[no-any-return]


def is_ok(reply: Any) -> bool:
    return reply in ("OK", b"OK") or reply is True


def is_pong(reply: Any) -> bool:
    return reply in ("PONG", b"PONG")


def strings(reply: Any) -> Any:
    return [replies.to_str(element) if isinstance(element, bytes) else element for element in reply]


def string(reply: Any) -> Any:
    return replies.to_str(reply) if isinstance(reply, bytes) else reply


def _text_in(reply: Any) -> Any:
    """Everything in a reply as text."""
    if isinstance(reply, bytes):
        return replies.to_str(reply)
    if isinstance(reply, list):
        return [_text_in(element) for element in reply]
    if isinstance(reply, dict):
        return {_text_in(key): _text_in(value) for key, value in reply.items()}
    return reply


def of_text(decode: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda reply: decode(_text_in(reply))


def scanned(reply: Any) -> Any:
    return int(reply[0]), reply[1]


def _flat_map(reply: Any) -> Any:
    return [part for pair in reply.items() for part in pair] if isinstance(reply, dict) else reply


def _flat_throughout(reply: Any) -> Any:
    """Maps and sets as flat lists, at every level."""
    if isinstance(reply, dict):
        return [_flat_throughout(part) for pair in reply.items() for part in pair]
    return [_flat_throughout(part) for part in reply] if isinstance(reply, (list, set)) else reply


def _tracking(reply: Any) -> Any:
    return strings(_flat_map(reply))


def slowlog(reply: Any) -> list[dict[str, Any]]:
    return [_slow(*entry) for entry in reply]


def _slow(number: int, start: Any, duration: Any, *more: Any) -> dict[str, Any]:
    rest = list(more)
    found: dict[str, Any] = {"id": number, "start_time": int(start), "duration": int(duration)}
    if not isinstance(rest[0], list):
        found["complexity"], *rest = rest
    words, *client = rest
    found["command"] = (" " if words and isinstance(words[0], str) else b" ").join(words)
    return {**found, **dict(zip(("client_address", "client_name"), client, strict=False))}


def tuple_or_none(reply: Any) -> Any:
    return tuple(reply) if reply else None


#: Name of a command -> from what its method of the core returns to what redis-py's returns.
RESHAPED: Final[dict[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(
        (
            "BLPOP",
            "BRPOP",
            "BZPOPMAX",
            "BZPOPMIN",
            "HSCAN",
            "SCAN",
            "SENTINEL GET-MASTER-ADDR-BY-NAME",
            "SSCAN",
            "TIME",
            "ZSCAN",
        ),
        _plain,
    ),
    **dict.fromkeys(("GEOPOS", "PUBSUB NUMSUB", "PUBSUB SHARDNUMSUB", "XCLAIM", "XRANGE", "XREVRANGE"), _plain_entries),
    "BLMPOP": _list_or_none,
    "BZMPOP": _popped_members,
    "GEORADIUS": _matches,
    "GEORADIUSBYMEMBER": _matches,
    "GEORADIUSBYMEMBER_RO": _matches,
    "GEORADIUS_RO": _matches,
    "GEOSEARCH": _matches,
    "HRANDFIELD": _flat_pairs,
    "LASTSAVE": _local_moment,
    "LMPOP": _list_or_none,
    "XREAD": lists,
    "XREADGROUP": lists,
    "XINFO STREAM": _plain_ends,
    "ZDIFF": _flat_scores,
    "ZMPOP": _popped_members,
    "ZRANDMEMBER": _flat_scores,
    "ZRANK": _list_if_tuple,
    "ZREVRANK": _list_if_tuple,
}

#: Name of a command -> how redis-py decodes its reply where it has little to do with what the core makes of it; None: not
#: at all.
REDECODED: Final[dict[str, Callable[[Any], Any] | None]] = {
    **dict.fromkeys(
        (
            "ACL DRYRUN",
            "CLIENT NO-EVICT",
            "CLIENT NO-TOUCH",
            "CLIENT UNPAUSE",
            "COMMAND GETKEYSANDFLAGS",
            "COMMAND LIST",
            "LATENCY HISTORY",
            "LATENCY LATEST",
            "LOLWUT",
            "ROLE",
            "HSETNX",
            "RESTORE",
            "WAITAOF",
        )
    ),
    "CLIENT TRACKINGINFO": _tracking,
    "COMMAND GETKEYS": strings,
    "FUNCTION LIST": _flat_throughout,
    "FUNCTION LOAD": None,
    "FUNCTION STATS": None,
    "LCS": _flat_map,
    "MODULE LIST": replies.list_of(replies.to_dict),
    "SLOWLOG GET": slowlog,
}

#: Commands of whose replies redis-py leaves strings as bytes, whatever ``decode_responses`` says.
NEVER_TEXT: Final = frozenset({"SLOWLOG GET"})
