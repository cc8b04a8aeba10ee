"""The event loop of asyncio, and those that stand in for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from syncredis.aio.loops import READABLE, STOPPED, TOO_LATE
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

    def call_soon(self, callback: Callable[[], object]) -> None:
        self._loop.call_soon(callback)

    def call_from_thread(self, callback: Callable[[], object]) -> bool:
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:
            return False
        return True

    def new_watch(self, descriptor: int, seconds: float | None) -> AsyncioWatch:
        return AsyncioWatch(self._loop, descriptor, seconds)


class AsyncioWatch:
    """Waits for one socket, for one task."""

    __slots__ = ("_descriptor", "_ended", "_loop", "_seconds")

    def __init__(self, loop: asyncio.AbstractEventLoop, descriptor: int, seconds: float | None) -> None:
        self._loop = loop
        self._descriptor = descriptor
        self._seconds = seconds
        self._ended: asyncio.Future[int] | None = None

    async def wait(self) -> int:
        loop = self._loop
        ended: asyncio.Future[int] = loop.create_future()
        self._ended = ended
        loop.add_reader(self._descriptor, self._end, READABLE)
        timer = None if self._seconds is None else loop.call_later(self._seconds, self._end, TOO_LATE)
        try:
            return await ended
        finally:
            self._end(STOPPED)
            if timer is not None:
                timer.cancel()

    def stop(self) -> None:
        self._end(STOPPED)

    def _end(self, how: int) -> None:
        ended, self._ended = self._ended, None
        if ended is None:
            return
        self._loop.remove_reader(self._descriptor)
        if not ended.done():
            ended.set_result(how)
