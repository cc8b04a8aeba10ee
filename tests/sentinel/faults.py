"""Sentinels and servers that misbehave in ways that a real one can not be made to, and the means to time what follows."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from syncredis import Location

HOST = "127.0.0.1"

#: Seconds: a limit that a test never waits for, and one within which even a busy machine does what takes milliseconds.
NEVER, SOON = 60.0, 15.0


@contextmanager
def refusing() -> Iterator[Location]:
    """Where connections are refused: a port that is taken, and at which nobody listens."""
    with socket.socket() as held:
        held.bind((HOST, 0))
        yield Location(*held.getsockname())


@contextmanager
def silent() -> Iterator[Location]:
    """Where connections are accepted and nothing is ever answered."""
    with socket.create_server((HOST, 0)) as listener:
        yield Location(*listener.getsockname())


@contextmanager
def black_hole() -> Iterator[Location]:
    """Where connecting itself never ends: a listener whose queue is full drops what comes."""
    with socket.socket() as listener, ExitStack() as fillers:
        listener.bind((HOST, 0))
        listener.listen(0)
        location = Location(*listener.getsockname())
        for _ in range(64):
            filler = fillers.enter_context(socket.socket())
            filler.settimeout(0.1)
            try:
                filler.connect(location)
            except TimeoutError:
                break
        else:
            raise AssertionError("the queue of the listener can not be filled")
        yield location


@contextmanager
def saying(reply: bytes) -> Iterator[Location]:
    """Where every request gets the same reply, whatever it asks."""
    connected: list[socket.socket] = []

    def talk(connection: socket.socket) -> None:
        # A client that gives up an answer resets the connection.
        with connection, suppress(ConnectionError):
            while data := connection.recv(65536):
                connection.sendall(reply * data.count(b"*"))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connected.append(connection)
            talkers.append(threading.Thread(target=talk, args=(connection,)))
            talkers[-1].start()

    talkers: list[threading.Thread] = []
    with socket.create_server((HOST, 0)) as listener:
        server = threading.Thread(target=serve)
        server.start()
        try:
            yield Location(*listener.getsockname())
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.join()
            for connection in connected:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
            for talker in talkers:
                talker.join()


@contextmanager
def takes(*, at_least: float = 0.0, under: float = SOON) -> Iterator[None]:
    """Check how long the block takes; a timer of the system may be a little early."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert 0.9 * at_least <= took < under, f"{took:.3f} s"
