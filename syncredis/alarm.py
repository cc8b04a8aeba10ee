"""`Alarm`: wakes one thread."""

from __future__ import annotations

import threading
from typing import Final


class Alarm:
    """One thread waits for it; any thread rings it, once or repeatedly. Thread-safe; only `wait` blocks.

    `threading.Event` takes a lock for a moment, to ring as well as to wait, and in Python code: an exception from outside
    (from a signal handler, say) that strikes just then leaves the lock taken, and hangs whoever rings or waits next. Here
    each is one step, which is made or not.
    """

    __slots__ = ("_silent",)

    def __init__(self) -> None:
        # Taken for as long as the alarm has not been rung.
        self._silent: Final = threading.Lock()
        self._silent.acquire()

    def ring(self) -> None:
        """Wake who waits, or will wait next. Never blocks."""
        try:
            self._silent.release()
        except RuntimeError:  # it was rung already
            return

    def wait(self, seconds: float | None = None) -> bool:
        """Block until it is rung, for at most ``seconds`` (None: no limit); return whether it was. It is silent again then."""
        return self._silent.acquire(timeout=-1 if seconds is None else min(seconds, threading.TIMEOUT_MAX))
