"""redis-py's `Sentinel`: its names; whom to ask, how to verify and how to ride through a failover is the core's."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self, cast

from syncredis import exceptions as core
from syncredis.compat.asking import AskingPool
from syncredis.compat.client import Redis
from syncredis.compat.commands.sentinel import SentinelCommands
from syncredis.compat.exceptions import (
    ConnectionError,
    MasterNotFoundError,
    ResponseError,
    SlaveNotFoundError,
    TimeoutError,
)
from syncredis.compat.faces import AbstractConnection, Connection, SSLConnection
from syncredis.compat.options import client_options, config_from, pool_limits
from syncredis.compat.pools import ConnectionPool, FacedPrimaryPool, FacedReplicaPool, FacedSentinel
from syncredis.compat.retry import policy_of
from syncredis.compat.translation import translated
from syncredis.config import ConnectionConfig
from syncredis.pool import ConnectionPool as CorePool
from syncredis.retry import RetryPolicy

#: The client of this library, whatever a test puts in the place of `Redis`.
_OwnRedis: Final = Redis

#: How clients of a service try again where nothing else is said: through a failover, as the core's do.
FAILOVER: Final = RetryPolicy(retries=None, deadline=30.0, after_timeout=True)


ReplicaNotFoundError = SlaveNotFoundError


class SentinelManagedConnection(Connection):
    """A connection to where the Sentinels lead. Made by a `SentinelConnectionPool`."""

    def __init__(self, **kwargs: Any) -> None:
        self.connection_pool = kwargs.pop("connection_pool", None)
        super().__init__(**kwargs)

    def repr_pieces(self) -> list[tuple[str, Any]]:
        """What `repr` shows."""
        return [("service", getattr(self.connection_pool, "service_name", None)), *super().repr_pieces()]

    def open_anew(self) -> None:
        """Ask the Sentinels, and connect once. Blocks."""
        pool = self.connection_pool
        if pool is None:
            super().open_anew()
            return
        try:
            cast("FacedPrimaryPool | FacedReplicaPool | AskingPool", pool.core).connect_face(self)
        except core.RedisError as error:
            raise translated(error)  # noqa: B904 - the cause is set there

    def adopt(self, connection: Any) -> None:
        """Become the face of a connection that was made without one. Never blocks."""
        super().adopt(connection)
        self.host, self.port = connection.config.location

    def open(self, at: ConnectionConfig | None = None, ask_role: bool = False) -> Any:
        """Connect to where the Sentinels lead. Blocks."""
        if at is not None:
            self.host, self.port = at.location
        return super().open(at, ask_role)

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Return the next reply; see `Connection.read_response`.

        Raises:
            ConnectionError: if the server is about to be, or has become, a replica: frameworks then connect anew, where an
                error of the server would end them. The connection is closed.
        """
        try:
            return super().read_response(*args, **kwargs)
        except ResponseError as error:
            pool = self.connection_pool
            leads_to_primary = pool is None or pool.is_master
            if leads_to_primary and isinstance(error.__cause__, (core.ReadOnlyError, core.UnblockedError)):
                self.disconnect(error)
                raise ConnectionError(f"The previous master is now a slave: {error}") from error
            raise


class SentinelManagedSSLConnection(SentinelManagedConnection, SSLConnection):
    """The same, encrypted."""


