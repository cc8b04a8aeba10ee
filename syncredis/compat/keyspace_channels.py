"""The channels on which servers publish what happens to keys, and what a message on one of them says: values, no I/O.

https://redis.io/docs/latest/develop/pubsub/keyspace-notifications/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Final, Self

from syncredis.replies import to_str

_EVENTS: Final = """
set setex setnx setrange incr incrby incrbyfloat decr decrby append del unlink rename rename_from rename_to copy_to move
restore expire expireat pexpire pexpireat expired persist evicted lpush rpush lpop rpop linsert lset ltrim lmove blpop brpop
blmove sadd srem spop smove sinterstore sunionstore sdiffstore zadd zincrby zrem zremrangebyrank zremrangebyscore
zremrangebylex zpopmin zpopmax bzpopmin bzpopmax zinterstore zunionstore zdiffstore zrangestore hset hsetnx hdel hincrby
hincrbyfloat xadd xtrim xdel xgroup-create xgroup-createconsumer xgroup-delconsumer xgroup-destroy xgroup-setid xsetid
xclaim xautoclaim xreadgroup new sortstore getex getdel setifgt setiflt
"""


class EventType:
    """The names of events, as constants: ``EventType.SET`` is ``"set"``."""


for _event in _EVENTS.split():
    setattr(EventType, _event.replace("-", "_").upper(), _event)


class ChannelType(Enum):
    """Kinds of channels."""

    KEYSPACE = "__keyspace@"
    KEYEVENT = "__keyevent@"
    SUBKEYSPACE = "__subkeyspace@"
    SUBKEYEVENT = "__subkeyevent@"
    SUBKEYSPACEITEM = "__subkeyspaceitem@"
    SUBKEYSPACEEVENT = "__subkeyspaceevent@"


_CHANNEL: Final = re.compile(r"(__(?:sub)?key(?:space|event|spaceitem|spaceevent)@)(\d+|\*)__:(.+)", re.DOTALL)
_WILD: Final = re.compile(r"(?<!\\)(?:\\\\)*[*?\[]")


def get_channel_type(channel: Any) -> ChannelType | None:
    """Return the kind of a channel; None if nothing is published there about keys."""
    name = to_str(channel) if isinstance(channel, bytes) else str(channel)
    return next((kind for kind in ChannelType if name.startswith(kind.value)), None)


def is_pattern(channel: Any) -> bool:
    """Whether a channel stands for several."""
    name = to_str(channel) if isinstance(channel, bytes) else str(channel)
    return _WILD.search(name) is not None


class _Channel:
    """One channel, or a pattern of several; equal to its name."""

    kind: ClassVar[ChannelType]

    def __init__(self, *parts: str, db: int) -> None:
        self._parts = parts
        self.db = db

    def _rest(self) -> str:
        return self._parts[0]

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for several channels."""
        return any(is_pattern(part) for part in self._parts)

    def __str__(self) -> str:
        return f"{self.kind.value}{self.db}__:{self._rest()}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._parts))}, db={self.db})"

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, (str, _Channel)) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))


class KeyspaceChannel(_Channel):
    """What happens to a key, or to those that match a pattern."""

    kind = ChannelType.KEYSPACE

    def __init__(self, key_or_pattern: str, db: int = 0) -> None:
        super().__init__(key_or_pattern, db=db)
        self.key_or_pattern = key_or_pattern


class KeyeventChannel(_Channel):
    """To which keys an event happens."""

    kind = ChannelType.KEYEVENT

    def __init__(self, event: str, db: int = 0) -> None:
        super().__init__(event, db=db)
        self.event = event

    @classmethod
    def all_events(cls, db: int = 0) -> Self:
        """Return the pattern of all events."""
        return cls("*", db)


class SubkeyspaceChannel(KeyspaceChannel):
    """What happens to fields of a hash. Since Redis 8.8."""

    kind = ChannelType.SUBKEYSPACE


class SubkeyeventChannel(KeyeventChannel):
    """To the fields of which hashes an event happens. Since Redis 8.8."""

    kind = ChannelType.SUBKEYEVENT


