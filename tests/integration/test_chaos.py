"""Whatever happens to connections and threads, nobody gets a reply that is not his, and no connection gets lost."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from syncredis import ConnectionError, OutcomeUnknownError, Redis
from syncredis.interruption import Interruption
from syncredis.testing import ServerProcess
from tests.fixtures.servers import BINARIES
from tests.fixtures.threads import BackgroundCall, until

Background = Callable[..., BackgroundCall]

THREADS = 8
CALLS = 2000


@pytest.fixture(params=["redis-7.0", "valkey-9.1"])
def server(request: pytest.FixtureRequest, servers: dict[str, ServerProcess]) -> ServerProcess:
    if request.param not in BINARIES:
        pytest.skip(f"{request.param} is not on this machine")
    return servers[request.param]


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Redis[str]]:
    with Redis(*server.location, max_connections=5) as made:
        made.execute_command("FLUSHALL")
        yield made
        made.execute_command("FLUSHALL")


class Tally:
    """Calls GET and SET on keys whose values begin with the key's name, and counts what comes of it."""

    def __init__(self, client: Redis[str], seed: int) -> None:
        self.seen: Counter[str] = Counter()
        self.wrong: list[Any] = []
        self._client = client
        self._chance = random.Random(seed)

    def call(self) -> None:
        key = f"key:{self._chance.randrange(40)}"
        size = self._chance.choice([0, 1, 100, 30_000])
        if self._chance.random() < 0.5:
            reply = self._client.execute_command("SET", key, key + "=" + "x" * size)
            right = reply == "OK"
        else:
            reply = self._client.execute_command("GET", key)
            right = reply is None or reply.startswith(f"{key}=")
        self.seen["right" if right else "wrong"] += 1
        if not right:
            self.wrong.append((key, reply))


def all_back(client: Redis[str]) -> bool:
    pool = client.pool
    is_open = list(pool._state.slots)  # not its length: a weak set counts what an exception kept it from removing
    return len(is_open) == len(pool._state.shelf) <= pool.pool_config.max_connections and not pool._state.waiters


def test_connections_are_killed_all_the_time(client: Redis[str], server: ServerProcess, background: Background) -> None:
    done = threading.Event()

    def run(tally: Tally) -> None:
        for _ in range(CALLS):
            try:
                tally.call()
            except OutcomeUnknownError:
                tally.seen["unknown"] += 1
            except ConnectionError:  # a read that was killed four times in a row
                tally.seen["failed"] += 1

    def kill_at_random() -> int:
        chance, killed = random.Random(1), 0
        with Redis(*server.location) as killer:
            while not done.is_set():
                for line in killer.execute_command("CLIENT", "LIST", "TYPE", "normal").split("\n"):
                    if line and "cmd=client" not in line and chance.random() < 0.5:
                        killed += killer.execute_command("CLIENT", "KILL", "ID", line.split()[0].removeprefix("id="))
                done.wait(chance.random() * 0.01)
        return killed

    tallies = [Tally(client, seed) for seed in range(THREADS)]
    killing = background(kill_at_random)
    for call in [background(run, tally) for tally in tallies]:
        call.result()
    done.set()
    assert killing.result() > 20
    seen = sum((tally.seen for tally in tallies), Counter())
    assert not any(tally.wrong for tally in tallies)
    assert seen.total() == THREADS * CALLS
    assert seen["right"] > THREADS * CALLS * 0.5
    assert all_back(client)
    assert client.execute_command("PING") == "PONG"


def test_calls_are_interrupted_all_the_time(client: Redis[str], background: Background) -> None:
    def run(tally: Tally) -> None:
        chance = random.Random(tally.seen.total())
        for _ in range(CALLS // 4):
            call = Interruption()
            timer = threading.Timer(chance.random() * 0.002, call.interrupt) if chance.random() < 0.3 else None
            if timer:
                timer.start()
            try:
                call.run(tally.call)
            except ConnectionError:
                assert call.interrupted
                tally.seen["interrupted"] += 1
            if timer:
                timer.join()

    tallies = [Tally(client, seed) for seed in range(THREADS)]
    for call in [background(run, tally) for tally in tallies]:
        call.result()
    seen = sum((tally.seen for tally in tallies), Counter())
    assert not any(tally.wrong for tally in tallies)
    assert seen["interrupted"] > 20
    assert all_back(client)


def test_the_client_is_closed_all_the_time(client: Redis[str], background: Background) -> None:
    def run(tally: Tally) -> None:
        for _ in range(CALLS // 4):
            try:
                tally.call()
            except ConnectionError:
                tally.seen["closed"] += 1

    tallies = [Tally(client, seed) for seed in range(THREADS)]
    calls = [background(run, tally) for tally in tallies]
    while not all(call.finished for call in calls):
        client.close()
        time.sleep(0.003)
    for call in calls:
        call.result()
    assert not any(tally.wrong for tally in tallies)
    assert sum(tally.seen["closed"] for tally in tallies) > 0
    assert all_back(client)


# --- exceptions from outside ------------------------------------------------------------------------------


class Struck(Exception):
    """What a signal handler raises, at any point of the main thread's program."""


@pytest.fixture
def strike() -> Iterator[Callable[[float], None]]:
    """Has `Struck` raised in the main thread, once, after some seconds; with 0, not at all."""

    def handler(*_: Any) -> None:
        raise Struck

    before = signal.signal(signal.SIGALRM, handler)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds) and None
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no such timer")
# An exception may strike where Python can only report it: in a destructor, or between making a socket and keeping it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("others", [0, 3])
def test_a_signal_handler_raises_all_the_time(
    client: Redis[str], background: Background, strike: Callable[[float], None], others: int
) -> None:
    done = threading.Event()

    def run(tally: Tally) -> None:
        while not done.is_set():
            tally.call()

    tally, bystanders = Tally(client, 0), [Tally(client, 1 + seed) for seed in range(others)]
    running = [background(run, bystander) for bystander in bystanders]
    chance, within = random.Random(2), 0.0005
    for _ in range(CALLS):
        try:
            strike(1e-6 + chance.random() * within)
            tally.call()
            strike(0)
            within *= 0.97  # so that about half of the calls are struck, however quick the machine is
        except Struck:
            tally.seen["struck"] += 1
            within *= 1.03
    done.set()
    for call in running:
        call.result()
    assert not tally.wrong
    assert not any(bystander.wrong for bystander in bystanders)
    assert tally.seen["struck"] > CALLS * 0.05, tally.seen
    assert tally.seen["right"] > CALLS * 0.05, tally.seen
    assert all(bystander.seen["right"] for bystander in bystanders)
    until(lambda: all_back(client))
    assert len({id(each) for each in client.pool._state.shelf}) == len(client.pool._state.shelf), (
        "none is on the shelf twice"
    )
    with ExitStack() as lent:
        every_slot = {lent.enter_context(client.pool.leased()) for _ in range(5)}
        assert len(every_slot) == 5
