"""An exception from outside strikes a thread where it shares a lock with others: those are not held up by that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from syncredis import Location
from syncredis.exceptions import InterruptedCallError
from syncredis.gate import Gate
from syncredis.interruption import Interruption
from syncredis.pool_state import Waiter
from syncredis.sentinel.events import EventStream
from syncredis.sentinel.hedge import Round
from tests.faults.victim import Victim
from tests.fixtures.threads import BackgroundCall, until

#: So often each piece of code is struck. One that can be left with a lock taken is so within the first dozens.
STRIKES = 300

pytestmark = [pytest.mark.usefixtures("unheard"), pytest.mark.timeout(600)]


def strike(function: Callable[[], object], others: Callable[[], object]) -> None:
    """Strike a thread that does ``function`` all the time; after each strike, another one must be able to do ``others``."""

    def function_or_error() -> None:
        # That of `Condition.wait`, if it is struck when it has let go of its lock, and does not know it yet.
        with suppress(RuntimeError):
            function()

    victim = Victim(function_or_error)
    try:
        for _ in range(STRIKES):
            victim.strike()
            BackgroundCall(others).result()
    finally:
        victim.end()
    assert victim.struck


def test_a_caller_that_waits_for_a_connection() -> None:
    waiter = Waiter()
    strike(lambda: waiter.wait(time.monotonic()), waiter.wake)


def test_whoever_serves_a_caller_that_waits() -> None:
    waiter = Waiter()
    strike(waiter.wake, lambda: waiter.wait(time.monotonic()))


def test_a_write_that_waits_at_a_gate() -> None:
    gate = Gate()

    def write() -> None:
        gate.shut(1e-6)
        gate.wait()

    strike(write, gate.open)


def test_whoever_shuts_and_opens_a_gate() -> None:
    gate = Gate()

    def change() -> None:
        gate.shut(60)
        gate.open()

    strike(change, change)


def test_a_reader_of_events() -> None:
    stream = EventStream(None)
    strike(lambda: stream.get(timeout=0), stream.take)


def test_a_caller_that_waits_for_a_sentinel() -> None:
    """The others wait for the same one."""
    asked, answered = threading.Event(), threading.Event()

    def ask(location: Location) -> str:
        asked.set()
        answered.wait()
        return location.target

    question = Round([Location("127.0.0.1", 26379)], ask, hedge_delay=60)

    def begin_to_wait() -> None:
        call = Interruption()
        call.interrupt()
        with suppress(InterruptedCallError):
            call.run(question.wait)

    patient = BackgroundCall(question.wait)
    try:
        until(asked.is_set)
        strike(begin_to_wait, begin_to_wait)
    finally:
        answered.set()
    assert patient.result() == (Location("127.0.0.1", 26379), "127.0.0.1:26379")
