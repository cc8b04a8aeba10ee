"""The figures of a drill, and the tables that they are printed in."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_HEAD: Final = (
    "| client | errors w/r | write gap | read gap | after promotion | subscriber | lost | INCR twice | stuck | besides |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass
class Outcome:
    """The figures of one drill; times in seconds.

    Attributes:
        write_errors: that the application saw, and `read_errors` likewise.
        errors: of both, by their class.
        write_gap: the longest time between two successes; negative if it lasted to the end. `read_gap` likewise.
        after_promotion: from the replica's promotion to the first write that its heir acknowledged; None: there was none.
        subscriber: from the promotion to the first message that was published at the new primary; None: none came.
        not_carried: acknowledged writes that are gone because the rightful primary had not passed them on.
        late: the same, sent when the Sentinels had begun with the failover.
        misdirected: acknowledged writes that are gone because they went to a node that had been replaced.
        doubled: INCRs that were applied more often than they were asked for.
        stuck: calls that never came back.
        failovers: how many there were.
        notes: further figures.
    """

    write_errors: int
    read_errors: int
    errors: dict[str, int]
    write_gap: float
    read_gap: float
    after_promotion: float | None
    subscriber: float | None
    not_carried: int
    late: int
    misdirected: int
    doubled: int
    stuck: int
    failovers: int
    notes: dict[str, float] = field(default_factory=dict)


def longest_gap(successes: Sequence[float], began: float, ended: float) -> float:
    """Return the longest time without a success; negative if it lasted to the end."""
    times = [began, *(at for at in sorted(successes) if began < at < ended), ended]
    longest, end = max((later - earlier, later) for earlier, later in itertools.pairwise(times))
    return -longest if end == ended and longest > 1.0 else longest


def head(drill: str) -> str:
    """Return the head of a drill's table."""
    return f"## {drill}\n\n{_HEAD}"


def row(name: str, outcomes: Sequence[Outcome]) -> str:
    """Return a line of the table, with the medians; where they differ, the largest beside them."""

    def count(values: Sequence[float]) -> str:
        middle, most = statistics.median(values), max(values)
        return f"{middle:.0f}" if middle == most else f"{middle:.0f} (at most {most:.0f})"

    def gap(values: Sequence[float]) -> str:
        middle = sorted(values, key=abs)[len(values) // 2]
        return f"{'>' if middle < 0 else ''}{abs(middle) * 1000:.0f}"

    def delay(values: Sequence[float | None]) -> str:
        known = [value for value in values if value is not None]
        missing = len(values) - len(known)
        text = f"{statistics.median(known) * 1000:.0f}" if known else ""
        return text + (f" (never: {missing})" if missing and known else "never" if missing else "")

    notes: dict[str, list[float]] = {}
    for each in outcomes:
        if each.failovers != 1:
            notes.setdefault("failovers", []).append(each.failovers)
        for key, value in each.notes.items():
            notes.setdefault(key, []).append(value)
    kinds = {kind for each in outcomes for kind in each.errors}
    besides = [f"{key}: {statistics.median(values):g}" for key, values in notes.items()] + sorted(kinds)
    losses = [(each.not_carried, each.late, each.misdirected) for each in outcomes]
    cells = [
        name,
        f"{count([each.write_errors for each in outcomes])}/{count([each.read_errors for each in outcomes])}",
        gap([each.write_gap for each in outcomes]),
        gap([each.read_gap for each in outcomes]),
        delay([each.after_promotion for each in outcomes]),
        delay([each.subscriber for each in outcomes]),
        " + ".join(count(values) for values in zip(*losses, strict=True)),
        count([each.doubled for each in outcomes]),
        count([each.stuck for each in outcomes]),
        ", ".join(besides),
    ]
    return f"| {' | '.join(cells)} |"
