"""The event loop of trio."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator
from typing import Any

import trio

from syncredis.aio.loops import READABLE, STOPPED, TOO_LATE
from syncredis.traffic import Call
from syncredis.typing import Reply


class TrioLoop:
    """A run of trio."""

    def __init__(self) -> None:
        self._token = trio.lowlevel.current_trio_token()

    @property
    def is_running_here(self) -> bool:
        try:
            return trio.lowlevel.current_trio_token() is self._token
        except RuntimeError:
            return False

    @property
    def has_ended(self) -> bool:
        return not self.call_from_thread(lambda: None)

    def new_waiter(self) -> TrioWaiter:
        return TrioWaiter()

    def wake(self, waiter: TrioWaiter, reply: Reply) -> bool:
        return waiter.wake(reply)

    def wake_all(self, calls: deque[Call]) -> None:
        while calls:
            call = calls.popleft()
            if call.waiter is not None:
                call.waiter.wake(call.reply)

    def call_soon(self, callback: Callable[[], object]) -> None:
        self._token.run_sync_soon(callback)

    def call_from_thread(self, callback: Callable[[], object]) -> bool:
        try:
            self._token.run_sync_soon(callback)
        except trio.RunFinishedError:
            return False
        return True

    def new_watch(self, seconds: float | None) -> TrioWatch:
        return TrioWatch(seconds)


class TrioWatch:
    """Waits for one socket at a time, for one task."""

    __slots__ = ("_descriptor", "_seconds", "_waiting")

    def __init__(self, seconds: float | None) -> None:
        self._descriptor = -1
        self._seconds = math.inf if seconds is None else seconds
        self._waiting: object = None

    async def wait(self, descriptor: int) -> int:
        own = self._waiting = object()
        self._descriptor = descriptor
        try:
            with trio.move_on_after(self._seconds):
                await trio.lowlevel.wait_readable(descriptor)
                return READABLE
            return TOO_LATE
        except trio.ClosedResourceError:
            return STOPPED
        finally:
            if self._waiting is own:  # and not the next one already
                self._waiting = None

    def stop(self) -> None:
        if self._waiting is not None:
            self._waiting = None
            trio.lowlevel.notify_closing(self._descriptor)


class TrioWaiter:
    """What a task of trio awaits."""

    __slots__ = ("_done", "_reply", "_task")

    def __init__(self) -> None:
        self._done = False
        self._reply: Reply = None
        self._task: trio.lowlevel.Task | None = None

    def __await__(self) -> Generator[Any, Any, Reply]:
        if self._done:
            return self._reply

        def give_up(_: object) -> trio.lowlevel.Abort:
            self._done = True
            return trio.lowlevel.Abort.SUCCEEDED

        self._task = trio.lowlevel.current_task()
        yield from trio.lowlevel.wait_task_rescheduled(give_up).__await__()
        return self._reply

    def wake(self, reply: Reply) -> bool:
        if self._done:
            return False
        self._done = True
        self._reply = reply
        if self._task is not None:
            trio.lowlevel.reschedule(self._task)
        return True
