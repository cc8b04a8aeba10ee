"""`Traffic`: the calls of one shared connection - those that wait, those that were sent - and what becomes of them. No I/O.

Requests and replies pair by their order alone. So a call keeps its place, whatever becomes of its caller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice, repeat
from operator import attrgetter
from typing import Any, Final, Protocol

from syncredis.exceptions import InterruptedCallError, RedisError, ServerStateError
from syncredis.resp import INCOMPLETE, PLAIN
from syncredis.retry import Request
from syncredis.typing import Reply

#: Bytes of requests that may be under way. More would only fill the buffers of both sides.
MOST_UNDER_WAY: Final = 1 << 20

#: Calls that may wait to be sent.
MOST_WAITING: Final = 10_000

#: Calls that get their replies together, at most; and those that are too few for that to be worth while.
_MOST_AT_ONCE: Final = 256
_FEW: Final = 3

#: Stands for the reply to a write that was not sent, because the gate of the pool was shut while it waited.
HELD_BACK: Final[Any] = object()


class Call:
    """One request under way, or several that are sent in one piece: see `BatchCall`.

    Attributes:
        request: what it is about.
        data: what is sent.
        text: whether strings in the replies are ``str``.
        reply: what came: a reply, an error, or the list of all replies.
        waiter: what the caller awaits; None: it receives the reply itself, see `Multiplexer.receive_alone`.
        watch: with it, the caller waits until there is something to receive on ``descriptor``.
        abandoned: whether the caller has gone.
        sent_twice: whether it was sent again because it had not left in full.
        times_closed: how often the pool had been closed when the call was made.
    """

    __slots__ = (
        "abandoned",
        "data",
        "descriptor",
        "reply",
        "request",
        "sent_twice",
        "text",
        "times_closed",
        "waiter",
        "watch",
    )

    # Not set before it is needed: one call is made for every GET, and each of these would cost.
    reply: Reply
    waiter: Any
    watch: Any
    descriptor: int

    def __init__(self, request: Request, data: bytes, text: bool, times_closed: int) -> None:
        self.request = request
        self.data = data
        self.text = text
        self.times_closed = times_closed
        self.abandoned = False
        self.sent_twice = False

    def again(self) -> Call:
        """Return the same, to be tried anew."""
        return Call(self.request, self.data, self.text, self.times_closed)


class BatchCall(Call):
    """Several requests that are sent in one piece.

    Attributes:
        owed: how many replies are.
        replies: where they gather.
    """

    __slots__ = ("owed", "replies")

    owed: int
    replies: list[Reply]

    def __init__(self, request: Request, data: bytes, text: bool, times_closed: int, owed: int) -> None:
        super().__init__(request, data, text, times_closed)
        self.owed = owed
        self.replies = []

    def again(self) -> BatchCall:
        return BatchCall(self.request, self.data, self.text, self.times_closed, self.owed)


_text_of: Final = attrgetter("text")
_data_of: Final = attrgetter("data")
_take_first: Final = deque[Call].popleft
_NO_BATCH: Final = frozenset({Call})


class Parser(Protocol):
    """What `Traffic` needs of a connection."""

    @property
    def next_reply(self) -> Callable[[bool], Reply]:
        """Returns the next reply of those that were taken in, see `syncredis.receiver.Receiver.next_reply`."""
        ...

    def take_replies(self, replies: list[Reply], count: int, text: bool) -> None:
        """Extend ``replies`` by those that were taken in, see `syncredis.receiver.Receiver.take_replies`."""
        ...


class Traffic:
    """Its methods are called with the multiplexer's lock held, but for `take_replies`, `next_single` and `answer_next`, which
    belong to whoever receives.

    Attributes:
        waiting: not sent yet.
        sent: to be answered, in this order.
        unsent: what the system did not take of the last write; until it has left, nothing else may be sent.
        answered: got their replies, or errors, and their callers do not know yet.
        refused: answered that the server is in the wrong state; their callers have to wait until nothing is under way.
        most_waiting: how many calls may wait.
        nothing_is_owed: whether `take_replies` has last given all replies that were owed then.
    """

    __slots__ = (
        "_bytes_answered",
        "_bytes_sent",
        "_calls_answered",
        "_calls_sent",
        "_some_have_gone",
        "_writes",
        "answered",
        "most_waiting",
        "nothing_is_owed",
        "refused",
        "sent",
        "unsent",
        "waiting",
    )

    def __init__(self) -> None:
        self.waiting: deque[Call] = deque()
        self.sent: deque[Call] = deque()
        self.unsent: memoryview | None = None
        self.answered: list[Call] = []
        self.refused: list[Call] = []
        self.most_waiting = MOST_WAITING
        self.nothing_is_owed = True
        self._some_have_gone = False
        # What was sent, and what was answered, since the beginning. Each is counted up by one side only: no lock is needed to
        # compare them. Bytes count as answered when all is that was sent with them: who receives need not look at each call.
        self._calls_sent = 0
        self._bytes_sent = 0
        self._calls_answered = 0
        self._bytes_answered = 0
        # After each write: how many calls, and bytes, were sent.
        self._writes: deque[tuple[int, int]] = deque()

    @property
    def room(self) -> int:
        """How many further calls may come."""
        return self.most_waiting - len(self.waiting)

    def abandon(self, call: Call) -> None:
        """Note that a call's caller has gone: if it was not sent yet, it need not be."""
        call.abandoned = True
        self._some_have_gone = True

    def forget_abandoned(self) -> None:
        """Drop calls that were abandoned before they were sent, as far as no other one waits before them."""
        waiting = self.waiting
        while waiting and waiting[0].abandoned:
            waiting.popleft()

    def take_waiting(self) -> bytes:
        """Move calls from those that wait to those that were sent; return what is to be sent for them."""
        room = MOST_UNDER_WAY - self._bytes_sent + self._bytes_answered
        calls = list(map(_take_first, repeat(self.waiting, len(self.waiting))))
        data = b"".join(map(_data_of, calls))
        if len(data) > room or self._some_have_gone:
            self._some_have_gone = False
            calls = self._most_that_fit(calls, room)
            data = b"".join(map(_data_of, calls))
        if calls:
            self.sent += calls
            self._count_sent(len(calls), len(data))
        return data

    def _count_sent(self, calls: int, size: int) -> None:
        self._calls_sent += calls
        self._bytes_sent += size
        self._writes.append((self._calls_sent, self._bytes_sent))

    def _count_answered(self, calls: int) -> None:
        self._calls_answered += calls
        while self._writes and self._writes[0][0] <= self._calls_answered:
            self._bytes_answered = self._writes.popleft()[1]

    def _most_that_fit(self, calls: list[Call], room: int) -> list[Call]:
        """Return the first of those that have not been abandoned; what there is no room for waits again."""
        fit: list[Call] = []
        remaining = iter(calls)
        for call in remaining:
            if room <= 0:
                self.waiting.extendleft(reversed([call, *remaining]))
            elif not call.abandoned:
                fit.append(call)
                room -= len(call.data)
        return fit

    def hold_writes_back(self) -> None:
        """Give the writes that wait back to their callers, who wait at the gate: `HELD_BACK` is their reply."""
        for call in list(self.waiting):  # in one step: the loop appends without the lock
            if not call.request.read_only:
                self.waiting.remove(call)
                call.reply = HELD_BACK
                self.answered.append(call)

    def take_back_unsent(self) -> None:
        """Let calls of which nothing has left yet wait again. One that has left in part has to leave to its end."""
        left = 0 if self.unsent is None else len(self.unsent)
        while self.sent and 0 < len(self.sent[-1].data) <= left:
            call = self.sent.pop()
            left -= len(call.data)
            self._writes.pop()  # the last one: as long as something is unsent, there is none after it
            self._count_sent(-1, -len(call.data))
            self.waiting.appendleft(call)
        self.unsent = self.unsent[:left] if left and self.unsent is not None else None

    def take_replies(self, parser: Parser) -> int:
        """Give each call the reply that is its own, as far as they have come; return how many got theirs."""
        sent = self.sent
        count = 0
        self.nothing_is_owed = False
        while sent:
            calls = list(islice(sent, _MOST_AT_ONCE))  # in one step: the loop appends meanwhile
            alike = len(calls) > _FEW and _NO_BATCH.issuperset(map(type, calls)) and len(set(map(_text_of, calls))) == 1
            taken = self._take_together(calls, parser) if alike else self._take_each(calls, parser)
            count += taken
            if taken < len(calls):
                return count
        self.nothing_is_owed = True
        return count

    @property
    def next_single(self) -> Call | None:
        """The call to which the next reply belongs; None: to one of several commands."""
        call = self.sent[0]
        return None if isinstance(call, BatchCall) else call

    def answer_next(self, call: Call, reply: Reply) -> None:
        """Give the call that is next its reply."""
        call.reply = reply
        self.sent.popleft()
        self._count_answered(1)
        self._sort(call)

    def _take_together(self, calls: list[Call], parser: Parser) -> int:
        """`take_replies` for calls that get one reply each, parsed alike: most loops are in C."""
        replies: list[Reply] = []
        try:
            parser.take_replies(replies, len(calls), calls[0].text)
        finally:
            answered = calls[: len(replies)]
            any(map(setattr, answered, repeat("reply"), replies))  # which all return None
            deque(map(_take_first, repeat(self.sent, len(answered))), 0)
            self._count_answered(len(answered))
            if PLAIN.issuperset(map(type, replies)):
                self.answered += answered
            else:
                for call in answered:
                    self._sort(call)
        return len(replies)

    def _take_each(self, calls: list[Call], parser: Parser) -> int:
        """`take_replies` for any calls."""
        next_reply = parser.next_reply
        for count, call in enumerate(calls):
            while True:
                reply = next_reply(call.text)
                if reply is INCOMPLETE:
                    return count
                if not isinstance(call, BatchCall):
                    break
                call.replies.append(reply)
                if len(call.replies) == call.owed:
                    reply = call.replies
                    break
            self.answer_next(call, reply)
        return len(calls)

    def _sort(self, call: Call) -> None:
        reply = call.reply
        if (isinstance(call, BatchCall) or isinstance(reply, ServerStateError)) and refusals(reply):
            self.refused.append(call)
        else:
            self.answered.append(call)

    def take_answered(self) -> list[Call]:
        """Return the calls whose callers are to be told."""
        answered, self.answered = self.answered, []
        return answered

    def take_refused(self) -> list[Call]:
        """Return the calls that were refused, now that nothing is under way."""
        refused, self.refused = self.refused, []
        return refused

    def end_waiting(self, error: Exception, closed: int | None = None) -> None:
        """End what waits with an error, but for calls that were made when the pool had been ``closed`` so often."""
        for call in [call for call in list(self.waiting) if call.times_closed != closed]:
            self.waiting.remove(call)
            call.reply = error_of_one(error)
            self.answered.append(call)

    def end_sent(self, error: Exception) -> None:
        """End what was sent with an error, but for what had not left in full: that waits again, once."""
        unsent = 0 if self.unsent is None else len(self.unsent)
        ended: list[Call] = []
        while self.sent:
            call = self.sent.pop()
            # One command that is incomplete is not carried out; of several, the first may be.
            not_applied = unsent >= len(call.data) if isinstance(call, BatchCall) else unsent > 0
            unsent -= len(call.data)
            if not_applied and not call.sent_twice and not isinstance(error, InterruptedCallError):
                call.sent_twice = True
                self.waiting.appendleft(call)
            else:
                call.reply = error_of_one(error, not_applied)
                ended.append(call)
        self.answered += reversed(ended)
        self.unsent = None
        self._count_answered(self._calls_sent - self._calls_answered)


def refusals(reply: Reply) -> Iterable[ServerStateError]:
    """Return the errors in a call's reply that tell of the server's state."""
    if isinstance(reply, ServerStateError):
        return (reply,)
    if isinstance(reply, list):
        return [each for each in reply if isinstance(each, ServerStateError)]
    return ()


def error_of_one(error: Exception, not_applied: bool | None = None) -> Exception:
    """Return the error for one of many callers: each needs its own traceback, and its own notes."""
    if not isinstance(error, RedisError):  # of somebody else's code, who knows how it is made
        return error
    try:
        own = type(error)(*error.args)
    except TypeError:  # likewise
        return error
    own.not_applied = error.not_applied if not_applied is None else not_applied
    own.transient = error.transient
    own.__cause__ = error.__cause__ or error
    return own
