"""redis-py's `PubSub`: messages as dictionaries, subscriptions that subclasses can hook into, by hand on a connection.

It is not the core's `PubSub`, because redis-py's is open: frameworks override `PubSub.execute_command` and
`PubSub.parse_response`, poll the socket of its connection, and read raw replies. The connection, and how it is made again
after a failover, are the core's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

from syncredis.compat.commands.helpers import list_or_args, subscriptions_from
from syncredis.compat.exceptions import ConnectionError, PubSubError, TimeoutError
from syncredis.compat.pubsub_state import Subscriptions, message_from
from syncredis.compat.retry import policy_of
from syncredis.compat.translation import original, translating
from syncredis.retry import NO_RETRY, retry
from syncredis.typing import T

_NOT_CONNECTED = "pubsub connection not set: did you forget to call subscribe() or psubscribe()?"


class PubSub(Subscriptions):
    """Subscriptions on a connection of their own. Made by `Redis.pubsub`; one thread at a time may wait for messages.

    Attributes:
        channels, patterns, shard_channels: what is subscribed to, with handlers.
        connection: None before the first subscription.
    """

    def __init__(
        self,
        connection_pool: Any,
        shard_hint: Any = None,
        ignore_subscribe_messages: bool = False,
        encoder: Any = None,
        push_handler_func: Callable[..., Any] | None = None,
        event_dispatcher: Any = None,  # noqa: ARG002 - as redis-py
    ) -> None:
        super().__init__(encoder or connection_pool.get_encoder(), ignore_subscribe_messages)
        self.connection_pool = connection_pool
        self.shard_hint = shard_hint
        self.push_handler_func = push_handler_func
        self.connection: Any = None
        self.subscribed_event = threading.Event()
        # Held while something is sent: a thread may subscribe while another waits for messages.
        self._lock = threading.RLock()
        # Whether the one who waits wants a lost connection to be made anew: who reads raw replies has polled its socket,
        # and has to be told.
        self._patient = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reset()

    def __del__(self) -> None:
        if getattr(self, "connection", None) is not None:
            self.reset()

    def reset(self) -> None:
        """Forget all subscriptions and close the connection. Never blocks."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.deregister_connect_callback(self.on_connect)
            connection.disconnect()
            self.connection_pool.release(connection)
        self.forget()
        self.subscribed_event.clear()

    close = reset

    @property
    def subscribed(self) -> bool:
        """Whether there is anything subscribed to."""
        return self.subscribed_event.is_set()

    # --- subscribing ------------------------------------------------------------------------------------

    def subscribe(self, *args: Any, **kwargs: Any) -> Any:
        """Subscribe to channels; those given by keyword, or as `Subscription`, have handlers. Blocks to connect."""
        return self._subscribe("SUBSCRIBE", "channels", args, kwargs)

    def psubscribe(self, *args: Any, **kwargs: Any) -> Any:
        """Subscribe to patterns; otherwise as `subscribe`."""
        return self._subscribe("PSUBSCRIBE", "patterns", args, kwargs)

    def ssubscribe(self, *args: Any, target_node: Any = None, **kwargs: Any) -> Any:  # noqa: ARG002 - as redis-py
        """Subscribe to channels of a shard; otherwise as `subscribe`."""
        return self._subscribe("SSUBSCRIBE", "shard_channels", args, kwargs)

    def unsubscribe(self, *args: Any) -> Any:
        """Unsubscribe from channels, from all if none is given."""
        return self._unsubscribe("UNSUBSCRIBE", "channels", args)

    def punsubscribe(self, *args: Any) -> Any:
        """Unsubscribe from patterns, from all if none is given."""
        return self._unsubscribe("PUNSUBSCRIBE", "patterns", args)

    def sunsubscribe(self, *args: Any, target_node: Any = None) -> Any:  # noqa: ARG002 - as redis-py
        """Unsubscribe from channels of a shard, from all if none is given."""
        return self._unsubscribe("SUNSUBSCRIBE", "shard_channels", args)

    def _subscribe(self, word: str, kind: str, args: tuple[Any, ...], handlers: dict[str, Any]) -> Any:
        new = subscriptions_from(args, handlers)
        returned = self.execute_command(word, *new)
        # After it was sent, so that a connection that is made for it does not subscribe twice.
        self.note_wanted(kind, new)
        self.subscribed_event.set()
        return returned

    def _unsubscribe(self, word: str, kind: str, args: tuple[Any, ...]) -> Any:
        names = list_or_args(args[0], args[1:]) if args else []
        self.note_unwanted(kind, names)
        return self.execute_command(word, *names)

    def on_connect(self, connection: Any) -> None:  # noqa: ARG002 - as redis-py
        """Subscribe to everything on a new connection."""
        for word, kind in (("SUBSCRIBE", "channels"), ("PSUBSCRIBE", "patterns"), ("SSUBSCRIBE", "shard_channels")):
            if wanted := self.wanted_anew(kind):
                self.execute_command(word, *wanted)

    def ping(self, message: Any = None) -> Any:
        """Have the server send a message of type ``"pong"``."""
        return self.execute_command("PING", *(() if message is None else (message,)))

    def execute_command(self, *args: Any) -> Any:
        """Send a command; what it brings comes as a message. Blocks to connect."""
        if self.connection is None:
            self.connection = self.connection_pool.get_connection()
        connection = self.connection
        # Each time: a framework may have put a connection there, and expects to hear what it had subscribed to.
        connection.register_connect_callback(self.on_connect)
        # What is subscribed to brings replies in between: there, `check_health` asks.
        checks = not self.subscribed
        with self._lock:
            self._persistently(connection, lambda: connection.send_command(*args, check_health=checks), True)

    def check_health(self) -> None:
        """Ask for a sign of life, if the server has been silent for ``health_check_interval`` seconds. Never waits for it.

        Raises:
            RuntimeError: before the first subscription.
        """
        connection = self.connection
        if connection is None:
            raise RuntimeError(_NOT_CONNECTED)
        if self.wants_sign_of_life(connection):
            connection.send_command("PING", self.HEALTH_CHECK_MESSAGE, check_health=False)

    # --- messages -----------------------------------------------------------------------------------------

    def get_message(self, ignore_subscribe_messages: bool = False, timeout: float | None = 0.0) -> Any:
        """Return the next message, or None: there is none within ``timeout`` seconds, or it has a handler. Blocks that long.

        Args:
            ignore_subscribe_messages: leave out confirmations.
            timeout: None: no limit.
        """
        if not self.subscribed:
            began = time.monotonic()
            if not self.subscribed_event.wait(timeout):
                return None
            if timeout is not None:
                timeout = max(0.0, timeout - (time.monotonic() - began))
        reply = self._patiently(block=timeout is None, timeout=0 if timeout is None else timeout)
        return self.handle_message(reply, ignore_subscribe_messages) if reply else None

    get_sharded_message = get_message

    def listen(self) -> Iterator[Any]:
        """Yield messages for as long as anything is subscribed to. Blocks."""
        while self.subscribed:
            message = self.handle_message(self._patiently(block=True))
            if message is not None:
                yield message

    def _patiently(self, block: bool = True, timeout: float = 0) -> Any:
        self._patient = True
        try:
            return self.parse_response(block=block, timeout=timeout)
        finally:
            self._patient = False

    def parse_response(self, block: bool = True, timeout: float = 0) -> Any:
        """Return the next message as the protocol brings it; None if there is none within ``timeout`` seconds. Blocks.

        Raises:
            RuntimeError: before the first subscription.
            ConnectionError: if the connection was lost; the next call makes another one.
        """
        connection = self.connection
        if connection is None:
            raise RuntimeError(_NOT_CONNECTED)

        def read() -> Any:
            self.check_health()
            if block:
                connection.connect()
                return connection.read_response(disconnect_on_error=False, push_request=True, timeout=None)
            if not connection.can_read(timeout=timeout):
                return None
            try:
                return connection.read_response(disconnect_on_error=False, push_request=True, timeout=timeout)
            except TimeoutError:
                return None  # a part of it has arrived, and is kept

        reply = self._persistently(connection, read, self._patient)
        if self.is_health_check_response(reply):
            return None
        if reply is not None and self.push_handler_func is not None and connection.protocol == 3:
            self.push_handler_func(reply)
            return None
        return reply

    def handle_message(self, response: Any, ignore_subscribe_messages: bool = False) -> Any:
        """Return a message as a dictionary; None if it has a handler, which is called, or nobody wants to see it."""
        if response is None:
            return None
        message = message_from(response)
        if self.note_unsubscribed(message):
            self.subscribed_event.clear()
        if self.is_published(message):
            handler = self.handler_of(message)
            if handler is None:
                return message
            handler(message)
            return None
        ignored = ignore_subscribe_messages or self.ignore_subscribe_messages
        return None if ignored and message["type"] != "pong" else message

    def run_in_thread(
        self,
        sleep_time: float = 0.0,
        daemon: bool = False,
        exception_handler: Callable[..., Any] | None = None,
        pubsub: Any = None,
        sharded_pubsub: bool = False,
    ) -> PubSubWorkerThread:
        """Start a thread that calls the handlers; return it.

        Args:
            sleep_time: seconds after which the thread looks whether it shall end.
            daemon: whether the interpreter may end while it runs.
            exception_handler: called with an error, this object and the thread; None: the thread ends with the error.
            pubsub: what to wait on, in place of this object.
            sharded_pubsub: whether messages come by ``get_sharded_message``.

        Raises:
            PubSubError: if something that is subscribed to has no handler.
        """
        for kind, noun in (("channels", "Channel"), ("patterns", "Pattern"), ("shard_channels", "Shard Channel")):
            for name, handler in getattr(self, kind).items():
                if handler is None:
                    raise PubSubError(f"{noun}: '{name}' has no handler registered")
        waiting = self if pubsub is None else pubsub
        thread = PubSubWorkerThread(waiting, sleep_time, daemon, exception_handler, sharded_pubsub)
        thread.start()
        return thread

    def _persistently(self, connection: Any, do: Callable[[], T], patient: bool) -> T:
        """Call ``do``; if the connection is lost, make it anew, which subscribes to everything, and call it again. Blocks."""

        def anew() -> T:
            try:
                connection.disconnect()
                connection.open_anew()
                return do()
            except (ConnectionError, TimeoutError) as again:
                raise original(again)  # noqa: B904 - the core's own, which has its cause

        try:
            return do()
        except (ConnectionError, TimeoutError) as error:
            if connection is not self.connection:  # closed meanwhile
                raise
            pool = self.connection_pool
            policy = pool.subscription_policy if patient else policy_of(pool.connection_kwargs, NO_RETRY)
            connection.disconnect()
            with translating():
                return retry(policy, Subscribing(), anew, original(error))


