"""`Subscription`: a connection on which one Sentinel tells what happens."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from syncredis.command import Command
from syncredis.config import ConnectionConfig
from syncredis.connection import Connection
from syncredis.exceptions import RedisError, TimeoutError
from syncredis.opening import open_connection
from syncredis.sentinel.announcement import CHANNELS, Announcement, announcement
from syncredis.typing import Reply

logger = logging.getLogger(__name__)

_SUBSCRIBE: Final = Command[Any](("SUBSCRIBE", *CHANNELS))
_PING: Final = Command[Any](("PING",))


class Subscription:
    """What one Sentinel publishes. Belongs to one thread at a time. Made by `subscribe`.

    Attributes:
        last_heard: when something came last, by `time.monotonic`.
        asked: whether it was asked for a sign of life since then.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.last_heard = time.monotonic()
        self.asked = False

    def fileno(self) -> int:
        """The socket's file descriptor."""
        return self._connection.fileno()

    def take(self) -> list[Announcement]:
        """Return what has come; never blocks.

        Raises:
            RedisError: if the connection ended, or the Sentinel said that it will not tell.
        """
        messages = self._connection.take(text=True)
        if messages:
            self.last_heard = time.monotonic()
            self.asked = False
        told = [self._read(message) for message in messages]
        return [each for each in told if each is not None]

    def ask_for_sign(self) -> None:
        """Ask for a sign of life.

        Raises:
            RedisError: if the connection ended.
        """
        self.asked = True
        self._connection.send(_PING)

    def close(self) -> None:
        """Close the connection; never blocks, never raises."""
        self._connection.close()

    def close_in_child(self) -> None:
        """Close a forked process's copy of the socket."""
        self._connection.close_in_child()

    def _read(self, message: Reply) -> Announcement | None:
        if isinstance(message, RedisError):
            raise message
        match message:
            case ["message", str(channel), str(text)]:
                try:
                    return announcement(channel, text)
                except ValueError as error:
                    logger.warning("a Sentinel published what nobody understands: %s", error)
                    return None
            case _:  # a confirmation, or the answer to a PING
                return None


def subscribe(config: ConnectionConfig) -> Subscription:
    """Connect to a Sentinel, and have it tell what happens from now on. Blocks.

    Raises:
        AuthorizationError: if the user may not subscribe.
        RedisError: if the Sentinel can not be reached.
    """
    connection = open_connection(config)
    try:
        connection.send(_SUBSCRIBE)
        if not connection.wait(config.stream_timeout):
            raise TimeoutError(f"{config.target} does not confirm the subscription")
        subscription = Subscription(connection)
        subscription.take()
    except BaseException:
        connection.close()
        raise
    return subscription
