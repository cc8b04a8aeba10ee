"""`SentinelConnectionPool`: a pool that asks the Sentinels where to connect, and verifies with ROLE what it finds there.

This is the one seam by which Sentinel enters a client. `PrimaryConnectionPool` leads to the primary,
`syncredis.sentinel.replica_pool.ReplicaConnectionPool` to the replicas.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import nullcontext
from typing import Any, ClassVar, Final

from syncredis import interruption
from syncredis.command import Command
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
from syncredis.pool_slot import Slot
from syncredis.sentinel.discovery import FRESH, Discovery
from syncredis.sentinel.watcher import Watcher

logger = logging.getLogger(__name__)

#: How many connections are made at the same time while other callers wait for one: after a failover everybody wants one.
_MOST_CONNECTING: Final = 8


class SentinelConnectionPool(ConnectionPool):
    """Connections to servers that the Sentinels name; the subclasses know which. Thread-safe.

    Args:
        service_name: as the Sentinels know it.
        discovery: asks them.
        config: how to connect to the servers; its location is not used.
        pool_config: how many connections to keep.
        watcher: tells the pool of changes, from its first connection on; None: it learns of them by failures.
    """

    #: Whether connections lead to the primary.
    is_primary: ClassVar[bool]

    most_connecting = _MOST_CONNECTING

    def __init__(
        self,
        service_name: str,
        discovery: Discovery,
        config: ConnectionConfig,
        pool_config: PoolConfig | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self.service_name = service_name
        self._discovery = discovery
        self._watcher = watcher
        super().__init__(config, pool_config)

    @property
    def _target(self) -> str:
        return f"the {'primary' if self.is_primary else 'replicas'} of {self.service_name!r}"

    def describe_server(self) -> dict[str, Any]:
        """Return what reports to ``observers`` say about the server."""
        return {"server": self._known_server, "db": self.config.db, "service_name": self.service_name}

    @property
    def _known_server(self) -> Location | None:
        """Where connections lead now, if that is one place, and known."""
        return None

    def note_failure(self, connection: Connection, error: RedisError) -> None:
        """Doubt what is known after errors that a failover causes."""
        if isinstance(error, (ConnectionError, ServerStateError)):
            self._discovery.doubt(self.service_name)
        super().note_failure(connection, error)

    def watch(self) -> None:
        """Have the watcher tell this pool of changes, from now on until `close`. Never blocks."""
        if self._watcher is not None:
            self._watcher.join(self)

    def close(self) -> None:
        """Close every connection, resting ones to the Sentinels included; calls in progress raise. Never blocks."""
        super().close()
        self._leave()
        self._discovery.close()

    def _leave(self) -> None:
        """Be told of nothing any more. Never blocks."""
        if self._watcher is not None:
            self._watcher.leave(self)

    def _connect_in(self, slot: Slot, first: Command[Any] | None = None) -> Connection:
        """As `ConnectionPool._connect_in`; but what began before `close`, and joins the watcher after it, leaves it again."""
        closed = self.closed_since(self.times_closed)
        try:
            return super()._connect_in(slot, first)
        finally:
            if closed() and not self._state.connections():
                self._leave()


class PrimaryConnectionPool(SentinelConnectionPool):
    """Connections to the primary of a service, whichever server that is at the time. Thread-safe."""

    is_primary = True

    def __init__(
        self,
        service_name: str,
        discovery: Discovery,
        config: ConnectionConfig,
        pool_config: PoolConfig | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self._primary: Location | None = None
        self._trouble_since: float | None = None
        self._forget_moves()
        super().__init__(service_name, discovery, config, pool_config, watcher)
        if watcher is not None:
            self.gate = watcher.gate(service_name)

    @property
    def _known_server(self) -> Location | None:
        return self._primary

    def connect(self, first: Command[Any] | None = None) -> Connection:
        """Ask the Sentinels, connect, and verify the role; see `Discovery` for how long that can take.

        Raises:
            PrimaryNotFoundError: if the Sentinels lead to no primary.
            StalePrimaryError: if the server that they name says that it is none; asking again may help.
        """
        self.watch()
        location = self._discovery.primary(self.service_name, max_age=FRESH)
        try:
            connection = self._dial(self.config.at(location), ask_role=True, first=first)
        except InterruptedCallError:
            raise
        except ConnectionError as error:
            self._discovery.doubt(self.service_name)
            error.args = (f"{error}; the Sentinels name it as primary of {self.service_name!r}",)
            raise
        if connection.role not in ("primary", None):
            connection.close()
            self._discovery.succession(self.service_name).withdraw(location)
            self._discovery.doubt(self.service_name)
            raise StalePrimaryError(
                f"the Sentinels name {location.target} as primary of {self.service_name!r}, but it is a {connection.role}"
            )
        if not self._note_primary(location):
            connection.close()
            raise StalePrimaryError(f"{location.target} was replaced as primary of {self.service_name!r} meanwhile")
        return connection

    def follow(self, location: Location) -> float | None:
        """Go where the primary is now: let go of the old one at once, calls in progress there included. Never blocks.

        Returns:
            Since when calls have failed or hung there, by `time.monotonic`; None: they have not.
        """
        with self._state.lock:
            before, self._primary = self._primary, location
            trouble, self._trouble_since = self._trouble_since, None
            hung = [each.last_used for each in self._state.connections() if not (each.in_step or each.waits)]
        if before != location:
            with self._moving:
                self._moves += 1
                self._moved.notify_all()
        if before in (None, location):
            return None
        self._let_go(location)
        return min([*hung, *([] if trouble is None else [trouble])], default=None)

    def waiting(self) -> list[int]:
        """Return by what numbers the server knows the connections on which it may be holding a reply back. Never blocks."""
        with self._state.lock:
            numbers = [each.client_id for each in self._state.connections() if each.waits and not each.listens]
        return [number for number in numbers if number is not None]

    def _start_anew(self) -> None:
        super()._start_anew()
        self._forget_moves()

    def _forget_moves(self) -> None:
        # Wakes those who pause: the primary is another one now. The lock is always entered by itself: see `syncredis.alarm`
        # for what may strike in a Condition's own `with`.
        self._moving = threading.RLock()
        self._moved = threading.Condition(self._moving)
        self._moves = 0

    def pause(self, seconds: float) -> None:
        """Block between two attempts of a call, for at most ``seconds``, or until it is learnt that the primary has changed.

        Raises:
            InterruptedCallError: if the running call is interrupted.
        """
        call, moves = interruption.current(), self._moves
        with nullcontext() if call is None else call.attached(self._wake), self._moving:
            self._moved.wait_for(lambda: self._moves != moves or (call is not None and call.interrupted), seconds)
        if call is not None and call.interrupted:
            raise interruption.interrupted_before("it was tried again")

    def _wake(self) -> None:
        with self._moving:
            self._moved.notify_all()

    def abandon(self, reason: str) -> None:
        """Let go of the primary at once, calls in progress included: it is no longer certain that it is one. Never blocks."""
        with self._state.lock:
            self._primary = None
        self._discovery.forget(self.service_name)
        self.invalidate(ConnectionError(f"the primary of {self.service_name!r} was left: {reason}"))

    def prewarm(self) -> None:
        """Have a connection ready for whoever comes next. Blocks while it is made.

        Raises:
            RedisError: if that fails.
        """
        self.return_connection(self.lease())

    def note_failure(self, connection: Connection, error: RedisError) -> None:
        """Doubt what is known, and every other connection too, after errors that a failover causes."""
        if self._trouble_since is None and isinstance(error, (ConnectionError, ServerStateError)):
            self._trouble_since = time.monotonic()
        # One that leads to a primary which was left already says nothing about the others.
        is_current = connection.generation == self._state.generation
        if isinstance(error, ServerStateError):
            connection.close()
            if is_current:
                self.invalidate()
        elif isinstance(error, TimeoutError) and is_current:
            self.invalidate()  # a server that hangs does so for all: ask anew where to go, instead of trying each connection
        super().note_failure(connection, error)

    def _note_primary(self, location: Location) -> bool:
        """Let go of an old primary, calls that hang there included, now that another one has been seen to be it.

        Returns whether it still is. Whoever learns that it is not says so to the `Succession` first, and to `follow` second.
        """
        succession = self._discovery.succession(self.service_name)
        # Of several threads that see it at once, one lets go: its own new connection is safe from the others.
        with self._state.lock:
            if not succession.is_primary(location):
                return False
            before, self._primary = self._primary, location
            self._trouble_since = None
        if before not in (None, location):
            self._let_go(location)
        return True

    def _let_go(self, location: Location) -> None:
        logger.info("the primary of %r is now %s", self.service_name, location.target)
        self.invalidate(ConnectionError(f"the primary of {self.service_name!r} is now {location.target}"))
