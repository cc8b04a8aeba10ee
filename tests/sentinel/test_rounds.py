"""A round by itself: who is asked, and what becomes of those who wait, whatever happens to the others."""

from __future__ import annotations

import threading
import time

import pytest

from syncredis import Location
from syncredis.exceptions import ConnectionError, InterruptedCallError
from syncredis.interruption import Interruption, sleep
from syncredis.sentinel.hedge import Abandoned, AllFailed, Round
from tests.fixtures.threads import BackgroundCall, until
from tests.sentinel.faults import NEVER, SOON, takes

FIRST, SECOND, THIRD = (Location("sentinel", number) for number in (1, 2, 3))


def never(_: Location) -> str:
    sleep(NEVER)
    raise AssertionError("not interrupted")


def test_the_first_that_answers_is_enough() -> None:
    asked: list[Location] = []

    def ask(sentinel: Location) -> str:
        asked.append(sentinel)
        return "there"

    assert Round([FIRST, SECOND], ask, NEVER).wait() == (FIRST, "there")
    assert asked == [FIRST]


@pytest.mark.parametrize("kind", [ConnectionError, OSError, KeyError, RuntimeError, MemoryError])
def test_errors_of_any_kind_are_causes(kind: type[Exception]) -> None:
    def ask(sentinel: Location) -> str:
        raise kind(f"of {sentinel.port}")

    question = Round([FIRST, SECOND], ask, NEVER)
    for _ in range(2):
        with takes(under=SOON), pytest.raises(AllFailed) as caught:
            question.wait()
        assert list(caught.value.causes) == [FIRST, SECOND]
        assert {type(cause) for cause in caught.value.causes.values()} == {kind}
    assert question.over


def test_a_slow_one_is_overtaken_and_broken_off() -> None:
    broken_off = threading.Event()

    def ask(sentinel: Location) -> str:
        if sentinel == FIRST:
            try:
                never(sentinel)
            finally:
                broken_off.set()
        return "there"

    with takes(at_least=0.2, under=SOON):
        assert Round([FIRST, SECOND, THIRD], ask, 0.2).wait() == (SECOND, "there")
    assert broken_off.wait(SOON)


def test_a_failure_brings_the_next_one_forward() -> None:
    def ask(sentinel: Location) -> str:
        if sentinel == FIRST:
            raise ConnectionError("refused")
        return "there"

    with takes(under=SOON):
        assert Round([FIRST, SECOND], ask, NEVER).wait() == (SECOND, "there")


def test_callers_share_a_round() -> None:
    go, asked = threading.Event(), []

    def ask(sentinel: Location) -> str:
        asked.append(sentinel)
        go.wait()
        return "there"

    question = Round([FIRST, SECOND], ask, NEVER)
    callers = [BackgroundCall(question.wait) for _ in range(8)]
    until(lambda: question._callers == 8)
    go.set()
    assert [caller.result() for caller in callers] == [(FIRST, "there")] * 8
    assert asked == [FIRST]


def test_one_caller_is_interrupted() -> None:
    go = threading.Event()

    def ask(_: Location) -> str:
        go.wait()
        return "there"

    question, call = Round([FIRST], ask, NEVER), Interruption()
    impatient, patient = BackgroundCall(call.run, question.wait), BackgroundCall(question.wait)
    until(lambda: question._callers == 2)
    call.interrupt()
    assert isinstance(impatient.error(), InterruptedCallError)
    assert not question.over
    go.set()
    assert patient.result() == (FIRST, "there")


def test_the_last_caller_is_interrupted() -> None:
    question, call = Round([FIRST, SECOND], never, 0.01), Interruption()
    only = BackgroundCall(call.run, question.wait)
    until(lambda: len(question._asking) == 2)
    call.interrupt()
    assert isinstance(only.error(), InterruptedCallError)
    assert question.over
    with pytest.raises(Abandoned):
        question.wait()
    until(lambda: not question._asking)


def test_nobody_is_asked_by_a_call_that_was_interrupted_before() -> None:
    call = Interruption()
    call.interrupt()
    question = Round([FIRST], never, NEVER)
    with pytest.raises(InterruptedCallError):
        call.run(question.wait)
    assert not question._asking


def test_all_are_asked_in_time() -> None:
    """Each next one is due a delay after the one before it, whether it answers or not."""
    began = time.monotonic()
    due: dict[Location, float] = {}

    def ask(sentinel: Location) -> str:
        due[sentinel] = time.monotonic() - began
        if sentinel != THIRD:
            never(sentinel)
        return "there"

    assert Round([FIRST, SECOND, THIRD], ask, 0.1).wait() == (THIRD, "there")
    assert due[SECOND] >= 0.09
    assert due[THIRD] >= 0.18
