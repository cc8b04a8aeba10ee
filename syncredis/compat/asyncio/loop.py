"""`Loop`: back from the threads in which connections are made to the event loop that wants them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio.from_thread
from anyio.lowlevel import EventLoopToken, current_token

T = TypeVar("T")


class Loop:
    """The event loop in which a pool was used last. Connections are made in the core's threads, which do not know it."""

    def __init__(self) -> None:
        self._token: EventLoopToken | None = None

    def note(self) -> None:
        """Remember the running event loop, if there is one."""
        try:
            self._token = current_token()
        except anyio.NoEventLoopError:
            return

    def run(self, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Return what ``function`` returns when the event loop awaits it. For other threads; blocks."""

        async def call() -> T:
            return await function(*arguments)

        return anyio.from_thread.run(call, token=self._token)
