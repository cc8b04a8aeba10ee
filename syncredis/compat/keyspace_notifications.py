"""redis-py's `KeyspaceNotifications`: a `PubSub` that speaks of keys and events."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from syncredis.compat.exceptions import PubSubError
from syncredis.compat.keyspace_channels import (
    ChannelType,
    EventType,
    KeyeventChannel,
    KeyNotification,
    KeyspaceChannel,
    SubkeyeventChannel,
    SubkeyspaceChannel,
    SubkeyspaceeventChannel,
    SubkeyspaceitemChannel,
    get_channel_type,
    is_pattern,
    parse_subkeys,
)
from syncredis.replies import to_str

_is_pattern = is_pattern
_parse_length_prefixed_subkeys = parse_subkeys


class KeyspaceNotificationsInterface:
    """What is common to those of a server and of a cluster."""


class KeyspaceSubscriptions(KeyspaceNotificationsInterface):
    """What the blocking class and the async one have in common: how channels become arguments of subscribing. No I/O."""

    def __init__(self, redis_client: Any, key_prefix: Any = None, ignore_subscribe_messages: bool = True) -> None:
        self.redis = redis_client
        self.key_prefix = key_prefix
        self.ignore_subscribe_messages = ignore_subscribe_messages
        self._pubsub = redis_client.pubsub(ignore_subscribe_messages=ignore_subscribe_messages)
        self._closed = False

    @property
    def subscribed(self) -> bool:
        """Whether there is anything subscribed to."""
        return not self._closed and bool(self._pubsub.subscribed)

    def _parted(self, channels: tuple[Any, ...], handler: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return channels and patterns, each with the handler that the `PubSub` shall call."""
        wrapped = None if handler is None else self._wrapped(handler)
        names = {_name(channel): wrapped for channel in channels}
        patterns = {_name(channel) for channel in channels if getattr(channel, "is_pattern", is_pattern(channel))}
        exact = {name: each for name, each in names.items() if name not in patterns}
        return exact, dict.fromkeys(patterns, wrapped)

    def _wrapped(self, handler: Callable[[KeyNotification], Any]) -> Callable[[Any], Any]:
        def call(message: Any) -> Any:
            notification = KeyNotification.from_message(message, self.key_prefix)
            return None if notification is None else handler(notification)

        return call

    def _notification(self, message: Any) -> KeyNotification | None:
        return None if message is None else KeyNotification.from_message(message, self.key_prefix)

    # --- each of these returns what `subscribe` does ------------------------------------------------------

    def subscribe(self, *channels: Any, handler: Any = None) -> Any:
        """Subscribe to channels, or to patterns of them; notifications go to the handler, if there is one."""
        raise NotImplementedError

    def subscribe_keyspace(self, key_or_pattern: str, db: int = 0, handler: Any = None) -> Any:
        """Subscribe to what happens to keys."""
        return self.subscribe(KeyspaceChannel(key_or_pattern, db), handler=handler)

    def subscribe_keyevent(self, event: str, db: int = 0, handler: Any = None) -> Any:
        """Subscribe to an event."""
        return self.subscribe(KeyeventChannel(event, db), handler=handler)

    def subscribe_subkeyspace(self, key_or_pattern: str, db: int = 0, handler: Any = None) -> Any:
        """Subscribe to what happens to the fields of hashes."""
        return self.subscribe(SubkeyspaceChannel(key_or_pattern, db), handler=handler)

    def subscribe_subkeyevent(self, event: str, db: int = 0, handler: Any = None) -> Any:
        """Subscribe to an event that happens to fields of hashes."""
        return self.subscribe(SubkeyeventChannel(event, db), handler=handler)

    def subscribe_subkeyspaceitem(
        self, key_or_pattern: str, subkey_or_pattern: str, db: int = 0, handler: Any = None
    ) -> Any:
        """Subscribe to what happens to one field of a hash."""
        return self.subscribe(SubkeyspaceitemChannel(key_or_pattern, subkey_or_pattern, db), handler=handler)

    def subscribe_subkeyspaceevent(self, event: str, key_or_pattern: str, db: int = 0, handler: Any = None) -> Any:
        """Subscribe to an event that happens to fields of a hash."""
        return self.subscribe(SubkeyspaceeventChannel(event, key_or_pattern, db), handler=handler)


