"""Many threads that need the Sentinels at the same moment ask them once; and nothing is ever carried out twice."""

from __future__ import annotations

import threading
import time

import pytest

from syncredis.exceptions import ConnectionError, OutcomeUnknownError
from syncredis.sentinel import Sentinel
from syncredis.sentinel.discovery import DOUBTED
from syncredis.testing import ServerProcess
from tests.fixtures.surfaces import Surface
from tests.sentinel.conftest import Oddities
from tests.sentinel.load import Herd

HERD = 100

#: Commands that a Sentinel carries out for one question (three), a new connection to it (three), and for our looking (four).
#: Room for many rounds of them, where a question of each thread would be 300 and more. Twenty is usual.
FEW = 75


def commands_of(sentinel: ServerProcess) -> int:
    """Return how many commands the Sentinel has carried out. It watches alone: nobody but clients sends it any."""
    lines = sentinel.execute_command("INFO", "stats").splitlines()
    return int(next(line for line in lines if line.startswith("total_commands_processed")).partition(":")[2])


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


@pytest.mark.parametrize("service_name", ["dead", "stale"])
def test_a_hundred_threads_in_an_outage(oddities: Oddities, service_name: str) -> None:
    """They try again all the time; the Sentinels hear of it now and then."""

    def go() -> None:
        with pytest.raises(ConnectionError):
            client.get("foo")
        ended.append(threading.get_ident())

    ended: list[int] = []
    with Sentinel(oddities.seeds, failover_timeout=0.6) as sentinel, sentinel.primary_for(service_name) as client:
        before, began = commands_of(oddities.sentinel), time.monotonic()
        threads = [threading.Thread(target=go) for _ in range(HERD)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        asked, took = commands_of(oddities.sentinel) - before, time.monotonic() - began
    assert len(ended) == HERD
    assert asked <= FEW + 3 * took / DOUBTED  # each for itself, the threads would ask a thousand times a second
    assert "0 of 100 connections open, 0 idle, 0 callers waiting" in repr(client)


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
