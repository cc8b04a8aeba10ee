"""Breaking off a blocking call from another thread."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable

import pytest

from syncredis import interruption
from syncredis.exceptions import InterruptedCallError
from syncredis.interruption import Interruption
from tests.fixtures.threads import BackgroundCall


def test_a_call_returns_and_raises_what_it_does() -> None:
    assert Interruption().run(lambda a, b: a + b, 1, 2) == 3
    with pytest.raises(KeyError):
        Interruption().run({}.__getitem__, "none")


def test_what_is_current() -> None:
    outer, inner = Interruption(), Interruption()

    def nested() -> list[Interruption | None]:
        found = [interruption.current(), inner.run(interruption.current)]
        return [*found, interruption.current()]

    assert interruption.current() is None
    assert outer.run(nested) == [outer, inner, outer]
    assert interruption.current() is None
    with pytest.raises(ZeroDivisionError):
        outer.run(lambda: 1 // 0)
    assert interruption.current() is None


def test_other_threads_and_contexts_have_none() -> None:
    call = Interruption()
    assert call.run(lambda: BackgroundCall(interruption.current).result()) is None
    assert call.run(lambda: contextvars.Context().run(interruption.current)) is None


def test_interrupted_before_it_is_attached() -> None:
    call = Interruption()
    call.interrupt()
    woken: list[str] = []
    entered = False
    with pytest.raises(InterruptedCallError) as caught, call.attached(lambda: woken.append("x")):
        entered = True
    assert not entered
    assert woken == []
    assert caught.value.not_applied, "whatever would have been done was not begun"


def test_interrupted_while_it_is_attached() -> None:
    call = Interruption()
    woken: list[str] = []
    with call.attached(lambda: woken.append("x")):
        assert not call.interrupted
        call.interrupt()
        assert call.interrupted
        assert woken == ["x"]


def test_interrupted_after_it_was_attached() -> None:
    call = Interruption()
    woken: list[str] = []
    with call.attached(lambda: woken.append("x")):
        pass
    call.interrupt()
    assert woken == []


def test_detached_after_an_error() -> None:
    call = Interruption()
    woken: list[str] = []
    with pytest.raises(ZeroDivisionError), call.attached(lambda: woken.append("x")):
        _ = 1 // 0
    call.interrupt()
    assert woken == []


def test_several_wakers_even_equal_ones() -> None:
    call = Interruption()
    event = threading.Event()
    woken: list[str] = []

    def wake() -> None:
        woken.append("x")

    with call.attached(wake), call.attached(event.set):
        with call.attached(wake):
            call.interrupt()
            assert woken == ["x", "x"]
        assert event.is_set()
        call.interrupt()
        assert woken == ["x", "x", "x"]


def test_detaching_waits_for_an_interrupt_that_is_under_way(background: Callable[..., BackgroundCall]) -> None:
    """Once `attached` has been left, what was attached may be in use by another call."""
    call = Interruption()
    inside, waking, go_on = threading.Event(), threading.Event(), threading.Event()

    def wake() -> None:
        waking.set()
        go_on.wait(20)

    def blocked() -> None:
        with call.attached(wake):
            inside.set()
            waking.wait(20)

    running = background(blocked)
    inside.wait(20)
    interrupting = background(call.interrupt)
    waking.wait(20)
    time.sleep(0.1)
    assert not running.finished
    go_on.set()
    running.result()
    interrupting.result()


def test_sleep(background: Callable[..., BackgroundCall]) -> None:
    started = time.monotonic()
    interruption.sleep(0.05)
    Interruption().run(interruption.sleep, 0.05)
    assert time.monotonic() - started >= 0.1


def test_sleep_is_interrupted(background: Callable[..., BackgroundCall]) -> None:
    call = Interruption()
    sleeping = background(call.run, interruption.sleep, 100)
    call.interrupt()
    assert isinstance(sleeping.error(), InterruptedCallError)


def test_sleep_when_interrupted_already() -> None:
    call = Interruption()
    call.interrupt()
    with pytest.raises(InterruptedCallError):
        call.run(interruption.sleep, 100)


def test_one_interruption_is_no_others(background: Callable[..., BackgroundCall]) -> None:
    calls = [Interruption() for _ in range(3)]
    sleeping = [
        background(call.run, interruption.sleep, seconds) for call, seconds in zip(calls, (0.2, 100, 0.2), strict=True)
    ]
    calls[1].interrupt()
    assert isinstance(sleeping[1].error(), InterruptedCallError)
    assert sleeping[0].result() is sleeping[2].result() is None
