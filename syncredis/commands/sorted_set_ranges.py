"""The sorted set commands for ranges of members: https://redis.io/docs/latest/commands/?group=sorted-set

A range is given by rank, by score, or by the members themselves where all scores are equal (``lex``).
"""

from __future__ import annotations

from typing import Literal, TypeAlias, overload

from syncredis.command import Command
from syncredis.commands.arguments import exclusive, flags, limit
from syncredis.commands.group import CommandGroup
from syncredis.commands.sorted_set_replies import to_scored_members
from syncredis.exceptions import DataError
from syncredis.typing import AnyStr, EncodableT, KeyT

#: An end of a range of scores: a number, ``"-inf"`` or ``"+inf"``; as ``"(1.5"`` it does not itself belong to the range.
ScoreBoundT: TypeAlias = float | str

#: An end of a range of members: ``"[a"``, or ``"(a"`` which does not itself belong to the range; ``"-"`` and ``"+"`` for the
#: very first and last.
LexBoundT: TypeAlias = str | bytes


class SortedSetRangeCommands(CommandGroup[AnyStr]):
    """Commands on ranges of a sorted set's members."""

    __slots__ = ()

    def zcount(self, name: KeyT, min: ScoreBoundT, max: ScoreBoundT) -> int:
        """Return how many members have a score from ``min`` to ``max``.

        https://redis.io/docs/latest/commands/zcount/
        """
        return self.execute(Command(("ZCOUNT", name, min, max)))

    def zlexcount(self, name: KeyT, min: LexBoundT, max: LexBoundT) -> int:
        """Return how many members lie between ``min`` and ``max``, where all scores are equal.

        https://redis.io/docs/latest/commands/zlexcount/
        """
        return self.execute(Command(("ZLEXCOUNT", name, min, max)))

    @overload
    def zrange(
        self,
        name: KeyT,
        start: ScoreBoundT | LexBoundT,
        end: ScoreBoundT | LexBoundT,
        desc: bool = False,
        withscores: Literal[False] = False,
        byscore: bool = False,
        bylex: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> list[AnyStr]: ...

    @overload
    def zrange(
        self,
        name: KeyT,
        start: ScoreBoundT | LexBoundT,
        end: ScoreBoundT | LexBoundT,
        desc: bool = False,
        *,
        withscores: Literal[True],
        byscore: bool = False,
        bylex: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> list[tuple[AnyStr, float]]: ...

    @overload
    def zrange(
        self,
        name: KeyT,
        start: ScoreBoundT | LexBoundT,
        end: ScoreBoundT | LexBoundT,
        desc: bool = False,
        withscores: bool = False,
        byscore: bool = False,
        bylex: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> list[AnyStr] | list[tuple[AnyStr, float]]: ...

    def zrange(
        self,
        name: KeyT,
        start: ScoreBoundT | LexBoundT,
        end: ScoreBoundT | LexBoundT,
        desc: bool = False,
        withscores: bool = False,
        byscore: bool = False,
        bylex: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> list[AnyStr] | list[tuple[AnyStr, float]]:
        """Return the members from ``start`` to ``end``, both included, by rising score.

        Args:
            name: the key.
            start: a rank, counted from 0, or from -1 backwards for the last; with ``byscore`` a score, with ``bylex`` a member,
                which may be excluded: ``"(1.5"``, ``"(a"``.
            end: likewise.
            desc: by falling score. A range by score or by members then starts at its high end.
            withscores: return each member with its score.
            byscore: the range is one of scores.
            bylex: the range is one of members, all of which must have the same score.
            offset: leave out so many members of the range; only together with ``num``, and by score or by members.
            num: return so many members at most; if negative, all.

        https://redis.io/docs/latest/commands/zrange/
        """
        options: list[EncodableT] = _range_options(desc, byscore, bylex, offset, num)
        if not withscores:
            return self.execute(Command(("ZRANGE", name, start, end, *options)))
        exclusive(bylex=bylex, withscores=withscores)
        return self.execute(Command(("ZRANGE", name, start, end, *options, "WITHSCORES"), to_scored_members))

    def zrangebylex(
        self,
        name: KeyT,
        min: LexBoundT,
        max: LexBoundT,
        start: int | None = None,
        num: int | None = None,
    ) -> list[AnyStr]:
        """Return the members between ``min`` and ``max``, where all scores are equal.

        ``start`` and ``num`` go together: leave out so many members, and return so many at most.

        https://redis.io/docs/latest/commands/zrangebylex/
        """
        return self.execute(Command(("ZRANGEBYLEX", name, min, max, *limit("start", start, num))))

    @overload
    def zrangebyscore(
        self,
        name: KeyT,
        min: ScoreBoundT,
        max: ScoreBoundT,
        start: int | None = None,
        num: int | None = None,
        withscores: Literal[False] = False,
    ) -> list[AnyStr]: ...

    @overload
    def zrangebyscore(
        self,
        name: KeyT,
        min: ScoreBoundT,
        max: ScoreBoundT,
        start: int | None = None,
        num: int | None = None,
        *,
        withscores: Literal[True],
    ) -> list[tuple[AnyStr, float]]: ...

    @overload
    def zrangebyscore(
        self,
        name: KeyT,
        min: ScoreBoundT,
        max: ScoreBoundT,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
    ) -> list[AnyStr] | list[tuple[AnyStr, float]]: ...

    def zrangebyscore(
        self,
        name: KeyT,
        min: ScoreBoundT,
        max: ScoreBoundT,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
    ) -> list[AnyStr] | list[tuple[AnyStr, float]]:
        """Return the members whose scores are from ``min`` to ``max``, by rising score; ``withscores``: with their scores.

        ``start`` and ``num`` go together: leave out so many members, and return so many at most.

        https://redis.io/docs/latest/commands/zrangebyscore/
        """
        arguments = ("ZRANGEBYSCORE", name, min, max, *limit("start", start, num), *flags(WITHSCORES=withscores))
        return self.execute(Command(arguments, to_scored_members if withscores else None))

    def zrangestore(
        self,
        dest: KeyT,
        name: KeyT,
        start: ScoreBoundT | LexBoundT,
        end: ScoreBoundT | LexBoundT,
        byscore: bool = False,
        bylex: bool = False,
        desc: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> int:
        """Write a range of the sorted set at ``name`` to ``dest``, in place of what was there; return how many members it has.

        The range is given as for `zrange`.

        https://redis.io/docs/latest/commands/zrangestore/
        """
        options: list[EncodableT] = _range_options(desc, byscore, bylex, offset, num)
        return self.execute(Command(("ZRANGESTORE", dest, name, start, end, *options)))

    def zremrangebylex(self, name: KeyT, min: LexBoundT, max: LexBoundT) -> int:
        """Remove the members between ``min`` and ``max``, where all scores are equal, and return how many there were.

        https://redis.io/docs/latest/commands/zremrangebylex/
        """
        return self.execute(Command(("ZREMRANGEBYLEX", name, min, max)))

    def zremrangebyrank(self, name: KeyT, min: int, max: int) -> int:
        """Remove the members from rank ``min`` to rank ``max``, both included, and return how many there were.

        Ranks are counted by rising score from 0, or from -1 backwards for the last.

        https://redis.io/docs/latest/commands/zremrangebyrank/
        """
        return self.execute(Command(("ZREMRANGEBYRANK", name, min, max)))

    def zremrangebyscore(self, name: KeyT, min: ScoreBoundT, max: ScoreBoundT) -> int:
        """Remove the members whose scores are from ``min`` to ``max`` and return how many there were.

        https://redis.io/docs/latest/commands/zremrangebyscore/
        """
        return self.execute(Command(("ZREMRANGEBYSCORE", name, min, max)))

    @overload
    def zrevrange(self, name: KeyT, start: int, end: int, withscores: Literal[False] = False) -> list[AnyStr]: ...

    @overload
    def zrevrange(self, name: KeyT, start: int, end: int, withscores: Literal[True]) -> list[tuple[AnyStr, float]]: ...

    @overload
    def zrevrange(
        self, name: KeyT, start: int, end: int, withscores: bool = False
    ) -> list[AnyStr] | list[tuple[AnyStr, float]]: ...

    def zrevrange(
        self, name: KeyT, start: int, end: int, withscores: bool = False
    ) -> list[AnyStr] | list[tuple[AnyStr, float]]:
        """Return the members from rank ``start`` to rank ``end``, by falling score; ``withscores``: with their scores.

        Ranks are counted by falling score from 0, or from -1 backwards for the last.

        https://redis.io/docs/latest/commands/zrevrange/
        """
        arguments = ("ZREVRANGE", name, start, end, *flags(WITHSCORES=withscores))
        return self.execute(Command(arguments, to_scored_members if withscores else None))

    def zrevrangebylex(
        self,
        name: KeyT,
        max: LexBoundT,
        min: LexBoundT,
        start: int | None = None,
        num: int | None = None,
    ) -> list[AnyStr]:
        """Return the members between ``min`` and ``max`` from the last to the first, where all scores are equal.

        ``start`` and ``num`` go together: leave out so many members, and return so many at most.

        https://redis.io/docs/latest/commands/zrevrangebylex/
        """
        return self.execute(Command(("ZREVRANGEBYLEX", name, max, min, *limit("start", start, num))))

    @overload
    def zrevrangebyscore(
        self,
        name: KeyT,
        max: ScoreBoundT,
        min: ScoreBoundT,
        start: int | None = None,
        num: int | None = None,
        withscores: Literal[False] = False,
    ) -> list[AnyStr]: ...

    @overload
    def zrevrangebyscore(
        self,
        name: KeyT,
        max: ScoreBoundT,
        min: ScoreBoundT,
        start: int | None = None,
        num: int | None = None,
        *,
        withscores: Literal[True],
    ) -> list[tuple[AnyStr, float]]: ...

    @overload
    def zrevrangebyscore(
        self,
        name: KeyT,
        max: ScoreBoundT,
        min: ScoreBoundT,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
    ) -> list[AnyStr] | list[tuple[AnyStr, float]]: ...

    def zrevrangebyscore(
        self,
        name: KeyT,
        max: ScoreBoundT,
        min: ScoreBoundT,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
    ) -> list[AnyStr] | list[tuple[AnyStr, float]]:
        """Return the members whose scores are from ``min`` to ``max``, by falling score; ``withscores``: with their scores.

        ``start`` and ``num`` go together: leave out so many members, and return so many at most.

        https://redis.io/docs/latest/commands/zrevrangebyscore/
        """
        arguments = ("ZREVRANGEBYSCORE", name, max, min, *limit("start", start, num), *flags(WITHSCORES=withscores))
        return self.execute(Command(arguments, to_scored_members if withscores else None))


def _range_options(desc: bool, byscore: bool, bylex: bool, offset: int | None, num: int | None) -> list[EncodableT]:
    # The usual case, without a look at five options that were not given.
    if offset is num is None and not (desc or byscore or bylex):
        return []
    exclusive(byscore=byscore, bylex=bylex)
    window = limit("offset", offset, num)
    if window and not (byscore or bylex):
        raise DataError("offset and num need byscore or bylex")
    return [*flags(BYSCORE=byscore, BYLEX=bylex, REV=desc), *window]