class Subscribing:
    """What the core's loop is told is tried again: it may be, as often as need be."""

    name = "SUBSCRIBE"
    read_only = True
    runs_code = False


class PubSubWorkerThread(threading.Thread):
    """Calls the handlers of a `PubSub` until `stop`. Made by `PubSub.run_in_thread`."""

    def __init__(
        self,
        pubsub: Any,
        sleep_time: float,
        daemon: bool = False,
        exception_handler: Callable[..., Any] | None = None,
        sharded_pubsub: bool = False,
    ) -> None:
        super().__init__(name="syncredis-pubsub", daemon=daemon)
        self.pubsub = pubsub
        self.sleep_time = sleep_time
        self.exception_handler = exception_handler
        self.sharded_pubsub = sharded_pubsub
        self._running = threading.Event()

    def run(self) -> None:
        """Wait for messages, and have them handled."""
        if self._running.is_set():
            return
        self._running.set()
        receive = self.pubsub.get_sharded_message if self.sharded_pubsub else self.pubsub.get_message
        while self._running.is_set():
            try:
                receive(ignore_subscribe_messages=True, timeout=self.sleep_time)
            except BaseException as error:
                if self.exception_handler is None:
                    raise
                self.exception_handler(error, self.pubsub, self)
        self.pubsub.close()

    def stop(self) -> None:
        """Have the thread close the subscriptions and end; never blocks. ``join`` waits for that."""
        self._running.clear()
