"""Clients, servers and event loops for one test each, and a proxy whose connections can be watched and cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import anyio
import pytest

from syncredis import Location
from syncredis.testing import FaultProxy, ServerBinary, ServerProcess
from tests.fixtures.surfaces import Surface
from tests.fixtures.tasks import Run


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


@pytest.fixture
def proxy(server: ServerProcess) -> Iterator[FaultProxy]:
    """Leads to the server."""
    with FaultProxy(server.location) as made:
        yield made


@pytest.fixture(params=["asyncio", "uvloop", "trio"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs an async function on one of the event loops."""
    if request.param == "uvloop":
        return lambda function: anyio.run(function, backend="asyncio", backend_options={"use_uvloop": True})
    return lambda function: anyio.run(function, backend=request.param)


@pytest.fixture
def keys(server: ServerProcess) -> list[str]:
    """Keys whose value names them."""
    names = [f"key:{number}" for number in range(64)]
    server.execute_command("MSET", *(name for key in names for name in (key, key)))
    return names
