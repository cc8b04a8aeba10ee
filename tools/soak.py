"""Works a client for minutes, while connections break, servers die and failovers happen; then says what was left behind.

    python tools/soak.py [--minutes 10] [--server WHICH]

Threads and tasks count on counters of their own, through clients of a Sentinel deployment behind proxies. Each minute it
prints operations, faults, wrong replies, counters that say more than they may, sockets, threads and memory; in the end, when
everything is closed, the same again. The exit status is 1 if there was a wrong reply, a write that was applied twice, a
socket or a thread that was left, or memory that went on growing.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Final

from syncredis import ConnectionError, OutcomeUnknownError, Redis, aio
from syncredis.aio.sentinel import Sentinel as AsyncSentinel
from syncredis.sentinel import Sentinel
from syncredis.testing import Fault, SentinelDeployment

THREADS: Final = 16
TASKS: Final = 100
#: Bytes by which memory may grow from the second third of the time to the last one: what caches of Python's take.
SLACK: Final = 32 * 1024**2
_BUDGET: Final = 60.0  # seconds that a call rides through a failover


@dataclass
class Account:
    """What one caller was told about its counter; ``generation`` changes whenever a failover may have lost something."""

    name: str
    acknowledged: int = 0
    unknown: int = 0
    seen: Counter[str] = field(default_factory=Counter[str])

    def note(self, reply: int | None, error: ConnectionError | None) -> None:
        """Note the outcome of one INCR."""
        if isinstance(error, OutcomeUnknownError):
            self.unknown += 1
            self.seen["unknown"] += 1
        elif error is not None:
            self.seen["failed"] += 1
        elif reply is not None:
            # A failover may take acknowledged writes with it, but nothing may ever have been counted that was not asked for.
            self.seen["doubled" if reply > self.acknowledged + self.unknown + 1 else "right"] += 1
            self.acknowledged += 1


class Soak:
    """The load, and the account of it."""

    def __init__(self, deployment: SentinelDeployment) -> None:
        self.over = threading.Event()
        self.faults = 0
        self.wrong = 0
        self.accounts = [Account(f"count:{number}") for number in range(THREADS + TASKS)]
        self._deployment = deployment

    def run_threads(self, number: int, client: Redis[str]) -> None:
        """Count, and compare values with what they must be."""
        account, chance = self.accounts[number], random.Random(number)
        while not self.over.is_set():
            reply, error = None, None
            try:
                reply = client.incr(account.name)
            except ConnectionError as raised:
                error = raised
            account.note(reply, error)
            with suppress(ConnectionError):
                value = f"{account.name}:{chance.random()}"
                found = client.pipeline(transaction=True)
                found.set(f"value:{account.name}", value)
                found.get(f"value:{account.name}")
                self.wrong += found.execute() != [True, value]

    async def run_tasks(self) -> None:
        """Count, in tasks, some of which are cancelled now and then."""
        async with (
            AsyncSentinel(
                self._deployment.sentinel_locations, failover_timeout=_BUDGET, stream_timeout=2.0
            ) as sentinel,
            sentinel.primary_for("myredis", max_connections=8, pool_timeout=_BUDGET) as client,
        ):
            await asyncio.gather(*(self._run_task(number, client) for number in range(TASKS)))

    async def _run_task(self, number: int, client: aio.Redis[str]) -> None:
        account, chance = self.accounts[THREADS + number], random.Random(number)
        while not self.over.is_set():
            reply, error = None, None
            try:
                async with asyncio.timeout(0.002 if chance.random() < 0.01 else None):
                    reply = await client.incr(account.name)
            except ConnectionError as raised:
                error = raised
            except TimeoutError:
                error = OutcomeUnknownError("cancelled")
            account.note(reply, error)
            await asyncio.sleep(0.02)

    def break_things(self) -> None:
        """Strike connections all the time, and now and then have a failover."""
        chance, deployment = random.Random(0), self._deployment
        next_failover = time.monotonic() + 20
        while not self.over.wait(chance.random() * 0.1):
            proxy = chance.choice([*deployment.nodes, *deployment.sentinels]).proxy
            strike: Callable[[], None] = chance.choice([proxy.cut, proxy.reset])
            strike()
            proxy.to_client = Fault(cut_after=chance.randrange(2000), reset=chance.random() < 0.5)
            self.faults += 2
            if time.monotonic() > next_failover:
                for node in deployment.nodes:
                    node.proxy.heal()
                with suppress(Exception):  # what matters is what the clients make of it
                    deployment.failover(30)
                    deployment.wait_until_ready(30)
                self.faults += 1
                next_failover = time.monotonic() + 20
        for node in [*deployment.nodes, *deployment.sentinels]:
            node.proxy.heal()

    def line(self) -> str:
        """What there is to say now."""
        seen = sum((account.seen for account in self.accounts), Counter[str]())
        return (
            f"{seen.total():9,} operations  {seen['unknown']:6,} unknown  {seen['failed']:4,} failed  {self.faults:6,} faults  "
            f"{self.wrong} wrong  {seen['doubled']} doubled  {sockets():3} sockets  {threading.active_count():3} threads  "
            f"{memory() / 1024**2:6.1f} MiB"
        )

    @property
    def harm(self) -> int:
        """How many wrong replies and double writes there were."""
        return self.wrong + sum(account.seen["doubled"] for account in self.accounts)


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


def main() -> int:
    """Run the tool; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long; 10 unless given")
    parser.add_argument("--server", default="auto", help="which server: see syncredis.testing.find")
    options = parser.parse_args()
    before = sockets(), threading.active_count()
    with SentinelDeployment(2, 3, server=options.server, proxied=True) as deployment:
        soak, sizes = work(deployment, options.minutes * 60)
    gc.collect()
    time.sleep(1)  # threads that were told to end get the time to do so
    left = sockets() - before[0], threading.active_count() - before[1]
    growth = max(sizes[-len(sizes) // 3 :]) - max(sizes[len(sizes) // 3 : -len(sizes) // 3] or sizes)
    print("closed  ", soak.line())
    print(
        f"{soak.harm} harmful, {left[0]} sockets and {left[1]} threads left, memory grew by {growth / 1024**2:.1f} MiB"
    )
    return 1 if soak.harm or any(extra > 0 for extra in left) or growth > SLACK else 0


def work(deployment: SentinelDeployment, seconds: float) -> tuple[Soak, list[int]]:
    """Run the load for so long; return it, and how much memory there was from time to time."""
    soak, sizes = Soak(deployment), list[int]()
    with ExitStack() as stack:
        sentinel = stack.enter_context(
            Sentinel(deployment.sentinel_locations, failover_timeout=_BUDGET, stream_timeout=2.0)
        )
        client = stack.enter_context(sentinel.primary_for("myredis", max_connections=8, pool_timeout=_BUDGET))
        threads = [threading.Thread(target=soak.run_threads, args=(number, client)) for number in range(THREADS)]
        threads += [
            threading.Thread(target=lambda: asyncio.run(soak.run_tasks())),
            threading.Thread(target=soak.break_things),
        ]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        for step in itertools.count(1):
            if soak.over.wait(min(10.0, max(0.0, began + seconds - time.monotonic()))):
                break
            sizes.append(memory())
            over = time.monotonic() - began >= seconds
            if step % 6 == 0 or over:
                print(f"{time.monotonic() - began:6.0f} s", soak.line(), flush=True)
            if over:
                soak.over.set()
                break
        for thread in threads:
            thread.join()
    return soak, sizes


if __name__ == "__main__":
    sys.exit(main())
