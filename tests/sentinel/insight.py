"""What tests look at: where a client's connections lead, and its pool."""

from __future__ import annotations

from typing import Any

from syncredis import ConnectionPool


def pool_of(client: Any) -> ConnectionPool:
    """Return the pool of a client of any surface."""
    pool: ConnectionPool = getattr(client, "wrapped", client).pool
    return pool


def port_of(client: Any) -> int:
    """Return which server the client's next connection leads to, by its port."""
    return int(client.execute_command("CONFIG", "GET", "port")["port"])
