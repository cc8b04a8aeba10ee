"""The gate at which writes wait while the primary changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from syncredis.exceptions import InterruptedCallError
from syncredis.gate import Gate
from syncredis.interruption import Interruption
from tests.fixtures.threads import BackgroundCall, until

LONG = 300.0

Background = Callable[..., BackgroundCall]


def test_it_is_open_at_first() -> None:
    gate = Gate()
    assert not gate.is_shut
    gate.wait()
    assert not gate.open()
    assert repr(gate) == "<Gate: open>"


def test_who_comes_while_it_is_shut_waits(background: Background) -> None:
    gate = Gate()
    assert gate.shut(LONG)
    calls = [background(gate.wait) for _ in range(3)]
    until(lambda: gate.waiting == 3)
    assert "3 waiting" in repr(gate)
    assert not any(call.finished for call in calls)
    assert gate.open()
    for call in calls:
        call.join()
    assert gate.waiting == 0


def test_it_opens_by_itself() -> None:
    gate = Gate()
    gate.shut(0.01)
    gate.wait()
    assert not gate.is_shut


def test_who_is_let_through_does_not_open_it_for_all(background: Background) -> None:
    """It may have been shut anew before he got to go on."""

    class Changing(Gate):
        def _wait(self, given_up: Callable[[], bool]) -> None:
            super()._wait(given_up)
            assert self.shut(LONG)

    gate = Changing()
    gate.shut(LONG)
    call = background(gate.wait)
    until(lambda: gate.waiting == 1)
    gate.open()
    call.join()
    assert gate.is_shut


def test_shutting_it_again_does_not_prolong_it() -> None:
    gate = Gate()
    gate.shut(0.05)
    assert not gate.shut(LONG)
    gate.wait()
    assert gate.shut(LONG)


def test_no_time_at_all_leaves_it_open() -> None:
    gate = Gate()
    assert not gate.shut(0)
    assert not gate.is_shut


def test_one_of_those_who_wait_is_interrupted(background: Background) -> None:
    gate, mine = Gate(), Interruption()
    gate.shut(LONG)
    other, interrupted = background(gate.wait), background(mine.run, gate.wait)
    until(lambda: gate.waiting == 2)
    mine.interrupt()
    error = interrupted.error()
    assert isinstance(error, InterruptedCallError)
    assert error.not_applied
    assert gate.is_shut
    assert not other.finished
    gate.open()


def test_who_was_interrupted_before_does_not_wait() -> None:
    gate, mine = Gate(), Interruption()
    gate.shut(LONG)
    mine.interrupt()
    with pytest.raises(InterruptedCallError):
        mine.run(gate.wait)


def test_who_waits_without_blocking_is_called() -> None:
    gate, heard = Gate(), list[float]()
    gate.shut(LONG)
    with gate.attended(lambda: heard.append(gate.left)):
        assert gate.waiting == 1
        gate.wake()
        gate.open()
        assert heard[0] > 0 == heard[1]
    gate.shut(LONG)
    gate.open()
    assert len(heard) == 2
    assert gate.waiting == 0
