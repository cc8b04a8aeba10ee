"""`FaultProxy`: stands between clients and a server, and does to their connections what networks do."""

from __future__ import annotations

import errno
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from syncredis import Location
from syncredis.testing.errors import NotReadyError, ServerProcessError
from syncredis.testing.fault import NO_FAULT, Direction, Fault
from syncredis.testing.ports import HOST, PortReservation
from syncredis.testing.relay import Relay

_BACKLOG: Final = 1024
_READ: Final = selectors.EVENT_READ


class FaultProxy:
    """Forwards TCP connections to one server, and can delay, throttle, corrupt, cut, reset, hold back and refuse them::

        with FaultProxy(server.location) as proxy:
            client = Redis(*proxy.location)
            proxy.to_client = Fault(cut_after=3)  # the third byte of a reply is the last one that arrives

    It listens on a free port of the loopback interface, the same one until `close`. One thread serves all connections.
    Faults are set at any time, from any thread, and hold for the connections that exist as well as for new ones; one that
    has been set is in force when the assignment returns.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        """Listen, and forward to ``target`` (host and port), which need not exist yet.

        Raises OSError if the host has no address, or the system no port.
        """
        found = socket.getaddrinfo(*target, type=socket.SOCK_STREAM)[0]
        self._family: int = found[0]
        self._address: Any = found[4]
        self._to_server, self._to_client = Direction(), Direction()
        self._relays: list[Relay] = []
        self._interests: dict[socket.socket, int] = {}
        self._accepted = 0
        # Guards what follows; everything else belongs to the thread.
        self._changed = threading.Condition(threading.Lock())
        self._orders: list[Callable[[], None]] = []
        self._closing = self._over = False
        self._reservation = PortReservation()
        self._listener: socket.socket | None = _listen(self._reservation.port)
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._woken, _READ)
        self._selector.register(self._listener, _READ)
        self._thread = threading.Thread(target=self._run, name=f"syncredis-proxy-{self.location.port}", daemon=True)
        self._thread.start()

    # -- where it is and what it has seen

    @property
    def location(self) -> Location:
        """Host and port for clients."""
        return Location(HOST, self._reservation.port)

    @property
    def accepted(self) -> int:
        """How many connections clients have made so far."""
        return self._accepted

    @property
    def connections(self) -> int:
        """How many connections there are now; one that was cut counts until both sides have closed it."""
        return len(self._relays)

    @property
    def bytes_to_server(self) -> int:
        """How many bytes have been passed on to the server so far."""
        return self._caught_up(self._to_server).passed

    @property
    def bytes_to_client(self) -> int:
        """How many bytes have been passed on to clients so far."""
        return self._caught_up(self._to_client).passed

    @property
    def round_trips(self) -> int:
        """How often a client has spoken so far, first or after it had got a reply; not how many commands that were."""
        return self._caught_up(self._to_server).turns

    @property
    def struck(self) -> int:
        """How many connections ``cut_after`` has cut, and bytes ``corrupt_at`` has corrupted, so far."""
        return self._caught_up(self._to_server).struck + self._to_client.struck

    # -- faults

    @property
    def to_server(self) -> Fault:
        """What befalls the requests; assign another one to change that."""
        return self._to_server.fault

    @to_server.setter
    def to_server(self, fault: Fault) -> None:
        self._order(lambda: self._to_server.suffer(fault))

    @property
    def to_client(self) -> Fault:
        """What befalls the replies; assign another one to change that."""
        return self._to_client.fault

    @to_client.setter
    def to_client(self, fault: Fault) -> None:
        self._order(lambda: self._to_client.suffer(fault))

    def partition(self) -> None:
        """Let nothing pass in either direction from now on. What is sent meanwhile arrives after `heal`."""
        self._order(lambda: self._suffer(Fault(black_hole=True)))

    def refuse(self) -> None:
        """Refuse new connections from now on; those that exist stay."""
        self._order(self._stop_listening)

    def cut(self) -> None:
        """End every connection that exists in order; what is on its way arrives nowhere."""
        self._order(lambda: self._end(reset=False))

    def reset(self) -> None:
        """Reset every connection that exists."""
        self._order(lambda: self._end(reset=True))

    def heal(self) -> None:
        """End every fault. Connections that were cut stay so."""
        self._order(self._heal)

    def wait_until_idle(self, timeout: float = 20.0) -> None:
        """Block until no connection is left: the server has then read all that arrived there.

        Raises NotReadyError after ``timeout`` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self._relays, timeout):
                raise NotReadyError(f"{len(self._relays)} connections are still open after {timeout:g} s")

    def close(self) -> None:
        """End all connections, free the port and end the thread. May be called again."""
        with self._changed:
            self._closing = True
            if not self._over:
                self._wake()
        if threading.current_thread() is not self._thread:  # a finalizer may run in any
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        host, port = self._address[:2]
        return f"<{type(self).__name__} on port {self.location.port} for {host}:{port}, {self.connections} connections>"

    def _caught_up(self, direction: Direction) -> Direction:
        """Return the direction once everything is counted that anybody can have seen."""
        with suppress(ServerProcessError):  # closed: it has been
            self._order(lambda: None)
        return direction

    def _order(self, order: Callable[[], None]) -> None:
        """Have the thread do something, and block until it is done."""
        with self._changed:
            if self._closing or self._over:
                raise ServerProcessError("the proxy is closed")
            self._orders.append(order)
            self._wake()
            self._changed.wait_for(lambda: order not in self._orders or self._over)

    def _wake(self) -> None:
        with suppress(BlockingIOError):  # full: it is awake
            self._waker.send(b"x")

    # -- the thread

    def _run(self) -> None:
        due: float | None = None
        try:
            while not self._closing:
                ready = self._selector.select(None if due is None else max(0.0, due - time.monotonic()))
                due = self._round({key.fileobj: event for key, event in ready})
        finally:
            self._give_back()

    def _round(self, events: dict[Any, int]) -> float | None:
        """Do what was ordered, what follows from ``events``, and what is due; return what is due next."""
        if self._woken in events:
            self._woken.recv(4096)
        due = self._advance(events)
        with self._changed:
            orders = list(self._orders)
            for order in orders:
                order()
            if orders:
                due = self._advance({})
            over = [relay for relay in self._relays if relay.is_over]
            for relay in over:
                self._relays.remove(relay)
            if self._listener in events:
                self._accept()
            self._orders.clear()
            if orders or over:
                self._changed.notify_all()
        return due

    def _advance(self, events: dict[Any, int]) -> float | None:
        now = time.monotonic()
        times: list[float] = []
        for relay in self._relays:
            for side in relay.sockets:
                if side in events and not relay.is_over:
                    relay.advance(side, events[side], now)
            if not relay.is_over and (due := relay.advance(None, 0, now)) is not None:
                times.append(due)
            self._watch(relay)
        return min(times, default=None)

    def _watch(self, relay: Relay) -> None:
        """Wait for what the connection wants to be told of."""
        for side in relay.sockets:
            wanted = 0 if relay.is_over else relay.interest(side)
            known = self._interests.pop(side, 0)
            if wanted:
                self._interests[side] = wanted
            if wanted and not known:
                self._selector.register(side, wanted)
            elif known and not wanted:
                self._selector.unregister(side)
            elif wanted != known:
                self._selector.modify(side, wanted)
        if relay.is_over:
            relay.close()

    def _accept(self) -> None:
        while self._listener is not None:
            try:
                client, _ = self._listener.accept()
            except OSError:  # nobody is waiting, or went again
                return
            self._accepted += 1
            server = socket.socket(self._family)
            for side in (client, server):
                side.setblocking(False)
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            relay = Relay(client, server, self._to_server, self._to_client)
            self._relays.append(relay)
            if server.connect_ex(self._address) not in (0, errno.EINPROGRESS):
                relay.end(reset=True)
            self._watch(relay)

    def _suffer(self, fault: Fault) -> None:
        self._to_server.suffer(fault)
        self._to_client.suffer(fault)

    def _heal(self) -> None:
        self._suffer(NO_FAULT)
        if self._listener is None:
            self._listener = _listen(self._reservation.port)
            self._selector.register(self._listener, _READ)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._listener = None

    def _end(self, *, reset: bool) -> None:
        for relay in self._relays:
            if reset:
                relay.end(reset=True)
            else:
                relay.cut()

    def _give_back(self) -> None:
        with self._changed:
            self._stop_listening()
            for relay in self._relays:
                relay.end()
                self._watch(relay)
            self._relays.clear()
            self._selector.close()
            for side in (self._waker, self._woken):
                side.close()
            self._reservation.close()
            self._over = True
            self._changed.notify_all()


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener
