"""Failovers with a watcher that hears the Sentinels: nobody notices them."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from benchmarks.failover_chronicle import SIGNED_SET, Chronicle, Write, judge
from syncredis import Redis
from syncredis.exceptions import OutcomeUnknownError
from syncredis.replies import to_dict
from syncredis.sentinel import Sentinel
from syncredis.sentinel.announcement import (
    AWAITING_PROMOTION,
    CHANNELS,
    DOWN,
    PROMOTED,
    PROMOTING,
    SELECTED,
    SELECTING,
    SWITCHED,
)
from syncredis.sentinel.events import FailoverStarted, PrimaryChanged
from syncredis.testing import SentinelDeployment
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import BackgroundCall, until
from tests.sentinel.conftest import Setting
from tests.sentinel.insight import pool_of, port_of, watching
from tests.sentinel.load import Herd

pytestmark = pytest.mark.timeout(240)

#: Seconds that calls may ride through a failover here; one takes two, where nothing else keeps the machine busy.
BUDGET = 90.0

#: For what does not depend on the surface.
KINDS = [("sync", kind) for kind in sorted(BINARIES)]


@pytest.fixture
def surface(setting: Setting) -> Surface:
    return setting.surface


@pytest.fixture
def own(setting: Setting) -> Iterator[SentinelDeployment]:
    """A deployment for one test."""
    with SentinelDeployment(2, 3, server=setting.binary, down_after=2.0) as started:
        yield started


class Ledger:
    """Writes, each of them new; keeps the names of those that were acknowledged."""

    def __init__(self, client: Any, key: str = "ledger") -> None:
        self.acknowledged: set[str] = set()
        self._client = client
        self._key = key
        self._numbers = iter(range(10**9))

    def write(self) -> None:
        name = f"{threading.get_ident()}-{next(self._numbers)}"
        self._client.sadd(self._key, name)
        self.acknowledged.add(name)

    def lost(self, client: Redis[str]) -> set[str]:
        """What was acknowledged, and is not there."""
        return self.acknowledged - client.smembers(self._key)


class SignedLedger:
    """The same, with the node that acknowledged each write, and when."""

    def __init__(self, client: Any) -> None:
        self.acknowledged: list[Write] = []
        self._client = client
        self._numbers = itertools.count()

    def write(self) -> None:
        name, sent = f"ledger:{next(self._numbers)}", time.monotonic()
        node = self._client.eval(SIGNED_SET, 1, name, "1")
        self.acknowledged.append(Write(name, int(node), sent, time.monotonic()))

    def lost(self, client: Redis[str]) -> list[Write]:
        kept = set(client.keys("ledger:*"))
        return [write for write in self.acknowledged if write.name not in kept]


def test_a_planned_failover_loses_nothing(surface: Surface, own: SentinelDeployment) -> None:
    """Writes are held for a moment, and whoever reads or writes notices nothing."""
    with ExitStack() as stack:
        sentinel = stack.enter_context(
            surface.Sentinel(own.sentinel_locations, failover_timeout=BUDGET, write_hold=60.0)
        )
        primary = stack.enter_context(sentinel.primary_for("myredis"))
        replica = stack.enter_context(sentinel.replica_for("myredis"))
        events = stack.enter_context(sentinel.events())
        ledger = Ledger(primary)
        ledger.write()
        watching(sentinel, 3)
        old = own.primary
        with (
            Herd(4, ledger.write) as writes,
            Herd(2, lambda: primary.incr("count")) as counts,
            Herd(2, lambda: primary.scard("ledger")) as reads,
            Herd(2, lambda: replica.scard("ledger")) as replica_reads,
        ):
            herds = (writes, counts, reads, replica_reads)
            for herd in herds:
                herd.wait_for_calls(20)
            new = own.failover(BUDGET)
            for herd in herds:
                herd.wait_for_calls(20)
        assert [herd.errors for herd in herds] == [[], [], [], []]
        assert port_of(primary) == new.port
        with new.client() as there:
            assert ledger.lost(there) == set()
            assert int(there.get("count") or 0) == sum(counts.calls)
        started, changed = (first_of(events, kind) for kind in (FailoverStarted, PrimaryChanged))
        assert started.primary == changed.old == old.location
        assert changed.new == new.location
        assert changed.early
        assert changed.outage is not None
        assert changed.outage.stopped < changed.outage.resumed


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["killed", "frozen"])
def test_an_unplanned_failover(surface: Surface, own: SentinelDeployment, fault: str) -> None:
    """Whoever reads notices nothing; of those who write only those who were writing at that moment, and nothing twice."""
    with ExitStack() as stack:
        sentinel = stack.enter_context(
            surface.Sentinel(own.sentinel_locations, failover_timeout=BUDGET, write_hold=60.0)
        )
        primary = stack.enter_context(sentinel.primary_for("myredis"))
        chronicle = stack.enter_context(Chronicle(own))
        ledger = SignedLedger(primary)
        ledger.write()
        watching(sentinel, 3)
        old = own.primary
        with (
            Herd(4, ledger.write) as writes,
            Herd(2, lambda: primary.incr("count")) as counts,
            Herd(2, lambda: primary.get("count")) as reads,
        ):
            herds = (writes, counts, reads)
            for herd in herds:
                herd.wait_for_calls(20)
            (own.kill if fault == "killed" else own.freeze)(old)
            for herd in herds:
                herd.wait_for_calls(20)
            own.wait_for_failover(old, BUDGET)
            if fault == "frozen":
                own.thaw(old)
            for herd in herds:
                herd.wait_for_calls(20)
        assert reads.errors == []
        for herd, threads in ((writes, 4), (counts, 2)):
            assert {type(error) for error in herd.errors} <= {OutcomeUnknownError}
            assert len(herd.errors) <= threads * (len(chronicle.promotions) - 1)  # those whose call was under way
        # The Sentinels may have taken the first heir for down, too, and be at it still.
        until(lambda: own.current_primary().port == chronicle.promotions[-1].node)
        new = own.current_primary()
        assert port_of(primary) == new.port
        with new.client() as there:
            losses = judge(ledger.lost(there), chronicle.promotions)
            assert losses.misdirected == (), chronicle.tell()
            # What the old primary had not passed on when it died, at most one write for each thread.
            assert sum(write.node == old.port for write in losses.not_carried) <= 4
            assert int(there.get("count") or 0) <= sum(counts.calls) + len(counts.errors)


@pytest.mark.slow
@pytest.mark.parametrize("call", ["get", "blpop", "xread", "pipeline", "pubsub"])
def test_a_call_breaks_out_of_a_frozen_primary(surface: Surface, own: SentinelDeployment, call: str) -> None:
    """Without any timeout: what may be repeated is answered by its heir, what may not says so."""
    with ExitStack() as stack:
        sentinel = stack.enter_context(
            surface.Sentinel(own.sentinel_locations, stream_timeout=None, failover_timeout=BUDGET)
        )
        client = stack.enter_context(sentinel.primary_for("myredis"))
        client.set("foo", "bar")
        watching(sentinel, 3)
        until(lambda: all(node.execute_command("GET", "foo") == "bar" for node in own.nodes))
        old = own.primary
        if call == "pubsub":
            pubsub = stack.enter_context(client.pubsub(ignore_subscribe_messages=True))
            pubsub.subscribe("news")
            pubsub.get_message(timeout=0)
        if call in ("get", "pipeline"):
            own.freeze(old)
        question = BackgroundCall(
            {
                "get": lambda: client.get("foo"),
                "blpop": lambda: client.blpop(["list"], 0),
                "xread": lambda: client.xread({"stream": "0"}, block=0),
                "pipeline": lambda: read_together(client),
                "pubsub": lambda: pubsub.get_message(timeout=None),
            }[call]
        )
        if call in ("blpop", "xread"):
            until(lambda: "cmd=" + call in old.execute_command("CLIENT", "LIST"))
        if not old.is_frozen:
            own.freeze(old)
        new = own.wait_for_failover(old, BUDGET)
        if call == "blpop":
            assert isinstance(question.error(), OutcomeUnknownError)
        elif call == "xread":
            until(lambda: "cmd=xread" in new.execute_command("CLIENT", "LIST"))
            new.execute_command("XADD", "stream", "1-1", "a", "b")
            assert "stream" in str(question.result())
        elif call == "pubsub":
            assert question.result().type == "gap"
            until(lambda: new.execute_command("PUBLISH", "news", "hello") == 1)
            assert pubsub.get_message(timeout=BUDGET).data == "hello"
        else:
            assert question.result() in ("bar", ["bar", "bar"])
        assert client.get("foo") == "bar"


def read_together(client: Any) -> list[Any]:
    with client.pipeline(transaction=False) as pipeline:
        pipeline.get("foo")
        pipeline.get("foo")
        answers: list[Any] = pipeline.execute()
        return answers


@pytest.mark.parametrize("setting", KINDS, indirect=True, ids="-".join)
def test_the_names_of_the_events(own: SentinelDeployment) -> None:
    """Those that decide are published, by those names, by every kind of Sentinel."""
    heard: set[str] = set()
    with ExitStack() as stack:
        for location in own.sentinel_locations:
            pubsub = stack.enter_context(stack.enter_context(Redis(*location)).pubsub())
            pubsub.psubscribe(**{"*": lambda message: heard.add(message.channel)})
            thread = pubsub.run_in_thread(daemon=True)
            stack.callback(thread.join)
            stack.callback(thread.stop)
        own.failover(BUDGET)
        planned = {SELECTING, SELECTED, PROMOTING, AWAITING_PROMOTION, PROMOTED, SWITCHED, "+slave"}
        until(lambda: planned <= heard)
        assert heard & planned <= set(CHANNELS)
        own.kill(own.current_primary())
        until(lambda: {DOWN, "+sdown"} <= heard)


@pytest.mark.parametrize("setting", KINDS, indirect=True, ids="-".join)
def test_those_who_may_not_subscribe_ask(own: SentinelDeployment) -> None:
    """The user of the manual may ask for addresses, and nothing else; it follows all the same."""
    rights = ["reset", "on", ">secret", "-@all", "+auth", "+client|setname", "+hello", "+ping"]
    asking = ["+sentinel|get-master-addr-by-name", "+sentinel|master", "+sentinel|replicas", "+sentinel|sentinels"]
    if own.binary.version < (7, 0, 0):
        pytest.skip("rules for subcommands came with Redis 7.0")
    for process in own.sentinels:
        process.execute_command("ACL", "SETUSER", "guest", *rights, *asking)
    user: Any = {"username": "guest", "password": "secret"}
    with Sentinel(own.sentinel_locations, sentinel_kwargs=user) as sentinel, sentinel.primary_for("myredis") as client:
        client.set("foo", "bar")
        old = own.primary
        posts = sentinel._watcher._listener._posts  # type: ignore[union-attr]
        until(lambda: len(posts) == 3 and not any(post.may_subscribe for post in posts.values()))
        new = own.failover(BUDGET)
        pool = pool_of(client)
        # Nobody calls anything; the old primary is a primary still, and takes writes.
        until(lambda: not pool._state.shelf or pool._state.shelf[0].config.location == new.location)
        assert old.execute_command("ROLE")[0] in ("master", "slave")
        assert port_of(client) == new.port


def epoch_of(deployment: SentinelDeployment) -> int:
    """Return how many failovers there have been."""
    replies = [
        process.execute_command("SENTINEL", "MASTER", "myredis")
        for process in deployment.sentinels
        if process.is_running
    ]
    return max(int(to_dict(reply)["config-epoch"]) for reply in replies)


def first_of(events: Any, kind: type) -> Any:
    """Return the first event of a kind."""
    while True:
        event = events.get(timeout=BUDGET)
        assert event is not None, f"no {kind.__name__}"
        if isinstance(event, kind):
            return event
