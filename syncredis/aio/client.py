"""`Redis`, to be awaited: the blocking client in worker threads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from types import EllipsisType, TracebackType
from typing import Any, Literal, Self, Unpack, cast, overload

from syncredis import client as blocking
from syncredis.aio._generated import AsyncCommands
from syncredis.aio.dispatcher import Dispatcher
from syncredis.aio.group import AsyncCommandGroup
from syncredis.aio.iteration import Chunks
from syncredis.aio.lock import Lock
from syncredis.aio.monitor import Monitor
from syncredis.aio.pipeline import Pipeline
from syncredis.aio.pubsub import PubSub
from syncredis.aio.scanning import AsyncScanIterators
from syncredis.aio.script import Script
from syncredis.aio.worker import Worker
from syncredis.cache import Cache
from syncredis.command import Command, raw_command
from syncredis.commands import Recorder
from syncredis.config import ClientOptions
from syncredis.exceptions import WatchError
from syncredis.observation import Observer, PoolStatistics
from syncredis.pool import ConnectionPool
from syncredis.retry import DEFAULT_RETRY, RetryPolicy
from syncredis.scanning import PartT
from syncredis.typing import AnyStr, EncodableT, KeyT, T


class Redis(AsyncScanIterators[AnyStr]):
    """The async twin of `syncredis.Redis`: the same arguments, the same methods, each to be awaited.

    Works on asyncio, uvloop and trio, and in several event loops at once. All tasks of one event loop share one connection,
    beside the ``max_connections`` of the pool, for what the server answers at once; only blocking commands, watches, and what
    is large have one to themselves. Cancelling a call releases the task at once; whether the server still carries the command
    out is then unknown.
    """

    _begin: Callable[[Command[Any]], Coroutine[Any, Any, Any]]  # type: ignore[assignment]

    __slots__ = ("__weakref__", "_begin", "_dispatcher", "_worker", "wrapped")

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "execute" in vars(cls):  # then every command goes through it, as in a blocking client
            cls._begin = AsyncCommandGroup._begin  # type: ignore[misc, assignment]

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
        self._wrap(
            blocking.Redis(
                host,
                port,
                db,
                decode_responses=decode_responses,
                connection_pool=connection_pool,
                retry_policy=retry_policy,
                **options,
            )
        )

    def _wrap(self, client: blocking.Redis[Any]) -> None:
        self.wrapped: blocking.Redis[AnyStr] = client
        limits = client.pool.pool_config
        self._use(Dispatcher(client, Worker(limits.max_connections, limits.pool_timeout)))

    def _use(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._worker = dispatcher.worker
        if type(self).execute is Redis.execute:  # nothing in between: each call costs a command time
            self._begin = dispatcher.execute if self.wrapped._is_plain else dispatcher.execute_specially

    @classmethod
    def wrapping(cls, client: blocking.Redis[AnyStr]) -> Redis[AnyStr]:
        """Return the async face of a blocking client; both use the same pool."""
        facade: Redis[AnyStr] = cls.__new__(cls)
        facade._wrap(client)
        return facade

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
        """Return a client for a URL, as `syncredis.Redis.from_url` does."""
        client = blocking.Redis.from_url(url, decode_responses=decode_responses, retry_policy=retry_policy, **options)
        return cast("type[Redis[Any]]", cls).wrapping(client)

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__} on {self.wrapped.pool!r}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def decode_responses(self) -> bool:
        """Whether strings in replies are ``str``."""
        return self.wrapped.decode_responses

    async def aclose(self) -> None:
        """Close all connections, as `syncredis.Redis.close` does."""
        self.wrapped.close()

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
        """Return a client on the same pool that does some things differently; see `syncredis.Redis.with_options`."""
        sibling = self.wrapped.with_options(
            decode_responses=decode_responses, stream_timeout=stream_timeout, retry_policy=retry_policy
        )
        return self._beside(sibling)

    def ensure_replication(self, replicas: int = 1, timeout: float | None = 1.0) -> Redis[AnyStr]:
        """Return a client whose writes count only when replicas have them; see `syncredis.Redis.ensure_replication`."""
        return self._beside(self.wrapped.ensure_replication(replicas, timeout))

    def ensure_persistence(self, local: bool = True, replicas: int = 0, timeout: float | None = 1.0) -> Redis[AnyStr]:
        """Return a client whose writes count only when they are on disk; see `syncredis.Redis.ensure_persistence`."""
        return self._beside(self.wrapped.ensure_persistence(local, replicas, timeout))

    def cached(
        self, max_entries: int = 10_000, max_bytes: int = 64 * 1024 * 1024, max_age: float | None = None
    ) -> Redis[AnyStr]:
        """Return a client that keeps what it reads in this process; see `syncredis.Redis.cached`.

        A reply that the cache has comes at once, without a turn of the event loop.
        """
        return self._beside(self.wrapped.cached(max_entries, max_bytes, max_age))

    @property
    def cache(self) -> Cache | None:
        """Where a client that `cached` made keeps replies; None for others."""
        return self.wrapped.cache

    def _beside(self, sibling: blocking.Redis[Any]) -> Redis[Any]:
        """Return the async face of a sibling, which shares this one's threads, as the two share their pool."""
        facade = cast("type[Redis[Any]]", type(self)).wrapping(sibling)
        facade._use(Dispatcher(sibling, self._worker, self._dispatcher.lines))
        return facade

    @property
    def record(self) -> Recorder[AnyStr]:
        """Has every command method, and sends nothing: what they return is for `Pipeline.iterate`."""
        return self.wrapped.record

    def pipeline(self, transaction: bool = True) -> Pipeline[AnyStr]:
        """Return a pipeline: commands that are queued, and sent together by its ``execute``."""
        return Pipeline(self.wrapped.pipeline(transaction), self._worker, self._dispatcher)

    def pubsub(self, ignore_subscribe_messages: bool = False) -> PubSub[AnyStr]:
        """Return an object to subscribe with, and to receive published messages."""
        return PubSub(self.wrapped.pubsub(ignore_subscribe_messages), self._worker)

    def register_script(self, script: str | bytes, read_only: bool = False) -> Script[AnyStr]:
        """Return a script, ready to be called; see `syncredis.Redis.register_script`."""
        return Script(self, self.wrapped.register_script(script, read_only))

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
        """Return a lock; see `syncredis.Redis.lock`."""
        lock = self.wrapped.lock(name, timeout, sleep, blocking, blocking_timeout, renew=renew, on_lost=on_lost)
        return Lock(lock, self._worker)

    def monitor(self) -> Monitor:
        """Return an object that shows every command that the server carries out."""
        return Monitor(self.wrapped.monitor(), self._worker)

    async def transaction(
        self, function: Callable[[Pipeline[AnyStr], AsyncCommands[AnyStr]], Awaitable[T]], *watches: KeyT
    ) -> T:
        """Carry out a transaction that depends on what it reads, as `syncredis.Redis.transaction` does."""
        async with self.pipeline() as pipeline:
            while True:
                with suppress(WatchError):
                    returned = await function(pipeline, await pipeline.watch(*watches))
                    await pipeline.execute()
                    return returned

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Have ``observer`` told about every call, after it; see `syncredis.Redis.observe`."""
        return self.wrapped.observe(observer)

    def pool_statistics(self) -> PoolStatistics:
        """Return the pool in numbers; see `syncredis.Redis.pool_statistics`."""
        return self.wrapped.pool_statistics()

    async def execute(self, command: Command[T]) -> T:
        """Carry out a command and return its decoded reply; raises what `syncredis.Redis.execute` raises."""
        value: T = await self._begin(command)
        return value

    async def execute_command(self, *arguments: EncodableT) -> Any:
        """Send any command as it stands; see `syncredis.Redis.execute_command`."""
        return await self.execute(raw_command(arguments))

    def _iterate(self, record: Callable[[int], PartT], elements: Callable[[PartT], Sequence[T]]) -> Chunks[T]:
        scan = self.wrapped._scan(record)

        async def fetch() -> Sequence[T] | None:
            part = await self._worker.run(scan.next_part)
            return None if part is None else elements(part)

        return Chunks(fetch)
