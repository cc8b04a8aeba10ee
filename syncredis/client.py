"""`Redis`: the command methods, a pool to carry them out with, and a policy for failures."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import EllipsisType, TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack, cast, overload

from syncredis.batch import in_text
from syncredis.cache import MISSING, Cache
from syncredis.command import Command, raw_command
from syncredis.commands import Commands, Recorder
from syncredis.config import ClientOptions, configs_from_options
from syncredis.confirmation import Confirmation, by_replicas, on_disk
from syncredis.exceptions import ConfigurationError, RedisError, WatchError
from syncredis.observation import Observer, PoolStatistics, is_observed, observe, observing
from syncredis.pool import ConnectionPool
from syncredis.replies import fresh
from syncredis.retry import DEFAULT_RETRY, RetryPolicy, retry
from syncredis.scanning import PartT, Scan, ScanIterators
from syncredis.tracking import TrackedReads
from syncredis.typing import AnyStr, EncodableT, KeyT, Reply, T

# What a client makes only now and then is imported when it is made: with what it needs itself (logging, hashlib, urllib ...)
# it would double the time that importing syncredis takes.
if TYPE_CHECKING:
    from syncredis.lock import Lock
    from syncredis.monitor import Monitor
    from syncredis.pipeline import Pipeline
    from syncredis.pubsub import PubSub
    from syncredis.script import Script


class Redis(ScanIterators[AnyStr]):
    """A client for one server, or for wherever its pool leads. Thread-safe: share one among all threads.

    Nothing is contacted before the first command. Each command method blocks until its reply is there, and raises the
    errors of `execute`. The client need not be closed: one that is forgotten is collected, with its connections.

    Args:
        host: name or address of the server.
        port: its port.
        db: number of the database.
        decode_responses: whether strings in replies are ``str`` (the default) or ``bytes``.
        connection_pool: where connections come from, in place of ``host``, ``port``, ``db`` and ``options``.
        retry_policy: how often and how long a call that failed is tried again, if that is safe.
        **options: see `syncredis.config.ConnectionConfig` and `syncredis.config.PoolConfig`; for TLS ``ssl=True``, and
            ``ssl_ca_certs``, ``ssl_certfile``, ``ssl_keyfile``, ``ssl_keyfile_password`` (paths and password),
            ``ssl_cert_reqs`` (``"required"``, ``"none"``), ``ssl_check_hostname``, ``ssl_server_hostname`` (SNI), or a whole
            ``ssl_context``.

    Raises:
        ConfigurationError: for an option that does not exist, or a value that it can not have.
    """

    __slots__ = (
        "__weakref__",
        "_confirmations",
        "_is_plain",
        "_owned",
        "_reads",
        "_stream_timeout",
        "_text",
        "pool",
        "retry_policy",
    )

    @overload
    def __init__(
        self: Redis[str],
        host: str = "localhost",
        port: int = 6379,
        db: int = 0,
        *,
        decode_responses: Literal[True] = True,
        connection_pool: ConnectionPool | None = None,
        retry_policy: RetryPolicy = DEFAULT_RETRY,
        **options: Unpack[ClientOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Redis[bytes],
        host: str = "localhost",
        port: int = 6379,
        db: int = 0,
        *,
        decode_responses: Literal[False],
        connection_pool: ConnectionPool | None = None,
        retry_policy: RetryPolicy = DEFAULT_RETRY,
        **options: Unpack[ClientOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Redis[Any],
        host: str = "localhost",
        port: int = 6379,
        db: int = 0,
        *,
        decode_responses: bool,
        connection_pool: ConnectionPool | None = None,
        retry_policy: RetryPolicy = DEFAULT_RETRY,
        **options: Unpack[ClientOptions],
    ) -> None: ...

    def __init__(
        self,
        host: str = "localhost",
        port: int = 6379,
        db: int = 0,
        *,
        decode_responses: bool = True,
        connection_pool: ConnectionPool | None = None,
        retry_policy: RetryPolicy = DEFAULT_RETRY,
        **options: Unpack[ClientOptions],
    ) -> None:
        if connection_pool is None:
            connection_pool = ConnectionPool(*configs_from_options((host, port), db, **options))
        elif options or (host, port, db) != ("localhost", 6379, 0):
            ignored = min(options, default="host, port or db")
            raise ConfigurationError(f"{ignored} has no effect together with connection_pool, which has its own")
        self.pool = connection_pool
        self.retry_policy = retry_policy
        self._text = decode_responses
        self._stream_timeout = connection_pool.config.stream_timeout
        # What `close` closes. None: the pool is another client's.
        self._owned: ConnectionPool | TrackedReads | None = connection_pool
        self._reads: TrackedReads | None = None
        self._confirmations: tuple[Confirmation, ...] = ()
        # Whether a command is just carried out, without cache or confirmation, as nearly always: one look instead of several.
        # The facade looks here, too: only then the command may share a connection with others.
        self._is_plain = True

    @overload
    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        decode_responses: Literal[True] = True,
        retry_policy: RetryPolicy = DEFAULT_RETRY,
        **options: Unpack[ClientOptions],
    ) -> Redis[str]: ...

    @overload
    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        decode_responses: Literal[False],
        retry_policy: RetryPolicy = DEFAULT_RETRY,
        **options: Unpack[ClientOptions],
    ) -> Redis[bytes]: ...

    @overload
    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        decode_responses: bool,
        retry_policy: RetryPolicy = DEFAULT_RETRY,
        **options: Unpack[ClientOptions],
    ) -> Redis[Any]: ...

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        decode_responses: bool = True,
        retry_policy: RetryPolicy = DEFAULT_RETRY,
        **options: Unpack[ClientOptions],
    ) -> Redis[Any]:
        """Return a client for a URL: ``redis://[[user]:[password]@]host[:port][/db][?option=value&...]``.

        ``rediss://`` for TLS, ``unix:///path`` for a Unix socket; see `syncredis.url.options_from_url`. What the URL says goes
        before the keyword arguments.

        Raises:
            ConfigurationError: for a URL or an option that makes no sense.
        """
        from syncredis.url import options_from_url

        location, db, in_url = options_from_url(url)
        merged: ClientOptions = {**options, **in_url}
        return cls(*location, db, decode_responses=decode_responses, retry_policy=retry_policy, **merged)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self.pool!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def decode_responses(self) -> bool:
        """Whether strings in replies are ``str``."""
        return self._text

    def close(self) -> None:
        """Close all connections. Never blocks.

        Calls in progress in other threads, and those that wait for a connection, raise `InterruptedCallError`, or
        `OutcomeUnknownError` where the server may have carried out a command that is not safe to repeat.

        The client may be used again afterwards, and then opens new connections. One that `with_options` made closes nothing:
        the connections are those of the client that it came from. One that `cached` made closes its cache.
        """
        if self._owned is not None:
            self._owned.close()

    @overload
    def with_options(
        self,
        *,
        decode_responses: None = None,
        stream_timeout: float | EllipsisType | None = ...,
        retry_policy: RetryPolicy | None = None,
    ) -> Redis[AnyStr]: ...

    @overload
    def with_options(
        self,
        *,
        decode_responses: Literal[True],
        stream_timeout: float | EllipsisType | None = ...,
        retry_policy: RetryPolicy | None = None,
    ) -> Redis[str]: ...

    @overload
    def with_options(
        self,
        *,
        decode_responses: Literal[False],
        stream_timeout: float | EllipsisType | None = ...,
        retry_policy: RetryPolicy | None = None,
    ) -> Redis[bytes]: ...

    @overload
    def with_options(
        self,
        *,
        decode_responses: bool | None,
        stream_timeout: float | EllipsisType | None = ...,
        retry_policy: RetryPolicy | None = None,
    ) -> Redis[Any]: ...

    def with_options(
        self,
        *,
        decode_responses: bool | None = None,
        stream_timeout: float | EllipsisType | None = ...,
        retry_policy: RetryPolicy | None = None,
    ) -> Redis[Any]:
        """Return a sibling: a client on the same pool that does some things differently. Never blocks.

        Everything that it makes - pipelines, locks, scripts - is as it is. Costs nothing to make, and closes nothing.

        Args:
            decode_responses: whether strings in replies are ``str``; None: as this client has it.
            stream_timeout: seconds that sending or one reply may stand still; None: no limit; left out: as this client has it.
            retry_policy: how often and how long a call that failed is tried again; None: as this client has it.

        Raises:
            ConfigurationError: for a value that an option can not have.
        """
        sibling = self._sibling()
        if decode_responses is not None:
            sibling._text = decode_responses
        if stream_timeout is not ...:
            sibling._stream_timeout = replace(self.pool.config, stream_timeout=stream_timeout).stream_timeout
        if retry_policy is not None:
            sibling.retry_policy = retry_policy
        return sibling

    def ensure_replication(self, replicas: int = 1, timeout: float | None = 1.0) -> Redis[AnyStr]:
        """Return a sibling whose writes count only when replicas have them. Never blocks.

        Each write by itself, each pipeline as a whole::

            with client.ensure_replication(1, timeout=0.5) as durable:
                durable.set("order", "paid")

        WAIT follows every write on the same connection, in the same round trip. A write that was carried out, but not
        confirmed, raises `UnconfirmedWriteError`, which holds the reply; it is not taken back. What only reads is as ever.

        Args:
            replicas: how many have to have received it.
            timeout: seconds that they have for it, on top of the limits that there are anyway; None: no limit.

        Raises:
            ConfigurationError: for numbers that make no sense.

        https://redis.io/docs/latest/commands/wait/
        """
        return self._confirming(by_replicas(replicas, timeout))

    def ensure_persistence(self, local: bool = True, replicas: int = 0, timeout: float | None = 1.0) -> Redis[AnyStr]:
        """Return a sibling whose writes count only when they are on disk; otherwise as `ensure_replication`. Never blocks.

        Args:
            local: whether they have to be in the append-only file of the server itself.
            replicas: in those of how many replicas they have to be.
            timeout: seconds that there are for it; None: no limit.

        Raises:
            ConfigurationError: for numbers that make no sense.

        Since Redis 7.2: https://redis.io/docs/latest/commands/waitaof/
        """
        return self._confirming(on_disk(local, replicas, timeout))

    def cached(
        self, max_entries: int = 10_000, max_bytes: int = 64 * 1024 * 1024, max_age: float | None = None
    ) -> Redis[AnyStr]:
        """Return a sibling that keeps what it reads in this process, until the server says that it has changed. Never blocks.

        ::

            with client.cached() as cached:
                cached.get("greeting")  # from the server
                cached.get("greeting")  # from memory
                cached.cache.statistics.hits  # 1

        Reads of keys - `get`, `hgetall`, `zrange` and their like - come from the cache where it has them; everything else
        goes to the server, pipelines included. What this client writes it reads anew. What others write it may go on reading
        from the cache for as long as their news is on the way; after a connection was lost, or a failover, nothing is left in
        the cache. A key whose time is over may be read until the server removes it, and a script that writes keys which it
        does not declare counts as another client.

        The cache has one connection of the pool, and a thread, from the first read until `close`, or the end of the ``with``
        block, or until the sibling is forgotten. Needs ``protocol=3``, and a pool of at least two connections.

        Args:
            max_entries: how many replies are kept at most; those that were not used for longest go first.
            max_bytes: about how much memory they may take together.
            max_age: seconds after which a reply is read anew in any case; None: no limit.

        Raises:
            ConfigurationError: for numbers that make no sense, with ``protocol=2``, or with ``max_connections=1``.

        https://redis.io/docs/latest/develop/reference/client-side-caching/
        """
        sibling = self._sibling()
        sibling._reads = sibling._owned = TrackedReads(self.pool, Cache(max_entries, max_bytes, max_age))
        sibling._is_plain = False
        return sibling

    @property
    def cache(self) -> Cache | None:
        """Where a client that `cached` made keeps replies; None for others."""
        return None if self._reads is None else self._reads.cache

    def _confirming(self, confirmation: Confirmation) -> Redis[AnyStr]:
        sibling = self._sibling()
        sibling._confirmations = (*self._confirmations, confirmation)
        sibling._is_plain = False
        return sibling

    def _sibling(self) -> Redis[Any]:
        sibling = copy.copy(self)
        sibling._owned = None
        return sibling

    @property
    def record(self) -> Recorder[AnyStr]:
        """Has every command method, and sends nothing: what they return is for `Pipeline.iterate`."""
        return Recorder()

    def pipeline(self, transaction: bool = True) -> Pipeline[AnyStr]:
        """Return a pipeline: commands that are queued, and sent together by its ``execute``. Never blocks.

        Args:
            transaction: whether the server carries them out as one, without any other client's command between them.

        https://redis.io/docs/latest/develop/use/pipelining/
        """
        from syncredis.pipeline import Pipeline

        return Pipeline(
            self.pool,
            self.retry_policy,
            text=self._text,
            transaction=transaction,
            stream_timeout=self._stream_timeout,
            confirmations=self._confirmations,
            reads=self._reads,
        )

    def pubsub(self, ignore_subscribe_messages: bool = False) -> PubSub[AnyStr]:
        """Return an object to subscribe with, and to receive published messages. Never blocks.

        Args:
            ignore_subscribe_messages: leave out the confirmations of subscribing and unsubscribing.
        """
        from syncredis.pubsub import PubSub

        return PubSub(
            self.pool, self.retry_policy, text=self._text, ignore_subscribe_messages=ignore_subscribe_messages
        )

    def monitor(self) -> Monitor:
        """Return an object that shows every command that the server carries out. Never blocks."""
        from syncredis.monitor import Monitor

        return Monitor(self.pool, self.retry_policy)

    def register_script(self, script: str | bytes, read_only: bool = False) -> Script[AnyStr]:
        """Return a script, ready to be called, as often as wanted. Never blocks: the server gets it when it is called.

        Args:
            script: its text.
            read_only: have the server refuse it if it writes; then replicas can run it. Since Redis 7.0.

        https://redis.io/docs/latest/develop/programmability/eval-intro/
        """
        from syncredis.script import Script

        text = script.encode(self.pool.config.encoding) if isinstance(script, str) else script
        return Script(self, text, read_only=read_only)

    def lock(
        self,
        name: KeyT,
        timeout: float | None = None,
        sleep: float = 0.1,
        blocking: bool = True,
        blocking_timeout: float | None = None,
        *,
        renew: bool = False,
        on_lost: Callable[[], Any] | None = None,
    ) -> Lock:
        """Return a lock, which at most one of all who name it so holds at a time; see `syncredis.lock`. Never blocks.

        Args:
            name: the key that stands for it.
            timeout: seconds after which it is free again by itself; None: never, not even if its holder dies.
            sleep: seconds between two attempts, where the server can not be had to say when it is free.
            blocking: whether `Lock.acquire` waits for it.
            blocking_timeout: for how many seconds; None: no limit.
            renew: prolong it in a thread, until it is released: ``timeout`` then only limits how long it outlives its holder.
            on_lost: called in that thread, if the lock is lost all the same.
        """
        from syncredis.lock import Lock

        return Lock(self, self.pool, name, timeout, sleep, blocking, blocking_timeout, renew=renew, on_lost=on_lost)

    def transaction(self, function: Callable[[Pipeline[AnyStr], Commands[AnyStr]], T], *watches: KeyT) -> T:
        """Carry out a transaction that depends on what it reads; begin again whenever that has changed meanwhile. Blocks.

        ``function(pipeline, now)`` reads through ``now``, whose commands are executed at once, and queues on ``pipeline``. It
        may be called several times. Returns what it returned; the `PipelineResult` objects in it have got their values.

        Args:
            function: reads and queues.
            *watches: the keys that it reads.

        https://redis.io/docs/latest/develop/interact/transactions/
        """
        with self.pipeline() as pipeline:
            while True:
                with suppress(WatchError):
                    returned = function(pipeline, pipeline.watch(*watches))
                    pipeline.execute()
                    return returned

    def execute(self, command: Command[T]) -> T:
        """Carry out a command and return its decoded reply. Blocks.

        A call that fails is tried again by ``retry_policy``, but only if the server has certainly not carried the command out,
        or if the command changes nothing.

        Raises:
            DataError: for an argument that can not be sent. Nothing was sent.
            ResponseError: if the server answers with an error; the class tells which.
            DecodeError: if the reply is no text in the client's encoding, and text is wanted.
            OutcomeUnknownError: if the connection broke and the server may have carried the command out.
            UnconfirmedWriteError: if `ensure_replication` or `ensure_persistence` asked for more than there came.
            ConnectionError, TimeoutError: if the server can not be reached, or did not answer in time.
            PoolTimeoutError: if all connections stayed in use.
        """
        pool = self.pool
        if pool.observers and not is_observed():
            with observing(pool, (command,)):
                return self.execute(command)
        times_closed = pool.times_closed
        try:
            return self._attempt(command)
        except RedisError as error:
            closed = pool.closed_since(times_closed)
            return retry(self.retry_policy, command, lambda: self._attempt(command), error, closed, self.pool.pause)

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Have ``observer`` told about every call, after it; return a function that ends it. Never blocks.

        It holds for everything on the same pool: siblings, pipelines, iterations, and both the blocking client and its facade.
        Subscriptions are not calls.

        Args:
            observer: called with a `syncredis.observation.CallReport`, where the call was made; must not block.
        """
        return observe(observer, self.pool)

    def pool_statistics(self) -> PoolStatistics:
        """Return the pool in numbers: connections open, idle and in use, callers waiting, timeouts. Never blocks for long."""
        return self.pool.statistics()

    def execute_command(self, *arguments: EncodableT) -> Any:
        """Send any command as it stands, e.g. ``execute_command("CONFIG", "GET", "maxmemory")``; return the reply undecoded.

        Strings in it follow ``decode_responses``; everything else is as the protocol brings it. Raises what `execute` raises.
        """
        return self.execute(raw_command(arguments))

    def _scan(self, record: Callable[[int], PartT]) -> Scan[PartT]:
        return Scan(self.pool, self.retry_policy, self._text, record, self._stream_timeout)

    def _recall(self, command: Command[T]) -> T:
        """Return the decoded reply that the cache has, or `MISSING`. Never blocks."""
        request = None if self._reads is None else self._reads.request_of(command)
        if self._reads is None or request is None:
            return cast("T", MISSING)
        reply = self._reads.recall(request)
        return cast("T", reply) if reply is MISSING else self._decoded(command, reply)

    def _decoded(self, command: Command[T], reply: Reply) -> T:
        """Return the caller's value for a reply as bytes that is kept for others, too."""
        text = self._text if command.text is None else command.text
        reply = in_text(reply, self.pool.config.encoding) if text else fresh(reply)
        if isinstance(reply, RedisError):
            raise reply
        return cast("T", reply) if command.decode is None else command.decode(reply)

    def _attempt_specially(self, command: Command[T]) -> T:
        request = None if self._reads is None else self._reads.request_of(command)
        if self._reads is None or request is None:
            return self.pipeline(transaction=False).attempt(command)
        return self._decoded(command, self._reads.read(request, command, self._stream_timeout))

    def _attempt(self, command: Command[T]) -> T:
        if not self._is_plain:
            return self._attempt_specially(command)
        pool = self.pool
        if pool.gate.is_shut and not command.read_only:
            pool.wait_at_gate()
        connection = pool.lease(self._stream_timeout, command)
        if pool.gate.is_shut and not command.read_only:
            connection = pool.lease_behind_gate(connection, self._stream_timeout)
        try:
            reply: T = connection.execute(command, self._text if command.text is None else command.text)
        except RedisError as error:
            pool.note_failure(connection, error)
            raise
        finally:
            pool.return_connection(connection)
        if command.decode is None:
            return reply
        return command.decode(reply)
