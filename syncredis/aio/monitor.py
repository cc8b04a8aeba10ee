"""`Monitor`, to be awaited. Waiting costs no thread: the event loop watches the socket."""

from __future__ import annotations

import math
from contextlib import suppress
from types import TracebackType
from typing import Self

import anyio
from anyio.lowlevel import checkpoint

from syncredis import monitor as blocking
from syncredis.aio.worker import Worker
from syncredis.monitor import MonitoredCommand


class Monitor:
    """The async twin of `syncredis.monitor.Monitor`. Cancelling a task that waits for a command loses none."""

    def __init__(self, monitor: blocking.Monitor, worker: Worker) -> None:
        self.wrapped = monitor
        self._worker = worker

    def __repr__(self) -> str:
        return repr(self.wrapped)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        """Yield commands for ever."""
        return self

    async def __anext__(self) -> MonitoredCommand:
        while (command := await self.next_command(timeout=None)) is None:
            pass
        return command

    async def start(self) -> None:
        """Begin to listen, if that was not done yet."""
        await self._worker.run(self.wrapped.start)

    async def next_command(self, timeout: float | None = 0.0) -> MonitoredCommand | None:
        """Return the next command, or None; see `syncredis.monitor.Monitor.next_command`."""
        deadline = math.inf if timeout is None else anyio.current_time() + timeout
        while True:
            await checkpoint()
            if self.wrapped.fileno() < 0:
                await self.start()
            command = self.wrapped.take_command()
            if command is not None or anyio.current_time() >= deadline:
                return command
            with anyio.CancelScope(deadline=deadline), suppress(anyio.ClosedResourceError):
                await anyio.wait_readable(self.wrapped.fileno())

    async def aclose(self) -> None:
        """Stop listening."""
        descriptor = self.wrapped.fileno()
        if descriptor >= 0:
            anyio.notify_closing(descriptor)
        self.wrapped.close()
