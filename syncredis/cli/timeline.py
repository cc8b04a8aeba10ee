"""What a person sees while it happens: a line for each event, and on a terminal what is awaited and what gets through.

Where the output is no terminal there are plain lines only, each written at once.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from enum import Enum
from types import TracebackType
from typing import Final, NamedTuple, Self

from rich.console import RenderableType
from rich.highlighter import RegexHighlighter
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from syncredis.cli.chart import bars, slices_for
from syncredis.cli.screen import WIDEST, console
from syncredis.cli.tally import Call

_REFRESHES: Final = 8  # per second: enough to look alive, and little work beside what is measured
_RECENT: Final = 5.0  # seconds that the living chart goes back
_CHART: Final = 36  # columns of it


class Mark(Enum):
    """What kind of event it is: its symbol, the same without Unicode, and its style."""

    STEP = "•", "-", "quiet"
    WAIT = "◦", "o", "wait"
    FAULT = "✖", "X", "fault"
    SWITCH = "◆", "*", "switch"
    GOOD = "✔", "+", "good"


class Lane(NamedTuple):
    """Calls to be followed while they are made."""

    name: str
    calls: Sequence[Call]
    rate: float
    """Writes per second that are meant to be."""


class Timeline:
    """Tells a story on standard output. One thread tells it, within the ``with`` block.

    Args:
        color: whether there may be colours, if it is a terminal.
        silent: whether to write nothing at all.
    """

    def __init__(self, *, color: bool = True, silent: bool = False) -> None:
        self._console = console(color=color, quiet=silent)
        #: Whether the output can not hold Unicode.
        self.plain = self._console.options.ascii_only
        self._began = time.monotonic()
        self._facts = _Facts()
        self._spinner = Spinner("line" if self.plain else "dots", style="wait")
        self._awaited: tuple[str, float] | None = None
        self._lanes: list[_Followed] = []
        # Not where FORCE_COLOR lets a file pass for a terminal.
        self._is_alive = self._console.is_interactive and sys.stdout.isatty() and not silent
        self._live = Live(get_renderable=self._present, console=self._console, auto_refresh=False, transient=True)
        # Held while something is written: rich does not expect the living lines to change their number meanwhile.
        self._writing = threading.Lock()
        self._over = threading.Event()
        self._refresher = threading.Thread(target=self._keep_alive, name="demo-timeline", daemon=True)

    def __enter__(self) -> Self:
        if self._is_alive:
            self._live.start()
            self._refresher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_alive:
            self._over.set()
            self._refresher.join()
            self._live.stop()

    @property
    def width(self) -> int:
        """The columns that there are to write in."""
        return min(self._console.width, WIDEST)

    # --- lines that stay -----------------------------------------------------------------------------

    def title(self, text: str) -> None:
        """Say what is being told."""
        self.write("", Text.assemble("  ", (text, "title")), "")

    def heading(self, text: str) -> None:
        """Say what part begins."""
        self.write("", Text.assemble("  ", (text, "title")))

    def say(self, text: str, mark: Mark = Mark.STEP) -> None:
        """Write what has happened now, with the seconds since the beginning."""
        symbol, plain, style = mark.value
        head = Text(f"{time.monotonic() - self._began:6.2f} s ", style="quiet")
        head.append(plain if self.plain else symbol, style=style)
        self.write_wrapped(self._facts(text), Text.assemble(head, " "))

    def write_wrapped(self, text: Text, head: Text) -> None:
        """Write a text with ``head`` before its first line, and as much room before the others."""
        for line in text.wrap(self._console, self.width - head.cell_len):
            line.rstrip()
            self.write(Text.assemble(head, line))
            head = Text(" " * head.cell_len)

    def write(self, *what: RenderableType) -> None:
        """Write something as it stands."""
        with self._writing:
            for one in what:
                self._console.print(one, soft_wrap=isinstance(one, Text))

    def progress(self, text: str) -> None:
        """Say what is being done: on a terminal until something else is, elsewhere by a line."""
        if self._is_alive:
            self.expect(text)
        else:
            self.say(text)

    # --- what is true now ----------------------------------------------------------------------------

    def expect(self, text: str | None) -> None:
        """On a terminal, show what is awaited from now on, and for how long it has been; None: nothing."""
        self._awaited = None if text is None else (text, time.monotonic())
        self._refresh()

    def follow(self, lanes: Sequence[Lane]) -> None:
        """On a terminal, show how many of these calls get through, from now on."""
        self._lanes = [_Followed(lane) for lane in lanes]

    def _keep_alive(self) -> None:
        while not self._over.wait(1 / _REFRESHES):
            self._refresh()

    def _refresh(self) -> None:
        if self._is_alive:
            with self._writing:
                self._live.refresh()

    def _present(self) -> RenderableType:
        """Return the lines that live; called by the thread that keeps them so."""
        lines = Table.grid()
        awaited = self._awaited
        if awaited is not None:
            text, since = awaited
            self._spinner.update(text=Text.assemble(" ", text, (f"  {time.monotonic() - since:.1f} s", "quiet")))
            lines.add_row("")
            lines.add_row(Padding(self._spinner, (0, 0, 0, 2)))
        for lane in self._lanes:
            lines.add_row(lane.present(self.plain))
        return lines


class _Followed:
    """A lane, and how far it has been looked at."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._began = time.monotonic()
        self._seen = 0
        self._totals = {"write": 0, "read": 0}
        self._recent: deque[float] = deque()

    def present(self, plain: bool) -> Text:
        """Return what it does now as a line."""
        self._catch_up()
        name, _, rate = self._lane
        now = time.monotonic()
        begin = max(self._began, now - _RECENT)
        while self._recent and self._recent[0] < begin:
            self._recent.popleft()
        slices = slices_for(now - begin, rate, round((now - begin) / _RECENT * _CHART))
        line = Text.assemble("   ", f"{name:<6}", bars(self._recent, begin, now, rate, slices, plain=plain))
        line.align("left", _CHART + 10)
        line.append(f"{self._totals['write']:7,} writes {self._totals['read']:7,} reads")
        return line

    def _catch_up(self) -> None:
        calls = self._lane.calls
        new = calls[self._seen : len(calls)]
        self._seen += len(new)
        for call in new:
            if call.answered:
                self._totals[call.kind] += 1
                if call.kind == "write":
                    self._recent.append(call.ended)


class _Facts(RegexHighlighter):
    """Lets addresses and times stand out."""

    base_style = "fact."
    highlights = [r"(?P<address>127\.0\.0\.1:\d+)", r"(?P<span>\b[\d,.]*\d (ms|s)\b)"]  # noqa: RUF012 - as rich has it
