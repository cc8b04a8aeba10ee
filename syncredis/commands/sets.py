"""The set commands: https://redis.io/docs/latest/commands/?group=set"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, NamedTuple, overload

from syncredis.command import Command
from syncredis.commands.arguments import counted_keys, flags, key_list, required, scan_options
from syncredis.commands.group import CommandGroup
from syncredis.replies import to_bool, to_list, to_set
from syncredis.typing import AnyStr, EncodableT, KeyT, Reply


class SetScan(NamedTuple, Generic[AnyStr]):
    """What one call of `sscan` brings."""

    cursor: int
    """Where to go on with the next call; 0: this was the last part."""
    members: list[AnyStr]
    """Some of the members; there may be none, and one may come more than once."""


class SetCommands(CommandGroup[AnyStr]):
    """Commands on sets. A key that does not exist is an empty set."""

    __slots__ = ()

    def sadd(self, name: KeyT, *values: EncodableT) -> int:
        """Add members to the set and return how many were new.

        https://redis.io/docs/latest/commands/sadd/
        """
        return self.execute(Command(("SADD", name, *required("values", values))))

    def scard(self, name: KeyT) -> int:
        """Return the number of members.

        https://redis.io/docs/latest/commands/scard/
        """
        return self.execute(Command(("SCARD", name)))

    def sdiff(self, keys: KeyT | Iterable[KeyT], *args: KeyT) -> set[AnyStr]:
        """Return the members of the first set that none of the others has.

        https://redis.io/docs/latest/commands/sdiff/
        """
        return self.execute(Command(("SDIFF", *key_list("keys", keys, args)), to_set))

    def sdiffcard(self, numkeys: int, keys: KeyT | Iterable[KeyT], limit: int = 0) -> int:
        """Return how many members the first set has that none of the others has. Since Redis 8.10.

        Args:
            numkeys: how many keys there are.
            keys: the keys of the sets.
            limit: stop counting there; 0: count all.

        https://redis.io/docs/latest/commands/sdiffcard/
        """
        counted: list[KeyT] = counted_keys("numkeys", numkeys, key_list("keys", keys))
        return self.execute(Command(("SDIFFCARD", *counted, "LIMIT", limit)))

    def sdiffstore(self, dest: KeyT, keys: KeyT | Iterable[KeyT], *args: KeyT) -> int:
        """Make ``dest`` a set of what `sdiff` returns, and return its size.

        https://redis.io/docs/latest/commands/sdiffstore/
        """
        return self.execute(Command(("SDIFFSTORE", dest, *key_list("keys", keys, args))))

    def sinter(self, keys: KeyT | Iterable[KeyT], *args: KeyT) -> set[AnyStr]:
        """Return the members that all sets have.

        https://redis.io/docs/latest/commands/sinter/
        """
        return self.execute(Command(("SINTER", *key_list("keys", keys, args)), to_set))

    def sintercard(self, numkeys: int, keys: KeyT | Iterable[KeyT], limit: int = 0) -> int:
        """Return how many members all sets have. Since Redis 7.0.

        Args:
            numkeys: how many keys there are.
            keys: the keys of the sets.
            limit: stop counting there; 0: count all.

        https://redis.io/docs/latest/commands/sintercard/
        """
        counted: list[KeyT] = counted_keys("numkeys", numkeys, key_list("keys", keys))
        return self.execute(Command(("SINTERCARD", *counted, "LIMIT", limit)))

    def sinterstore(self, dest: KeyT, keys: KeyT | Iterable[KeyT], *args: KeyT) -> int:
        """Make ``dest`` a set of what `sinter` returns, and return its size.

        https://redis.io/docs/latest/commands/sinterstore/
        """
        return self.execute(Command(("SINTERSTORE", dest, *key_list("keys", keys, args))))

    def sismember(self, name: KeyT, value: EncodableT) -> int:
        """Return 1 if ``value`` is a member of the set, else 0.

        https://redis.io/docs/latest/commands/sismember/
        """
        return self.execute(Command(("SISMEMBER", name, value)))

    def smembers(self, name: KeyT) -> set[AnyStr]:
        """Return all members.

        https://redis.io/docs/latest/commands/smembers/
        """
        return self.execute(Command(("SMEMBERS", name), to_set))

    def smismember(self, name: KeyT, values: EncodableT | Iterable[EncodableT], *args: EncodableT) -> list[int]:
        """Return for each value in turn 1 if it is a member of the set, else 0.

        https://redis.io/docs/latest/commands/smismember/
        """
        return self.execute(Command(("SMISMEMBER", name, *key_list("values", values, args))))

    def smove(self, src: KeyT, dst: KeyT, value: EncodableT) -> bool:
        """Move a member from one set to another; return whether ``src`` had it.

        https://redis.io/docs/latest/commands/smove/
        """
        return self.execute(Command(("SMOVE", src, dst, value), to_bool))

    @overload
    def spop(self, name: KeyT, count: None = None) -> AnyStr | None: ...

    @overload
    def spop(self, name: KeyT, count: int) -> list[AnyStr]: ...

    @overload
    def spop(self, name: KeyT, count: int | None = None) -> AnyStr | list[AnyStr] | None: ...

    def spop(self, name: KeyT, count: int | None = None) -> AnyStr | list[AnyStr] | None:
        """Take a random member out of the set and return it; with ``count`` a list of that many at most.

        Without ``count`` None means that the set is empty.

        https://redis.io/docs/latest/commands/spop/
        """
        if count is None:
            return self.execute(Command(("SPOP", name)))
        return self.execute(Command(("SPOP", name, count), to_list))

    @overload
    def srandmember(self, name: KeyT, number: None = None) -> AnyStr | None: ...

    @overload
    def srandmember(self, name: KeyT, number: int) -> list[AnyStr]: ...

    @overload
    def srandmember(self, name: KeyT, number: int | None = None) -> AnyStr | list[AnyStr] | None: ...

    def srandmember(self, name: KeyT, number: int | None = None) -> AnyStr | list[AnyStr] | None:
        """Return a random member; with ``number`` a list of that many different ones at most.

        A negative ``number`` brings exactly as many, and one may come more than once. Without ``number`` None means that the
        set is empty.

        https://redis.io/docs/latest/commands/srandmember/
        """
        if number is None:
            return self.execute(Command(("SRANDMEMBER", name)))
        return self.execute(Command(("SRANDMEMBER", name, number), to_list))

    def srem(self, name: KeyT, *values: EncodableT) -> int:
        """Remove members and return how many there were.

        https://redis.io/docs/latest/commands/srem/
        """
        return self.execute(Command(("SREM", name, *required("values", values))))

    def sscan(
        self, name: KeyT, cursor: int = 0, match: str | bytes | None = None, count: int | None = None
    ) -> SetScan[AnyStr]:
        """Return some members, and the cursor with which the next call goes on.

        Args:
            name: the key of the set.
            cursor: 0 to begin, then what the last call returned, until that is 0.
            match: return only members that match this glob-style pattern.
            count: about how many members to look at in this call; 10 if not given.

        https://redis.io/docs/latest/commands/sscan/
        """
        return self.execute(Command(("SSCAN", name, cursor, *scan_options(match, count)), to_set_scan))

    def sunion(self, keys: KeyT | Iterable[KeyT], *args: KeyT) -> set[AnyStr]:
        """Return the members that at least one of the sets has.

        https://redis.io/docs/latest/commands/sunion/
        """
        return self.execute(Command(("SUNION", *key_list("keys", keys, args)), to_set))

    def sunioncard(self, numkeys: int, keys: KeyT | Iterable[KeyT], limit: int = 0, approx: bool = False) -> int:
        """Return how many members the sets have together. Since Redis 8.10.

        Args:
            numkeys: how many keys there are.
            keys: the keys of the sets.
            limit: stop counting there; 0: count all.
            approx: estimate the number, in little memory.

        https://redis.io/docs/latest/commands/sunioncard/
        """
        counted: list[KeyT] = counted_keys("numkeys", numkeys, key_list("keys", keys))
        return self.execute(Command(("SUNIONCARD", *counted, *flags(APPROX=approx), "LIMIT", limit)))

    def sunionstore(self, dest: KeyT, keys: KeyT | Iterable[KeyT], *args: KeyT) -> int:
        """Make ``dest`` a set of what `sunion` returns, and return its size.

        https://redis.io/docs/latest/commands/sunionstore/
        """
        return self.execute(Command(("SUNIONSTORE", dest, *key_list("keys", keys, args))))


def to_set_scan(reply: Reply) -> SetScan[Any]:
    """A cursor and members."""
    cursor, members = reply
    return SetScan(int(cursor), members)
