"""redis-py's async `Sentinel`: the blocking one, whose questions are asked in worker threads."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from syncredis.compat import sentinel as blocking
from syncredis.compat.asyncio.client import Redis
from syncredis.compat.asyncio.connection import AbstractConnection, Connection, ConnectionPool, SSLConnection
from syncredis.compat.asyncio.loop import Loop
from syncredis.compat.commands.sentinel import AsyncSentinelCommands
from syncredis.compat.exceptions import (
    ConnectionError,
    MasterNotFoundError,
    ResponseError,
    SlaveNotFoundError,
    TimeoutError,
)

ReplicaNotFoundError = SlaveNotFoundError

#: The client of this library, whatever a test puts in the place of `Redis`.
_OwnRedis: Final = Redis


class SentinelManagedConnection(Connection):
    """A connection to where the Sentinels lead. Made by a `SentinelConnectionPool`."""

    face_class = blocking.SentinelManagedConnection


class SentinelManagedSSLConnection(SentinelManagedConnection, SSLConnection):
    """The same, encrypted."""

    face_class = blocking.SentinelManagedSSLConnection


class SentinelConnectionPool(ConnectionPool):
    """Connections to the primary of a service, or to its replicas; see `syncredis.compat.sentinel.SentinelConnectionPool`."""

    blocking_class = blocking.SentinelConnectionPool

    def __init__(self, service_name: str, sentinel_manager: Any, **kwargs: Any) -> None:
        encrypted = kwargs.pop("ssl", False)
        self.connection_class = kwargs.pop(
            "connection_class", SentinelManagedSSLConnection if encrypted else SentinelManagedConnection
        )
        self.service_name = service_name
        self.sentinel_manager = sentinel_manager
        manager = _Manager(sentinel_manager) if isinstance(sentinel_manager, Sentinel) else sentinel_manager
        self.blocking = self._make(service_name, manager, **kwargs)
        if isinstance(manager, _Manager):
            manager.loop = self.loop
            self._asks_loop = True
        self.is_master = self.blocking.is_master
        self.check_connection = self.blocking.check_connection

    def __repr__(self) -> str:
        role = "master" if self.is_master else "slave"
        return f"<{type(self).__module__}.{type(self).__name__}(service={self.service_name}({role}))>"

    def _is_foreign(self, kind: Any) -> bool:
        # Those of ours let the pool say where to connect, whatever a subclass overrides.
        return not (isinstance(kind, type) and issubclass(kind, AbstractConnection))

    @property
    def master_address(self) -> tuple[str, int] | None:
        """Where the last connection to the primary led; None before the first."""
        return self.blocking.master_address  # type: ignore[no-any-return]

    async def get_master_address(self) -> tuple[str, int]:
        """Return where the primary is."""
        return await self.sentinel_manager.discover_master(self.service_name)  # type: ignore[no-any-return]

    async def rotate_slaves(self) -> AsyncIterator[tuple[str, int]]:
        """Yield where the replicas are, beginning anywhere, and then where the primary is.

        Raises:
            SlaveNotFoundError: at the end.
        """
        replicas = await self.sentinel_manager.discover_slaves(self.service_name)
        first = random.randrange(len(replicas)) if replicas else 0
        for replica in [*replicas[first:], *replicas[:first]]:
            yield replica
        with suppress(MasterNotFoundError):
            yield await self.get_master_address()
        raise SlaveNotFoundError(f"No slave found for {self.service_name!r}")

    rotate_replicas = rotate_slaves


class Sentinel(AsyncSentinelCommands):
    """The Sentinels of a deployment; see `syncredis.compat.sentinel.Sentinel`.

    Attributes:
        blocking: the blocking one, which does the work.
    """

    def __init__(
        self,
        sentinels: Iterable[tuple[str, int]],
        min_other_sentinels: int = 0,
        sentinel_kwargs: dict[str, Any] | None = None,
        force_master_ip: str | None = None,
        **connection_kwargs: Any,
    ) -> None:
        places = list(sentinels)
        self.blocking = blocking.Sentinel(
            places, min_other_sentinels, sentinel_kwargs, force_master_ip, **connection_kwargs
        )
        self.sentinel_kwargs = self.blocking.sentinel_kwargs
        self.min_other_sentinels = min_other_sentinels
        self.connection_kwargs = connection_kwargs
        options: dict[str, Any] = {"retry": None, **self.sentinel_kwargs}
        self.sentinels: list[Any] = [Redis(host=host, port=int(port), **options) for host, port in places]

    def __repr__(self) -> str:
        return repr(self.blocking).replace(f"{type(self.blocking).__module__}.", f"{type(self).__module__}.", 1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections to the Sentinels."""
        self.blocking.close()
        failures: list[Exception] = []
        for sentinel in self.sentinels:
            try:
                await sentinel.aclose()
            except Exception as error:
                failures.append(error)
        if failures:
            raise failures[0]

    async def close(self) -> None:
        """`aclose`, by its old name."""
        await self.aclose()

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """Send a command to every Sentinel; see `syncredis.compat.sentinel.Sentinel.execute_command`."""
        once, wants_responses = kwargs.pop("once", False), kwargs.pop("return_responses", False)
        asked = [random.choice(self.sentinels)] if once else self.sentinels
        responses = [await sentinel.execute_command(*args, **kwargs) for sentinel in asked]
        return responses if wants_responses else all(responses)

    @property
    def asks_by_core(self) -> bool:
        """Whether the core asks the Sentinels; not if ``sentinels`` holds clients of somebody else's make."""
        return all(isinstance(sentinel, _OwnRedis) for sentinel in self.sentinels)

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Return host and port of a service's primary.

        Raises:
            MasterNotFoundError: if no Sentinel could be reached, or none knows one.
        """
        if not self.asks_by_core:
            return await self._ask_in_turn(service_name)
        found: tuple[str, int] = await self._worker.run(self.blocking.discover_master, service_name)
        return found

    async def discover_slaves(self, service_name: str) -> list[tuple[str, int]]:
        """Return host and port of each replica of a service that is in service; none if nobody can say."""
        if not self.asks_by_core:
            return await self._ask_for_replicas_in_turn(service_name)
        found: list[tuple[str, int]] = await self._worker.run(self.blocking.discover_slaves, service_name)
        return found

    discover_replicas = discover_slaves

    @property
    def _worker(self) -> Any:
        return self.sentinels[0].connection_pool.worker

    async def _ask_in_turn(self, service_name: str) -> tuple[str, int]:
        """`discover_master` where ``sentinels`` holds clients of somebody else's make."""
        failures: list[str] = []
        for number, sentinel in enumerate(self.sentinels):
            try:
                states = await sentinel.sentinel_masters()
            except (ConnectionError, TimeoutError) as error:
                failures.append(f"{sentinel} - {error!r}")
                continue
            state = states.get(service_name)
            if state and self.check_master_state(state, service_name):
                self.sentinels[0], self.sentinels[number] = sentinel, self.sentinels[0]
                return self.blocking._force_master_ip or state["ip"], state["port"]
        why = f" : {', '.join(failures)}" if failures else ""
        raise MasterNotFoundError(f"No master found for {service_name!r}{why}")

    async def _ask_for_replicas_in_turn(self, service_name: str) -> list[tuple[str, int]]:
        for sentinel in self.sentinels:
            try:
                replicas = self.filter_slaves(await sentinel.sentinel_slaves(service_name))
            except (ConnectionError, ResponseError, TimeoutError):
                continue
            if replicas:
                return replicas
        return []

    def check_master_state(self, state: dict[str, Any], service_name: str) -> bool:
        """Whether what a Sentinel says of a primary counts."""
        return self.blocking.check_master_state(state, service_name)

    def filter_slaves(self, slaves: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
        """Return host and port of those replicas that are not down."""
        return self.blocking.filter_slaves(slaves)

    filter_replicas = filter_slaves

    def master_for(
        self,
        service_name: str,
        redis_class: Any = Redis,
        connection_pool_class: Any = SentinelConnectionPool,
        **kwargs: Any,
    ) -> Any:
        """Return a client for the primary of a service, whichever server that is at the time."""
        options = {**self.connection_kwargs, **kwargs, "is_master": True}
        return redis_class.from_pool(connection_pool_class(service_name, self, **options))

    def slave_for(
        self,
        service_name: str,
        redis_class: Any = Redis,
        connection_pool_class: Any = SentinelConnectionPool,
        **kwargs: Any,
    ) -> Any:
        """Return a client for the replicas of a service in turn, and for its primary if none can be had."""
        options = {**self.connection_kwargs, **kwargs, "is_master": False}
        return redis_class.from_pool(connection_pool_class(service_name, self, **options))

    replica_for = slave_for


class _Manager:
    """An async `Sentinel` as the blocking pool sees it, which asks in worker threads."""

    def __init__(self, sentinel: Sentinel) -> None:
        self._sentinel = sentinel
        self.loop = Loop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sentinel.blocking, name)

    @property
    def asks_by_core(self) -> bool:
        """See `syncredis.compat.sentinel.Sentinel.asks_by_core`."""
        return self._sentinel.asks_by_core

    def discover_master(self, service_name: str) -> tuple[str, int]:
        """Have the event loop ask. Blocks."""
        return self.loop.run(self._sentinel.discover_master, service_name)

    def discover_slaves(self, service_name: str) -> list[tuple[str, int]]:
        """Have the event loop ask. Blocks."""
        return self.loop.run(self._sentinel.discover_slaves, service_name)


__all__ = [
    "MasterNotFoundError",
    "ReplicaNotFoundError",
    "Sentinel",
    "SentinelConnectionPool",
    "SentinelManagedConnection",
    "SentinelManagedSSLConnection",
    "SlaveNotFoundError",
]
