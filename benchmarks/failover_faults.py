"""What befalls a deployment: each drill is a function that is given the `Stage`, and returns when the fault is over."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.failover_chronicle import Chronicle
from benchmarks.failover_clients import Way
from syncredis import Location
from syncredis.exceptions import RedisError
from syncredis.testing import FaultProxy, SentinelDeployment, ServerProcess

#: Seconds for which a primary is frozen, and for which the network is parted after the other side has a primary of its own.
FROZEN_FOR: Final = 8.0
PARTED_FOR: Final = 8.0

FAILOVERS: Final = 20
DOWN_AFTER: Final = 1.0


@dataclass
class Stage:
    """A deployment, a client's way to it, and what is noted while a drill lasts.

    Attributes:
        own: the deployment.
        stack: closes what a drill opens.
        seeds: the Sentinels that the client is given.
        places: where the client finds what the Sentinels announce, if that is elsewhere.
        ways: what may be cut of that.
        begin: has the callers begin, if they have not.
        chronicle: who was primary when.
        notes: further figures, by name.
    """

    own: SentinelDeployment
    stack: ExitStack
    seeds: list[Location]
    places: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    ways: list[FaultProxy] = field(default_factory=list)
    begin: Callable[[], None] = lambda: None
    chronicle: Chronicle = None  # type: ignore[assignment]  # begins after the stage is prepared
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def way(self) -> Way:
        """The client's way."""
        return Way([(seed.host, seed.port) for seed in self.seeds], self.places)

    def wait_for_promotion(self, number: int = 1) -> None:
        """Block until there have been so many."""
        deadline = time.monotonic() + 60.0
        while len(self.chronicle.promotions) <= number:
            if time.monotonic() > deadline:
                raise TimeoutError("nobody was promoted")
            time.sleep(0.005)


class Drill(NamedTuple):
    """A fault, and for whom.

    Attributes:
        fault: makes it.
        prepare: changes the stage before the client begins.
        is_late: whether the fault has the client begin.
        is_proxied: whether there has to be a proxy before each process.
        for_peers: whether other clients take part.
        for_strict: whether strict clients take part.
        is_long: whether once is enough, however many rounds there are.
    """

    fault: Callable[[Stage], None]
    prepare: Callable[[Stage], None] = lambda _: None
    is_late: bool = False
    is_proxied: bool = False
    for_peers: bool = True
    for_strict: bool = False
    is_long: bool = False


def planned(stage: Stage) -> None:
    stage.own.failover()


def killed(stage: Stage) -> None:
    stage.own.kill(stage.own.primary)
    stage.wait_for_promotion()


def frozen(stage: Stage) -> None:
    stage.own.freeze(stage.own.primary)
    time.sleep(FROZEN_FOR)
    stage.wait_for_promotion()
    thaw_and_count(stage)


def frozen_for_good(stage: Stage) -> None:
    stage.own.freeze(stage.own.primary)
    stage.wait_for_promotion()


def a_sentinel_dead(stage: Stage) -> None:
    stage.own.kill(stage.own.sentinels[0])


def a_sentinel_dark(stage: Stage) -> None:
    """The first Sentinel is reached, and nothing comes through: neither at the place given, nor at the one that others tell."""
    first = stage.own.sentinels[0]
    hole = stage.stack.enter_context(FaultProxy(first.location))
    hole.partition()
    stage.seeds[0] = hole.location
    stage.own.freeze(first)


def thaw_and_count(stage: Stage, then: Callable[[], None] = lambda: None) -> None:
    """Thaw the old primary, and note how many writes came to it from then on until it was demoted.

    What it had received when it was frozen is carried out first, and not counted.
    """
    old = stage.own.primary
    with old.client() as client:
        stage.own.thaw(old)
        before = latest = writes_of(client)
        then()
        deadline = time.monotonic() + 30.0
        while time.monotonic() < deadline:
            with suppress(RedisError):
                if client.execute_command("ROLE")[0] != "master":
                    break
                latest = writes_of(client)
            time.sleep(0.05)
    stage.notes["old primary got"] = latest - before


def writes_of(client: Any) -> int:
    """Return how many writes of the callers a server has carried out."""
    stats = client.info("commandstats")
    return sum(int(stats.get(f"cmdstat_{name}", {}).get("calls", 0)) for name in ("eval", "incr", "incrby"))


