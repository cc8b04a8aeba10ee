"""A lock that is given back in the background, while its client is closed: no connection stays open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest

import syncredis.compat as redis
from syncredis import Redis
from syncredis.compat import asyncio as aioredis
from syncredis.testing import ServerProcess
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import until

NAME = "gives-back"


class Held:
    """A server that holds back what writes, until it is told to go on."""

    def __init__(self, admin: Redis[str]) -> None:
        self._admin = admin

    def back(self) -> None:
        self._admin.execute_command("CLIENT", "PAUSE", 600_000, "WRITE")

    def on(self) -> None:
        self._admin.execute_command("CLIENT", "UNPAUSE")

    def doing(self) -> list[str]:
        """What the connections of the client did last."""
        listed = [dict(fact.split("=", 1) for fact in line.split()) for line in self._lines()]
        return [facts["cmd"] for facts in listed if facts["name"] == NAME]

    def has_lock(self) -> bool:
        return bool(self._admin.exists("left"))

    def _lines(self) -> list[str]:
        return str(self._admin.execute_command("CLIENT", "LIST")).splitlines()


@pytest.fixture
def held(server: ServerProcess) -> Iterator[Held]:
    with Redis(*server.location) as admin:
        made = Held(admin)
        yield made
        made.on()


def test_no_connection_stays_open(surface: Surface, server: ServerProcess, held: Held) -> None:
    client = surface.Redis(*server.location, client_name=NAME)
    lock = client.lock("left", timeout=600)
    lock.acquire()
    wrapped = getattr(getattr(lock, "facade", lock), "wrapped", lock)
    _leave(held, lambda: wrapped.abandon(wrapped.holding()), client.close)


def test_nor_does_one_of_the_shims(server: ServerProcess, held: Held) -> None:
    host, port = server.location
    for options in ({}, {"single_connection_client": True}):
        client = redis.Redis(host=host, port=port, client_name=NAME, **options)
        lock = client.lock("left", timeout=600)
        lock.acquire()
        _leave(held, lambda lock=lock: lock._server_side.release_in_background(lock.local.token), client.close)


def _leave(held: Held, give_back: Callable[[], Any], close: Callable[[], Any]) -> None:
    held.back()
    give_back()
    until(lambda: "evalsha" in held.doing())
    close()
    until(lambda: "evalsha" in held.doing())  # it tries again
    held.on()
    until(lambda: not held.has_lock())
    until(lambda: not held.doing())


def test_nor_does_one_that_a_cancelled_task_of_the_shims_has_left(server: ServerProcess, held: Held) -> None:
    host, port = server.location

    async def main() -> None:
        client = aioredis.Redis(host=host, port=port, client_name=NAME)
        assert await client.ping()
        held.back()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.lock("left", timeout=600).acquire)
            while "set" not in held.doing():
                await anyio.sleep(0.002)
            tasks.cancel_scope.cancel()
        until(lambda: "evalsha" in held.doing())
        await client.aclose()
        until(lambda: "evalsha" in held.doing())
        held.on()
        until(lambda: not held.doing())
        assert not held.has_lock()
        await client.aclose()

    anyio.run(main)
