"""Clients and servers for one test each, and a wire that can be watched and cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from syncredis import Location
from syncredis.testing import ServerBinary, ServerProcess
from tests.fixtures.surfaces import Surface


@pytest.fixture
def server(server: ServerProcess) -> ServerProcess:
    """The server that the whole run shares, without what earlier tests have left there."""
    wipe(server)
    return server


@pytest.fixture
def connect(surface: Surface) -> Iterator[Callable[..., Any]]:
    """Makes clients of the surface: ``connect(server, **options)``, or ``connect(**options)``; they are closed in the end."""
    made: list[Any] = []

    def make(target: ServerProcess | Location | None = None, **options: Any) -> Any:
        location = target.location if isinstance(target, ServerProcess) else target
        made.append(surface.Redis(*(location or ()), **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def start(binary: ServerBinary) -> Iterator[Callable[..., ServerProcess]]:
    """Starts servers of the kind, for this test alone: ``start(password="x", config={...})``."""
    with ExitStack() as running:
        yield lambda **options: running.enter_context(ServerProcess(binary, **options))


def pool_of(client: Any) -> Any:
    """The pool of a client of any surface."""
    client = getattr(client, "facade", client)
    return getattr(client, "wrapped", client).pool


def wipe(server: ServerProcess) -> None:
    server.execute_command("FLUSHALL")


class Wire:
    """Passes on what a client and a server say to each other, and watches.

    Attributes:
        round_trips: how often the client spoke after the server had, or first.
        connections: how many there were.
        cut: what happens to the next request: "before" the server gets it, or "after" it has answered, the connection is
            closed instead; then it is None again, unless ``always``.
    """

    def __init__(self, server: Location) -> None:
        self.round_trips = 0
        self.connections = 0
        self.cut: str | None = None
        self.always = False
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.location = Location(*self._listener.getsockname())
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        for end in [self._listener, *self._ends]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                self.connections += 1
                self._ends += [client, server]
                self._threads.append(threading.Thread(target=self._pass_on, args=(client, server), daemon=True))
                self._threads[-1].start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        """Both ways in one thread, so that turns can be counted."""
        asked = threading.Event()
        back = threading.Thread(target=self._pass_back, args=(client, server, asked), daemon=True)
        back.start()
        with client, suppress(OSError):
            while request := client.recv(1 << 20):
                if self._cuts("before"):
                    break
                if not asked.is_set():
                    asked.set()
                    self.round_trips += 1
                server.sendall(request)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        back.join()

    def _cuts(self, moment: str) -> bool:
        if self.cut != moment:
            return False
        if not self.always:
            self.cut = None
        return True

    def _pass_back(self, client: socket.socket, server: socket.socket, asked: threading.Event) -> None:
        with server, suppress(OSError):
            while reply := server.recv(1 << 20):
                if self._cuts("after"):
                    break
                asked.clear()
                client.sendall(reply)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wire(server: ServerProcess) -> Iterator[Wire]:
    """Leads to the server."""
    made = Wire(server.location)
    yield made
    made.close()
