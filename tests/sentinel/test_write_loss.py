"""What a failover has lost, as the client reports it, against what is really gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from syncredis.sentinel.events import PrimaryChanged
from syncredis.sentinel.write_loss import OffsetLog
from syncredis.testing import SentinelDeployment
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until
from tests.sentinel.insight import watching
from tests.sentinel.test_watcher import BUDGET, first_of

pytestmark = pytest.mark.timeout(240)

NEWEST = BINARIES[sorted(BINARIES, reverse=True)[0]]

#: More than the buffers of a connection hold: what a replica that hangs is sent stays with the primary.
SIZE, COUNT = 100_000, 300


@pytest.fixture
def pair() -> Iterator[SentinelDeployment]:
    """A primary and a replica, which may hang for a while before anybody minds."""
    with SentinelDeployment(1, 3, server=NEWEST, down_after=4.0) as started:
        yield started


def log_of(sentinel: Any) -> OffsetLog:
    watcher = getattr(sentinel, "wrapped", sentinel)._watcher
    log: OffsetLog = watcher._services["myredis"].offsets
    return log


@pytest.mark.slow
def test_a_replica_lags_when_the_primary_dies(surface: Surface, pair: SentinelDeployment) -> None:
    old, (replica,) = pair.primary, pair.replicas
    with ExitStack() as stack:
        sentinel = stack.enter_context(
            surface.Sentinel(pair.sentinel_locations, failover_timeout=BUDGET, watch_offsets=0.05)
        )
        client = stack.enter_context(sentinel.primary_for("myredis"))
        events = stack.enter_context(sentinel.events())
        client.get("first")
        watching(sentinel, 3)
        # Something is to be certainly kept: what was seen before the replica had "first".
        until(lambda: log_of(sentinel).latest is not None)
        client.set("first", "kept")
        until(lambda: replica.execute_command("GET", "first") == "kept")
        pair.freeze(replica)
        with client.pipeline(transaction=False) as pipeline:
            for number in range(COUNT):
                pipeline.set(f"value:{number}", "x" * SIZE)
            pipeline.execute()
        with old.client() as direct:
            until(lambda: log_of(sentinel).latest == int(direct.info("replication")["master_repl_offset"]))
        pair.kill(old)
        pair.thaw(replica)
        loss = first_of(events, PrimaryChanged).loss
        assert loss is not None
        with replica.client() as there:
            gone = COUNT - len(there.keys("value:*"))
            assert there.get("first") == "kept"
        assert gone > 0
        # One of them may have come in part.
        assert (gone - 1) * SIZE < loss.lost_bytes < (gone + 1) * (SIZE + 200)
        assert loss.kept_until is not None
        assert loss.kept_until < loss.seen_at


def test_a_planned_failover_loses_nothing(surface: Surface, pair: SentinelDeployment) -> None:
    with ExitStack() as stack:
        sentinel = stack.enter_context(
            surface.Sentinel(pair.sentinel_locations, failover_timeout=BUDGET, watch_offsets=0.05, write_hold=60.0)
        )
        client = stack.enter_context(sentinel.primary_for("myredis"))
        events = stack.enter_context(sentinel.events())
        client.set("foo", "bar")
        watching(sentinel, 3)
        until(lambda: log_of(sentinel).latest is not None)
        pair.failover(BUDGET)
        loss = first_of(events, PrimaryChanged).loss
        assert loss is not None
        assert loss.lost_bytes == 0
        assert loss.kept_until == loss.seen_at
