"""`ReplicaConnectionPool`: connections to the replicas of a service, and to its primary while none of them can be had."""

from __future__ import annotations

import itertools
import logging
import random
import time
import weakref
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Final

from syncredis import interruption, transport
from syncredis.command import Command
from syncredis.config import ConnectionConfig, Location, PoolConfig
from syncredis.connection import Connection
from syncredis.exceptions import (
    ConnectionError,
    InterruptedCallError,
    ReadOnlyError,
    RedisError,
    ReplicaNotFoundError,
    ServerStateError,
    StaleReplicaError,
)
from syncredis.interruption import Interruption
from syncredis.sentinel.discovery import FRESH, Discovery
from syncredis.sentinel.pool import SentinelConnectionPool
from syncredis.sentinel.replica_choice import ReplicaChoice
from syncredis.sentinel.replica_survey import ReplicaSurvey
from syncredis.sentinel.topology import ReplicaView
from syncredis.sentinel.watcher import Watcher

logger = logging.getLogger(__name__)

#: Seconds for which a connection to the primary stands in for one to a replica, before replicas are tried again; and for
#: which a replica is left alone that could not answer for the state that it was in.
STAND_IN: Final = 1.0

#: The generation of a connection that is closed when it comes back: no pool has it.
_RETIRED: Final = -1


