"""`Line`: the shared connections of one client in one event loop; `Lines`: those in all event loops."""

from __future__ import annotations

import itertools

from syncredis.aio.loops import Loop, running_loop
from syncredis.multiplexer import Multiplexer
from syncredis.pool import ConnectionPool


class Line:
    """One connection to a server, or one for each of several that do the same.

    Attributes:
        loop: the event loop.
        only: the one connection; None if there may be several, see `next`.
        stream_timeout: seconds that an exchange may stand still; None: no limit.
    """

    __slots__ = ("_multiplexers", "_pool", "_turn", "loop", "only", "stream_timeout")

    def __init__(self, pool: ConnectionPool, loop: Loop, stream_timeout: float | None) -> None:
        self.loop = loop
        self.stream_timeout = stream_timeout
        self._pool = pool
        self._multiplexers = [Multiplexer(pool, loop, stream_timeout)]
        self._turn = itertools.count()
        self.only = None if pool.spreads else self._multiplexers[0]

    def next(self) -> Multiplexer:
        """Return the connection whose turn it is."""
        width = self._pool.width  # another thread may change it
        while len(self._multiplexers) < width:
            self._multiplexers.append(Multiplexer(self._pool, self.loop, self.stream_timeout))
        return self._multiplexers[next(self._turn) % width]


class Lines:
    """All that a pool's clients have in common. Thread-safe."""

    __slots__ = ("_pool", "all")

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        #: Replaced and never changed: each event loop is a thread of its own.
        self.all: tuple[Line, ...] = ()

    def here(self, stream_timeout: float | None) -> Line:
        """Return the line of the event loop that runs in this thread, for exchanges that may stand still for so long.

        Raises:
            RuntimeError: if none runs.
        """
        for line in self.all:
            if line.stream_timeout == stream_timeout and line.loop.is_running_here:
                return line
        new = Line(self._pool, running_loop(), stream_timeout)
        # A loop that has ended takes its connections with it.
        self.all = (*(line for line in self.all if not line.loop.has_ended), new)
        return new
