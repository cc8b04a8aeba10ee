"""redis-py's `Redis` and `Pipeline`: their constructors, their methods, their way to be subclassed. The core does the work."""

# pyright: reportIncompatibleMethodOverride=false
# The signatures are redis-py's.

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from syncredis import Redis as CoreRedis
from syncredis import exceptions as core
from syncredis.command import Command
from syncredis.compat.callbacks import CaseInsensitiveDict, ResponseCallbacks
from syncredis.compat.commands.core import CoreCommands, KeyAccess
from syncredis.compat.commands.scored import as_scanned
from syncredis.compat.construction import DEFAULT_RETRY, pool_options
from syncredis.compat.deprecation import warn_of_client_options
from syncredis.compat.driver_info import UNSET
from syncredis.compat.exceptions import RedisError, ResponseError, WatchError
from syncredis.compat.faces import owes, retire_if_used
from syncredis.compat.foreign import is_foreign
from syncredis.compat.keyspace_notifications import KeyspaceNotifications
from syncredis.compat.lock import Lock
from syncredis.compat.monitor import Monitor
from syncredis.compat.options import DEFAULT_SOCKET_CONNECT_TIMEOUT, DEFAULT_SOCKET_READ_SIZE, DEFAULT_SOCKET_TIMEOUT
from syncredis.compat.pools import ConnectionPool
from syncredis.compat.pubsub import PubSub, PubSubWorkerThread
from syncredis.compat.queueing import Queue
from syncredis.compat.requests import EMPTY_RESPONSE, NEVER_DECODE, decoded, request
from syncredis.compat.retry import Retry, of_connection
from syncredis.compat.scanning import parts_through
from syncredis.compat.shapes import is_ok
from syncredis.compat.surface import ClientSurface, Queueing
from syncredis.compat.translation import original, translated
from syncredis.compat.wire import is_login, taints
from syncredis.retry import retry as try_again
from syncredis.scanning import Scan, ScanIterators


