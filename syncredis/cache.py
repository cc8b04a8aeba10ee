"""`Cache`: replies kept in this process until the keys that they follow from change. No I/O; thread-safe.

A reply may come late: asked for before a key was changed, and here only after that was told. So whoever asks a server leaves
a `Ticket` first, and news of a change cancels the tickets of that key along with what is kept: a reply without a valid
ticket is passed on, but not kept.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import RLock
from typing import Any, Final, NamedTuple

from syncredis.exceptions import ConfigurationError
from syncredis.typing import Reply

#: Stands for "not kept"; None is a reply.
MISSING: Final[Any] = object()


class CacheStatistics(NamedTuple):
    """What a cache was good for, since it was made."""

    hits: int
    """Replies that came from here."""
    misses: int
    """Replies that were asked for and were not here."""
    invalidations: int
    """Replies that were given up because a key changed, or because the connection that tells of changes was lost."""
    evictions: int
    """Replies that were given up for want of room, or for their age."""
    entries: int
    """Replies that are here now."""
    bytes: int
    """About how much memory they take."""

    @property
    def hit_rate(self) -> float:
        """The share of hits, from 0 to 1; 0 if nothing was asked for."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


class Ticket:
    """A reply to come. Made by `Cache.expect`."""

    __slots__ = ("keys", "request", "valid")

    def __init__(self, request: bytes, keys: frozenset[bytes]) -> None:
        self.request = request
        self.keys = keys
        self.valid = True


class Cache:
    """Replies by the request that they answer, as bytes. Those that were not used for longest go first.

    Args:
        max_entries: the most replies that are kept.
        max_bytes: about how much memory they may take together; one that would take all of it is not kept.
        max_age: seconds after which a reply is not used any more, changed or not; None: no limit.
        clock: gives seconds.

    Raises:
        ConfigurationError: for numbers that make no sense.
    """

    def __init__(
        self,
        max_entries: int = 10_000,
        max_bytes: int = 64 * 1024 * 1024,
        max_age: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for name, most in (("max_entries", max_entries), ("max_bytes", max_bytes)):
            if not isinstance(most, int) or isinstance(most, bool) or most < 1:
                raise ConfigurationError(f"{name}={most!r} must be at least 1")
        if max_age is not None and not (isinstance(max_age, (int, float)) and max_age > 0):
            raise ConfigurationError(f"max_age={max_age!r} must be a positive number of seconds, or None for no limit")
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self.max_age = max_age
        self._clock = clock
        # Guards what follows. Reentrant: a signal handler may read in the middle of anything.
        self._lock = RLock()
        self._hits = self._misses = self._invalidations = self._evictions = 0
        self._bytes = 0
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        # Requests that are kept, and tickets, by each key that they depend on.
        self._dependents: dict[bytes, set[bytes]] = {}
        self._tickets: dict[bytes, set[Ticket]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def __bool__(self) -> bool:
        """True, also when nothing is kept."""
        return True

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} of {len(self)} of {self.max_entries} replies, {self.statistics.hit_rate:.0%} hits>"
        )

    @property
    def statistics(self) -> CacheStatistics:
        """What it was good for so far."""
        with self._lock:
            return CacheStatistics(
                self._hits, self._misses, self._invalidations, self._evictions, len(self._kept), self._bytes
            )

    def get(self, request: bytes) -> Reply:
        """Return the reply that is kept, or `MISSING`."""
        with self._lock:
            kept = self._kept.get(request)
            if kept is not None and self.max_age is not None and kept.since + self.max_age <= self._clock():
                self._remove(request)
                self._evictions += 1
                kept = None
            if kept is None:
                return MISSING
            self._kept.move_to_end(request)
            self._hits += 1
            return kept.reply

    def expect(self, request: bytes, keys: frozenset[bytes]) -> Ticket:
        """Return a ticket for the reply to ``request``, which depends on ``keys``. To be had before it is sent."""
        ticket = Ticket(request, keys)
        with self._lock:
            self._misses += 1
            for key in keys:
                self._tickets.setdefault(key, set()).add(ticket)
        return ticket

    def keep(self, ticket: Ticket, reply: Reply) -> None:
        """Keep a reply, if its ticket is valid still."""
        with self._lock:
            self.drop(ticket)
            if not ticket.valid:
                return
            self._remove(ticket.request)
            size = len(ticket.request) + _size_of(reply)
            if size > self.max_bytes:
                return
            self._bytes += size
            self._kept[ticket.request] = _Kept(reply, ticket.keys, self._clock(), size)
            for key in ticket.keys:
                self._dependents.setdefault(key, set()).add(ticket.request)
            while len(self._kept) > self.max_entries or self._bytes > self.max_bytes:
                self._remove(next(iter(self._kept)))
                self._evictions += 1

    def drop(self, ticket: Ticket) -> None:
        """Expect the reply no longer."""
        with self._lock:
            for key in ticket.keys:
                tickets = self._tickets.get(key)
                if tickets is not None:
                    tickets.discard(ticket)
                    if not tickets:
                        del self._tickets[key]

    def forget(self, keys: Iterable[bytes]) -> None:
        """Give up every reply that depends on one of ``keys``, those to come included."""
        with self._lock:
            for key in keys:
                for request in list(self._dependents.get(key, ())):
                    self._remove(request)
                    self._invalidations += 1
                for ticket in self._tickets.pop(key, ()):
                    ticket.valid = False

    def clear(self) -> None:
        """Give up everything, replies to come included."""
        with self._lock:
            self._invalidations += len(self._kept)
            self._bytes = 0
            self._kept.clear()
            self._dependents.clear()
            for tickets in self._tickets.values():
                for ticket in tickets:
                    ticket.valid = False
            self._tickets.clear()

    def start_anew(self) -> None:
        """Forget who holds the lock: in a child process, where the thread that did does not exist."""
        self._lock = RLock()
        self.clear()

    def _remove(self, request: bytes) -> None:
        """Remove what is kept for a request, if anything is. The lock is held."""
        kept = self._kept.pop(request, None)
        if kept is None:
            return
        self._bytes -= kept.size
        for key in kept.keys:
            dependents = self._dependents.get(key)
            if dependents is not None:
                dependents.discard(request)
                if not dependents:
                    del self._dependents[key]


class _Kept(NamedTuple):
    reply: Reply
    keys: frozenset[bytes]
    since: float
    size: int


def _size_of(reply: Reply) -> int:
    """About how many bytes of memory a reply takes."""
    if isinstance(reply, (list, tuple)):
        return _OVERHEAD + sum(map(_size_of, reply))
    if isinstance(reply, dict):
        return _OVERHEAD + sum(_size_of(key) + _size_of(value) for key, value in reply.items())
    return _OVERHEAD + (len(reply) if isinstance(reply, (bytes, str)) else 0)


#: Of a Python object, and of what refers to it.
_OVERHEAD: Final = 64
