"""A service at one moment, as frozen values: what each Sentinel says, and what each server says of itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from syncredis.config import Location
from syncredis.exceptions import RedisError


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelReport:
    """What one Sentinel says about a service. None where it does not say.

    Attributes:
        location: where it is.
        error: why it could not be asked; None: it answered.
        id: its own ID.
        version: of its program, e.g. ``"Valkey 9.1.0"``.
        primary: where it says that the primary is, for us; None: it does not know the service, either.
        announced: the same as it says it, before ``address_map``.
        epoch: the number of the failover that made this primary one (``config-epoch``).
        flags: the primary's, in its opinion, e.g. ``s_down``, ``o_down``, ``failover_in_progress``.
        quorum: how many Sentinels have to agree that the primary is down.
        replicas: where the replicas are that it knows, for us, and their flags in its opinion.
        others: where the other Sentinels are that it knows, for us.
        can_fail_over: whether it can reach enough others to fail over (``CKQUORUM``).
        verdict: what it says to that.
        down_after: seconds of silence after which it takes a server for down.
        failover_timeout: seconds within which a failover has to be over.
        tilt: whether it does not trust its own clock, and takes no action for now.
        refused: the commands that its user may not send.
    """

    location: Location
    error: RedisError | None = None
    id: str | None = None
    version: str | None = None
    primary: Location | None = None
    announced: Location | None = None
    epoch: int | None = None
    flags: frozenset[str] = frozenset()
    quorum: int | None = None
    replicas: tuple[tuple[Location, frozenset[str]], ...] = ()
    others: tuple[Location, ...] = ()
    can_fail_over: bool | None = None
    verdict: str | None = None
    down_after: float | None = None
    failover_timeout: float | None = None
    tilt: bool | None = None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerReport:
    """What a server says of itself, and the Sentinels of it. None where nobody says.

    Attributes:
        location: where it is, for us.
        error: why it could not be asked; None: it answered.
        version: of its program, e.g. ``"Redis 7.0.15"``.
        role: what it takes itself for.
        flags: what any Sentinel says of it, e.g. ``s_down``.
        latency: seconds that a round trip to it takes.
        offset: how far its replication stream has come, in bytes.
        lag: how many bytes a replica is behind the primary.
        link: of a replica: ``"connected"``, or where its link to the primary stands.
        primary: of a replica: where its primary is, for us.
        priority: of a replica: the lower, the sooner it is promoted; 0: never.
        writable: of a replica: whether it takes writes, which get lost.
        replicas: of a primary: how many are connected.
        waits_for_replicas: of a primary: whether it takes no writes while it has too few replicas (``min-replicas-to-write``).
    """

    location: Location
    error: RedisError | None = None
    version: str | None = None
    role: Literal["primary", "replica"] | None = None
    flags: frozenset[str] = frozenset()
    latency: float | None = None
    offset: int | None = None
    lag: int | None = None
    link: str | None = None
    primary: Location | None = None
    priority: int | None = None
    writable: bool | None = None
    replicas: int | None = None
    waits_for_replicas: bool | None = None

    @property
    def is_down(self) -> bool:
        """Whether any Sentinel takes it for down."""
        return bool(self.flags & {"s_down", "o_down"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """A service at one moment.

    Attributes:
        service_name: as the Sentinels know it.
        primary: the server that the Sentinels name as primary: where they disagree, those with the highest epoch; None: none
            names any.
        replicas: every other server that any Sentinel names, in the order of their locations.
        sentinels: every Sentinel that is known, in the order in which they would be asked.
    """

    service_name: str
    primary: ServerReport | None
    replicas: tuple[ServerReport, ...]
    sentinels: tuple[SentinelReport, ...]

    @property
    def informed(self) -> tuple[SentinelReport, ...]:
        """The Sentinels that answered, and know the service."""
        return tuple(sentinel for sentinel in self.sentinels if sentinel.primary is not None)

    @property
    def epoch(self) -> int | None:
        """The highest epoch that any Sentinel tells."""
        return max((sentinel.epoch for sentinel in self.informed if sentinel.epoch is not None), default=None)

    @property
    def quorum(self) -> int | None:
        """How many Sentinels have to agree that the primary is down, as most of them have it."""
        told = Counter(sentinel.quorum for sentinel in self.informed if sentinel.quorum is not None)
        return told.most_common(1)[0][0] if told else None

    @property
    def agreed(self) -> bool:
        """Whether all Sentinels that answered know the service, and name the same primary."""
        answered = [sentinel for sentinel in self.sentinels if sentinel.error is None]
        return bool(answered) and len({sentinel.primary for sentinel in answered}) == 1 and bool(self.informed)

    @property
    def servers(self) -> tuple[ServerReport, ...]:
        """The primary, if there is one, and the replicas."""
        return self.replicas if self.primary is None else (self.primary, *self.replicas)
