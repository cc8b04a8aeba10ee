"""`PubSub`, to be awaited. Waiting for messages costs no thread: the event loop watches the socket."""

from __future__ import annotations

import inspect
import math
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Generic, Self, TypeAlias

import anyio
from anyio.lowlevel import checkpoint

from syncredis import pubsub as blocking
from syncredis.aio.worker import Worker
from syncredis.exceptions import PubSubError
from syncredis.pubsub import Message
from syncredis.typing import AnyStr, KeyT

Handler: TypeAlias = Callable[[Message[AnyStr]], Awaitable[Any] | Any]


class PubSub(Generic[AnyStr]):
    """The async twin of `syncredis.pubsub.PubSub`; handlers are called in the event loop, and may be coroutine functions.

    Cancelling a task that waits for a message loses nothing.
    """

    def __init__(self, pubsub: blocking.PubSub[AnyStr], worker: Worker) -> None:
        self.wrapped: blocking.PubSub[AnyStr] = pubsub
        self._worker = worker
        self._closing = False
        # What the blocking side wants handled, until the event loop does it.
        self._to_handle: deque[tuple[Handler[AnyStr], Message[AnyStr]]] = deque()

    def __repr__(self) -> str:
        return repr(self.wrapped)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def subscribed(self) -> bool:
        """Whether there is anything subscribed to."""
        return self.wrapped.subscribed

    async def subscribe(self, *channels: KeyT, **handlers: Handler[AnyStr]) -> None:
        """Subscribe to channels; messages of those given by keyword go to their handler."""
        await self._worker.run(partial(self.wrapped.subscribe, *channels, **self._deferred(handlers)))

    async def psubscribe(self, *patterns: KeyT, **handlers: Handler[AnyStr]) -> None:
        """Subscribe to all channels that match patterns such as ``news.*``; otherwise as `subscribe`."""
        await self._worker.run(partial(self.wrapped.psubscribe, *patterns, **self._deferred(handlers)))

    async def ssubscribe(self, *channels: KeyT, **handlers: Handler[AnyStr]) -> None:
        """Subscribe to shard channels; otherwise as `subscribe`. Since Redis 7.0."""
        await self._worker.run(partial(self.wrapped.ssubscribe, *channels, **self._deferred(handlers)))

    async def unsubscribe(self, *channels: KeyT) -> None:
        """Unsubscribe from channels, from all if none is given."""
        await self._worker.run(self.wrapped.unsubscribe, *channels)

    async def punsubscribe(self, *patterns: KeyT) -> None:
        """Unsubscribe from patterns, from all if none is given."""
        await self._worker.run(self.wrapped.punsubscribe, *patterns)

    async def sunsubscribe(self, *channels: KeyT) -> None:
        """Unsubscribe from shard channels, from all if none is given."""
        await self._worker.run(self.wrapped.sunsubscribe, *channels)

    async def ping(self, message: str | bytes | None = None) -> None:
        """Have the server send a message of type ``"pong"``."""
        await self._worker.run(self.wrapped.ping, message)

    async def get_message(
        self, ignore_subscribe_messages: bool = False, timeout: float | None = 0.0
    ) -> Message[AnyStr] | None:
        """Return the next message that has no handler, or None; see `syncredis.pubsub.PubSub.get_message`."""
        deadline = math.inf if timeout is None else anyio.current_time() + timeout
        while True:
            await checkpoint()
            if self._closing:
                raise PubSubError("the subscriptions were closed")
            if self.wrapped.fileno() < 0:
                await self._worker.run(self.wrapped.ensure_connected)
            message = self.wrapped.take_message(ignore_subscribe_messages)
            try:
                await self._handle()
            except BaseException:
                if message is not None:
                    self.wrapped.put_back(message)
                raise
            if message is not None or anyio.current_time() >= deadline:
                return message
            descriptor = self.wrapped.fileno()
            if descriptor >= 0:
                with anyio.CancelScope(deadline=deadline), suppress(anyio.ClosedResourceError):
                    await anyio.wait_readable(descriptor)

    def listen(self) -> Self:
        """Yield messages as they come, for as long as anything is subscribed to; those with a handler go there."""
        return self

    __aiter__ = listen

    async def __anext__(self) -> Message[AnyStr]:
        while self.subscribed:
            try:
                message = await self.get_message(timeout=None)
            except PubSubError:
                break  # closed meanwhile
            if message is not None:
                return message
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Forget all subscriptions and close the connection; who waits for messages gets a `PubSubError`."""
        # Nobody may begin to wait on a descriptor that is about to go.
        self._closing = True
        try:
            descriptor = self.wrapped.fileno()
            if descriptor >= 0:
                anyio.notify_closing(descriptor)
            # In a thread: another one may be connecting on its behalf at this moment.
            await self._worker.run(self.wrapped.close)
        finally:
            self._closing = False

    def _deferred(self, handlers: dict[str, Handler[AnyStr]]) -> dict[str, blocking.Handler[AnyStr]]:
        def defer(handler: Handler[AnyStr]) -> blocking.Handler[AnyStr]:
            return lambda message: self._to_handle.append((handler, message))

        return {name: defer(handler) for name, handler in handlers.items()}

    async def _handle(self) -> None:
        while self._to_handle:
            handler, message = self._to_handle.popleft()
            returned = handler(message)
            if inspect.isawaitable(returned):
                await returned
