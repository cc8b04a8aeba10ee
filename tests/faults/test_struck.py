"""Exceptions from outside strike blocking calls at any instant: no reply reaches another call, and no slot is lost."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from syncredis import Redis
from syncredis.testing import ServerProcess
from tests.faults.victim import Struck, Victim
from tests.fixtures.ledger import Ledger
from tests.fixtures.threads import until

CALLS = 1500

pytestmark = [
    pytest.mark.usefixtures("unheard"),
    # An exception may strike between making a socket and keeping it.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no such timer"),
    pytest.mark.timeout(600),  # a busy machine needs minutes for so many calls
]


@pytest.fixture
def client(each_server: ServerProcess) -> Iterator[Redis[str]]:
    with Redis(*each_server.location, max_connections=3, pool_timeout=20) as made:
        for key in ("a", "b", "c"):
            made.set(key, f"{key}=")
            made.set(f"large {key}", f"{key}=" + key * 300_000)
        yield made


class Asker:
    """Asks for what is known, in every way in which a blocking client can be asked; a reply that is another's is noticed."""

    def __init__(self, client: Redis[str], seed: int) -> None:
        self.seen: Counter[str] = Counter()
        self._client = client
        self._chance = random.Random(seed)

    def call(self) -> None:
        keys = [self._chance.choice("abc") for _ in range(3)]
        key = keys[0]
        match self._chance.randrange(5):
            case 0:
                right = self._client.get(key) == f"{key}="
            case 1:
                right = self._client.mget(keys) == [f"{each}=" for each in keys]
            case 2:
                right = (self._client.get(f"large {key}") or "").startswith(f"{key}={key}")
            case kind:
                with self._client.pipeline(transaction=kind == 3) as pipeline:
                    for each in keys:
                        pipeline.get(each)
                    right = pipeline.execute() == [f"{each}=" for each in keys]
        self.seen["right" if right else "wrong"] += 1


def judge(asker: Asker, client: Redis[str], ledger: Ledger) -> None:
    seen = asker.seen
    ledger.note(operations=seen.total(), faults=seen["struck"], wrong_replies=seen["wrong"])
    assert not seen["wrong"]
    assert seen["struck"] > CALLS * 0.05, seen
    assert seen["right"] > CALLS * 0.05, seen
    pool = client.pool
    until(lambda: len(list(pool._state.slots)) == len(pool._state.shelf) and not pool._state.waiters)
    assert len({id(each) for each in pool._state.shelf}) == len(pool._state.shelf), "none is on the shelf twice"
    assert client.get("a") == "a="


@pytest.mark.parametrize("kind", [Struck, KeyboardInterrupt, SystemExit])
def test_by_a_signal_handler(client: Redis[str], ledger: Ledger, kind: type[BaseException]) -> None:
    """As the timeouts of job queues do, and Ctrl-C."""

    def handler(*_: Any) -> None:
        raise kind

    before = signal.signal(signal.SIGALRM, handler)
    asker, chance, within = Asker(client, 0), random.Random(1), 0.001
    try:
        for _ in range(CALLS):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-6 + chance.random() * within)
                asker.call()
                signal.setitimer(signal.ITIMER_REAL, 0)
                within *= 0.97  # so that about half of the calls are struck, however quick the machine is
            except kind:
                asker.seen["struck"] += 1
                within *= 1.03
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    judge(asker, client, ledger)


def test_by_another_thread(client: Redis[str], ledger: Ledger) -> None:
    """As debuggers do, and libraries that end threads."""
    asker, chance, within = Asker(client, 0), random.Random(2), 0.002
    seen, victim, strikes = asker.seen, Victim(asker.call), 0
    while seen.total() < CALLS or min(victim.struck, seen["right"]) <= CALLS * 0.05:
        time.sleep(0.0002 + chance.random() * within)
        strikes += victim.strike()
        # So that about half of the calls are struck, however busy the machine is.
        within = within * 1.03 if victim.struck > seen["right"] else max(within * 0.97, 0.0001)
    victim.end()
    assert strikes > 50
    seen["struck"] = victim.struck
    judge(asker, client, ledger)