class SentinelConnectionPool(ConnectionPool):
    """Connections to the primary of a service, or to its replicas. Thread-safe.

    Args:
        service_name: as the Sentinels know it.
        sentinel_manager: the `Sentinel` that knows them.
        **kwargs: ``is_master`` (True); ``ssl``; and what `ConnectionPool` takes.
    """

    def __init__(self, service_name: str, sentinel_manager: Any, **kwargs: Any) -> None:
        encrypted = kwargs.pop("ssl", False)
        kwargs.setdefault("connection_class", SentinelManagedSSLConnection if encrypted else SentinelManagedConnection)
        self.is_master = kwargs.pop("is_master", True)
        self.check_connection = kwargs.pop("check_connection", False)
        self.service_name = service_name
        self.sentinel_manager = sentinel_manager
        super().__init__(**kwargs)

    def __repr__(self) -> str:
        role = "master" if self.is_master else "slave"
        return f"<{type(self).__module__}.{type(self).__name__}(service={self.service_name}({role}))>"

    def _make_core(self) -> CorePool:
        interval = self.connection_kwargs.get("health_check_interval") or 0
        if not self.sentinel_manager.asks_by_core:
            asking = AskingPool(config_from({**self.connection_kwargs, "path": None}), self._limits())
            asking.make, asking.health_check_interval = self._maker(), interval
            asking.ask = self._ask
            return asking
        make = self._maker()
        options = {**client_options(self.connection_kwargs), **pool_limits(self._limits())}
        database = int(self.connection_kwargs.get("db") or 0)
        core_sentinel = self.sentinel_manager.core
        leading = core_sentinel.primary_for if self.is_master else core_sentinel.replica_for
        pool: Any = leading(self.service_name, db=database, **options).pool
        pool.make = make
        pool.health_check_interval = interval
        pool.forced_host = self.sentinel_manager._force_master_ip
        return cast("CorePool", pool)

    def _ask(self) -> Iterator[tuple[str, int]]:
        if self.is_master:
            yield self.get_master_address()
        else:
            yield from self.rotate_slaves()

    def make_connection(self) -> Any:
        """Return a new connection, which is not connected yet, and does not count."""
        made = super().make_connection()
        if isinstance(made, AbstractConnection):
            made.connection_pool = self  # type: ignore[attr-defined]
        return made

    @property
    def policy(self) -> RetryPolicy:
        """How clients of this pool try again."""
        return policy_of(self.connection_kwargs, FAILOVER)

    @property
    def subscription_policy(self) -> RetryPolicy:
        """How subscriptions are made again after their connection was lost."""
        return self.policy

    @property
    def master_address(self) -> tuple[str, int] | None:
        """Where the last connection to the primary led; None before the first."""
        return cast("FacedPrimaryPool", self.core)._primary

    def get_master_address(self) -> tuple[str, int]:
        """Return where the primary is. Blocks."""
        return self.sentinel_manager.discover_master(self.service_name)  # type: ignore[no-any-return]

    def rotate_slaves(self) -> Iterator[tuple[str, int]]:
        """Yield where the replicas are, beginning anywhere, and then where the primary is. Blocks.

        Raises:
            SlaveNotFoundError: at the end.
        """
        replicas = self.sentinel_manager.discover_slaves(self.service_name)
        first = random.randrange(len(replicas)) if replicas else 0
        yield from [*replicas[first:], *replicas[:first]]
        with suppress(MasterNotFoundError):
            yield self.get_master_address()
        raise SlaveNotFoundError(f"No slave found for {self.service_name!r}")

    rotate_replicas = rotate_slaves


