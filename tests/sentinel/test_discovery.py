"""What the Sentinels are asked, what is learnt from them, and in which order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import pytest

from syncredis import Location
from syncredis.exceptions import PrimaryNotFoundError, ReplicaNotFoundError
from syncredis.testing import SentinelDeployment
from tests.fixtures.surfaces import Surface
from tests.sentinel.conftest import Oddities
from tests.sentinel.faults import NEVER, SOON, refusing, takes

#: Connections to Sentinels that would be waited for, were they not hedged or refused.
PATIENT = {"connect_timeout": NEVER, "stream_timeout": NEVER}


def test_primary_and_replicas(surface: Surface, deployment: SentinelDeployment) -> None:
    with surface.Sentinel(deployment.sentinel_locations) as sentinel:
        primary = sentinel.discover_primary("myredis")
        assert type(primary) is Location
        assert primary == deployment.primary.location
        replicas = sentinel.discover_replicas("myredis")
        assert sorted(replicas) == sorted(replica.location for replica in deployment.replicas)
        assert {type(replica) for replica in replicas} == {Location}


def test_an_unknown_service(surface: Surface, deployment: SentinelDeployment) -> None:
    with surface.Sentinel(deployment.sentinel_locations) as sentinel, takes(under=SOON):
        with pytest.raises(PrimaryNotFoundError) as no_primary:
            sentinel.discover_primary("other")
        with pytest.raises(ReplicaNotFoundError) as no_replica:
            sentinel.discover_replicas("other")
        with sentinel.primary_for("other") as client, pytest.raises(PrimaryNotFoundError) as no_write:
            client.set("foo", "bar")
        with sentinel.replica_for("other") as client, pytest.raises(ReplicaNotFoundError) as no_read:
            client.get("foo")
        assert "0 of 100 connections open" in repr(client)
    for caught in (no_primary, no_replica, no_write, no_read):
        assert "no Sentinel can say where 'other' is" in str(caught.value)
        for location in deployment.sentinel_locations:
            assert f"{location.target}: does not know 'other'" in str(caught.value)


def test_a_service_without_replicas(surface: Surface, oddities: Oddities) -> None:
    oddities.alone.execute_command("SET", "foo", "of the primary")
    with surface.Sentinel(oddities.seeds) as sentinel:
        assert sentinel.discover_primary("alone") == oddities.alone.location
        assert sentinel.discover_replicas("alone") == []
        with sentinel.replica_for("alone") as client:
            assert client.get("foo") == "of the primary"
            assert "1 of 100 connections open, 1 idle" in repr(client)


@pytest.mark.parametrize("form", [list, tuple, iter, set, lambda seeds: (seed for seed in seeds)], ids=range(5))
def test_any_iterable_holds_the_seeds(
    surface: Surface, deployment: SentinelDeployment, form: Callable[[list[Location]], Iterable[Location]]
) -> None:
    seeds = deployment.sentinel_locations
    with surface.Sentinel(form(seeds)) as sentinel:
        for _ in range(3):
            assert sentinel.discover_primary("myredis") == deployment.primary.location
        assert sorted(sentinel.sentinels) == sorted(seeds)
    with surface.Sentinel(form([tuple(seed) for seed in seeds])) as sentinel:
        assert sentinel.discover_primary("myredis") == deployment.primary.location


def test_the_others_are_learnt_from_one(surface: Surface, deployment: SentinelDeployment) -> None:
    seed, *others = deployment.sentinel_locations
    for ask in ("discover_primary", "discover_replicas"):
        with surface.Sentinel([seed]) as sentinel:
            assert sentinel.sentinels == (seed,)
            getattr(sentinel, ask)("myredis")
            assert sentinel.sentinels[0] == seed
            assert sorted(sentinel.sentinels) == sorted([seed, *others]), ask


def test_the_one_that_answered_is_asked_first(surface: Surface, deployment: SentinelDeployment) -> None:
    alive = deployment.sentinel_locations[0]
    with refusing() as dead, surface.Sentinel([dead, alive], sentinel_kwargs=PATIENT) as sentinel:
        assert sentinel.sentinels == (dead, alive)
        with takes(under=SOON):
            assert sentinel.discover_primary("myredis") == deployment.primary.location
        assert sentinel.sentinels[0] == alive
        assert dead in sentinel.sentinels


def test_no_seed_is_ever_lost(surface: Surface, deployment: SentinelDeployment) -> None:
    """Sixteen threads at once, the first Sentinel dead, again and again."""
    callers = 16

    def ask(number: int) -> None:
        try:
            for _ in range(5):
                ready.wait()
                if number % 2:
                    assert sentinel.discover_primary("myredis") == deployment.primary.location
                else:
                    assert len(sentinel.discover_replicas("myredis")) == 2
        except BaseException as error:
            failures.append(error)
            ready.abort()

    failures: list[BaseException] = []
    alive = deployment.sentinel_locations
    for _ in range(5):
        ready = threading.Barrier(callers)
        with refusing() as dead, surface.Sentinel([dead, *alive]) as sentinel:
            threads = [threading.Thread(target=ask, args=(number,)) for number in range(callers)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert not failures
            assert sorted(sentinel.sentinels) == sorted([dead, *alive])
            assert sentinel.sentinels[0] in alive


def test_min_other_sentinels(surface: Surface, deployment: SentinelDeployment) -> None:
    seeds = deployment.sentinel_locations
    for enough in (0, 1, 2):
        with surface.Sentinel(seeds, min_other_sentinels=enough) as sentinel:
            assert sentinel.discover_primary("myredis") == deployment.primary.location
    with surface.Sentinel(seeds, 3) as sentinel, takes(under=SOON):
        with pytest.raises(PrimaryNotFoundError) as caught:
            sentinel.discover_primary("myredis")
        with sentinel.primary_for("myredis") as client, pytest.raises(PrimaryNotFoundError) as by_command:
            client.get("foo")
    for message in (str(caught.value), str(by_command.value)):
        assert "'myredis'" in message
        for seed in seeds:
            assert f"{seed.target}: knows 2 other Sentinels, and 3 are asked for" in message


def test_a_lone_sentinel_is_not_enough(surface: Surface, oddities: Oddities) -> None:
    with surface.Sentinel(oddities.seeds, min_other_sentinels=1) as sentinel:
        with pytest.raises(PrimaryNotFoundError, match="knows 0 other Sentinels, and 1 are asked for"):
            sentinel.discover_primary("pair")
        assert sentinel.discover_replicas("pair") == [oddities.pair[1].location]


def test_a_sentinel_that_lacks_others_is_passed_over(
    surface: Surface, deployment: SentinelDeployment, oddities: Oddities
) -> None:
    """The lone Sentinel knows a service of the same name, but no other Sentinel."""
    oddities.watch("myredis", oddities.alone.location)
    try:
        with surface.Sentinel([*oddities.seeds, *deployment.sentinel_locations], min_other_sentinels=2) as sentinel:
            assert sentinel.discover_primary("myredis") == deployment.primary.location
    finally:
        oddities.forget("myredis")
