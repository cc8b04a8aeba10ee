"""Streams of events, and the callback."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest

from syncredis import Location
from syncredis.exceptions import InterruptedCallError
from syncredis.interruption import Interruption
from syncredis.sentinel.events import Audience, Event, EventStream, Outage, PrimaryDown
from tests.fixtures.threads import PATIENCE, BackgroundCall, until

Background = Callable[..., BackgroundCall]


def event(number: int = 1) -> Event:
    return PrimaryDown(service_name="orders", source="a test", primary=Location("host", number))


def test_everybody_is_told_in_order() -> None:
    audience = Audience()
    streams = [audience.admit(None), audience.admit(None)]
    told = [event(number) for number in (1, 2, 3)]
    for each in told:
        audience.tell(each)
    audience.dismiss()
    assert [list(stream) for stream in streams] == [told, told]
    assert audience.is_empty


def test_who_waits_is_woken(background: Background) -> None:
    audience, told = Audience(), event()
    stream = audience.admit(None)
    waiting = background(next, stream)
    audience.tell(told)
    assert waiting.result() == told


def test_waiting_ends(background: Background) -> None:
    stream = EventStream(None)
    assert stream.get(0) is None
    assert stream.get(0.01) is None
    waiting = background(stream.get)
    stream.close()
    assert waiting.result() is None
    stream.put(event())
    assert stream.take() is None


def test_waiting_is_interrupted(background: Background) -> None:
    with EventStream(None) as stream:
        mine = Interruption()
        waiting = background(mine.run, stream.get)
        mine.interrupt()
        assert isinstance(waiting.error(), InterruptedCallError)


def test_a_forgotten_stream_costs_nothing() -> None:
    audience = Audience()
    stream = audience.admit(None)
    assert not audience.is_empty
    del stream
    gc.collect()
    assert audience.is_empty


def test_a_callback_is_called_in_order_and_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Event] = []
    names: set[str] = set()

    def hear(each: Event) -> None:
        heard.append(each)
        names.add(threading.current_thread().name)
        raise ZeroDivisionError

    audience = Audience(hear)
    told = [event(number) for number in range(1, 20)]
    for each in told:
        audience.tell(each)
    until(lambda: heard == told)
    assert names == {"syncredis-events"}
    until(lambda: caplog.text.count("on_event failed") == len(told))


def test_no_thread_for_the_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who tells goes on; the event is told together with the next one."""
    heard: list[Event] = []
    audience = Audience(heard.append)

    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    told = [event(1), event(2)]
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_thread)
        audience.tell(told[0])
    audience.tell(told[1])
    until(lambda: heard == told)


def test_a_child_process_that_was_forked_in_the_middle_of_a_callback() -> None:
    """It has no such thread, and begins another one; a lock that somebody held is nobody's."""
    heard: list[Event] = []
    stuck, go_on = threading.Event(), threading.Event()

    def hear(each: Event) -> None:
        heard.append(each)
        if len(heard) == 1:
            stuck.set()
            assert go_on.wait(PATIENCE)

    told = [event(1), event(2)]
    audience = Audience(hear)
    stream = audience.admit(None)
    audience.tell(told[0])
    assert stuck.wait(PATIENCE)
    held = BackgroundCall(_hold, [audience._lock, stream._changed], go_on)
    until(lambda: audience._lock.locked())
    audience.start_anew()  # as in the child
    audience.tell(told[1])
    assert [stream.take(), stream.take()] == told
    until(lambda: heard == told)
    go_on.set()
    held.join()


def _hold(locks: list[Any], until_set: threading.Event) -> None:
    with locks[1], locks[0]:
        assert until_set.wait(PATIENCE)


def test_an_outage() -> None:
    assert Outage(stopped=10.0, resumed=10.5).seconds == 0.5
