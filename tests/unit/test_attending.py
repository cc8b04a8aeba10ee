"""A round without threads: who watches the sockets of those that are asked, and what becomes of them when it leaves."""

from __future__ import annotations

import math
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from syncredis import Location
from syncredis.exceptions import ConnectionError, InterruptedCallError, TimeoutError
from syncredis.interruption import Interruption
from syncredis.sentinel.hedge import Abandoned, AllFailed, Choice, Round
from tests.fixtures.threads import BackgroundCall, until

Background = Callable[..., BackgroundCall]

A, B, C = (Location(host, 26379) for host in "abc")
NEVER = 60.0


class Inquiry:
    """The near end of a pair of sockets; what is said at the far end is the answer."""

    events = select.POLLIN

    def __init__(self, location: Location, limit: float) -> None:
        self.location = location
        self.deadline = time.monotonic() + limit
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.struck: BaseException | None = None
        self.is_given_up = False

    def fileno(self) -> int:
        return self.near.fileno()

    def advance(self) -> str | None:
        if self.struck is not None:
            struck, self.struck = self.struck, None
            raise struck
        try:
            said = self.near.recv(100).decode()
        except BlockingIOError:
            return None
        if not said:
            raise ConnectionError("it hung up")
        return said

    def overdue(self) -> TimeoutError:
        return TimeoutError("it said nothing")

    def give_up(self) -> None:
        self.is_given_up = True
        self.near.close()

    def answer(self, said: str) -> None:
        self.far.sendall(said.encode())


class Sentinels:
    """Are asked without threads, but for those among ``only_by_threads``, who answer at once."""

    def __init__(self, *only_by_threads: Location, limit: float = NEVER) -> None:
        self.asked: dict[Location, Inquiry] = {}
        self.refuse: set[Location] = set()
        self._only_by_threads = only_by_threads
        self._limit = limit

    def begin(self, location: Location) -> Inquiry | None:
        if location in self.refuse:
            raise ConnectionError("refused")
        if location in self._only_by_threads:
            return None
        inquiry = self.asked[location] = Inquiry(location, self._limit)
        return inquiry

    def ask(self, location: Location) -> str:
        assert location in self._only_by_threads
        return f"{location.host}, by a thread"

    def round(self, hedge_delay: float, choose: Choice[str] | None = None, at_once: int = 1) -> Round[str]:
        return Round([A, B, C], self.ask, hedge_delay, choose, math.inf, self.begin, at_once)  # type: ignore[arg-type]

    def close(self) -> None:
        for inquiry in self.asked.values():
            inquiry.near.close()
            inquiry.far.close()


@pytest.fixture
def sentinels() -> Iterator[Sentinels]:
    made = Sentinels()
    yield made
    made.close()


def test_no_thread_is_needed(sentinels: Sentinels, background: Background, monkeypatch: pytest.MonkeyPatch) -> None:
    question = sentinels.round(NEVER)
    caller = background(question.wait)
    until(lambda: A in sentinels.asked)
    monkeypatch.setattr(threading.Thread, "start", None)
    sentinels.asked[A].answer("there")
    assert caller.result() == (A, "there")
    assert list(sentinels.asked) == [A]
    assert question.over
    assert not question._inquiries


def test_one_that_is_slow_is_overtaken_and_given_up(sentinels: Sentinels, background: Background) -> None:
    caller = background(sentinels.round(0.05).wait)
    until(lambda: B in sentinels.asked)
    sentinels.asked[B].answer("there")
    assert caller.result() == (B, "there")
    until(lambda: sentinels.asked[A].is_given_up)
    assert not sentinels.asked[B].is_given_up


def test_one_hangs_up_and_one_refuses(sentinels: Sentinels, background: Background) -> None:
    """The next one is asked at once."""
    sentinels.refuse.add(B)
    question = sentinels.round(NEVER)
    caller = background(question.wait)
    until(lambda: A in sentinels.asked)
    sentinels.asked[A].far.close()
    until(lambda: C in sentinels.asked)
    sentinels.asked[C].answer("there")
    assert caller.result() == (C, "there")
    assert [str(cause) for cause in question._causes.values()] == ["it hung up", "refused"]


