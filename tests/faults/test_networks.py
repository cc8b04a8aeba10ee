"""Packets vanish in a network of namespaces: of one server, between two hosts, in one direction, one in three.

Other than at a proxy, nobody's kernel acknowledges anything here that the other side has not got.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from syncredis import ConnectionError, Redis, RedisError
from syncredis.exceptions import OutcomeUnknownError
from syncredis.testing import Network, SentinelDeployment, ServerProcess, Trouble
from tests.fixtures.ledger import Ledger
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import BackgroundCall, until
from tests.sentinel.insight import port_of, watching
from tests.sentinel.load import Herd

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

#: Seconds that calls may ride through a failover.
BUDGET = 90.0

_KINDS = sorted(BINARIES)
_PAIRS = [*(("sync", kind) for kind in _KINDS), ("asyncio", _KINDS[-1]), ("trio", _KINDS[-1])]


@pytest.fixture(params=_PAIRS, ids="-".join)
def _pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def surface(_pair: tuple[str, str], surfaces: dict[str, Surface]) -> Surface:
    return surfaces[_pair[0]]


@pytest.fixture
def deployment(_pair: tuple[str, str], network: Network) -> Iterator[SentinelDeployment]:
    with SentinelDeployment(2, 3, server=BINARIES[_pair[1]], network=network, down_after=1.0) as started:
        yield started


@pytest.fixture
def connect(surface: Surface, deployment: SentinelDeployment) -> Iterator[Callable[..., Any]]:
    """Makes a Sentinel of the surface: ``connect(**options)``; it is closed in the end."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(
            surface.Sentinel(deployment.sentinel_locations, failover_timeout=BUDGET, **options)
        )


def count_on(node: ServerProcess) -> int:
    return int(node.execute_command("GET", "count") or 0)


def counted_as_primary(node: ServerProcess) -> int | None:
    """What was counted on a node that takes itself for the primary; None: it does not, or has just been told, and hangs up."""
    with node.client() as client, client.pipeline(transaction=True) as pipeline:
        role = pipeline.role()
        count = pipeline.get("count")
        try:
            pipeline.execute()
        except RedisError:
            return None
        return int(count.value or 0) if role.value.role == "primary" else None


def read_together(client: Any) -> list[Any]:
    with client.pipeline(transaction=False) as pipeline:
        pipeline.get("foo")
        pipeline.get("foo")
        return pipeline.execute()  # type: ignore[no-any-return]


@pytest.mark.parametrize("call", ["get", "blpop", "pipeline", "pubsub"])
def test_the_primary_vanishes(
    network: Network, deployment: SentinelDeployment, connect: Callable[..., Any], ledger: Ledger, call: str
) -> None:
    """Without any timeout, a call gets out once there is an heir; the old primary is back, and is written to no more."""
    sentinel, old = connect(stream_timeout=None), deployment.primary
    with ExitStack() as stack:
        client = stack.enter_context(sentinel.primary_for("myredis"))
        client.set("foo", "bar")
        watching(sentinel, 3)
        until(lambda: all(node.execute_command("GET", "foo") == "bar" for node in deployment.nodes))
        if call == "pubsub":
            pubsub = stack.enter_context(client.pubsub(ignore_subscribe_messages=True))
            pubsub.subscribe("news")
            pubsub.get_message(timeout=0)
        if call in ("get", "pipeline"):
            network.cut_off(old.location.host)
        question = BackgroundCall(
            {
                "get": lambda: client.get("foo"),
                "blpop": lambda: client.blpop(["list"], 0),
                "pipeline": lambda: read_together(client),
                "pubsub": lambda: pubsub.get_message(timeout=None),
            }[call]
        )
        if call == "blpop":
            until(lambda: "cmd=blpop" in old.execute_command("CLIENT", "LIST"))
        network.cut_off(old.location.host)
        new = deployment.wait_for_failover(old, BUDGET)
        if call == "blpop":
            assert isinstance(question.error(), OutcomeUnknownError)
        elif call == "pubsub":
            assert question.result().type == "gap"
            until(lambda: new.execute_command("PUBLISH", "news", "hello") == 1)
            assert pubsub.get_message(timeout=BUDGET).data == "hello"
        else:
            assert question.result() in ("bar", ["bar", "bar"])
        assert client.incr("count") == 1
        assert (count_on(new), count_on(old)) == (1, 0)
        assert old.execute_command("ROLE")[0] == "master", "it does not know"
        with Herd(2, lambda: client.incr("count")) as writes:
            writes.wait_for_calls(5)
            network.heal()
            while (counted := counted_as_primary(old)) is not None:
                assert counted == 0, "written to the old primary"
                writes.wait_for_calls(1)
            writes.wait_for_calls(5)
        assert writes.errors == []
        assert port_of(client) == new.port
        assert count_on(new) == sum(writes.calls) + 1
        deployment.wait_until_ready(BUDGET)
        until(lambda: count_on(old) == count_on(new))
        ledger.note(operations=sum(writes.calls) + 3, faults=1)


