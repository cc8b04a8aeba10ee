"""The Sentinel that leads a failover is lost before another one has confirmed its choice: dead, or only out of reach."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from syncredis import Location
from syncredis.sentinel.events import FailoverAborted, FailoverStarted, PrimaryChanged
from syncredis.testing import Fault, FaultProxy, SentinelDeployment
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until
from tests.sentinel.insight import port_of, watching
from tests.sentinel.load import Herd
from tests.sentinel.test_watcher import BUDGET, Ledger, first_of

pytestmark = [pytest.mark.timeout(240), pytest.mark.slow]

NEWEST = BINARIES[sorted(BINARIES, reverse=True)[0]]

#: Seconds by which the leader is told later what the replica is; a client waits for a lost one for less.
LATE = 4.0


class Stage:
    """A pair of servers and three Sentinels; the client has ways of its own to the servers, and to the leader one to be cut."""

    def __init__(self, surface: Surface, stack: ExitStack) -> None:
        self.own = stack.enter_context(
            SentinelDeployment(1, 3, server=NEWEST, down_after=60.0, failover_timeout=60.0, proxied=True)
        )
        self.old, (self.new,) = self.own.primary, self.own.replicas
        self.leader, *others = self.own.sentinels
        self.way = stack.enter_context(FaultProxy(self.leader.location))
        places = {node.location: Location("127.0.0.1", node.port) for node in self.own.nodes}
        places[self.leader.location] = self.way.location
        seeds = [self.way.location, *(other.location for other in others)]
        sentinel = stack.enter_context(
            surface.Sentinel(seeds, address_map=places, failover_timeout=BUDGET, write_hold=60.0)
        )
        self.client = stack.enter_context(sentinel.primary_for("myredis"))
        self.events = stack.enter_context(sentinel.events())
        self.ledger = Ledger(self.client)
        self.ledger.write()
        watching(sentinel, 3)
        self.service: Any = getattr(sentinel, "wrapped", sentinel)._watcher._services["myredis"]

    def lead(self) -> None:
        """Have the leader begin with a failover."""
        self.leader.execute_command("SENTINEL", "FAILOVER", "myredis")
        first_of(self.events, FailoverStarted)

    def lose_the_leader(self) -> None:
        """Cut the client's way to it, and nobody else's."""
        self.way.refuse()
        self.way.reset()

    def is_kept(self) -> None:
        """Check that what was acknowledged is there, and that the client never turned back."""
        assert port_of(self.client) == self.new.port
        with self.new.client() as there:
            assert self.ledger.lost(there) == set()
        told = []
        while (event := self.events.get(timeout=0)) is not None:
            told.append(type(event))
        assert FailoverAborted not in told


@pytest.fixture
def stage(surface: Surface) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(surface, stack)


def test_out_of_reach_after_the_promotion(stage: Stage) -> None:
    """It lives, and comes to the end: whoever turned back meanwhile would write where all is lost."""
    stage.new.proxy.to_client = Fault(delay=LATE)  # when it notices that the replica was promoted
    with Herd(2, stage.ledger.write) as writes:
        writes.wait_for_calls(10)
        stage.lead()
        assert first_of(stage.events, PrimaryChanged).early
        stage.lose_the_leader()
        stage.own.wait_for_failover(stage.old, BUDGET)
        writes.wait_for_calls(10)
    assert writes.errors == []
    stage.is_kept()


def test_out_of_reach_before_the_promotion(stage: Stage) -> None:
    stage.new.proxy.to_server = Fault(delay=LATE)  # when the replica is told to be the primary
    with Herd(2, stage.ledger.write) as writes:
        writes.wait_for_calls(10)
        stage.lead()
        until(lambda: stage.service._candidate is not None)
        stage.lose_the_leader()
        stage.own.wait_for_failover(stage.old, BUDGET)
        writes.wait_for_calls(10)
    assert writes.errors == []
    stage.is_kept()


def test_dead_after_the_promotion(stage: Stage) -> None:
    """The others have never heard of its choice: they keep the old primary, and so has everybody to."""
    stage.new.proxy.to_client = Fault(delay=LATE)
    stage.lead()
    assert first_of(stage.events, PrimaryChanged).early
    stage.own.kill(stage.leader)
    first_of(stage.events, FailoverAborted)
    assert first_of(stage.events, PrimaryChanged).new.port == stage.old.port
    stage.ledger.write()
    assert port_of(stage.client) == stage.old.port
