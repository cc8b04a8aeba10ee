"""`Round`: one question, put to several Sentinels one after the other without waiting for the slow ones.

The next Sentinel is asked when the last one has failed, or has not answered within the hedge delay; the first good answer
counts - or the one that is chosen, where one is not enough - and the others are broken off. Any number of callers may wait
for the same round: they cause one round of queries.

No caller leads. Each waits, and whichever is awake when the next Sentinel is due has it asked; so a caller that is
interrupted takes nothing away from the others. Where that can be done without blocking, a Sentinel is asked without a
thread: one of the callers watches the sockets of all that are asked so, and if it leaves, another one does. Otherwise a
Sentinel is asked in a thread of its own, which lives no longer than its timeouts allow.
"""

from __future__ import annotations

import math
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Generic, TypeAlias

from syncredis import interruption
from syncredis.alarm import Alarm
from syncredis.config import Location
from syncredis.exceptions import InterruptedCallError
from syncredis.interruption import Interruption
from syncredis.sentinel.bell import Bell
from syncredis.sentinel.inquiry import Inquiry
from syncredis.typing import T

#: Chooses among the answers there are; None: more are needed. The flag says that there will be no more.
Choice: TypeAlias = Callable[[Sequence[tuple[Location, T]], bool], tuple[Location, T] | None]


class AllFailed(Exception):
    """No Sentinel gave an answer.

    Attributes:
        causes: what each one said or did instead, in the order in which they were asked.
        answers: those that there were, where none of them could be chosen.
    """

    def __init__(self, causes: dict[Location, Exception], answers: Sequence[tuple[Location, Any]] = ()) -> None:
        super().__init__("no Sentinel gave an answer")
        self.causes = causes
        self.answers = answers


class Abandoned(Exception):
    """Every caller of the round had gone before there was an answer; begin another one."""


