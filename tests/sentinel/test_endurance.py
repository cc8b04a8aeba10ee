"""Many failovers, and Sentinels that come and go: service goes on, and nothing grows."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until
from tests.sentinel.insight import port_of, watching
from tests.sentinel.load import Herd
from tests.sentinel.test_watcher import BUDGET, Ledger, epoch_of

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]

NEWEST = BINARIES[sorted(BINARIES, reverse=True)[0]]
FAILOVERS = 20
WARM_UP = 3


@pytest.fixture
def own() -> Iterator[SentinelDeployment]:
    """A deployment for one test."""
    with SentinelDeployment(2, 3, server=NEWEST, down_after=2.0) as started:
        yield started


def holdings() -> tuple[int, int]:
    """How many sockets and threads this process has."""
    gc.collect()
    descriptors = [str(target) for target in map(readlink, Path("/proc/self/fd").iterdir())]
    return sum(name.startswith("socket:") for name in descriptors), threading.active_count()


def objects() -> int:
    """How many objects there are that refer to others: bytes in use would tell of Python's own caches, too."""
    gc.collect()
    return len(gc.get_objects())


def readlink(path: Path) -> Path | None:
    try:
        return path.readlink()
    except OSError:
        return None


def test_many_failovers_in_a_row(surfaces: dict[str, Surface], own: SentinelDeployment) -> None:
    """Nobody notices any of them, nothing is lost, and sockets, threads and objects do not grow."""
    with ExitStack() as stack:
        sentinel = stack.enter_context(
            surfaces["sync"].Sentinel(own.sentinel_locations, failover_timeout=BUDGET, write_hold=60.0)
        )
        client = stack.enter_context(sentinel.primary_for("myredis"))
        ledger = Ledger(client)
        ledger.write()
        watching(sentinel, 3)
        counts: list[tuple[int, int]] = []
        census: list[int] = []
        for last in (WARM_UP, FAILOVERS):
            with Herd(3, ledger.write) as writes, Herd(3, lambda: client.scard("ledger")) as reads:
                for number in range(len(counts) + 1, last + 1):
                    new = own.failover(BUDGET)
                    own.wait_until_ready(BUDGET)
                    writes.wait_for_calls(5)
                    reads.wait_for_calls(5)
                    assert epoch_of(own) == number
                    counts.append(holdings())
            assert writes.errors == reads.errors == []
            census.append(objects())  # while nothing is under way
        assert port_of(client) == new.port
        with new.client() as there:
            assert ledger.lost(there) == set()
        # Each of the two herds has a connection a thread, and a failover may be looked at in the middle of what it causes.
        sockets, threads = (sorted(each) for each in zip(*counts, strict=True))
        assert sockets[FAILOVERS // 2] <= sockets[0] + 8
        assert threads[FAILOVERS // 2] <= threads[0] + 4
        assert census[1] - census[0] <= 5 * (FAILOVERS - WARM_UP), census
        until(lambda: holdings() <= (max(sockets[0], counts[0][0]) + 2, max(threads[0], counts[0][1])))


def test_sentinels_come_and_go(surface: Surface, own: SentinelDeployment) -> None:
    """All that were given at the start are replaced by others, one by one; the client hears of each, and follows."""
    with ExitStack() as stack:
        sentinel = stack.enter_context(surface.Sentinel(own.sentinel_locations[:1], failover_timeout=BUDGET))
        client = stack.enter_context(sentinel.primary_for("myredis"))
        client.set("foo", "bar")
        watching(sentinel, 3)
        with Herd(2, lambda: client.get("foo")) as reads:
            # Killed and restarted, one after the other.
            for process in own.sentinels:
                own.kill(process)
                own.restart(process)
                watching(sentinel, 3)
            another = stack.enter_context(another_sentinel(own))
            until(lambda: another.location in sentinel.sentinels)
            watching(sentinel, 4)
            # The only one that was given at the start is gone for good.
            own.kill(own.sentinels[0])
            new = own.failover(BUDGET)
            until(lambda: port_of(client) == new.port)
            reads.wait_for_calls(10)
        assert reads.errors == []


def another_sentinel(deployment: SentinelDeployment) -> ServerProcess:
    """A Sentinel that watches the same service."""
    primary = deployment.primary.location
    directives = [f"monitor myredis {primary.host} {primary.port} 2", "down-after-milliseconds myredis 2000"]
    config: Any = {"sentinel": directives}
    return ServerProcess(NEWEST, name="another", sentinel=True, config=config)
