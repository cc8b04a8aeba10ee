"""Client-side caching while the primary changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syncredis.testing import SentinelDeployment
from tests.fixtures.deployments import DOWN_AFTER
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until
from tests.sentinel.conftest import Setting
from tests.sentinel.test_failover import BUDGET, demote, tell

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def surface(setting: Setting) -> Surface:
    return setting.surface


@pytest.fixture
def pair(setting: Setting) -> Iterator[SentinelDeployment]:
    """A primary and a replica, and a Sentinel that does what the test tells it, and nothing by itself."""
    with SentinelDeployment(1, 1, server=setting.binary, down_after=60.0) as started:
        yield started


def test_nothing_from_the_old_primary_is_read_after_a_write_to_the_new_one(
    surface: Surface, pair: SentinelDeployment
) -> None:
    old, (new,) = pair.primary, pair.replicas
    with (
        surface.Sentinel(pair.sentinel_locations, failover_timeout=BUDGET) as sentinel,
        sentinel.primary_for("myredis") as client,
        client.cached() as cached,
    ):
        cached.set("k", "old")
        assert cached.get("k") == cached.get("k") == "old"
        assert cached.cache.statistics.hits == 1
        until(lambda: new.execute_command("GET", "k") == "old")
        new.execute_command("REPLICAOF", "NO", "ONE")
        tell(pair, new)
        old.execute_command("CONFIG", "SET", "replica-serve-stale-data", "yes")
        demote(old, new)
        new.execute_command("SET", "k", "new")
        cached.set("other", 1)  # finds out
        assert cached.get("k") == "new"


def test_the_news_reach_who_reads_from_a_replica(surface: Surface, pair: SentinelDeployment) -> None:
    with (
        surface.Sentinel(pair.sentinel_locations) as sentinel,
        sentinel.replica_for("myredis") as client,
        client.cached() as cached,
    ):
        for value in ("1", "2", "3"):
            pair.primary.execute_command("SET", "k", value)
            until(lambda value=value: cached.get("k") == value)  # type: ignore[misc]
        before = cached.cache.statistics.hits
        assert cached.get("k") == "3"
        assert cached.cache.statistics.hits == before + 1


def test_the_primary_dies(setting: Setting) -> None:
    """Readers notice nothing, and read on from the new primary."""
    if setting.surface.name != "sync":
        pytest.skip("the same on every surface, and slow")
    with (
        SentinelDeployment(1, 3, server=setting.binary, down_after=DOWN_AFTER) as own,
        setting.surface.Sentinel(own.sentinel_locations, failover_timeout=BUDGET) as sentinel,
        sentinel.primary_for("myredis") as client,
        client.ensure_replication(1, timeout=BUDGET) as durable,
        client.cached() as cached,
    ):
        durable.set("k", "old")
        assert cached.get("k") == "old"
        old = own.primary
        own.kill(old)
        until(lambda: len(cached.cache) == 0)
        assert cached.get("k") == "old"
        own.wait_for_failover(old, BUDGET).execute_command("SET", "k", "new")
        until(lambda: cached.get("k") == "new")
