"""What is more than one call - subscriptions, locks, scripts, transactions - across a planned failover."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest

from syncredis.exceptions import WatchError
from syncredis.testing import SentinelDeployment
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import BackgroundCall, until
from tests.sentinel.insight import port_of, watching
from tests.sentinel.test_watcher import BUDGET

pytestmark = pytest.mark.timeout(240)

NEWEST = BINARIES[sorted(BINARIES, reverse=True)[0]]


class Stage(NamedTuple):
    """A deployment, and a client of its primary."""

    own: SentinelDeployment
    client: Any

    def fail_over(self) -> None:
        """Have another node be the primary, and the client there."""
        until(lambda: all(node.execute_command("GET", "ready") == "yes" for node in self.own.nodes))
        new = self.own.failover(BUDGET)
        until(lambda: port_of(self.client) == new.port)


@pytest.fixture
def stage(surface: Surface) -> Iterator[Stage]:
    with ExitStack() as stack:
        own = stack.enter_context(SentinelDeployment(1, 3, server=NEWEST, down_after=30.0))
        sentinel = stack.enter_context(
            surface.Sentinel(own.sentinel_locations, failover_timeout=BUDGET, write_hold=60.0)
        )
        client = stack.enter_context(sentinel.primary_for("myredis"))
        client.set("ready", "yes")
        watching(sentinel, 3)
        yield Stage(own, client)


def test_all_of_them(stage: Stage) -> None:
    """One failover for all, because each takes seconds."""
    client = stage.client
    script = client.register_script("return redis.call('INCR', KEYS[1])")
    assert script(keys=["count"]) == 1
    lock = client.lock("lock", timeout=300)
    assert lock.acquire()
    with client.pubsub(ignore_subscribe_messages=True) as pubsub, client.pipeline() as watching_pipeline:
        pubsub.subscribe("news")
        pubsub.get_message(timeout=0)
        listening = BackgroundCall(lambda: pubsub.get_message(timeout=None))
        popping = BackgroundCall(lambda: client.blpop(["list"], 0))
        watching_pipeline.watch("ready")
        watching_pipeline.set("ready", "no")
        until(lambda: "cmd=blpop" in stage.own.primary.execute_command("CLIENT", "LIST"))

        stage.fail_over()

        # A subscriber is told that it may have missed something, and hears what is published at the new primary.
        assert listening.result().type == "gap"
        until(lambda: client.publish("news", "hello") == 1)
        assert pubsub.get_message(timeout=BUDGET).data == "hello"
        # What was read belongs to a server that is no longer the one.
        with pytest.raises(WatchError):
            watching_pipeline.execute()
    # The old primary was asked to end the call, so it is certain that it took nothing; it waits at the new one.
    client.rpush("list", "a")
    assert popping.result() == ("list", "a")
    # Scripts are known to replicas or sent again, and a lock that was replicated is held still.
    assert script(keys=["count"]) == 2
    assert lock.owned()
    assert not client.lock("lock").acquire(blocking=False)
    lock.release()
    assert client.get("ready") == "yes"
