"""`PubSub`: subscriptions to channels, patterns and shard channels, and the messages that they bring.

A subscription outlives its connection: when that breaks, the next call that waits for a message makes another one (on a
Sentinel client: to the primary of that time), subscribes again, and hands out a message of type ``"gap"``, because messages
may have been missed meanwhile.

https://redis.io/docs/latest/develop/interact/pubsub/
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Generic, NamedTuple, Self, TypeAlias

from syncredis.command import Command
from syncredis.connection import Connection
from syncredis.exceptions import ConnectionError, InterruptedCallError, PubSubError, RedisError
from syncredis.pool import ConnectionPool
from syncredis.resp import PushNotification
from syncredis.retry import RetryPolicy, retry
from syncredis.typing import AnyStr, EncodableT, KeyT, Reply


class Message(NamedTuple, Generic[AnyStr]):
    """What a subscription brings."""

    type: str
    """``"message"``, ``"pmessage"`` (by a pattern) or ``"smessage"`` (in a shard); ``"subscribe"``, ``"unsubscribe"`` and their
    like confirm; ``"gap"``: the connection was lost and made anew, messages may have been missed; ``"pong"``."""
    channel: AnyStr | None
    """Where it was published; for a confirmation what was subscribed to; None for a gap."""
    data: AnyStr | int | None
    """What was published; for a confirmation how many subscriptions there are."""
    pattern: AnyStr | None = None
    """For ``"pmessage"``, the pattern that matched."""


Handler: TypeAlias = Callable[[Message[AnyStr]], Any]

_DATA: Final = frozenset({"message", "pmessage", "smessage"})


class PubSub(Generic[AnyStr]):
    """Subscriptions on a connection of their own. Made by `syncredis.Redis.pubsub`.

    One thread at a time may wait for messages; any thread may subscribe and unsubscribe meanwhile. Nothing is contacted
    before the first subscription. Close it when it is no longer wanted: its connection counts in the pool.
    """

    def __init__(
        self, pool: ConnectionPool, retry_policy: RetryPolicy, *, text: bool, ignore_subscribe_messages: bool
    ) -> None:
        self._pool = pool
        self._retry_policy = retry_policy
        self._text = text
        self._ignore_confirmations = ignore_subscribe_messages
        # Guards what follows, and sending: a thread may subscribe while another waits for messages.
        self._lock = threading.RLock()
        self._wanted: dict[str, dict[bytes, Handler[AnyStr] | None]] = {"": {}, "P": {}, "S": {}}
        # Whether there ever was a handler; else none need be looked for, message by message.
        self._has_handlers = False
        self._connection: Connection | None = None
        self._was_connected = False
        # Held by the one that waits for messages. Reentrant: a handler may close the subscriptions.
        self._reading = threading.RLock()
        self._arrived: deque[Reply] = deque()

    def __repr__(self) -> str:
        counts = [f"{len(self._wanted[kind])} {noun}" for kind, noun in _NOUNS.items()]
        return f"<{type(self).__name__}: {', '.join(counts)}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def subscribed(self) -> bool:
        """Whether there is anything subscribed to."""
        return any(self._wanted.values())

    # --- subscribing --------------------------------------------------------------------------------

    def subscribe(self, *channels: KeyT, **handlers: Handler[AnyStr]) -> None:
        """Subscribe to channels; messages of those given by keyword go to their handler. May block to connect.

        Raises:
            RedisError: if there is no connection yet, and none can be made.
        """
        self._subscribe("", channels, handlers)

    def psubscribe(self, *patterns: KeyT, **handlers: Handler[AnyStr]) -> None:
        """Subscribe to all channels that match patterns such as ``news.*``; otherwise as `subscribe`."""
        self._subscribe("P", patterns, handlers)

    def ssubscribe(self, *channels: KeyT, **handlers: Handler[AnyStr]) -> None:
        """Subscribe to shard channels; otherwise as `subscribe`. Since Redis 7.0."""
        self._subscribe("S", channels, handlers)

    def unsubscribe(self, *channels: KeyT) -> None:
        """Unsubscribe from channels, from all if none is given. Never blocks for long."""
        self._unsubscribe("", channels)

    def punsubscribe(self, *patterns: KeyT) -> None:
        """Unsubscribe from patterns, from all if none is given."""
        self._unsubscribe("P", patterns)

    def sunsubscribe(self, *channels: KeyT) -> None:
        """Unsubscribe from shard channels, from all if none is given."""
        self._unsubscribe("S", channels)

    def _subscribe(self, kind: str, names: tuple[KeyT, ...], handlers: dict[str, Handler[AnyStr]]) -> None:
        if not names and not handlers:
            raise PubSubError(f"{kind.lower()}subscribe needs at least one name")
        new: dict[bytes, Handler[AnyStr] | None] = {self._name(name): None for name in names}
        new |= {self._name(name): handler for name, handler in handlers.items()}
        with self._lock:
            self._has_handlers = self._has_handlers or bool(handlers)
            self._wanted[kind] |= new
            if self._connection is None:
                self._connect()
            else:
                self._send(f"{kind}SUBSCRIBE", new)

    def _unsubscribe(self, kind: str, names: tuple[KeyT, ...]) -> None:
        with self._lock:
            gone = [self._name(name) for name in names] or list(self._wanted[kind])
            for name in gone:
                self._wanted[kind].pop(name, None)
            if self._connection is not None and gone:
                self._send(f"{kind}UNSUBSCRIBE", gone)

    def _name(self, name: KeyT) -> bytes:
        if isinstance(name, str):
            return name.encode(self._pool.config.encoding)
        return bytes(name) if isinstance(name, (bytes, bytearray, memoryview)) else str(name).encode("ascii")

    # --- messages --------------------------------------------------------------------------------------

    def get_message(
        self, ignore_subscribe_messages: bool = False, timeout: float | None = 0.0
    ) -> Message[AnyStr] | None:
        """Return the next message that has no handler, or None if none came within ``timeout`` seconds. Blocks that long.

        Messages that have a handler go there meanwhile. If the connection was lost, another one is made, which may take longer.

        Args:
            ignore_subscribe_messages: leave out confirmations.
            timeout: seconds; 0: only what is there already; None: no limit.

        Raises:
            PubSubError: if nothing is subscribed to, and no message is left.
            RedisError: if the server refuses a subscription, a message can not be decoded, or the connection was lost and no
                other can be made; the next call goes on.
        """
        if self._arrived:  # then it does not matter whether there is a connection
            message = self.take_message(ignore_subscribe_messages)
            if message is not None:
                return message
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            self.ensure_connected()
            message = self.take_message(ignore_subscribe_messages)
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if message is not None or left == 0:
                return message
            with self._reading:
                connection = self._connection
                if connection is not None:
                    connection.wait(left)

    def take_message(self, ignore_subscribe_messages: bool = False) -> Message[AnyStr] | None:
        """As `get_message`, but never blocks: if the connection is lost, that is noted, and `ensure_connected` is wanted."""
        while True:
            with self._reading:
                if not self._arrived:
                    self._receive()
                if not self._arrived:
                    return None
                reply = self._arrived.popleft()
            # Outside the lock: a handler may take long, and whoever closes the subscriptions need not wait for it.
            message = self._unhandled(reply, ignore_subscribe_messages)
            if message is not None:
                return message

    def put_back(self, message: Message[AnyStr]) -> None:
        """Let a message that was taken be the next one again."""
        self._arrived.appendleft(message)

    def ensure_connected(self) -> None:
        """Make a connection if there is none, and subscribe to everything on it. Blocks.

        Raises:
            PubSubError: if nothing is subscribed to, and no message is left.
            RedisError: if no connection can be made.
        """
        with self._lock:
            if self._connection is None and not self._arrived:
                if not self.subscribed:
                    raise PubSubError("nothing is subscribed to")
                self._connect()

    def _receive(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            self._arrived += connection.take(self._text)
        except InterruptedCallError:  # the client was closed
            self._drop(connection)
            raise
        except ConnectionError as error:
            self._pool.note_failure(connection, error)
            self._drop(connection)
        except (
            BaseException
        ):  # from a signal handler, say: what was being taken is lost, and only a new connection tells
            self._drop(connection)
            raise

    def listen(self) -> Iterator[Message[AnyStr]]:
        """Yield messages as they come, for as long as anything is subscribed to; those with a handler go there. Blocks."""
        kinds = self._wanted.values()
        while any(kinds):
            try:
                message = self.get_message(timeout=None)
            except PubSubError:
                return  # closed meanwhile
            if message is not None:
                yield message

    __iter__ = listen

    def run_in_thread(
        self, daemon: bool = False, exception_handler: Callable[[BaseException, PubSub[AnyStr]], None] | None = None
    ) -> PubSubThread[AnyStr]:
        """Start a thread that calls the handlers; return it. Everything that is subscribed to needs a handler.

        Args:
            daemon: whether the interpreter may end while it runs.
            exception_handler: called with the error and this object, for what a handler or the connection raises; the thread
                goes on afterwards. None: the thread ends with the error.
        """
        if not all(handler for wanted in self._wanted.values() for handler in wanted.values()):
            raise PubSubError("run_in_thread needs a handler for everything that is subscribed to")
        thread = PubSubThread(self, daemon, exception_handler)
        thread.start()
        return thread

    def ping(self, message: str | bytes | None = None) -> None:
        """Have the server send a message of type ``"pong"``."""
        with self._lock:
            self._send("PING", [] if message is None else [message])

    def _unhandled(self, reply: Reply, ignore_confirmations: bool) -> Message[AnyStr] | None:
        """Return the message, unless it is one that nobody wants to see, or has a handler, which is then called."""
        if isinstance(reply, RedisError):
            raise reply
        message: Message[AnyStr] = reply if isinstance(reply, Message) else _message(reply)
        if message.type in _DATA:
            if not self._has_handlers:
                return message
        else:
            ignored = ignore_confirmations or self._ignore_confirmations
            return None if ignored and message.type.endswith("subscribe") else message
        kind = message.type.removesuffix("message").upper()
        name = message.channel if message.pattern is None else message.pattern
        handler = self._wanted[kind].get(self._name(name)) if name is not None else None
        if handler is None:
            return message
        handler(message)
        return None

    # --- the connection ------------------------------------------------------------------------------

    def fileno(self) -> int:
        """The file descriptor of the connection, to wait on; -1 if there is none."""
        connection = self._connection
        return -1 if connection is None else connection.fileno()

    def close(self) -> None:
        """Forget all subscriptions and close the connection; who waits for messages gets a `PubSubError`. Never blocks."""
        with self._lock:
            for wanted in self._wanted.values():
                wanted.clear()
            self._was_connected = False
            connection = self._connection
        if connection is not None:
            connection.interrupt()
            with self._reading:  # its descriptor must not be closed, and given out anew, under who waits on it
                self._drop(connection)
                self._arrived.clear()

    def _connect(self) -> None:
        """Make a connection and subscribe to everything on it. The lock is held."""
        times_closed = self._pool.times_closed
        try:
            self._connection = self._subscribe_anew()
        except RedisError as error:
            closed = self._pool.closed_since(times_closed)
            self._connection = retry(
                self._retry_policy, _Subscribing(), self._subscribe_anew, error, closed, self._pool.pause
            )
        if self._was_connected:
            self._arrived.append(Message("gap", None, None))
        self._was_connected = True

    def _subscribe_anew(self) -> Connection:
        connection = self._pool.lease()
        try:
            for kind, wanted in self._wanted.items():
                if wanted:
                    connection.send(_command(f"{kind}SUBSCRIBE", wanted))
        except BaseException as error:
            connection.close()
            self._pool.return_connection(connection)
            if isinstance(error, RedisError):
                self._pool.note_failure(connection, error)
            raise
        return connection

    def _send(self, word: str, names: Iterable[EncodableT]) -> None:
        connection = self._connection
        if connection is None:
            raise PubSubError("nothing is subscribed to")
        try:
            connection.send(_command(word, names))
        except ConnectionError:
            # Whoever waits for messages finds out, connects anew, and subscribes to what is wanted then.
            connection.interrupt()

    def _drop(self, connection: Connection) -> None:
        with self._lock:
            if self._connection is connection:
                self._connection = None
        connection.close()
        self._pool.return_connection(connection)


class PubSubThread(threading.Thread, Generic[AnyStr]):
    """Calls the handlers of a `PubSub` until `stop`. Made by `PubSub.run_in_thread`."""

    def __init__(
        self,
        pubsub: PubSub[AnyStr],
        daemon: bool,
        exception_handler: Callable[[BaseException, PubSub[AnyStr]], None] | None,
    ) -> None:
        super().__init__(name="syncredis-pubsub", daemon=daemon)
        self._pubsub: PubSub[AnyStr] = pubsub
        self._exception_handler: Callable[[BaseException, PubSub[AnyStr]], None] | None = exception_handler
        self._stopping = False

    def run(self) -> None:
        """Wait for messages, and have them handled."""
        try:
            while not self._stopping:
                try:
                    self._pubsub.get_message(timeout=None)
                except PubSubError:
                    if self._stopping or not self._pubsub.subscribed:
                        return
                    raise
                except Exception as error:
                    if self._stopping:
                        return
                    if self._exception_handler is None:
                        raise
                    self._exception_handler(error, self._pubsub)
        finally:
            self._pubsub.close()

    def stop(self) -> None:
        """Have the thread close the subscriptions and end; never blocks. ``join`` waits for that."""
        self._stopping = True
        self._pubsub.close()


@dataclass(frozen=True, slots=True)
class _Subscribing:
    """What `retry` is told is tried again: it may be, as often as need be."""

    name: str = "SUBSCRIBE"
    read_only: bool = True
    runs_code: bool = False


def _command(word: str, names: Iterable[EncodableT]) -> Command[Any]:
    return Command((word, *names))


def _message(reply: Reply) -> Message[Any]:
    if type(reply) is PushNotification and reply[0] == "message":  # the usual case under RESP3
        return Message("message", reply[1], reply[2])
    if not isinstance(reply, list):  # RESP3 answers a PING as any other command
        empty: Any = type(reply)()
        return Message("pong", None, empty if reply in ("PONG", b"PONG") else reply)
    kind = reply[0] if isinstance(reply[0], str) else reply[0].decode("ascii")
    if kind == "pong":
        return Message(kind, None, reply[1])
    if kind == "pmessage":
        return Message(kind, reply[2], reply[3], reply[1])
    return Message(kind, reply[1], reply[2])


_NOUNS = {"": "channels", "P": "patterns", "S": "shard channels"}
