"""Users and passwords: of the Sentinels and of the servers, which have nothing to do with each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncredis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    PrimaryNotFoundError,
    RedisError,
    ReplicaNotFoundError,
)
from syncredis.testing import SentinelDeployment
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface
from tests.sentinel.faults import SOON, takes

#: What Redis's manual of Sentinel grants to clients, word for word.
BY_THE_MANUAL = (
    "-@all +auth +client|getname +client|id +client|setname +command +hello +ping +role "
    "+sentinel|get-master-addr-by-name +sentinel|master +sentinel|myid +sentinel|replicas +sentinel|sentinels "
    "+sentinel|masters"
)

OF_SERVERS = {"password": "of servers"}
OF_SENTINELS = {"password": "of Sentinels"}


@pytest.fixture(scope="module", params=sorted(BINARIES))
def guarded(request: pytest.FixtureRequest) -> Iterator[SentinelDeployment]:
    """A deployment where both ask for passwords, and both have users besides the default one."""
    with SentinelDeployment(
        1,
        2,
        server=BINARIES[request.param],
        down_after=30.0,
        password=OF_SERVERS["password"],
        sentinel_password=OF_SENTINELS["password"],
        config={
            "user": ["alice on >wonder ~* +@all", "roleless on >wonder ~* +@all -role", "off off >wonder ~* +@all"]
        },
        sentinel_config={
            "user": [
                f"restricted on >manual {BY_THE_MANUAL}",
                "addresses on >manual -@all +sentinel|get-master-addr-by-name",
                "nobody on >manual -@all +ping",
            ]
        },
    ) as started:
        started.primary.execute_command("SET", "foo", "bar")
        yield started


def write_and_read(sentinel: Any) -> None:
    with sentinel, sentinel.primary_for("myredis") as primary, sentinel.replica_for("myredis") as replica:
        assert primary.set("foo", "bar") is True
        replica.get("foo")


@pytest.mark.parametrize("protocol", [2, 3])
def test_the_right_passwords(surface: Surface, guarded: SentinelDeployment, protocol: int) -> None:
    seeds = guarded.sentinel_locations
    sentinel = surface.Sentinel(seeds, sentinel_kwargs=OF_SENTINELS, protocol=protocol, **OF_SERVERS)
    write_and_read(sentinel)
    assert sentinel.discover_primary("myredis") == guarded.primary.location
    assert sentinel.discover_replicas("myredis") == [guarded.replicas[0].location]
    sentinel.close()


@pytest.mark.parametrize("protocol", [2, 3])
def test_the_right_users(surface: Surface, guarded: SentinelDeployment, protocol: int) -> None:
    seeds = guarded.sentinel_locations[:1]
    of_sentinels = {"username": "restricted", "password": "manual"}
    for user in ("alice", "default"):
        password = OF_SERVERS["password"] if user == "default" else "wonder"
        write_and_read(
            surface.Sentinel(seeds, sentinel_kwargs=of_sentinels, protocol=protocol, username=user, password=password)
        )


def test_by_a_url(surface: Surface, guarded: SentinelDeployment) -> None:
    """Those of the servers before the hosts, those of the Sentinels as options."""
    where = ",".join(location.target for location in guarded.sentinel_locations)
    own = "sentinel_username=restricted&sentinel_password=manual"
    with surface.opened(f"redis+sentinel://alice:wonder@{where}/myredis?{own}") as client:
        assert client.execute_command("ACL", "WHOAMI") == "alice"
    password = OF_SENTINELS["password"].replace(" ", "%20")
    with surface.sentinel_from_url(f"redis+sentinel://{where}?sentinel_password={password}") as sentinel:
        assert sentinel.discover_primary("myredis") == guarded.primary.location


def test_each_client_may_be_another_user(surface: Surface, guarded: SentinelDeployment) -> None:
    sentinel = surface.Sentinel(guarded.sentinel_locations, sentinel_kwargs=OF_SENTINELS, **OF_SERVERS)
    with sentinel, sentinel.primary_for("myredis", username="alice", password="wonder") as client:
        assert client.execute_command("ACL", "WHOAMI") == "alice"


@pytest.mark.parametrize("protocol", [2, 3])
def test_the_restricted_user_of_the_manual(surface: Surface, guarded: SentinelDeployment, protocol: int) -> None:
    of_sentinels = {"username": "restricted", "password": "manual", "client_name": "mine", "protocol": protocol}
    seed, *others = guarded.sentinel_locations
    for name in ("discover_primary", "discover_replicas"):
        with surface.Sentinel([seed], 1, of_sentinels) as sentinel:
            found = getattr(sentinel, name)("myredis")
            assert found in (guarded.primary.location, [guarded.replicas[0].location])
            assert set(sentinel.sentinels) == {seed, *others}


def test_a_user_who_may_ask_for_the_address_alone(surface: Surface, guarded: SentinelDeployment) -> None:
    """Not for the other Sentinels, not for the replicas, and not even to say hello."""
    of_sentinels = {"username": "addresses", "password": "manual"}
    seeds = guarded.sentinel_locations[:1]
    with surface.Sentinel(seeds, sentinel_kwargs=of_sentinels) as sentinel:
        assert sentinel.discover_primary("myredis") == guarded.primary.location
        assert sentinel.sentinels == tuple(seeds)
        with pytest.raises(ReplicaNotFoundError, match="NOPERM"):
            sentinel.discover_replicas("myredis")
    with surface.Sentinel(seeds, 1, of_sentinels) as sentinel, pytest.raises(PrimaryNotFoundError, match="NOPERM"):
        sentinel.discover_primary("myredis")


def test_a_user_who_may_not_ask_for_the_role(surface: Surface, guarded: SentinelDeployment) -> None:
    options = {"username": "roleless", "password": "wonder"}
    write_and_read(surface.Sentinel(guarded.sentinel_locations, sentinel_kwargs=OF_SENTINELS, **options))


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize(
    ("of_sentinels", "code"),
    [
        ({"password": "not-it"}, "WRONGPASS"),
        ({"username": "restricted", "password": "not-it"}, "WRONGPASS"),
        ({"username": "stranger", "password": "manual"}, "WRONGPASS"),
        ({}, "NOAUTH"),
        ({"username": "nobody", "password": "manual"}, "NOPERM"),
    ],
    ids=["password", "password of a user", "user", "none", "no rights"],
)
def test_wrong_for_the_sentinels(
    surface: Surface, guarded: SentinelDeployment, of_sentinels: dict[str, str], code: str, protocol: int
) -> None:
    """An answer, even if it is a refusal: not the same as a Sentinel that could not be reached."""
    kind = AuthorizationError if code == "NOPERM" else AuthenticationError
    options = {**of_sentinels, "protocol": protocol}
    with surface.Sentinel(guarded.sentinel_locations, sentinel_kwargs=options, **OF_SERVERS) as sentinel:
        client = sentinel.primary_for("myredis")
        for ask, error in (
            (lambda: sentinel.discover_primary("myredis"), PrimaryNotFoundError),
            (lambda: sentinel.discover_replicas("myredis"), ReplicaNotFoundError),
            (lambda: client.get("foo"), PrimaryNotFoundError),
        ):
            with takes(under=SOON), pytest.raises(error) as caught:
                ask()
            message = str(caught.value)
            assert "no Sentinel can say where 'myredis' is" in message
            for location in guarded.sentinel_locations:
                assert f"{location.target}: {code}" in message
            assert isinstance(caught.value.__cause__, kind)
            assert "not-it" not in message
            assert "manual" not in message
        assert "0 of 100 connections open, 0 idle, 0 callers waiting" in repr(client)


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize(
    ("of_servers", "code"),
    [
        ({"password": "not-it"}, "WRONGPASS"),
        ({"username": "alice", "password": "not-it"}, "WRONGPASS"),
        ({"username": "off", "password": "wonder"}, "WRONGPASS"),
        ({}, "NOAUTH"),
    ],
    ids=["password", "password of a user", "disabled user", "none"],
)
def test_wrong_for_the_servers(
    surface: Surface, guarded: SentinelDeployment, of_servers: dict[str, str], code: str, protocol: int
) -> None:
    """Waiting does not help: that is no failover."""
    options = {**of_servers, "protocol": protocol}
    with surface.Sentinel(guarded.sentinel_locations, sentinel_kwargs=OF_SENTINELS, **options) as sentinel:
        assert sentinel.discover_primary("myredis") == guarded.primary.location
        for make in (sentinel.primary_for, sentinel.replica_for):
            with make("myredis") as client, takes(under=SOON), pytest.raises(AuthenticationError, match=code) as caught:
                client.get("foo")
            error: RedisError = caught.value
            assert error.not_applied
            assert "0 idle, 0 callers waiting" in repr(client)
