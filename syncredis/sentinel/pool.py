"""`SentinelConnectionPool`: a pool that asks the Sentinels where to connect, and verifies with ROLE what it finds there.

This is the one seam by which Sentinel enters a client.
"""

from __future__ import annotations

import itertools
import logging
import random
import time
import weakref
from typing import Final

from syncredis.config import ConnectionConfig, Location, PoolConfig
from syncredis.connection import Connection
from syncredis.exceptions import (
    ConnectionError,
    InterruptedCallError,
    ReadOnlyError,
    RedisError,
    ReplicaNotFoundError,
    ServerStateError,
    StalePrimaryError,
    StaleReplicaError,
    TimeoutError,
)
from syncredis.pool import ConnectionPool
from syncredis.sentinel.discovery import FRESH, Discovery
from syncredis.sentinel.topology import best_first

logger = logging.getLogger(__name__)

#: Seconds for which a connection to the primary stands in for one to a replica, before replicas are tried again.
STAND_IN: Final = 1.0


class SentinelConnectionPool(ConnectionPool):
    """Connections to the primary of a service, or to its replicas. Thread-safe.

    Args:
        service_name: as the Sentinels know it.
        discovery: asks them.
        config: how to connect to the servers; its location is not used.
        pool_config: how many connections to keep.
        is_primary: whether connections lead to the primary; otherwise to the replicas in turn, and to the primary if none
            can be had.
    """

    def __init__(
        self,
        service_name: str,
        discovery: Discovery,
        config: ConnectionConfig,
        pool_config: PoolConfig | None = None,
        *,
        is_primary: bool = True,
    ) -> None:
        self.service_name = service_name
        self.is_primary = is_primary
        self._discovery = discovery
        # Many short-lived clients shall not all begin with the same replica.
        self._turn = itertools.count(random.getrandbits(16))
        self._primary: Location | None = None
        # Connections to the primary that stand in for replicas, and since when.
        self._stand_ins: weakref.WeakKeyDictionary[Connection, float] = weakref.WeakKeyDictionary()
        super().__init__(config, pool_config)

    @property
    def _target(self) -> str:
        return f"the {'primary' if self.is_primary else 'replicas'} of {self.service_name!r}"

    def connect(self) -> Connection:
        """Ask the Sentinels, connect, and verify the role; see `Discovery` for how long that can take.

        Raises:
            PrimaryNotFoundError: if the Sentinels lead to no primary.
            StalePrimaryError: if the server that they name says that it is none; asking again may help.
            ReplicaNotFoundError: if neither a replica nor the primary can be had.
        """
        return self._connect_to_primary() if self.is_primary else self._connect_to_replica()

    def note_failure(self, connection: Connection, error: RedisError) -> None:
        """Doubt what is known after errors that a failover causes."""
        if isinstance(error, (ConnectionError, ServerStateError)):
            self._discovery.doubt(self.service_name)
        if not self.is_primary and isinstance(error, ReadOnlyError):
            error.transient = False  # a write to a replica is the caller's mistake, and no failover
        elif isinstance(error, ServerStateError):
            connection.close()
            if self.is_primary:
                self.invalidate()
        elif isinstance(error, TimeoutError) and self.is_primary:
            self.invalidate()  # a server that hangs does so for all: ask anew where to go, instead of trying each connection
        super().note_failure(connection, error)

    def return_connection(self, connection: Connection) -> None:
        """As `ConnectionPool.return_connection`, but let a primary stand in for the replicas only for a while."""
        if self._stand_ins:
            self._retire(connection)
        super().return_connection(connection)

    def _retire(self, connection: Connection) -> None:
        since = self._stand_ins.get(connection)
        if since is not None and time.monotonic() - since > STAND_IN:
            connection.close()

    def close(self) -> None:
        """Close every connection, resting ones to the Sentinels included; calls in progress raise. Never blocks."""
        super().close()
        self._discovery.close()

    def _connect_to_primary(self) -> Connection:
        location = self._discovery.primary(self.service_name, max_age=FRESH)
        try:
            connection = self._dial(self.config.at(location), ask_role=True)
        except InterruptedCallError:
            raise
        except ConnectionError as error:
            self._discovery.doubt(self.service_name)
            error.args = (f"{error}; the Sentinels name it as primary of {self.service_name!r}",)
            raise
        if connection.role not in ("primary", None):
            connection.close()
            self._discovery.doubt(self.service_name)
            raise StalePrimaryError(
                f"the Sentinels name {location.target} as primary of {self.service_name!r}, but it is a {connection.role}"
            )
        self._note_primary(location)
        return connection

    def _note_primary(self, location: Location) -> None:
        """Let go of an old primary, calls that hang there included, now that another one has been seen to be it."""
        with (
            self._lock
        ):  # of several threads that see it at once, one lets go: its own new connection is safe from the others
            before, self._primary = self._primary, location
        if before in (None, location):
            return
        logger.info("the primary of %r is now %s, no longer %s", self.service_name, location.target, before.target)
        self.invalidate(ConnectionError(f"the primary of {self.service_name!r} is now {location.target}"))

    def _connect_to_replica(self) -> Connection:
        views = self._discovery.replicas(self.service_name, max_age=FRESH)
        failures: list[RedisError] = []
        for location in best_first(views, next(self._turn)):
            try:
                return self._connect_to_one_replica(location)
            except InterruptedCallError:
                raise
            except ConnectionError as error:
                logger.debug("the replica %s of %r is not used: %s", location.target, self.service_name, error)
                failures.append(error)
        if failures:
            self._discovery.doubt(self.service_name)
        try:
            stand_in = self._dial(self.config.at(self._discovery.primary(self.service_name, max_age=FRESH)))
            self._stand_ins[stand_in] = time.monotonic()
            return stand_in
        except InterruptedCallError:
            raise
        except ConnectionError as error:
            self._discovery.doubt(self.service_name)
            tried = "; ".join(str(failure) for failure in [*failures, error])
            nothing = ReplicaNotFoundError(
                f"neither a replica nor the primary of {self.service_name!r} can be had ({tried})"
            )
            nothing.transient = error.transient
            raise nothing from error

    def _connect_to_one_replica(self, location: Location) -> Connection:
        connection = self._dial(self.config.at(location), ask_role=True)
        if connection.role not in ("replica", None):
            connection.close()
            raise StaleReplicaError(f"{location.target} is a {connection.role}, no replica of {self.service_name!r}")
        return connection