class ReplicaConnectionPool(SentinelConnectionPool):
    """Connections to the replicas of a service, and to the primary if none can be had. Thread-safe.

    Connections move while they are not lent: away from a replica that is no longer fit to be read from, and to one that
    came.

    Args:
        service_name: as the Sentinels know it.
        discovery: asks them.
        config: how to connect to the servers; its location is not used.
        pool_config: how many connections to keep.
        watcher: tells the pool of changes, from its first connection on; None: it learns of them by failures.
        choice: which replicas are used, and in which order they are tried.
        survey: looks after the replicas; None: the pool has one of its own.
    """

    is_primary = False

    def __init__(
        self,
        service_name: str,
        discovery: Discovery,
        config: ConnectionConfig,
        pool_config: PoolConfig | None = None,
        watcher: Watcher | None = None,
        *,
        choice: ReplicaChoice | None = None,
        survey: ReplicaSurvey | None = None,
    ) -> None:
        self._choice = choice or ReplicaChoice()
        self._survey = survey or ReplicaSurvey(discovery)
        # Many short-lived clients shall not all begin with the same replica.
        self._turn = itertools.count(random.getrandbits(16))
        self._width = 1
        # Connections to the primary that stand in for replicas, and since when.
        self._stand_ins: weakref.WeakKeyDictionary[Connection, float] = weakref.WeakKeyDictionary()
        # Replicas that said that they can not answer now, and until when they are left alone.
        self._left_alone: dict[Location, float] = {}
        self._preferred: frozenset[Location] = frozenset()
        # What is being connected to.
        self._dialing: dict[Interruption, Location] = {}
        super().__init__(service_name, discovery, config, pool_config, watcher)

    @property
    def measures(self) -> bool:
        """Whether replicas are chosen by what has to be measured."""
        return self._choice.measures

    @property
    def spreads(self) -> bool:
        """Yes: over the replicas."""
        return True

    @property
    def width(self) -> int:
        """How many replicas were there to choose from when the last connection was made."""
        return self._width

    def connect(self, first: Command[Any] | None = None) -> Connection:  # noqa: ARG002 - several may be connected to
        """Ask the Sentinels, connect, and verify the role; see `Discovery` for how long that can take.

        Raises:
            ReplicaNotFoundError: if neither a replica nor the primary can be had.
        """
        self.watch()
        self._survey.watch(self)
        good, left_alone = self._in_order()
        failures: list[RedisError] = []
        lost: Connection | None = None
        try:
            for view in good:
                connection = self._try(view.location, failures)
                if connection is None:
                    continue
                if connection.link in ("connected", None):
                    return connection
                if not view.offset or connection.link == "sync":  # it holds nothing, or is just replacing it
                    left_alone.append(view)
                    connection.close()
                elif lost is None:
                    lost = connection
                else:
                    connection.close()
            if lost is not None:
                found, lost = lost, None
                return found
        finally:
            if lost is not None:
                lost.close()
            if failures:
                self._discovery.doubt(self.service_name)
        return self._connect_to_stand_in(left_alone, failures)

    def reconsider(self) -> None:
        """Learn that replicas came or went: look at once which there are. Never blocks."""
        self._discovery.forget(self.service_name)
        self._survey.look_soon()

    def note_failure(self, connection: Connection, error: RedisError) -> None:
        """Doubt what is known after errors that a failover causes."""
        if isinstance(error, ReadOnlyError):
            error.transient = False  # a write to a replica is the caller's mistake, and no failover
        elif isinstance(error, ServerStateError):
            connection.close()
            with self._state.lock:
                self._left_alone[connection.config.location] = time.monotonic() + STAND_IN
        super().note_failure(connection, error)

    def return_connection(self, connection: Connection) -> None:
        """As `ConnectionPool.return_connection`, but let a primary stand in for the replicas only for a while."""
        if self._stand_ins and self._stood_in(connection):
            connection.close()
        super().return_connection(connection)

    def is_current(self, connection: Connection) -> bool:
        """As `ConnectionPool.is_current`, but not for a primary that has stood in for the replicas for a while."""
        return super().is_current(connection) and not (self._stand_ins and self._stood_in(connection))

    def _leave(self) -> None:
        super()._leave()
        self._survey.leave(self)

    # --- which replicas ---------------------------------------------------------------------------------

    def rebalance(self, views: Sequence[ReplicaView]) -> None:
        """Let go of connections that lead where none would be made now, as far as there is a better place. Never blocks.

        Those that are lent are closed when they come back; calls that may hang at a replica that is down are broken off.
        """
        preferred = {view.location for view in self._choice.preferred(views)}
        if not preferred:
            return
        down = {view.location for view in views if not view.in_service}
        with self._state.lock:
            leading = [each for each in self._state.connections() if each not in self._stand_ins]
            stay: dict[Location, list[Connection]] = {location: [] for location in preferred}
            leave: list[Connection] = []
            for connection in leading:
                stay.get(connection.config.location, leave).append(connection)
            if self._choice.spreads or not preferred <= self._preferred:
                leave += _surplus(stay)
            self._preferred = frozenset(preferred)
            for connection in leave:
                connection.generation = _RETIRED
            futile = [dialing for dialing, location in self._dialing.items() if location in down]
        self._close_outdated()
        for connection in leave:
            if connection.config.location in down:
                connection.interrupt(_found_down(connection.config.location))
        for dialing in futile:
            dialing.interrupt()

    def _in_order(self) -> tuple[list[ReplicaView], list[ReplicaView]]:
        """Return the replicas to try in turn, and those to try only if there is nothing else, the primary included."""
        views = self._survey.measured(self, self._discovery.replicas(self.service_name, max_age=FRESH))
        now = time.monotonic()
        with self._state.lock:
            there = Counter(each.config.location for each in self._state.connections())
            self._left_alone = {location: until for location, until in self._left_alone.items() if until > now}
            left_alone = set(self._left_alone)
        order = self._choice.order(views, there, next(self._turn))
        self._width = max(1, len(order))
        return (
            [view for view in order if view.location not in left_alone],
            [view for view in order if view.location in left_alone],
        )

    # --- connecting -------------------------------------------------------------------------------------

    def _try(self, location: Location, failures: list[RedisError]) -> Connection | None:
        """Return a connection to a replica; None, and one more failure, if it can not be had."""
        try:
            connection = self._dial_breakably(location)
            if connection.role in ("replica", None):
                return connection
            connection.close()
            raise StaleReplicaError(f"{location.target} is a {connection.role}, no replica of {self.service_name!r}")
        except InterruptedCallError:
            raise
        except (ConnectionError, ServerStateError) as error:
            logger.debug("the replica %s of %r is not used: %s", location.target, self.service_name, error)
            failures.append(error)
            return None

    def _dial_breakably(self, location: Location) -> Connection:
        """Connect to a replica, unless it is found to be down meanwhile."""
        dialing, call = Interruption(), interruption.current()
        with self._state.lock:
            self._dialing[dialing] = location
        try:
            with nullcontext() if call is None else call.attached(dialing.interrupt):
                return dialing.run(lambda: self._dial(self.config.at(location), ask_role=True))
        except InterruptedCallError:
            if call is not None and call.interrupted:
                raise
            raise transport.not_applied(_found_down(location)) from None
        finally:
            with self._state.lock:
                del self._dialing[dialing]

    def _connect_to_stand_in(self, left_alone: list[ReplicaView], failures: list[RedisError]) -> Connection:
        """Return a connection to the primary, else to a replica that is hardly fit; ``failures`` tell why to no other."""
        try:
            stand_in = self._dial(self.config.at(self._discovery.primary(self.service_name, max_age=FRESH)))
            self._stand_ins[stand_in] = time.monotonic()
            return stand_in
        except InterruptedCallError:
            raise
        except (ConnectionError, ServerStateError) as error:
            self._discovery.doubt(self.service_name)
            for view in left_alone:
                connection = self._try(view.location, failures)
                if connection is not None:
                    return connection
            tried = "; ".join(str(failure) for failure in [*failures, error])
            nothing = ReplicaNotFoundError(
                f"neither a replica nor the primary of {self.service_name!r} can be had ({tried})"
            )
            nothing.transient = error.transient
            raise nothing from error

    def _stood_in(self, connection: Connection) -> bool:
        since = self._stand_ins.get(connection)
        return since is not None and time.monotonic() - since > STAND_IN


def _found_down(location: Location) -> ConnectionError:
    return ConnectionError(f"the Sentinels find {location.target} down")


def _surplus(connections: Mapping[Location, Sequence[Connection]]) -> list[Connection]:
    """Return the connections whose going would leave room for as many to each location, but for one."""
    stay = {location: list(there) for location, there in connections.items()}
    counts = {location: len(there) for location, there in stay.items()}
    going: list[Connection] = []
    while True:
        most = max(counts, key=lambda location: counts[location])
        fewest = min(counts, key=lambda location: counts[location])
        if counts[most] - counts[fewest] <= 1 or not stay[most]:
            return going
        going.append(stay[most].pop())
        counts[most] -= 1
        counts[fewest] += 1
