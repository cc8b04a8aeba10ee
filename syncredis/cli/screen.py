"""`Screen`: standard output for people, in the colours that all subcommands share."""

from __future__ import annotations

from typing import Final

from rich import box
from rich.console import Console, RenderableType
from rich.highlighter import RegexHighlighter
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

#: Which background a terminal has, nobody can tell: these colours of the 256 can be read on white and on black.
THEME: Final = Theme(
    {
        "title": "bold",
        "quiet": "color(243)",
        "fault": "bold color(160)",
        "wait": "bold color(166)",
        "switch": "bold color(133)",
        "good": "bold color(28)",
        "fact.address": "color(31)",
        "fact.span": "bold",
        "flow": "color(28)",
        "still": "color(160)",
    }
)

#: The same where there are sixteen colours only, of which each terminal makes what it likes: a bright green or yellow can not
#: be read on white, so what is not red is bold.
_PLAIN_THEME: Final = Theme(
    {
        **dict.fromkeys(("title", "wait", "switch", "good", "fact.span"), "bold"),
        **dict.fromkeys(("quiet", "fact.address", "flow"), "none"),
        "fault": "bold red",
        "still": "red",
    }
)

#: Columns: longer lines are hard to read.
WIDEST: Final = 100

#: Columns that no table needs.
_ENDLESS: Final = 10_000

#: The signs of a severity, the same without Unicode, and its style.
SIGNS: Final = {
    "error": ("✖", "X", "fault"),
    "warning": ("▲", "!", "wait"),
    "note": ("•", "-", "quiet"),
    "good": ("✔", "+", "good"),
    "switch": ("◆", "*", "switch"),
}


class Screen:
    """Writes on standard output.

    Args:
        color: whether there may be colours, if it is a terminal.
    """

    def __init__(self, *, color: bool = True) -> None:
        self._console = console(color=color)
        #: Whether the output can not hold Unicode.
        self.plain = self._console.options.ascii_only

    @property
    def width(self) -> int:
        """The columns that there are to write in."""
        return min(self._console.width, WIDEST)

    def title(self, name: str, facts: str) -> None:
        """Write what this is about."""
        self.write("", Text.assemble(" ", (name, "title"), "   ", (facts, "quiet")))

    def write(self, *what: RenderableType) -> None:
        """Write something as it stands."""
        for one in what:
            self._console.print(one, soft_wrap=isinstance(one, Text))

    def say(self, sign: str, text: str, style: str = "") -> None:
        """Write a sentence behind a sign of `SIGNS`, with its addresses and times standing out."""
        self.paragraph(Text.assemble(" ", self.sign(sign), " "), text, style)

    def paragraph(self, head: Text, text: str, style: str = "", remark: str = "") -> None:
        """Write a text with ``head`` before its first line, and as much room before the others; end with a quiet remark."""
        body = Text(text, style=style) if style == "quiet" else _FACTS(Text(text, style=style))
        if remark:
            body = Text.assemble(body, " ", (remark, "quiet"))
        for line in body.wrap(self._console, self.width - head.cell_len):
            line.rstrip()
            self.write(Text.assemble(head, line))
            head = Text(" " * head.cell_len)

    def sign(self, name: str) -> Text:
        """Return a sign of `SIGNS`."""
        symbol, plain, style = SIGNS[name]
        return Text(plain if self.plain else symbol, style=style)

    def table(self, *columns: str, right: tuple[str, ...] = ()) -> Table:
        """Return a table; columns in ``right`` hold numbers."""
        made = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1), header_style="bold", border_style="quiet")
        for column in columns:
            made.add_column(column, justify="right" if column in right else "left", overflow="fold")
        return made

    def write_table(self, table: Table, *spare: str) -> None:
        """Write a table; where it is too wide, without the columns of ``spare``, one after the other, until it fits."""
        endless = self._console.options.update(max_width=_ENDLESS)
        for header in spare:
            if self._console.measure(table, options=endless).maximum <= self._console.width:
                break
            table.columns = [column for column in table.columns if column.header != header]
        self.write(table)


def console(*, color: bool = True, quiet: bool = False) -> Console:
    """Return a console on standard output, whose styles can be read on the terminal that it is.

    Args:
        color: whether there may be colours, if it is a terminal.
        quiet: whether to write nothing at all.
    """
    made = Console(theme=THEME, highlight=False, no_color=None if color else True, quiet=quiet)
    if made.color_system in ("standard", "windows"):
        made.push_theme(_PLAIN_THEME)
    return made


class _Facts(RegexHighlighter):
    """Lets addresses and times stand out."""

    base_style = "fact."
    highlights = [  # noqa: RUF012 - as rich has it
        r"(?P<address>(\[[0-9a-f:]+\]|\b[A-Za-z0-9][\w.-]*):\d{2,5}\b)",
        r"(?P<span>\b[\d,.]*\d (ms|s)\b)",
    ]


_FACTS: Final = _Facts()


def span(seconds: float | None) -> str:
    """Return a time for people."""
    if seconds is None:
        return "-"
    if seconds < 0.0995:
        return f"{seconds * 1000:.2f} ms"
    return f"{seconds * 1000:,.0f} ms" if seconds < 9.995 else f"{seconds:,.1f} s"


def size(amount: int | None) -> str:
    """Return a number of bytes for people."""
    if amount is None:
        return "-"
    for unit, factor in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if amount >= factor:
            return f"{amount / factor:.1f} {unit}"
    return f"{amount} B"
