"""`Gate`: where writes wait while the primary changes.

A server that is about to be demoted still takes writes, and loses them. Whoever learns of that in time shuts the gate of
the pools that lead there: from then on a command that is not read-only waits until the gate is open again. It opens by
itself when its time is over, so that nobody's silence can hold an application for good.

Who sends commands looks at `Gate.is_shut`, which costs next to nothing, and if it is set waits, by way of
`syncredis.pool.ConnectionPool.wait_at_gate`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from syncredis import interruption


class Gate:
    """Open at first. Thread-safe; only `wait` blocks.

    Attributes:
        is_shut: whether writes have to `wait`.
    """

    __slots__ = ("_changed", "_lock", "_until", "_waiting", "_wakers", "is_shut")

    def __init__(self) -> None:
        self.start_anew()

    def start_anew(self) -> None:
        """Be open, and wait for nobody: in a child process that was forked, where a thread that is gone may hold the lock."""
        self.is_shut = False
        # Guards what follows, and wakes those who wait. Reentrant: a signal handler may get here in the middle of anything.
        # Always entered by itself: see `syncredis.alarm` for what may strike in a Condition's own `with`.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._until = 0.0
        self._waiting = 0
        self._wakers: list[Callable[[], object]] = []

    def __repr__(self) -> str:
        state = f"shut for {self.left:.3f} s more, {self._waiting} waiting" if self.is_shut else "open"
        return f"<{type(self).__name__}: {state}>"

    @property
    def left(self) -> float:
        """Seconds until it opens by itself; 0 if it is open."""
        return max(0.0, self._until - time.monotonic()) if self.is_shut else 0.0

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return self._waiting

    def shut(self, seconds: float) -> bool:
        """Let writes wait from now on, for at most ``seconds``; return whether it was open.

        If it is shut already, it stays so for as long as it was said then.
        """
        with self._lock:
            if seconds <= 0 or self.left:
                return False
            self._until = time.monotonic() + seconds
            self.is_shut = True
        return True

    def open(self) -> bool:
        """Let everything pass, and all who wait go on; return whether it was shut."""
        with self._lock:
            was_shut, self.is_shut = self.is_shut, False
        self.wake()
        return was_shut

    def open_if_over(self) -> None:
        """`open`, if its time is over: it may have been shut again since somebody was let through."""
        with self._lock:
            if not self.is_shut or self.left:
                return
            self.is_shut = False
        self.wake()

    def wait(self, closed: Callable[[], bool] = lambda: False) -> None:
        """Block while it is shut.

        Args:
            closed: tells whether there is no point in waiting any more; looked at after each `wake`.

        Raises:
            InterruptedCallError: if the running call was interrupted, or ``closed`` said yes; nothing was sent.
        """
        call = interruption.current()
        with nullcontext() if call is None else call.attached(self.wake):
            self._wait(lambda: closed() or (call is not None and call.interrupted))
        self.open_if_over()

    @contextmanager
    def attended(self, wake: Callable[[], object]) -> Iterator[None]:
        """Within the block, somebody waits without blocking: for ``wake`` to be called, or for as long as there is `left`.

        It is called in the thread that opens the gate, or that wakes those who wait; it must not block, nor raise.
        """
        with self._lock:
            self._waiting += 1
            self._wakers.append(wake)
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                self._wakers.remove(wake)

    def wake(self) -> None:
        """Have all who wait look again whether they still have to, and want to."""
        with self._lock:
            self._changed.notify_all()
            wakers = list(self._wakers)
        for wake in wakers:
            wake()

    def _wait(self, given_up: Callable[[], bool]) -> None:
        with self._lock:
            self._waiting += 1
            try:
                while left := self.left:
                    if given_up():
                        raise interruption.interrupted_before("it was sent: writes are held while the primary changes")
                    self._changed.wait(left)
            finally:
                self._waiting -= 1
