"""The event loop of asyncio, and those that stand in for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from syncredis.aio.loops import READABLE, STOPPED, TOO_LATE
from syncredis.traffic import Call
from syncredis.typing import Reply


class AsyncioLoop:
    """An event loop of asyncio, or one that stands in for it, such as uvloop."""

    def __init__(self) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self.new_waiter: Callable[[], asyncio.Future[Reply]] = loop.create_future

    @property
    def is_running_here(self) -> bool:
        return asyncio._get_running_loop() is self._loop

    @property
    def has_ended(self) -> bool:
        return self._loop.is_closed()

    def wake(self, waiter: asyncio.Future[Reply], reply: Reply) -> bool:
        if waiter.done():
            return False
        waiter.set_result(reply)
        return True

    def wake_all(self, calls: deque[Call]) -> None:
        while calls:
            call = calls.popleft()
            waiter = call.waiter
            if waiter is not None and not waiter.done():
                waiter.set_result(call.reply)

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


class AsyncioWatch:
    """Waits for one socket at a time, for one task."""

    __slots__ = ("_deadline", "_descriptor", "_ended", "_loop", "_seconds", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float | None) -> None:
        self._loop = loop
        self._descriptor = -1
        self._seconds = seconds
        self._ended: asyncio.Future[int] | None = None
        # Outlives the wait that began it, and puts itself off when it comes too early: a lone GET was measured to take 9 %
        # less CPU time so than with a timer made for each wait and cancelled.
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0

    async def wait(self, descriptor: int) -> int:
        loop = self._loop
        ended: asyncio.Future[int] = loop.create_future()
        self._ended, self._descriptor = ended, descriptor
        loop.add_reader(descriptor, self._end, READABLE)
        seconds = self._seconds
        if seconds is not None:
            self._deadline = loop.time() + seconds
            if self._timer is None:
                self._timer = loop.call_later(seconds, self._look_at_the_clock)
        try:
            return await ended
        finally:
            if self._ended is ended:  # and not that of the next one already
                self._end(STOPPED)

    def stop(self) -> None:
        self._end(STOPPED)

    def _end(self, how: int) -> None:
        ended, self._ended = self._ended, None
        if ended is None:
            return
        self._loop.remove_reader(self._descriptor)
        if not ended.done():
            ended.set_result(how)

    def _look_at_the_clock(self) -> None:
        self._timer = None
        if self._ended is None:
            return
        left = self._deadline - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look_at_the_clock)
        else:
            self._end(TOO_LATE)
