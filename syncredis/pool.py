"""`ConnectionPool`: lends connections to callers in any number of threads.

`ConnectionPool.lease` hands one out and `ConnectionPool.return_connection` takes it back. What is returned out of step,
or older than the last `ConnectionPool.invalidate`, is closed and never shelved.

State changes happen in small methods that do no I/O, under one lock; connecting, closing and waiting happen outside it.
The usual lease and return take no lock at all: the shelf is a `collections.deque`, whose ``pop`` and ``append`` are atomic.
"""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from types import EllipsisType
from typing import Any, Final, Protocol

from syncredis import interruption, observation
from syncredis.config import ConnectionConfig, PoolConfig
from syncredis.connection import Connection, open_connection
from syncredis.exceptions import ConnectionError, InterruptedCallError, PoolTimeoutError, RedisError
from syncredis.gate import Gate
from syncredis.observation import Observer, PoolStatistics

#: A connection that rested longer than this (seconds) is looked at before it is lent: the server may have closed it. The
#: look costs a system call, which a busy connection is spared.
CHECK_AFTER: Final = 0.02

#: Seconds after which a caller that waits looks again: a connection that an asynchronous exception lost is collected, and
#: nobody is told that its slot is free.
_LOOK_AGAIN: Final = 0.5


class ConnectionPool:
    """Connections to one server, or wherever `connect` of a subclass leads. Thread-safe.

    At most ``max_connections`` are open at once. The one that was returned last is lent first, so that those a quiet time
    does not need grow old and go. Callers for whom none is free wait in the order in which they came, for at most
    ``pool_timeout`` seconds. `close` may be followed by further use: connections are then made anew. A child process that
    was forked begins with an empty pool.
    """

    #: How many connections may be made at the same time while others wait for one; None: any number. Those that get
    #: nowhere within half a second no longer count.
    most_connecting: int | None = None

    def __init__(self, config: ConnectionConfig, pool_config: PoolConfig | None = None) -> None:
        self.config = config
        self.pool_config = pool_config or PoolConfig()
        self._shelf: deque[Connection] = deque()
        #: Where writes wait while it is shut; whoever sends commands looks at it first.
        self.gate = Gate()
        #: How often `close` was called.
        self.times_closed = 0
        #: Who is told about calls, see `syncredis.observation`; whoever sends commands looks whether there is anybody.
        self.observers: tuple[Observer, ...] = ()
        observation.register(self)
        self._made = self._timeouts = 0
        self._reserves: weakref.WeakSet[Reserve] = weakref.WeakSet()
        limits = self.pool_config
        self._limits_idle = limits.max_idle_connections is not None or limits.max_idle_time is not None
        self._start_empty()
        _pools.add(self)
        if config.credential_provider is not None:
            config.credential_provider.tell(self)
        # A pool that was forgotten is collected, and its idle connections are closed without a ResourceWarning.
        weakref.finalize(self, _close_all, self._shelf)

    def _start_empty(self) -> None:
        # Guards what follows. The shelf needs no guard by itself; see `_grant`. Reentrant, because a signal handler may use
        # the pool in the middle of anything.
        self._lock = threading.RLock()
        self._waiters: deque[_Waiter] = deque()
        # Everything that counts against `max_connections`: what is open, lent ones included, and the slots of those being
        # made. Weak, so that what an asynchronous exception loses (a lease between here and the caller's `try`, say) is
        # collected, and its slot is free again.
        self._slots: weakref.WeakSet[Connection | _Slot] = weakref.WeakSet()
        # Of these, what is beyond the limit.
        self._apart: weakref.WeakSet[Connection | _Slot] = weakref.WeakSet()
        self._generation = getattr(self, "_generation", 0) + 1

    def __repr__(self) -> str:
        now = self.statistics()
        return (
            f"<{type(self).__name__} for {now.name}: {now.open} of {now.max_connections} connections "
            f"open, {now.idle} idle, {now.waiting} callers waiting>"
        )

    def statistics(self) -> PoolStatistics:
        """Return the pool in numbers. Never blocks for long."""
        with self._lock:
            return PoolStatistics(
                name=self._target,
                open=len(list(self._slots)),
                idle=len(self._shelf) + sum(reserve.resting is not None for reserve in self._reserves),
                waiting=len(self._waiters),
                max_connections=self.pool_config.max_connections,
                made=self._made,
                timeouts=self._timeouts,
            )

    def describe_server(self) -> dict[str, Any]:
        """Return what reports to `observers` say about the server. A seam for subclasses."""
        config = self.config
        location = None if config.unix_socket_path else config.location
        return {"server": location, "unix_socket_path": config.unix_socket_path, "db": config.db}

    @property
    def _target(self) -> str:
        return self.config.target

    # --- lease and return ---------------------------------------------------------------------------

    def lease(self, stream_timeout: float | EllipsisType | None = ...) -> Connection:
        """Return a connection for the use of the caller alone, who owes it back by `return_connection`.

        Blocks for at most ``pool_timeout`` where all are in use, and ``connect_timeout`` where one has to be made.

        Args:
            stream_timeout: seconds that its exchanges may stand still; None: no limit; left out: as the pool's config has it.
                It stays with the connection: callers that want the same one after the other cost no system call.

        Raises:
            PoolTimeoutError: if none became free in time.
            ConnectionError, TimeoutError, ResponseError: if one had to be made and that failed.
        """
        if not self._waiters:
            try:
                connection = self._shelf.pop()
            except IndexError:
                return self._lease_slowly(stream_timeout)
            now = time.monotonic()
            if (
                now - connection.last_used < CHECK_AFTER
                and connection.generation == self._generation
                and connection.stream_timeout == stream_timeout
            ):
                connection.last_used = now
                return connection
            if self.is_fresh(connection, now):
                return self._limited(connection, stream_timeout)
        return self._lease_slowly(stream_timeout)

    def return_connection(self, connection: Connection) -> None:
        """Take back a connection that was leased. Never blocks.

        It goes on the shelf if it is in step and was made since the last `invalidate`, and is closed otherwise.
        """
        if not connection.in_step:
            self.discard(connection)
            return
        if self._limits_idle:
            self._shelve_within_limits(connection)
        else:
            self._shelf.append(connection)
        # After it was shelved, so that an invalidation either finds it there, or is found here.
        if connection.generation != self._generation:
            self._close_outdated()
        if self._waiters:
            with self._lock:
                self._grant()

    @contextmanager
    def leased(self) -> Iterator[Connection]:
        """Lease for the time of a ``with`` block."""
        connection = self.lease()
        try:
            yield connection
        finally:
            self.return_connection(connection)

    def wait_at_gate(self) -> None:
        """Block while the `gate` is shut: for commands that are not read-only, before they lease.

        Raises:
            InterruptedCallError: if the pool was closed meanwhile, or the running call interrupted. Nothing was sent.
        """
        self.gate.wait(self.closed_since(self.times_closed))

    def pause(self, seconds: float) -> None:
        """Block between two attempts of a call, for at most ``seconds``. A seam for subclasses that learn when to go on.

        Raises:
            InterruptedCallError: if the running call is interrupted.
        """
        interruption.sleep(seconds)

    def connect(self) -> Connection:
        """Return a new connection. The seam for subclasses that find out first where to go. Blocks."""
        return self._dial(self.config)

    def _dial(self, config: ConnectionConfig, *, ask_role: bool = False) -> Connection:
        return open_connection(config, ask_role=ask_role)

    def note_failure(self, connection: Connection, error: RedisError) -> None:  # noqa: ARG002 - subclasses use both
        """Learn from an error that a call on ``connection`` ended with. A seam for subclasses."""
        if isinstance(error, ConnectionError):
            self._doubt_all()  # what ended one may have ended all

    def credentials_changed(self) -> None:
        """Have each connection authenticate anew before it is lent again. Never blocks."""
        self._doubt_all()

    def _doubt_all(self) -> None:
        """Have each connection looked at before it is lent again, however fresh."""
        rested = time.monotonic() - 2 * CHECK_AFTER
        with self._lock:
            for other in self._slots:
                if isinstance(other, Connection):
                    other.last_used = min(other.last_used, rested)

    # --- beyond the limit ---------------------------------------------------------------------------

    @property
    def spreads(self) -> bool:
        """Whether connections lead to several servers that do the same. A seam for subclasses."""
        return False

    @property
    def width(self) -> int:
        """To how many servers, as far as is known; at least 1. A seam for subclasses."""
        return 1

    def add_reserve(self, reserve: Reserve) -> None:
        """Let a `syncredis.reserve.Reserve` keep a connection of this pool, for as long as the reserve lives."""
        with self._lock:
            self._reserves.add(reserve)

    def connect_apart(self) -> Connection:
        """Return a connection that does not count against ``max_connections``. Blocks, and raises, as `connect` does.

        One that nobody uses will do, unless it matters where it leads.
        """
        while not self.spreads:
            try:
                idle = self._shelf.pop()
            except IndexError:
                break
            if self.is_fresh(idle, time.monotonic()):
                with self._lock:
                    self._apart.add(idle)
                    self._grant()  # one more may be made now
                return idle
        slot = _Slot()
        with self._lock:
            self._slots.add(slot)
            self._apart.add(slot)
        return self._connect_in(slot)

    # --- everything at once ------------------------------------------------------------------------

    def invalidate(self, interrupt: ConnectionError | None = None) -> None:
        """Say that no connection made so far may be used again: where they lead is no longer where to go.

        Idle ones are closed now; lent ones when they come back, or at once if ``interrupt`` gives the error that the calls
        in progress shall raise: then connections that are being made are broken off, too, and made anew. Never blocks.
        """
        with self._lock:
            self._generation += 1
            idle = set(self._take_shelf())
            reserves = list(self._reserves)
            idle_or_resting = {*idle, *(reserve.resting for reserve in reserves)}
            others = [taken for taken in self._slots if taken not in idle_or_resting]
        for connection in idle:
            self.discard(connection)
        for reserve in reserves:
            reserve.let_go()
        if interrupt is not None:
            for taken in others:
                if isinstance(taken, Connection):
                    taken.interrupt(interrupt)
                else:
                    taken.break_off()

    def close(self) -> None:
        """Close every connection; calls in progress in other threads raise `InterruptedCallError`. Never blocks."""
        self.times_closed += 1
        self.gate.wake()
        self.invalidate(InterruptedCallError("the client was closed while this call was in progress"))

    def is_current(self, connection: Connection) -> bool:
        """Whether a connection was made since the last `invalidate`: it leads to where the pool leads now. A seam."""
        return connection.generation == self._generation

    def closed_since(self, times_closed: int) -> Callable[[], bool]:
        """Return a function that tells whether `close` was called since ``times_closed`` had this value."""
        return lambda: self.times_closed != times_closed

    # --- the slow half of leasing ------------------------------------------------------------------

    def _lease_slowly(self, stream_timeout: float | EllipsisType | None) -> Connection:
        limit = self.pool_config.pool_timeout
        deadline = None if limit is None else time.monotonic() + limit
        while True:
            waiter = self._queue()
            found = waiter.granted or self._wait(waiter, deadline)
            if isinstance(found, _Slot):
                return self._limited(self._connect_in(found), stream_timeout)
            if self.is_fresh(found, time.monotonic()):
                return self._limited(found, stream_timeout)

    def _limited(self, connection: Connection, stream_timeout: float | EllipsisType | None) -> Connection:
        """Let the exchanges of a connection stand still for ``stream_timeout`` seconds, and return it."""
        limit = self.config.stream_timeout if stream_timeout is ... else stream_timeout
        if connection.stream_timeout != limit:
            connection.set_timeout(limit)
        return connection

    def _queue(self) -> _Waiter:
        """Return a new waiter, which has got something already if anything is free."""
        waiter = _Waiter()
        with self._lock:
            self._waiters.append(waiter)
            self._grant()
            if waiter.granted is None:
                self._count_again()
        return waiter

    def _grant(self, *, paced: bool = True) -> None:
        """Give what is free to those who wait, first come, first served. The lock is held.

        Called after every change that frees something. A returning thread shelves first and looks for waiters second; a
        waiting one queues first and looks at the shelf second, here. So at least one of the two sees the other, although
        shelving takes no lock.
        """
        while self._waiters:
            waiter = self._waiters[0]
            # The waiter leaves the queue last: an asynchronous exception between these steps may cost a connection, which
            # is collected then, but never a waiter its turn.
            if waiter.granted is None:
                granted: Connection | _Slot
                try:
                    granted = self._shelf.pop()
                except IndexError:
                    if len(self._slots) - len(self._apart) >= self.pool_config.max_connections or (
                        paced and self._are_enough_connecting()
                    ):
                        return
                    granted = _Slot()
                    self._slots.add(granted)
                waiter.grant(granted)
            with suppress(ValueError):
                self._waiters.remove(waiter)

    def _are_enough_connecting(self) -> bool:
        most = self.most_connecting
        return most is not None and sum(isinstance(taken, _Slot) for taken in self._slots) >= most

    def _count_again(self, *, paced: bool = True) -> None:
        """Find out whether something became free of which nobody was told, and grant it. The lock is held."""
        # An exception that strikes a weak set while it removes something leaves the dead entry in its length.
        is_open = list(self._slots)
        if len(is_open) < len(self._slots):
            self._slots = weakref.WeakSet(is_open)
        self._grant(paced=paced)

    def _wait(self, waiter: _Waiter, deadline: float | None) -> Connection | _Slot:
        call = interruption.current()
        try:
            with nullcontext() if call is None else call.attached(waiter.wake):
                while not waiter.wait(deadline):
                    with self._lock:
                        self._count_again(paced=False)  # those that are connecting may be getting nowhere
        except BaseException:
            self._withdraw(waiter)
            if waiter.granted is not None:
                self._give_back(waiter.granted)
            raise
        self._withdraw(waiter)
        if waiter.granted is not None:
            return waiter.granted
        if call is not None and call.interrupted:
            raise interruption.interrupted_before("it got a connection")
        limits = self.pool_config
        with self._lock:
            self._timeouts += 1
        raise PoolTimeoutError(
            f"all {limits.max_connections} connections (max_connections) stayed in use for {limits.pool_timeout:g} s "
            f"(pool_timeout)"
        )

    def _withdraw(self, waiter: _Waiter) -> None:
        """Let ``waiter`` be granted nothing from now on."""
        with self._lock, suppress(ValueError):
            self._waiters.remove(waiter)

    def _connect_in(self, slot: _Slot) -> Connection:
        closed = self.closed_since(self.times_closed)
        try:
            while True:
                # Of before it is asked where to go, so that an invalidation meanwhile shows.
                generation = self._generation
                try:
                    connection = slot.fill(self.connect)
                except ConnectionError as error:
                    if not slot.was_broken_off or generation == self._generation:
                        raise
                    if closed():
                        raise interruption.interrupted_before("it had a connection: the client was closed") from error
                    continue
                connection.generation = generation
                if self._admit(connection, slot):
                    return connection
                connection.close()  # invalidated meanwhile: it may lead to the wrong server
        except BaseException:
            self._give_back(slot)
            raise

    def _admit(self, connection: Connection, slot: _Slot) -> bool:
        """Let a new connection take the place of its slot, unless the pool was invalidated while it was made."""
        with self._lock:
            if connection.generation != self._generation:
                return False
            self._slots.add(connection)
            self._slots.discard(slot)
            if connection.credentials_are_old:  # changed while it was made, and before it was among those that are told
                connection.last_used -= 2 * CHECK_AFTER
            if slot in self._apart:
                self._apart.add(connection)
                self._apart.discard(slot)
            self._made += 1
            if self._waiters:
                self._grant()
            return True

    def _give_back(self, what: Connection | _Slot) -> None:
        if isinstance(what, Connection):
            self.return_connection(what)
        else:
            with self._lock:
                self._slots.discard(what)
                self._apart.discard(what)
                self._grant()

    # --- closing ------------------------------------------------------------------------------------

    def is_fresh(self, connection: Connection, now: float) -> bool:
        """Whether a connection that rested can be lent; one that can not is closed. Blocks only if its credentials are old."""
        rested, limit = now - connection.last_used, self.pool_config.max_idle_time
        if (
            connection.generation == self._generation
            and (limit is None or rested < limit)
            and (rested < CHECK_AFTER or connection.is_quiet())
            and (not connection.credentials_are_old or self._is_renewed(connection))
        ):
            connection.last_used = now
            return True
        self.discard(connection)
        return False

    def _is_renewed(self, connection: Connection) -> bool:
        """Whether a connection could authenticate anew; raises what the credential provider does."""
        try:
            return connection.authenticate_anew()
        except BaseException:
            self.discard(connection)
            raise

    def discard(self, connection: Connection) -> None:
        """Close a connection, and let another one take its place. Never blocks."""
        connection.close()
        with self._lock:
            self._slots.discard(connection)
            self._apart.discard(connection)
            self._grant()

    def _shelve_within_limits(self, connection: Connection) -> None:
        """Shelve a connection that came back, unless there are enough; close those that have rested too long."""
        limits = self.pool_config
        most = limits.max_idle_connections
        if most is not None and len(self._shelf) >= most and not self._waiters:
            self.discard(connection)
            return
        connection.last_used = time.monotonic()  # however long the call took
        self._shelf.append(connection)
        if limits.max_idle_time is not None:
            self._close_oldest(limits.max_idle_time)

    def _close_outdated(self) -> None:
        with self._lock:
            shelved = self._take_shelf()
            self._shelf.extend(c for c in shelved if c.generation == self._generation)
        for connection in shelved:
            if connection.generation != self._generation:
                self.discard(connection)
        for reserve in list(self._reserves):
            resting = reserve.resting
            if resting is not None and resting.generation != self._generation:
                reserve.let_go()

    def _close_oldest(self, limit: float) -> None:
        """Close those at the bottom of the shelf that have rested for ``limit`` seconds."""
        while True:
            try:
                oldest = self._shelf.popleft()
            except IndexError:
                return
            if time.monotonic() - oldest.last_used < limit:
                self._shelf.appendleft(oldest)
                if self._waiters:  # somebody may have found the shelf empty meanwhile
                    with self._lock:
                        self._grant()
                return
            self.discard(oldest)

    def _take_shelf(self) -> list[Connection]:
        taken: list[Connection] = []
        while True:
            try:
                taken.append(self._shelf.popleft())
            except IndexError:
                return taken

    def _after_fork_in_child(self) -> None:
        # The sockets are shared with the parent: closing our descriptors takes nothing from it.
        inherited = {*self._take_shelf(), *(c for c in self._slots if isinstance(c, Connection))}
        self._start_empty()
        for connection in inherited:
            connection.close_in_child()
        for reserve in self._reserves:
            reserve.after_fork_in_child()