def thawed_with_a_stale_sentinel(stage: Stage) -> None:
    """A client begins when the old primary and a Sentinel that has missed everything are back; it is given that one first."""
    stale = stage.own.sentinels[0]
    stage.own.freeze(stale)
    stage.own.freeze(stage.own.primary)
    stage.wait_for_promotion()
    stage.own.wait_for_failover(stage.own.primary)
    stage.own.thaw(stale)
    thaw_and_count(stage, stage.begin)


def prepare_partition(stage: Stage) -> None:
    """The client reaches the primary and one Sentinel by ways that nobody else has, and all others by ways that can be cut."""
    own = stage.own
    for node in (own.primary, own.sentinels[0]):
        stage.places[node.location] = Location("127.0.0.1", node.port)
    for node in (*own.replicas, *own.sentinels[1:]):
        way = stage.stack.enter_context(FaultProxy(node.location))
        stage.ways.append(way)
        stage.places[node.location] = way.location
    stage.seeds[:] = [Location(*stage.places[node.location]) for node in own.sentinels]


def parted(stage: Stage) -> None:
    """The client is left with the old primary and one Sentinel, and the others make another primary."""
    own = stage.own
    near = own.sentinels[0]
    proxies = [*stage.ways, own.primary.proxy, near.proxy]
    for proxy in proxies:
        proxy.partition()
    own.primary.proxy.reset()  # its replicas are gone
    # Otherwise it would hear of the others by way of the replicas.
    near.execute_command("SENTINEL", "RESET", own.service_name)
    stage.wait_for_promotion()
    time.sleep(PARTED_FOR)
    for proxy in proxies:
        proxy.heal()
    own.wait_until_ready()


def sentinels_come_and_go(stage: Stage) -> None:
    """Each is killed and restarted, then another one takes the first one's place, and then the primary changes."""
    own = stage.own
    for sentinel in own.sentinels:
        own.kill(sentinel)
        time.sleep(0.5)
        own.restart(sentinel)
        own.wait_until_ready()
    primary = own.primary.location
    directives = [
        f"monitor {own.service_name} {primary.host} {primary.port} {own.quorum}",
        f"down-after-milliseconds {own.service_name} {round(DOWN_AFTER * 1000)}",
    ]
    another = ServerProcess(own.binary, name="another", sentinel=True, config={"sentinel": directives})
    stage.stack.enter_context(another)
    time.sleep(3.0)  # it has made itself known to the others by then
    own.kill(own.sentinels[0])
    own.failover()


def many(stage: Stage) -> None:
    """One planned failover after the other; notes what this process holds after the first and after the last one."""
    own = stage.own
    for number in range(FAILOVERS):
        own.failover()
        own.wait_until_ready()
        if number in (0, FAILOVERS - 1):
            time.sleep(1.0)
            when = "after" if number else "before"
            for name, value in holdings().items():
                stage.notes[f"{name} {when}"] = value


def holdings() -> dict[str, float]:
    """Return how many sockets and threads this process has, and its memory in MiB."""
    gc.collect()
    names = []
    for path in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            names.append(str(path.readlink()))
    status = Path("/proc/self/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return {
        "sockets": sum(name.startswith("socket:") for name in names),
        "threads": threading.active_count(),
        "RSS": round(int(resident.split()[1]) / 1024, 1),
    }


DRILLS: dict[str, Drill] = {
    "planned": Drill(planned),
    "kill": Drill(killed),
    "freeze": Drill(frozen),
    "freeze for good": Drill(frozen_for_good),
    "one Sentinel dead, kill": Drill(killed, a_sentinel_dead),
    "one Sentinel black-holed, kill": Drill(killed, a_sentinel_dark),
    "one Sentinel black-holed, planned": Drill(planned, a_sentinel_dark, for_peers=False),
    "stale Sentinel first": Drill(thawed_with_a_stale_sentinel, is_late=True),
    "cut off": Drill(parted, prepare_partition, is_proxied=True, for_strict=True, is_long=True),
    "Sentinels come and go": Drill(sentinels_come_and_go, for_peers=False, is_long=True),
    "20 in a row": Drill(many, for_peers=False, is_long=True),
}
