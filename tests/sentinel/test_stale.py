"""Sentinels that have missed a failover, that lie, or that can not be heard: nobody writes where it would be lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from syncredis import Location
from syncredis.exceptions import ConnectionError, OutcomeUnknownError, PrimaryNotFoundError
from syncredis.replies import to_dict
from syncredis.sentinel.events import MajorityLost
from syncredis.testing import FaultProxy, SentinelDeployment, ServerProcess
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until
from tests.sentinel.conftest import Setting
from tests.sentinel.insight import port_of, watching
from tests.sentinel.load import Herd
from tests.sentinel.test_watcher import BUDGET, Ledger, first_of

pytestmark = pytest.mark.timeout(240)

NEWEST = BINARIES[sorted(BINARIES, reverse=True)[0]]


@pytest.fixture
def own() -> Iterator[SentinelDeployment]:
    """A deployment for one test."""
    with SentinelDeployment(2, 3, server=NEWEST, down_after=2.0) as started:
        yield started


@pytest.mark.slow
@pytest.mark.parametrize("strict", [False, True])
def test_an_old_primary_comes_back_with_a_stale_sentinel(
    surface: Surface, own: SentinelDeployment, strict: bool
) -> None:
    """Neither a client that knows better goes there, nor a new one to which that Sentinel is given first."""
    stale, *others = own.sentinels
    old = own.primary
    with ExitStack() as stack:
        experienced = stack.enter_context(
            surface.Sentinel(own.sentinel_locations, strict=strict, failover_timeout=BUDGET)
        )
        first = stack.enter_context(experienced.primary_for("myredis"))
        first.set("foo", "bar")
        watching(experienced, 3)
        own.freeze(stale)
        own.freeze(old)
        new = own.wait_for_failover(old, BUDGET)
        assert first.set("foo", "baz") is True
        own.thaw(stale)
        own.thaw(old)
        fresh = stack.enter_context(
            surface.Sentinel([stale.location, *(other.location for other in others)], strict=strict)
        )
        second = stack.enter_context(fresh.primary_for("myredis"))
        ledgers = [Ledger(first, "ledger"), Ledger(second, "other")]
        with Herd(1, ledgers[0].write) as one, Herd(1, ledgers[1].write) as other:
            # Until the old primary has been demoted, and what it had taken is lost.
            until(lambda: is_replica(old))
            one.wait_for_calls(10)
            other.wait_for_calls(10)
        assert one.errors == other.errors == []
        with new.client() as there:
            assert [ledger.lost(there) for ledger in ledgers] == [set(), set()]


@pytest.mark.slow
def test_a_former_primary_is_chosen_before_it_was_demoted(surface: Surface) -> None:
    """It takes itself for the primary all the time; who believes that too early is cut off when the Sentinels make it so."""
    with ExitStack() as stack:
        pair = stack.enter_context(SentinelDeployment(1, 1, server=NEWEST, down_after=60.0))
        sentinel = stack.enter_context(
            surface.Sentinel(pair.sentinel_locations, failover_timeout=BUDGET, write_hold=60.0)
        )
        client = stack.enter_context(sentinel.primary_for("myredis"))
        client.set("foo", "bar")
        watching(sentinel, 1)
        old = pair.primary
        with Herd(4, lambda: client.incr("count")) as writes:
            writes.wait_for_calls(10)
            pair.failover(BUDGET)
            writes.wait_for_calls(10)
            assert is_primary(old), "it has been demoted already, which takes the Sentinels several seconds"
            assert pair.failover(BUDGET) is old
            writes.wait_for_calls(10)
        assert writes.errors == []
        assert port_of(client) == old.port


def test_a_sentinel_that_lies(surface: Surface, own: SentinelDeployment) -> None:
    """One of three names another node, in no epoch: strictly asked, nobody ever believes it."""
    liar = own.sentinels[0]
    (wrong, *_) = own.replicas
    liar.execute_command("SENTINEL", "REMOVE", "myredis")
    # More Sentinels than there are would have to agree on a failover, so there is none.
    liar.execute_command("SENTINEL", "MONITOR", "myredis", *wrong.location, 4)
    with surface.Sentinel([liar.location, *own.sentinel_locations[1:]], strict=True) as sentinel:
        for _ in range(100):
            assert sentinel.discover_primary("myredis") == own.primary.location
        with sentinel.primary_for("myredis") as client:
            assert client.set("foo", "bar") is True
            assert port_of(client) == own.primary.port


def test_a_minority_is_not_enough(surface: Surface, own: SentinelDeployment) -> None:
    """Strictly asked, a client stops as soon as it hears too few, and goes on as soon as it hears enough."""
    silent = own.sentinels[1:]
    with ExitStack() as stack:
        sentinel = stack.enter_context(surface.Sentinel(own.sentinel_locations, strict=True))
        client = stack.enter_context(sentinel.primary_for("myredis"))
        events = stack.enter_context(sentinel.events())
        assert client.set("foo", "bar") is True
        watching(sentinel, 3)
        for process in silent:
            own.freeze(process)
        first_of(events, MajorityLost)
        with pytest.raises(PrimaryNotFoundError, match="no majority of the Sentinels"):
            client.set("foo", "baz")
        for process in silent:
            own.thaw(process)
        until(lambda: succeeds(client))


@pytest.mark.slow
def test_cut_off_together_with_the_old_primary(surface: Surface) -> None:
    """The others elect another one. Strictly asked, a client stops long before it could learn of that."""
    with ExitStack() as stack:
        own = stack.enter_context(SentinelDeployment(2, 3, server=NEWEST, down_after=2.0, proxied=True))
        old = own.primary
        # The client has ways of its own: to the Sentinels, which are cut, and to the old primary, which is not.
        ways = {process.location: stack.enter_context(FaultProxy(process.location)) for process in own.sentinels}
        places = {there: way.location for there, way in ways.items()} | {old.location: Location("127.0.0.1", old.port)}
        sentinel = stack.enter_context(
            surface.Sentinel([way.location for way in ways.values()], strict=True, address_map=places)
        )
        client = stack.enter_context(sentinel.primary_for("myredis"))
        events = stack.enter_context(sentinel.events())
        ledger = Ledger(client)
        ledger.write()
        watching(sentinel, 3)
        with Herd(2, ledger.write) as writes:
            writes.wait_for_calls(10)
            for proxy in (*ways.values(), old.proxy):
                proxy.partition()
            first_of(events, MajorityLost)
            until(lambda: len(writes.errors) >= 10)
            acknowledged = set(ledger.acknowledged)
            new = own.wait_for_failover(old, BUDGET)
            until(lambda: is_primary(new) and is_primary(old))
            assert ledger.acknowledged == acknowledged, "it went on writing where all is lost"
            assert {type(error) for error in writes.errors} <= {PrimaryNotFoundError, OutcomeUnknownError}
            for proxy in (*ways.values(), old.proxy):
                proxy.heal()
            writes.wait_for_calls(10)
        with new.client() as there:
            assert ledger.lost(there) <= acknowledged
            assert ledger.acknowledged - acknowledged <= there.smembers("ledger")


def test_sentinels_that_are_set_up_anew(setting: Setting) -> None:
    """All of them were told of another primary, and count from the beginning: an operator's word goes before memory."""
    with (
        SentinelDeployment(1, 1, server=setting.binary, down_after=60.0) as pair,
        setting.surface.Sentinel(pair.sentinel_locations, failover_timeout=BUDGET) as sentinel,
        sentinel.primary_for("myredis") as client,
    ):
        client.set("foo", "bar")
        new = pair.failover(BUDGET)
        assert port_of(client) == new.port
        until(lambda: sentinel_epoch(pair.sentinels[0]) == 1)
        old = pair.primary
        old.execute_command("REPLICAOF", "NO", "ONE")
        new.execute_command("REPLICAOF", *old.location)
        (only,) = pair.sentinels
        only.execute_command("SENTINEL", "REMOVE", "myredis")
        only.execute_command("SENTINEL", "MONITOR", "myredis", *old.location, 1)
        assert client.set("foo", "baz") is True
        assert port_of(client) == old.port


def is_primary(server: ServerProcess) -> bool:
    return bool(server.execute_command("ROLE")[0] == "master")


def is_replica(server: ServerProcess) -> bool:
    try:
        return bool(server.execute_command("ROLE")[0] == "slave")
    except ConnectionError:  # Sentinels close all connections when they demote a server
        return False


def sentinel_epoch(sentinel: ServerProcess) -> int:
    return int(to_dict(sentinel.execute_command("SENTINEL", "MASTER", "myredis"))["config-epoch"])


def succeeds(client: Any) -> bool:
    try:
        return bool(client.set("foo", "bar"))
    except PrimaryNotFoundError:
        return False
