"""Many threads and many tasks on one client, while its connections break all the time; the server's counters are the judge.

Each caller counts on a counter of its own: what was acknowledged, what is unknown, and nothing else may have been counted.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from syncredis import ConnectionError, OutcomeUnknownError, Redis, aio
from syncredis.testing import Fault, FaultProxy, ServerProcess
from tests.fixtures.ledger import Ledger
from tests.fixtures.threads import BackgroundCall, until

THREADS, CALLS_EACH = 64, 40
TASKS, CALLS_EACH_TASK = 2000, 3


@pytest.fixture
def proxy(each_server: ServerProcess) -> Any:
    with FaultProxy(each_server.location) as made:
        yield made


class Caller:
    """Chooses what to call next, and keeps account of what came of it.

    Attributes:
        acknowledged: how much was counted for certain.
        unknown: how much may have been counted as well.
    """

    def __init__(self, number: int) -> None:
        self.seen: Counter[str] = Counter()
        self.acknowledged = self.unknown = 0
        self.counter, self._value = f"count:{number}", f"value:{number}"
        self._chance = random.Random(number)

    def next_call(self) -> tuple[int, str, tuple[Any, ...], Callable[[Any], bool]]:
        """By how much it counts, what is called, and whether a reply can be the right one."""
        kind = self._chance.randrange(3)
        if kind == 0:
            return (
                1,
                "incr",
                (self.counter,),
                lambda reply: self.acknowledged < reply <= self.acknowledged + self.unknown + 1,
            )
        text = f"{self._value}={'x' * self._chance.choice([0, 10, 5000])}"
        if kind == 1:
            return 0, "set", (self._value, text), lambda reply: reply is True
        return 0, "get", (self._value,), lambda reply: reply is None or reply.startswith(f"{self._value}=")

    def note(self, counts: int, right: Callable[[Any], bool], reply: Any, error: ConnectionError | None) -> None:
        if error is None:
            self.seen["right" if right(reply) else "wrong"] += 1
            self.acknowledged += counts
        elif isinstance(error, OutcomeUnknownError):
            self.seen["unknown"] += 1
            self.unknown += counts
        else:
            self.seen["failed"] += 1
            assert error.not_applied or not counts, "a count whose outcome is not told"


class Saboteur:
    """Breaks connections in every way there is, until it is told to stop."""

    def __init__(self, server: ServerProcess, proxy: FaultProxy, callers: list[Caller]) -> None:
        self.struck = 0
        self._server, self._proxy, self._callers = server, proxy, callers
        self._over = threading.Event()
        self._work = BackgroundCall(self._run)

    def stop(self) -> int:
        """Let everything be well again; return how often it has struck."""
        self._over.set()
        self._work.result()
        self._proxy.heal()
        return self.struck

    def _run(self) -> None:
        chance = random.Random(7)
        with self._server.client() as direct:
            while not self._over.wait(chance.random() * 0.02):
                self.struck += 1
                match chance.randrange(6):
                    case 0:
                        self._proxy.reset()
                    case 1:
                        self._proxy.cut()
                    case 2:
                        self._proxy.to_server = Fault(cut_after=chance.randrange(300))
                    case 3:
                        self._proxy.to_client = Fault(cut_after=chance.randrange(300), reset=chance.random() < 0.5)
                    case 4:
                        self._proxy.to_client = Fault(delay=chance.random() * 0.005)
                    case _:
                        direct.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                if self.struck % 20 == 0:
                    self._let_some_through()

    def _let_some_through(self) -> None:
        """Wait until a call has gone well: where the machine is slow, none would between two strikes."""
        self._proxy.heal()
        before = self._gone_well()
        while self._gone_well() == before and not self._over.wait(0.01):
            pass

    def _gone_well(self) -> int:
        return sum(caller.seen["right"] for caller in self._callers)


def judge(callers: list[Caller], server: ServerProcess, struck: int, ledger: Ledger) -> None:
    """Compare what the callers were told with what the server has counted."""
    seen = sum((caller.seen for caller in callers), Counter[str]())
    with server.client() as direct:
        counted = [int(count or 0) for count in direct.mget(*(caller.counter for caller in callers))]
    bounds = [(caller.acknowledged, caller.acknowledged + caller.unknown) for caller in callers]
    doubled = sum(count > most for count, (_, most) in zip(counted, bounds, strict=True))
    ledger.note(operations=seen.total(), faults=struck, wrong_replies=seen["wrong"], double_writes=doubled)
    assert not seen["wrong"]
    assert all(least <= count <= most for count, (least, most) in zip(counted, bounds, strict=True))
    assert seen["right"] > 0
    assert struck > 5


def all_back(pool: Any) -> bool:
    return (
        len(list(pool._state.slots)) == len(pool._state.shelf) <= pool.pool_config.max_connections
        and not pool._state.waiters
    )


@pytest.mark.slow
def test_threads(each_server: ServerProcess, proxy: FaultProxy, ledger: Ledger) -> None:
    """More threads than connections."""
    with Redis(*proxy.location, max_connections=8, pool_timeout=60) as client:

        def run(caller: Caller) -> None:
            for _ in range(CALLS_EACH):
                counts, name, arguments, right = caller.next_call()
                reply, error = None, None
                try:
                    reply = getattr(client, name)(*arguments)
                except ConnectionError as raised:
                    error = raised
                caller.note(counts, right, reply, error)

        callers = [Caller(number) for number in range(THREADS)]
        saboteur = Saboteur(each_server, proxy, callers)
        calls = [BackgroundCall(run, caller) for caller in callers]
        for call in calls:
            call.result()
        judge(callers, each_server, saboteur.stop(), ledger)
        assert client.ping()
        until(lambda: all_back(client.pool))


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks(each_server: ServerProcess, proxy: FaultProxy, ledger: Ledger, backend: str) -> None:
    """Two thousand of them, a tenth of which are cancelled at some time."""
    callers = [Caller(number) for number in range(TASKS)]

    async def run(client: aio.Redis[str], caller: Caller) -> None:
        for _ in range(CALLS_EACH_TASK):
            counts, name, arguments, right = caller.next_call()
            reply, error = None, None
            caller.unknown += counts  # until it is known: this task may be cancelled
            try:
                reply = await getattr(client, name)(*arguments)
            except ConnectionError as raised:
                error = raised
            caller.unknown -= counts
            caller.note(counts, right, reply, error)

    async def run_for_a_while(client: aio.Redis[str], caller: Caller, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await run(client, caller)

    async def main() -> None:
        async with aio.Redis(*proxy.location, max_connections=8, pool_timeout=100) as client:
            async with anyio.create_task_group() as group:
                for number, caller in enumerate(callers):
                    if number % 10:
                        group.start_soon(run, client, caller)
                    else:
                        group.start_soon(run_for_a_while, client, caller, 0.0005 * number)
            await anyio.to_thread.run_sync(saboteur.stop)
            assert await client.ping()

    saboteur = Saboteur(each_server, proxy, callers)
    try:
        anyio.run(main, backend=backend)
    finally:
        struck = saboteur.stop()
    proxy.wait_until_idle()
    judge(callers, each_server, struck, ledger)


def test_closed_while_in_use(each_server: ServerProcess, ledger: Ledger) -> None:
    """Calls end, and nothing of them is left; later calls open anew."""
    with Redis(*each_server.location, max_connections=8, pool_timeout=60) as client:
        over = threading.Event()
        callers = [Caller(number) for number in range(THREADS)]

        def run(caller: Caller) -> None:
            while not over.is_set():
                counts, name, arguments, right = caller.next_call()
                reply, error = None, None
                try:
                    reply = getattr(client, name)(*arguments)
                except ConnectionError as raised:
                    error = raised
                caller.note(counts, right, reply, error)

        calls = [BackgroundCall(run, caller) for caller in callers]
        for count in range(1, 30):
            client.close()
            until(lambda count=count: sum(caller.seen.total() for caller in callers) > 20 * count)
        over.set()
        for call in calls:
            call.result()
        judge(callers, each_server, 30, ledger)
        until(lambda: all_back(client.pool))
