"""`Reserve`: the place of one connection beyond a pool's limit, for a multiplexer.

However many callers have leased all that a pool has, for as long as they like, those who share a connection go on.

While nobody uses it, the connection rests here and not on the pool's shelf; all else - where it leads, whether it may still
be used, how it ends - is the pool's.
"""

from __future__ import annotations

import time
from collections import deque

from syncredis.connection import Connection
from syncredis.pool import ConnectionPool


class Reserve:
    """One connection of a pool, beyond its limit. `lease` and `return_connection` belong to one owner; the rest is the pool's.

    Args:
        pool: whose connection it is.
    """

    __slots__ = ("__weakref__", "_pool", "_rests")

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        # At most one. A deque, because its `pop` is atomic: the owner may want it at the moment when the pool lets go of it.
        self._rests: deque[Connection] = deque()
        pool.add_reserve(self)

    def lease_now(self) -> Connection | None:
        """Return the connection if there is one that can be used; never blocks."""
        connection = self._take()
        if connection is None:
            return None
        if connection.credentials_are_old:  # it has to authenticate anew, which blocks
            self._rests.append(connection)
            return None
        return connection if self._pool.is_fresh(connection, time.monotonic()) else None

    def lease(self) -> Connection:
        """Return the connection; make it if need be. Blocks for at most ``connect_timeout``, discovery aside.

        Raises:
            ConnectionError, TimeoutError, ResponseError: if it had to be made and that failed.
        """
        connection = self._take()
        if connection is not None and connection.credentials_are_old:
            connection.make_blocking()  # an event loop may have watched it last, and it is about to authenticate
        if connection is not None and self._pool.is_fresh(connection, time.monotonic()):
            return connection
        return self._pool.connect_apart()

    def return_connection(self, connection: Connection) -> None:
        """Take the connection back. Never blocks. It is closed if it is out of step, or no longer leads where it should."""
        if not connection.in_step or not self._pool.is_current(connection):
            self._pool.discard(connection)
            return
        connection.last_used = time.monotonic()
        self._rests.append(connection)
        if not self._pool.is_current(connection):  # invalidated between the check and now
            self.let_go()

    def _take(self) -> Connection | None:
        try:
            return self._rests.pop()
        except IndexError:
            return None

    @property
    def resting(self) -> Connection | None:
        """The connection, while nobody uses it."""
        try:
            return self._rests[0]
        except IndexError:
            return None

    def let_go(self) -> None:
        """Close the connection if it rests. Never blocks."""
        while self._rests:
            try:
                self._pool.discard(self._rests.pop())
            except IndexError:  # somebody else has got it meanwhile
                return

    def after_fork_in_child(self) -> None:
        """Forget the parent's connection, and close this process's copy of it."""
        while self._rests:
            self._rests.pop().close_in_child()
