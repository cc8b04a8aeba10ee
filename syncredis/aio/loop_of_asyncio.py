"""The event loop of asyncio, and those that stand in for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial
from typing import Any, ClassVar

from syncredis.aio.loops import READABLE, STOPPED, TOO_LATE
from syncredis.traffic import Call
from syncredis.typing import Reply


class AsyncioLoop:
    """An event loop of asyncio, or one that stands in for it, such as uvloop."""

    halves_from: ClassVar[int] = 2

    def __init__(self) -> None:
        self.token = self._loop = loop = asyncio.get_running_loop()
        self.new_waiter: Callable[[], asyncio.Future[Any]] = loop.create_future
        self.current_token: Callable[[], object] = asyncio._get_running_loop

    @property
    def is_running_here(self) -> bool:
        return self.current_token() is self.token

    @property
    def has_ended(self) -> bool:
        return self._loop.is_closed()

    def wake(self, waiter: asyncio.Future[Any], reply: Reply) -> bool:
        if waiter.done():
            return False
        waiter.set_result(reply)
        return True

    def wake_all(self, calls: deque[Call]) -> None:
        while calls:
            call = calls.popleft()
            try:
                call.waiter.set_result(call.reply)
            except asyncio.InvalidStateError:  # the task has been cancelled
                continue

    def call_soon(self, callback: Callable[[], object]) -> None:
        self._loop.call_soon(callback)

    def call_after_woken(self, callback: Callable[[], object]) -> None:
        self._loop.call_soon(callback)

    def call_from_thread(self, callback: Callable[[], object]) -> bool:
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:
            return False
        return True

    def new_watch(self, seconds: float | None) -> AsyncioWatch:
        return AsyncioWatch(self._loop, seconds)


class PythonLoop(AsyncioLoop):
    """An event loop whose way to let a task go on is Python, as asyncio's own: it is cut short; see `AsyncioWaiter`."""

    def __init__(self) -> None:
        super().__init__()
        self.new_waiter: Callable[[], AsyncioWaiter] = partial(AsyncioWaiter, loop=self._loop)

    def wake(self, waiter: Any, reply: Reply) -> bool:
        if waiter.done():
            return False
        waiter.set_result(reply)
        waiter.go_on_soon()
        return True

    def wake_all(self, calls: deque[Call]) -> None:
        try:
            while calls:
                call = calls.popleft()
                waiter = call.waiter
                try:  # `go_on_now`, but for a call less
                    waiter.set_result(call.reply)
                    go_on = waiter.go_on
                except (asyncio.InvalidStateError, AttributeError):  # cancelled, even before it could await
                    continue
                waiter.context.run(go_on, waiter)
        finally:
            if calls:  # a task has ended the loop's run; the others go on in the next one
                self._loop.call_soon(self.wake_all, calls)

    def call_after_woken(self, callback: Callable[[], object]) -> None:
        callback()  # they have run while they were woken


class AsyncioWaiter(asyncio.Future[Any]):
    """A future that one task awaits. Who gives it its result lets the task go on, now or soon.

    One of asyncio's own would leave that to the loop, which makes an object for each task, and lets it go on in the next turn:
    that is a tenth of what a GET costs where hundreds of tasks share a connection, and for a lone task one look at all
    sockets more. uvloop does it in C, in less time than this takes.

    Attributes:
        go_on: what asyncio wants to have called; not set before a task awaits it.
        context: wherein.
    """

    __slots__ = ("context", "go_on")

    go_on: Callable[[AsyncioWaiter], object]
    context: Context

    def add_done_callback(self, fn: Callable[[Any], object], /, *, context: Context | None = None) -> None:
        self.context = copy_context() if context is None else context
        self.go_on = fn

    def cancel(self, msg: Any | None = None) -> bool:
        cancelled = super().cancel(msg)
        if cancelled:
            self.go_on_soon()
        return cancelled

    def go_on_now(self) -> None:
        """Let the task go on. Not to be called by a task."""
        if hasattr(self, "go_on"):
            self.context.run(self.go_on, self)

    def go_on_soon(self) -> None:
        """Let the task go on when the loop comes to it."""
        if hasattr(self, "go_on"):
            self.get_loop().call_soon(self.go_on, self, context=self.context)


class AsyncioWatch:
    """Watches one socket at a time."""

    __slots__ = ("_deadline", "_descriptor", "_ended", "_give_up", "_loop", "_receive", "_seconds", "_timer")

    _receive: Callable[[], object]
    _give_up: Callable[[], object]

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float | None) -> None:
        self._loop = loop
        self._descriptor = -1
        self._seconds = seconds
        self._ended: AsyncioWaiter | None = None
        # Outlives the watch that began it, and puts itself off when it comes too early: a lone GET was measured to take 9 %
        # less CPU time so than with a timer made for each wait and cancelled.
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0

    def start(self, descriptor: int, receive: Callable[[], object], give_up: Callable[[], object]) -> None:
        self._descriptor, self._receive, self._give_up = descriptor, receive, give_up
        self._put_off()
        self._loop.add_reader(descriptor, self._is_readable)

    async def wait(self, descriptor: int) -> int:
        ended = AsyncioWaiter(loop=self._loop)
        self._ended = ended
        self.start(descriptor, self._receive_alone, self._give_up_alone)
        try:
            how: int = await ended
            return how
        finally:
            if self._ended is ended:  # and not that of the next one already
                self._end()

    def stop(self) -> None:
        ended = self._end()
        if ended is not None:
            ended.set_result(STOPPED)
            ended.go_on_soon()

    def _is_readable(self) -> None:
        self._put_off()
        self._receive()

    def _receive_alone(self) -> None:
        self._go_on(READABLE)

    def _give_up_alone(self) -> None:
        self._go_on(TOO_LATE)

    def _go_on(self, how: int) -> None:
        """Let the task go on; a callback of the loop."""
        ended = self._end()
        if ended is not None:
            ended.set_result(how)
            ended.go_on_now()

    def _end(self) -> AsyncioWaiter | None:
        """End the watch; return what a task awaits, if one still does."""
        if self._descriptor < 0:
            return None
        self._loop.remove_reader(self._descriptor)
        self._descriptor = -1
        del self._receive, self._give_up
        ended, self._ended = self._ended, None
        return None if ended is None or ended.done() else ended

    def _put_off(self) -> None:
        """Begin to wait anew, for as long as it may take until something comes."""
        seconds = self._seconds
        if seconds is not None:
            self._deadline = self._loop.time() + seconds
            if self._timer is None:
                self._timer = self._loop.call_later(seconds, self._look_at_the_clock)

    def _look_at_the_clock(self) -> None:
        self._timer = None
        if self._descriptor < 0:
            return
        left = self._deadline - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look_at_the_clock)
        else:
            self._put_off()  # in case it goes on
            self._give_up()


def loop_running_here() -> AsyncioLoop:
    """Return the event loop that runs in this thread."""
    return PythonLoop() if isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop) else AsyncioLoop()
