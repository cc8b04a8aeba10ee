"""redis-py's async `Redis` and `Pipeline`; commands go to the core's async client, on the core's pool."""

# pyright: reportIncompatibleMethodOverride=false
# The signatures are redis-py's.

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, nullcontext
from types import TracebackType
from typing import Any, Final, Self

import anyio

from syncredis import exceptions as core
from syncredis.aio.scanning import AsyncScanIterators
from syncredis.command import Command
from syncredis.compat.asyncio.connection import (
    AbstractConnection,
    ConnectionPool,
    SSLConnection,
    UnixDomainSocketConnection,
)
from syncredis.compat.asyncio.foreign import is_foreign
from syncredis.compat.asyncio.keyspace_notifications import AsyncKeyspaceNotifications
from syncredis.compat.asyncio.lock import Lock
from syncredis.compat.asyncio.monitor import Monitor
from syncredis.compat.asyncio.pubsub import PubSub
from syncredis.compat.asyncio.retry import Retry
from syncredis.compat.asyncio.scanning import IterationsThrough
from syncredis.compat.callbacks import ResponseCallbacks
from syncredis.compat.client import Redis as BlockingRedis
from syncredis.compat.client import bool_ok
from syncredis.compat.commands.core import AsyncCoreCommands, CoreCommands
from syncredis.compat.commands.scored import as_scanned
from syncredis.compat.construction import DEFAULT_RETRY, pool_options
from syncredis.compat.deprecation import warn_of_auto_close, warn_of_client_options, warn_of_name
from syncredis.compat.driver_info import UNSET
from syncredis.compat.exceptions import RedisError, ResponseError, WatchError
from syncredis.compat.faces import owes, retire_if_used
from syncredis.compat.options import DEFAULT_SOCKET_CONNECT_TIMEOUT, DEFAULT_SOCKET_READ_SIZE, DEFAULT_SOCKET_TIMEOUT
from syncredis.compat.queueing import Queue
from syncredis.compat.requests import EMPTY_RESPONSE, NEVER_DECODE, decoded, request
from syncredis.compat.surface import ClientSurface, Queueing
from syncredis.compat.tls import DEFAULTS
from syncredis.compat.translation import translated
from syncredis.compat.wire import is_login, taints

#: How clients try again where nothing else is said; see `syncredis.compat.construction.DEFAULT_RETRY`.
DEFAULT_ASYNC_RETRY: Final = Retry(DEFAULT_RETRY._backoff, DEFAULT_RETRY._retries)

#: Options of the blocking client that mean nothing here.
_NOT_HERE: dict[str, Any] = {"cache": None, "cache_config": None}
_CLASSES = {"SSLConnection": SSLConnection, "UnixDomainSocketConnection": UnixDomainSocketConnection}


