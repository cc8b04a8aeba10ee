"""What sorted set commands return, and how their replies become that.

Under RESP2 members and scores come in turn and scores as strings; under RESP3 they mostly come in pairs, scores as
numbers. Both become a list of tuples. The loops run in C where they can: such replies may hold thousands of members.
"""

from __future__ import annotations

from typing import Any, Generic, NamedTuple

from syncredis.typing import AnyStr, Reply


class PoppedMember(NamedTuple, Generic[AnyStr]):
    """What `bzpopmin` and `bzpopmax` took."""

    key: AnyStr
    """The sorted set it was taken from."""
    member: AnyStr
    """The member."""
    score: float
    """Its score."""


class PoppedMembers(NamedTuple, Generic[AnyStr]):
    """What `zmpop` and `bzmpop` took."""

    key: AnyStr
    """The sorted set they were taken from."""
    members: list[tuple[AnyStr, float]]
    """The members with their scores, in the order in which they were taken."""


class RankAndScore(NamedTuple):
    """What `zrank` and `zrevrank` return with ``withscore``."""

    rank: int
    """Where the member stands, counted from 0."""
    score: float
    """Its score."""


class SortedSetScan(NamedTuple, Generic[AnyStr]):
    """What one call of `zscan` brings."""

    cursor: int
    """Where to go on with the next call; 0: this was the last part."""
    members: list[tuple[AnyStr, float]]
    """Some of the members with their scores; there may be none, and one may come more than once."""


def to_scored_members(reply: Reply) -> list[tuple[Any, float]]:
    """Pairs, or members and scores in turn."""
    if reply and type(reply[0]) is list:
        return list(map(tuple, reply))
    elements = iter(reply)
    return list(zip(elements, map(float, elements), strict=True))


def to_scores(reply: Reply) -> list[float | None]:
    """Scores, nil where there is none."""
    return [None if score is None else float(score) for score in reply]


def to_popped_member(reply: Reply) -> PoppedMember[Any] | None:
    """Key, member and score; nil as None."""
    if reply is None:
        return None
    key, member, score = reply
    return PoppedMember(key, member, float(score))


def to_popped_members(reply: Reply) -> PoppedMembers[Any] | None:
    """A key, and pairs whose scores are strings under RESP2; nil as None."""
    if reply is None:
        return None
    key, members = reply
    return PoppedMembers(key, [(member, float(score)) for member, score in members])


def to_rank_and_score(reply: Reply) -> RankAndScore | None:
    """A rank and a score; nil as None."""
    if reply is None:
        return None
    rank, score = reply
    return RankAndScore(rank, float(score))


def to_scored_scan(reply: Reply) -> SortedSetScan[Any]:
    """A cursor, and members with their scores."""
    cursor, members = reply
    return SortedSetScan(int(cursor), to_scored_members(members))