class SubkeyspaceitemChannel(_Channel):
    """What happens to one field of a hash. Since Redis 8.8."""

    kind = ChannelType.SUBKEYSPACEITEM

    def __init__(self, key_or_pattern: str, subkey_or_pattern: str, db: int = 0) -> None:
        super().__init__(key_or_pattern, subkey_or_pattern, db=db)
        self.key_or_pattern = key_or_pattern
        self.subkey_or_pattern = subkey_or_pattern

    def _rest(self) -> str:
        return "\n".join(self._parts)


class SubkeyspaceeventChannel(_Channel):
    """To which fields of a hash an event happens. Since Redis 8.8."""

    kind = ChannelType.SUBKEYSPACEEVENT

    def __init__(self, event: str, key_or_pattern: str, db: int = 0) -> None:
        super().__init__(event, key_or_pattern, db=db)
        self.event = event
        self.key_or_pattern = key_or_pattern

    def _rest(self) -> str:
        return "|".join(self._parts)


def parse_subkeys(text: str) -> list[str]:
    """Read ``5:field,3:foo``: names, each after its length."""
    found: list[str] = []
    while text:
        length, _, rest = text.partition(":")
        size = int(length)
        found.append(rest[:size])
        text = rest[size + 1 :]
    return found


@dataclass
class KeyNotification:
    """What a message says.

    Attributes:
        key: without the prefix that was asked for.
        event_type: such as ``"set"``.
        database: its number; -1: any.
        channel: where it was published.
        is_keyspace: whether the channel was that of the key.
        subkeys: the fields of a hash that are concerned.
    """

    key: str
    event_type: str
    database: int
    channel: str
    is_keyspace: bool
    subkeys: list[str] = field(default_factory=list)

    @classmethod
    def from_message(cls, message: Any, key_prefix: Any = None) -> KeyNotification | None:
        """Return what a message of a `PubSub` says; None if it is none about a key, or not about one with the prefix."""
        if message is None or message.get("type") not in ("message", "pmessage"):
            return None
        channel, data = message.get("channel"), message.get("data")
        return None if channel is None or data is None else cls.try_parse(channel, data, key_prefix)

    @classmethod
    def try_parse(cls, channel: Any, data: Any, key_prefix: Any = None) -> KeyNotification | None:
        """Return what was published on a channel; None as for `from_message`."""
        name, said = to_str(channel), to_str(data)
        found = _CHANNEL.fullmatch(name)
        if found is None:
            return None
        try:
            key, event, subkeys = _READ[ChannelType(found[1])](found[3], said)
        except ValueError:
            return None
        prefix = "" if key_prefix is None else to_str(key_prefix)
        if not key.startswith(prefix):
            return None
        database = -1 if found[2] == "*" else int(found[2])
        return cls(key[len(prefix) :], event, database, name, found[1] in _BY_KEY, subkeys)

    def key_starts_with(self, prefix: str | bytes) -> bool:
        """Whether the key begins so."""
        return self.key.startswith(to_str(prefix))


_BY_KEY: Final = ("__keyspace@", "__subkeyspace@", "__subkeyspaceitem@")


def _read_subkeyspace(key: str, said: str) -> tuple[str, str, list[str]]:
    event, _, subkeys = said.partition("|")
    return key, event, parse_subkeys(subkeys)


def _read_subkeyevent(event: str, said: str) -> tuple[str, str, list[str]]:
    length, _, rest = said.partition(":")
    size = int(length)
    return rest[:size], event, parse_subkeys(rest[size + 1 :])


def _read_subkeyspaceitem(both: str, event: str) -> tuple[str, str, list[str]]:
    key, _, subkey = both.partition("\n")
    return key, event, [subkey]


def _read_subkeyspaceevent(both: str, said: str) -> tuple[str, str, list[str]]:
    event, _, key = both.partition("|")
    return key, event, parse_subkeys(said)


#: From what follows the database in a channel's name, and what was published there, to key, event and subkeys.
_READ: Final = {
    ChannelType.KEYSPACE: lambda key, event: (key, event, []),
    ChannelType.KEYEVENT: lambda event, key: (key, event, []),
    ChannelType.SUBKEYSPACE: _read_subkeyspace,
    ChannelType.SUBKEYEVENT: _read_subkeyevent,
    ChannelType.SUBKEYSPACEITEM: _read_subkeyspaceitem,
    ChannelType.SUBKEYSPACEEVENT: _read_subkeyspaceevent,
}
