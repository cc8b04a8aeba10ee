"""`ReplicaConnectionPool`: connections to the replicas of a service, and to its primary while none of them can be had."""

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
    StaleReplicaError,
)
from syncredis.sentinel.discovery import FRESH, Discovery
from syncredis.sentinel.pool import SentinelConnectionPool
from syncredis.sentinel.topology import best_first
from syncredis.sentinel.watcher import Watcher

logger = logging.getLogger(__name__)

#: Seconds for which a connection to the primary stands in for one to a replica, before replicas are tried again.
STAND_IN: Final = 1.0


class ReplicaConnectionPool(SentinelConnectionPool):
    """Connections to the replicas of a service in turn, and to the primary if none can be had. Thread-safe.

    Args:
        service_name: as the Sentinels know it.
        discovery: asks them.
        config: how to connect to the servers; its location is not used.
        pool_config: how many connections to keep.
        watcher: tells the pool of changes, from its first connection on; None: it learns of them by failures.
    """

    is_primary = False

    def __init__(
        self,
        service_name: str,
        discovery: Discovery,
        config: ConnectionConfig,
        pool_config: PoolConfig | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        # Many short-lived clients shall not all begin with the same replica.
        self._turn = itertools.count(random.getrandbits(16))
        # Connections to the primary that stand in for replicas, and since when.
        self._stand_ins: weakref.WeakKeyDictionary[Connection, float] = weakref.WeakKeyDictionary()
        super().__init__(service_name, discovery, config, pool_config, watcher)

    def connect(self) -> Connection:
        """Ask the Sentinels, connect, and verify the role; see `Discovery` for how long that can take.

        Raises:
            ReplicaNotFoundError: if neither a replica nor the primary can be had.
        """
        self.watch()
        views = self._discovery.replicas(self.service_name, max_age=FRESH)
        failures: list[RedisError] = []
        for location in best_first(views, next(self._turn)):
            try:
                return self._connect_to_one(location)
            except InterruptedCallError:
                raise
            except ConnectionError as error:
                logger.debug("the replica %s of %r is not used: %s", location.target, self.service_name, error)
                failures.append(error)
        if failures:
            self._discovery.doubt(self.service_name)
        return self._connect_to_stand_in(failures)

    def reconsider(self) -> None:
        """Learn that replicas came or went: the next connection is made by a fresh answer. Never blocks."""
        self._discovery.forget(self.service_name)

    def note_failure(self, connection: Connection, error: RedisError) -> None:
        """Doubt what is known after errors that a failover causes."""
        if isinstance(error, ReadOnlyError):
            error.transient = False  # a write to a replica is the caller's mistake, and no failover
        elif isinstance(error, ServerStateError):
            connection.close()
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

    def _connect_to_one(self, location: Location) -> Connection:
        connection = self._dial(self.config.at(location), ask_role=True)
        if connection.role not in ("replica", None):
            connection.close()
            raise StaleReplicaError(f"{location.target} is a {connection.role}, no replica of {self.service_name!r}")
        return connection

    def _connect_to_stand_in(self, failures: list[RedisError]) -> Connection:
        """Return a connection to the primary; ``failures`` tell why it is none to a replica."""
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
