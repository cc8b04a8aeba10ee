"""What LCS returns, as values."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

from syncredis.replies import to_fields
from syncredis.typing import Reply


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
