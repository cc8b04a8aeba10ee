"""`Loop`: back from the threads in which connections are made to the event loop that wants them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, wait
from contextlib import nullcontext
from typing import Any, Final, Generic, TypeVar

import anyio
import anyio.from_thread
from anyio.lowlevel import EventLoopToken, current_token

from syncredis.aio.loops import Loop as CoreLoop
from syncredis.aio.loops import running_loop
from syncredis.interruption import current as current_interruption
from syncredis.interruption import interrupted_before

T = TypeVar("T")

#: Seconds after which who waits for an event loop looks whether it has ended.
_LOOK: Final = 0.5


class Loop:
    """The event loop in which a pool was used last. Connections are made in the core's threads, which do not know it."""

    def __init__(self) -> None:
        self._noted: tuple[EventLoopToken, CoreLoop] | None = None

    def note(self) -> None:
        """Remember the running event loop, if there is one."""
        try:
            token = current_token()
        except anyio.NoEventLoopError:
            return
        if self._noted is None or self._noted[0] is not token:
            self._noted = token, running_loop()

    @property
    def is_running_here(self) -> bool:
        """Whether this is its thread: who waits here keeps its tasks from running."""
        return self._noted is not None and self._noted[1].is_running_here

    def run(self, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Return what ``function`` returns when the event loop awaits it. For other threads; blocks.

        Raises:
            InterruptedCallError: if the running call was interrupted, which cancels what was awaited, or the loop has ended.
        """
        token, loop = (None, None) if self._noted is None else self._noted
        call = current_interruption()
        awaited = _Awaited(function, arguments)
        if token is None or loop is None:
            return anyio.from_thread.run(awaited.result)

        def wake() -> None:
            loop.call_from_thread(awaited.cancel)

        with nullcontext() if call is None else call.attached(wake):
            if isinstance(token.native_token, asyncio.AbstractEventLoop):
                return _result_from_asyncio(awaited, loop)
            return anyio.from_thread.run(awaited.result, token=token)


def _result_from_asyncio(awaited: _Awaited[T], loop: CoreLoop) -> T:
    # Not by anyio: a loop of asyncio that ends tells nobody who waits for what it has not begun yet.
    if loop.is_running_here:
        raise interrupted_before("it began: an event loop can not wait for itself")
    outcome: Future[T] = Future()

    def begin() -> None:
        task = asyncio.ensure_future(awaited.result())
        task.add_done_callback(finish)

    def finish(task: asyncio.Task[T]) -> None:
        if task.cancelled():
            outcome.set_exception(interrupted_before("it was over: its event loop has ended"))
        elif (error := task.exception()) is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(task.result())

    if loop.call_from_thread(begin):
        while not (outcome.done() or loop.has_ended):
            wait([outcome], _LOOK)
    if not outcome.done():
        raise interrupted_before("it was over: its event loop has ended")
    return outcome.result()


class _Awaited(Generic[T]):
    """A call that the event loop awaits, to be cancelled in its thread."""

    def __init__(self, function: Callable[..., Awaitable[T]], arguments: tuple[Any, ...]) -> None:
        self._function = function
        self._arguments = arguments
        self._scope: anyio.CancelScope | None = None
        self._cancelled = False

    async def result(self) -> T:
        if not self._cancelled:
            with anyio.CancelScope() as self._scope:
                return await self._function(*self._arguments)
        raise interrupted_before("it was over")

    def cancel(self) -> None:
        self._cancelled = True
        if self._scope is not None:
            self._scope.cancel()
