"""`Yardstick`: how far away the servers of a service are, and how far its replicas are behind the primary.

By ROLE, over a connection of its own to each. https://redis.io/docs/latest/commands/role/
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from syncredis.command import Command
from syncredis.config import ConnectionConfig, Location, PoolConfig
from syncredis.exceptions import InterruptedCallError, RedisError
from syncredis.handshake import link_from_reply, role_from_reply
from syncredis.pool import ConnectionPool
from syncredis.sentinel.topology import ReplicaView

#: Seconds after which a server that does not answer is left for now.
_PATIENCE: Final = 0.5

#: The part that a new measurement has in what is smoothed.
_NEW_PART: Final = 0.3

_ROLE: Final = Command[Any](("ROLE",))
_PING: Final = Command[Any](("PING",))


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one server said; ``offset``: how far its replication stream has come; None: it does not say."""

    latency: float
    role: str | None
    linked: bool
    offset: int | None


class Yardstick:
    """Measures the servers of one service. One thread measures; any may read.

    Args:
        config: how to connect to the servers; its location is not used.
    """

    def __init__(self, config: ConnectionConfig) -> None:
        limits = (config.connect_timeout, config.stream_timeout)
        connecting, waiting = (_PATIENCE if limit is None else min(limit, _PATIENCE) for limit in limits)
        self._config = replace(config, connect_timeout=connecting, stream_timeout=waiting)
        self._links: dict[Location, ConnectionPool] = {}
        # Replaced as a whole, never changed.
        self._readings: dict[Location, _Reading] = {}
        self._primary: tuple[Location, int] | None = None
        self.has_measured = False

    def measure(self, primary: Location | None, replicas: Sequence[Location]) -> None:
        """Ask all, one after the other; blocks for at most half a second for each that does not answer, if it connects."""
        if primary is not None:
            reading = self._read(primary)
            if reading is not None and reading.role == "primary" and reading.offset is not None:
                self._primary = primary, reading.offset
            elif self._primary is not None and self._primary[0] != primary:
                self._primary = None
        # In this order: what comes meanwhile makes a replica look less behind, never more.
        readings = {location: self._read(location) for location in replicas}
        self._readings = {location: reading for location, reading in readings.items() if reading is not None}
        self.has_measured = True
        for location in self._links.keys() - {primary, *replicas}:
            self._links.pop(location).invalidate()

    def applied_to(self, views: Iterable[ReplicaView]) -> list[ReplicaView]:
        """Return views of replicas with what was measured last. Never blocks."""
        readings, primary = self._readings, self._primary
        return [_applied(readings.get(view.location), primary, view) for view in views]

    def close(self) -> None:
        """Close the connections. Never blocks."""
        for link in self._links.values():
            link.close()

    def _read(self, location: Location) -> _Reading | None:
        before = self._readings.get(location)
        try:
            link = self._links.get(location)
            if link is None:
                link = self._links[location] = ConnectionPool(self._config.at(location), PoolConfig(max_connections=1))
            with link.leased() as connection:
                began = time.perf_counter()
                # A restricted user may not ask for the role: it is the round trip that counts then.
                role, _ = connection.execute_many([_ROLE, _PING], text=True)
                took = time.perf_counter() - began
        except InterruptedCallError:
            raise
        except RedisError:
            return None
        smoothed = took if before is None else before.latency + _NEW_PART * (took - before.latency)
        return _Reading(smoothed, role_from_reply(role), link_from_reply(role) in ("connected", None), _offset(role))


def _offset(role: Any) -> int | None:
    match role_from_reply(role):
        case "primary":
            return int(role[1])
        case "replica":
            offset = int(role[4])
            return None if offset < 0 else offset
        case _:
            return None


def _applied(reading: _Reading | None, primary: tuple[Location, int] | None, view: ReplicaView) -> ReplicaView:
    if reading is None:
        return view
    lag = None
    if reading.role == "replica" and reading.offset is not None and primary is not None:
        lag = max(0, primary[1] - reading.offset)
    return replace(view, latency=reading.latency, lag=lag, linked=view.linked and reading.linked)
