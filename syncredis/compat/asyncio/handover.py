"""`Handover`: from a thread to the task that waits for it, or back to where it came from if the task was cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context
from typing import Generic, TypeVar

T = TypeVar("T")


class Handover(Generic[T]):
    """Of one thing, which is owed back.

    Args:
        give_back: takes it back. Called in the thread.
    """

    def __init__(self, give_back: Callable[[T], object]) -> None:
        self._give_back = give_back
        self._lock = threading.Lock()
        self._offered: list[T] = []
        self._refused = False

    def offer(self, thing: T) -> T:
        """Return it, for the task; if nobody wants it any more, it is given back. For the thread."""
        with self._lock:
            refused = self._refused
            if not refused:
                self._offered.append(thing)
        if refused:
            Context().run(self._give_back, thing)  # outside of the call, which was interrupted
        return thing

    def refuse(self) -> list[T]:
        """Return what was offered, for the task to give back; what is offered from now on, the thread gives back itself."""
        with self._lock:
            self._refused = True
            return self._offered
