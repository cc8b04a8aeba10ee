"""The network falls apart: a client loses its primary, a primary loses everybody, a Sentinel loses the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from syncredis import ConnectionError, Location
from syncredis.exceptions import OutcomeUnknownError
from syncredis.sentinel import Sentinel
from syncredis.testing import FaultProxy, SentinelDeployment, ServerProcess
from tests.fixtures.ledger import Ledger
from tests.fixtures.servers import BINARIES
from tests.fixtures.threads import until
from tests.sentinel.insight import port_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

#: Seconds that calls may ride through a failover.
BUDGET = 90.0


@pytest.fixture(params=sorted(BINARIES, reverse=True))
def deployment(request: pytest.FixtureRequest) -> Iterator[SentinelDeployment]:
    with SentinelDeployment(2, 3, server=BINARIES[request.param], proxied=True, down_after=1.0) as started:
        yield started


def direct(node: ServerProcess) -> Location:
    """Where a process is, past what stands between it and everybody else."""
    return Location("127.0.0.1", node.port)


def test_a_client_loses_its_primary(deployment: SentinelDeployment, ledger: Ledger) -> None:
    """Nobody else does, so there is no failover: the call rides through, and goes on where it was."""
    primary = deployment.primary
    with ExitStack() as stack:
        mine = stack.enter_context(FaultProxy(primary.location))
        sentinel = stack.enter_context(
            Sentinel(
                deployment.sentinel_locations,
                address_map={primary.location: mine.location},
                stream_timeout=0.5,
                connect_timeout=0.5,
                failover_timeout=BUDGET,
            )
        )
        client = stack.enter_context(sentinel.primary_for("myredis"))
        assert client.incr("count") == 1
        mine.partition()
        with pytest.raises(OutcomeUnknownError):
            client.incr("count")
        assert primary.execute_command("GET", "count") == "1"
        mine.reset()  # what was on its way is lost
        mine.heal()
        assert client.get("count") == "1"
        assert client.incr("count") == 2
        assert port_of(client) == primary.port
        ledger.note(operations=4, faults=2)


def test_a_primary_loses_everybody_but_one_client(deployment: SentinelDeployment, ledger: Ledger) -> None:
    """The client can still reach it, and leaves it all the same as soon as there is another one."""
    old = deployment.primary
    with (
        Sentinel(
            deployment.sentinel_locations,
            address_map={old.location: direct(old)},
            stream_timeout=0.5,
            connect_timeout=0.5,
            failover_timeout=BUDGET,
        ) as sentinel,
        sentinel.primary_for("myredis") as client,
    ):
        client.set("before", "x")
        deployment.wait_until_ready()
        old.proxy.partition()
        new = deployment.wait_for_failover(old, BUDGET)

        def has_left() -> bool:
            try:
                client.incr("count")
            except ConnectionError:
                return False
            return port_of(client) == new.port

        until(has_left)
        on_old = old.execute_command("GET", "count")
        counted = [client.incr("count") for _ in range(20)]
        ledger.note(operations=20, faults=1, double_writes=len(set(counted)) != 20)
        assert old.execute_command("GET", "count") == on_old, "a write that the old primary gets now is lost"
        assert counted == list(range(counted[0], counted[0] + 20))
        old.proxy.heal()
        deployment.wait_until_ready(BUDGET)
        assert client.get("before") == "x"
        assert client.incr("count") == counted[-1] + 1


def test_a_sentinel_loses_the_others(deployment: SentinelDeployment, ledger: Ledger) -> None:
    """What it says is old once the others have made another primary; the client asks on, and goes to the new one."""
    lonely = deployment.sentinels[0]
    old = deployment.primary
    with (
        Sentinel(deployment.sentinel_locations, failover_timeout=BUDGET, stream_timeout=0.5) as sentinel,
        sentinel.primary_for("myredis") as client,
    ):
        client.set("before", "x")
        deployment.wait_until_ready()
        lonely.proxy.partition()
        deployment.kill(old)
        assert client.get("before") == "x"
        until(lambda: port_of(client) != old.port)
        until(lambda: port_of(client) == deployment.current_primary().port)  # the client may know first
        assert client.incr("count") == 1
        ledger.note(operations=3, faults=2)
