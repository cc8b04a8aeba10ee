"""Draws `docs/diagrams`: a planned failover as a sequence, and how many tasks come to share one connection.

    python tools/draw_diagrams.py

Pages load nothing from elsewhere, so what they show is drawn beforehand, for light and dark surroundings.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from syncredis.cli.svg import STYLE, number, text

DIAGRAMS: Final = Path(__file__).resolve().parent.parent / "docs" / "diagrams"

_OWN_STYLE: Final = """
.arrow { stroke: #59636e; fill: none; stroke-width: 1.3; } .reply { stroke-dasharray: 5 3; } .tip { fill: #59636e; }
.box { fill: #f3f5f7; stroke: #d9dee3; } .shut { fill: #fbe4c4; } text { font-size: 13px; }
@media (prefers-color-scheme: dark) { .arrow { stroke: #9da7b1; } .tip { fill: #9da7b1; }
.box { fill: #181d24; stroke: #2c333b; } .shut { fill: #4a3512; } }"""


class Message(NamedTuple):
    """Somebody says something to somebody."""

    source: str
    target: str
    words: str
    is_reply: bool = False


class Note(NamedTuple):
    """Something happens in the client."""

    words: str


APP, CLIENT, SENTINELS, OLD, NEW = "application", "syncredis", "Sentinels", "old primary", "replica"
COLUMNS: Final = (APP, CLIENT, SENTINELS, OLD, NEW)

#: From the first note to the last one writes wait.
FAILOVER: Final = (
    Message(SENTINELS, CLIENT, "+failover-state-select-slave"),
    Note("the gate shuts"),
    Message(APP, CLIENT, "incr('visits')"),
    Note("the write waits"),
    Message(APP, CLIENT, "get('visits')"),
    Message(CLIENT, OLD, "GET visits"),
    Message(OLD, CLIENT, "41", is_reply=True),
    Message(CLIENT, APP, "'41'", is_reply=True),
    Message(SENTINELS, CLIENT, "+selected-slave"),
    Message(SENTINELS, NEW, "become the primary"),
    Message(CLIENT, NEW, "ROLE, every 10 ms"),
    Message(NEW, CLIENT, "master", is_reply=True),
    Note("lets go of the old primary, opens the gate"),
    Message(CLIENT, NEW, "INCR visits"),
    Message(NEW, CLIENT, "42", is_reply=True),
    Message(CLIENT, APP, "42", is_reply=True),
    Message(SENTINELS, CLIENT, "+switch-master, a second later"),
)

_APART: Final = 205  # between two columns
_LEFT: Final = 80
_TOP: Final = 62
_STEP: Final = 38


def main() -> None:
    """Draw them all."""
    DIAGRAMS.mkdir(exist_ok=True)
    width = 2 * _LEFT + (len(COLUMNS) - 1) * _APART
    height = _TOP + (len(FAILOVER) + 1) * _STEP
    described = "A planned failover: who says what to whom, and from when to when writes wait"
    _write("failover.svg", width, height, described, _sequence(height))
    described = (
        "Tasks hand their commands to one connection, which sends what waits in one write; replies come in order"
    )
    _write("tasks.svg", 860, 190, described, _tasks())


def _write(name: str, width: float, height: float, described: str, parts: Iterator[str]) -> None:
    size = f'viewBox="0 0 {number(width)} {number(height)}" width="{number(width)}" height="{number(height)}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{described}">',
        f"<style>{STYLE}{_OWN_STYLE}</style>",
        f'<rect x="0" y="0" width="{number(width)}" height="{number(height)}" class="paper"/>',
        *parts,
        "</svg>",
    ]
    (DIAGRAMS / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _sequence(height: float) -> Iterator[str]:
    rows = [_TOP + (place + 1) * _STEP for place in range(len(FAILOVER))]
    notes = [row for row, step in zip(rows, FAILOVER, strict=True) if isinstance(step, Note)]
    for column in COLUMNS:
        yield _line(_x(column), _TOP - 8, _x(column), height - 12, "grid")
        yield _box(_x(column), _TOP - 26, 140, column)
    client = _x(CLIENT)
    yield f'<rect x="{client - 6}" y="{notes[0]}" width="12" height="{notes[-1] - notes[0]}" class="shut"/>'
    for row, step in zip(rows, FAILOVER, strict=True):
        match step:
            case Note():
                yield _box(client, row, 28 + 7 * len(step.words), step.words)
            case Message():
                yield from _arrow(step, row)


def _arrow(message: Message, y: float) -> Iterator[str]:
    begin, end = _x(message.source), _x(message.target)
    yield _line(begin, y, end, y, "arrow reply" if message.is_reply else "arrow")
    yield _tip(end, y, 1 if end > begin else -1)
    # Over the first stretch of its way, where no line of another column runs through it.
    nearer = begin + (_APART if end > begin else -_APART)
    yield text((begin + nearer) / 2, y - 6, message.words, "middle small mono" if message.words[0] in "+" else "middle")


def _tasks() -> Iterator[str]:
    for place, words in enumerate(("task", "task", "1000 tasks")):
        y = 40 + 55 * place
        yield _box(90, y, 120, words)
        yield _line(150, y, 300, 95, "arrow")
    yield _tip(300, 95, 1)
    yield _box(370, 95, 140, "multiplexer")
    yield _line(440, 84, 690, 84, "arrow")
    yield _tip(690, 84, 1)
    yield text(565, 76, "one write for all that waits", "middle")
    yield _line(690, 106, 440, 106, "arrow reply")
    yield _tip(440, 106, -1)
    yield text(565, 126, "replies in the order of the requests", "middle")
    yield _box(750, 95, 120, "server")


def _x(column: str) -> float:
    return _LEFT + COLUMNS.index(column) * _APART


def _line(x1: float, y1: float, x2: float, y2: float, classes: str) -> str:
    return f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}" class="{classes}"/>'


def _tip(x: float, y: float, way: int) -> str:
    back = number(x - 9 * way)
    return f'<path d="M{number(x)} {number(y)} L{back} {number(y - 4.5)} L{back} {number(y + 4.5)} Z" class="tip"/>'


def _box(x: float, y: float, width: float, words: str) -> str:
    edge = f'<rect x="{number(x - width / 2)}" y="{number(y - 14)}" width="{number(width)}" height="28" rx="5" class="box"/>'
    return edge + text(x, y + 4.5, words, "middle")


if __name__ == "__main__":
    main()