def test_all_are_overdue() -> None:
    sentinels = Sentinels(limit=0.05)
    with pytest.raises(AllFailed) as caught:
        sentinels.round(NEVER).wait()
    assert {where: str(cause) for where, cause in caught.value.causes.items()} == dict.fromkeys(
        [A, B, C], "it said nothing"
    )
    assert all(inquiry.is_given_up for inquiry in sentinels.asked.values())
    sentinels.close()


def test_as_many_are_asked_at_once_as_have_to_answer(sentinels: Sentinels, background: Background) -> None:
    def two_agree(answers: object, final: bool) -> tuple[Location, str] | None:
        given = list(answers)  # type: ignore[call-overload]
        return given[0] if len(given) > 1 else None

    caller = background(sentinels.round(NEVER, two_agree, at_once=2).wait)
    until(lambda: list(sentinels.asked) == [A, B])
    sentinels.asked[A].answer("there")
    sentinels.asked[B].answer("there")
    assert caller.result() == (A, "there")
    assert C not in sentinels.asked, "it was not needed"


def test_one_of_them_fails(sentinels: Sentinels, background: Background) -> None:
    def two_agree(answers: object, final: bool) -> tuple[Location, str] | None:
        given = list(answers)  # type: ignore[call-overload]
        return given[0] if len(given) > 1 else None

    caller = background(sentinels.round(NEVER, two_agree, at_once=2).wait)
    until(lambda: list(sentinels.asked) == [A, B])
    sentinels.asked[A].far.close()
    until(lambda: C in sentinels.asked)
    for location in (C, B):
        sentinels.asked[location].answer("there")
    assert caller.result()[1] == "there"


def test_with_and_without_threads(background: Background) -> None:
    """What a thread has heard wakes the caller that watches the others."""
    sentinels = Sentinels(B)
    caller = background(sentinels.round(0.05).wait)
    assert caller.result() == (B, "b, by a thread")
    until(lambda: sentinels.asked[A].is_given_up)
    sentinels.close()


@pytest.mark.parametrize("who", [0, 1])
def test_a_caller_that_leaves_takes_nothing_from_the_others(
    sentinels: Sentinels, background: Background, who: int
) -> None:
    """Not even the one that watches: the other goes on with it."""
    question = sentinels.round(NEVER)
    calls = [Interruption(), Interruption()]
    callers = []
    for number, call in enumerate(calls):
        callers.append(background(call.run, question.wait))
        until(lambda number=number: question._callers == number + 1)
        until(lambda: question._may_ring)
    calls[who].interrupt()
    assert isinstance(callers[who].error(), InterruptedCallError)
    sentinels.asked[A].answer("there")
    assert callers[1 - who].result() == (A, "there")
    assert list(sentinels.asked) == [A]


def test_the_last_caller_leaves(sentinels: Sentinels, background: Background) -> None:
    question = sentinels.round(NEVER)
    call = Interruption()
    caller = background(call.run, question.wait)
    until(lambda: question._may_ring)
    call.interrupt()
    assert isinstance(caller.error(), InterruptedCallError)
    assert sentinels.asked[A].is_given_up
    assert question.over
    with pytest.raises(Abandoned):
        question.wait()


def test_a_signal_while_an_answer_is_taken(sentinels: Sentinels, background: Background) -> None:
    """It is that caller's affair. The others have the same Sentinel asked anew."""
    question = sentinels.round(NEVER)
    first = background(question.wait)
    until(lambda: question._may_ring)
    other = background(question.wait)
    until(lambda: question._callers == 2)
    began = sentinels.asked[A]
    began.struck = KeyboardInterrupt()
    began.answer("lost")
    assert isinstance(first.error(), KeyboardInterrupt)
    until(lambda: sentinels.asked[A] is not began)
    sentinels.asked[A].answer("there")
    assert other.result() == (A, "there")
    with suppress(OSError):
        began.near.close()
        began.far.close()


def test_many_callers(sentinels: Sentinels, background: Background) -> None:
    question = sentinels.round(NEVER)
    callers = [background(question.wait) for _ in range(20)]
    until(lambda: question._callers == 20)
    sentinels.asked[A].answer("there")
    assert {caller.result() for caller in callers} == {(A, "there")}
    assert list(sentinels.asked) == [A]
