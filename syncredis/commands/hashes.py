"""The hash commands: https://redis.io/docs/latest/commands/?group=hash

Those about the expiry of single fields are in `syncredis.commands.hash_expiry`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Generic, Literal, NamedTuple, overload

from syncredis.command import Command
from syncredis.commands.arguments import fields_and_values, key_list, pairs, required, scan_options
from syncredis.commands.group import CommandGroup
from syncredis.exceptions import DataError
from syncredis.replies import in_pairs, to_bool, to_dict, to_float, to_true
from syncredis.typing import AnyStr, EncodableT, FieldT, KeyT, Reply


class HashScan(NamedTuple, Generic[AnyStr]):
    """What one call of `hscan` brings."""

    cursor: int
    """Where to go on with the next call; 0: this was the last part."""
    fields: dict[AnyStr, AnyStr]
    """Some of the fields with their values; there may be none."""


class HashFieldScan(NamedTuple, Generic[AnyStr]):
    """What one call of `hscan` without values brings."""

    cursor: int
    """Where to go on with the next call; 0: this was the last part."""
    fields: list[AnyStr]
    """Some of the fields; there may be none, and one may come more than once."""


class HashCommands(CommandGroup[AnyStr]):
    """Commands on hashes. A key that does not exist is an empty hash."""

    __slots__ = ()

    def hdel(self, name: KeyT, *keys: FieldT) -> int:
        """Delete fields and return how many of them existed.

        https://redis.io/docs/latest/commands/hdel/
        """
        return self.execute(Command(("HDEL", name, *required("keys", keys))))

    def hexists(self, name: KeyT, key: FieldT) -> bool:
        """Return whether the hash has the field ``key``.

        https://redis.io/docs/latest/commands/hexists/
        """
        return self.execute(Command(("HEXISTS", name, key), to_bool))

    def hget(self, name: KeyT, key: FieldT) -> AnyStr | None:
        """Return the value of the field ``key``, or None if there is no such field.

        https://redis.io/docs/latest/commands/hget/
        """
        return self.execute(Command(("HGET", name, key)))

    def hgetall(self, name: KeyT) -> dict[AnyStr, AnyStr]:
        """Return all fields with their values.

        https://redis.io/docs/latest/commands/hgetall/
        """
        return self.execute(Command(("HGETALL", name), to_dict))

    def hincrby(self, name: KeyT, key: FieldT, amount: int = 1) -> int:
        """Add ``amount`` to the integer in the field ``key`` and return the result.

        https://redis.io/docs/latest/commands/hincrby/
        """
        return self.execute(Command(("HINCRBY", name, key, amount)))

    def hincrbyfloat(self, name: KeyT, key: FieldT, amount: float = 1.0) -> float:
        """Add ``amount`` to the number in the field ``key`` and return the result.

        https://redis.io/docs/latest/commands/hincrbyfloat/
        """
        return self.execute(Command(("HINCRBYFLOAT", name, key, amount), to_float))

    def hkeys(self, name: KeyT) -> list[AnyStr]:
        """Return all fields.

        https://redis.io/docs/latest/commands/hkeys/
        """
        return self.execute(Command(("HKEYS", name)))

    def hlen(self, name: KeyT) -> int:
        """Return the number of fields.

        https://redis.io/docs/latest/commands/hlen/
        """
        return self.execute(Command(("HLEN", name)))

    def hmget(self, name: KeyT, keys: FieldT | Iterable[FieldT], *args: FieldT) -> list[AnyStr | None]:
        """Return the values of several fields, None for each that does not exist.

        https://redis.io/docs/latest/commands/hmget/
        """
        return self.execute(Command(("HMGET", name, *key_list("keys", keys, args))))

    def hmset(self, name: KeyT, mapping: Mapping[Any, EncodableT]) -> bool:
        """Set each field of ``mapping`` to its value: the old form of `hset`.

        https://redis.io/docs/latest/commands/hmset/
        """
        return self.execute(Command(("HMSET", name, *pairs("mapping", mapping)), to_true))

    @overload
    def hrandfield(self, key: KeyT, count: None = None, withvalues: Literal[False] = False) -> AnyStr | None: ...

    @overload
    def hrandfield(self, key: KeyT, count: int, withvalues: Literal[False] = False) -> list[AnyStr]: ...

    @overload
    def hrandfield(self, key: KeyT, count: int, withvalues: Literal[True]) -> list[tuple[AnyStr, AnyStr]]: ...

    @overload
    def hrandfield(
        self, key: KeyT, count: int | None = None, withvalues: bool = False
    ) -> AnyStr | list[AnyStr] | list[tuple[AnyStr, AnyStr]] | None: ...

    def hrandfield(
        self, key: KeyT, count: int | None = None, withvalues: bool = False
    ) -> AnyStr | list[AnyStr] | list[tuple[AnyStr, AnyStr]] | None:
        """Return fields at random.

        Args:
            key: the key of the hash.
            count: return this many different fields, or all if there are fewer; if negative, exactly that many, any of which
                may come more than once.
            withvalues: return the values as well; needs ``count``.

        Returns:
            Without ``count`` one field, or None if there is none; with it a list of fields, or of (field, value).

        https://redis.io/docs/latest/commands/hrandfield/
        """
        if count is None:
            if withvalues:
                raise DataError("withvalues needs count")
            return self.execute(Command(("HRANDFIELD", key)))
        if withvalues:
            return self.execute(Command(("HRANDFIELD", key, count, "WITHVALUES"), _to_pairs))
        return self.execute(Command(("HRANDFIELD", key, count)))

    @overload
    def hscan(
        self,
        name: KeyT,
        cursor: int = 0,
        match: str | bytes | None = None,
        count: int | None = None,
        no_values: Literal[False] = False,
    ) -> HashScan[AnyStr]: ...

    @overload
    def hscan(
        self,
        name: KeyT,
        cursor: int = 0,
        match: str | bytes | None = None,
        count: int | None = None,
        *,
        no_values: Literal[True],
    ) -> HashFieldScan[AnyStr]: ...

    @overload
    def hscan(
        self,
        name: KeyT,
        cursor: int = 0,
        match: str | bytes | None = None,
        count: int | None = None,
        no_values: bool = False,
    ) -> HashScan[AnyStr] | HashFieldScan[AnyStr]: ...

    def hscan(
        self,
        name: KeyT,
        cursor: int = 0,
        match: str | bytes | None = None,
        count: int | None = None,
        no_values: bool = False,
    ) -> HashScan[AnyStr] | HashFieldScan[AnyStr]:
        """Return some fields, and the cursor with which the next call goes on.

        Args:
            name: the key of the hash.
            cursor: 0 to begin, then what the last call returned, until that is 0.
            match: return only fields that match this glob-style pattern.
            count: about how many fields to look at in this call; 10 if not given. A small hash always comes as a whole.
            no_values: return the fields as a list, without values. Since Redis 7.4 and Valkey 8.0.

        https://redis.io/docs/latest/commands/hscan/
        """
        arguments: tuple[EncodableT, ...] = ("HSCAN", name, cursor, *scan_options(match, count))
        if no_values:
            return self.execute(Command((*arguments, "NOVALUES"), _to_field_scan))
        return self.execute(Command(arguments, _to_scan))

    def hset(
        self,
        name: KeyT,
        key: FieldT | None = None,
        value: EncodableT | None = None,
        mapping: Mapping[Any, EncodableT] | None = None,
        items: Iterable[EncodableT] | None = None,
    ) -> int:
        """Set fields and return how many of them are new.

        Args:
            name: the key of the hash.
            key: a field.
            value: what ``key`` is set to.
            mapping: more fields with their values.
            items: more fields and values in turn.

        https://redis.io/docs/latest/commands/hset/
        """
        return self.execute(Command(("HSET", name, *fields_and_values(key, value, mapping, items))))

    def hsetnx(self, name: KeyT, key: FieldT, value: EncodableT) -> bool:
        """Set the field ``key`` to ``value`` if it does not exist; return whether it was set.

        https://redis.io/docs/latest/commands/hsetnx/
        """
        return self.execute(Command(("HSETNX", name, key, value), to_bool))

    def hstrlen(self, name: KeyT, key: FieldT) -> int:
        """Return the length in bytes of the value of the field ``key``, 0 if there is no such field.

        https://redis.io/docs/latest/commands/hstrlen/
        """
        return self.execute(Command(("HSTRLEN", name, key)))

    def hvals(self, name: KeyT) -> list[AnyStr]:
        """Return all values.

        https://redis.io/docs/latest/commands/hvals/
        """
        return self.execute(Command(("HVALS", name)))


def _to_pairs(reply: Reply) -> list[tuple[Any, Any]]:
    """RESP3's array of pairs, or RESP2's of fields and values in turn."""
    if reply and isinstance(reply[0], list):
        return [(field, value) for field, value in reply]
    return list(in_pairs(reply))


def _to_scan(reply: Reply) -> HashScan[Any]:
    cursor, fields = reply
    return HashScan(int(cursor), to_dict(fields))


def _to_field_scan(reply: Reply) -> HashFieldScan[Any]:
    cursor, fields = reply
    return HashFieldScan(int(cursor), fields)
