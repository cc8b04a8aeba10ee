"""`ConnectionPool`: lends connections to callers in any number of threads.

`ConnectionPool.lease` hands one out and `ConnectionPool.return_connection` takes it back. What is returned out of step,
or older than the last `ConnectionPool.invalidate`, is closed and never shelved.

What the pool has, and who waits for it, is `syncredis.pool_state.PoolState`, which changes in small methods without I/O,
under one lock; connecting, closing and waiting happen here, outside it. The usual lease and return take no lock at all.
"""

from __future__ import annotations

import os
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import EllipsisType
from typing import Any, Protocol

from syncredis import interruption, observation
from syncredis.command import Command
from syncredis.config import ConnectionConfig, PoolConfig
from syncredis.connection import Connection
from syncredis.exceptions import ConnectionError, InterruptedCallError, PoolTimeoutError, RedisError
from syncredis.gate import Gate
from syncredis.observation import Observer, PoolStatistics
from syncredis.opening import open_connection
from syncredis.pool_slot import Slot
from syncredis.pool_state import CHECK_AFTER, PoolState, Waiter


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
        self._state = PoolState(self.pool_config.max_connections, self.most_connecting)
        #: Where writes wait while it is shut; whoever sends commands looks at it first.
        self.gate = Gate()
        #: How often `close` was called.
        self.times_closed = 0
        #: Who is told about calls, see `syncredis.observation`; whoever sends commands looks whether there is anybody.
        self.observers: tuple[Observer, ...] = ()
        observation.register(self)
        self._timeouts = 0
        self._reserves: weakref.WeakSet[Reserve] | tuple[()] = ()  # most pools never have any
        limits = self.pool_config
        self._limits_idle = limits.max_idle_connections is not None or limits.max_idle_time is not None
        _pools.add(self)
        if config.credential_provider is not None:
            config.credential_provider.tell(self)
        # A pool that was forgotten is collected, and its idle connections are closed without a ResourceWarning.
        weakref.finalize(self, _close_all, self._state.shelf)

    def __repr__(self) -> str:
        now = self.statistics()
        return (
            f"<{type(self).__name__} for {now.name}: {now.open} of {now.max_connections} connections "
            f"open, {now.idle} idle, {now.waiting} callers waiting>"
        )

    def statistics(self) -> PoolStatistics:
        """Return the pool in numbers. Never blocks for long."""
        state = self._state
        with state.lock:
            return PoolStatistics(
                name=self._target,
                open=len(list(state.slots)),
                idle=len(state.shelf) + sum(reserve.resting is not None for reserve in self._reserves),
                waiting=len(state.waiters),
                max_connections=self.pool_config.max_connections,
                made=state.made,
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

    def lease(self, stream_timeout: float | EllipsisType | None = ..., first: Command[Any] | None = None) -> Connection:
        """Return a connection for the use of the caller alone, who owes it back by `return_connection`.

        Blocks for at most ``pool_timeout`` where all are in use, and ``connect_timeout`` where one has to be made.

        Args:
            stream_timeout: seconds that its exchanges may stand still; None: no limit; left out: as the pool's config has it.
                It stays with the connection: callers that want the same one after the other cost no system call.
            first: what the caller is going to execute first, if that shall go out with a new connection's handshake where it
                may: see `syncredis.opening.open_connection`.

        Raises:
            PoolTimeoutError: if none became free in time.
            InterruptedCallError: if the pool was closed meanwhile, or the running call interrupted. Nothing was sent.
            ConnectionError, TimeoutError, ResponseError: if one had to be made and that failed.
        """
        state = self._state
        if not state.waiters:
            try:
                connection = state.shelf.pop()
            except IndexError:
                return self._lease_slowly(stream_timeout, first)
            now = time.monotonic()
            if (
                now - connection.last_used < CHECK_AFTER
                and connection.generation == state.generation
                and connection.stream_timeout == stream_timeout
            ):
                connection.last_used = now
                return connection
            if self.is_fresh(connection, now):
                return self._limited(connection, stream_timeout)
        return self._lease_slowly(stream_timeout, first)

    def return_connection(self, connection: Connection) -> None:
        """Take back a connection that was leased. Never blocks.

        It goes on the shelf if it is in step and was made since the last `invalidate`, and is closed otherwise.
        """
        if not connection.in_step:
            self.discard(connection)
            return
        state = self._state
        if self._limits_idle:
            self._shelve_within_limits(connection)
        else:
            state.shelf.append(connection)
        # After it was shelved, so that an invalidation either finds it there, or is found here.
        if connection.generation != state.generation:
            self._close_outdated()
        if state.waiters:
            state.serve()

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

    def lease_behind_gate(self, connection: Connection, stream_timeout: float | EllipsisType | None) -> Connection:
        """Return a connection for a write after the `gate` was shut while ``connection`` was waited for, or made.

        That one is given back. Blocks, and raises, as `wait_at_gate` and `lease` do; nothing was sent.
        """
        while self.gate.is_shut:
            self.return_connection(connection)
            self.wait_at_gate()
            connection = self.lease(stream_timeout)
        return connection

    def pause(self, seconds: float) -> None:
        """Block between two attempts of a call, for at most ``seconds``. A seam for subclasses that learn when to go on.

        Raises:
            InterruptedCallError: if the running call is interrupted.
        """
        interruption.sleep(seconds)

    def connect(self, first: Command[Any] | None = None) -> Connection:
        """Return a new connection. The seam for subclasses that find out first where to go. Blocks.

        Args:
            first: see `lease`; may be left to the caller to send.
        """
        return self._dial(self.config, first=first)

    def _dial(
        self, config: ConnectionConfig, *, ask_role: bool = False, first: Command[Any] | None = None
    ) -> Connection:
        return open_connection(config, ask_role=ask_role, first=first)

    def note_failure(self, connection: Connection, error: RedisError) -> None:  # noqa: ARG002 - subclasses use both
        """Learn from an error that a call on ``connection`` ended with. A seam for subclasses."""
        if isinstance(error, ConnectionError):
            self._state.doubt_all()  # what ended one may have ended all

    def credentials_changed(self) -> None:
        """Have each connection authenticate anew before it is lent again. Never blocks."""
        self._state.doubt_all()

    # --- for connections that others make ------------------------------------------------------------

    @property
    def generation(self) -> int:
        """What a connection has to `admit` with that begins to be made now."""
        return self._state.generation

    def lease_now(self) -> Connection | Slot | None:
        """Return a connection that nobody uses, or the right to make one; None: nothing is free. Never blocks.

        The slot is owed back by `admit`, or by `free`. Not for pools with a provider of credentials.
        """
        while isinstance(found := self._state.take(), Connection):
            if self.is_fresh(found, time.monotonic()):
                return found
        return found

    def admit(self, connection: Connection, slot: Slot, generation: int) -> bool:
        """Let a connection that was made elsewhere take the place of its slot; return whether it may be used."""
        connection.generation = generation
        return self._state.admit(connection, slot)

    def free(self, what: Connection | Slot) -> None:
        """Let another one take the place of a connection that was closed, or of a slot of which nothing came."""
        self._state.free(what)

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
        with self._state.lock:
            self._reserves = self._reserves or weakref.WeakSet()
            self._reserves.add(reserve)

    def connect_apart(self) -> Connection:
        """Return a connection that does not count against ``max_connections``. Blocks, and raises, as `connect` does.

        One that nobody uses will do, unless it matters where it leads.
        """
        state = self._state
        while not self.spreads:
            try:
                idle = state.shelf.pop()
            except IndexError:
                break
            if self.is_fresh(idle, time.monotonic()):
                state.set_apart(idle)
                return idle
        return self._connect_in(state.add_apart())

    # --- everything at once ------------------------------------------------------------------------

    def invalidate(self, interrupt: ConnectionError | None = None) -> None:
        """Say that no connection made so far may be used again: where they lead is no longer where to go.

        Idle ones are closed now; lent ones when they come back, or at once if ``interrupt`` gives the error that the calls
        in progress shall raise: then connections that are being made are broken off, too, and made anew. Never blocks.
        """
        state = self._state
        with state.lock:
            state.generation += 1
            idle = set(state.take_shelf())
            reserves = list(self._reserves)
            idle_or_resting = {*idle, *(reserve.resting for reserve in reserves)}
            others = [taken for taken in state.slots if taken not in idle_or_resting]
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
        """Close every connection; calls in progress, and those that wait, raise `InterruptedCallError`. Never blocks."""
        self.times_closed += 1
        self.gate.wake()
        self._state.wake_all()
        self.invalidate(InterruptedCallError("the client was closed while this call was in progress"))

    def is_current(self, connection: Connection) -> bool:
        """Whether a connection was made since the last `invalidate`: it leads to where the pool leads now. A seam."""
        return connection.generation == self._state.generation

    def closed_since(self, times_closed: int) -> Callable[[], bool]:
        """Return a function that tells whether `close` was called since ``times_closed`` had this value."""
        return lambda: self.times_closed != times_closed

    # --- the slow half of leasing ------------------------------------------------------------------

    def _lease_slowly(self, stream_timeout: float | EllipsisType | None, first: Command[Any] | None) -> Connection:
        limit = self.pool_config.pool_timeout
        deadline = None if limit is None else time.monotonic() + limit
        closed = self.closed_since(self.times_closed)
        while True:
            found = self._state.take()
            if found is None:
                waiter = self._state.enqueue()
                found = waiter.granted or self._wait(waiter, deadline, closed)
            if isinstance(found, Slot):
                return self._limited(self._connect_in(found, first), stream_timeout)
            if self.is_fresh(found, time.monotonic()):
                return self._limited(found, stream_timeout)

    def _limited(self, connection: Connection, stream_timeout: float | EllipsisType | None) -> Connection:
        """Let the exchanges of a connection stand still for ``stream_timeout`` seconds, and return it."""
        limit = self.config.stream_timeout if stream_timeout is ... else stream_timeout
        if connection.stream_timeout != limit:
            connection.set_timeout(limit)
        return connection

    def _wait(self, waiter: Waiter, deadline: float | None, closed: Callable[[], bool]) -> Connection | Slot:
        """Return what ``waiter`` is granted. Blocks until the deadline at most, or until the pool is ``closed``."""
        state = self._state
        call = interruption.current()
        try:
            with nullcontext() if call is None else call.attached(waiter.wake):
                while not (closed() or waiter.wait(deadline)):
                    state.look_again()
            if closed():
                raise interruption.interrupted_before("it got a connection: the client was closed")
        except BaseException:
            state.withdraw(waiter)
            if waiter.granted is not None:
                self._give_back(waiter.granted)
            raise
        state.withdraw(waiter)
        if waiter.granted is not None:
            return waiter.granted
        if call is not None and call.interrupted:
            raise interruption.interrupted_before("it got a connection")
        limits = self.pool_config
        with state.lock:
            self._timeouts += 1
        raise PoolTimeoutError(
            f"all {limits.max_connections} connections (max_connections) stayed in use for {limits.pool_timeout:g} s "
            f"(pool_timeout)"
        )

    def _connect_in(self, slot: Slot, first: Command[Any] | None = None) -> Connection:
        """Return a connection that takes the place of ``slot``. Blocks, and raises, as `connect` does."""
        state = self._state
        closed = self.closed_since(self.times_closed)
        try:
            while True:
                # Of before it is asked where to go, so that an invalidation meanwhile shows.
                generation = state.generation
                try:
                    connection = slot.fill(lambda: self.connect(first))
                except ConnectionError as error:
                    if not slot.was_broken_off or generation == state.generation:
                        raise
                    if closed():
                        raise interruption.interrupted_before("it had a connection: the client was closed") from error
                    continue
                connection.generation = generation
                if state.admit(connection, slot):
                    return connection
                connection.close()  # invalidated meanwhile: it may lead to the wrong server
        except BaseException:
            self._give_back(slot)
            raise

    def _give_back(self, what: Connection | Slot) -> None:
        if isinstance(what, Connection):
            self.return_connection(what)
        else:
            self._state.free(what)

    # --- closing ------------------------------------------------------------------------------------

    def is_fresh(self, connection: Connection, now: float) -> bool:
        """Whether a connection that rested can be lent; one that can not is closed. Blocks only if its credentials are old."""
        rested, limit = now - connection.last_used, self.pool_config.max_idle_time
        if (
            connection.generation == self._state.generation
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
        self._state.free(connection)

    def _shelve_within_limits(self, connection: Connection) -> None:
        """Shelve a connection that came back, unless there are enough; close those that have rested too long."""
        limits, state = self.pool_config, self._state
        most = limits.max_idle_connections
        if most is not None and len(state.shelf) >= most and not state.waiters:
            self.discard(connection)
            return
        connection.last_used = time.monotonic()  # however long the call took
        state.shelf.append(connection)
        if limits.max_idle_time is not None:
            self._close_oldest(limits.max_idle_time)

    def _close_outdated(self) -> None:
        for connection in self._state.take_outdated():
            self.discard(connection)
        for reserve in list(self._reserves):
            resting = reserve.resting
            if resting is not None and resting.generation != self._state.generation:
                reserve.let_go()

    def _close_oldest(self, limit: float) -> None:
        """Close those at the bottom of the shelf that have rested for ``limit`` seconds."""
        state = self._state
        while True:
            try:
                oldest = state.shelf.popleft()
            except IndexError:
                return
            if time.monotonic() - oldest.last_used < limit:
                state.shelf.appendleft(oldest)
                if state.waiters:  # somebody may have found the shelf empty meanwhile
                    state.serve()
                return
            self.discard(oldest)

    def _start_anew(self) -> None:
        """Be as if newly made: in a forked child. A seam for subclasses that have locks of their own."""
        self._state.start_anew()

    def _after_fork_in_child(self) -> None:
        # The sockets are shared with the parent: closing our descriptors takes nothing from it.
        state = self._state  # whose lock a thread that is gone may hold
        inherited = {*state.take_shelf(), *(taken for taken in state.slots if isinstance(taken, Connection))}
        self._start_anew()
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


def _close_all(shelf: deque[Connection]) -> None:
    while shelf:
        shelf.pop().close()


_pools: weakref.WeakSet[ConnectionPool] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for pool in list(_pools):
        pool._after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
