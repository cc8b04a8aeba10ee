"""What a `PubSub` of redis-py knows: subscriptions, handlers, and what messages mean. No I/O; the async one has it, too."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from syncredis.compat.typing import Subscription
from syncredis.replies import to_str

_KINDS: Final = ("channels", "patterns", "shard_channels")
_UNSUBSCRIBED: Final = {"unsubscribe": "channels", "punsubscribe": "patterns", "sunsubscribe": "shard_channels"}
_PUBLISHED: Final = {"message": "channels", "pmessage": "patterns", "smessage": "shard_channels"}


def message_from(reply: Any) -> dict[str, Any]:
    """Return a message as redis-py describes it."""
    if not isinstance(reply, (list, tuple)):  # RESP3 answers a PING as any other command
        reply = ["pong", type(reply)() if reply in (b"PONG", "PONG") else reply]
    kind = to_str(reply[0])
    if kind == "pmessage":
        return {"type": kind, "pattern": reply[1], "channel": reply[2], "data": reply[3]}
    if kind == "pong":
        return {"type": kind, "pattern": None, "channel": None, "data": reply[1]}
    return {"type": kind, "pattern": None, "channel": reply[1], "data": reply[2]}


class Subscriptions:
    """The subscriptions of one object."""

    PUBLISH_MESSAGE_TYPES = tuple(_PUBLISHED)
    UNSUBSCRIBE_MESSAGE_TYPES = tuple(_UNSUBSCRIBED)
    HEALTH_CHECK_MESSAGE = "redis-py-health-check"

    def __init__(self, encoder: Any, ignore_subscribe_messages: bool) -> None:
        self.encoder = encoder
        self.ignore_subscribe_messages = ignore_subscribe_messages
        self.forget()

    def forget(self) -> None:
        """Be subscribed to nothing."""
        self.channels: dict[Any, Any] = {}
        self.patterns: dict[Any, Any] = {}
        self.shard_channels: dict[Any, Any] = {}
        self._unwanted: dict[str, set[Any]] = {kind: set() for kind in _KINDS}

    def wants_sign_of_life(self, connection: Any) -> bool:
        """Whether the other end of a connection has been silent for its ``health_check_interval``."""
        interval = getattr(connection, "health_check_interval", 0)
        return bool(interval) and time.monotonic() > connection.next_health_check

    @property
    def health_check_response(self) -> list[Any]:
        """The forms in which that sign of life may come."""
        pong, message = (self.encoder.decode(self.encoder.encode(word)) for word in ("pong", self.HEALTH_CHECK_MESSAGE))
        return [[pong, message], message]

    def is_health_check_response(self, response: Any) -> bool:
        """Whether this is the sign of life that was asked for, which no user wants to see."""
        message = self.encoder.decode(self.encoder.encode(self.HEALTH_CHECK_MESSAGE))
        if isinstance(response, (list, tuple)):
            return len(response) == 2 and to_str(response[0]) == "pong" and response[1] == message
        return bool(response == message)

    def note_wanted(self, kind: str, new: Mapping[Any, Any]) -> None:
        """Remember names with their handlers."""
        names = {self._name(name): handler for name, handler in new.items()}
        getattr(self, kind).update(names)
        self._unwanted[kind].difference_update(names)

    def note_unwanted(self, kind: str, names: Iterable[Any]) -> None:
        """Remember that the server's confirmation ends these subscriptions; without names: all."""
        self._unwanted[kind].update([self._name(name) for name in names] or getattr(self, kind))

    def wanted_anew(self, kind: str) -> list[Any]:
        """Return what a new connection subscribes to; nothing is to be confirmed there any more."""
        for name in self._unwanted[kind]:
            getattr(self, kind).pop(name, None)
        self._unwanted[kind].clear()
        return list(getattr(self, kind))

    def note_unsubscribed(self, message: Mapping[str, Any]) -> bool:
        """Forget what a message confirms; return whether nothing is subscribed to any more."""
        kind = _UNSUBSCRIBED.get(message["type"])
        if kind is None:
            return False
        name = message["channel"]
        if name in self._unwanted[kind]:
            self._unwanted[kind].remove(name)
            getattr(self, kind).pop(name, None)
        return not any(getattr(self, each) for each in _KINDS)

    def is_published(self, message: Mapping[str, Any]) -> bool:
        """Whether somebody published it."""
        return message["type"] in _PUBLISHED

    def handler_of(self, message: Mapping[str, Any]) -> Any:
        """Return the handler of a message; None if it has none."""
        name = message["pattern"] if message["type"] == "pmessage" else message["channel"]
        return getattr(self, _PUBLISHED[message["type"]]).get(name)

    def _name(self, name: Any) -> Any:
        if isinstance(name, Subscription):
            name = name.name
        return self.encoder.decode(self.encoder.encode(name))
