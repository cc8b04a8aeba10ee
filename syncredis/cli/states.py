"""What each server of the demo is, over time: looked at directly, past the clients that are on show."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from syncredis import NO_RETRY, Redis, RedisError
from syncredis.cli.chronicle import Stretch
from syncredis.commands.server_replies import PrimaryRole
from syncredis.testing import ServerProcess

_TICK: Final = 0.04  # seconds between two looks
_TIMEOUT: Final = 0.3  # seconds for a server that must be near


class StateWitness:
    """Notes in which state each server is, in a thread of its own, within its ``with`` block."""

    def __init__(self, servers: Sequence[ServerProcess]) -> None:
        self._servers = servers
        self._clients = [
            Redis(*server.location, connect_timeout=_TIMEOUT, stream_timeout=_TIMEOUT, retry_policy=NO_RETRY)
            for server in servers
        ]
        self._changes: list[list[tuple[float, str]]] = [[] for _ in servers]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="demo-states", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        for client in self._clients:
            client.close()

    def states(self) -> dict[str, list[Stretch]]:
        """Return what each has been so far, by its location."""
        now = time.monotonic()
        found: dict[str, list[Stretch]] = {}
        for server, changes in zip(self._servers, self._changes, strict=True):
            seen = list(changes)
            ends = [*(at for at, _ in seen[1:]), now]
            found[server.location.target] = [
                Stretch(at, end, state) for (at, state), end in zip(seen, ends, strict=True)
            ]
        return found

    def _watch(self) -> None:
        while not self._over.is_set():
            for server, client, changes in zip(self._servers, self._clients, self._changes, strict=True):
                state = _state(server, client)
                if not changes or changes[-1][1] != state:
                    changes.append((time.monotonic(), state))
            self._over.wait(_TICK)


def _state(server: ServerProcess, client: Redis[str]) -> str:
    if not server.is_running:
        return "down"
    if server.is_frozen:
        return "frozen"
    with suppress(RedisError):
        return "primary" if isinstance(client.role(), PrimaryRole) else "replica"
    # It may have been frozen, or killed, while it was asked.
    return "frozen" if server.is_frozen else "starting" if server.is_running else "down"
