"""`Sentinel`: where an application begins - it knows the Sentinels, and makes clients for a primary or its replicas."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, ClassVar, Generic, Literal, Self, Unpack, overload

from syncredis.client import Redis
from syncredis.config import (
    ClientOptions,
    ConnectionConfig,
    ConnectionOptions,
    Location,
    PoolConfig,
)
from syncredis.exceptions import ConfigurationError, PrimaryNotFoundError
from syncredis.sentinel.address_map import AddressMap
from syncredis.sentinel.diagnosis import diagnose
from syncredis.sentinel.discovery import Discovery
from syncredis.sentinel.events import Audience, Event, EventStream
from syncredis.sentinel.finding import Finding
from syncredis.sentinel.inspection import inspect
from syncredis.sentinel.options import locations, policy_for, require_seconds, sentinel_config, server_configs
from syncredis.sentinel.pool import PrimaryConnectionPool, SentinelConnectionPool
from syncredis.sentinel.replica_choice import ReplicaChoice, ReplicaPolicy
from syncredis.sentinel.replica_pool import ReplicaConnectionPool
from syncredis.sentinel.replica_survey import ReplicaSurvey
from syncredis.sentinel.reports import Topology
from syncredis.sentinel.url import parse_sentinel_url
from syncredis.sentinel.watcher import Watcher
from syncredis.typing import AnyStr


class Sentinel(Generic[AnyStr]):
    """The Sentinels of a deployment. Thread-safe; nothing is contacted before the first question or command.

    Need not be closed, and may be used after it was: connections are opened when they are needed.

    Args:
        sentinels: host and port of each Sentinel that is known. Others are learnt from them.
        min_other_sentinels: how many others a Sentinel has to know for what it says about a primary to count.
        sentinel_kwargs: how to connect to the Sentinels, where that differs: ``username`` and ``password``, ``ssl`` and the
            rest of `syncredis.config.ConnectionOptions`. Of the options below, only ``connect_timeout``, ``stream_timeout``
            (each at most 0.5 seconds), ``keepalive`` and ``protocol`` are used for Sentinels, too.
        decode_responses: whether the clients return ``str`` (the default) or ``bytes``.
        failover_timeout: seconds that a call of the clients keeps trying while the primary changes; only what is certain not to
            have been carried out, or changes nothing, is tried again. 0: the first failure is final.
        hedge_delay: seconds after which the next Sentinel is asked while the one before has not answered.
        address_map: where the primary, the replicas and the Sentinels are that announce themselves elsewhere, as behind NAT:
            ``{("172.17.0.2", 6379): ("localhost", 7001)}``, or a function from one to the other. What ``sentinels`` holds is
            not translated.
        strict: whether a majority of the Sentinels has to name the same primary before a connection leads there. A client that
            is cut off together with an old primary and a minority of the Sentinels then stops, where it else may go on
            writing what will be lost.
        write_hold: seconds for which writes wait, at most, from the moment that the Sentinels choose a new primary, or find
            the old one down, until there is one. The old one would still take them, and lose them. 0: not at all.
        watch_offsets: seconds between two looks at the primary's replication offset, so that after a failover
            `syncredis.sentinel.events.PrimaryChanged` says what was lost of acknowledged writes. None: it is not looked at.
        on_event: called with each `syncredis.sentinel.events.Event`, one after the other, in a thread of its own.
        **options: how the clients connect to the servers; see `syncredis.Redis`.

    Raises:
        ConfigurationError: for an option that does not exist, or a value that it can not have.
    """

    # What makes the pools of clients: a seam for subclasses.
    _primary_pool: ClassVar[type[PrimaryConnectionPool]] = PrimaryConnectionPool
    _replica_pool: ClassVar[type[ReplicaConnectionPool]] = ReplicaConnectionPool

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
        seeds = locations(sentinels)
        require_seconds("failover_timeout", failover_timeout)
        require_seconds("hedge_delay", hedge_delay)
        if not isinstance(min_other_sentinels, int) or min_other_sentinels < 0:
            raise ConfigurationError(f"{min_other_sentinels=} must be a number from 0 on")
        self.decode_responses = decode_responses
        self.failover_timeout = failover_timeout
        self._options = options
        server_configs(seeds[0], 0, options)  # a mistake shall show here, and not at the first client
        self._discovery = Discovery(
            seeds,
            sentinel_config(seeds[0], options, sentinel_kwargs or {}),
            min_other_sentinels=min_other_sentinels,
            hedge_delay=hedge_delay,
            address_map=address_map,
            strict=strict,
        )
        require_seconds("write_hold", write_hold)
        if watch_offsets is not None:
            require_seconds("watch_offsets", watch_offsets)
        self._watcher = Watcher(self._discovery, Audience(on_event), hold=write_hold, watch_offsets=watch_offsets)
        self._survey = ReplicaSurvey(self._discovery)

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
        """Return the Sentinels that a URL names, e.g. ``redis+sentinel://host:26379,host:26379?sentinel_password=word``.

        See `syncredis.sentinel.url.parse_sentinel_url` for its form. What it says goes before the keyword arguments. A service
        name, a database and a role in it are for `syncredis.from_url`, and have no meaning here.

        Raises:
            ConfigurationError: for a URL or an option that makes no sense.
        """
        parsed = parse_sentinel_url(url)
        merged: ClientOptions = {**options, **parsed.options}
        return cls(
            parsed.sentinels,
            sentinel_kwargs=parsed.sentinel_kwargs,
            decode_responses=decode_responses,
            **parsed.settings,
            **merged,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {', '.join(sentinel.target for sentinel in self.sentinels)}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def sentinels(self) -> tuple[Location, ...]:
        """Where the Sentinels are that are known now, the one that will be asked first in front."""
        return self._discovery.sentinels

    def close(self) -> None:
        """Close the connections to the Sentinels; questions under way in other threads are still answered. Never blocks.

        The clients made by `primary_for` and `replica_for` have connections of their own, and are closed by themselves.
        """
        self._watcher.close()
        self._discovery.close()

    def events(self) -> EventStream:
        """Return a stream of what happens, from now on, to the services that this object has made clients for. Never blocks.

        It is an iterator, which blocks until there is an event, and ends when the stream or this object is closed. The
        Sentinels are listened to for as long as it exists.
        """
        return self._watcher.events()

    def discover_primary(self, service_name: str) -> Location:
        """Return host and port of a service's primary.

        Blocks for at most ``connect_timeout`` + ``stream_timeout`` of the Sentinels, and ``hedge_delay`` for each further one.

        Raises:
            PrimaryNotFoundError: if no Sentinel could be reached, or none knows the name. The message says which, and lists
                what each Sentinel said or did.
        """
        return self._discovery.primary(service_name)

    def discover_replicas(self, service_name: str) -> list[Location]:
        """Return host and port of each replica of a service that the Sentinels think in service. Blocks likewise.

        Raises:
            ReplicaNotFoundError: if no Sentinel could be reached, or none knows the name.
        """
        return [view.location for view in self._discovery.replicas(service_name) if view.in_service]

    def topology(self, service_name: str) -> Topology:
        """Return a service as it is now: what each Sentinel says, and what each server says of itself.

        All are asked at once; who does not answer is reported with the reason. Blocks for some seconds at most.

        Raises:
            PrimaryNotFoundError: if no Sentinel could be reached, or none knows the name.
        """
        found = inspect(self._discovery, service_name, self._configs(0, {})[0])
        if found.primary is None:
            causes = "; ".join(
                f"{sentinel.location.target}: {sentinel.error or f'does not know {service_name!r}'}"
                for sentinel in found.sentinels
            )
            raise PrimaryNotFoundError(f"no Sentinel can say where {service_name!r} is ({causes})")
        return found

    def diagnose(self, service_name: str) -> list[Finding]:
        """Return what is wrong with a service, or could be better, the worst first; empty: all is well.

        Asks every Sentinel and every server, as `topology` does, and raises nothing for what it finds. Blocks likewise.
        """
        return diagnose(inspect(self._discovery, service_name, self._configs(0, {})[0]))

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
        """Return a client for the primary of a service, whichever server that is at the time. Never blocks.

        Args:
            service_name: as the Sentinels know it.
            decode_responses: None: as this object has it.
            db: number of the database.
            failover_timeout: seconds; None: as this object has it.
            **options: go before those given to this object.
        """
        pool = self._primary_pool(service_name, self._discovery, *self._configs(db, options), self._watcher)
        return self._client(pool, decode_responses, failover_timeout)

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
        """Return a client for the replicas of a service, and for its primary if none can be had. Never blocks.

        Replicas lag behind: a value just written may not be there yet. Those that a Sentinel finds down are not used, those
        without a link to the primary only if there is nothing else. Connections follow when replicas come and go.

        Args:
            service_name: as the Sentinels know it.
            decode_responses: None: as this object has it.
            db: number of the database.
            failover_timeout: seconds; None: as this object has it.
            policy: which replica a new connection leads to: ``"round-robin"``: each in turn, so that all have as many;
                ``"random"``; ``"lowest-latency"``: the nearest, by round trips that a thread measures; or a function that is
                given a `ReplicaView` of each, and returns those to use, the best first.
            max_lag: bytes of the replication stream that a replica may be behind, measured about once a second; None: no
                limit.
            **options: go before those given to this object.
        """
        config, pool_config = self._configs(db, options)
        choice = ReplicaChoice(policy=policy, max_lag=max_lag)
        pool = self._replica_pool(
            service_name, self._discovery, config, pool_config, self._watcher, choice=choice, survey=self._survey
        )
        return self._client(pool, decode_responses, failover_timeout)

    def _configs(self, db: int, options: ClientOptions) -> tuple[ConnectionConfig, PoolConfig]:
        return server_configs(self._discovery.seeds[0], db, {**self._options, **options})

    def _client(
        self, pool: SentinelConnectionPool, decode_responses: bool | None, failover_timeout: float | None
    ) -> Redis[Any]:
        return Redis(
            connection_pool=pool,
            decode_responses=self.decode_responses if decode_responses is None else decode_responses,
            retry_policy=policy_for(self.failover_timeout if failover_timeout is None else failover_timeout),
        )
