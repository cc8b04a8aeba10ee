"""Looks at the servers directly, past the clients that are on show: what each Sentinel says, and what the primary holds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from syncredis import NO_RETRY, Location, Redis, RedisError
from syncredis.commands.server_replies import PrimaryRole

_TIMEOUT: Final = 1.0  # seconds for a server that must be near
_BATCH: Final = 500  # keys that are read back at once
_STRAY_TICK: Final = 0.03  # seconds between two looks
_PROBE: Final = "syncredis:demo:probe"
_REPLICATION_LIMIT: Final = 10.0  # seconds


class SwitchWitness:
    """Notes when each Sentinel first names a primary other than ``old``. Used within its ``with`` block.

    Attributes:
        switched: when each Sentinel did, by its location; and where to.
    """

    def __init__(self, sentinels: Sequence[Location], service_name: str, old: Location) -> None:
        self.switched: dict[Location, tuple[float, Location]] = {}
        self._service_name = service_name
        self._old = old
        self._clients = {
            sentinel: Redis(*sentinel, connect_timeout=_TIMEOUT, stream_timeout=_TIMEOUT, retry_policy=NO_RETRY)
            for sentinel in sentinels
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            client.close()

    @property
    def first(self) -> tuple[float, Location] | None:
        """When the first Sentinel switched, and where to."""
        return min(self.switched.values(), default=None)

    @property
    def complete(self) -> bool:
        """Whether all have switched."""
        return len(self.switched) == len(self._clients)

    def look(self) -> None:
        """Ask those that have not switched yet. Blocks for as long as they need to answer."""
        for sentinel, client in self._clients.items():
            if sentinel in self.switched:
                continue
            try:
                reply: Any = client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service_name)
            except RedisError:
                continue  # not our story: the others will tell
            if reply is not None and (named := Location(reply[0], int(reply[1]))) != self._old:
                self.switched[sentinel] = time.monotonic(), named


def wait_for_replication(primary: Location, replicas: int) -> bool:
    """Block until what is written now has reached ``replicas`` replicas; tell whether it has, within some seconds.

    A replica counts as connected up to a second before its primary begins to send it new writes.

    Raises:
        ConnectionError: if the primary can not be reached.
    """
    with Redis(*primary) as client:
        client.set(_PROBE, "")
        reached = client.execute_command("WAIT", replicas, round(_REPLICATION_LIMIT * 1000))
        return int(reached) >= replicas


def read_back(primary: Location, keys: Sequence[str]) -> dict[str, str | None]:
    """Return what a server holds under each key. Blocks.

    Raises:
        ConnectionError: if it can not be reached.
    """
    stored: dict[str, str | None] = {}
    with Redis(*primary) as client:
        for start in range(0, len(keys), _BATCH):
            batch = keys[start : start + _BATCH]
            stored.update(zip(batch, client.mget(batch), strict=True))
    return stored


class StrayWitness:
    """Looks whether a server that is no longer the primary, and does not know it yet, is written to. Used within its block.

    It looks in a thread of its own, at its role and at the keys together: what a replica holds has come from its primary.

    Args:
        old: where that server is.
        keys: returns the keys that were first written when another server was the primary.

    Attributes:
        found: those that were there.
        looks: how often it took itself for the primary.
    """

    def __init__(self, old: Location, keys: Callable[[], Sequence[str]]) -> None:
        self.found: set[str] = set()
        self.looks = 0
        self._keys = keys
        self._client = Redis(*old, connect_timeout=_TIMEOUT, stream_timeout=_TIMEOUT, retry_policy=NO_RETRY)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="demo-strays", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._client.close()

    def _watch(self) -> None:
        while not self._over.wait(_STRAY_TICK):
            with suppress(RedisError):  # it is not there yet
                self._look()

    def _look(self) -> None:
        keys = list(self._keys())
        if not keys:
            return
        with self._client.pipeline(transaction=True) as pipe:
            role = pipe.role()
            values = pipe.mget(keys)
            pipe.execute()
        if isinstance(role.value, PrimaryRole):
            self.looks += 1
            self.found.update(key for key, value in zip(keys, values.value, strict=True) if value is not None)