class KeyspaceNotifications(KeyspaceSubscriptions):
    """Subscriptions to what happens to keys. Made by `Redis.keyspace_notifications`.

    The server has to be told to publish it, by its option ``notify-keyspace-events``.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def subscribe(self, *channels: Any, handler: Any = None) -> None:
        """Subscribe to channels, or to patterns of them; notifications go to the handler, if there is one. Blocks."""
        exact, patterns = self._parted(channels, handler)
        if patterns:
            self._pubsub.psubscribe(**patterns)
        if exact:
            self._pubsub.subscribe(**exact)

    def unsubscribe(self, *channels: Any) -> None:
        """Unsubscribe from channels and patterns, from all if none is given. Blocks."""
        exact, patterns = self._parted(channels, None)
        if patterns or not channels:
            self._pubsub.punsubscribe(*patterns)
        if exact or not channels:
            self._pubsub.unsubscribe(*exact)

    def get_message(self, timeout: float | None = 0.0, ignore_subscribe_messages: bool | None = None) -> Any:
        """Return the next notification, or None if there is none within ``timeout`` seconds, or it has a handler. Blocks."""
        if self._closed:
            return None
        ignore = self.ignore_subscribe_messages if ignore_subscribe_messages is None else ignore_subscribe_messages
        message = self._pubsub.get_message(ignore_subscribe_messages=ignore, timeout=timeout)
        return self._notification(message)

    def listen(self) -> Iterator[KeyNotification]:
        """Yield notifications for as long as anything is subscribed to. Blocks."""
        for message in self._pubsub.listen():
            if self._closed:
                return
            if (notification := self._notification(message)) is not None:
                yield notification

    def close(self) -> None:
        """Forget all subscriptions. Never blocks."""
        self._closed = True
        self._pubsub.close()

    def run_in_thread(
        self,
        poll_timeout: float = 1.0,
        daemon: bool = False,
        exception_handler: Callable[..., Any] | None = None,
    ) -> KeyspaceWorkerThread:
        """Start a thread that calls the handlers; return it.

        Raises:
            PubSubError: if something that is subscribed to has no handler.
        """
        for name, handler in {**self._pubsub.channels, **self._pubsub.patterns}.items():
            if handler is None:
                raise PubSubError(f"Channel: '{name}' has no handler registered")
        thread = KeyspaceWorkerThread(self, poll_timeout, daemon, exception_handler)
        thread.start()
        return thread


class KeyspaceWorkerThread(threading.Thread):
    """Calls the handlers until `stop`. Made by `KeyspaceNotifications.run_in_thread`."""

    def __init__(
        self,
        notifications: KeyspaceNotifications,
        poll_timeout: float,
        daemon: bool = False,
        exception_handler: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(name="syncredis-keyspace", daemon=daemon)
        self.notifications = notifications
        self.poll_timeout = poll_timeout
        self.exception_handler = exception_handler
        self._running = threading.Event()

    def run(self) -> None:
        """Wait for notifications, and have them handled."""
        self._running.set()
        while self._running.is_set():
            try:
                self.notifications.get_message(timeout=self.poll_timeout)
            except BaseException as error:
                if self.exception_handler is None:
                    raise
                self.exception_handler(error, self.notifications, self)
        self.notifications.close()

    def stop(self) -> None:
        """Have the thread close the subscriptions and end; never blocks."""
        self._running.clear()


class ClusterKeyspaceNotifications(KeyspaceNotificationsInterface):
    """Not supported."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("there is no client for clusters here; use redis-py's")


def _name(channel: Any) -> str:
    return to_str(channel) if isinstance(channel, bytes) else str(channel)


__all__ = [
    "ChannelType",
    "ClusterKeyspaceNotifications",
    "EventType",
    "KeyNotification",
    "KeyeventChannel",
    "KeyspaceChannel",
    "KeyspaceNotifications",
    "KeyspaceNotificationsInterface",
    "KeyspaceWorkerThread",
    "SubkeyeventChannel",
    "SubkeyspaceChannel",
    "SubkeyspaceeventChannel",
    "SubkeyspaceitemChannel",
    "get_channel_type",
]
