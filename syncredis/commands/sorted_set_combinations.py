"""The sorted set commands that combine several sets: https://redis.io/docs/latest/commands/?group=sorted-set

Where sorted sets are asked for, plain sets serve as well: each of their members has the score 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias, overload

from syncredis.command import Command
from syncredis.commands.arguments import counted_keys, flags, key_list, one_of, pairs
from syncredis.commands.group import CommandGroup
from syncredis.commands.sorted_set_replies import to_scored_members
from syncredis.typing import AnyStr, EncodableT, KeyT

#: What a member's score becomes that several sets have.
AggregateT: TypeAlias = Literal["SUM", "MIN", "MAX", "COUNT", "sum", "min", "max", "count"]

#: Keys alone, or each with a number by which its scores are multiplied.
WeightedKeysT: TypeAlias = KeyT | Iterable[KeyT] | Mapping[Any, float]

_AGGREGATES = ("SUM", "MIN", "MAX", "COUNT")


class SortedSetCombinationCommands(CommandGroup[AnyStr]):
    """Commands that combine several sorted sets."""

    __slots__ = ()

    @overload
    def zdiff(self, keys: KeyT | Iterable[KeyT], withscores: Literal[False] = False) -> list[AnyStr]: ...

    @overload
    def zdiff(self, keys: KeyT | Iterable[KeyT], withscores: Literal[True]) -> list[tuple[AnyStr, float]]: ...

    @overload
    def zdiff(
        self, keys: KeyT | Iterable[KeyT], withscores: bool = False
    ) -> list[AnyStr] | list[tuple[AnyStr, float]]: ...

    def zdiff(self, keys: KeyT | Iterable[KeyT], withscores: bool = False) -> list[AnyStr] | list[tuple[AnyStr, float]]:
        """Return the members of the first sorted set that none of the others has; ``withscores``: with their scores.

        https://redis.io/docs/latest/commands/zdiff/
        """
        given: list[KeyT] = key_list("keys", keys)
        arguments = ("ZDIFF", len(given), *given, *flags(WITHSCORES=withscores))
        return self.execute(Command(arguments, to_scored_members if withscores else None))

    def zdiffstore(self, dest: KeyT, keys: KeyT | Iterable[KeyT]) -> int:
        """Write what `zdiff` returns to ``dest``, in place of what was there; return how many members it has.

        https://redis.io/docs/latest/commands/zdiffstore/
        """
        given: list[KeyT] = key_list("keys", keys)
        return self.execute(Command(("ZDIFFSTORE", dest, len(given), *given)))

    @overload
    def zinter(
        self, keys: WeightedKeysT, aggregate: AggregateT | None = None, withscores: Literal[False] = False
    ) -> list[AnyStr]: ...

    @overload
    def zinter(
        self, keys: WeightedKeysT, aggregate: AggregateT | None = None, *, withscores: Literal[True]
    ) -> list[tuple[AnyStr, float]]: ...

    @overload
    def zinter(
        self, keys: WeightedKeysT, aggregate: AggregateT | None = None, withscores: bool = False
    ) -> list[AnyStr] | list[tuple[AnyStr, float]]: ...

    def zinter(
        self, keys: WeightedKeysT, aggregate: AggregateT | None = None, withscores: bool = False
    ) -> list[AnyStr] | list[tuple[AnyStr, float]]:
        """Return the members that all of several sorted sets have, by rising score.

        Args:
            keys: the sorted sets; a mapping gives each a number by which its scores are multiplied.
            aggregate: a member's score becomes the ``"SUM"`` (the default), ``"MIN"`` or ``"MAX"`` of its scores, or the
                ``"COUNT"`` of the sets that have it, by their weights (since Redis 8.8).
            withscores: return each member with its score.

        https://redis.io/docs/latest/commands/zinter/
        """
        arguments = ("ZINTER", *_weighted(keys, aggregate), *flags(WITHSCORES=withscores))
        return self.execute(Command(arguments, to_scored_members if withscores else None))

    def zintercard(self, numkeys: int, keys: KeyT | Iterable[KeyT], limit: int = 0) -> int:
        """Return how many members all of several sorted sets have. Since Redis 7.0.

        ``numkeys`` is how many keys there are. The count stops at ``limit``; 0: it does not.

        https://redis.io/docs/latest/commands/zintercard/
        """
        given: list[KeyT] = key_list("keys", keys)
        return self.execute(Command(("ZINTERCARD", *counted_keys("numkeys", numkeys, given), "LIMIT", limit)))

    def zinterstore(self, dest: KeyT, keys: WeightedKeysT, aggregate: AggregateT | None = None) -> int:
        """Write what `zinter` returns to ``dest``, in place of what was there; return how many members it has.

        https://redis.io/docs/latest/commands/zinterstore/
        """
        return self.execute(Command(("ZINTERSTORE", dest, *_weighted(keys, aggregate))))

    @overload
    def zunion(
        self, keys: WeightedKeysT, aggregate: AggregateT | None = None, withscores: Literal[False] = False
    ) -> list[AnyStr]: ...

    @overload
    def zunion(
        self, keys: WeightedKeysT, aggregate: AggregateT | None = None, *, withscores: Literal[True]
    ) -> list[tuple[AnyStr, float]]: ...

    @overload
    def zunion(
        self, keys: WeightedKeysT, aggregate: AggregateT | None = None, withscores: bool = False
    ) -> list[AnyStr] | list[tuple[AnyStr, float]]: ...

    def zunion(
        self, keys: WeightedKeysT, aggregate: AggregateT | None = None, withscores: bool = False
    ) -> list[AnyStr] | list[tuple[AnyStr, float]]:
        """Return the members that any of several sorted sets has, by rising score.

        Args:
            keys: the sorted sets; a mapping gives each a number by which its scores are multiplied.
            aggregate: a member's score becomes the ``"SUM"`` (the default), ``"MIN"`` or ``"MAX"`` of its scores, or the
                ``"COUNT"`` of the sets that have it, by their weights (since Redis 8.8).
            withscores: return each member with its score.

        https://redis.io/docs/latest/commands/zunion/
        """
        arguments = ("ZUNION", *_weighted(keys, aggregate), *flags(WITHSCORES=withscores))
        return self.execute(Command(arguments, to_scored_members if withscores else None))

    def zunionstore(self, dest: KeyT, keys: WeightedKeysT, aggregate: AggregateT | None = None) -> int:
        """Write what `zunion` returns to ``dest``, in place of what was there; return how many members it has.

        https://redis.io/docs/latest/commands/zunionstore/
        """
        return self.execute(Command(("ZUNIONSTORE", dest, *_weighted(keys, aggregate))))


def _weighted(keys: WeightedKeysT, aggregate: str | None) -> list[EncodableT]:
    """The number of keys, the keys, their weights if they have any, and the way to aggregate."""
    if isinstance(keys, Mapping):
        flat = pairs("keys", keys)
        names = flat[::2]
        arguments: list[EncodableT] = [len(names), *names, "WEIGHTS", *flat[1::2]]
    else:
        given: list[KeyT] = key_list("keys", keys)
        arguments = [len(given), *given]
    if aggregate is None:
        return arguments
    return [*arguments, "AGGREGATE", one_of("aggregate", aggregate, _AGGREGATES)]
