"""How much got through, as a line of bars; pure functions, and no colours where there are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from syncredis.cli.tally import counts_per_slice

_BARS: Final = "▁▂▃▄▅▆", "·"
_PLAIN_BARS: Final = "..::##", "_"

#: Calls that a slice of time holds at least on average: with fewer, chance would look like an outage.
_CALLS_PER_SLICE: Final = 3


def slices_for(seconds: float, rate: float, width: int) -> int:
    """Return into how many slices to part a time in which ``rate`` calls per second were meant to be, at most ``width``."""
    return max(1, min(width, int(seconds * rate / _CALLS_PER_SLICE)))


def bars(moments: Sequence[float], begin: float, end: float, rate: float, slices: int, *, plain: bool) -> Text:
    """Return a bar for each slice of the time from ``begin`` to ``end``; a full one where ``rate`` was reached.

    Args:
        moments: when something got through.
        begin: of the chart.
        end: of the chart.
        rate: how much was meant to, per second.
        slices: how many bars.
        plain: without Unicode.
    """
    steps, still = _PLAIN_BARS if plain else _BARS
    full = rate * (end - begin) / slices
    line = Text()
    for count in counts_per_slice(moments, begin, end, slices):
        if count:
            # Chance makes a slice hold a few more or less; what is nearly full is drawn full, for calm.
            share = min(1.0, count / full / 0.7)
            line.append(steps[round(share * (len(steps) - 1))], style="flow")
        else:
            line.append(still, style="still")
    return line


def pointers(labels: Sequence[tuple[float, str]], begin: float, end: float, slices: int, *, plain: bool) -> str:
    """Return a line that points up at moments of a chart: the label of the first before its pointer, of others behind."""
    line = ""
    arrow = "^" if plain else "▲"
    for moment, label in labels:
        column = min(slices - 1, int((moment - begin) / (end - begin) * slices))
        before = f"{label} {arrow}"
        fits_before = not line and len(before) <= column + 1
        line = before.rjust(column + 1) if fits_before else f"{line:<{column}}{arrow} {label}"
    return line
