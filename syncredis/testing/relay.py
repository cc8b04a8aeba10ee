"""One connection through a proxy: two sockets, and what is on its way between them. Nothing here blocks."""

from __future__ import annotations

import selectors
import socket
import struct
from collections import deque
from contextlib import suppress
from typing import Final

from syncredis.testing.fault import Direction

_CHUNK: Final = 64 * 1024
#: Bytes that one direction holds before it takes no more, as a network would.
_WINDOW: Final = 256 * 1024
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Pump:
    """One direction of one connection: takes from ``source``, and passes on to ``sink`` what its faults let pass."""

    def __init__(self, source: socket.socket, sink: socket.socket, direction: Direction) -> None:
        self.source = source
        self.sink = sink
        self.direction = direction
        self.source_ended = False
        self.blocked = False
        self.speaks = False
        self._discarding = False
        self._on_its_way: deque[tuple[float, memoryview]] = deque()
        self._held = 0
        self._sink_ended = False
        self._not_before = 0.0  # the rate allows no more until then

    @property
    def wants_input(self) -> bool:
        """Whether there is room for more, and the end has not come."""
        hidden = self.direction.fault.black_hole and not self._discarding
        return not self.source_ended and not hidden and self._held < _WINDOW

    @property
    def holds(self) -> bool:
        """Whether something is still on its way."""
        return bool(self._on_its_way)

    def take(self, now: float) -> None:
        """Read what has come. Raises OSError if the connection broke, BlockingIOError if nothing has come after all."""
        data = self.source.recv(_CHUNK)
        if not data:
            self.source_ended = True
        elif not self._discarding:
            self._on_its_way.append((now + self.direction.fault.delay, memoryview(data)))
            self._held += len(data)

    def pass_on(self, now: float) -> float | None:
        """Send what is due. Returns when to come again, None: when something happens. Raises OSError, and `CutDue`."""
        self.blocked = False
        while self._on_its_way and not self.direction.fault.black_hole:
            due, data = self._on_its_way[0]
            if (when := max(due, self._not_before)) > now:
                return when
            if self.direction.cut_is_due:  # after no byte at all
                raise CutDue
            try:
                sent = self.sink.send(self._allowed(data))
            except BlockingIOError:
                self.blocked = True
                return None
            self._sent(sent, now)
            if self.direction.cut_is_due:
                raise CutDue
        if self.source_ended and not self._on_its_way and not self.direction.fault.black_hole:
            self._end()
        return None

    def discard(self) -> None:
        """Let everything from now on go nowhere, and tell the sink that there is no more."""
        self._discarding = True
        self._on_its_way.clear()
        self._held = 0
        self.blocked = False
        self._end()

    def _allowed(self, data: memoryview) -> memoryview:
        rate = self.direction.fault.rate
        return self.direction.damaged(data if rate is None else data[: max(1, int(rate / 100))])

    def _sent(self, count: int, now: float) -> None:
        due, data = self._on_its_way.popleft()
        if count < len(data):
            self._on_its_way.appendleft((due, data[count:]))
        self._held -= count
        self.speaks = True
        rate = self.direction.fault.rate
        if rate is not None:
            self._not_before = now + count / rate
        self.direction.count(count)

    def _end(self) -> None:
        if not self._sink_ended:
            self._sink_ended = True
            with suppress(OSError):
                self.sink.shutdown(socket.SHUT_WR)


class CutDue(Exception):
    """A connection has to end now."""


class Relay:
    """One connection of a client, and the one to the server that belongs to it. Used under the proxy's lock alone."""

    def __init__(
        self, client: socket.socket, server: socket.socket, to_server: Direction, to_client: Direction
    ) -> None:
        self.client = client
        self.server = server
        self.is_connected = False
        self.is_over = False
        self._to_server = Pump(client, server, to_server)
        self._to_client = Pump(server, client, to_client)
        self._spoke_last: Pump | None = None

    @property
    def sockets(self) -> tuple[socket.socket, socket.socket]:
        """That of the client, and that of the server."""
        return self.client, self.server

    def interest(self, side: socket.socket) -> int:
        """For which events of one of its sockets to wait."""
        if not self.is_connected:
            return _WRITE if side is self.server else 0
        outgoing, incoming = (
            (self._to_server, self._to_client) if side is self.client else (self._to_client, self._to_server)
        )
        return (_READ if outgoing.wants_input else 0) | (_WRITE if incoming.blocked else 0)

    def advance(self, side: socket.socket | None, events: int, now: float) -> float | None:
        """Go on after ``events`` on one socket, or because it is time. Returns when to come again."""
        try:
            if not self.is_connected:
                if side is not self.server:
                    return None
                self._check_connected()
            if side is not None and events & _READ:
                pump = self._to_server if side is self.client else self._to_client
                with suppress(BlockingIOError):
                    pump.take(now)
            return self._pass_on(now)
        except OSError:
            self.end(reset=True)  # one side broke: so does the other
            return None

    def cut(self) -> None:
        """End the connection in order: both sides are told, what they still say goes nowhere."""
        self._to_server.discard()
        self._to_client.discard()

    def end(self, *, reset: bool = False) -> None:
        """End the connection at once: `close` has to follow."""
        self.is_over = True
        for side in self.sockets if reset else ():
            with suppress(OSError):
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def close(self) -> None:
        """Close both sockets."""
        for side in self.sockets:
            side.close()

    def _check_connected(self) -> None:
        error = self.server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, "the server can not be reached")
        self.is_connected = True

    def _pass_on(self, now: float) -> float | None:
        times: list[float] = []
        for pump in (self._to_server, self._to_client):
            try:
                when = pump.pass_on(now)
            except CutDue:
                reset = pump.direction.fault.reset
                pump.direction.note_cut()
                if reset:
                    self.end(reset=True)
                    return None
                self.cut()
                continue
            finally:
                self._count_turn(pump)
            if when is not None:
                times.append(when)
        if self._to_server.source_ended and self._to_client.source_ended and self._is_empty():
            self.end()
        return min(times, default=None)

    def _count_turn(self, pump: Pump) -> None:
        if pump.speaks and pump is not self._spoke_last:
            self._spoke_last = pump
            pump.direction.turns += 1
        pump.speaks = False

    def _is_empty(self) -> bool:
        return not (self._to_server.holds or self._to_client.holds)
