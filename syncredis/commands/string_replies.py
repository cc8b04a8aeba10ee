"""What LCS and INCREX return, as values."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypedDict, TypeVar

from syncredis.replies import to_fields
from syncredis.typing import Reply

NumberT = TypeVar("NumberT", int, float)


class Increment(NamedTuple, Generic[NumberT]):
    """What `increx` did."""

    value: NumberT
    """The number after it."""
    applied: NumberT
    """What was added; 0 if the result would have been out of bounds."""


class LcsRange(NamedTuple):
    """A part of a string, from ``start`` to ``end``, both included; in bytes."""

    start: int
    end: int


class LcsMatch(NamedTuple):
    """A part that two strings share."""

    first: LcsRange
    """Where the first string has it."""
    second: LcsRange
    """Where the second string has it."""
    length: int | None = None
    """Its length in bytes; None if it was not asked for."""


class LcsMatches(TypedDict):
    """The parts that make up the longest common subsequence of two strings, those at the end first."""

    matches: list[LcsMatch]
    len: int


def to_lcs_matches(reply: Reply) -> LcsMatches:
    """The map (as an array under RESP2) that LCS returns with IDX."""
    fields = to_fields(reply)
    matches = [LcsMatch(LcsRange(*first), LcsRange(*second), *length) for first, second, *length in fields["matches"]]
    return {"matches": matches, "len": fields["len"]}


def to_int_increment(reply: Reply) -> Increment[int]:
    """Two integers."""
    return Increment(*reply)


def to_float_increment(reply: Reply) -> Increment[float]:
    """Two doubles, or strings under RESP2."""
    value, applied = reply
    return Increment(float(value), float(applied))
