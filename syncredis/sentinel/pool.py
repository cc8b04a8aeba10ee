"""`SentinelConnectionPool`: a pool that asks the Sentinels where to connect, and verifies with ROLE what it finds there.

This is the one seam by which Sentinel enters a client. `PrimaryConnectionPool` leads to the primary,
`syncredis.sentinel.replica_pool.ReplicaConnectionPool` to the replicas.
"""

from __future__ import annotations

import logging
from typing import ClassVar

from syncredis.config import ConnectionConfig, Location, PoolConfig
from syncredis.connection import Connection
from syncredis.exceptions import (
    ConnectionError,
    InterruptedCallError,
    RedisError,
    ServerStateError,
    StalePrimaryError,
    TimeoutError,
)
from syncredis.pool import ConnectionPool
from syncredis.sentinel.discovery import FRESH, Discovery

logger = logging.getLogger(__name__)


class SentinelConnectionPool(ConnectionPool):
    """Connections to servers that the Sentinels name; the subclasses know which. Thread-safe.

    Args:
        service_name: as the Sentinels know it.
        discovery: asks them.
        config: how to connect to the servers; its location is not used.
        pool_config: how many connections to keep.
    """

    #: Whether connections lead to the primary.
    is_primary: ClassVar[bool]

    def __init__(
        self,
        service_name: str,
        discovery: Discovery,
        config: ConnectionConfig,
        pool_config: PoolConfig | None = None,
    ) -> None:
        self.service_name = service_name
        self._discovery = discovery
        super().__init__(config, pool_config)

    @property
    def _target(self) -> str:
        return f"the {'primary' if self.is_primary else 'replicas'} of {self.service_name!r}"

    def note_failure(self, connection: Connection, error: RedisError) -> None:
        """Doubt what is known after errors that a failover causes."""
        if isinstance(error, (ConnectionError, ServerStateError)):
            self._discovery.doubt(self.service_name)
        super().note_failure(connection, error)

    def close(self) -> None:
        """Close every connection, resting ones to the Sentinels included; calls in progress raise. Never blocks."""
        super().close()
        self._discovery.close()


class PrimaryConnectionPool(SentinelConnectionPool):
    """Connections to the primary of a service, whichever server that is at the time. Thread-safe."""

    is_primary = True

    def __init__(
        self,
        service_name: str,
        discovery: Discovery,
        config: ConnectionConfig,
        pool_config: PoolConfig | None = None,
    ) -> None:
        self._primary: Location | None = None
        super().__init__(service_name, discovery, config, pool_config)

    def connect(self) -> Connection:
        """Ask the Sentinels, connect, and verify the role; see `Discovery` for how long that can take.

        Raises:
            PrimaryNotFoundError: if the Sentinels lead to no primary.
            StalePrimaryError: if the server that they name says that it is none; asking again may help.
        """
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

    def note_failure(self, connection: Connection, error: RedisError) -> None:
        """Doubt what is known, and every other connection too, after errors that a failover causes."""
        if isinstance(error, ServerStateError):
            connection.close()
            self.invalidate()
        elif isinstance(error, TimeoutError):
            self.invalidate()  # a server that hangs does so for all: ask anew where to go, instead of trying each connection
        super().note_failure(connection, error)

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
