"""What `ServiceWatch` wants done, as frozen values: whatever takes time, or is told to the application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from syncredis.config import Location
from syncredis.sentinel.events import Event


@dataclass(frozen=True, slots=True)
class Tell:
    """The application has to be told."""

    event: Event


@dataclass(frozen=True, slots=True)
class Pursue:
    """A replica is about to be promoted: find out when it is."""

    service_name: str
    candidate: Location
    source: str


@dataclass(frozen=True, slots=True)
class Unblock:
    """The primary holds replies back to calls that would be cut off: have it end them, which proves that it did nothing."""

    service_name: str
    primary: Location


@dataclass(frozen=True, slots=True)
class Look:
    """Every Sentinel has to be asked."""


@dataclass(frozen=True, slots=True)
class Consult:
    """A majority of the Sentinels has to be asked."""

    service_name: str
    source: str


@dataclass(frozen=True, slots=True)
class Inquire:
    """All Sentinels have to be asked whether one that is not heard any more still leads a failover.

    Attributes:
        chosen: what it has chosen, as far as is known: who names that one says that it does.
    """

    service_name: str
    leader: Location
    chosen: Location | None


@dataclass(frozen=True, slots=True, eq=False)
class Hold:
    """Writes wait.

    Attributes:
        since: by `time.monotonic`.
        at: to which primary connections led when it began.
        mark: whose it is, see `ServiceWatch.attend`.
    """

    since: float
    at: Location | None
    mark: object


@dataclass(frozen=True, slots=True)
class Arrive:
    """The pools follow another primary: have connections ready there, let the writes go on, and tell the application."""

    service_name: str
    old: Location | None
    new: Location
    epoch: int | None
    early: bool
    source: str
    stopped: float | None
    """Since when calls failed, hung or were held, by `time.monotonic`."""

    hold: Hold | None = None
    """What is over then."""


Step: TypeAlias = Tell | Pursue | Unblock | Look | Consult | Inquire | Arrive
