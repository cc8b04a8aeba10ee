"""When connections to the Sentinels end: with `close`, with the object, and never under another caller's question."""

from __future__ import annotations

import gc
import threading
from typing import Any

import anyio
import pytest

from syncredis import aio
from syncredis.exceptions import InterruptedCallError, PrimaryNotFoundError
from syncredis.sentinel import Sentinel
from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import BackgroundCall, until
from tests.sentinel.faults import NEVER, SOON, silent, takes
from tests.sentinel.insight import is_being_asked, pool_of

NAME = "of-this-test"


def connections(*servers: ServerProcess) -> int:
    """Return how many connections the servers have that bear our name."""
    return sum(server.execute_command("CLIENT", "LIST").count(f"name={NAME} ") for server in servers)


def opened(surface: Surface, deployment: SentinelDeployment) -> tuple[Any, Any, Any]:
    """Return a Sentinel and two clients that have connections open."""
    sentinel = surface.Sentinel(deployment.sentinel_locations, client_name=NAME, sentinel_kwargs={"client_name": NAME})
    primary, replica = sentinel.primary_for("myredis"), sentinel.replica_for("myredis")
    primary.get("foo")
    replica.get("foo")
    assert connections(*deployment.sentinels) >= 1
    assert connections(*deployment.nodes) == 2
    return sentinel, primary, replica


def test_close_closes_everything_at_once(surface: Surface, any_deployment: SentinelDeployment) -> None:
    sentinel, primary, replica = opened(surface, any_deployment)
    sentinel.close()
    until(lambda: connections(*any_deployment.sentinels) == 0)
    assert connections(*any_deployment.nodes) == 2
    primary.close()
    replica.close()
    until(lambda: connections(*any_deployment.nodes) == 0)


def test_closing_the_clients_closes_what_they_opened(surface: Surface, any_deployment: SentinelDeployment) -> None:
    """As at the end of the documented script, where the Sentinel was closed before they used it."""
    _, primary, replica = opened(surface, any_deployment)
    primary.close()
    replica.close()
    until(lambda: connections(*any_deployment.sentinels, *any_deployment.nodes) == 0)


def test_what_is_forgotten_is_collected(surface: Surface, any_deployment: SentinelDeployment) -> None:
    sentinel, primary, replica = opened(surface, any_deployment)
    del sentinel, primary, replica

    def nothing_is_left() -> bool:
        gc.collect()  # again and again: threads that were at work let go a little later
        return connections(*any_deployment.sentinels, *any_deployment.nodes) == 0

    until(nothing_is_left)


def test_forgotten_after_a_failure(surface: Surface) -> None:
    with silent() as only:
        sentinel = surface.Sentinel([only], stream_timeout=0.1)
        with pytest.raises(PrimaryNotFoundError):
            sentinel.discover_primary("myredis")
        del sentinel
        gc.collect()


def test_close_leaves_questions_alone(any_deployment: SentinelDeployment) -> None:
    """Others may wait for the answer."""
    slow, asked = any_deployment.sentinels[0], any_deployment.primary.location
    with Sentinel([slow.location], sentinel_kwargs={"connect_timeout": NEVER, "stream_timeout": NEVER}) as sentinel:
        sentinel.discover_primary("myredis")
        slow.freeze()
        try:
            question = BackgroundCall(sentinel.discover_primary, "myredis")
            until(lambda: bool(sentinel._discovery._rounds))
            sentinel.close()
        finally:
            slow.thaw()
        assert question.result() == asked


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_of_two_who_ask_is_cancelled(any_deployment: SentinelDeployment, backend: str) -> None:
    """Both wait for the same question; it goes on for the other."""
    slow, expected = any_deployment.sentinels[0], any_deployment.primary.location
    found: list[object] = []

    async def ask(sentinel: aio.Sentinel[str], scope: anyio.CancelScope) -> None:
        with scope:
            found.append(await sentinel.discover_primary("myredis"))

    async def main() -> None:
        impatient, patient = anyio.CancelScope(), anyio.CancelScope()
        sentinel = aio.Sentinel([slow.location], sentinel_kwargs={"connect_timeout": NEVER, "stream_timeout": NEVER})
        async with sentinel, anyio.create_task_group() as group:
            group.start_soon(ask, sentinel, impatient)
            group.start_soon(ask, sentinel, patient)
            with anyio.fail_after(SOON):
                while callers(sentinel) < 2:
                    await anyio.sleep(0.001)
            impatient.cancel()
            with anyio.fail_after(SOON):
                while callers(sentinel) > 1:
                    await anyio.sleep(0.001)
            assert found == []
            slow.thaw()

    slow.freeze()
    try:
        anyio.run(main, backend=backend)
    finally:
        slow.thaw()
    assert found == [expected]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_only_one_who_asks_is_cancelled(backend: str) -> None:
    """The question is dropped with its connection, and nothing waits on."""

    async def main() -> None:
        async with aio.Sentinel(
            [only], sentinel_kwargs={"connect_timeout": NEVER, "stream_timeout": NEVER}
        ) as sentinel:
            for _ in range(3):
                with anyio.move_on_after(0.1) as scope:
                    await sentinel.discover_primary("myredis")
                assert scope.cancelled_caught
            with anyio.fail_after(SOON):
                while is_being_asked(only):
                    await anyio.sleep(0.001)

    with silent() as only, takes(under=SOON):
        anyio.run(main, backend=backend)


def callers(sentinel: aio.Sentinel[str]) -> int:
    return sum(question._callers for question in list(sentinel.wrapped._discovery._rounds.values()))


@pytest.mark.parametrize("kind", ["primary", "replica"])
def test_a_client_that_is_closed_as_it_begins_to_connect(
    surface: Surface, any_deployment: SentinelDeployment, kind: str
) -> None:
    """What it joins then, it leaves again, although somebody still has the client."""
    with surface.Sentinel(any_deployment.sentinel_locations) as sentinel:
        client = sentinel.primary_for("myredis") if kind == "primary" else sentinel.replica_for("myredis")
        pool = pool_of(client)
        connect = pool.connect

        def closed_before(*first: Any) -> Any:
            BackgroundCall(pool.close).result()
            return connect(*first)

        pool.connect = closed_before
        with pytest.raises(InterruptedCallError):
            client.ping()
        pool.connect = connect
        until(lambda: not any(thread.name.startswith("syncredis-") for thread in threading.enumerate()))
        with client:
            assert client.ping(), "it may be used again"
