"""Deployments that announce IPv6 addresses or host names; URLs that lead to them. Failover included."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from syncredis import Location
from syncredis.exceptions import OutcomeUnknownError, ResponseError
from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until
from tests.sentinel.forwarders import Forwarders
from tests.sentinel.insight import port_of

NEWEST = BINARIES[sorted(BINARIES, reverse=True)[0]]


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


class Named:
    """A primary, a replica and two Sentinels, which all call their host by one name."""

    def __init__(self, host: str, stack: ExitStack) -> None:
        self.host = host
        quick = {"repl-diskless-sync": False, "hz": 50, "replica-announce-ip": host}
        self.primary = self._start(ServerProcess(NEWEST, name="primary", config=quick), stack)
        follows = {**quick, "replicaof": f"{host} {self.primary.port}"}
        self.replica = self._start(ServerProcess(NEWEST, name="replica", config=follows), stack)
        watches = [
            "resolve-hostnames yes",
            "announce-hostnames yes",
            f"announce-ip {host}",
            f"monitor mine {host} {self.primary.port} 1",
            "down-after-milliseconds mine 60000",
        ]
        self.sentinels = [
            self._start(ServerProcess(NEWEST, name=name, sentinel=True, config={"sentinel": watches}), stack)
            for name in ("one", "two")
        ]
        for sentinel in self.sentinels:  # it looks and speaks more often than every ten seconds
            sentinel.execute_command("SENTINEL", "DEBUG", "INFO-PERIOD", 250, "PUBLISH-PERIOD", 250)

    def _start(self, process: ServerProcess, stack: ExitStack) -> ServerProcess:
        stack.enter_context(process)
        if self.host == "::1":  # the processes listen on 127.0.0.1 alone
            stack.enter_context(Forwarders([process.location], same_ports_of=self.host))
        return process

    def at(self, process: ServerProcess) -> Location:
        return Location(self.host, process.port)

    def begins_failover(self) -> bool:
        """Have a Sentinel begin one; False: it does not know the replica well enough yet."""
        try:
            self.sentinels[0].execute_command("SENTINEL", "FAILOVER", "mine")
        except ResponseError:
            return False
        return True

    @property
    def url(self) -> str:
        return f"redis+sentinel://{self.at(self.sentinels[0]).target}/mine"


@pytest.fixture(params=["localhost", "::1"])
def named(request: pytest.FixtureRequest) -> Iterator[Named]:
    if request.param == "::1" and not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    with ExitStack() as stack:
        yield Named(request.param, stack)


@pytest.mark.slow
def test_names_and_addresses(surface: Surface, named: Named) -> None:
    with surface.sentinel_from_url(named.url) as sentinel:
        until(lambda: len(sentinel.discover_replicas("mine")) == 1)
        until(lambda: sentinel.discover_primary("mine") is not None and len(sentinel.sentinels) == 2)
        old = sentinel.discover_primary("mine")
        both = [named.at(named.primary), named.at(named.replica)]
        assert sorted([old, *sentinel.discover_replicas("mine")]) == sorted(both)
        assert sorted(sentinel.sentinels) == sorted(named.at(one) for one in named.sentinels)

        with surface.opened(named.url) as primary, surface.opened(named.url, role="replica") as replica:
            assert port_of(primary) == old.port
            until(lambda: port_of(replica) != old.port)  # as long as it has no data yet, it is not used
            primary.set("foo", "bar")
            until(lambda: bool(replica.get("foo") == "bar"))
            new = next(node for node in both if node != old)
            until(named.begins_failover)
            until(lambda: bool(sentinel.discover_primary("mine") == new))

            def follows() -> bool:
                try:
                    primary.set("foo", "after")
                except OutcomeUnknownError:
                    return False
                return port_of(primary) == new.port

            until(follows)
        until(lambda: sentinel.discover_replicas("mine") == [old])


def test_a_url(surface: Surface, any_deployment: SentinelDeployment) -> None:
    where = ",".join(location.target for location in any_deployment.sentinel_locations)
    url = f"redis+sentinel://{where}/myredis/2"
    with surface.opened(url) as client:
        assert port_of(client) == any_deployment.primary.port
        assert client.client_info()["db"] == "2"
    with surface.opened(f"{url}?role=replica", decode_responses=False) as replica:
        assert replica.role().role == "replica"
        assert replica.ping() is True