class Redis(ClientSurface, KeyAccess, ScanIterators[Any]):
    """A client with redis-py's interface. Thread-safe, unless ``single_connection_client`` is given.

    Everything goes through ``execute_command``, and replies that are read by hand through ``parse_response``: subclasses may
    override both. The arguments are redis-py's, and so are their defaults.
    """

    #: What type checkers tell the two clients by.
    _is_async_client = False
    _lock_class = Lock

    def __init__(
        self,
        host: str = "localhost",
        port: int = 6379,
        db: int = 0,
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
        retry: Retry | None = DEFAULT_RETRY,
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
        ssl_password: str | None = None,
        ssl_validate_ocsp: bool = False,
        ssl_validate_ocsp_stapled: bool = False,
        ssl_ocsp_context: Any = None,
        ssl_ocsp_expected_cert: str | None = None,
        ssl_min_version: Any = None,
        ssl_ciphers: str | None = None,
        max_connections: int | None = None,
        single_connection_client: bool = False,
        health_check_interval: float = 0,
        client_name: str | None = None,
        lib_name: Any = UNSET,
        lib_version: Any = UNSET,
        driver_info: Any = UNSET,
        username: str | None = None,
        redis_connect_func: Callable[[Any], Any] | None = None,
        credential_provider: Any = None,
        protocol: int | None = None,
        legacy_responses: bool = True,
        cache: Any = None,
        cache_config: Any = None,
        event_dispatcher: Any = None,
        maint_notifications_config: Any = None,
        oss_cluster_maint_notifications_handler: Any = None,
    ) -> None:
        warn_of_client_options(locals())
        self.auto_close_connection_pool = connection_pool is None
        self.connection_pool = ConnectionPool(**pool_options(locals())) if connection_pool is None else connection_pool
        self.response_callbacks: Any = ResponseCallbacks()
        self.connection: Any = None
        self._single_connection_client = single_connection_client
        self.single_connection_lock = threading.RLock()
        if single_connection_client:
            self.connection = self.connection_pool.get_connection()

    @classmethod
    def from_url(cls, url: str, **kwargs: Any) -> Self:
        """Return a client for a URL; see `ConnectionPool.from_url`."""
        single = kwargs.pop("single_connection_client", False)
        client = cls(connection_pool=ConnectionPool.from_url(url, **kwargs), single_connection_client=single)
        client.auto_close_connection_pool = True
        return client

    @classmethod
    def from_pool(cls, connection_pool: Any) -> Self:
        """Return a client that owns the pool: it closes it when it is closed."""
        client = cls(connection_pool=connection_pool)
        client.auto_close_connection_pool = True
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "connection", None) is not None:
            self.close()

    def close(self) -> None:
        """Give back the connection of one's own, and close the pool if it is this client's. Never blocks."""
        connection, self.connection = self.connection, None
        if connection is not None:
            is_free = self.single_connection_lock.acquire(blocking=False)
            try:
                retire_if_used(connection, is_free)
                self.connection_pool.release(connection)
            finally:
                if is_free:
                    self.single_connection_lock.release()
        if self.auto_close_connection_pool:
            self.connection_pool.close()

    # --- how it is set up ----------------------------------------------------------------------------------

    def get_cache(self) -> None:
        """Return None: there is no cache."""

    # --- what can be made from it --------------------------------------------------------------------------

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        """Return a pipeline: commands that are queued, and sent together by its ``execute``."""
        return Pipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)

    def transaction(self, func: Callable[[Any], Any], *watches: Any, **kwargs: Any) -> Any:
        """Call ``func(pipeline)`` while keys are watched, and execute the pipeline; again, whenever they have changed. Blocks.

        Args:
            func: reads, calls ``multi``, and queues.
            *watches: the keys that it reads.
            **kwargs: ``shard_hint``; ``value_from_callable``: return what ``func`` returned, not the replies;
                ``watch_delay``: seconds to pause before the next time.
        """
        delay = kwargs.pop("watch_delay", None)
        from_callable = kwargs.pop("value_from_callable", False)
        with self.pipeline(True, kwargs.pop("shard_hint", None)) as pipe:
            while True:
                try:
                    if watches:
                        pipe.watch(*watches)
                    returned = func(pipe)
                    replies = pipe.execute()
                    return returned if from_callable else replies
                except WatchError:
                    if delay:
                        time.sleep(delay)

    def pubsub(self, **kwargs: Any) -> PubSub:
        """Return an object to subscribe with."""
        return PubSub(self.connection_pool, **kwargs)

    def keyspace_notifications(
        self, key_prefix: Any = None, ignore_subscribe_messages: bool = True
    ) -> KeyspaceNotifications:
        """Return an object to subscribe to what happens to keys."""
        return KeyspaceNotifications(self, key_prefix, ignore_subscribe_messages)

    def monitor(self) -> Monitor:
        """Return an object that shows every command that the server carries out."""
        return Monitor(self.connection_pool)

    # --- carrying commands out -------------------------------------------------------------------------------

    @property
    def core(self) -> CoreRedis[Any]:
        """The core's client, on the core's pool: what carries commands out."""
        return self.connection_pool.client  # type: ignore[no-any-return]

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Carry out a command and return its reply, decoded as the command's name says. Blocks.

        Raises:
            RedisError: of redis-py's kinds.
        """
        try:
            if self._reads_by_hand:
                return self._execute_by_hand(args, options)
            command = request(args, options, self.response_callbacks, self.get_encoder())
            if self.connection is None and is_login(args):
                return self.connection_pool.log_in(command)
            if self.connection is not None or taints(args):
                return self._execute_on_one(command)
            return self.connection_pool.client.execute(command)
        except core.PoolTimeoutError as error:
            raise self.connection_pool.exhausted() from error
        except core.ResponseError as error:
            if EMPTY_RESPONSE in options:
                return options[EMPTY_RESPONSE]
            raise translated(error)  # noqa: B904 - the cause is set there
        except core.RedisError as error:
            raise translated(error)  # noqa: B904 - the cause is set there

    @property
    def _reads_by_hand(self) -> bool:
        """Whether replies go through `parse_response`: it was overridden, or the connection is of another make."""
        own = self.connection
        overridden = getattr(self.parse_response, "__func__", None) is not Redis.parse_response
        return overridden or (own is not None and is_foreign(own))

    def _execute_on_one(self, command: Command[Any]) -> Any:
        """Carry a command out on the connection of one's own; without one, on one that is closed afterwards."""
        with self._own_connection() as own:
            if own is not None:
                return self._execute_through(own, command)
        connection = self.connection_pool.get_connection()
        try:
            return self._execute_through(connection, command)
        finally:
            connection.disconnect()
            self.connection_pool.release(connection)

    @contextmanager
    def _own_connection(self) -> Iterator[Any]:
        """Return the connection of one's own, and keep other threads from it. Blocks until they are done with it."""
        if self.connection is None:
            yield None
            return
        with self.single_connection_lock:
            yield self.connection  # None if the client was closed meanwhile

    def _execute_through(self, connection: Any, command: Command[Any]) -> Any:
        """Carry a command out on a connection that nobody else uses."""
        text = self.get_encoder().decode_responses if command.text is None else command.text

        def attempt() -> Any:
            try:
                reply = connection.execute(command, text)
            except RedisError as error:
                raise original(error)  # noqa: B904 - the core's own, which has its cause
            return reply if command.decode is None else command.decode(reply)

        try:
            return attempt()
        except core.RedisError as error:
            return try_again(self.connection_pool.policy, command, attempt, error)

    def _execute_by_hand(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Send on a connection, and have `parse_response` read: for subclasses that override it."""
        with self._own_connection() as own:
            return self._execute_by_hand_on(own, args, options)

    def _execute_by_hand_on(self, own: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        command = request(args, options, self.response_callbacks, self.get_encoder())

        def attempt() -> Any:
            connection = self.connection_pool.get_connection() if own is None else own
            try:
                connection.send_command(*args)
                return self.parse_response(connection, args[0], **options)
            except RedisError as error:
                raise original(error)  # noqa: B904 - the core's own, which has its cause
            finally:
                if own is None:
                    self.connection_pool.release(connection)
                elif owes(own):  # the reply was not read: the next caller would take it for his own
                    own.disconnect()

        def attempts() -> Any:
            try:
                return attempt()
            except core.RedisError as error:
                if isinstance(error, RedisError):  # of the subclass's own making: it knows whether to try again
                    raise
                return try_again(self.connection_pool.policy, command, attempt, error)

        return of_connection(self.get_connection_kwargs()).call_with_retry(attempts, _ignore)

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        """Read the reply to a command that was sent on ``connection``, and decode it as the command's name says. Blocks."""
        try:
            reply = connection.read_response(disable_decoding=NEVER_DECODE in options)
        except ResponseError:
            if EMPTY_RESPONSE in options:
                return options[EMPTY_RESPONSE]
            raise
        return decoded(command_name, reply, options, self.response_callbacks)

    def zscan_iter(
        self,
        name: Any,
        match: Any = None,
        count: int | None = None,
        score_cast_func: Callable[[Any], Any] = float,
    ) -> Iterator[Any]:
        """Yield the members of a sorted set with their scores; see `syncredis.Redis.zscan_iter`."""
        for member, score in super().zscan_iter(name, match, count):
            yield member, score if score_cast_func is float else score_cast_func(as_scanned(member, score))

    def _scan(self, record: Callable[[int], Any]) -> Scan[Any]:
        return self.core._scan(record)

    def _parts(self, record: Callable[[int], Any]) -> Iterator[Any]:
        return super()._parts(record) if self.connection is None else parts_through(self, record)


class Pipeline(Queueing, Redis):
    """Commands that are queued and sent together. Made by `Redis.pipeline`; belongs to one thread at a time.

    Each method returns the pipeline, so that calls can be chained. After ``watch``, commands are executed at once, up to
    ``multi``.
    """

    def __init__(
        self, connection_pool: Any, response_callbacks: Any, transaction: bool, shard_hint: Any = None
    ) -> None:
        self.connection_pool = connection_pool
        self.response_callbacks = response_callbacks
        # redis-py keeps it under the name of a method.
        self.__dict__["transaction"] = transaction
        self.shard_hint = shard_hint
        self.auto_close_connection_pool = False
        self._queue = Queue(connection_pool, response_callbacks)
        self.explicit_transaction = False
        self.scripts: set[Any] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reset()

    @property
    def connection(self) -> Any:
        """The connection that watches; None if none does."""
        return self._queue.connection

    def reset(self) -> None:
        """Forget what is queued and what is watched. Blocks for a round trip if keys are watched."""
        self.explicit_transaction = False
        self._queue.reset()

    def close(self) -> None:
        """`reset`."""
        self.reset()

    def watch(self, *names: Any) -> Any:
        """Watch keys: `execute` then raises `WatchError` if one of them was changed meanwhile. Blocks."""
        if self.explicit_transaction:
            raise RedisError("Cannot issue a WATCH after a MULTI")
        return self.execute_command("WATCH", *names)

    def unwatch(self) -> bool:
        """Watch nothing any more. Blocks."""
        return (self.watching and self.execute_command("UNWATCH")) or True

    def discard(self) -> None:
        """Queue a DISCARD, with which the server refuses the rest; while keys are watched: watch nothing any more."""
        self.execute_command("DISCARD")

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Queue a command, and return the pipeline; while keys are watched, carry it out, and return its reply."""
        if (self.watching or args[0] == "WATCH") and not self.explicit_transaction:
            return self.immediate_execute_command(*args, **options)
        return self.pipeline_execute_command(*args, **options)

    def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        """Carry a command out at once, on the connection that watches. Blocks."""
        return self._queue.carry_out(args, options)

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Send what is queued, and return the replies; ``raise_on_error=False``: with errors among them. Blocks.

        Raises:
            WatchError: if a watched key was changed; nothing was carried out.
            RedisError: the first error, with the command that it belongs to.
        """
        if args and isinstance(args[0], Command):  # from a command method
            return CoreCommands.execute(self, args[0])
        raise_on_error = kwargs.pop("raise_on_error", *(args or (True,)))
        try:
            return self._queue.execute(bool(self.__dict__["transaction"] or self.explicit_transaction), raise_on_error)
        finally:
            self.reset()


#: Whether a server said OK; some look for it here.
bool_ok = is_ok


def _ignore(error: Exception) -> None:
    """What is done about an error before it is tried again: nothing."""


StrictRedis = Redis

__all__ = [
    "CaseInsensitiveDict",
    "Monitor",
    "Pipeline",
    "PubSub",
    "PubSubWorkerThread",
    "Redis",
    "StrictRedis",
    "bool_ok",
]
