"""Ctrl-C and SIGTERM: an orderly way out of a subcommand, from wherever it is."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

#: Seconds for which further signals are ignored: a second Ctrl-C must not disturb the cleaning up that the first has begun.
#: After that they count again, should it hang.
_PATIENCE: Final = 5.0

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """A signal asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by signal {number}")
        self.number = number

    @property
    def name(self) -> str:
        """What the person did, if a person did it."""
        return "Ctrl-C" if self.number == signal.SIGINT else signal.Signals(self.number).name

    @property
    def status(self) -> int:
        """The exit status that says so, as shells have it."""
        return 128 + self.number


@contextmanager
def stoppable() -> Iterator[None]:
    """Within the block, SIGINT and SIGTERM raise `Stopped` in the main thread.

    After one has, both are ignored: what follows is the end of the process, where neither a traceback nor a status other
    than that of the first signal helps anybody.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    first: float | None = None

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal first
        now = time.monotonic()
        if first is None or now - first > _PATIENCE:
            first = now
            raise Stopped(number)

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if first is None else signal.SIG_IGN)
