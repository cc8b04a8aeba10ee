"""The methods in which redis-py lets the caller say what becomes of a score."""

# pyright: reportIncompatibleMethodOverride=false
# The signatures are redis-py's.

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from syncredis.command import Command
from syncredis.commands import Commands, Recorder
from syncredis.compat.requests import reshaped
from syncredis.compat.shapes import score_bytes

_record: Final[Any] = Recorder()


def _cast(command: Any, score_cast_func: Callable[[Any], Any]) -> Command[Any]:
    """Return a command, in whose reply each score goes through ``score_cast_func``: as bytes, as RESP2 brings them."""
    if score_cast_func is float:
        return command  # type: ignore[no-any-return]
    return reshaped(command, lambda found: _casted(found, score_cast_func))


def _casted(found: Any, score_cast_func: Callable[[Any], Any]) -> Any:
    if isinstance(found, list):
        return [(pair[0], score_cast_func(score_bytes(pair[1]))) if isinstance(pair, tuple) else pair for pair in found]
    if isinstance(found, tuple) and len(found) == 2:
        first, rest = found
        if isinstance(rest, list):  # a cursor, and what was found, whose scores redis-py takes as they come
            return first, [(member, score_cast_func(as_scanned(member, score))) for member, score in rest]
        return [first, score_cast_func(score_bytes(rest))]  # a rank, and its score
    return found


def as_scanned(member: Any, score: float) -> Any:
    """Return a score as ZSCAN brings it, a string of the same kind as the member."""
    return score_bytes(score).decode() if isinstance(member, str) else score_bytes(score)


class ScoredCommands(Commands[Any]):
    """They call ``score_cast_func`` with each score, which is a string of bytes then."""

    __slots__ = ()

    def zrange(
        self,
        name: Any,
        start: Any,
        end: Any,
        desc: bool = False,
        withscores: bool = False,
        score_cast_func: Callable[[Any], Any] = float,
        byscore: bool = False,
        bylex: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> Any:
        """Return a range of a sorted set; see `syncredis.Redis.zrange`."""
        command = _record.zrange(name, start, end, desc, withscores, byscore, bylex, offset, num)
        return self.execute(_cast(command, score_cast_func))

    def zrevrange(
        self,
        name: Any,
        start: int,
        end: int,
        withscores: bool = False,
        score_cast_func: Callable[[Any], Any] = float,
    ) -> Any:
        """Return a range of a sorted set, from its end; see `syncredis.Redis.zrevrange`."""
        return self.execute(_cast(_record.zrevrange(name, start, end, withscores), score_cast_func))

    def zrangebyscore(
        self,
        name: Any,
        min: Any,
        max: Any,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
        score_cast_func: Callable[[Any], Any] = float,
    ) -> Any:
        """Return the members with scores between two; see `syncredis.Redis.zrangebyscore`."""
        return self.execute(_cast(_record.zrangebyscore(name, min, max, start, num, withscores), score_cast_func))

    def zrevrangebyscore(
        self,
        name: Any,
        max: Any,
        min: Any,
        start: int | None = None,
        num: int | None = None,
        withscores: bool = False,
        score_cast_func: Callable[[Any], Any] = float,
    ) -> Any:
        """Return the same, from the end; see `syncredis.Redis.zrevrangebyscore`."""
        return self.execute(_cast(_record.zrevrangebyscore(name, max, min, start, num, withscores), score_cast_func))

    def zrank(
        self, name: Any, value: Any, withscore: bool = False, score_cast_func: Callable[[Any], Any] = float
    ) -> Any:
        """Return where a member stands; see `syncredis.Redis.zrank`."""
        return self.execute(_cast(_record.zrank(name, value, withscore), score_cast_func))

    def zrevrank(
        self, name: Any, value: Any, withscore: bool = False, score_cast_func: Callable[[Any], Any] = float
    ) -> Any:
        """Return where a member stands, counted from the end; see `syncredis.Redis.zrevrank`."""
        return self.execute(_cast(_record.zrevrank(name, value, withscore), score_cast_func))

    def zunion(
        self,
        keys: Any,
        aggregate: Any = None,
        withscores: bool = False,
        score_cast_func: Callable[[Any], Any] = float,
    ) -> Any:
        """Return what is in any of several sorted sets; see `syncredis.Redis.zunion`."""
        return self.execute(_cast(_record.zunion(keys, aggregate, withscores), score_cast_func))

    def zscan(
        self,
        name: Any,
        cursor: int = 0,
        match: Any = None,
        count: int | None = None,
        score_cast_func: Callable[[Any], Any] = float,
    ) -> Any:
        """Return a part of a sorted set; see `syncredis.Redis.zscan`."""
        return self.execute(_cast(_record.zscan(name, cursor, match, count), score_cast_func))
