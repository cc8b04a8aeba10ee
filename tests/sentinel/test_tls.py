"""Sentinels and servers that speak TLS and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme

from syncredis.exceptions import ConnectionError, OutcomeUnknownError, PrimaryNotFoundError, ReplicaNotFoundError
from syncredis.testing import SentinelDeployment
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until
from tests.sentinel.faults import SOON, takes
from tests.sentinel.insight import watching

WITH_TLS = sorted(name for name, binary in BINARIES.items() if binary.has_tls)

pytestmark = pytest.mark.skipif(not WITH_TLS, reason="no server here speaks TLS")


class Encrypted(NamedTuple):
    """A deployment with TLS.

    Attributes:
        deployment: whose certificates are for 127.0.0.1.
        right: the options to connect to all of it.
        stranger: the file of an authority that has signed none of its certificates.
    """

    deployment: SentinelDeployment
    right: dict[str, Any]
    stranger: str

    def sentinel(self, surface: Surface, of_servers: dict[str, Any], of_sentinels: dict[str, Any]) -> Any:
        """Return a Sentinel with options that differ from the right ones."""
        options = [
            {name: value for name, value in {**self.right, **changes}.items() if value is not None}
            for changes in (of_servers, of_sentinels)
        ]
        # Enough for what is encrypted on a busy machine.
        patient = {"connect_timeout": SOON, "stream_timeout": SOON}
        seeds = self.deployment.sentinel_locations
        return surface.Sentinel(seeds, sentinel_kwargs={**patient, **options[1]}, **options[0])


@pytest.fixture(scope="module", params=WITH_TLS)
def encrypted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    directory: Path = tmp_path_factory.mktemp("certificates")
    authority, stranger = trustme.CA(), trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(directory / "authority.pem")
    stranger.cert_pem.write_to_path(directory / "stranger.pem")
    certificate.cert_chain_pems[0].write_to_path(directory / "certificate.pem")
    certificate.private_key_pem.write_to_path(directory / "key.pem")
    directives = {
        "tls-ca-cert-file": f'"{directory}/authority.pem"',
        "tls-cert-file": f'"{directory}/certificate.pem"',
        "tls-key-file": f'"{directory}/key.pem"',
    }
    right = {
        "ssl": True,
        "ssl_ca_certs": f"{directory}/authority.pem",
        "ssl_certfile": f"{directory}/certificate.pem",
        "ssl_keyfile": f"{directory}/key.pem",
    }
    with SentinelDeployment(1, 2, server=BINARIES[request.param], down_after=30.0, tls=directives) as started:
        yield Encrypted(started, right, f"{directory}/stranger.pem")


def test_all_is_right(surface: Surface, encrypted: Encrypted) -> None:
    sentinel = encrypted.sentinel(surface, {}, {})
    with sentinel:
        assert sentinel.discover_primary("myredis") == encrypted.deployment.primary.location
        assert sentinel.discover_replicas("myredis") == [encrypted.deployment.replicas[0].location]
        assert len(sentinel.sentinels) == 2
    with sentinel.primary_for("myredis") as primary, sentinel.replica_for("myredis") as replica:
        for size in (1, 100_000):
            assert primary.set("foo", "x" * size) is True
            until(lambda size=size: replica.get("foo") == "x" * size)  # type: ignore[misc]
        watching(sentinel, 2)
        assert "1 of 100 connections open, 1 idle" in repr(primary)


def test_by_a_url(surface: Surface, encrypted: Encrypted) -> None:
    """What is said of TLS holds for servers and Sentinels."""
    where = ",".join(location.target for location in encrypted.deployment.sentinel_locations)
    how = "&".join(f"{name}={value}" for name, value in encrypted.right.items() if name != "ssl")
    patient = f"connect_timeout={SOON}&sentinel_connect_timeout={SOON}&sentinel_stream_timeout={SOON}"
    with surface.opened(f"rediss+sentinel://{where}/myredis?{how}&{patient}") as primary:
        assert primary.set("foo", "bar") is True


def test_a_name_that_is_not_checked(surface: Surface, encrypted: Encrypted) -> None:
    careless = {"ssl_server_hostname": "elsewhere.example", "ssl_check_hostname": False}
    sentinel = encrypted.sentinel(surface, careless, careless)
    with sentinel, sentinel.primary_for("myredis") as primary:
        assert primary.set("foo", "bar") is True


@pytest.mark.parametrize("fault", ["name", "authority"])
def test_the_certificate_of_the_servers_is_refused(surface: Surface, encrypted: Encrypted, fault: str) -> None:
    """At once: no failover makes it better."""
    changes, message = wrong(encrypted, fault)
    with encrypted.sentinel(surface, changes, {}) as sentinel:
        assert sentinel.discover_primary("myredis") == encrypted.deployment.primary.location
        target = encrypted.deployment.primary.location.target
        for make, kind in ((sentinel.primary_for, ConnectionError), (sentinel.replica_for, ReplicaNotFoundError)):
            with make("myredis") as client:
                with takes(under=SOON), pytest.raises(kind) as caught:
                    client.set("foo", "bar")
                assert f"the certificate of {target} was refused: " in str(caught.value)
                assert re.search(message, str(caught.value))
                assert "'myredis'" in str(caught.value)
                assert not isinstance(caught.value, OutcomeUnknownError)
                assert "0 of 100 connections open, 0 idle, 0 callers waiting" in repr(client)


@pytest.mark.parametrize("fault", ["name", "authority"])
def test_the_certificate_of_the_sentinels_is_refused(surface: Surface, encrypted: Encrypted, fault: str) -> None:
    changes, message = wrong(encrypted, fault)
    with encrypted.sentinel(surface, {}, changes) as sentinel, sentinel.primary_for("myredis") as client:
        for ask in (lambda: sentinel.discover_primary("myredis"), lambda: client.get("foo")):
            with takes(under=SOON), pytest.raises(PrimaryNotFoundError) as caught:
                ask()
            for location in encrypted.deployment.sentinel_locations:
                assert f"the certificate of {location.target} was refused: " in str(caught.value)
            assert re.search(message, str(caught.value))


@pytest.mark.parametrize(
    "lacking",
    [("ssl_certfile", "ssl_keyfile"), ("ssl", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile")],
    ids=["no certificate of the client", "no encryption at all"],
)
def test_something_is_lacking(surface: Surface, encrypted: Encrypted, lacking: tuple[str, ...]) -> None:
    without = dict.fromkeys(lacking)
    with (
        encrypted.sentinel(surface, {}, without) as sentinel,
        takes(under=SOON),
        pytest.raises(PrimaryNotFoundError, match="no Sentinel could be reached"),
    ):
        sentinel.discover_primary("myredis")
    with (
        encrypted.sentinel(surface, without, {}) as sentinel,
        sentinel.primary_for("myredis", failover_timeout=0) as client,
        takes(under=SOON),
        pytest.raises(ConnectionError, match="'myredis'") as caught,
    ):
        client.set("foo", "bar")
    assert not isinstance(caught.value, OutcomeUnknownError)


def wrong(encrypted: Encrypted, fault: str) -> tuple[dict[str, Any], str]:
    """Return the options that make a fault, and a pattern of what is said of it."""
    if fault == "name":
        return {"ssl_server_hostname": "elsewhere.example"}, "Hostname mismatch"
    return {"ssl_ca_certs": encrypted.stranger}, "self.signed certificate|local issuer"
