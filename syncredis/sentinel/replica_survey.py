"""`ReplicaSurvey`: looks after the replicas in the background - which there are, how far away, and how far behind.

One thread for each `syncredis.sentinel.Sentinel` object whose replica clients are in use. It asks the Sentinels every few
seconds, and at once when it is told that something has changed; it measures only what a client chooses its replicas by;
and it tells the clients' pools, which let go of connections that lead where none would be made now.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Final, Protocol

from syncredis import interruption
from syncredis.config import ConnectionConfig, Location
from syncredis.exceptions import RedisError
from syncredis.interruption import Interruption
from syncredis.sentinel.discovery import Discovery
from syncredis.sentinel.measurement import Yardstick
from syncredis.sentinel.topology import ReplicaView

logger = logging.getLogger(__name__)

#: Seconds between two looks.
PERIOD: Final = 1.0

#: Seconds that pass in any case, however much changes.
_PAUSE: Final = 0.1

#: Seconds after which the Sentinels are asked again which replicas there are, unless something has happened.
_ASK_EVERY: Final = 5.0

#: Seconds that a caller waits for the first measurement; after that it goes without.
_FIRST_LOOK: Final = 2.0


class ReplicaPool(Protocol):
    """What the survey works for: a pool of connections to replicas. Held weakly."""

    service_name: str
    config: ConnectionConfig

    @property
    def measures(self) -> bool:
        """Whether it chooses by what has to be measured."""
        ...

    def rebalance(self, views: Sequence[ReplicaView]) -> None:
        """Let go of connections that lead where none would be made now. Never blocks."""
        ...


class ReplicaSurvey:
    """Looks after the replicas of pools. Thread-safe.

    Args:
        discovery: asks the Sentinels.
    """

    def __init__(self, discovery: Discovery) -> None:
        self._discovery = discovery
        self._start_anew()
        _surveys.add(self)

    def _start_anew(self) -> None:
        # Guards what follows, and wakes the thread and those who wait for it. A child process that was forked has no such
        # thread.
        # Always entered by itself: see `syncredis.alarm` for what may strike in a Condition's own `with`.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._pools: weakref.WeakSet[ReplicaPool] = weakref.WeakSet()
        self._yardsticks: dict[tuple[str, ConnectionConfig], Yardstick] = {}
        #: Where a replica is not linked to its primary; the thread's own.
        self._unsettled: set[tuple[str, ConnectionConfig]] = set()
        self._thread: threading.Thread | None = None
        self._looking = Interruption()
        self._is_due = self._is_first = False

    # --- for pools ------------------------------------------------------------------------------------

    def watch(self, pool: ReplicaPool) -> None:
        """Look after a pool from now on, until `leave`, or until it is forgotten. Never blocks."""
        with self._lock:
            if pool in self._pools and self._thread is not None:
                return
            self._pools.add(pool)
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="syncredis-replicas", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # the system has no thread to give: pools then learn of changes by failures
                    logger.warning("no thread can be started to look after replicas")
                    return
                self._thread = thread
                self._is_first = True
            self._is_due = True
            self._changed.notify_all()

    def leave(self, pool: ReplicaPool) -> None:
        """Do not look after a pool any longer. Never blocks."""
        with self._lock:
            self._pools.discard(pool)
            if not list(self._pools):
                self._looking.interrupt()
            self._changed.notify_all()

    def look_soon(self) -> None:
        """Look at once: something may have changed. Never blocks."""
        with self._lock:
            self._is_due = True
            self._changed.notify_all()

    def measured(self, pool: ReplicaPool, views: Iterable[ReplicaView]) -> list[ReplicaView]:
        """Return the views with what was measured. Blocks for a moment if nothing was measured yet."""
        if not pool.measures:
            return list(views)
        key = _key(pool)
        deadline = time.monotonic() + _FIRST_LOOK
        call = interruption.current()
        with nullcontext() if call is None else call.attached(self._wake), self._lock:
            while not ((yardstick := self._yardsticks.get(key)) and yardstick.has_measured):
                left = deadline - time.monotonic()
                if left <= 0 or self._thread is None or (call is not None and call.interrupted):
                    break
                self._changed.wait(left)
        if call is not None and call.interrupted:
            raise interruption.interrupted_before("the replicas were measured")
        return list(views) if yardstick is None else yardstick.applied_to(views)

    def _wake(self) -> None:
        with self._lock:
            self._changed.notify_all()

    # --- the thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        yardsticks: dict[tuple[str, ConnectionConfig], Yardstick] = {}
        try:
            while pools := self._next_pools():
                self._look_at(pools, yardsticks)
                del pools  # they are held weakly while nothing is done for them
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None
            for yardstick in yardsticks.values():
                yardstick.close()

    def _next_pools(self) -> list[ReplicaPool]:
        """Wait until it is time to look, and return the pools to look for; if there is none, the thread ends."""
        with self._lock:
            now = time.monotonic()
            earliest, latest = now if self._is_first else now + _PAUSE, now + PERIOD
            while list(self._pools) and (left := (earliest if self._is_due else latest) - time.monotonic()) > 0:
                self._changed.wait(left)
            self._is_due = self._is_first = False
            pools = list(self._pools)
            if not pools:
                self._thread = None
                self._yardsticks = {}
            self._looking = Interruption()
            return pools

    def _look_at(self, pools: list[ReplicaPool], yardsticks: dict[tuple[str, ConnectionConfig], Yardstick]) -> None:
        for key in {_key(pool) for pool in pools}:
            concerned = [pool for pool in pools if _key(pool) == key]
            try:
                self._looking.run(self._look, key, concerned, yardsticks)
            except RedisError as error:
                logger.debug("can not look at the replicas of %r: %s", key[0], error)
            except Exception:  # of any kind: it may be the application's policy that fails
                logger.exception("looking at the replicas of %r failed", key[0])
        gone = yardsticks.keys() - {_key(pool) for pool in pools}
        for key in gone:
            yardsticks.pop(key).close()
        with self._lock:
            self._yardsticks = dict(yardsticks)
            self._changed.notify_all()

    def _look(
        self,
        key: tuple[str, ConnectionConfig],
        pools: list[ReplicaPool],
        yardsticks: dict[tuple[str, ConnectionConfig], Yardstick],
    ) -> None:
        service_name, config = key
        # That a replica's link to its primary stands again, no Sentinel tells by itself.
        views = self._discovery.replicas(service_name, max_age=PERIOD / 2 if key in self._unsettled else _ASK_EVERY)
        if all(view.linked for view in views):
            self._unsettled.discard(key)
        else:
            self._unsettled.add(key)
        if any(pool.measures for pool in pools):
            yardstick = yardsticks.setdefault(key, Yardstick(config))
            yardstick.measure(self._primary(service_name), [view.location for view in views if view.in_service])
            views = yardstick.applied_to(views)
        for pool in pools:
            pool.rebalance(views)

    def _primary(self, service_name: str) -> Location | None:
        try:
            return self._discovery.primary(service_name, max_age=_ASK_EVERY)
        except RedisError:
            return None


def _key(pool: ReplicaPool) -> tuple[str, ConnectionConfig]:
    return pool.service_name, pool.config


_surveys: weakref.WeakSet[ReplicaSurvey] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for survey in list(_surveys):
        survey._start_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
