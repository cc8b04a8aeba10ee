"""`Loop`: back from the threads in which connections are made to the event loop that wants them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import anyio
import anyio.from_thread
from anyio.lowlevel import EventLoopToken, current_token

from syncredis.aio.loops import Loop as CoreLoop
from syncredis.aio.loops import running_loop
from syncredis.interruption import current as current_interruption
from syncredis.interruption import interrupted_before

T = TypeVar("T")


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
            InterruptedCallError: if the running call was interrupted; what was awaited is cancelled.
        """
        token, loop = (None, None) if self._noted is None else self._noted
        call = current_interruption()
        awaited = _Awaited(function, arguments)
        if call is None or loop is None:
            return anyio.from_thread.run(awaited.result, token=token)

        def wake() -> None:
            loop.call_from_thread(awaited.cancel)

        with call.attached(wake):
            return anyio.from_thread.run(awaited.result, token=token)


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
