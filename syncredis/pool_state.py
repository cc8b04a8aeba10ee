"""`PoolState`: what a pool has, and who waits for it; no I/O.

Idle connections lie on the *shelf*. A *slot* is what counts against ``max_connections``: an open connection, idle or lent,
or the right to make one. A *waiter* is a caller for whom nothing was free; who comes first is served first. The
*generation* tells connections that may still be used from those made before the last invalidation.

Connecting and closing are the pool's. What is here changes in small methods, under one lock; the shelf alone needs none,
for it is a `collections.deque`, whose ``pop`` and ``append`` are atomic. Only `Waiter.wait` blocks.
"""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections import deque
from contextlib import suppress
from typing import Final

from syncredis.alarm import Alarm
from syncredis.connection import Connection
from syncredis.pool_slot import Slot

#: A connection that rested longer than this (seconds) is looked at before it is lent: the server may have closed it. The
#: look costs a system call, which a busy connection is spared.
CHECK_AFTER: Final = 0.02

#: Seconds after which a caller that waits looks again: a connection that an asynchronous exception lost is collected, and
#: nobody is told that its slot is free.
_LOOK_AGAIN: Final = 0.5


class Waiter:
    """A caller for whom nothing was free.

    Attributes:
        granted: what has become free for it; None: nothing yet.
    """

    __slots__ = ("_alarm", "granted")

    def __init__(self) -> None:
        self.granted: Connection | Slot | None = None
        self._alarm = Alarm()

    def grant(self, what: Connection | Slot) -> None:
        """Hand over what the caller waits for."""
        self.granted = what
        self._alarm.ring()

    def wake(self) -> None:
        """Have the caller look whether there is any point in waiting on."""
        self._alarm.ring()

    def wait(self, deadline: float | None) -> bool:
        """Block until something is granted, somebody wakes this, or the deadline has come; False: look again."""
        left = math.inf if deadline is None else deadline - time.monotonic()
        woken = self._alarm.wait(max(0.0, min(left, _LOOK_AGAIN)))
        return woken or left <= _LOOK_AGAIN or self.granted is not None


