"""`EventStream`, to be awaited: events of a Sentinel deployment as they come."""

from __future__ import annotations

import math
from types import TracebackType
from typing import Self

import anyio

from syncredis.aio.worker import Worker
from syncredis.sentinel import events as blocking
from syncredis.sentinel.events import Event


class EventStream:
    """The async twin of `syncredis.sentinel.events.EventStream`. Cancelling a task that waits loses nothing."""

    def __init__(self, stream: blocking.EventStream) -> None:
        self.wrapped = stream
        self._worker = Worker(1, None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        event = await self.get()
        if event is None:
            raise StopAsyncIteration
        return event

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self.wrapped.closed

    async def get(self, timeout: float | None = None) -> Event | None:
        """Return the next event; None: there is none within ``timeout`` seconds, or the stream is closed."""
        deadline = math.inf if timeout is None else anyio.current_time() + timeout
        while True:
            left = None if timeout is None else max(0.0, deadline - anyio.current_time())
            await self._worker.run(self.wrapped.wait, left)
            # Here and not in the thread, whose result a cancelled task would not get.
            event = self.take()
            if event is not None or self.closed or anyio.current_time() >= deadline:
                return event

    async def wait(self, timeout: float | None = None) -> None:
        """Wait until there is an event to `take`, or the stream is closed, for at most ``timeout`` seconds."""
        await self._worker.run(self.wrapped.wait, timeout)

    def take(self) -> Event | None:
        """Return the next event if there is one already."""
        return self.wrapped.take()

    async def aclose(self) -> None:
        """Hand out what is held, and nothing more."""
        self.wrapped.close()