class Sentinel(SentinelCommands):
    """The Sentinels of a deployment. Thread-safe; nothing is contacted before the first question.

    Args:
        sentinels: host and port of each.
        min_other_sentinels: how many others a Sentinel has to know for what it says to count.
        sentinel_kwargs: how to connect to the Sentinels; not given: those of ``connection_kwargs`` that begin with ``socket_``.
        force_master_ip: where a primary is said to be, in place of what the Sentinels say.
        **connection_kwargs: how to connect to the servers.
    """

    def __init__(
        self,
        sentinels: Iterable[tuple[str, int]],
        min_other_sentinels: int = 0,
        sentinel_kwargs: dict[str, Any] | None = None,
        force_master_ip: str | None = None,
        **connection_kwargs: Any,
    ) -> None:
        if sentinel_kwargs is None:
            sentinel_kwargs = {name: value for name, value in connection_kwargs.items() if name.startswith("socket_")}
        self.sentinel_kwargs = sentinel_kwargs
        self.min_other_sentinels = min_other_sentinels
        self.connection_kwargs = connection_kwargs
        self._force_master_ip = force_master_ip
        # Nothing is tried again at a Sentinel that can not be reached: there are others to ask.
        options: dict[str, Any] = {"retry": None, **sentinel_kwargs}
        self.sentinels: list[Any] = [Redis(host, port, **options) for host, port in map(_pair, sentinels)]
        self._made: tuple[list[Any], FacedSentinel] | None = None

    def __repr__(self) -> str:
        places = ",".join(
            "{host}:{port}".format_map(sentinel.connection_pool.connection_kwargs) for sentinel in self.sentinels
        )
        return f"<{type(self).__module__}.{type(self).__name__}(sentinels=[{places}])>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the Sentinels. Never blocks."""
        if self._made is not None:
            self._made[1].close()
        failures: list[Exception] = []
        for sentinel in self.sentinels:
            try:
                sentinel.close()
            except Exception as error:
                failures.append(error)
        if failures:
            raise failures[0]

    @property
    def asks_by_core(self) -> bool:
        """Whether the core asks the Sentinels; not if ``sentinels`` holds clients of somebody else's make."""
        return all(isinstance(sentinel, _OwnRedis) for sentinel in self.sentinels)

    @property
    def core(self) -> FacedSentinel:
        """The core's object, which asks the Sentinels that are in ``sentinels`` now."""
        seeds = [_place(sentinel) for sentinel in self.sentinels]
        if self._made is None or set(self._made[0]) != set(seeds):
            made = FacedSentinel(
                seeds,
                self.min_other_sentinels,
                cast("Any", client_options({"socket_timeout": None, **self.sentinel_kwargs})),
            )
            self._made = seeds, made
        return self._made[1]

    def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """Send a command to every Sentinel; return whether all said yes. Blocks.

        Args:
            *args: the command.
            **kwargs: ``once=True``: send it to one of them; ``return_responses=True``: return what they said.
        """
        once, wants_responses = kwargs.pop("once", False), kwargs.pop("return_responses", False)
        asked = [random.choice(self.sentinels)] if once else self.sentinels
        responses = [sentinel.execute_command(*args, **kwargs) for sentinel in asked]
        return responses if wants_responses else all(responses)

    # --- asking -----------------------------------------------------------------------------------------------

    def discover_master(self, service_name: str) -> tuple[str, int]:
        """Return host and port of a service's primary. Blocks.

        Raises:
            MasterNotFoundError: if no Sentinel could be reached, or none knows one.
        """
        if not self.asks_by_core:
            return self._ask_in_turn(service_name)
        try:
            host, port = self.core.discover_primary(service_name)
        except core.SentinelError as error:
            raise MasterNotFoundError(f"No master found for {service_name!r} : {error}") from error
        self._order()
        return self._force_master_ip or host, port

    def discover_slaves(self, service_name: str) -> list[tuple[str, int]]:
        """Return host and port of each replica of a service that is in service; none if nobody can say. Blocks."""
        if not self.asks_by_core:
            return self._ask_for_replicas_in_turn(service_name)
        try:
            return [(host, port) for host, port in self.core.discover_replicas(service_name)]
        except core.SentinelError:
            return []

    discover_replicas = discover_slaves

    def _order(self) -> None:
        """Put those that will be asked first in front, as the core has them."""
        places = list(self.core.sentinels)
        self.sentinels.sort(key=lambda sentinel: _rank(places, _place(sentinel)))

    def _ask_in_turn(self, service_name: str) -> tuple[str, int]:
        """`discover_master` where ``sentinels`` holds clients of somebody else's make."""
        failures: list[str] = []
        for number, sentinel in enumerate(self.sentinels):
            try:
                state = sentinel.sentinel_masters().get(service_name)
            except (ConnectionError, TimeoutError) as error:
                failures.append(f"{sentinel} - {error!r}")
                continue
            if state and self.check_master_state(state, service_name):
                self.sentinels[0], self.sentinels[number] = sentinel, self.sentinels[0]
                return self._force_master_ip or state["ip"], state["port"]
        why = f" : {', '.join(failures)}" if failures else ""
        raise MasterNotFoundError(f"No master found for {service_name!r}{why}")

    def _ask_for_replicas_in_turn(self, service_name: str) -> list[tuple[str, int]]:
        for sentinel in self.sentinels:
            try:
                replicas = self.filter_slaves(sentinel.sentinel_slaves(service_name))
            except (ConnectionError, ResponseError, TimeoutError):
                continue
            if replicas:
                return replicas
        return []

    def check_master_state(self, state: dict[str, Any], service_name: str) -> bool:  # noqa: ARG002 - as redis-py
        """Whether what a Sentinel says of a primary counts."""
        if not state["is_master"] or state["is_sdown"] or state["is_odown"]:
            return False
        return bool(state["num-other-sentinels"] >= self.min_other_sentinels)

    def filter_slaves(self, slaves: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
        """Return host and port of those replicas that are not down."""
        return [
            (replica["ip"], replica["port"]) for replica in slaves if not (replica["is_odown"] or replica["is_sdown"])
        ]

    filter_replicas = filter_slaves

    # --- clients ----------------------------------------------------------------------------------------------

    def master_for(
        self,
        service_name: str,
        redis_class: Any = Redis,
        connection_pool_class: Any = SentinelConnectionPool,
        **kwargs: Any,
    ) -> Any:
        """Return a client for the primary of a service, whichever server that is at the time. Never blocks.

        Args:
            service_name: as the Sentinels know it.
            redis_class: what makes the client.
            connection_pool_class: what makes its pool.
            **kwargs: how to connect; goes before what was given to this object.
        """
        options = {**self.connection_kwargs, **kwargs, "is_master": True}
        return redis_class.from_pool(connection_pool_class(service_name, self, **options))

    def slave_for(
        self,
        service_name: str,
        redis_class: Any = Redis,
        connection_pool_class: Any = SentinelConnectionPool,
        **kwargs: Any,
    ) -> Any:
        """Return a client for the replicas of a service in turn, and for its primary if none can be had. Never blocks."""
        options = {**self.connection_kwargs, **kwargs, "is_master": False}
        return redis_class.from_pool(connection_pool_class(service_name, self, **options))

    replica_for = slave_for


def _pair(sentinel: Any) -> tuple[str, int]:
    host, port = sentinel
    return host, int(port)


def _place(sentinel: Any) -> tuple[str, int]:
    options = sentinel.connection_pool.connection_kwargs
    return options["host"], int(options["port"])


def _rank(places: list[Any], place: tuple[str, int]) -> int:
    return places.index(place) if place in places else len(places)


__all__ = [
    "FAILOVER",
    "MasterNotFoundError",
    "ReplicaNotFoundError",
    "Sentinel",
    "SentinelConnectionPool",
    "SentinelManagedConnection",
    "SentinelManagedSSLConnection",
    "SlaveNotFoundError",
]
