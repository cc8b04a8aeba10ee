"""How clients live through failovers: a table of drills on real processes, each under 4 writers and 4 readers.

    python -m benchmarks.failover [--drill NAME ...] [--client NAME ...] [--rounds N]

A primary, two replicas and three Sentinels on loopback, ``down-after`` one second. Clients that are not installed are left
out. Columns: errors that the application saw (writers/readers); the longest gap between two successful writes, and reads, in
ms (``>``: still open at the end); the first successful write after the replica's promotion, in ms; acknowledged writes that
are gone; INCRs applied more often than they were asked for; calls that never came back.

The figures are those of this machine at this moment: run it where nothing else is running.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from benchmarks.failover_clients import CLIENTS
from benchmarks.failover_load import WRITERS, Record, Tasks, Threads
from syncredis.exceptions import RedisError
from syncredis.testing import SentinelDeployment, ServerProcess

CALM = 1.5  # seconds of load before the fault


# --- faults ---------------------------------------------------------------------------------------------


def planned(own: SentinelDeployment) -> None:
    own.failover()


def killed(own: SentinelDeployment) -> None:
    own.kill(own.primary)
    own.wait_for_failover(own.primary)


def frozen(own: SentinelDeployment) -> None:
    own.freeze(own.primary)
    time.sleep(8.0)
    own.wait_for_failover(own.primary)
    own.thaw(own.primary)


def frozen_for_good(own: SentinelDeployment) -> None:
    own.freeze(own.primary)
    own.wait_for_failover(own.primary)


def a_sentinel_dead(own: SentinelDeployment) -> None:
    own.kill(own.sentinels[0])
    killed(own)


def a_sentinel_silent(own: SentinelDeployment) -> None:
    own.freeze(own.sentinels[0])
    killed(own)


#: By name: the fault, and how long to look on afterwards, in seconds.
DRILLS: dict[str, tuple[Callable[[SentinelDeployment], None], float]] = {
    "planned": (planned, 14.0),
    "kill": (killed, 6.0),
    "freeze": (frozen, 14.0),
    "freeze for good": (frozen_for_good, 14.0),
    "one Sentinel dead, kill": (a_sentinel_dead, 8.0),
    "one Sentinel silent, kill": (a_sentinel_silent, 8.0),
}


# --- measuring ------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """The figures of one drill."""

    write_errors: int
    read_errors: int
    write_gap: float
    read_gap: float
    after_promotion: float | None
    lost: int
    doubled: int
    stuck: int


class PromotionWatch:
    """Notes when a replica first says that it is a primary."""

    def __init__(self, nodes: list[ServerProcess]) -> None:
        self.at: float | None = None
        self._nodes = nodes
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> PromotionWatch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        clients = [node.client() for node in self._nodes]
        while not self._over.wait(0.005) and self.at is None:
            for client in clients:
                with suppress(RedisError):
                    if client.execute_command("ROLE")[0] == "master":
                        self.at = time.monotonic()
        for client in clients:
            client.close()


def run(make: Callable[[list[Any]], Threads | Tasks], drill: str) -> Outcome:
    """Run one drill with one client."""
    fault, afterwards = DRILLS[drill]
    with SentinelDeployment(2, 3, down_after=1.0) as own, PromotionWatch(own.replicas) as promotion:
        load, record = make([tuple(location) for location in own.sentinel_locations]), Record()
        load.start(record)
        time.sleep(CALM)
        began = time.monotonic()
        fault(own)
        time.sleep(afterwards)
        ended = time.monotonic()
        stuck = load.stop()
        with own.current_primary().client() as client:
            there = set(client.keys("w:*"))
            counts = [int(client.get(f"c:{number}") or 0) for number in range(WRITERS)]
    first = None
    if promotion.at is not None:
        first = min((at - promotion.at for at in record.writes if at >= promotion.at), default=None)
    asked = zip(counts, record.counted, record.doubtful, strict=True)
    return Outcome(
        write_errors=record.write_errors,
        read_errors=record.read_errors,
        write_gap=longest_gap(record.writes, began, ended),
        read_gap=longest_gap(record.reads, began, ended),
        after_promotion=first,
        lost=sum(name not in there for _, name in record.written),
        doubled=sum(max(0, count - counted - doubtful) for count, counted, doubtful in asked),
        stuck=stuck,
    )


def longest_gap(successes: list[float], began: float, ended: float) -> float:
    """Return the longest time without a success; negative if it lasted to the end."""
    times = [began, *(at for at in sorted(successes) if began < at < ended), ended]
    gaps = [(later - earlier, later) for earlier, later in itertools.pairwise(times)]
    longest, end = max(gaps)
    return -longest if end == ended else longest


def row(name: str, outcomes: list[Outcome]) -> str:
    """Return a line of the table, with the medians."""

    def median(values: list[float]) -> float:
        return statistics.median(values)

    def gap(values: list[float]) -> str:
        middle = sorted(values, key=abs)[len(values) // 2]
        return f"{'>' if middle < 0 else ''}{abs(middle) * 1000:.0f}"

    after = [each.after_promotion for each in outcomes if each.after_promotion is not None]
    cells = [
        name,
        f"{median([each.write_errors for each in outcomes]):.0f}/{median([each.read_errors for each in outcomes]):.0f}",
        gap([each.write_gap for each in outcomes]),
        gap([each.read_gap for each in outcomes]),
        f"{median(after) * 1000:.0f}" if after else "never",
        f"{median([each.lost for each in outcomes]):.0f}",
        f"{median([each.doubled for each in outcomes]):.0f}",
        f"{median([each.stuck for each in outcomes]):.0f}",
    ]
    return f"| {' | '.join(cells)} |"


@contextmanager
def table(drill: str) -> Iterator[None]:
    """Print the head of a table, and an empty line after it."""
    print(f"## {drill}\n")
    print("| client | errors w/r | write gap | read gap | after promotion | lost | INCR twice | stuck |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    yield
    print(flush=True)


def main() -> None:
    """Run the drills that are asked for, and print their tables."""
    parser = argparse.ArgumentParser(description="How clients live through failovers.")
    parser.add_argument("--drill", choices=DRILLS, action="append", help="which drills; all by default")
    parser.add_argument("--client", choices=CLIENTS, action="append", help="which clients; all by default")
    parser.add_argument("--rounds", type=int, default=1, help="how often each; medians are printed")
    chosen = parser.parse_args()
    for drill in chosen.drill or DRILLS:
        with table(drill):
            for name in chosen.client or CLIENTS:
                module, make = CLIENTS[name]
                if importlib.util.find_spec(module) is None:
                    print(f"| {name} | not installed |", flush=True)
                else:
                    print(row(name, [run(make, drill) for _ in range(chosen.rounds)]), flush=True)


if __name__ == "__main__":
    main()
