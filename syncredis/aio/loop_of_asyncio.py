"""The event loop of asyncio, and those that stand in for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Final

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
        try:
            while calls:
                call = calls.popleft()
                waiter = call.waiter
                try:  # as `finish` does, but for a call less
                    ((go_on, context),) = waiter._callbacks
                except _NOBODY_AWAITS:
                    if not waiter.done():
                        waiter.set_result(call.reply)
                    continue
                waiter.remove_done_callback(go_on)
                waiter.set_result(call.reply)
                context.run(go_on, waiter)
        finally:
            if calls:  # a task has ended the loop's run; the others go on in the next one
                self._loop.call_soon(self.wake_all, calls)

    def call_soon(self, callback: Callable[[], object]) -> None:
        self._loop.call_soon(callback)

    def call_after_woken(self, callback: Callable[[], object]) -> None:
        callback()  # they have run while they were woken

    def call_from_thread(self, callback: Callable[[], object]) -> bool:
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:
            return False
        return True

    def new_watch(self, seconds: float | None) -> AsyncioWatch:
        return AsyncioWatch(self._loop, seconds)


#: What comes of unpacking the one callback of a future that has none, or several, or keeps them elsewhere.
_NOBODY_AWAITS: Final = (TypeError, ValueError, AttributeError)


def finish(waiter: asyncio.Future[Any], result: object) -> None:
    """Give a pending future its result, and let the one task that awaits it go on at once. Not to be called by a task.

    The future by itself would leave that to the loop, which makes an object for each task and lets it go on in the next turn:
    that is more than a tenth of what a GET costs where hundreds of tasks share a connection, and for a lone task one look at
    all sockets more. So its callback is taken from it. Where that can not be done, it goes the usual way.
    """
    try:
        ((go_on, context),) = waiter._callbacks
    except _NOBODY_AWAITS:
        waiter.set_result(result)
        return
    waiter.remove_done_callback(go_on)
    waiter.set_result(result)
    context.run(go_on, waiter)


class AsyncioWatch:
    """Watches one socket at a time."""

    __slots__ = ("_deadline", "_descriptor", "_ended", "_give_up", "_loop", "_receive", "_seconds", "_timer")

    _receive: Callable[[], object]
    _give_up: Callable[[], object]

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float | None) -> None:
        self._loop = loop
        self._descriptor = -1
        self._seconds = seconds
        self._ended: asyncio.Future[int] | None = None
        # Outlives the watch that began it, and puts itself off when it comes too early: a lone GET was measured to take 9 %
        # less CPU time so than with a timer made for each wait and cancelled.
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0

    def start(self, descriptor: int, receive: Callable[[], object], give_up: Callable[[], object]) -> None:
        self._descriptor, self._receive, self._give_up = descriptor, receive, give_up
        self._put_off()
        self._loop.add_reader(descriptor, self._is_readable)

    async def wait(self, descriptor: int) -> int:
        ended = self._loop.create_future()
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
            finish(ended, how)

    def _end(self) -> asyncio.Future[int] | None:
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
