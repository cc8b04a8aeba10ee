"""One question to several Sentinels: who is asked when, whose answer counts, and what becomes of the others."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from syncredis import Location, interruption
from syncredis.exceptions import ConnectionError, InterruptedCallError
from syncredis.interruption import Interruption
from syncredis.sentinel.hedge import Abandoned, AllFailed, Round
from tests.fixtures.threads import BackgroundCall, until

Background = Callable[..., BackgroundCall]

A, B, C = (Location(host, 26379) for host in "abc")
SOON = 0.05
NEVER = 60.0


class Sentinels:
    """Answers as it is told to: with a value, with an error, or, for a time in seconds, late or never.

    Attributes:
        asked: in the order in which they were.
        broken_off: those whose answer was not waited for.
    """

    def __init__(self, **behaviours: Any) -> None:
        self._behaviours = behaviours
        self.asked: list[Location] = []
        self.broken_off: list[Location] = []
        self.go = threading.Event()

    def ask(self, location: Location) -> str:
        self.asked.append(location)
        steps = self._behaviours[location.host]
        for step in steps if isinstance(steps, list) else [steps]:
            if isinstance(step, float):
                try:
                    interruption.sleep(step)
                except InterruptedCallError:
                    self.broken_off.append(location)
                    raise
            elif step == "wait":
                self.go.wait(20)
            elif isinstance(step, Exception):
                raise step
            else:
                return str(step)
        raise AssertionError("it says nothing")


def test_the_first_answers() -> None:
    sentinels = Sentinels(a="from a", b="from b")
    question = Round([A, B], sentinels.ask, NEVER)
    assert not question.over
    assert question.wait() == (A, "from a")
    assert question.over
    assert sentinels.asked == [A]
    assert question.wait() == (A, "from a"), "who comes late is told the same"
    assert sentinels.asked == [A]


@pytest.mark.parametrize(
    "failure", [ConnectionError("refused"), InterruptedCallError("closed"), TypeError("ours"), KeyError("x")]
)
def test_the_first_fails(failure: Exception) -> None:
    """The second is asked at once."""
    sentinels = Sentinels(a=failure, b="from b", c="from c")
    started = time.monotonic()
    assert Round([A, B, C], sentinels.ask, NEVER).wait() == (B, "from b")
    assert time.monotonic() - started < NEVER / 2
    assert sentinels.asked == [A, B]


def test_the_first_is_slow() -> None:
    """It is not waited for, and broken off once another has answered."""
    sentinels = Sentinels(a=NEVER, b="from b", c="from c")
    started = time.monotonic()
    assert Round([A, B, C], sentinels.ask, SOON).wait() == (B, "from b")
    assert SOON <= time.monotonic() - started < NEVER / 2
    assert sentinels.asked[:2] == [A, B]
    until(lambda: sentinels.broken_off == [A])


def test_two_are_slow() -> None:
    sentinels = Sentinels(a=NEVER, b=NEVER, c="from c")
    started = time.monotonic()
    assert Round([A, B, C], sentinels.ask, SOON).wait() == (C, "from c")
    assert time.monotonic() - started >= 2 * SOON
    until(lambda: sorted(sentinels.broken_off) == [A, B])


def test_the_slow_one_is_the_only_one_that_answers() -> None:
    failed = ConnectionError("refused")
    sentinels = Sentinels(a=[0.3, "from a"], b=failed, c=failed)
    assert Round([A, B, C], sentinels.ask, SOON).wait() == (A, "from a")
    assert sentinels.asked == [A, B, C]
    assert sentinels.broken_off == []


def test_one_after_the_other_fails() -> None:
    """While one may still answer, the next failure does not hurry things."""
    sentinels = Sentinels(a=NEVER, b=ConnectionError("refused"), c="from c")
    started = time.monotonic()
    assert Round([A, B, C], sentinels.ask, 0.1).wait() == (C, "from c")
    assert time.monotonic() - started >= 0.2


def test_all_at_once() -> None:
    sentinels = Sentinels(a=NEVER, b=NEVER, c=[0.05, "from c"])
    assert Round([A, B, C], sentinels.ask, 0.0).wait() == (C, "from c")
    assert sorted(sentinels.asked) == [A, B, C]


@pytest.mark.parametrize("delay", [0.0, SOON, NEVER])
def test_all_fail(delay: float) -> None:
    failures = {A: ConnectionError("a"), B: TypeError("b"), C: ConnectionError("c")}
    sentinels = Sentinels(a=[0.1, failures[A]], b=failures[B], c=failures[C])
    question = Round([A, B, C], sentinels.ask, delay)
    for _ in range(2):
        with pytest.raises(AllFailed) as caught:
            question.wait()
        assert caught.value.causes == failures
    assert question.over
    assert sorted(sentinels.asked) == [A, B, C]


def test_no_thread_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    sentinels = Sentinels(a="from a", b="from b")
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(AllFailed) as caught:
            Round([A, B], sentinels.ask, SOON).wait()
    assert list(caught.value.causes) == [A, B]
    assert sentinels.asked == []


# --- several callers --------------------------------------------------------------------------------------


def test_many_callers_put_one_question(background: Background) -> None:
    sentinels = Sentinels(a=["wait", "from a"], b="from b")
    question = Round([A, B], sentinels.ask, NEVER)
    callers = [background(question.wait) for _ in range(20)]
    until(lambda: question._callers == 20)
    sentinels.go.set()
    assert {caller.result() for caller in callers} == {(A, "from a")}
    assert sentinels.asked == [A]


def test_many_callers_fail_together(background: Background) -> None:
    sentinels = Sentinels(a=["wait", ConnectionError("a")], b=ConnectionError("b"))
    question = Round([A, B], sentinels.ask, NEVER)
    callers = [background(question.wait) for _ in range(10)]
    until(lambda: question._callers == 10)
    sentinels.go.set()
    errors = [caller.error() for caller in callers]
    assert all(isinstance(error, AllFailed) for error in errors)
    assert len({id(error) for error in errors}) == 10
    assert sorted(sentinels.asked) == [A, B]


@pytest.mark.parametrize("who", [0, 1])
def test_a_caller_that_is_interrupted_takes_nothing_from_the_others(background: Background, who: int) -> None:
    """Not even the one whose coming caused the question."""
    sentinels = Sentinels(a=["wait", ConnectionError("a")], b="from b")
    question = Round([A, B], sentinels.ask, NEVER)
    calls = [Interruption(), Interruption()]
    callers = []
    for number, call in enumerate(calls):
        callers.append(background(call.run, question.wait))
        until(lambda number=number: question._callers == number + 1)
    calls[who].interrupt()
    assert isinstance(callers[who].error(), InterruptedCallError)
    assert not question.over
    sentinels.go.set()
    assert callers[1 - who].result() == (B, "from b")
    assert sentinels.asked == [A, B]


def test_the_last_caller_leaves(background: Background) -> None:
    """Then nobody needs the answer; who comes later has to begin anew."""
    sentinels = Sentinels(a=NEVER, b="from b")
    question = Round([A, B], sentinels.ask, NEVER)
    call = Interruption()
    caller = background(call.run, question.wait)
    until(lambda: sentinels.asked == [A])
    call.interrupt()
    assert isinstance(caller.error(), InterruptedCallError)
    assert question.over
    until(lambda: sentinels.broken_off == [A])
    with pytest.raises(Abandoned):
        question.wait()
    assert sentinels.asked == [A]


@pytest.mark.parametrize("started", [False, True], ids=["before the thread began", "after"])
def test_a_signal_while_a_thread_is_started(
    background: Background, monkeypatch: pytest.MonkeyPatch, started: bool
) -> None:
    """The other callers get their answer all the same, and nothing is asked twice."""
    start = threading.Thread.start
    sentinels = Sentinels(a=["wait", ConnectionError("a")], b="from b")
    question = Round([A, B], sentinels.ask, NEVER)
    others: list[BackgroundCall] = []

    def strike(thread: threading.Thread) -> None:
        monkeypatch.setattr(threading.Thread, "start", start)
        others.append(background(question.wait))
        until(lambda: question._callers == 2)
        if started:
            thread.start()
            until(lambda: sentinels.asked == [A])
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", strike)
    with pytest.raises(KeyboardInterrupt):
        question.wait()
    sentinels.go.set()
    assert others[0].result() == (B, "from b")
    assert sentinels.asked == [A, B]


def test_a_signal_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start
    sentinels = Sentinels(a=NEVER, b=NEVER)
    question = Round([A, B], sentinels.ask, NEVER)

    def strike(thread: threading.Thread) -> None:
        start(thread)
        until(lambda: sentinels.asked == [A])
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", strike)
    with pytest.raises(KeyboardInterrupt):
        question.wait()
    assert question.over
    until(lambda: sentinels.broken_off == [A])


def test_interrupted_before_it_asks() -> None:
    sentinels = Sentinels(a="from a")
    question = Round([A], sentinels.ask, NEVER)
    call = Interruption()
    call.interrupt()
    with pytest.raises(InterruptedCallError):
        call.run(question.wait)
    assert sentinels.asked == []
    assert question.over


def test_an_answer_that_comes_too_late_changes_nothing(background: Background) -> None:
    sentinels = Sentinels(a=["wait", "from a"], b="from b")
    question = Round([A, B], sentinels.ask, SOON)
    assert question.wait() == (B, "from b")
    sentinels.go.set()
    until(lambda: not question._asking)
    assert question.wait() == (B, "from b")


def test_the_threads_have_names_and_end() -> None:
    names: list[str] = []

    def ask(_: Location) -> str:
        names.append(threading.current_thread().name)
        assert threading.current_thread().daemon
        return "x"

    Round([A], ask, NEVER).wait()
    assert names == [f"syncredis-ask-{A.target}"]


def test_callers_that_come_and_go_at_any_moment(background: Background) -> None:
    """As discovery does it: whoever finds a round given up begins another; nobody waits for ever, all get an answer."""
    lock = threading.Lock()
    current: list[Round[str]] = []
    causes: list[set[Location]] = []
    chance = random.Random(3)

    def ask(location: Location) -> str:
        interruption.sleep(chance.random() * 0.003)
        if chance.random() < 0.4:
            raise ConnectionError("refused")
        return location.host

    def joined() -> Round[str]:
        with lock:
            if not current or current[-1].over:
                current.append(Round([A, B, C], ask, chance.random() * 0.002))
            return current[-1]

    def caller(number: int) -> int:
        mine, answered = random.Random(number), 0
        for _ in range(60):
            call = Interruption()
            timer = threading.Timer(mine.random() * 0.004, call.interrupt) if mine.random() < 0.5 else None
            if timer:
                timer.start()
            try:
                location, answer = call.run(joined().wait)
                assert location.host == answer
                answered += 1
            except AllFailed as failed:
                causes.append(set(failed.causes))
            except Abandoned:
                pass
            except InterruptedCallError:
                assert call.interrupted
            if timer:
                timer.join()
        return answered

    assert sum(call.result() for call in [background(caller, number) for number in range(6)]) > 50
    assert all(each == {A, B, C} for each in causes)
    until(lambda: not any(question._asking for question in current))
    assert all(question._callers == 0 for question in current)
