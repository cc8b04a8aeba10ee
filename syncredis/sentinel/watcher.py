"""`Watcher`, the push half of Sentinel support: hears from all Sentinels what happens, and tells the pools.

An event says when to look, the Sentinels' answers say where, and ROLE says whether it is true; what follows from it is decided
in `syncredis.sentinel.service_watch`. One thread listens to all Sentinels; whatever takes time (subscribing, asking, having
a connection made) runs in short-lived threads beside it, so that no silent server keeps it from hearing the others.

Each Sentinel is asked right after it was subscribed to, and now and then besides: what was missed heals. One whose user may
not subscribe is asked often instead.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any, ClassVar, Final, Protocol

from syncredis.gate import Gate
from syncredis.sentinel.discovery import Discovery
from syncredis.sentinel.events import Audience, EventStream
from syncredis.sentinel.listener import Listener
from syncredis.sentinel.service_watch import ServiceWatch

#: Seconds that a client's first connection gets for itself before the Sentinels are subscribed to: both at once would make
#: the first command several times as slow. What changes meanwhile is found by the questions that follow the subscriptions.
HEAD_START: Final = 0.05


class Pool(Protocol):
    """A pool that wants to be told of changes."""

    service_name: str

    #: Whether connections lead to the primary.
    is_primary: ClassVar[bool]


class Watcher:
    """Watches the services of one deployment for as long as any pool or stream wants to know. Thread-safe; nothing blocks.

    Args:
        discovery: knows the Sentinels.
        audience: is told what happens.
        hold: seconds for which writes are held at most while the primary changes; 0: not at all.
        watch_offsets: seconds between two looks at a primary's replication offset; None: it is not looked at.
    """

    def __init__(
        self, discovery: Discovery, audience: Audience, *, hold: float, watch_offsets: float | None = None
    ) -> None:
        self._discovery = discovery
        self._audience = audience
        self._hold = hold
        self._watch_offsets = watch_offsets
        self._services: dict[str, ServiceWatch] = {}
        self._forgotten: weakref.finalize[[], Watcher] | None = None
        self._start_anew()
        _watchers.add(self)

    def _start_anew(self) -> None:
        # Guards what follows, and the services. A child process that was forked has neither the thread nor who holds it.
        self._lock = threading.RLock()
        self._listener: Listener | None = None
        self._pools: weakref.WeakSet[Any] = weakref.WeakSet()

    def gate(self, service_name: str) -> Gate:
        """Return where the writes of a service wait while its primary changes."""
        return self._service(service_name).gate

    def join(self, pool: Pool) -> None:
        """Tell a pool of changes from now on, for as long as it exists."""
        if pool in self._pools and self._is_listening:
            return
        service = self._service(pool.service_name)
        with self._lock:
            self._pools.add(pool)
            pools: weakref.WeakSet[Any] = service.pools if pool.is_primary else service.replica_pools
            pools.add(pool)
            self._listen(HEAD_START)

    def leave(self, pool: Pool) -> None:
        """Tell a pool nothing more; the last one to go ends the listening."""
        with self._lock:
            self._pools.discard(pool)
            for service in self._services.values():
                for pools in (service.pools, service.replica_pools):
                    pools.discard(pool)  # type: ignore[arg-type]
            unwanted = not self._pools and self._audience.is_empty
        if unwanted:
            self.close()

    def events(self) -> EventStream:
        """Return a stream of what happens from now on to the services that clients were made for."""
        with self._lock:
            stream = self._audience.admit(self)
            self._listen()
            return stream

    def close(self) -> None:
        """End the listening, until a pool makes its next connection, or somebody wants to know of events."""
        with self._lock:
            listener, self._listener = self._listener, None
            if self._forgotten is not None:
                self._forgotten.detach()
        if listener is not None:
            listener.stop()
        self._audience.dismiss()

    @property
    def _is_listening(self) -> bool:
        listener = self._listener
        return listener is not None and listener.goes_on

    def _service(self, name: str) -> ServiceWatch:
        with self._lock:
            service = self._services.get(name)
            if service is None:
                succession = self._discovery.succession(name)
                service = ServiceWatch(name, succession, hold=self._hold, strict=self._discovery.strict)
                self._services[name] = service
            if self._listener is not None:
                self._listener.add(service)
            return service

    def _listen(self, head_start: float = 0.0) -> None:
        """Start the thread if there is none, to begin after ``head_start`` seconds. The lock is held."""
        if self._is_listening:
            return
        pools, audience = weakref.ref(self._pools), self._audience
        self._listener = Listener(
            self._discovery,
            audience,
            wanted=lambda: bool(pools()) or not audience.is_empty,
            watch_offsets=self._watch_offsets,
        )
        for service in self._services.values():
            self._listener.add(service)
        # The thread knows nothing of this object, so that this one can be forgotten.
        if self._forgotten is not None:
            self._forgotten.detach()
        self._forgotten = weakref.finalize(self, self._listener.stop)
        self._listener.start(head_start)

    def _after_fork_in_child(self) -> None:
        listener = self._listener
        self._start_anew()
        self._audience.start_anew()
        for service in self._services.values():
            service.start_anew(self._discovery.succession(service.name))
        if listener is not None:
            listener.close_in_child()


_watchers: weakref.WeakSet[Watcher] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for watcher in list(_watchers):
        watcher._after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
