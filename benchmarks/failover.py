"""How clients live through failovers: tables of drills on real processes, each under 4 writers, 4 readers and a subscriber.

    python -m benchmarks.failover [--drill NAME ...] [--client NAME ...] [--rounds N] [--peer-rounds N] [--json FILE]

A primary, two replicas and three Sentinels on loopback, ``down-after`` one second. Clients that are not installed are left
out. Each run has a process of its own; those of other clients, whose gaps are counted in seconds, run side by side.

Columns: errors that the application saw (writers/readers); the longest gap between two successful writes, and reads, in
ms (``>``: still open at the end); the first write that the promoted node acknowledged, and the first message from there that
the subscriber got, in ms after its promotion; acknowledged writes that are gone: not carried by replication + sent while the
Sentinels were replacing the primary + sent to a node that had been replaced; INCRs applied more often than they were asked for;
calls that never came back. Figures are medians of the rounds.

The figures are those of this machine at this moment: run it where nothing else is running.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from benchmarks.failover_chronicle import Chronicle, judge
from benchmarks.failover_clients import CLIENTS
from benchmarks.failover_faults import DOWN_AFTER, DRILLS, Stage
from benchmarks.failover_load import Record
from benchmarks.failover_outcome import Outcome, head, longest_gap, row
from syncredis.testing import SentinelDeployment

#: Seconds of load before the fault, and after a client is back; and how long one that is not back is waited for.
CALM: Final = 1.5
AFTERWARDS: Final = 2.0
PATIENCE: Final = 14.0

#: Seconds for one run, at most.
_LIMIT: Final = 240.0


def run(client: str, name: str) -> Outcome:
    """Run one drill with one client, in this process."""
    drill, record = DRILLS[name], Record()
    with ExitStack() as stack:
        own = stack.enter_context(SentinelDeployment(2, 3, down_after=DOWN_AFTER, proxied=drill.is_proxied))
        stage = Stage(own, stack, list(own.sentinel_locations))
        chronicle = stage.chronicle = Chronicle(own)
        drill.prepare(stage)
        load = CLIENTS[client].make(stage.way)
        with chronicle:
            stage.begin = lambda: load.start(record)
            if not drill.is_late:
                stage.begin()
            time.sleep(CALM)
            began = time.monotonic()
            drill.fault(stage)
            wait_for_service(chronicle, record)
            ended = time.monotonic()
            stuck = load.stop()
            settle(own, chronicle)
            with own.current_primary().client() as there:
                kept = set(there.keys("w:*"))
        promotion = chronicle.promotions[-1]
        losses = judge(
            (each for each in record.written if each.name not in kept), chronicle.promotions, chronicle.began
        )
    if drill.is_late:
        began = min((each.sent for each in record.written), default=began)
    first = min((each.acknowledged for each in record.written if came_from(each, promotion)), default=None)
    message = min((at for at, node in record.received if node == promotion.node and at > promotion.at), default=None)
    return Outcome(
        write_errors=record.write_errors,
        read_errors=record.read_errors,
        errors=record.errors,
        write_gap=longest_gap(record.writes, began, ended),
        read_gap=longest_gap(record.reads, began, ended),
        after_promotion=None if first is None else first - promotion.at,
        subscriber=None if message is None else message - promotion.at,
        not_carried=len(losses.not_carried),
        late=len(losses.late),
        misdirected=len(losses.misdirected),
        doubled=record.doubled,
        stuck=stuck,
        failovers=len(chronicle.promotions) - 1,
        notes=stage.notes,
    )


def settle(own: SentinelDeployment, chronicle: Chronicle) -> None:
    """Wait until the Sentinels name who was promoted last: another failover may be under way, and its heir has the writes."""
    deadline = time.monotonic() + PATIENCE
    while own.current_primary().port != chronicle.promotions[-1].node and time.monotonic() < deadline:
        time.sleep(0.05)


def came_from(write: Any, promotion: Any) -> bool:
    """Whether a write is one that a node acknowledged after its promotion, which is noticed a moment after it has happened."""
    return bool(write.node == promotion.node and write.acknowledged > promotion.at - 0.05)


def wait_for_service(chronicle: Chronicle, record: Record) -> None:
    """Look on until writes and messages have been coming from the new primary for a while, or never will."""
    deadline = time.monotonic() + PATIENCE
    back: float | None = None
    while (now := time.monotonic()) < deadline:
        last = chronicle.promotions[-1]
        written = any(came_from(each, last) for each in record.written[-8:])
        heard = any(node == last.node and at > last.at for at, node in record.received[-8:])
        back = (back or now) if written and heard else None
        if back is not None and now - back > AFTERWARDS:
            return
        time.sleep(0.1)


# --- all of them ----------------------------------------------------------------------------------------


def run_apart(client: str, drill: str) -> Outcome:
    """Run one drill with one client, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.failover", "--single", "--client", client, "--drill", drill]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=False)
    if done.returncode:
        raise RuntimeError(f"{client}, {drill}: {done.stderr.strip().splitlines()[-1:]}")
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def contestants(drill: str, clients: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return our own clients that take part, and those of others."""
    there = [name for name in clients if importlib.util.find_spec(CLIENTS[name].module) is not None]
    taking_part = [name for name in there if DRILLS[drill].for_strict or not CLIENTS[name].is_strict]
    ours = [name for name in taking_part if not CLIENTS[name].is_peer]
    return ours, [name for name in taking_part if CLIENTS[name].is_peer and DRILLS[drill].for_peers]


def outcomes_of(drill: str, clients: Sequence[str], rounds: int, peer_rounds: int) -> dict[str, list[Outcome]]:
    """Run a drill with every client that takes part."""
    ours, peers = contestants(drill, clients)
    found: dict[str, list[Outcome]] = {name: [] for name in (*ours, *peers)}

    def attempt(name: str) -> None:
        try:
            found[name].append(run_apart(name, drill))
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"failed: {error}", file=sys.stderr, flush=True)

    for number in range(1 if DRILLS[drill].is_long else rounds):
        for name in ours:
            print(f"{time.strftime('%H:%M:%S')} {drill}: {name}, round {number + 1}", file=sys.stderr, flush=True)
            attempt(name)
    for _ in range(peer_rounds if peers else 0):
        print(f"{time.strftime('%H:%M:%S')} {drill}: {', '.join(peers)}", file=sys.stderr, flush=True)
        with ThreadPoolExecutor(len(peers)) as side_by_side:
            list(side_by_side.map(attempt, peers))
    return found


def main() -> None:
    """Run the drills that are asked for, and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drill", choices=DRILLS, action="append", help="which drills; all by default")
    parser.add_argument("--client", choices=CLIENTS, action="append", help="which clients; all by default")
    parser.add_argument("--rounds", type=int, default=1, help="how often each of our own; medians are printed")
    parser.add_argument("--peer-rounds", type=int, default=1, help="how often each of the others")
    parser.add_argument("--json", type=Path, help="a file for all figures of all rounds")
    parser.add_argument("--single", action="store_true", help="one run, in this process, as JSON")
    chosen = parser.parse_args()
    if chosen.single:
        print(json.dumps(asdict(run(chosen.client[0], chosen.drill[0]))))
        return
    all_of_them: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for drill in chosen.drill or DRILLS:
        found = outcomes_of(drill, chosen.client or list(CLIENTS), chosen.rounds, chosen.peer_rounds)
        print(head(drill))
        for name, outcomes in found.items():
            print(row(name, outcomes) if outcomes else f"| {name} | failed |")
        print(flush=True)
        all_of_them[drill] = {name: [asdict(each) for each in outcomes] for name, outcomes in found.items()}
        if chosen.json:
            chosen.json.write_text(json.dumps(all_of_them, indent=1) + "\n")


if __name__ == "__main__":
    main()
