"""Commands while the gate of their pool is shut: whoever reads goes through, whoever writes waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from syncredis.exceptions import InterruptedCallError, WatchError
from syncredis.testing import ServerProcess
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import BackgroundCall, until
from tests.sentinel.insight import pool_of

LONG = 300.0

#: So large that the facade sends it on a connection of its own.
LARGE = "v" * 200_000

pytestmark = pytest.mark.usefixtures("wiped")


def test_writes_wait(surface: Surface, server: ServerProcess, background: Callable[..., BackgroundCall]) -> None:
    with surface.Redis(*server.location) as client:
        gate = pool_of(client).gate
        client.set("count", 1)
        gate.shut(LONG)
        calls = [background(client.incr, "count"), background(pipelined, client), background(client.blpop, ["list"])]
        until(lambda: gate.waiting == 3)
        assert client.get("count") == "1"
        reading = client.pipeline()
        reading.get("count")
        assert reading.execute() == ["1"]
        server.execute_command("RPUSH", "list", "a")
        gate.open()
        assert {calls[0].result(), *calls[1].result()} == {2, 3}
        assert calls[2].result() == ("list", "a")


def test_closing_ends_the_waiting(
    surface: Surface, server: ServerProcess, background: Callable[..., BackgroundCall]
) -> None:
    with surface.Redis(*server.location) as client:
        gate = pool_of(client).gate
        gate.shut(LONG)
        call = background(client.incr, "count")
        until(lambda: gate.waiting == 1)
        client.close()
        assert call.error().__class__ is InterruptedCallError
        gate.open()


def test_a_transaction_that_watches_waits(
    surface: Surface, server: ServerProcess, background: Callable[..., BackgroundCall]
) -> None:
    with surface.Redis(*server.location) as client:
        gate = pool_of(client).gate
        with client.pipeline() as pipeline:
            pipeline.watch("count")
            pipeline.incr("count")
            gate.shut(LONG)
            call = background(pipeline.execute)
            until(lambda: gate.waiting == 1)
            pool_of(client).invalidate(ConnectionError("the primary is elsewhere now"))
            gate.open()
            assert isinstance(call.error(), WatchError)
        assert client.get("count") is None


@pytest.mark.parametrize("kind", ["command", "pipeline", "blocking command"])
def test_a_write_that_waited_for_a_connection_waits_at_the_gate(
    surface: Surface, server: ServerProcess, background: Callable[..., BackgroundCall], kind: str
) -> None:
    """It may be shut while all connections are in use: who gets one then is not through yet."""
    with surface.Redis(*server.location, max_connections=1, pool_timeout=None) as client:
        pool = pool_of(client)
        if kind == "blocking command":
            server.execute_command("RPUSH", "queue", "a")
        connection = pool.lease()
        call = background(LARGE_WRITES[kind], client)
        try:
            until(lambda: pool.statistics().waiting == 1)
            pool.gate.shut(LONG)
            pool.return_connection(connection)
            until(lambda: pool.gate.waiting == 1)
            assert server.execute_command("EXISTS", "list") == 0
            assert server.execute_command("LLEN", "queue") == (kind == "blocking command")
        finally:
            pool.gate.open()
        assert call.result() == {"command": 1, "pipeline": [1, 1], "blocking command": ("queue", "a")}[kind]


def test_of_several_that_share_one_connection_all_wait_and_all_go_on(
    surface: Surface, server: ServerProcess, background: Callable[..., BackgroundCall]
) -> None:
    """The facade lets as many threads wait for a connection as there are; further tasks wait for their turn."""
    with surface.Redis(*server.location, max_connections=1, pool_timeout=None) as client:
        pool = pool_of(client)
        connection = pool.lease()
        calls = [background(write, client) for write in (LARGE_WRITES["command"],) * 3]
        try:
            until(lambda: pool.statistics().waiting >= 1)
            pool.gate.shut(LONG)
            pool.return_connection(connection)
            until(lambda: pool.gate.waiting >= 1)
            assert server.execute_command("EXISTS", "list") == 0
        finally:
            pool.gate.open()
        assert {call.result() for call in calls} == {1, 2, 3}


def pushed_in_a_pipeline(client: Any) -> list[Any]:
    with client.pipeline(transaction=False) as pipeline:
        pipeline.rpush("list", LARGE)
        pipeline.llen("list")
        outcome: list[Any] = pipeline.execute()
        return outcome


#: Writes that take a connection to themselves on every surface.
LARGE_WRITES: dict[str, Callable[[Any], Any]] = {
    "command": lambda client: client.rpush("list", LARGE),
    "pipeline": pushed_in_a_pipeline,
    "blocking command": lambda client: client.blpop(["queue"]),
}


def pipelined(client: Any) -> list[Any]:
    with client.pipeline(transaction=False) as pipeline:
        pipeline.incr("count")
        pipeline.get("count")
        counted, _ = pipeline.execute()
        return [counted]