class Reserve(Protocol):
    """What the pool knows of `syncredis.reserve.Reserve`."""

    @property
    def resting(self) -> Connection | None:
        """The connection, while nobody uses it."""
        ...

    def let_go(self) -> None:
        """Close the connection if it rests. Never blocks."""
        ...

    def after_fork_in_child(self) -> None:
        """Forget the parent's connection, and close this process's copy of it."""
        ...


class _Slot:
    """The right to make one connection.

    Attributes:
        was_broken_off: whether the making was, by `break_off` and not by the caller's own interruption.
    """

    def __init__(self) -> None:
        self.was_broken_off = False
        self._making: interruption.Interruption | None = None

    def fill(self, connect: Callable[[], Connection]) -> Connection:
        """Return what ``connect`` does, unless it is interrupted, or broken off."""
        self.was_broken_off = False
        making = self._making = interruption.Interruption()
        call = interruption.current()
        try:
            with nullcontext() if call is None else call.attached(making.interrupt):
                return making.run(connect)
        finally:
            self._making = None
            if call is not None and call.interrupted:
                self.was_broken_off = False

    def break_off(self) -> None:
        """Have the thread that makes the connection give up. Never blocks."""
        making = self._making
        if making is not None:
            self.was_broken_off = True
            making.interrupt()


class _Waiter:
    """A caller for whom nothing was free."""

    __slots__ = ("_event", "granted")

    def __init__(self) -> None:
        self.granted: Connection | _Slot | None = None
        self._event = threading.Event()

    def grant(self, what: Connection | _Slot) -> None:
        self.granted = what
        self._event.set()

    def wake(self) -> None:
        self._event.set()

    def wait(self, deadline: float | None) -> bool:
        """Block until something is granted, somebody wakes this, or the deadline has come; False: look again."""
        left = math.inf if deadline is None else deadline - time.monotonic()
        woken = self._event.wait(max(0.0, min(left, _LOOK_AGAIN)))
        return woken or left <= _LOOK_AGAIN or self.granted is not None


def _close_all(shelf: deque[Connection]) -> None:
    while shelf:
        shelf.pop().close()


_pools: weakref.WeakSet[ConnectionPool] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for pool in list(_pools):
        pool._after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
