"""The sorted set commands that change one set or look at single members: https://redis.io/docs/latest/commands/?group=sorted-set

Those for ranges and for combinations of sets are in `sorted_set_ranges` and `sorted_set_combinations`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias, overload

from syncredis.command import Command
from syncredis.commands.arguments import (
    WaitT,
    counted_keys,
    exclusive,
    flags,
    key_list,
    pairs,
    required,
    scan_options,
    wait_seconds,
)
from syncredis.commands.group import CommandGroup
from syncredis.commands.sets import SetScan, to_set_scan
from syncredis.commands.sorted_set_replies import (
    PoppedMember,
    PoppedMembers,
    RankAndScore,
    SortedSetScan,
    to_popped_member,
    to_popped_members,
    to_rank_and_score,
    to_scored_members,
    to_scored_scan,
    to_scores,
)
from syncredis.exceptions import DataError
from syncredis.replies import to_float, to_float_or_none
from syncredis.typing import AnyStr, EncodableT, KeyT

#: A score: a number, or ``"-inf"`` or ``"+inf"``.
ScoreT: TypeAlias = float | str


class SortedSetCommands(CommandGroup[AnyStr]):
    """Commands that change a sorted set or look at single members."""

    __slots__ = ()

    def bzmpop(
        self,
        timeout: WaitT,
        numkeys: int,
        keys: KeyT | Iterable[KeyT],
        min: bool = False,
        max: bool = False,
        count: int | None = 1,
    ) -> PoppedMembers[AnyStr] | None:
        """Take members out of the first of several sorted sets that has any; wait for one if none has. Since Redis 7.0.

        Args:
            timeout: block for at most this many seconds; 0: for ever.
            numkeys: how many keys there are.
            keys: the sorted sets, in the order in which they are looked at.
            min: take those with the lowest scores; either this or ``max``.
            max: take those with the highest scores.
            count: how many to take at most.

        Returns:
            the key and its members with their scores, or None if nothing came.

        https://redis.io/docs/latest/commands/bzmpop/
        """
        wait = wait_seconds("timeout", timeout)
        options: list[EncodableT] = _pop_options("numkeys", numkeys, keys, min, max, count)
        return self.execute(Command(("BZMPOP", wait, *options), to_popped_members, blocks=wait))

    def bzpopmax(self, keys: KeyT | Iterable[KeyT], timeout: WaitT = 0) -> PoppedMember[AnyStr] | None:
        """Take the member with the highest score out of the first of several sorted sets that has any; wait if none has.

        Blocks for at most ``timeout`` seconds, for ever if that is 0; returns None if nothing came.

        https://redis.io/docs/latest/commands/bzpopmax/
        """
        wait = wait_seconds("timeout", timeout)
        return self.execute(Command(("BZPOPMAX", *key_list("keys", keys), wait), to_popped_member, blocks=wait))

    def bzpopmin(self, keys: KeyT | Iterable[KeyT], timeout: WaitT = 0) -> PoppedMember[AnyStr] | None:
        """Take the member with the lowest score out of the first of several sorted sets that has any; wait if none has.

        Blocks for at most ``timeout`` seconds, for ever if that is 0; returns None if nothing came.

        https://redis.io/docs/latest/commands/bzpopmin/
        """
        wait = wait_seconds("timeout", timeout)
        return self.execute(Command(("BZPOPMIN", *key_list("keys", keys), wait), to_popped_member, blocks=wait))

    @overload
    def zadd(
        self,
        name: KeyT,
        mapping: Mapping[Any, ScoreT],
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
        incr: Literal[False] = False,
        gt: bool = False,
        lt: bool = False,
    ) -> int: ...

    @overload
    def zadd(
        self,
        name: KeyT,
        mapping: Mapping[Any, ScoreT],
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
        *,
        incr: Literal[True],
        gt: bool = False,
        lt: bool = False,
    ) -> float | None: ...

    @overload
    def zadd(
        self,
        name: KeyT,
        mapping: Mapping[Any, ScoreT],
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
        incr: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> int | float | None: ...

    def zadd(
        self,
        name: KeyT,
        mapping: Mapping[Any, ScoreT],
        nx: bool = False,
        xx: bool = False,
        ch: bool = False,
        incr: bool = False,
        gt: bool = False,
        lt: bool = False,
    ) -> int | float | None:
        """Add members to the sorted set at ``name``, or change the scores of those that it has.

        Args:
            name: the key.
            mapping: each member with its score.
            nx: only add members.
            xx: only change scores.
            ch: count the members whose score changed, too.
            incr: add to the score of the one member in ``mapping``.
            gt: change a score only if it becomes higher.
            lt: change a score only if it becomes lower.

        Returns:
            how many members were added; with ``incr`` the new score, or None if a condition was not met.

        https://redis.io/docs/latest/commands/zadd/
        """
        elements: list[EncodableT] = pairs("mapping", mapping)
        elements[::2], elements[1::2] = elements[1::2], elements[::2]
        if not (nx or xx or ch or incr or gt or lt):
            return self.execute(Command(("ZADD", name, *elements)))
        exclusive(nx=nx, xx=xx)
        exclusive(nx=nx, gt=gt, lt=lt)
        if incr and len(mapping) > 1:
            raise DataError("mapping must hold exactly one element for incr")
        options: list[EncodableT] = flags(NX=nx, XX=xx, GT=gt, LT=lt, CH=ch, INCR=incr)
        return self.execute(Command(("ZADD", name, *options, *elements), to_float_or_none if incr else None))

    def zcard(self, name: KeyT) -> int:
        """Return how many members the sorted set at ``name`` has, 0 if there is no such key.

        https://redis.io/docs/latest/commands/zcard/
        """
        return self.execute(Command(("ZCARD", name)))

    def zincrby(self, name: KeyT, amount: float, value: KeyT) -> float:
        """Add ``amount`` to the score of the member ``value``, or add that member, and return the new score.

        https://redis.io/docs/latest/commands/zincrby/
        """
        return self.execute(Command(("ZINCRBY", name, amount, value), to_float))

    def zmpop(
        self,
        num_keys: int,
        keys: KeyT | Iterable[KeyT],
        min: bool = False,
        max: bool = False,
        count: int | None = 1,
    ) -> PoppedMembers[AnyStr] | None:
        """Take members out of the first of several sorted sets that has any. Since Redis 7.0.

        Args:
            num_keys: how many keys there are.
            keys: the sorted sets, in the order in which they are looked at.
            min: take those with the lowest scores; either this or ``max``.
            max: take those with the highest scores.
            count: how many to take at most.

        Returns:
            the key and its members with their scores, or None if all are empty.

        https://redis.io/docs/latest/commands/zmpop/
        """
        options: list[EncodableT] = _pop_options("num_keys", num_keys, keys, min, max, count)
        return self.execute(Command(("ZMPOP", *options), to_popped_members))

    def zmscore(self, key: KeyT, members: KeyT | Iterable[KeyT]) -> list[float | None]:
        """Return the scores of several members, None for each that the sorted set does not have.

        https://redis.io/docs/latest/commands/zmscore/
        """
        return self.execute(Command(("ZMSCORE", key, *key_list("members", members)), to_scores))

    def zpopmax(self, name: KeyT, count: int | None = None) -> list[tuple[AnyStr, float]]:
        """Take the ``count`` members with the highest scores out (by default one); return them with their scores.

        https://redis.io/docs/latest/commands/zpopmax/
        """
        return self.execute(Command(("ZPOPMAX", name, *_optional(count)), to_scored_members))

    def zpopmin(self, name: KeyT, count: int | None = None) -> list[tuple[AnyStr, float]]:
        """Take the ``count`` members with the lowest scores out (by default one); return them with their scores.

        https://redis.io/docs/latest/commands/zpopmin/
        """
        return self.execute(Command(("ZPOPMIN", name, *_optional(count)), to_scored_members))

    @overload
    def zrandmember(self, key: KeyT, count: None = None, withscores: Literal[False] = False) -> AnyStr | None: ...

    @overload
    def zrandmember(self, key: KeyT, count: int, withscores: Literal[False] = False) -> list[AnyStr]: ...

    @overload
    def zrandmember(self, key: KeyT, count: int, withscores: Literal[True]) -> list[tuple[AnyStr, float]]: ...

    @overload
    def zrandmember(
        self, key: KeyT, count: int | None = None, withscores: bool = False
    ) -> AnyStr | list[AnyStr] | list[tuple[AnyStr, float]] | None: ...

    def zrandmember(
        self, key: KeyT, count: int | None = None, withscores: bool = False
    ) -> AnyStr | list[AnyStr] | list[tuple[AnyStr, float]] | None:
        """Return a random member, or None if there is no such key; with ``count`` a list of members.

        Args:
            key: the sorted set.
            count: how many different members at most; if negative, exactly so many, the same more than once if need be.
            withscores: return each member with its score; only together with ``count``.

        https://redis.io/docs/latest/commands/zrandmember/
        """
        if withscores and count is None:
            raise DataError("withscores needs count")
        arguments = ("ZRANDMEMBER", key, *_optional(count), *flags(WITHSCORES=withscores))
        return self.execute(Command(arguments, to_scored_members if withscores else None))

    @overload
    def zrank(self, name: KeyT, value: KeyT, withscore: Literal[False] = False) -> int | None: ...

    @overload
    def zrank(self, name: KeyT, value: KeyT, withscore: Literal[True]) -> RankAndScore | None: ...

    @overload
    def zrank(self, name: KeyT, value: KeyT, withscore: bool = False) -> int | RankAndScore | None: ...

    def zrank(self, name: KeyT, value: KeyT, withscore: bool = False) -> int | RankAndScore | None:
        """Return where the member ``value`` stands by rising score, counted from 0, or None if there is no such member.

        With ``withscore`` its score, too; since Redis 7.2.

        https://redis.io/docs/latest/commands/zrank/
        """
        arguments = ("ZRANK", name, value, *flags(WITHSCORE=withscore))
        return self.execute(Command(arguments, to_rank_and_score if withscore else None))

    def zrem(self, name: KeyT, *values: KeyT) -> int:
        """Remove members and return how many there were.

        https://redis.io/docs/latest/commands/zrem/
        """
        return self.execute(Command(("ZREM", name, *required("values", values))))

    @overload
    def zrevrank(self, name: KeyT, value: KeyT, withscore: Literal[False] = False) -> int | None: ...

    @overload
    def zrevrank(self, name: KeyT, value: KeyT, withscore: Literal[True]) -> RankAndScore | None: ...

    @overload
    def zrevrank(self, name: KeyT, value: KeyT, withscore: bool = False) -> int | RankAndScore | None: ...

    def zrevrank(self, name: KeyT, value: KeyT, withscore: bool = False) -> int | RankAndScore | None:
        """Return where the member ``value`` stands by falling score, counted from 0, or None if there is no such member.

        With ``withscore`` its score, too; since Redis 7.2.

        https://redis.io/docs/latest/commands/zrevrank/
        """
        arguments = ("ZREVRANK", name, value, *flags(WITHSCORE=withscore))
        return self.execute(Command(arguments, to_rank_and_score if withscore else None))

    @overload
    def zscan(
        self,
        name: KeyT,
        cursor: int = 0,
        match: str | bytes | None = None,
        count: int | None = None,
        no_scores: Literal[False] = False,
    ) -> SortedSetScan[AnyStr]: ...

    @overload
    def zscan(
        self,
        name: KeyT,
        cursor: int = 0,
        match: str | bytes | None = None,
        count: int | None = None,
        *,
        no_scores: Literal[True],
    ) -> SetScan[AnyStr]: ...

    @overload
    def zscan(
        self,
        name: KeyT,
        cursor: int = 0,
        match: str | bytes | None = None,
        count: int | None = None,
        no_scores: bool = False,
    ) -> SortedSetScan[AnyStr] | SetScan[AnyStr]: ...

    def zscan(
        self,
        name: KeyT,
        cursor: int = 0,
        match: str | bytes | None = None,
        count: int | None = None,
        no_scores: bool = False,
    ) -> SortedSetScan[AnyStr] | SetScan[AnyStr]:
        """Return some members with their scores, and the cursor with which the next call goes on.

        Args:
            name: the key of the sorted set.
            cursor: 0 to begin, then what the last call returned, until that is 0.
            match: return only members that match this glob-style pattern.
            count: about how many members to look at in this call; 10 if not given.
            no_scores: return members without their scores. Since Valkey 8.0; Redis does not have it.

        https://redis.io/docs/latest/commands/zscan/
        """
        arguments: tuple[EncodableT, ...] = ("ZSCAN", name, cursor, *scan_options(match, count))
        if no_scores:
            return self.execute(Command((*arguments, "NOSCORES"), to_set_scan))
        return self.execute(Command(arguments, to_scored_scan))

    def zscore(self, name: KeyT, value: KeyT) -> float | None:
        """Return the score of the member ``value``, or None if there is no such member.

        https://redis.io/docs/latest/commands/zscore/
        """
        return self.execute(Command(("ZSCORE", name, value), to_float_or_none))


def _pop_options(
    name: str, number: int, keys: KeyT | Iterable[KeyT], min: bool, max: bool, count: int | None
) -> list[EncodableT]:
    exclusive(min=min, max=max)
    if not (min or max):
        raise DataError("either min or max is needed")
    arguments = [*counted_keys(name, number, key_list("keys", keys)), "MIN" if min else "MAX"]
    return arguments if count is None else [*arguments, "COUNT", count]


def _optional(count: int | None) -> tuple[EncodableT, ...]:
    return () if count is None else (count,)
