"""When the watcher's thread begins and ends, and what it survives."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from syncredis.sentinel import Sentinel
from syncredis.testing import SentinelDeployment
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import BackgroundCall, until
from tests.sentinel.faults import refusing, silent
from tests.sentinel.insight import watching

THREAD = "syncredis-watch"


def listeners() -> int:
    return sum(thread.name == THREAD for thread in threading.enumerate())


def test_it_begins_with_the_first_connection(surface: Surface, any_deployment: SentinelDeployment) -> None:
    with surface.Sentinel(any_deployment.sentinel_locations) as sentinel:
        sentinel.discover_primary("myredis")
        primary, replica = sentinel.primary_for("myredis"), sentinel.replica_for("myredis")
        assert listeners() == 0
        primary.get("foo")
        assert listeners() == 1
        replica.get("foo")
        assert listeners() == 1
        watching(sentinel, 3)
        primary.close()
        watching(sentinel, 3)  # the other one still wants to know
        replica.close()
        until(lambda: listeners() == 0)
        primary.get("foo")
        assert listeners() == 1
        primary.close()


@pytest.mark.parametrize("how", ["closed", "forgotten"])
def test_it_ends_with_the_sentinel(surface: Surface, any_deployment: SentinelDeployment, how: str) -> None:
    sentinel = surface.Sentinel(any_deployment.sentinel_locations)
    client = sentinel.primary_for("myredis")
    client.get("foo")
    watching(sentinel, 3)
    if how == "closed":
        sentinel.close()
        client.close()
    else:
        del sentinel, client
    gc.collect()
    until(lambda: listeners() == 0)


def test_it_ends_when_the_clients_are_forgotten(surface: Surface, any_deployment: SentinelDeployment) -> None:
    with surface.Sentinel(any_deployment.sentinel_locations) as sentinel:
        client = sentinel.primary_for("myredis")
        client.get("foo")
        del client
        gc.collect()
        until(lambda: listeners() == 0)


def test_whoever_wants_to_know_keeps_it(surface: Surface, any_deployment: SentinelDeployment) -> None:
    with surface.Sentinel(any_deployment.sentinel_locations) as sentinel:
        with sentinel.events() as events:
            watching(sentinel, 3)
            assert events.get(timeout=0) is None
        until(lambda: listeners() == 0)
        others = sentinel.events()
        waiting = BackgroundCall(others.get)
        sentinel.close()
        assert waiting.result() is None


@pytest.mark.parametrize("fault", [refusing, silent])
def test_one_that_can_not_be_heard(surface: Surface, any_deployment: SentinelDeployment, fault: Any) -> None:
    """The others are."""
    with (
        fault() as lost,
        surface.Sentinel([lost, *any_deployment.sentinel_locations]) as sentinel,
        sentinel.primary_for("myredis") as client,
    ):
        client.get("foo")
        watching(sentinel, 3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_process_has_its_own(any_deployment: SentinelDeployment, forked: Callable[..., int]) -> None:
    with Sentinel(any_deployment.sentinel_locations) as sentinel, sentinel.primary_for("myredis") as client:
        client.set("foo", "bar")
        watching(sentinel, 3)
        client.pool.gate.shut(300.0)

        def child() -> None:
            assert not client.pool.gate.is_shut
            assert client.set("foo", "baz") is True
            watching(sentinel, 3)
            client.close()
            sentinel.close()

        assert forked(child) == 0
        watching(sentinel, 3)
        client.pool.gate.open()
        assert client.get("foo") == "baz"


@pytest.fixture
def forked() -> Callable[[Callable[[], None]], int]:
    """Runs a function in a child process; returns how that ended."""

    def run(function: Callable[[], None]) -> int:
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # ends one that hangs
            try:
                function()
            except BaseException:
                os._exit(1)
            os._exit(0)
        return os.waitpid(child, 0)[1]

    return run
