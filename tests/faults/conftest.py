"""Servers behind a proxy, for tests that break connections at will."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncredis import Redis
from syncredis.testing import FaultProxy, ServerProcess
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface

#: The newest of each make: what the others would add is the same again.
KINDS = sorted(BINARIES, reverse=True)
_PAIRS = [
    (surface, kind)
    for surface in ("sync", "asyncio", "trio")
    for kind in KINDS
    if surface == "sync" or kind == KINDS[0]
]


@pytest.fixture(params=_PAIRS, ids="-".join)
def _pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    """All surfaces on one kind of server, and all kinds of server on one surface."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def surface(_pair: tuple[str, str], surfaces: dict[str, Surface]) -> Surface:
    return surfaces[_pair[0]]


@pytest.fixture
def server(_pair: tuple[str, str], servers: dict[str, ServerProcess]) -> ServerProcess:
    server = servers[_pair[1]]
    server.execute_command("FLUSHALL")
    return server


@pytest.fixture
def each_server(server_name: str, servers: dict[str, ServerProcess]) -> ServerProcess:
    """A server of every kind in turn, emptied: where the surface does not matter."""
    server = servers[server_name]
    server.execute_command("FLUSHALL")
    return server


@pytest.fixture
def direct(server: ServerProcess) -> Iterator[Redis[str]]:
    """A client past the proxy, to find out what has happened."""
    with server.client() as client:
        yield client


@pytest.fixture
def proxy(server: ServerProcess) -> Iterator[FaultProxy]:
    with FaultProxy(server.location) as made:
        yield made


@pytest.fixture
def connect(surface: Surface, proxy: FaultProxy) -> Iterator[Callable[..., Any]]:
    """Makes clients of the surface, through the proxy: ``connect(**options)``; they are closed in the end."""
    made: list[Any] = []

    def make(**options: Any) -> Any:
        made.append(surface.Redis(*proxy.location, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told of an exception that strikes a thread in a destructor, or at its end.

    Pytest would make its report in that thread, and fail the test if another exception strikes there.
    """
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
