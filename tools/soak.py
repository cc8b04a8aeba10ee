"""Works a client for minutes, while connections break, servers die and failovers happen; then says what was left behind.

    python tools/soak.py [--minutes 10] [--server WHICH]

Threads, tasks of asyncio and tasks of trio count on counters of their own, and read values that nobody else writes, through
clients of a Sentinel deployment behind proxies. Every half minute it prints a line; in the end, when everything is closed, a
table and a verdict. The exit status is 1 if there was a wrong reply, a write that was applied twice, a caller that ended with
what it should not, a socket or a thread that was left, or memory that went on growing.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import anyio

from syncredis import ConnectionError, OutcomeUnknownError, Redis, aio
from syncredis.aio.sentinel import Sentinel as AsyncSentinel
from syncredis.sentinel import Sentinel
from syncredis.testing import Fault, SentinelDeployment

#: Callers of each kind; the tasks share connections, the threads share a pool.
CALLERS: Final = {"threads": 16, "asyncio": 60, "trio": 60}
#: Bytes by which memory may grow from the second third of the time to the last one: what caches of Python's take.
SLACK: Final = 32 * 1024**2
#: What must not be.
HARMFUL: Final = ("wrong replies", "double writes", "callers that ended")
_BUDGET: Final = 60.0  # seconds that a call rides through a failover
_SAMPLE: Final = 10.0  # seconds between two looks at the memory
_SAMPLES_IN_A_LINE: Final = 3


@dataclass
class Account:
    """What one caller was told. Only its own thread, or task, writes to it."""

    kind: str
    name: str
    acknowledged: int = 0
    unknown: int = 0
    seen: Counter[str] = field(default_factory=Counter[str])

    @property
    def value_key(self) -> str:
        """A key whose values nobody else writes; each begins with the name of the account."""
        return f"value:{self.name}"

    def note_count(self, reply: int) -> None:
        """Note the reply to an INCR."""
        # A failover may take acknowledged writes with it, but nothing may ever have been counted that was not asked for.
        self.seen["double writes"] += reply > self.acknowledged + self.unknown + 1
        self.seen["operations"] += 1
        self.acknowledged += 1

    def note_failure(self, error: ConnectionError | None) -> None:
        """Note how an INCR failed; None: it was cancelled."""
        self.seen["operations"] += 1
        if error is None or isinstance(error, OutcomeUnknownError):
            self.unknown += 1
            self.seen["unknown outcomes"] += 1
        else:
            self.seen["failed calls"] += 1
        self.seen["cancelled calls"] += error is None

    def note_reading(self, right: bool) -> None:
        """Note whether what was read is what was written."""
        self.seen["operations"] += 1
        self.seen["wrong replies"] += not right


class Soak:
    """The load, and the account of it."""

    def __init__(self, deployment: SentinelDeployment) -> None:
        self.over = threading.Event()
        self.faults: Counter[str] = Counter()
        self.accounts = {
            kind: [Account(kind, f"{kind}:{number}") for number in range(count)] for kind, count in CALLERS.items()
        }
        self._deployment = deployment
        self._ended: list[str] = []

    def guarded(self, work: Callable[[], None]) -> None:
        """Run what must not raise; note it if it does."""
        try:
            work()
        except BaseException as error:
            self._ended.append(repr(error))
            print(f"a caller ended with {error!r}", flush=True)
            raise

    def run_thread(self, account: Account, client: Redis[str]) -> None:
        """Count, and compare values with what they must be."""
        chance = random.Random(account.name)
        while not self.over.is_set():
            try:
                account.note_count(client.incr(account.name))
            except ConnectionError as error:
                account.note_failure(error)
            with suppress(ConnectionError):
                value = f"{account.name}:{chance.random()}"
                pipeline = client.pipeline(transaction=True)
                pipeline.set(account.value_key, value)
                pipeline.get(account.value_key)
                account.note_reading(pipeline.execute() == [True, value])
                found = client.get(account.value_key)
                account.note_reading(found is None or found.startswith(f"{account.name}:"))

    def run_loop(self, kind: str) -> None:
        """Run `run_tasks` in an event loop of its own."""
        anyio.run(self.run_tasks, kind, backend=kind)

    async def run_tasks(self, kind: str) -> None:
        """Count, in tasks, some of which are cancelled now and then."""
        async with (
            AsyncSentinel(
                self._deployment.sentinel_locations, failover_timeout=_BUDGET, stream_timeout=2.0
            ) as sentinel,
            sentinel.primary_for("myredis", max_connections=8, pool_timeout=_BUDGET) as client,
            anyio.create_task_group() as tasks,
        ):
            for account in self.accounts[kind]:
                tasks.start_soon(self._run_task, account, client)

    async def _run_task(self, account: Account, client: aio.Redis[str]) -> None:
        chance = random.Random(account.name)
        while not self.over.is_set():
            with anyio.move_on_after(0.002 if chance.random() < 0.01 else None) as scope:
                try:
                    account.note_count(await client.incr(account.name))
                except ConnectionError as error:
                    account.note_failure(error)
            if scope.cancelled_caught:
                account.note_failure(None)
            with suppress(ConnectionError):
                value = f"{account.name}:{chance.random()}"
                pipeline = client.pipeline(transaction=True)
                pipeline.set(account.value_key, value)
                pipeline.get(account.value_key)
                account.note_reading(await pipeline.execute() == [True, value])
                found = await client.get(account.value_key)
                account.note_reading(found is None or found.startswith(f"{account.name}:"))
            await anyio.sleep(0.02)

    def break_things(self) -> None:
        """Strike connections all the time, and now and then have a failover."""
        chance, deployment = random.Random(0), self._deployment
        processes = [*deployment.nodes, *deployment.sentinels]
        next_failover = time.monotonic() + 20
        while not self.over.wait(chance.random() * 0.1):
            proxy = chance.choice(processes).proxy
            kind = chance.choice(["cut", "reset"])
            (proxy.cut if kind == "cut" else proxy.reset)()
            self.faults[f"all connections {kind}"] += 1
            reset = chance.random() < 0.5
            proxy.to_client = Fault(cut_after=chance.randrange(2000), reset=reset)
            self.faults[f"{'reset' if reset else 'cut'} within a reply"] += 1
            if time.monotonic() > next_failover:
                self._fail_over()
                next_failover = time.monotonic() + 20
        for process in processes:
            process.proxy.heal()

    def _fail_over(self) -> None:
        for node in self._deployment.nodes:
            node.proxy.heal()
        try:
            self._deployment.failover(30)
            self._deployment.wait_until_ready(30)
        except Exception:  # what matters is what the clients make of it
            self.faults["failovers that came to nothing"] += 1
        else:
            self.faults["failovers"] += 1

    def counted(self, kind: str | None = None) -> Counter[str]:
        """What the callers, or those of one kind, were told so far."""
        counts: Counter[str] = Counter()
        for accounts in self.accounts.values() if kind is None else [self.accounts[kind]]:
            for account in accounts:
                counts.update(dict(account.seen))
        counts["callers that ended"] = len(self._ended) if kind is None else 0
        return counts

    def line(self) -> str:
        """What there is to say now."""
        counts = self.counted()
        return (
            f"{counts['operations']:9,} operations  {self.faults.total():6,} faults  "
            f"{counts['wrong replies']} wrong replies  {counts['double writes']} double writes  "
            f"{counts['unknown outcomes']:6,} unknown outcomes  {sockets():3} sockets  "
            f"{threading.active_count():3} threads  {memory() / 1024**2:6.1f} MiB"
        )

    def table(self) -> str:
        """Everything, by kind of caller and by kind of fault."""
        names = ["operations", "unknown outcomes", "failed calls", "cancelled calls", *HARMFUL[:2]]
        rows = [f"{'':24}" + "".join(f"{kind:>12}" for kind in (*CALLERS, "all"))]
        by_kind = [*(self.counted(kind) for kind in CALLERS), self.counted()]
        rows += [f"{name:24}" + "".join(f"{counts[name]:12,}" for counts in by_kind) for name in names]
        rows += ["faults injected", *(f"  {kind:34}{count:12,}" for kind, count in sorted(self.faults.items()))]
        return "\n".join(rows)


def sockets() -> int:
    """How many sockets this process has open."""
    count = 0
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            count += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
    return count


def memory() -> int:
    """How many bytes of this process are in memory."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def complaints(counts: Counter[str], left: dict[str, int], growth: int) -> list[str]:
    """Say what is not as it must be.

    Args:
        counts: what the callers were told.
        left: sockets and threads that are open although everything is closed.
        growth: bytes by which memory grew from the second third of the time to the last one.
    """
    found = [f"{counts[name]} {name}" for name in HARMFUL if counts[name]]
    if not counts["operations"]:
        found.append("nothing was done")
    found += [f"{count} {name} left" for name, count in left.items() if count > 0]
    if growth > SLACK:
        found.append(f"memory grew by {growth / 1024**2:.1f} MiB")
    return found


