"""Many threads that need the Sentinels at the same moment ask them once; and nothing is ever carried out twice."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from syncredis.exceptions import OutcomeUnknownError
from syncredis.sentinel import Sentinel
from syncredis.testing import ServerProcess
from tests.fixtures.surfaces import Surface
from tests.sentinel.conftest import Oddities
from tests.sentinel.faults import until

HERD = 100

#: Commands that a Sentinel carries out for one question (three), a new connection to it (three), and for our looking (four).
#: Room for several rounds of them, where a question of each thread would be 300 and more.
FEW = 40


def commands_of(sentinel: ServerProcess) -> int:
    """Return how many commands the Sentinel has carried out. It watches alone: nobody but clients sends it any."""
    lines = sentinel.execute_command("INFO", "stats").splitlines()
    return int(next(line for line in lines if line.startswith("total_commands_processed")).partition(":")[2])


class Herd:
    """Threads that call something over and over.

    Attributes:
        calls: how often each thread's call has succeeded.
        errors: what the calls raised; their thread goes on.
    """

    def __init__(self, size: int, call: Callable[[], object]) -> None:
        self.calls = [0] * size
        self.errors: list[BaseException] = []
        self._call = call
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(size)]

    def __enter__(self) -> Herd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for_calls(self, each: int = 1) -> None:
        """Block until every thread has made ``each`` more calls."""
        goals = [count + each for count in self.calls]
        until(lambda: all(count >= goal for count, goal in zip(self.calls, goals, strict=True)), timeout=60)

    def _run(self, number: int) -> None:
        while not self._over.is_set():
            try:
                self._call()
            except BaseException as error:
                self.errors.append(error)
            else:
                self.calls[number] += 1


def kill_connections(server: ServerProcess) -> int:
    killed = server.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert isinstance(killed, int)
    return killed


def test_a_hundred_threads_begin_at_once(oddities: Oddities) -> None:
    def go() -> None:
        ready.wait()
        client.get("foo")
        held.wait()

    before = commands_of(oddities.sentinel)
    ready, held = threading.Barrier(HERD), threading.Barrier(HERD)
    with Sentinel(oddities.seeds) as sentinel, sentinel.primary_for("alone") as client:
        threads = [threading.Thread(target=go) for _ in range(HERD)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert commands_of(oddities.sentinel) - before <= FEW


def test_a_hundred_threads_lose_their_connections_in_use(oddities: Oddities) -> None:
    # Slow enough for each thread to hold a connection of its own.
    oddities.alone.execute_command("SET", "large", "x" * 100_000)
    with (
        Sentinel(oddities.seeds) as sentinel,
        sentinel.primary_for("alone") as client,
        Herd(HERD, lambda: client.get("large")) as herd,
    ):
        herd.wait_for_calls()
        before = commands_of(oddities.sentinel)
        killed = kill_connections(oddities.alone)
        herd.wait_for_calls(2)
        asked = commands_of(oddities.sentinel) - before
    assert not herd.errors
    assert killed >= 10
    assert asked <= FEW


def test_a_hundred_threads_lose_their_connections_at_rest(oddities: Oddities) -> None:
    with Sentinel(oddities.seeds) as sentinel, sentinel.primary_for("alone") as client:
        pool = client.pool
        for connection in [pool.lease() for _ in range(HERD)]:
            pool.return_connection(connection)
        assert "100 of 100 connections open, 100 idle" in repr(client)
        before = commands_of(oddities.sentinel)
        assert kill_connections(oddities.alone) >= HERD
        with Herd(HERD, lambda: client.get("foo")) as herd:
            herd.wait_for_calls()
        assert commands_of(oddities.sentinel) - before <= FEW
        assert not herd.errors
        assert "0 callers waiting" in repr(client)


@pytest.mark.parametrize("threads", [1, 8])
def test_nothing_is_carried_out_twice(surface: Surface, oddities: Oddities, threads: int) -> None:
    """Connections are killed under a counter: it stands at what was acknowledged, and at most what is unknown besides."""
    with surface.Sentinel(oddities.seeds) as sentinel, sentinel.primary_for("alone") as client:
        client.delete("count")
        with Herd(threads, lambda: client.incr("count")) as herd:
            for _ in range(20):
                herd.wait_for_calls()
                kill_connections(oddities.alone)
        acknowledged = sum(herd.calls)
        assert {type(error) for error in herd.errors} <= {OutcomeUnknownError}
        assert acknowledged <= int(client.get("count")) <= acknowledged + len(herd.errors)
        assert "0 callers waiting" in repr(client)