class Round(Generic[T]):
    """A question that is being put to Sentinels. Thread-safe.

    Args:
        candidates: the Sentinels, in the order in which to ask them.
        ask: puts the question to one; blocks, and raises if there is no answer to be had.
        begin: begins to put it to one, and never blocks; None is returned for a Sentinel that only ``ask`` can be used for.
        hedge_delay: seconds after which the next one is asked although the last may still answer.
        choose: chooses among the answers.
        patience: seconds after the first answer for which further ones are waited for, if they are needed.
        at_once: how many are asked without such a delay between them: as many as have to answer.
    """

    def __init__(
        self,
        candidates: Sequence[Location],
        ask: Callable[[Location], T],
        hedge_delay: float,
        choose: Choice[T] | None = None,
        patience: float = math.inf,
        begin: Callable[[Location], Inquiry[T] | None] | None = None,
        at_once: int = 1,
    ) -> None:
        self._ask_one = ask
        self._begin = begin
        self._choose: Choice[T] = choose or _first
        self._patience = patience
        self._hedge_delay = hedge_delay
        self._at_once = at_once
        # Guards what follows, and wakes the callers. The lock is always entered by itself: see `syncredis.alarm` for what may
        # strike in a Condition's own `with`.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._not_asked = deque(candidates)
        self._asking: dict[Location, Interruption] = {}  # those that threads ask, and the others:
        self._inquiries: dict[Location, Inquiry[T]] = {}
        self._is_attended = False  # whether a caller watches the latter
        self._bell: Bell | None = None  # wakes it
        self._may_ring = False
        self._causes: dict[Location, Exception] = {}
        self._answers: list[tuple[Location, T]] = []
        self._chosen: tuple[Location, T] | None = None
        self._patient_until = math.inf
        self._next_due = time.monotonic()
        self._callers = 0
        self._over = False
        self._abandoned = False

    @property
    def over(self) -> bool:
        """Whether there is an answer, or will never be one."""
        return self._over

    def wait(self) -> tuple[Location, T]:
        """Block until a Sentinel has answered; return which one, and its answer.

        Raises:
            AllFailed: if none did.
            Abandoned: if the last caller before this one had just given up.
            InterruptedCallError: if the running call was interrupted; other callers are not affected.
        """
        with self._counted(), self._wakeable() as call:
            while True:
                attends = False
                with self._lock:
                    self._check(call)
                    if self._chosen is not None:
                        return self._chosen
                    if self._abandoned:
                        raise Abandoned
                    if self._over:
                        raise AllFailed(self._causes, self._answers)
                    due = self._due()
                    slower = self._lose_patience() if due is None else []
                    if due is None and not slower and not self._over:
                        attends = bool(self._inquiries) and not self._is_attended
                        if not attends:
                            self._changed.wait(self._until_next())
                            continue
                if attends:
                    self._attend()
                if due is not None and not self._has_begun(due):
                    self._start(due)
                for other in slower:
                    other.interrupt()

    # --- state, under the lock -----------------------------------------------------------------------

    def _due(self) -> Location | None:
        """Return the next Sentinel if it is its turn. It stays so until a thread that asks it has begun."""
        if self._over or not self._not_asked:
            return None
        asked = len(self._asking) + len(self._inquiries)
        if asked and asked + len(self._answers) >= self._at_once and time.monotonic() < self._next_due:
            return None
        return self._not_asked[0]

    def _take(self, location: Location) -> Interruption | None:
        """Have a Sentinel asked by this thread; None: another one does, or nobody wants to know any more."""
        with self._lock:
            if self._due() != location:
                return None
            self._not_asked.popleft()
            mine = self._asking[location] = Interruption()
            self._next_due = time.monotonic() + self._hedge_delay
            return mine

    def _until_next(self) -> float | None:
        next_step = min(
            self._next_due if self._not_asked else math.inf,
            self._patient_until,
            *(inquiry.deadline for inquiry in self._inquiries.values()),
        )
        return None if next_step == math.inf else max(0.0, next_step - time.monotonic())

    def _lose_patience(self) -> list[Interruption]:
        """Choose among the answers there are if it is time; return what is to be interrupted because of it."""
        if self._over or time.monotonic() < self._patient_until:
            return []
        self._patient_until = math.inf
        return self._choose_now(final=True)

    def _choose_now(self, *, final: bool) -> list[Interruption]:
        self._chosen = self._choose(self._answers, final)
        self._over = self._chosen is not None or not (self._asking or self._inquiries or self._not_asked)
        if not self._over:
            return []
        self._notify()
        return list(self._asking.values())

    def _settle(self, location: Location, answer: T | None, cause: Exception | None) -> list[Interruption]:
        """Note what came of asking one Sentinel; return what is to be interrupted because of it."""
        with self._lock:
            self._asking.pop(location, None)
            self._inquiries.pop(location, None)
            if cause is not None:
                self._causes[location] = cause
            if not self._over:
                if cause is None:
                    assert answer is not None
                    self._answers.append((location, answer))
                    self._patient_until = min(self._patient_until, time.monotonic() + self._patience)
                is_last = not (self._asking or self._inquiries or self._not_asked)
                slower = self._choose_now(final=is_last) if self._answers else []
                self._over = self._over or is_last
            else:
                slower = []
            self._notify()
            return slower

    def _notify(self) -> None:
        """Have every caller look again."""
        self._changed.notify_all()
        if self._bell is not None and self._may_ring:
            self._bell.ring()

    def _check(self, call: Interruption | None) -> None:
        if call is not None and call.interrupted:
            raise InterruptedCallError("the call was interrupted while it asked the Sentinels")

    # --- without threads ---------------------------------------------------------------------------------

    def _has_begun(self, location: Location) -> bool:
        """Begin to ask a Sentinel that is due without a thread; False: it takes one."""
        if self._begin is None:
            return False
        with self._lock:
            if self._due() != location:
                return True  # another caller was quicker
            try:
                inquiry = self._begin(location)
            except Exception as error:  # of any kind: a cause, as if a thread had met with it
                self._not_asked.popleft()
                slower = self._settle(location, None, error)
            else:
                if inquiry is None:
                    return False
                self._not_asked.popleft()
                self._inquiries[location] = inquiry
                self._next_due = time.monotonic() + self._hedge_delay
                slower = []
        for other in slower:
            other.interrupt()
        return True

    def _attend(self) -> None:
        """Watch the Sentinels that are asked without threads, until one has answered or something else is to be done."""
        attends = False
        try:
            with self._lock:
                if self._is_attended or not self._inquiries:
                    return
                attends = self._is_attended = True  # in one step: an exception from outside finds both, or neither
            for location, inquiry in self._ready():
                self._advance(location, inquiry)
        finally:
            if attends:
                self._is_attended = self._may_ring = False

    def _ready(self) -> list[tuple[Location, Inquiry[T]]]:
        """Block until some of the Sentinels have said something, or their time is over; return which."""
        with self._lock:
            bell = self._bell = self._bell or Bell()
            asked = {inquiry.fileno(): (location, inquiry) for location, inquiry in self._inquiries.items()}
            left = self._until_next()
            self._may_ring = True
        poll = select.poll()
        poll.register(bell.fileno(), select.POLLIN)
        for descriptor, (_, inquiry) in asked.items():
            poll.register(descriptor, inquiry.events)
        found = {descriptor for descriptor, _ in poll.poll(None if left is None else math.ceil(left * 1000))}
        self._may_ring = False
        if bell.fileno() in found:
            bell.silence()
        now = time.monotonic()
        return [each for descriptor, each in asked.items() if descriptor in found or each[1].deadline <= now]

    def _advance(self, location: Location, inquiry: Inquiry[T]) -> None:
        slower: list[Interruption] = []
        try:
            answer = inquiry.advance()
            if answer is not None:
                slower = self._settle(location, answer, None)
            elif inquiry.deadline <= time.monotonic():
                inquiry.give_up()
                slower = self._settle(location, None, inquiry.overdue())
        except Exception as error:  # of any kind: the callers wait until something has come of it
            slower = self._settle(location, None, error)
        except BaseException:  # this caller's affair, and not the others': they ask again
            with self._lock:
                if self._inquiries.pop(location, None) is not None:
                    self._not_asked.appendleft(location)
            raise
        for other in slower:
            other.interrupt()

    # --- threads -----------------------------------------------------------------------------------------

    def _start(self, location: Location) -> None:
        """Have a thread begin to ask a Sentinel; return when it has.

        A caller that is interrupted by a signal here leaves nothing behind that others would wait for: the thread itself
        takes the Sentinel, or another caller starts one.
        """
        taken = Alarm()
        try:
            threading.Thread(
                target=self._ask, args=(location, taken), name=f"syncredis-ask-{location.target}", daemon=True
            ).start()
        except RuntimeError as error:  # the system has no thread to give
            if self._take(location) is not None:
                self._settle(location, None, error)
        else:
            taken.wait()

    def _ask(self, location: Location, taken: Alarm) -> None:
        mine = self._take(location)
        taken.ring()
        if mine is None:
            return
        try:
            answer = mine.run(self._ask_one, location)
        except Exception as error:  # of any kind: the callers wait until this thread has said something
            slower = self._settle(location, None, error)
        else:
            slower = self._settle(location, answer, None)
        for other in slower:
            other.interrupt()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Give the round up when the last caller has gone without an answer."""
        with self._lock:
            self._callers += 1
        try:
            yield
        finally:
            with self._lock:
                self._callers -= 1
                if not self._callers and not self._over:
                    self._over = self._abandoned = True
                # If there is an answer, whoever took it may have been interrupted before the slower ones were.
                unwanted = list(self._asking.values()) if self._over and not self._callers else []
                dropped = [] if self._callers else self._drop()
                if not self._over:
                    self._changed.notify()  # it may have been this caller who watched, or whose turn the next step was
            for asked in unwanted:
                asked.interrupt()
            for inquiry in dropped:
                inquiry.give_up()

    def _drop(self) -> list[Inquiry[T]]:
        """Let go of the Sentinels that are asked without threads, now that nobody watches; return what is to be given up."""
        dropped = list(self._inquiries.values())
        self._inquiries.clear()
        self._bell = None
        return dropped

    @contextmanager
    def _wakeable(self) -> Iterator[Interruption | None]:
        call = interruption.current()
        with nullcontext() if call is None else call.attached(self._wake):
            yield call

    def _wake(self) -> None:
        with self._lock:
            self._notify()


def _first(answers: Sequence[tuple[Location, T]], final: bool) -> tuple[Location, T] | None:  # noqa: ARG001 - a `Choice`
    return answers[0] if answers else None
