"""What tests look at: where a client's connections lead, its pool, and the threads that ask Sentinels."""

from __future__ import annotations

import threading
from typing import Any

from syncredis import ConnectionPool, Location
from tests.fixtures.threads import until


def pool_of(client: Any) -> ConnectionPool:
    """Return the pool of a client of any surface."""
    pool: ConnectionPool = getattr(client, "wrapped", client).pool
    return pool


def port_of(client: Any) -> int:
    """Return which server the client's next connection leads to, by its port."""
    return int(client.execute_command("CONFIG", "GET", "port")["port"])


def is_being_asked(sentinel: Location) -> bool:
    """Return whether a thread waits for an answer of this Sentinel."""
    return any(thread.name == f"syncredis-ask-{sentinel.target}" for thread in threading.enumerate())


def watching(sentinel: Any, count: int) -> None:
    """Block until the watcher hears ``count`` Sentinels."""
    watcher = getattr(sentinel, "wrapped", sentinel)._watcher
    until(lambda: sum(post.subscription is not None for post in list(watcher._listener._posts.values())) == count)


def deafen(sentinel: Any) -> None:
    """End the watcher, until the next connection is made: a client then learns of changes by what its calls meet."""
    watcher = getattr(sentinel, "wrapped", sentinel)._watcher
    listener = watcher._listener
    watcher.close()
    until(lambda: listener._waker < 0)  # the last thing that its thread does
