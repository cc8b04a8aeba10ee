"""A thread that is struck by exceptions from outside, at any instant."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable

from tests.fixtures.threads import BackgroundCall, until


class Struck(Exception):
    """What is raised where an exception strikes."""


class Victim:
    """Does the same all the time, in a thread that may be struck.

    It ends, and another one takes its place, when it is struck where nothing can catch that. Nothing here has a lock that
    both threads want: who is struck when he has just taken one (that of a `threading.Event`, say) never gives it back.

    Attributes:
        struck: how often an exception was caught that had struck.
    """

    def __init__(self, function: Callable[[], object]) -> None:
        self.struck = 0
        self._function = function
        self._is_over = False
        self._begun: list[int] = []
        self._threads: list[BackgroundCall] = []

    def strike(self) -> bool:
        """Have `Struck` raised in the thread; return whether there was one to strike."""
        if not self._threads or self.was_lost:
            self._threads.append(BackgroundCall(self._run))
            until(lambda: len(self._begun) == len(self._threads))
        number = ctypes.c_ulong(self._begun[-1])
        return ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(Struck)) == 1

    @property
    def was_lost(self) -> bool:
        """Whether the thread has ended; the next `strike` begins another one."""
        return self._threads[-1].finished

    def end(self) -> None:
        """Let the thread end when it has done what it is at, and wait for that."""
        self._is_over = True
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        self._begun.append(threading.get_ident())
        while not self._is_over:
            try:
                self._function()
            except Struck:
                self.struck += 1
