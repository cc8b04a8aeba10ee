"""What became of the calls of a load, and what follows from that: values and pure functions, no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Literal, NamedTuple

Kind = Literal["write", "read"]


class Outcome(Enum):
    """What became of one call."""

    DONE = "done"
    NOTHING = "nothing there"  # a read of a key that this replica does not have yet
    WRONG = "wrong reply"
    UNKNOWN = "outcome unknown"
    FAILED = "failed"


class Call(NamedTuple):
    """One call that has ended. Times are by `time.monotonic`."""

    kind: Kind
    key: str
    started: float
    ended: float
    outcome: Outcome
    error: str = ""

    @property
    def answered(self) -> bool:
        """Whether the server carried it out and said so."""
        return self.outcome in (Outcome.DONE, Outcome.NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one surface went through. Times are in seconds.

    Attributes:
        surface: ``"sync"`` or ``"async"``.
        writes: how many were acknowledged.
        lost: how many of them were not there in the end; None: nobody could look.
        unknown: writes of which the client could not tell whether they happened; reported as such, so no errors.
        unknown_applied: how many of them did happen; None: nobody could look.
        write_gap: the longest time without an acknowledged write.
        reads: how many were answered.
        nothing: how many of them found the key not there yet.
        read_gap: the longest time without an answered read.
        errors: messages of calls that failed, and how often each came.
        wrong: replies that belong to another call, and values in the end that belong to another key.
        stuck: calls that had not returned in the end.
        resumed: whether writes were acknowledged again.
    """

    surface: str
    writes: int
    lost: int | None
    unknown: int
    unknown_applied: int | None
    write_gap: float
    reads: int
    nothing: int
    read_gap: float
    errors: Mapping[str, int]
    wrong: int
    stuck: int
    resumed: bool

    @property
    def complaints(self) -> list[str]:
        """What is not well, a clause each; empty if all is."""
        found: list[str] = []
        if not self.resumed:
            found.append("writes did not resume")
        if self.errors:
            found.append(f"{count_of(sum(self.errors.values()), 'call')} failed")
        if self.wrong:
            found.append(f"{count_of(self.wrong, 'wrong reply', 'wrong replies')}")
        if self.lost:
            found.append(f"{count_of(self.lost, 'acknowledged write')} lost")
        if self.stuck:
            found.append(f"{count_of(self.stuck, 'call')} never returned")
        return found


def value_of(key: str) -> str:
    """Return the value that is written under a key; it names the key, so that a reply to another call shows."""
    return f"value of {key}"


def judge_write(reply: object) -> Outcome:
    """Say what a reply to SET means."""
    return Outcome.DONE if reply is True else Outcome.WRONG


def judge_read(key: str, reply: object) -> Outcome:
    """Say what a reply to GET means."""
    if reply is None:
        return Outcome.NOTHING
    return Outcome.DONE if reply == value_of(key) else Outcome.WRONG


def ends(calls: Iterable[Call], kind: Kind) -> list[float]:
    """Return when calls of one kind were answered."""
    return [call.ended for call in calls if call.kind == kind and call.answered]


def longest_gap(moments: Iterable[float], begin: float, end: float) -> float:
    """Return the longest time between ``begin`` and ``end`` in which none of ``moments`` lies."""
    inside = sorted(moment for moment in moments if begin < moment < end)
    return max(later - earlier for earlier, later in pairwise([begin, *inside, end]))


def counts_per_slice(moments: Iterable[float], begin: float, end: float, slices: int) -> list[int]:
    """Return how many of ``moments`` lie in each of the equal parts of the time from ``begin`` to ``end``."""
    counts = [0] * slices
    for moment in moments:
        if begin <= moment < end:
            counts[min(slices - 1, int((moment - begin) / (end - begin) * slices))] += 1
    return counts


def count_of(count: int, singular: str, plural: str | None = None) -> str:
    """Return number and noun, for people: ``"1 reply"``, ``"2 replies"``."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def make_report(
    surface: str,
    calls: Sequence[Call],
    *,
    began: float,
    struck: float,
    ended: float,
    stored: Mapping[str, str | None] | None,
    stuck: int = 0,
) -> Report:
    """Return what the calls of a surface amount to.

    Args:
        surface: its name.
        calls: all of its calls that have ended.
        began: when the load had begun.
        struck: from when on an acknowledged write says that service is back.
        ended: when the load ended.
        stored: what the primary held in the end under the keys of all writes; None: there was none to ask.
        stuck: how many calls had not ended.
    """
    by_outcome = Counter((call.kind, call.outcome) for call in calls)
    acknowledged = [call.key for call in calls if call.kind == "write" and call.outcome is Outcome.DONE]
    unknown = [call.key for call in calls if call.outcome is Outcome.UNKNOWN]
    write_ends, read_ends = ends(calls, "write"), ends(calls, "read")
    there = {key for key, value in (stored or {}).items() if value is not None}
    misplaced = sum(stored is not None and stored[key] != value_of(key) for key in there)
    return Report(
        surface=surface,
        writes=len(acknowledged),
        lost=None if stored is None else len(set(acknowledged) - there),
        unknown=len(unknown),
        unknown_applied=None if stored is None else len(there.intersection(unknown)),
        write_gap=longest_gap(write_ends, began, ended),
        reads=len(read_ends),
        nothing=by_outcome["read", Outcome.NOTHING],
        read_gap=longest_gap(read_ends, began, ended),
        errors=Counter(call.error for call in calls if call.outcome is Outcome.FAILED),
        wrong=by_outcome["read", Outcome.WRONG] + by_outcome["write", Outcome.WRONG] + misplaced,
        stuck=stuck,
        resumed=first_answered_after(calls, "write", struck) is not None,
    )


def first_answered_after(calls: Iterable[Call], kind: Kind, moment: float) -> Call | None:
    """Return the call that was answered first of those that began after ``moment``.

    One that began before may have been answered before, too, although its thread took notice later.
    """
    after = (call for call in calls if call.kind == kind and call.answered and call.started > moment)
    return min(after, key=lambda call: call.ended, default=None)