def test_a_write_that_was_given_up_does_not_arrive_later(
    network: Network, deployment: SentinelDeployment, connect: Callable[..., Any], ledger: Ledger
) -> None:
    """The kernel keeps what was not acknowledged, and would go on sending it after the connection was closed.

    Who asks what became of a write whose outcome is unknown must not be answered before it arrives.
    """
    primary = deployment.primary
    with connect(stream_timeout=0.3, connect_timeout=0.3).primary_for("myredis") as client:
        assert client.incr("count") == 1
        network.part((network.here, primary.location.host))
        with pytest.raises(OutcomeUnknownError):
            client.incr("count")
        network.heal()
        assert client.get("count") == "1"
        assert client.get("count") == "1"
        # It would send again before it has been silent for as long once more.
        with Redis(*primary.location) as other:
            until(lambda: other.blpop("nothing", 2) is None)
        assert count_on(primary) == 1
        ledger.note(operations=4, faults=1)


def test_the_first_sentinel_is_out_of_reach(
    network: Network, surface: Surface, deployment: SentinelDeployment, connect: Callable[..., Any], ledger: Ledger
) -> None:
    """For us alone: nobody notices, not even of a planned failover, whether the client is new or not."""
    first, second, _ = deployment.sentinels
    old = deployment.primary
    sentinel = connect(write_hold=60.0)
    with sentinel.primary_for("myredis") as client, Herd(3, lambda: client.incr("count")) as writes:
        writes.wait_for_calls(5)
        watching(sentinel, 3)
        network.part((network.here, first.location.host))
        writes.wait_for_calls(5)
        with connect().primary_for("myredis") as newcomer:
            assert newcomer.set("foo", "bar")
            watching(sentinel, 2)
            # Held in time, no call ends with an error. A machine too busy for that may be less so the next time.
            for _ in range(3):
                noticed = len(writes.errors)
                # Only the Sentinel that leads a failover tells of it before it is done.
                second.execute_command("SENTINEL", "FAILOVER", "myredis")
                new = deployment.wait_for_failover(old, BUDGET)
                writes.wait_for_calls(5)
                assert newcomer.get("foo") == "bar"
                assert port_of(newcomer) == new.port != old.port
                if len(writes.errors) == noticed:
                    break
                deployment.wait_until_ready(BUDGET)
                old = new
            else:
                pytest.fail(f"no failover went unnoticed: {writes.errors}")
    assert [error for error in writes.errors if not isinstance(error, OutcomeUnknownError)] == []
    assert 0 < count_on(new) <= sum(writes.calls) + len(writes.errors)
    ledger.note(operations=sum(writes.calls) + 2, faults=1)


@pytest.mark.parametrize("lost", ["requests", "replies"])
def test_packets_vanish_in_one_direction(
    network: Network, deployment: SentinelDeployment, connect: Callable[..., Any], ledger: Ledger, lost: str
) -> None:
    """Nobody else notices, so there is no failover: whoever had sent does not know, and the rest waits."""
    primary = deployment.primary
    here, there = network.here, primary.location.host
    with connect(stream_timeout=0.5, connect_timeout=0.5).primary_for("myredis") as client:
        assert client.incr("count") == 1
        network.befall(Trouble(here, there) if lost == "requests" else Trouble(there, here))
        with pytest.raises(OutcomeUnknownError):
            client.incr("count")
        waiting = BackgroundCall(client.incr, "count")  # it can not even connect
        assert count_on(primary) == (count := 1 if lost == "requests" else 2)
        assert not waiting.finished
        network.heal()
        assert waiting.result() == count + 1
        assert client.incr("count") == count + 2 == count_on(primary)
        assert port_of(client) == primary.port
        ledger.note(operations=4, faults=1)


@pytest.mark.parametrize("where", ["here", "everywhere"])
def test_one_packet_in_three_vanishes(
    network: Network, deployment: SentinelDeployment, connect: Callable[..., Any], ledger: Ledger, where: str
) -> None:
    """The others are late, and overtake each other. Each caller has a counter and a value of its own."""
    late = (0.0, 0.02)
    if where == "here":
        network.befall(Trouble(network.here, None, 0.3, late), Trouble(None, network.here, 0.3, late))
    else:
        # There may be failovers, which take acknowledged writes with them.
        network.befall(Trouble(loss=0.3, delay=late))
    with connect(stream_timeout=5.0, connect_timeout=5.0).primary_for("myredis") as client:
        callers = [Caller(client, f"count:{number}") for number in range(6)]
        for call in [BackgroundCall(caller.run, 10) for caller in callers]:
            call.result(2 * BUDGET)  # every lost packet costs a second or more, and there may be several failovers
        network.heal()
        deployment.wait_until_ready(BUDGET)
        primary = deployment.current_primary()
        for caller in callers:
            counted = int(primary.execute_command("GET", caller.name) or 0)
            assert counted <= caller.acknowledged + caller.unknown
            assert where == "everywhere" or counted >= caller.acknowledged
            ledger.note(operations=20, faults=1)


class Caller:
    """Counts, and compares what it reads with what it has written in the same breath."""

    def __init__(self, client: Any, name: str) -> None:
        self.name = name
        self.acknowledged = 0
        self.unknown = 0
        self._client = client

    def run(self, times: int) -> None:
        for number in range(times):
            try:
                reply = self._client.incr(self.name)
            except OutcomeUnknownError:
                self.unknown += 1
            except ConnectionError:
                pass
            else:
                self.acknowledged += 1
                assert reply <= self.acknowledged + self.unknown, "counted what nobody asked for"
            value = f"{self.name}:{number}"
            pipeline = self._client.pipeline(transaction=True)
            pipeline.set(f"value:{self.name}", value)
            pipeline.get(f"value:{self.name}")
            try:
                replies = pipeline.execute()
            except RedisError:
                continue
            assert replies == [True, value], "somebody else's reply"
