"""What tests look at: where a client's connections lead, its pool, and the threads that ask Sentinels."""

from __future__ import annotations

import threading
from typing import Any

from syncredis import ConnectionPool, Location


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
