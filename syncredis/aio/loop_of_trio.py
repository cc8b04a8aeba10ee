"""The event loop of trio."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, ClassVar

import trio

from syncredis.aio.loops import READABLE, STOPPED, TOO_LATE
from syncredis.traffic import Call
from syncredis.typing import Reply


class TrioLoop:
    """A run of trio."""

    halves_from: ClassVar[int] = 64

    def __init__(self) -> None:
        self.token = trio.lowlevel.current_trio_token()
        self._after_woken: Callable[[], object] | None = None

    def current_token(self) -> object:
        try:
            return trio.lowlevel.current_trio_token()
        except RuntimeError:
            return None

    @property
    def is_running_here(self) -> bool:
        return self.current_token() is self.token

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
            call.waiter.wake(call.reply)

    def call_soon(self, callback: Callable[[], object]) -> None:
        self.token.run_sync_soon(callback)

    def call_after_woken(self, callback: Callable[[], object]) -> None:
        self._after_woken = callback

    async def run_after_woken(self) -> None:
        """Do what `call_after_woken` was asked to. To be awaited by the task that has woken the others."""
        callback, self._after_woken = self._after_woken, None
        if callback is not None:
            # In the first turn it is one of those that were woken, in an order that trio draws by lot.
            await trio.lowlevel.cancel_shielded_checkpoint()
            await trio.lowlevel.cancel_shielded_checkpoint()
            callback()

    def call_from_thread(self, callback: Callable[[], object]) -> bool:
        try:
            self.token.run_sync_soon(callback)
        except trio.RunFinishedError:
            return False
        return True

    def new_watch(self, seconds: float | None) -> TrioWatch:
        return TrioWatch(self, seconds)


class TrioWatch:
    """Watches one socket at a time."""

    __slots__ = ("_descriptor", "_looks", "_loop", "_order", "_seconds", "_waiting")

    def __init__(self, loop: TrioLoop, seconds: float | None) -> None:
        self._loop = loop
        self._descriptor = -1
        self._seconds = math.inf if seconds is None else seconds
        self._waiting: object = None
        self._order: tuple[int, Callable[[], object], Callable[[], object]] | None = None
        self._looks = False  # a task of its own does so

    def start(self, descriptor: int, receive: Callable[[], object], give_up: Callable[[], object]) -> None:
        self._order = (descriptor, receive, give_up)
        if not self._looks:
            self._looks = True
            trio.lowlevel.spawn_system_task(self._look)

    async def _look(self) -> None:
        try:
            while (order := self._order) is not None:
                descriptor, receive, give_up = order
                how = await self.wait(descriptor)
                if self._order is order:  # and was not stopped meanwhile, or even started anew
                    receive() if how == READABLE else give_up()
                    await self._loop.run_after_woken()
        finally:
            self._looks = False

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
        self._order = None
        if self._waiting is not None:
            self._waiting = None
            trio.lowlevel.notify_closing(self._descriptor)


class TrioWaiter:
    """What a task of trio awaits."""

    __slots__ = ("_done", "_reply", "_task")

    def __init__(self) -> None:
        self._done = False
        self._task: trio.lowlevel.Task | None = None

    def __await__(self) -> Generator[Any, Any, Reply]:
        if self._done:
            return _already(self._reply)
        self._task = trio.lowlevel.current_task()
        # With no generator of its own in between, which the task would go through when it sleeps, and when it wakes.
        return trio.lowlevel.wait_task_rescheduled(self._give_up).__await__()

    def wake(self, reply: Reply) -> bool:
        if self._done:
            return False
        self._done = True
        self._reply = reply
        if self._task is not None:
            # Of an `outcome.Outcome`, trio wants no more than `unwrap`, in the task. To make a `Value` and have it unwrapped
            # would be 0.3 of the 4 microseconds that a GET takes where many tasks share a connection.
            trio.lowlevel.reschedule(self._task, self)  # type: ignore[arg-type]
        return True

    def unwrap(self) -> Reply:
        """Return the reply; trio calls it in the task."""
        return self._reply

    def _give_up(self, _: object) -> trio.lowlevel.Abort:
        self._done = True
        return trio.lowlevel.Abort.SUCCEEDED


def _already(reply: Reply) -> Generator[Any, Any, Reply]:
    yield from ()
    return reply