class Redis(ClientSurface, AsyncCoreCommands):
    """A client with redis-py's async interface. Many tasks may share it.

    Everything goes through ``execute_command``, and replies that are read by hand through ``parse_response``: subclasses may
    override both. The arguments are redis-py's, and so are their defaults.
    """

    #: What type checkers tell the two clients by.
    _is_async_client = True
    _lock_class = Lock

    def __init__(
        self,
        *,
        host: str = "localhost",
        port: int = 6379,
        db: str | int = 0,
        password: str | None = None,
        socket_timeout: float | None = DEFAULT_SOCKET_TIMEOUT,
        socket_connect_timeout: float | None = DEFAULT_SOCKET_CONNECT_TIMEOUT,
        socket_read_size: int = DEFAULT_SOCKET_READ_SIZE,
        socket_keepalive: bool | None = True,
        socket_keepalive_options: Any = UNSET,
        connection_pool: Any = None,
        unix_socket_path: str | None = None,
        encoding: str = "utf-8",
        encoding_errors: str = "strict",
        decode_responses: bool = False,
        retry_on_timeout: bool = False,
        retry: Retry | None = DEFAULT_ASYNC_RETRY,
        retry_on_error: list[type[Exception]] | None = None,
        ssl: bool = False,
        ssl_keyfile: str | None = None,
        ssl_certfile: str | None = None,
        ssl_cert_reqs: Any = "required",
        ssl_include_verify_flags: Any = None,
        ssl_exclude_verify_flags: Any = None,
        ssl_ca_certs: str | None = None,
        ssl_ca_path: str | None = None,
        ssl_ca_data: Any = None,
        ssl_check_hostname: bool = True,
        ssl_min_version: Any = None,
        ssl_ciphers: str | None = None,
        ssl_password: str | None = None,
        max_connections: int | None = None,
        single_connection_client: bool = False,
        health_check_interval: float = 0,
        client_name: str | None = None,
        lib_name: Any = UNSET,
        lib_version: Any = UNSET,
        driver_info: Any = UNSET,
        username: str | None = None,
        auto_close_connection_pool: bool | None = None,
        redis_connect_func: Any = None,
        credential_provider: Any = None,
        protocol: int | None = None,
        legacy_responses: bool = True,
        event_dispatcher: Any = None,
        maint_notifications_config: Any = None,
    ) -> None:
        warn_of_client_options(locals())
        if connection_pool is None:
            options = pool_options({**DEFAULTS, **locals(), **_NOT_HERE})
            if (kind := options.pop("connection_class", None)) is not None:
                options["connection_class"] = _CLASSES[kind.__name__]
            self.auto_close_connection_pool = auto_close_connection_pool is not False
            connection_pool = ConnectionPool(**options)
        else:
            self.auto_close_connection_pool = False
        self._set_up(connection_pool, single_connection_client)

    def _set_up(self, connection_pool: Any, single_connection_client: bool) -> None:
        self.connection_pool = connection_pool
        self.response_callbacks: Any = ResponseCallbacks()
        self.single_connection_client = single_connection_client
        self.connection: Any = None
        # Many tasks may be the first.
        self._turns = anyio.Lock() if single_connection_client else None

    @classmethod
    def from_url(
        cls,
        url: str,
        single_connection_client: bool = False,
        auto_close_connection_pool: bool | None = None,
        **kwargs: Any,
    ) -> Self:
        """Return a client for a URL; see `syncredis.compat.pools.ConnectionPool.from_url`."""
        if auto_close_connection_pool is not None:
            warn_of_auto_close()
        pool = ConnectionPool.from_url(url, **kwargs)
        client = cls(connection_pool=pool, single_connection_client=single_connection_client)
        client.auto_close_connection_pool = auto_close_connection_pool is not False
        return client

    @classmethod
    def from_pool(cls, connection_pool: Any) -> Self:
        """Return a client that owns the pool: it closes it when it is closed."""
        client = cls(connection_pool=connection_pool)
        client.auto_close_connection_pool = True
        return client

    def __await__(self) -> Generator[Any, None, Self]:
        return self.initialize().__await__()

    async def initialize(self) -> Self:
        """Take the connection of one's own, if there is to be one."""
        if self._turns is not None and self.connection is None:
            async with self._turns:
                if self.connection is None:
                    self.connection = await self.connection_pool.get_connection()
        return self

    async def __aenter__(self) -> Self:
        return await self.initialize()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Give back the connection of one's own, and close the pool if it is this client's, or that is asked for."""
        connection, self.connection = self.connection, None
        if connection is not None:
            retire_if_used(connection, self._turns is None or not self._turns.locked())
            await self.connection_pool.release(connection)
        if close_connection_pool or (close_connection_pool is None and self.auto_close_connection_pool):
            await self.connection_pool.disconnect()

    async def close(self, close_connection_pool: bool | None = None) -> None:
        """`aclose`, by its old name."""
        warn_of_name("close", "Use aclose() instead", "5.0.1")
        await self.aclose(close_connection_pool)

    # --- what can be made from it --------------------------------------------------------------------------

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        """Return a pipeline: commands that are queued, and sent together by its ``execute``."""
        return Pipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)

    async def transaction(
        self,
        func: Callable[[Any], Any],
        *watches: Any,
        shard_hint: Any = None,
        value_from_callable: bool = False,
        watch_delay: float | None = None,
    ) -> Any:
        """Call ``func(pipeline)`` while keys are watched, and execute the pipeline; see the blocking client's."""
        async with self.pipeline(True, shard_hint) as pipe:
            while True:
                try:
                    if watches:
                        await pipe.watch(*watches)
                    returned = func(pipe)
                    if inspect.isawaitable(returned):
                        returned = await returned
                    replies = await pipe.execute()
                    return returned if value_from_callable else replies
                except WatchError:
                    if watch_delay:
                        await anyio.sleep(watch_delay)

    def pubsub(self, **kwargs: Any) -> PubSub:
        """Return an object to subscribe with."""
        return PubSub(self.connection_pool, **kwargs)

    def keyspace_notifications(
        self, key_prefix: Any = None, ignore_subscribe_messages: bool = True
    ) -> AsyncKeyspaceNotifications:
        """Return an object to subscribe to what happens to keys."""
        return AsyncKeyspaceNotifications(self, key_prefix, ignore_subscribe_messages)

    def monitor(self) -> Monitor:
        """Return an object that shows every command that the server carries out."""
        return Monitor(self.connection_pool)

    # --- carrying commands out -------------------------------------------------------------------------------

    @property
    def blocking(self) -> BlockingRedis:
        """A blocking client on the same pool; a connection that is this client's own it leaves alone."""
        client = BlockingRedis(connection_pool=self.connection_pool.blocking)
        client.response_callbacks = self.response_callbacks
        return client

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Carry out a command and return its reply, decoded as the command's name says.

        Raises:
            RedisError: of redis-py's kinds.
        """
        await self.initialize()
        try:
            if self._reads_by_hand:
                return await self._execute_by_hand(args, options)
            command = request(args, options, self.response_callbacks, self.get_encoder())
            if self.connection is None and is_login(args):
                return await self.connection_pool.log_in(command)
            if self.connection is not None or taints(args):
                return await self._execute_on_one(command)
            return await self.connection_pool.execute(command)
        except core.PoolTimeoutError as error:
            raise self.connection_pool.blocking.exhausted() from error
        except core.ResponseError as error:
            if EMPTY_RESPONSE in options:
                return options[EMPTY_RESPONSE]
            raise translated(error)  # noqa: B904 - the cause is set there
        except core.RedisError as error:
            raise translated(error)  # noqa: B904 - the cause is set there

    @property
    def _reads_by_hand(self) -> bool:
        overridden = getattr(self.parse_response, "__func__", None) is not Redis.parse_response
        return overridden or (self.connection is not None and is_foreign(type(self.connection), AbstractConnection))

    async def _execute_on_one(self, command: Command[Any]) -> Any:
        client, worker = self.blocking, self.connection_pool.worker
        async with self._own_connection() as own:
            if own is not None:
                return await own.in_thread(worker, client._execute_through, own.face, command)
        return await worker.run(client._execute_on_one, command)

    @asynccontextmanager
    async def _own_connection(self) -> AsyncIterator[Any]:
        """Return the connection that is this client's own, when no other task uses it any more."""
        if self.connection is None:
            yield None
            return
        async with nullcontext() if self._turns is None else self._turns:
            yield self.connection  # None if the client was closed meanwhile

    async def _execute_by_hand(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        async with self._own_connection() as own:
            connection = await self.connection_pool.get_connection() if own is None else own
            try:
                await connection.send_command(*args)
                return await self.parse_response(connection, args[0], **options)
            except BaseException as error:
                if own is not None and (not isinstance(error, Exception) or owes(own)):
                    self.connection_pool.break_off(own)
                raise
            finally:
                if own is None:
                    await self.connection_pool.release(connection)

    async def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        """Read the reply to a command that was sent on ``connection``, and decode it as the command's name says."""
        try:
            reply = await connection.read_response(disable_decoding=NEVER_DECODE in options)
        except ResponseError:
            if EMPTY_RESPONSE in options:
                return options[EMPTY_RESPONSE]
            raise
        return decoded(command_name, reply, options, self.response_callbacks)

    # --- iterators -----------------------------------------------------------------------------------------------

    async def scan_iter(
        self, match: Any = None, count: int | None = None, _type: str | None = None
    ) -> AsyncIterator[Any]:
        """Yield the keys; see `syncredis.Redis.scan_iter`."""
        async for key in _translated((await self._iterations()).scan_iter(match, count, _type)):
            yield key

    async def sscan_iter(self, name: Any, match: Any = None, count: int | None = None) -> AsyncIterator[Any]:
        """Yield the members of a set."""
        async for member in _translated((await self._iterations()).sscan_iter(name, match, count)):
            yield member

    async def hscan_iter(
        self, name: Any, match: Any = None, count: int | None = None, no_values: bool | None = None
    ) -> AsyncIterator[Any]:
        """Yield the fields of a hash with their values."""
        fields = (await self._iterations()).hscan_iter(name, match, count, no_values=bool(no_values))
        async for field in _translated(fields):
            yield field

    async def zscan_iter(
        self, name: Any, match: Any = None, count: int | None = None, score_cast_func: Callable[[Any], Any] = float
    ) -> AsyncIterator[Any]:
        """Yield the members of a sorted set with their scores."""
        async for member, score in _translated((await self._iterations()).zscan_iter(name, match, count)):
            yield member, score if score_cast_func is float else score_cast_func(as_scanned(member, score))

    async def _iterations(self) -> AsyncScanIterators[Any]:
        await self.initialize()
        return self.connection_pool.facade if self.connection is None else IterationsThrough(self)


async def _translated(source: Any) -> AsyncIterator[Any]:
    try:
        async for element in source:
            yield element
    except core.RedisError as error:
        raise translated(error)  # noqa: B904 - the cause is set there


class Pipeline(Queueing, Redis):
    """Commands that are queued and sent together. Made by `Redis.pipeline`; belongs to one task at a time.

    Each method returns the pipeline, so that calls can be chained. After ``await watch``, commands are carried out at once, and
    to be awaited, up to ``multi``.
    """

    def __init__(
        self, connection_pool: Any, response_callbacks: Any, transaction: bool, shard_hint: Any = None
    ) -> None:
        self.auto_close_connection_pool = False
        self._set_up(connection_pool, False)
        self.response_callbacks = response_callbacks
        self.is_transaction = transaction
        self.shard_hint = shard_hint
        self._queue = Queue(connection_pool.blocking, response_callbacks, lambda error: error.args)
        self.explicit_transaction = False
        self.scripts: set[Any] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.reset()
        else:
            self._queue.abandon()  # a cancelled task can not wait for a round trip

    def __await__(self) -> Generator[Any, None, Self]:
        return self._itself().__await__()

    async def _itself(self) -> Self:
        return self

    async def reset(self) -> None:
        """Forget what is queued and what is watched."""
        self.explicit_transaction = False
        if self.watching:
            await self.connection_pool.worker.run(self._queue.reset)
        self._queue.stack = []

    async def aclose(self, close_connection_pool: bool | None = None) -> None:  # noqa: ARG002 - as the client's
        """`reset`."""
        await self.reset()

    async def watch(self, *names: Any) -> Any:
        """Watch keys: `execute` then raises `WatchError` if one of them was changed meanwhile."""
        if self.explicit_transaction:
            raise RedisError("Cannot issue a WATCH after a MULTI")
        return await self.immediate_execute_command("WATCH", *names)

    async def unwatch(self) -> bool:
        """Watch nothing any more."""
        return bool(await self.immediate_execute_command("UNWATCH")) if self.watching else True

    async def discard(self) -> None:
        """Queue a DISCARD, with which the server refuses the rest; while keys are watched: watch nothing any more."""
        returned: Any = self.execute_command("DISCARD")
        if returned is not self:
            await returned

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Queue a command, and return the pipeline; while keys are watched, return its reply, to be awaited."""
        if (self.watching or args[0] == "WATCH") and not self.explicit_transaction:
            return self.immediate_execute_command(*args, **options)
        return self.pipeline_execute_command(*args, **options)

    def immediate_execute_command(self, *args: Any, **options: Any) -> Awaitable[Any]:
        """Carry a command out at once, on the connection that watches."""
        return self.connection_pool.worker.run(self._queue.carry_out, args, options)  # type: ignore[no-any-return]

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Send what is queued, and return the replies; ``raise_on_error=False``: with errors among them.

        Raises:
            WatchError: if a watched key was changed; nothing was carried out.
            RedisError: the first error, with the command that it belongs to.
        """
        if args and isinstance(args[0], Command):  # from a command method
            return CoreCommands.execute(self, args[0])
        return self._execute_all(kwargs.pop("raise_on_error", *(args or (True,))))

    async def _execute_all(self, raise_on_error: bool) -> list[Any]:
        transaction = bool(self.is_transaction or self.explicit_transaction)
        try:
            return await self.connection_pool.worker.run(self._queue.execute, transaction, raise_on_error)  # type: ignore[no-any-return]
        finally:
            self.explicit_transaction = False
            self._queue.abandon()
            self._queue.stack = []


StrictRedis = Redis

__all__ = ["Monitor", "Pipeline", "PubSub", "Redis", "StrictRedis", "bool_ok"]