class PoolState:
    """What one pool has. Thread-safe; nothing blocks.

    Args:
        max_connections: how many slots there are, those `apart` not counted.
        most_connecting: how many connections may be made at the same time while others wait for one; None: any number.

    Attributes:
        lock: guards all but the shelf; held by whoever needs several steps to be one. Reentrant, because a signal handler
            may use the pool in the middle of anything.
        shelf: the idle connections; the one that was returned last is at the right end.
        waiters: in the order in which they came.
        slots: all that there are. Weak, so that what an asynchronous exception loses (a lease between the pool and the
            caller's ``try``, say) is collected, and its slot is free again.
        apart: those of them that do not count against ``max_connections``.
        generation: what a connection needs to have for being used again.
        made: how many connections were made.
    """

    def __init__(self, max_connections: int, most_connecting: int | None) -> None:
        self._max_connections = max_connections
        self._most_connecting = most_connecting
        self.shelf: deque[Connection] = deque()
        self.generation = self.made = 0
        self.start_anew()

    def start_anew(self) -> None:
        """Have no slots, and nobody who waits: in a forked child, where a thread that is gone may hold the lock."""
        self.lock = threading.RLock()
        self.waiters: deque[Waiter] = deque()
        self.slots: weakref.WeakSet[Connection | Slot] = weakref.WeakSet()
        # Most pools never have any, and each is spared the set.
        self.apart: weakref.WeakSet[Connection | Slot] | tuple[()] = ()
        self.generation += 1

    def connections(self) -> list[Connection]:
        """Return the open connections, lent ones included."""
        with self.lock:
            return [taken for taken in self.slots if isinstance(taken, Connection)]

    # --- who gets what is free ----------------------------------------------------------------------

    def enqueue(self) -> Waiter:
        """Return a new waiter, which has got something already if anything is free."""
        waiter = Waiter()
        with self.lock:
            self.waiters.append(waiter)
            self._grant()
            if waiter.granted is None:
                self._count_again()
        return waiter

    def take(self) -> Connection | Slot | None:
        """Return what is free, as nearly always something is: then there need be no waiter. None: `enqueue`."""
        with self.lock:
            return None if self.waiters else self._free_one(paced=True)

    def withdraw(self, waiter: Waiter) -> None:
        """Let ``waiter`` be granted nothing from now on."""
        with self.lock, suppress(ValueError):
            self.waiters.remove(waiter)

    def wake_all(self) -> None:
        """Have everybody who waits look whether there is any point in waiting on."""
        with self.lock:
            waiters = list(self.waiters)
        for waiter in waiters:
            waiter.wake()

    def serve(self) -> None:
        """Give what is free to those who wait: after something was shelved."""
        with self.lock:
            self._grant()

    def look_again(self) -> None:
        """`serve`, with what became free without a word, and however many are connecting: they may be getting nowhere."""
        with self.lock:
            self._count_again(paced=False)

    def _grant(self, *, paced: bool = True) -> None:
        """Give what is free to those who wait, first come, first served. The lock is held.

        Called after every change that frees something. A returning thread shelves first and looks for waiters second; a
        waiting one queues first and looks at the shelf second, here. So at least one of the two sees the other, although
        shelving takes no lock.
        """
        while self.waiters:
            waiter = self.waiters[0]
            # The waiter leaves the queue last: an asynchronous exception between these steps may cost a connection, which
            # is collected then, but never a waiter its turn.
            if waiter.granted is None:
                granted = self._free_one(paced=paced)
                if granted is None:
                    return
                waiter.grant(granted)
            with suppress(ValueError):
                self.waiters.remove(waiter)

    def _free_one(self, *, paced: bool) -> Connection | Slot | None:
        try:
            return self.shelf.pop()
        except IndexError:
            if len(self.slots) - len(self.apart) >= self._max_connections or (paced and self._are_enough_connecting()):
                return None
        slot = Slot()
        self.slots.add(slot)
        return slot

    def _are_enough_connecting(self) -> bool:
        most = self._most_connecting
        return most is not None and sum(isinstance(taken, Slot) for taken in self.slots) >= most

    def _count_again(self, *, paced: bool = True) -> None:
        """Find out whether something became free of which nobody was told, and grant it. The lock is held."""
        # An exception that strikes a weak set while it removes something leaves the dead entry in its length.
        is_open = list(self.slots)
        if len(is_open) < len(self.slots):
            self.slots = weakref.WeakSet(is_open)
        self._grant(paced=paced)

    # --- slots --------------------------------------------------------------------------------------

    def add_apart(self) -> Slot:
        """Return a new slot beyond the limit."""
        slot = Slot()
        with self.lock:
            self.slots.add(slot)
            self._count_apart(slot)
        return slot

    def set_apart(self, connection: Connection) -> None:
        """Count a connection no longer: one more may be made now."""
        with self.lock:
            self._count_apart(connection)
            self._grant()

    def _count_apart(self, what: Connection | Slot) -> None:
        self.apart = self.apart or weakref.WeakSet()
        self.apart.add(what)

    def admit(self, connection: Connection, slot: Slot) -> bool:
        """Let a new connection take the place of its slot, unless the pool was invalidated while it was made."""
        with self.lock:
            if connection.generation != self.generation:
                return False
            self.slots.add(connection)
            self.slots.discard(slot)
            if connection.credentials_are_old:  # changed while it was made, and before it was among those that are told
                connection.last_used -= 2 * CHECK_AFTER
            if self.apart and slot in self.apart:
                self.apart.add(connection)
                self.apart.discard(slot)
            self.made += 1
            if self.waiters:
                self._grant()
            return True

    def free(self, what: Connection | Slot) -> None:
        """Let another one take the place of a connection that was closed, or of a slot of which nothing came."""
        with self.lock:
            self.slots.discard(what)
            if self.apart:
                self.apart.discard(what)
            if self.waiters:
                self._grant()

    # --- the shelf, and what is no longer true ------------------------------------------------------

    def take_shelf(self) -> list[Connection]:
        """Take all that is on the shelf, the one that rested longest first."""
        taken: list[Connection] = []
        while True:
            try:
                taken.append(self.shelf.popleft())
            except IndexError:
                return taken

    def take_outdated(self) -> list[Connection]:
        """Take from the shelf what is not of the current generation."""
        outdated: list[Connection] = []
        with self.lock:
            for connection in self.take_shelf():
                (self.shelf if connection.generation == self.generation else outdated).append(connection)
        return outdated

    def doubt_all(self) -> None:
        """Have each connection looked at before it is lent again, however fresh."""
        rested = time.monotonic() - 2 * CHECK_AFTER
        for connection in self.connections():
            connection.last_used = min(connection.last_used, rested)