def growth_of(sizes: list[int]) -> int:
    """By how many bytes memory grew from the second third of the time to the last one."""
    third = len(sizes) // 3
    return max(sizes[-third:]) - max(sizes[third:-third]) if third else 0


def main() -> int:
    """Run the tool; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long; 10 unless given")
    parser.add_argument("--server", default="auto", help="which server: see syncredis.testing.find")
    options = parser.parse_args()
    logging.getLogger("asyncio").setLevel(
        logging.ERROR
    )  # with -X dev it tells of each callback that waits for its turn
    before = sockets(), threading.active_count()
    with SentinelDeployment(2, 3, server=options.server, proxied=True) as deployment:
        soak, sizes = work(deployment, options.minutes * 60)
    gc.collect()
    time.sleep(1)  # threads that were told to end get the time to do so
    left = {"sockets": sockets() - before[0], "threads": threading.active_count() - before[1]}
    growth = growth_of(sizes)
    print("closed  ", soak.line())
    print(soak.table())
    print(f"left when all was closed: {left['sockets']} sockets, {left['threads']} threads")
    print(f"memory: {max(sizes, default=0) / 1024**2:.1f} MiB at most, {growth / 1024**2:+.1f} MiB in the last third")
    wrong = complaints(soak.counted(), left, growth)
    print(f"VERDICT: {'; '.join(wrong) or 'sound'}")
    return 1 if wrong else 0


def work(deployment: SentinelDeployment, seconds: float) -> tuple[Soak, list[int]]:
    """Run the load for so long; return it, and how much memory there was from time to time."""
    soak, sizes = Soak(deployment), list[int]()
    with ExitStack() as stack:
        sentinel = stack.enter_context(
            Sentinel(deployment.sentinel_locations, failover_timeout=_BUDGET, stream_timeout=2.0)
        )
        client = stack.enter_context(sentinel.primary_for("myredis", max_connections=8, pool_timeout=_BUDGET))
        jobs: list[Callable[[], None]] = [soak.break_things]
        jobs += [partial(soak.run_thread, account, client) for account in soak.accounts["threads"]]
        jobs += [partial(soak.run_loop, kind) for kind in ("asyncio", "trio")]
        threads = [threading.Thread(target=soak.guarded, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        try:
            while (left := began + seconds - time.monotonic()) > 0:
                time.sleep(min(_SAMPLE, left))
                sizes.append(memory())
                if len(sizes) % _SAMPLES_IN_A_LINE == 0 or time.monotonic() - began >= seconds:
                    print(f"{time.monotonic() - began:6.0f} s", soak.line(), flush=True)
        finally:
            soak.over.set()
            for thread in threads:
                thread.join()
    return soak, sizes


if __name__ == "__main__":
    sys.exit(main())
