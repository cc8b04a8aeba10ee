"""Parts of an SVG as text: pure functions, and the style sheet of the demo's drawing, for light and dark surroundings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from string import Template
from typing import Final
from xml.sax.saxutils import escape, quoteattr

_LIGHT: Final = {
    "paper": "#ffffff",
    "ink": "#1f2328",
    "quiet": "#59636e",
    "line": "#d9dee3",
    "lane": "#f3f5f7",
    "on": "#10151a",
    "flow": "#2da44e",
    "read": "#7fb0e8",
    "fault": "#cf222e",
    "wait": "#b77100",
    "pause": "#fbe4c4",
    "switch": "#0969da",
    "primary": "#1f883d",
    "replica": "#a9c9ef",
    "down": "#f3b9bd",
    "frozen": "#8ad3de",
    "starting": "#d0d7de",
}
_DARK: Final = {
    "paper": "#0f1318",
    "ink": "#e6edf3",
    "quiet": "#9da7b1",
    "line": "#2c333b",
    "lane": "#181d24",
    "on": "#ffffff",
    "flow": "#3fb950",
    "read": "#4a7fb5",
    "fault": "#ff7b72",
    "wait": "#e3a33b",
    "pause": "#4a3512",
    "switch": "#6cb6ff",
    "primary": "#2f9e4f",
    "replica": "#3b6594",
    "down": "#8e3a40",
    "frozen": "#2c8792",
    "starting": "#4b535d",
}

_SHAPES: Final = """\
svg { color-scheme: light dark; font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
text { font-size: 12px; } .title { font-size: 20px; font-weight: 600; } .head { font-size: 15px; font-weight: 600; }
.small { font-size: 11px; } .end { text-anchor: end; } .middle { text-anchor: middle; }
.mono { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 11px; }
.grid, .cross { fill: none; } .cross { stroke-width: 1.8; } .mark { stroke-width: 1.4; }
.hold { stroke-dasharray: 4 3; } .back { stroke-dasharray: 2 3; } .halo { paint-order: stroke; stroke-width: 3px; }
"""

_COLORS: Final = Template("""\
text { fill: $ink; } .quiet, .dot { fill: $quiet; } .on { fill: $on; } .onprimary { fill: #ffffff; }
.paper { fill: $paper; } .lane { fill: $lane; } .pause { fill: $pause; } .write { fill: $flow; } .read { fill: $read; }
.primary { fill: $primary; } .replica { fill: $replica; } .down { fill: $down; } .frozen { fill: $frozen; }
.starting { fill: $starting; } .grid, .stem { stroke: $line; } .cross, .blow { stroke: $fault; } .hold { stroke: $wait; }
.again { stroke: $flow; } .switch { stroke: $switch; } .back { stroke: $quiet; } .tblow { fill: $fault; }
.thold { fill: $wait; } .tagain { fill: $flow; } .tswitch { fill: $switch; } .tback { fill: $quiet; } .halo { stroke: $paper; }
""")

# Each colour stands in its place, twice: not everything that draws an SVG knows CSS variables, and would draw all in black.
STYLE: Final = (
    f"{_SHAPES}{_COLORS.substitute(_LIGHT)}@media (prefers-color-scheme: dark) {{\n{_COLORS.substitute(_DARK)}}}"
)


def number(value: float) -> str:
    """Return a coordinate, as short as it can be read."""
    return f"{value:.1f}".removesuffix(".0")


def text(x: float, y: float, words: str, classes: str = "") -> str:
    """Return words at a place; it is the left end of their base line, unless the classes say otherwise."""
    return f'<text x="{number(x)}" y="{number(y)}"{_class(classes)}>{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, classes: str, words: str = "") -> str:
    """Return a rectangle; ``words`` are shown where a pointer rests on it."""
    place = f'x="{number(x)}" y="{number(y)}" width="{number(max(0.0, width))}" height="{number(height)}"'
    return f"<rect {place}{_class(classes)}>{_title(words)}</rect>" if words else f"<rect {place}{_class(classes)}/>"


def line(x: float, top: float, bottom: float, classes: str, words: str = "") -> str:
    """Return a vertical line."""
    return f'<path d="M{number(x)} {number(top)}V{number(bottom)}"{_class(classes)}>{_title(words)}</path>'


def bars(left: float, base: float, width: float, heights: Iterable[float], classes: str) -> str:
    """Return bars side by side as one shape; ``width`` is that of each."""
    steps = []
    for position, height in enumerate(heights):
        if height > 0:
            x = number(left + position * width)
            steps.append(f"M{x} {number(base)}v-{number(height)}h{number(width)}v{number(height)}z")
    return f'<path d="{"".join(steps)}"{_class(classes)}/>'


def cross(x: float, y: float, words: str) -> str:
    """Return a small cross."""
    return f'<path d="M{number(x - 3)} {number(y - 3)}l6 6m0 -6l-6 6" class="cross">{_title(words)}</path>'


def dots(places: Sequence[tuple[float, float]], classes: str) -> str:
    """Return dots as one shape."""
    drawn = "".join(f"M{number(x - 2.5)} {number(y)}a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0" for x, y in places)
    return f'<path d="{drawn}"{_class(classes)}/>'


def document(width: float, height: float, title: str, description: str, parts: Iterable[str]) -> str:
    """Return a whole file."""
    size = f'viewBox="0 0 {number(width)} {number(height)}" width="{number(width)}" height="{number(height)}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title desc">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="desc">{escape(description)}</desc>',
            f"<style>{STYLE}</style>",
            box(0, 0, width, height, "paper"),
            *parts,
            "</svg>\n",
        ]
    )


def rows(places: Sequence[tuple[float, str]], letter: float, right: float) -> list[tuple[int, bool]]:
    """Return for each label the row in which it does not touch another, and whether it stands left of its place.

    Args:
        places: where each label points to, in ascending order, and its words.
        letter: how wide a letter is.
        right: where there is no more room.
    """
    # From the last one back: so the stem of each leads past those that come after it, and through none.
    taken: list[float] = []
    stems: list[tuple[int, float]] = []
    found: list[tuple[int, bool]] = []
    for x, words in reversed(places):
        width = len(words) * letter + 12
        is_left = x + width > right
        begin, end = (x - width, x) if is_left else (x, x + width)
        least = max((one + 1 for one, stem in stems if stem < end), default=0)
        row = next((row for row in range(least, len(taken)) if end <= taken[row]), len(taken))
        taken[row : row + 1] = [begin]
        stems.append((row, x))
        found.append((row, is_left))
    return found[::-1]


def _class(names: str) -> str:
    return f" class={quoteattr(names)}" if names else ""


def _title(words: str) -> str:
    return f"<title>{escape(words)}</title>" if words else ""
