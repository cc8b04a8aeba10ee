"""redis-py's async `PubSub`: waiting for messages costs no thread, the event loop watches the socket."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import anyio

from syncredis.compat.commands.helpers import list_or_args, subscriptions_from
from syncredis.compat.deprecation import warn_of_name
from syncredis.compat.exceptions import ConnectionError, PubSubError, TimeoutError
from syncredis.compat.pubsub import _NOT_CONNECTED, Subscribing
from syncredis.compat.pubsub_state import Subscriptions, message_from
from syncredis.compat.translation import original, translating
from syncredis.retry import retry
from syncredis.typing import T


class PubSub(Subscriptions):
    """Subscriptions on a connection of their own. Made by `Redis.pubsub`; see `syncredis.compat.pubsub.PubSub`."""

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
        # Held while something is sent: a task may subscribe while another waits for messages.
        self._lock = anyio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        connection = getattr(self, "connection", None)
        if connection is not None:
            connection.face.disconnect()
            self.connection_pool.blocking.release(connection.face)

    async def aclose(self) -> None:
        """Forget all subscriptions and close the connection."""
        connection, self.connection = self.connection, None
        if connection is not None:
            await connection.disconnect()
            await self.connection_pool.release(connection)
        self.forget()

    async def close(self) -> None:
        """`aclose`, by its old name."""
        warn_of_name("close", "Use aclose() instead", "5.0.1")
        await self.aclose()

    async def reset(self) -> None:
        """`aclose`, by its oldest name."""
        warn_of_name("reset", "Use aclose() instead", "5.0.1")
        await self.aclose()

    @property
    def subscribed(self) -> bool:
        """Whether there is anything subscribed to."""
        return bool(self.channels or self.patterns or self.shard_channels)

    # --- subscribing ------------------------------------------------------------------------------------

    async def subscribe(self, *args: Any, **kwargs: Any) -> Any:
        """Subscribe to channels; those given by keyword, or as `Subscription`, have handlers."""
        return await self._subscribe("SUBSCRIBE", "channels", args, kwargs)

    async def psubscribe(self, *args: Any, **kwargs: Any) -> Any:
        """Subscribe to patterns; otherwise as `subscribe`."""
        return await self._subscribe("PSUBSCRIBE", "patterns", args, kwargs)

    async def ssubscribe(self, *args: Any, **kwargs: Any) -> Any:
        """Subscribe to channels of a shard; otherwise as `subscribe`."""
        return await self._subscribe("SSUBSCRIBE", "shard_channels", args, kwargs)

    async def unsubscribe(self, *args: Any) -> Any:
        """Unsubscribe from channels, from all if none is given."""
        return await self._unsubscribe("UNSUBSCRIBE", "channels", args)

    async def punsubscribe(self, *args: Any) -> Any:
        """Unsubscribe from patterns, from all if none is given."""
        return await self._unsubscribe("PUNSUBSCRIBE", "patterns", args)

    async def sunsubscribe(self, *args: Any) -> Any:
        """Unsubscribe from channels of a shard, from all if none is given."""
        return await self._unsubscribe("SUNSUBSCRIBE", "shard_channels", args)

    async def _subscribe(self, word: str, kind: str, args: tuple[Any, ...], handlers: dict[str, Any]) -> Any:
        new = subscriptions_from(args, handlers)
        returned = await self.execute_command(word, *new)
        # After it was sent, so that a connection that is made for it does not subscribe twice.
        self.note_wanted(kind, new)
        return returned

    async def _unsubscribe(self, word: str, kind: str, args: tuple[Any, ...]) -> Any:
        names = list_or_args(args[0], args[1:]) if args else []
        self.note_unwanted(kind, names)
        return await self.execute_command(word, *names)

    async def on_connect(self, connection: Any) -> None:
        """Subscribe to everything on a new connection."""
        for word, kind in (("SUBSCRIBE", "channels"), ("PSUBSCRIBE", "patterns"), ("SSUBSCRIBE", "shard_channels")):
            if wanted := self.wanted_anew(kind):
                await connection.send_command(word, *wanted)

    async def ping(self, message: Any = None) -> Any:
        """Have the server send a message of type ``"pong"``."""
        return await self.execute_command("PING", *(() if message is None else (message,)))

    async def connect(self) -> None:
        """Make sure that there is a connection."""
        if self.connection is None:
            self.connection = await self.connection_pool.get_connection()
        elif not self.connection.is_connected:  # somebody has disconnected it
            await self.connection.connect()
            await self.on_connect(self.connection)

    async def execute_command(self, *args: Any) -> Any:
        """Send a command; what it brings comes as a message."""
        await self.connect()
        connection: Any = self.connection
        async with self._lock:
            checks = not self.subscribed
            await self._persistently(connection, lambda: connection.send_command(*args, check_health=checks))

    async def check_health(self) -> None:
        """Ask for a sign of life, as the blocking one does; never waits for it."""
        connection = self.connection
        if connection is None:
            raise RuntimeError(_NOT_CONNECTED)
        if self.wants_sign_of_life(connection):
            await connection.send_command("PING", self.HEALTH_CHECK_MESSAGE, check_health=False)

    # --- messages -----------------------------------------------------------------------------------------

    async def get_message(self, ignore_subscribe_messages: bool = False, timeout: float | None = 0.0) -> Any:
        """Return the next message, or None: there is none within ``timeout`` seconds, or it has a handler.

        Args:
            ignore_subscribe_messages: leave out confirmations.
            timeout: None: no limit.
        """
        reply = await self.parse_response(block=timeout is None, timeout=0 if timeout is None else timeout)
        return await self.handle_message(reply, ignore_subscribe_messages) if reply else None

    async def listen(self) -> AsyncIterator[Any]:
        """Yield messages for as long as anything is subscribed to."""
        while self.subscribed:
            message = await self.handle_message(await self.parse_response())
            if message is not None:
                yield message

    async def parse_response(self, block: bool = True, timeout: float = 0) -> Any:
        """Return the next message as the protocol brings it; None if there is none within ``timeout`` seconds.

        Raises:
            RuntimeError: before the first subscription.
        """
        connection = self.connection
        if connection is None:
            raise RuntimeError(_NOT_CONNECTED)

        async def read() -> Any:
            await self.connect()
            await self.check_health()
            limit = None if block else max(timeout, 0)
            if limit == 0:
                await anyio.sleep(0)
                if not await connection.can_read():
                    return None
                limit = 0.001  # what has arrived is taken; the rest of it is not waited for
            try:
                return await connection.read_response(disconnect_on_error=False, push_request=True, timeout=limit)
            except TimeoutError:
                return None

        reply = await self._persistently(connection, read)
        if self.is_health_check_response(reply):
            return None
        if reply is not None and self.push_handler_func is not None and connection.protocol == 3:
            returned = self.push_handler_func(reply)
            if inspect.isawaitable(returned):
                await returned
            return None
        return reply

    async def handle_message(self, response: Any, ignore_subscribe_messages: bool = False) -> Any:
        """Return a message as a dictionary; None if it has a handler, which is called, or nobody wants to see it."""
        if response is None:
            return None
        message = message_from(response)
        self.note_unsubscribed(message)
        if self.is_published(message):
            handler = self.handler_of(message)
            if handler is None:
                return message
            returned = handler(message)
            if inspect.isawaitable(returned):
                await returned
            return None
        ignored = ignore_subscribe_messages or self.ignore_subscribe_messages
        return None if ignored and message["type"] != "pong" else message

    async def run(self, *, exception_handler: Callable[..., Any] | None = None, poll_timeout: float = 1.0) -> None:
        """Call the handlers of messages as they come, for as long as the task runs.

        Args:
            exception_handler: called with an error and this object; None: the error is raised.
            poll_timeout: seconds to wait for a message at a time.

        Raises:
            PubSubError: if something that is subscribed to has no handler.
        """
        for kind, noun in (("channels", "Channel"), ("patterns", "Pattern")):
            for name, handler in getattr(self, kind).items():
                if handler is None:
                    raise PubSubError(f"{noun}: '{name}' has no handler registered")
        await self.connect()
        while True:
            try:
                await self.get_message(ignore_subscribe_messages=True, timeout=poll_timeout)
            except Exception as error:
                if exception_handler is None:
                    raise
                returned = exception_handler(error, self)
                if inspect.isawaitable(returned):
                    await returned
            await anyio.sleep(0)

    async def _persistently(self, connection: Any, do: Callable[[], Awaitable[T]]) -> T:
        """Call ``do``; if the connection is lost, make it anew, subscribe to everything, and call it again."""
        try:
            return await do()
        except (ConnectionError, TimeoutError) as error:
            if connection is not self.connection:  # closed meanwhile
                raise
            face, policy = connection.face, self.connection_pool.blocking.subscription_policy
            failure = original(error)

        def anew() -> None:
            try:
                face.disconnect()
                face.open_anew()
            except (ConnectionError, TimeoutError) as again:
                raise original(again)  # noqa: B904 - the core's own, which has its cause

        with translating():
            await self.connection_pool.worker.run(retry, policy, Subscribing(), anew, failure)
        await self.on_connect(connection)
        return await do()
