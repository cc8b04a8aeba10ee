"""Everything behind port-shifting forwarders, failover included: no announced address is ever connected to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from syncredis import Location
from syncredis.exceptions import ConfigurationError, OutcomeUnknownError, PrimaryNotFoundError, ReplicaNotFoundError
from syncredis.sentinel.address_map import AddressMap
from syncredis.testing import SentinelDeployment
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until
from tests.fixtures.tls import Certificates
from tests.sentinel.faults import NEVER
from tests.sentinel.forwarders import Forwarders
from tests.sentinel.insight import port_of

NEWEST = BINARIES[sorted(BINARIES, reverse=True)[0]]
PATIENT = {"connect_timeout": NEVER, "stream_timeout": NEVER}


@pytest.fixture
def forwarders(any_deployment: SentinelDeployment) -> Iterator[Forwarders]:
    with Forwarders(process.location for process in (*any_deployment.nodes, *any_deployment.sentinels)) as running:
        yield running


@pytest.mark.parametrize("form", [lambda table: table, lambda table: lambda announced: table[announced]])
def test_primary_replicas_and_sentinels(
    surface: Surface, any_deployment: SentinelDeployment, forwarders: Forwarders, form: Callable[[Any], AddressMap]
) -> None:
    any_deployment.primary.execute_command("SET", "foo", "bar")
    seed = forwarders.of(any_deployment.sentinels[0].location)
    with surface.Sentinel([seed], sentinel_kwargs=PATIENT, address_map=form(forwarders.address_map)) as sentinel:
        assert sentinel.discover_primary("myredis") == forwarders.of(any_deployment.primary.location)
        replicas = forwarders.all_of(replica.location for replica in any_deployment.replicas)
        assert sorted(sentinel.discover_replicas("myredis")) == sorted(replicas)
        assert sorted(sentinel.sentinels) == sorted(forwarders.all_of(any_deployment.sentinel_locations))
        with sentinel.primary_for("myredis") as primary, sentinel.replica_for("myredis") as replica:
            assert port_of(primary) == any_deployment.primary.port
            assert port_of(replica) in [node.port for node in any_deployment.replicas]
            assert forwarders.lead_everywhere(sentinel, primary, replica)


def test_what_a_mapping_does_not_hold_stays_as_it_is(surface: Surface, any_deployment: SentinelDeployment) -> None:
    elsewhere = {("10.0.0.1", 1): ("10.0.0.2", 2)}
    with surface.Sentinel(any_deployment.sentinel_locations, address_map=elsewhere) as sentinel:
        assert sentinel.discover_primary("myredis") == any_deployment.primary.location


@pytest.mark.parametrize(
    ("address_map", "message"),
    [
        (lambda _: None, "None is no (host, port)"),
        (lambda announced: (announced.host, "6379"), "is no (host, port)"),
        (lambda _: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_a_function_that_fails(
    surface: Surface, any_deployment: SentinelDeployment, address_map: AddressMap, message: str
) -> None:
    """It is said which address it failed for, by each question."""
    with surface.Sentinel(any_deployment.sentinel_locations, address_map=address_map) as sentinel:
        for ask, error in (
            (sentinel.discover_primary, PrimaryNotFoundError),
            (sentinel.discover_replicas, ReplicaNotFoundError),
        ):
            with pytest.raises(error) as caught:
                ask("myredis")
            assert "no Sentinel can say where 'myredis' is" in str(caught.value)
            assert "address_map" in str(caught.value)
            assert message in str(caught.value)


def test_a_function_that_fails_for_one_replica_does_not_end_the_watching(surface: Surface) -> None:
    """The watcher translates what it hears; each word about that replica fails, and the next one is heard all the same."""
    with SentinelDeployment(1, 1, server=NEWEST, down_after=0.5) as deployment:
        (replica,) = deployment.replicas
        failed_in: list[str] = []

        def address_map(announced: Location) -> tuple[str, int]:
            if announced == replica.location:
                failed_in.append(threading.current_thread().name)
                raise LookupError("not on the map")
            return announced

        with (
            surface.Sentinel(deployment.sentinel_locations, address_map=address_map) as sentinel,
            sentinel.primary_for("myredis") as client,
        ):
            client.ping()
            for change in (deployment.freeze, deployment.thaw) * 2:
                heard = failed_in.count("syncredis-watch")
                change(replica)
                until(lambda: failed_in.count("syncredis-watch") > heard)  # noqa: B023 - called within the turn
            assert client.ping() is True


@pytest.mark.parametrize(
    "address_map",
    [
        5,
        [("h", 1)],
        {"h": "i"},
        {("h", 1): ("i", 0)},
        {("h", 1): ("", 1)},
        {("h", 65536): ("i", 1)},
        {("h", 1): "i:1"},
        {("h",): ("i", 1)},
    ],
    ids=str,
)
def test_maps_that_are_none(surface: Surface, address_map: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"no \(host, port\)|must map \(host, port\)"):
        surface.Sentinel([("localhost", 26379)], address_map=address_map)


class Guarded(NamedTuple):
    """A deployment with passwords of its own for servers and Sentinels, and with TLS where a server here speaks it."""

    deployment: SentinelDeployment
    scheme: str
    options: dict[str, str]

    def url(self, forwarders: Forwarders) -> str:
        """Leads to one Sentinel, and says the rest."""
        table = [(f"{old[0]}:{old[1]}", f"{new[0]}:{new[1]}") for old, new in forwarders.address_map.items()]
        pairs = [*self.options.items(), *(("address_map", f"{old}={new}") for old, new in table)]
        seed = forwarders.of(self.deployment.sentinels[0].location)
        return f"{self.scheme}://:of-servers@{seed.target}/myredis?{urlencode(pairs)}"


@pytest.fixture(scope="module")
def guarded(certificates: Certificates) -> Iterator[Guarded]:
    """On which each surface brings about a failover of its own."""
    binary = next((binary for binary in BINARIES.values() if binary.has_tls), None)
    options = {"sentinel_password": "of-sentinels"}
    options |= {f"sentinel_{name}": str(seconds) for name, seconds in PATIENT.items()}
    tls = None
    if binary is not None:
        tls = certificates.directives(certificates.server, clients_verified=True)
        options |= {
            "ssl_ca_certs": certificates.authority,
            "ssl_certfile": certificates.client.certificate,
            "ssl_keyfile": certificates.client.key,
        }
    with SentinelDeployment(
        2, 3, server=binary or NEWEST, password="of-servers", sentinel_password="of-sentinels", tls=tls
    ) as started:
        yield Guarded(started, "redis+sentinel" if tls is None else "rediss+sentinel", options)


def real_port_of(client: Any) -> int:
    """Which port the server itself listens on, whether it speaks TLS or not."""
    return int(client.info("server")["tcp_port"])


@pytest.mark.slow
def test_failover(surface: Surface, guarded: Guarded) -> None:
    """Behind NAT, with TLS, with passwords, by a URL: every connection goes through the forwarders all the while."""
    own = guarded.deployment
    own.wait_until_ready()
    old = own.current_primary()
    with Forwarders(process.location for process in (*own.nodes, *own.sentinels)) as forwarders:
        url = guarded.url(forwarders)
        sentinel = surface.sentinel_from_url(url)
        with sentinel, sentinel.primary_for("myredis") as primary, sentinel.replica_for("myredis") as replica:
            primary.set("foo", "before")
            replica.get("foo")
            own.kill(old)
            with suppress(OutcomeUnknownError):
                primary.set("foo", "meanwhile")
            new = own.wait_for_failover(old)
            until(lambda: real_port_of(primary) == own.current_primary().port)
            primary.set("foo", "after")
            until(lambda: sentinel.discover_primary("myredis") == forwarders.of(new.location))
            until(lambda: bool(replica.get("foo") == "after"))
            assert forwarders.lead_everywhere(sentinel, primary, replica)
            assert set(sentinel.sentinels) == set(forwarders.all_of(own.sentinel_locations))
            with surface.opened(url) as by_url:
                assert real_port_of(by_url) == own.current_primary().port
    own.restart(old)
