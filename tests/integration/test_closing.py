"""Closing a client ends what goes on with it, on every surface."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from syncredis import RetryPolicy
from syncredis.exceptions import InterruptedCallError, RedisError
from tests.fixtures.surfaces import Surface

PATIENT = RetryPolicy(retries=None, deadline=60, base_delay=0.01, max_delay=0.05)

CALLS: dict[str, Callable[[Any], Any]] = {
    "a command": lambda client: client.set("k", "v"),
    "a pipeline": lambda client: _pipeline(client),
    "a watch": lambda client: client.pipeline().watch("k"),
    "a subscription": lambda client: client.pubsub().subscribe("news"),
    "a scan": lambda client: list(client.scan_iter()),
}


def _pipeline(client: Any) -> Any:
    pipeline = client.pipeline()
    pipeline.set("k", "v")
    return pipeline.execute()


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_is_tried_again_ends(surface: Surface, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody_there = taken.getsockname()
    client = surface.Redis(*nobody_there, retry_policy=PATIENT)
    outcome: list[RedisError] = []

    def call() -> None:
        try:
            CALLS[name](client)
        except RedisError as error:
            outcome.append(error)

    thread = threading.Thread(target=call)
    started = time.monotonic()
    thread.start()
    while not outcome and time.monotonic() - started < 0.2:
        thread.join(0.01)
    assert not outcome
    client.close()
    thread.join(20)
    assert not thread.is_alive()
    assert isinstance(outcome[0], InterruptedCallError)
    assert "closed" in str(outcome[0])
    assert outcome[0].not_applied
