"""Breaking off a blocking call from another thread.

A thread can not be cancelled in Python, but what it is blocked on can be: a socket can be shut down, a waiter woken. An
`Interruption` stands for one call. The thread that makes the call runs it through `Interruption.run`; whatever blocks
below finds it with `current` and says, by `attached`, how it can be woken; another thread calls `interrupt`.

The way down is a context variable and not a parameter, so that everything which blocks (pools, connections, discovery,
pauses between attempts) can be broken off without each layer between having to know.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar, copy_context
from functools import partial
from typing import TypeVar, TypeVarTuple, Unpack

from syncredis.alarm import Alarm
from syncredis.exceptions import InterruptedCallError

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


class Interruption:
    """The means to break off one blocking call. `interrupt` may be called from any thread, at any time, repeatedly."""

    def __init__(self) -> None:
        # Guards both fields: an interrupt must not slip between a check and an attachment.
        self._lock = threading.Lock()
        self._interrupted = False
        self._wakers: list[Callable[[], None]] = []

    @property
    def interrupted(self) -> bool:
        """Whether `interrupt` was called."""
        return self._interrupted

    def run(self, function: Callable[[Unpack[Arguments]], T], *arguments: *Arguments) -> T:
        """Call ``function`` in this thread, so that `interrupt` breaks it off."""
        # In a context of its own, which is left whatever happens: an exception from a signal handler may strike between any
        # two lines, and a reset that it kept from happening would leave this call current for all that follow.
        return copy_context().run(self._run_here, partial(function, *arguments))

    def _run_here(self, function: Callable[[], T]) -> T:
        _current.set(self)
        return function()

    def interrupt(self) -> None:
        """Wake whatever the call is blocked on; everything that would block from now on raises at once."""
        with self._lock:
            self._interrupted = True
            # Under the lock: once `attached` has been left, what was attached may be in use by another call.
            for wake in self._wakers:
                wake()

    def attached(self, wake: Callable[[], None]) -> AbstractContextManager[None]:
        """Within the block, `interrupt` calls ``wake``, which must not block and must not raise.

        Raises:
            InterruptedCallError: on entry, if the call was interrupted already.
        """
        return _Attached(self, wake)

    def attach(self, wake: Callable[[], None]) -> None:
        """Have `interrupt` call ``wake`` from now on, until it is detached, as it must be; raises as `attached` does."""
        with self._lock:
            if self._interrupted:
                raise interrupted_before("it went on")
            self._wakers.append(wake)

    def detach(self, wake: Callable[[], None]) -> None:
        """Undo `attach`: once this has returned, ``wake`` is not being called, and will not be."""
        with self._lock:
            self._wakers.remove(wake)


class _Attached(AbstractContextManager[None]):
    """What `Interruption.attached` returns. A generator would take twice as many calls, and each connection has three."""

    __slots__ = ("_call", "_wake")

    def __init__(self, call: Interruption, wake: Callable[[], None]) -> None:
        self._call = call
        self._wake = wake

    def __enter__(self) -> None:
        self._call.attach(self._wake)

    def __exit__(self, *_: object) -> None:
        self._call.detach(self._wake)


def interrupted_before(what: str) -> InterruptedCallError:
    """Return the error for a call that was interrupted between two steps: what the next one would do was not begun."""
    error = InterruptedCallError(f"the call was interrupted before {what}")
    error.not_applied = True
    return error


_current: ContextVar[Interruption | None] = ContextVar("syncredis_interruption", default=None)

#: The `Interruption` that the running call can be broken off by, if there is one.
current = _current.get


def sleep(seconds: float) -> None:
    """Block for ``seconds``, or until the running call is interrupted.

    Raises:
        InterruptedCallError: if it was interrupted.
    """
    call = current()
    if call is None:
        time.sleep(seconds)
        return
    woken = Alarm()
    with call.attached(woken.ring):
        if woken.wait(seconds):
            raise interrupted_before("it was tried again")
