"""The event loop of asyncio, and those that stand in for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from typing import Any

from syncredis.aio.loops import READABLE, STOPPED, TOO_LATE
from syncredis.traffic import Call
from syncredis.typing import Reply


class AsyncioLoop:
    """An event loop of asyncio, or one that stands in for it, such as uvloop."""

    def __init__(self) -> None:
        self.token = self._loop = loop = asyncio.get_running_loop()
        self.new_waiter: Callable[[], AsyncioWaiter] = partial(new_waiter, loop)
        self.current_token: Callable[[], object] = asyncio._get_running_loop

    @property
    def is_running_here(self) -> bool:
        return self.current_token() is self.token

    @property
    def has_ended(self) -> bool:
        return self._loop.is_closed()

    def wake(self, waiter: AsyncioWaiter, reply: Reply) -> bool:
        if waiter.done():
            return False
        waiter.set_result(reply)
        waiter.go_on_soon()
        return True

    def wake_all(self, calls: deque[Call]) -> None:
        try:
            while calls:
                call = calls.popleft()
                if (waiter := call.waiter) is None:
                    continue
                try:
                    waiter.set_result(call.reply)
                except asyncio.InvalidStateError:  # the task has been cancelled
                    continue
                if (go_on := waiter.go_on) is not None:  # `go_on_now`, but for a call less
                    waiter.context.run(go_on, waiter)
        finally:
            if calls:  # a task has ended the loop's run; the others go on in the next one
                self._loop.call_soon(self.wake_all, calls)

    def call_soon(self, callback: Callable[[], object]) -> None:
        self._loop.call_soon(callback)

    def call_from_thread(self, callback: Callable[[], object]) -> bool:
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:
            return False
        return True

    def new_watch(self, seconds: float | None) -> AsyncioWatch:
        return AsyncioWatch(self._loop, seconds)


class AsyncioWaiter(asyncio.Future[Any]):
    """A future that one task awaits. Who gives it its result lets the task go on, now or soon.

    One of asyncio's own would leave that to the loop, which makes an object for each task, and lets it go on in the next turn:
    that is a tenth of what a GET costs where hundreds of tasks share a connection, and for a lone task one look at all
    sockets more.

    Attributes:
        go_on: what asyncio wants to have called; None: no task awaits it.
        context: wherein.
    """

    __slots__ = ("context", "go_on")

    go_on: Callable[[AsyncioWaiter], object] | None
    context: Context

    def add_done_callback(self, fn: Callable[[Any], object], /, *, context: Context | None = None) -> None:
        self.go_on = fn
        self.context = copy_context() if context is None else context

    def cancel(self, msg: Any | None = None) -> bool:
        cancelled = super().cancel(msg)
        if cancelled:
            self.go_on_soon()
        return cancelled

    def go_on_now(self) -> None:
        """Let the task go on. Not to be called by a task."""
        if self.go_on is not None:
            self.context.run(self.go_on, self)

    def go_on_soon(self) -> None:
        """Let the task go on when the loop comes to it."""
        if self.go_on is not None:
            self.get_loop().call_soon(self.go_on, self, context=self.context)


def new_waiter(loop: asyncio.AbstractEventLoop) -> AsyncioWaiter:
    waiter = AsyncioWaiter(loop=loop)
    waiter.go_on = None  # a constructor would be one more call
    return waiter


class AsyncioWatch:
    """Waits for one socket at a time, for one task."""

    __slots__ = ("_deadline", "_descriptor", "_ended", "_loop", "_seconds", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float | None) -> None:
        self._loop = loop
        self._descriptor = -1
        self._seconds = seconds
        self._ended: AsyncioWaiter | None = None
        # Outlives the wait that began it, and puts itself off when it comes too early: a lone GET was measured to take 9 %
        # less CPU time so than with a timer made for each wait and cancelled.
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0

    async def wait(self, descriptor: int) -> int:
        loop = self._loop
        ended = new_waiter(loop)
        self._ended, self._descriptor = ended, descriptor
        loop.add_reader(descriptor, self._go_on, READABLE)
        seconds = self._seconds
        if seconds is not None:
            self._deadline = loop.time() + seconds
            if self._timer is None:
                self._timer = loop.call_later(seconds, self._look_at_the_clock)
        try:
            how: int = await ended
            return how
        finally:
            if self._ended is ended:  # and not that of the next one already
                self._end(STOPPED)

    def stop(self) -> None:
        ended = self._end(STOPPED)
        if ended is not None:
            ended.go_on_soon()

    def _go_on(self, how: int) -> None:
        """Let the task go on; a callback of the loop."""
        ended = self._end(how)
        if ended is not None:
            ended.go_on_now()

    def _end(self, how: int) -> AsyncioWaiter | None:
        """End the waiting; return what the task awaits, if it still does."""
        ended, self._ended = self._ended, None
        if ended is None:
            return None
        self._loop.remove_reader(self._descriptor)
        if ended.done():
            return None
        ended.set_result(how)
        return ended

    def _look_at_the_clock(self) -> None:
        self._timer = None
        if self._ended is None:
            return
        left = self._deadline - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look_at_the_clock)
        else:
            self._go_on(TOO_LATE)
