"""TCP forwarders: each server of a deployment at another port, as behind NAT, and where a client's connections lead."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from syncredis import Location
from syncredis.connection import Connection
from tests.sentinel.insight import pool_of


class Forwarders:
    """Forwards from ports of its own to the real ones, for the time of a ``with`` block.

    Args:
        real: where to.
        same_ports_of: another address of this machine, of which the same ports are taken; None: other ports.
        delay: seconds for which everything is held on its way.

    Attributes:
        address_map: from where a server really is to where it is forwarded from.
    """

    def __init__(self, real: Iterable[Location], *, same_ports_of: str | None = None, delay: float = 0) -> None:
        self.address_map: dict[tuple[str, int], tuple[str, int]] = {}
        self._delay = delay
        self._selector = selectors.DefaultSelector()
        self._partners: dict[socket.socket, socket.socket] = {}
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, daemon=True)
        for location in real:
            if same_ports_of is None:
                listener = socket.create_server(("127.0.0.1", 0))
            else:
                listener = socket.create_server((same_ports_of, location.port), family=socket.AF_INET6)
            self._selector.register(listener, selectors.EVENT_READ, location)
            self.address_map[location] = Location(*listener.getsockname()[:2])

    def of(self, location: Location) -> Location:
        """Where a server is forwarded from."""
        return Location(*self.address_map[location])

    def all_of(self, locations: Iterable[Location]) -> list[Location]:
        return [self.of(location) for location in locations]

    def lead_everywhere(self, sentinel: Any, *clients: Any) -> bool:
        """Whether each open connection of the Sentinel object and of the clients goes through here."""
        discovery = getattr(sentinel, "wrapped", sentinel)._discovery
        pools = [*discovery._links.values(), *map(pool_of, clients)]
        used = {
            connection.config.location
            for pool in pools
            for connection in list(pool._state.slots)
            if isinstance(connection, Connection)
        }
        return bool(used) and used <= {Location(*there) for there in self.address_map.values()}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wake.send(b"x")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._wake.close()
        self._selector.close()

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                stream: Any = key.fileobj
                if stream is self._woken:
                    return
                if key.data is not None:
                    self._accept(stream, key.data)
                elif stream in self._partners:
                    self._forward(stream)

    def _accept(self, listener: socket.socket, real: Location) -> None:
        near, _ = listener.accept()
        try:
            far = socket.create_connection(real)
        except OSError:
            near.close()
            return
        for stream, partner in ((near, far), (far, near)):
            self._partners[stream] = partner
            self._selector.register(stream, selectors.EVENT_READ, None)

    def _forward(self, stream: socket.socket) -> None:
        data = b""
        with suppress(OSError):
            data = stream.recv(65536)
            if data:
                time.sleep(self._delay)
                self._partners[stream].sendall(data)
                return
        for end in (stream, self._partners[stream]):
            self._selector.unregister(end)
            del self._partners[end]
            end.close()
