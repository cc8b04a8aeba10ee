"""redis-py's async `KeyspaceNotifications`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

from syncredis.compat.exceptions import PubSubError
from syncredis.compat.keyspace_channels import KeyNotification
from syncredis.compat.keyspace_notifications import (
    ClusterKeyspaceNotifications,
    KeyspaceNotificationsInterface,
    KeyspaceSubscriptions,
)


class AsyncKeyspaceNotificationsInterface(KeyspaceNotificationsInterface):
    """What is common to those of a server and of a cluster."""


class AsyncClusterKeyspaceNotifications(ClusterKeyspaceNotifications):
    """Not supported."""


class AsyncKeyspaceNotifications(KeyspaceSubscriptions, AsyncKeyspaceNotificationsInterface):
    """Subscriptions to what happens to keys; see `syncredis.compat.keyspace_notifications.KeyspaceNotifications`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def subscribe(self, *channels: Any, handler: Any = None) -> None:
        """Subscribe to channels, or to patterns of them; notifications go to the handler, if there is one."""
        exact, patterns = self._parted(channels, handler)
        if patterns:
            await self._pubsub.psubscribe(**patterns)
        if exact:
            await self._pubsub.subscribe(**exact)

    async def unsubscribe(self, *channels: Any) -> None:
        """Unsubscribe from channels and patterns, from all if none is given."""
        exact, patterns = self._parted(channels, None)
        if patterns or not channels:
            await self._pubsub.punsubscribe(*patterns)
        if exact or not channels:
            await self._pubsub.unsubscribe(*exact)

    async def get_message(self, timeout: float | None = 0.0, ignore_subscribe_messages: bool | None = None) -> Any:
        """Return the next notification, or None if there is none within ``timeout`` seconds, or it has a handler."""
        if self._closed:
            return None
        ignore = self.ignore_subscribe_messages if ignore_subscribe_messages is None else ignore_subscribe_messages
        message = await self._pubsub.get_message(ignore_subscribe_messages=ignore, timeout=timeout)
        return self._notification(message)

    async def listen(self) -> AsyncIterator[KeyNotification]:
        """Yield notifications for as long as anything is subscribed to."""
        while self.subscribed:
            notification = await self.get_message(timeout=None)
            if notification is not None:
                yield notification

    async def run(self, poll_timeout: float = 1.0, exception_handler: Callable[..., Any] | None = None) -> None:
        """Call the handlers, for as long as anything is subscribed to.

        Raises:
            PubSubError: if something that is subscribed to has no handler.
        """
        for name, handler in {**self._pubsub.channels, **self._pubsub.patterns}.items():
            if handler is None:
                raise PubSubError(f"Channel: '{name}' has no handler registered")
        while self.subscribed:
            try:
                await self.get_message(timeout=poll_timeout)
            except Exception as error:
                if exception_handler is None:
                    raise
                exception_handler(error, self)

    async def aclose(self) -> None:
        """Forget all subscriptions."""
        self._closed = True
        await self._pubsub.aclose()
