"""The pool as a machine: lease, return, break, invalidate, close, fork, wait, in any order that can be made up.

After each step: no connection is in two hands, no slot is lost, no more are open than may be, and who waits is served in the
order in which they came.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from syncredis import pool_state
from syncredis.command import Command
from syncredis.config import ConnectionConfig, PoolConfig
from syncredis.connection import Connection
from syncredis.exceptions import ConnectionError, InterruptedCallError, PoolTimeoutError
from syncredis.interruption import Interruption
from syncredis.pool import ConnectionPool
from syncredis.transport import Transport
from tests.fixtures.ledger import Ledger
from tests.fixtures.threads import BackgroundCall, until

PING: Command[Any] = Command(("PING",))
MANY = st.integers(0, 1000)


class Pool(ConnectionPool):
    """Makes connections whose other ends are held here."""

    def __init__(self, pool_config: PoolConfig) -> None:
        super().__init__(ConnectionConfig(stream_timeout=20), pool_config)
        self.far_ends: dict[Connection, socket.socket] = {}
        self.refuses = False

    def connect(self, first: Command[Any] | None = None) -> Connection:  # noqa: ARG002 - as declared
        if self.refuses:
            raise ConnectionError("there is nobody")
        near, far = socket.socketpair()
        connection = Connection(Transport(near, "the peer", 20), self.config)
        self.far_ends[connection] = far
        return connection


class PoolMachine(RuleBasedStateMachine):
    """What may happen to a pool."""

    ledger: Ledger

    @initialize(most=st.integers(1, 3), idle=st.none() | st.integers(0, 2))
    def make(self, most: int, idle: int | None) -> None:
        self.pool = Pool(PoolConfig(max_connections=most, max_idle_connections=idle, pool_timeout=0))
        self.most = most
        self.lent: list[Connection] = []
        self.waiting: list[tuple[BackgroundCall, Interruption]] = []
        self.served = 0

    def teardown(self) -> None:
        if not hasattr(self, "pool"):
            return
        for _, call in self.waiting:
            call.interrupt()
        for waiter, _ in self.waiting:
            waiter.join()
        self.pool.close()
        for connection in self.lent:
            self.pool.return_connection(connection)
        assert not list(self.pool._state.slots), "a slot is lost"
        for far in self.pool.far_ends.values():
            far.close()

    # -- what happens

    @rule()
    def lease(self) -> None:
        self.ledger.note(operations=1)
        has_room = not self.waiting and len(self.lent) < self.most
        try:
            connection = self.pool.lease()
        except PoolTimeoutError:
            assert not has_room
            return
        except ConnectionError:
            assert self.pool.refuses
            return
        assert has_room
        assert connection not in self.lent, "in two hands"
        assert connection.in_step
        assert connection.is_quiet(), "the server has closed it"
        self.lent.append(connection)

    @precondition(lambda self: self.lent)
    @rule(which=MANY, use=st.booleans())
    def give_back(self, which: int, use: bool) -> None:
        self.ledger.note(operations=1)
        connection = self.lent.pop(which % len(self.lent))
        if use and connection.in_step and connection.is_quiet():
            self.pool.far_ends[connection].sendall(b"+PONG\r\n")
            assert connection.execute(PING, True) == "PONG"
        self.return_to_pool(connection)

    @precondition(lambda self: self.lent)
    @rule(which=MANY)
    def give_back_half_read(self, which: int) -> None:
        """A call that broke off in the middle of a reply."""
        self.ledger.note(operations=1, faults=1)
        connection = self.lent.pop(which % len(self.lent))
        if connection.in_step:
            far = self.pool.far_ends[connection]
            with suppress(OSError):  # the server had closed it already
                far.sendall(b"+PO")
                far.shutdown(socket.SHUT_RDWR)
            with pytest.raises(ConnectionError):
                connection.execute(PING, True)
        self.return_to_pool(connection)
        assert connection.fileno() == -1, "closed, and never shelved"

    @precondition(lambda self: self.lent)
    @rule(which=MANY)
    def lose(self, which: int) -> None:
        """An exception from outside, between the lease and the block that returns it."""
        self.ledger.note(operations=1, faults=1)
        connection = self.lent.pop(which % len(self.lent))
        self.pool.far_ends.pop(connection).close()
        del connection
        if self.waiting:
            self.take_served()

    @rule(which=MANY)
    def server_closes_one(self, which: int) -> None:
        self.ledger.note(faults=1)
        alive = [far for connection, far in self.pool.far_ends.items() if connection.fileno() >= 0]
        if alive:
            alive[which % len(alive)].close()
            for connection in list(self.pool._state.shelf):  # the pool looks at those that rested alone
                connection.last_used -= 1

    @rule()
    def server_goes_and_comes(self) -> None:
        if not self.waiting:
            self.pool.refuses = not self.pool.refuses

    @rule(interrupt=st.booleans())
    def invalidate(self, interrupt: bool) -> None:
        self.ledger.note(operations=1, faults=1)
        self.pool.invalidate(ConnectionError("elsewhere") if interrupt else None)
        assert not self.pool._state.shelf
        self.take_served()

    @rule()
    def close(self) -> None:
        self.ledger.note(operations=1, faults=1)
        self.pool.close()
        assert not any(connection.in_step for connection in self.lent)
        assert set(self.pool._state.slots) <= set(self.lent)
        for waiter, _ in self.waiting:
            assert isinstance(waiter.error(), InterruptedCallError), "it was not told"
        self.waiting.clear()

    @precondition(lambda self: len(self.lent) == self.most and len(self.waiting) < 3 and not self.pool.refuses)
    @rule()
    def wait(self) -> None:
        self.ledger.note(operations=1)
        call, before = Interruption(), len(self.pool._state.waiters)

        def lease() -> Connection:
            return call.run(self.pool.lease)

        patient = PoolConfig(max_connections=self.most, pool_timeout=60)
        limits, self.pool.pool_config = self.pool.pool_config, patient
        waiter = BackgroundCall(lease)
        until(lambda: len(self.pool._state.waiters) == before + 1)
        self.pool.pool_config = limits
        self.waiting.append((waiter, call))

    @precondition(lambda self: self.waiting)
    @rule(which=MANY)
    def interrupt_who_waits(self, which: int) -> None:
        self.ledger.note(operations=1, faults=1)
        waiter, call = self.waiting.pop(which % len(self.waiting))
        call.interrupt()
        assert isinstance(waiter.error(), InterruptedCallError)

    @precondition(lambda self: not self.waiting)
    @rule()
    def fork(self) -> None:
        """The child begins with nothing, and takes nothing from its parent."""
        self.ledger.note(operations=1)
        shelved, lent = list(self.pool._state.shelf), list(self.lent)
        child = os.fork()
        if child == 0:
            fine = not self.pool._state.shelf and not list(self.pool._state.slots)
            fine = fine and all(connection.fileno() == -1 for connection in [*shelved, *lent])
            os._exit(0 if fine else 1)
        _, status = os.waitpid(child, 0)
        assert status == 0, "the child has something of its parent's"
        assert all(connection.fileno() >= 0 for connection in shelved)

    # -- what follows

    def return_to_pool(self, connection: Connection) -> None:
        self.pool.return_connection(connection)
        self.take_served()

    def take_served(self) -> None:
        """Take over what those in front of the queue have got."""
        while self.waiting and len(self.lent) < self.most:
            waiter, _ = self.waiting.pop(0)
            connection = waiter.result()
            assert connection not in self.lent, "in two hands"
            assert not any(later.finished for later, _ in self.waiting) or len(self.lent) + 1 < self.most, "out of turn"
            self.lent.append(connection)

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "pool"):
            return
        shelf, open_ones = list(self.pool._state.shelf), list(self.pool._state.slots)
        assert len(open_ones) <= self.most
        assert len(set(shelf)) == len(shelf)
        assert not set(shelf) & set(self.lent), "on the shelf and in a hand"
        assert set(shelf) <= set(open_ones)
        assert {connection for connection in self.lent if connection in open_ones} | set(shelf) == set(open_ones)
        assert all(connection.in_step for connection in shelf)
        idle = self.pool.pool_config.max_idle_connections
        assert idle is None or len(shelf) <= idle
        assert len(self.pool._state.waiters) == len(self.waiting)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_any_order_of_events(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_state, "_LOOK_AGAIN", 0.05)  # how soon a lost connection is noticed

    class Machine(PoolMachine):
        pass

    Machine.ledger = ledger
    run_state_machine_as_test(Machine, settings=settings(max_examples=30, stateful_step_count=25))  # type: ignore[no-untyped-call]
