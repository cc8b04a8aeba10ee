"""What a person sees: a line for each thing that happens, what is awaited just now, and a table in the end.

On a terminal the last lines live: a spinner, and what the load does this moment. Elsewhere there are plain lines only.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from enum import Enum
from types import TracebackType
from typing import Final, Self

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.highlighter import RegexHighlighter
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from syncredis.cli.load import Load
from syncredis.cli.tally import Report, counts_per_slice, ends

_THEME: Final = Theme(
    {
        "time": "bright_black",
        "title": "bold",
        "quiet": "bright_black",
        "step": "bright_black",
        "fault": "bold red",
        "wait": "yellow",
        "switch": "bold cyan",
        "good": "green",
        "bad": "bold red",
        "fact.address": "cyan",
        "fact.span": "bold",
        "flow": "green",
        "still": "red",
    }
)

_REFRESHES: Final = 8  # per second: enough to look alive, and no load worth mentioning beside the measured one
_RECENT: Final = 5.0  # seconds that the living chart shows
_WIDEST: Final = 100  # columns: longer lines are hard to read
_BARS: Final = "▁▂▃▄▅▆▇█"
_STILL: Final = "·"


class Mark(Enum):
    """What kind of thing has happened: its symbol, the same without Unicode, and its style."""

    STEP = "•", "-", "step"
    FAULT = "✖", "X", "fault"
    WAIT = "◦", "o", "wait"
    SWITCH = "◆", "*", "switch"
    GOOD = "✔", "+", "good"
    BAD = "✖", "!", "bad"


class _Facts(RegexHighlighter):
    base_style = "fact."
    highlights = (r"(?P<address>127\.0\.0\.1:\d+)", r"(?P<span>\b[\d,]+(\.\d+)? (ms|s)\b)")


class Timeline:
    """Writes the story of a demo to standard output. Used by one thread, within its ``with`` block."""

    def __init__(self, *, color: bool = True) -> None:
        self._console = Console(theme=_THEME, highlight=False, no_color=None if color else True)
        self._ascii = self._console.options.ascii_only
        self._facts = _Facts()
        self._began = time.monotonic()
        self._loads: Sequence[Load] = ()
        self._spinner = Spinner("line" if self._ascii else "dots", style="wait")
        self._awaited_since = self._began
        # Not where FORCE_COLOR makes a pipe look like a terminal.
        self._alive = self._console.is_interactive and sys.stdout.isatty()
        self._live = Live(
            get_renderable=self._present, console=self._console, refresh_per_second=_REFRESHES, transient=True
        )

    def __enter__(self) -> Self:
        if self._alive:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._alive:
            self._live.stop()

    # --- as it happens ------------------------------------------------------------------------------

    def title(self, text: str) -> None:
        """Write what this is."""
        self._console.print()
        self._console.print(Text(text, style="title"))
        self._console.print()

    def say(self, text: str, mark: Mark = Mark.STEP) -> None:
        """Write a line that stays, with the time."""
        symbol, plain, style = mark.value
        head = Text.assemble((f"{time.monotonic() - self._began:7.2f} s", "time"), "  ", (plain if self._ascii else symbol, style))
        body = self._facts(text)
        width = min(self._console.width, _WIDEST) - head.cell_len - 2
        for line in body.wrap(self._console, width):
            line.rstrip()
            self._console.print(Text.assemble(head, "  ", line), soft_wrap=True)
            head = Text(" " * head.cell_len)

    def progress(self, text: str) -> None:
        """Say what is being done: on a terminal until the next thing is, elsewhere as a line."""
        if self._alive:
            self.await_("" + text)
        else:
            self.say(text)

    def await_(self, text: str) -> None:
        """On a terminal, say what is awaited from now on."""
        self._awaited_since = time.monotonic()
        self._spinner.update(text=Text(text))

    def follow(self, loads: Sequence[Load]) -> None:
        """On a terminal, show what these do from now on."""
        self._loads = loads

    def _present(self) -> Group:
        waited = Text(f"{time.monotonic() - self._awaited_since:.1f} s", style="time")
        ...
