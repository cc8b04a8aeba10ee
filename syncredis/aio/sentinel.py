"""`Sentinel`, to be awaited: the blocking one in worker threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Generic, Literal, Self, Unpack, cast, overload

from syncredis.aio.client import Redis
from syncredis.aio.events import EventStream
from syncredis.aio.worker import Worker
from syncredis.config import ClientOptions, ConnectionOptions, Location
from syncredis.exceptions import PrimaryNotFoundError, ReplicaNotFoundError, StalePrimaryError
from syncredis.sentinel import client as blocking
from syncredis.sentinel.address_map import AddressMap
from syncredis.sentinel.events import Event
from syncredis.sentinel.finding import Finding
from syncredis.sentinel.pool import SentinelConnectionPool
from syncredis.sentinel.replica_choice import ReplicaPolicy
from syncredis.sentinel.reports import SentinelReport, ServerReport, Topology
from syncredis.sentinel.topology import ReplicaView
from syncredis.typing import AnyStr

#: Questions that one event loop may have under way at once; those for the same service are put as one.
_THREADS = 16


class Sentinel(Generic[AnyStr]):
    """The async twin of `syncredis.sentinel.Sentinel`: the same arguments, the same methods; what blocks there is awaited."""

    @overload
    def __init__(
        self: Sentinel[str],
        sentinels: Iterable[tuple[str, int]],
        min_other_sentinels: int = 0,
        sentinel_kwargs: ConnectionOptions | None = None,
        *,
        decode_responses: Literal[True] = True,
        failover_timeout: float = 30.0,
        hedge_delay: float = 0.03,
        address_map: AddressMap | None = None,
        strict: bool = False,
        write_hold: float = 5.0,
        watch_offsets: float | None = None,
        on_event: Callable[[Event], object] | None = None,
        **options: Unpack[ClientOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Sentinel[bytes],
        sentinels: Iterable[tuple[str, int]],
        min_other_sentinels: int = 0,
        sentinel_kwargs: ConnectionOptions | None = None,
        *,
        decode_responses: Literal[False],
        failover_timeout: float = 30.0,
        hedge_delay: float = 0.03,
        address_map: AddressMap | None = None,
        strict: bool = False,
        write_hold: float = 5.0,
        watch_offsets: float | None = None,
        on_event: Callable[[Event], object] | None = None,
        **options: Unpack[ClientOptions],
    ) -> None: ...

    @overload
    def __init__(
        self: Sentinel[Any],
        sentinels: Iterable[tuple[str, int]],
        min_other_sentinels: int = 0,
        sentinel_kwargs: ConnectionOptions | None = None,
        *,
        decode_responses: bool,
        failover_timeout: float = 30.0,
        hedge_delay: float = 0.03,
        address_map: AddressMap | None = None,
        strict: bool = False,
        write_hold: float = 5.0,
        watch_offsets: float | None = None,
        on_event: Callable[[Event], object] | None = None,
        **options: Unpack[ClientOptions],
    ) -> None: ...

    def __init__(
        self,
        sentinels: Iterable[tuple[str, int]],
        min_other_sentinels: int = 0,
        sentinel_kwargs: ConnectionOptions | None = None,
        *,
        decode_responses: bool = True,
        failover_timeout: float = 30.0,
        hedge_delay: float = 0.03,
        address_map: AddressMap | None = None,
        strict: bool = False,
        write_hold: float = 5.0,
        watch_offsets: float | None = None,
        on_event: Callable[[Event], object] | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        self._wrap(
            blocking.Sentinel(
                sentinels,
                min_other_sentinels,
                sentinel_kwargs,
                decode_responses=decode_responses,
                failover_timeout=failover_timeout,
                hedge_delay=hedge_delay,
                address_map=address_map,
                strict=strict,
                write_hold=write_hold,
                watch_offsets=watch_offsets,
                on_event=on_event,
                **options,
            )
        )

    def _wrap(self, sentinel: blocking.Sentinel[Any]) -> None:
        self.wrapped: blocking.Sentinel[Any] = sentinel
        self._worker = Worker(_THREADS, None)

    @overload
    @classmethod
    def from_url(
        cls, url: str, *, decode_responses: Literal[True] = True, **options: Unpack[ClientOptions]
    ) -> Sentinel[str]: ...

    @overload
    @classmethod
    def from_url(
        cls, url: str, *, decode_responses: Literal[False], **options: Unpack[ClientOptions]
    ) -> Sentinel[bytes]: ...

    @overload
    @classmethod
    def from_url(cls, url: str, *, decode_responses: bool, **options: Unpack[ClientOptions]) -> Sentinel[Any]: ...

    @classmethod
    def from_url(cls, url: str, *, decode_responses: bool = True, **options: Unpack[ClientOptions]) -> Sentinel[Any]:
        """Return the Sentinels that a URL names, as `syncredis.sentinel.Sentinel.from_url` does."""
        facade = cast("Sentinel[Any]", cls.__new__(cls))
        facade._wrap(blocking.Sentinel.from_url(url, decode_responses=decode_responses, **options))
        return facade

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__} at {', '.join(sentinel.target for sentinel in self.sentinels)}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def sentinels(self) -> tuple[Location, ...]:
        """Where the Sentinels are that are known now, the one that will be asked first in front."""
        return self.wrapped.sentinels

    async def aclose(self) -> None:
        """Close the connections to the Sentinels, as `syncredis.sentinel.Sentinel.close` does."""
        self.wrapped.close()

    def events(self) -> EventStream:
        """Return a stream of what happens, from now on, to the services that this object has made clients for."""
        return EventStream(self.wrapped.events())

    async def discover_primary(self, service_name: str) -> Location:
        """Return host and port of a service's primary; raises as `syncredis.sentinel.Sentinel.discover_primary` does."""
        return await self._worker.run(self.wrapped.discover_primary, service_name)

    async def discover_replicas(self, service_name: str) -> list[Location]:
        """Return host and port of each replica of a service that the Sentinels think in service."""
        return await self._worker.run(self.wrapped.discover_replicas, service_name)

    async def topology(self, service_name: str) -> Topology:
        """Return a service as it is now; see `syncredis.sentinel.Sentinel.topology`."""
        return await self._worker.run(self.wrapped.topology, service_name)

    async def diagnose(self, service_name: str) -> list[Finding]:
        """Return what is wrong with a service, or could be better; see `syncredis.sentinel.Sentinel.diagnose`."""
        return await self._worker.run(self.wrapped.diagnose, service_name)

    @overload
    def primary_for(
        self,
        service_name: str,
        *,
        decode_responses: None = None,
        db: int = 0,
        failover_timeout: float | None = None,
        **options: Unpack[ClientOptions],
    ) -> Redis[AnyStr]: ...

    @overload
    def primary_for(
        self,
        service_name: str,
        *,
        decode_responses: Literal[True],
        db: int = 0,
        failover_timeout: float | None = None,
        **options: Unpack[ClientOptions],
    ) -> Redis[str]: ...

    @overload
    def primary_for(
        self,
        service_name: str,
        *,
        decode_responses: Literal[False],
        db: int = 0,
        failover_timeout: float | None = None,
        **options: Unpack[ClientOptions],
    ) -> Redis[bytes]: ...

    @overload
    def primary_for(
        self,
        service_name: str,
        *,
        decode_responses: bool | None = None,
        db: int = 0,
        failover_timeout: float | None = None,
        **options: Unpack[ClientOptions],
    ) -> Redis[Any]: ...

    def primary_for(
        self,
        service_name: str,
        *,
        decode_responses: bool | None = None,
        db: int = 0,
        failover_timeout: float | None = None,
        **options: Unpack[ClientOptions],
    ) -> Redis[Any]:
        """Return a client for the primary of a service; see `syncredis.sentinel.Sentinel.primary_for`."""
        return Redis[Any].wrapping(
            self.wrapped.primary_for(
                service_name, decode_responses=decode_responses, db=db, failover_timeout=failover_timeout, **options
            )
        )

    @overload
    def replica_for(
        self,
        service_name: str,
        *,
        decode_responses: None = None,
        db: int = 0,
        failover_timeout: float | None = None,
        policy: ReplicaPolicy = "round-robin",
        max_lag: int | None = None,
        **options: Unpack[ClientOptions],
    ) -> Redis[AnyStr]: ...

    @overload
    def replica_for(
        self,
        service_name: str,
        *,
        decode_responses: Literal[True],
        db: int = 0,
        failover_timeout: float | None = None,
        policy: ReplicaPolicy = "round-robin",
        max_lag: int | None = None,
        **options: Unpack[ClientOptions],
    ) -> Redis[str]: ...

    @overload
    def replica_for(
        self,
        service_name: str,
        *,
        decode_responses: Literal[False],
        db: int = 0,
        failover_timeout: float | None = None,
        policy: ReplicaPolicy = "round-robin",
        max_lag: int | None = None,
        **options: Unpack[ClientOptions],
    ) -> Redis[bytes]: ...

    @overload
    def replica_for(
        self,
        service_name: str,
        *,
        decode_responses: bool | None = None,
        db: int = 0,
        failover_timeout: float | None = None,
        policy: ReplicaPolicy = "round-robin",
        max_lag: int | None = None,
        **options: Unpack[ClientOptions],
    ) -> Redis[Any]: ...

    def replica_for(
        self,
        service_name: str,
        *,
        decode_responses: bool | None = None,
        db: int = 0,
        failover_timeout: float | None = None,
        policy: ReplicaPolicy = "round-robin",
        max_lag: int | None = None,
        **options: Unpack[ClientOptions],
    ) -> Redis[Any]:
        """Return a client for the replicas of a service; see `syncredis.sentinel.Sentinel.replica_for`."""
        return Redis[Any].wrapping(
            self.wrapped.replica_for(
                service_name,
                decode_responses=decode_responses,
                db=db,
                failover_timeout=failover_timeout,
                policy=policy,
                max_lag=max_lag,
                **options,
            )
        )


__all__ = [
    "AddressMap",
    "Finding",
    "PrimaryNotFoundError",
    "ReplicaNotFoundError",
    "ReplicaPolicy",
    "ReplicaView",
    "Sentinel",
    "SentinelConnectionPool",
    "SentinelReport",
    "ServerReport",
    "StalePrimaryError",
    "Topology",
]
