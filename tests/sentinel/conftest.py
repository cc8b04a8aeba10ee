"""Deployments in odd states, and the choice of surfaces and servers for drills that are too slow for every pair."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from syncredis import Location
from syncredis.testing import SentinelDeployment, ServerBinary, ServerProcess
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface
from tests.sentinel.faults import refusing

_KINDS = sorted(BINARIES, reverse=True)
_PAIRS = [
    (surface, kind)
    for surface in ("sync", "asyncio", "trio")
    for kind in _KINDS
    if surface == "sync" or kind == _KINDS[0]
]


class Setting(NamedTuple):
    """A surface and a kind of server."""

    surface: Surface
    binary: ServerBinary


@pytest.fixture(params=_PAIRS, ids="-".join)
def setting(request: pytest.FixtureRequest, surfaces: dict[str, Surface]) -> Setting:
    """All surfaces on one kind of server, and all kinds of server on one surface."""
    surface, kind = request.param
    return Setting(surfaces[surface], BINARIES[kind])


@pytest.fixture
def any_deployment(deployments: dict[str, SentinelDeployment]) -> SentinelDeployment:
    """One for what does not depend on the kind of server."""
    return deployments[_KINDS[0]]


class Oddities:
    """One lone Sentinel that watches services in odd states; it never sees a reason to change them.

    Attributes:
        sentinel: the Sentinel.
        alone: the primary of ``"alone"``, which has no replica.
        pair: the primary and the replica of ``"pair"``. ``"stale"`` is a service whose primary is that replica.
        nowhere: where the primary of ``"dead"`` is said to be; connections are refused there.
    """

    def __init__(self, binary: ServerBinary, stack: ExitStack) -> None:
        deployment = stack.enter_context(SentinelDeployment(1, 1, server=binary, service_name="pair", down_after=30.0))
        self.sentinel = deployment.sentinels[0]
        self.pair = deployment.primary, deployment.replicas[0]
        self.alone = stack.enter_context(ServerProcess(binary, name="alone"))
        self.nowhere = stack.enter_context(refusing())
        self.watch("alone", self.alone.location)
        self.watch("stale", self.pair[1].location)
        self.watch("dead", self.nowhere)

    @property
    def seeds(self) -> list[Location]:
        return [self.sentinel.location]

    def watch(self, service_name: str, primary: Location) -> None:
        """Have the Sentinel take ``primary`` for the primary of a service, from now on."""
        self.forget(service_name)
        # More Sentinels than there are would have to agree on a failover, so there is none.
        self.sentinel.execute_command("SENTINEL", "MONITOR", service_name, *primary, 2)

    def forget(self, service_name: str) -> None:
        names = self.sentinel.execute_command("SENTINEL", "MASTERS")
        if any(service_name in (entry.values() if isinstance(entry, dict) else entry) for entry in names):
            self.sentinel.execute_command("SENTINEL", "REMOVE", service_name)


@pytest.fixture(scope="session")
def all_oddities() -> Iterator[dict[str, Oddities]]:
    with ExitStack() as stack:
        yield {name: Oddities(binary, stack) for name, binary in BINARIES.items()}


@pytest.fixture
def oddities(all_oddities: dict[str, Oddities], server_name: str) -> Oddities:
    """Services in odd states; a test puts right what it changes."""
    return all_oddities[server_name]
