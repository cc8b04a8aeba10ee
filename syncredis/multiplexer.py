"""`Multiplexer`: many callers, one connection. What waits is sent in one write; replies go back in the order of the requests.

It serves one event loop, of which it knows no more than `EventLoop` says. Three ways lead through it:

- *Alone.* Nothing is under way: the event loop's own thread sends, without blocking, and the caller watches the socket. No
  thread is involved.
- *Crowded.* The event loop's thread sends all that its tasks want in one write, without blocking; a thread receives, and
  wakes the event loop once for all the replies that came together.
- *In trouble.* There is no connection, or the system does not take all at once, or the stream is encrypted: the thread
  does what may block.

Whatever ends a call, its place in the order stays: the reply of one that was cancelled is received and dropped. When the
connection breaks, what had not left in full goes out on the next one; who had sent gets an error, and decides.

The thread exists only while there is something to do, and a moment longer.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, Protocol

from syncredis.connection import Connection
from syncredis.exceptions import ConnectionError, InterruptedCallError, RedisError, ServerStateError
from syncredis.interruption import Interruption
from syncredis.pool import ConnectionPool
from syncredis.reserve import Reserve
from syncredis.resp import INCOMPLETE
from syncredis.transport import RECEIVE_SIZE
from syncredis.typing import Reply

#: Seconds that the thread waits for more to do before it ends.
LINGER: Final = 0.2

#: Bytes of requests that may be under way. More would only fill the buffers of both sides.
MOST_UNDER_WAY: Final = 1 << 20

#: Calls that may wait to be sent.
MOST_WAITING: Final = 10_000

#: Rounds of one call each after which callers are taken to be alone again.
_LONELY: Final = 16


class EventLoop(Protocol):
    """What a multiplexer needs of an event loop. Its thread is the loop's, but for `call_from_thread`."""

    def new_waiter(self) -> Awaitable[Reply]:
        """Return what a task awaits until `wake`."""
        ...

    def wake(self, waiter: Any, reply: Reply) -> bool:
        """Let the task go on; return False if it does not wait any more."""
        ...

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Call a function when the tasks that can run now have run."""
        ...

    def call_from_thread(self, callback: Callable[[], object]) -> bool:
        """Have a function called in the loop's thread; return False if the loop has ended."""
        ...

    def new_watch(self, descriptor: int, seconds: float | None) -> Watch:
        """Return what waits, in a task, for a socket to be readable."""
        ...


class Watch(Protocol):
    """Waits for one socket. What else it does is between the caller and the event loop."""

    def stop(self) -> None:
        """End the waiting: another thread receives from now on."""
        ...


class Call:
    """One request, or several that are sent in one piece, under way.

    Attributes:
        data: what is sent.
        text: whether strings in the replies are ``str``.
        replies: where the replies to several requests gather; None for one.
        owed: how many they are.
        reply: what came: a reply, an error, or the list of all replies.
        waiter: what the caller awaits; None: it receives the reply itself, see `Multiplexer.receive_alone`.
        watch: with it, the caller waits until there is something to receive.
        abandoned: whether the caller has gone.
        sent_twice: whether it was sent again because it had not left in full.
        times_closed: how often the pool had been closed when the call was made.
    """

    __slots__ = (
        "abandoned",
        "data",
        "owed",
        "replies",
        "reply",
        "sent_twice",
        "text",
        "times_closed",
        "waiter",
        "watch",
    )

    def __init__(self, data: bytes, text: bool, times_closed: int, owed: int | None = None) -> None:
        self.data = data
        self.text = text
        self.times_closed = times_closed
        self.owed = owed
        self.replies: list[Reply] | None = None if owed is None else []
        self.reply: Reply = None
        self.waiter: Any = None
        self.watch: Any = None
        self.abandoned = False
        self.sent_twice = False


class Multiplexer:
    """One connection for all tasks of one event loop. Its methods belong to the thread of that loop.

    Args:
        pool: where the connection comes from; beyond its limit, see `syncredis.reserve`.
        loop: wakes the callers.
        stream_timeout: seconds that an exchange may stand still; None: no limit.
    """

    def __init__(self, pool: ConnectionPool, loop: EventLoop, stream_timeout: float | None) -> None:
        self._pool = pool
        self._loop = loop
        self._stream_timeout = stream_timeout
        self._reserve = Reserve(pool)
        # Guards all below, where both threads come to it.
        self._lock = threading.RLock()
        self._waiting: deque[Call] = deque()
        self._sent: deque[Call] = deque()
        self._bytes_sent = 0
        self._connection: Connection | None = None
        # What the system did not take of the last write; until it has left, nobody else may send.
        self._unsent: memoryview | None = None
        # Answered that the server is in the wrong state: settled when nothing is under way any more.
        self._refused: list[Call] = []
        self._connecting: Interruption | None = None
        self._thread: threading.Thread | None = None
        # Bare, because it costs half of what a semaphore does; released to wake the thread.
        self._wake = threading.Lock()
        self._wake.acquire()
        # Whether the thread is at work: then the connection, and what was sent, are its own to end.
        self._at_work = False
        # The loop's own.
        self._alone: Call | None = None
        self._flush_is_due = False
        self._crowded = False
        self._watched = False  # since the thread has received last
        self._wait_for_room: deque[Any] = deque()
        # From the thread to the loop.
        self._settled: deque[Call] = deque()
        self._loop_is_called = False

    # --- in the loop's thread ----------------------------------------------------------------------

    @property
    def is_full(self) -> bool:
        """Whether so many calls wait that the next one should not come before `room`."""
        return len(self._waiting) >= MOST_WAITING

    def room(self) -> Awaitable[Reply]:
        """Return what a caller awaits before it asks again whether `is_full`."""
        waiter = self._loop.new_waiter()
        self._wait_for_room.append(waiter)
        return waiter

    def submit(self, call: Call) -> None:
        """Take a call. Never blocks. If it gets no ``waiter``, it is alone: see `receive_alone`."""
        if self._alone is None and not self._at_work and not self._crowded and not self._waiting:
            connection = self._reserve.lease_now()
            if connection is not None:
                self._send_alone(connection, call)
                return
        call.waiter = self._loop.new_waiter()
        self._waiting.append(call)
        if not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)

    def is_alone(self, call: Call) -> bool:
        """Whether its caller is still to receive the reply to ``call``; else it has a ``waiter`` now."""
        return self._alone is call

    def receive_alone(self, call: Call) -> None:
        """Take in what has come for the call that is alone, until it has got its reply, or an error. Never blocks.

        A reply that is large the thread receives to its end, and the call has a ``waiter``: see `is_alone`.
        """
        connection = self._connection
        assert connection is not None
        assert self._alone is call
        try:
            received = connection.receive_now()
            complete = bool(self._take_replies(connection) or self._refused)
        except ConnectionError as error:
            self._alone = None
            self._break(error)
            return
        if complete:
            self._alone = None
            with self._lock:
                refused = self._let_go(connection)
            self._note_refused(connection, refused)
        elif received == RECEIVE_SIZE:
            self._hand_over()

    def time_out(self, call: Call) -> None:
        """Give the call that is alone up: nothing came for ``stream_timeout``. It has got an error."""
        connection = self._connection
        assert connection is not None
        assert self._alone is call
        self._alone = None
        self._break(connection.no_reply())

    def abandon(self, call: Call) -> None:
        """Forget a call whose caller has gone. What was sent will be received all the same, in its place. Never blocks."""
        call.abandoned = True
        if self._alone is call:
            self._hand_over()
        elif self._connecting is not None:
            with self._lock:
                if self._connecting is not None and all(each.abandoned for each in self._waiting):
                    self._connecting.interrupt()

    def _send_alone(self, connection: Connection, call: Call) -> None:
        self._connection = connection
        self._sent.append(call)
        self._bytes_sent += len(call.data)
        try:
            sent = connection.send_now(call.data)
        except ConnectionError:
            sent = 0  # the thread will find that out, too
        if sent == len(call.data):
            self._alone = call
            self._watched = True
            call.watch = self._loop.new_watch(connection.fileno(), self._stream_timeout)
            return
        call.waiter = self._loop.new_waiter()
        with self._lock:
            self._unsent = memoryview(call.data)[sent:]
            self._work()

    def _hand_over(self) -> None:
        """Let the thread receive what the loop has watched for."""
        call, self._alone = self._alone, None
        assert call is not None
        call.waiter = self._loop.new_waiter()
        call.watch.stop()
        with self._lock:
            self._work()

    def _flush(self) -> None:
        """Send what waits; what that needs and may block, the thread does."""
        self._flush_is_due = False
        if self._alone is not None:
            self._hand_over()
        with self._lock:
            if not self._waiting:
                return
            if self._sent or len(self._waiting) > 1:
                self._crowded = True
            if self._connection is None and not self._at_work:
                self._connection = self._reserve.lease_now()
            self._send_waiting()
            self._work()

    def _hand_out(self) -> None:
        self._loop_is_called = False
        settled, wake = self._settled, self._loop.wake
        while settled:
            call = settled.popleft()
            if call.waiter is not None:
                wake(call.waiter, call.reply)
        if self._wait_for_room:
            self._let_in()

    def _let_in(self) -> None:
        room = MOST_WAITING - len(self._waiting)
        while self._wait_for_room and room > 0:
            room -= self._loop.wake(self._wait_for_room.popleft(), None)

    # --- with the lock held, in either thread ---------------------------------------------------------

    def _work(self) -> None:
        """See to it that the thread is at work."""
        if self._at_work:
            return
        self._at_work = True
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"syncredis-mux-{id(self):x}", daemon=True)
            try:
                self._thread.start()
            except RuntimeError as error:  # the interpreter is shutting down, or the system has no more
                self._thread, self._at_work = None, False
                self._settle(self._break(InterruptedCallError(f"no thread can be started: {error}")))
        else:
            self._wake.release()

    def _send_waiting(self) -> None:
        """Send what waits, as far as that is possible at once."""
        connection = self._connection
        if connection is None or self._unsent is not None or self._refused:
            return
        if not self._pool.is_current(connection) or connection.credentials_are_old:
            return  # what waits goes out on the next one, as soon as this one has nothing to answer any more
        data = self._take_waiting()
        if not data:
            return
        try:
            sent = connection.send_now(data)
        except ConnectionError:
            sent = 0  # the thread will find that out, too
        if sent < len(data):
            self._unsent = memoryview(data)[sent:]

    def _take_waiting(self) -> bytes:
        """Move calls from those that wait to those that were sent; return what is to be sent for them."""
        waiting, sent = self._waiting, self._sent
        pieces: list[bytes] = []
        room = MOST_UNDER_WAY - self._bytes_sent
        while waiting and room > 0:
            call = waiting.popleft()
            if not call.abandoned:
                sent.append(call)
                pieces.append(call.data)
                room -= len(call.data)
        self._bytes_sent = MOST_UNDER_WAY - room
        return b"".join(pieces)

    def _let_go(self, connection: Connection) -> list[Call]:
        """Give the connection back, now that nothing is under way; return the calls that were refused."""
        refused, self._refused = self._refused, []
        self._connection = None
        self._bytes_sent = 0
        connection.rest()
        if not refused:
            self._reserve.return_connection(connection)
        return refused

    # --- in whichever thread receives -------------------------------------------------------------------

    def _take_replies(self, connection: Connection) -> list[Call]:
        """Return the calls that have got their replies, but for those that were refused."""
        settled: list[Call] = []
        sent, next_reply = self._sent, connection.next_reply
        while sent:
            call = sent[0]
            try:
                reply = next_reply(call.text)
            except ConnectionError:
                self._settle(settled)
                raise
            if reply is INCOMPLETE:
                break
            if call.replies is None:
                call.reply = reply
            else:
                call.replies.append(reply)
                if len(call.replies) != call.owed:
                    continue
                call.reply = call.replies
            sent.popleft()
            if (call.replies is not None or isinstance(reply, ServerStateError)) and _refusals(call.reply):
                self._refused.append(call)
            else:
                settled.append(call)
        return settled

    def _note_refused(self, connection: Connection, refused: list[Call]) -> None:
        """Let the pool learn from refusals. Only now: it may close the connection."""
        if refused:
            self._note(connection, refused)
            self._reserve.return_connection(connection)

    def _note(self, connection: Connection, refused: list[Call]) -> None:
        for call in refused:
            for error in _refusals(call.reply):
                self._pool.note_failure(connection, error)

    def _break(self, error: Exception) -> list[Call]:
        """End the connection, or the attempt to get one; return the calls that this ends, with their errors."""
        if self._connection is not None and not isinstance(error, RedisError):
            broken = ConnectionError(f"the connection can not be used any more: {error!r}")
            broken.__cause__ = error
            error = broken
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is None:
                ended = self._end_waiting(error)
            else:
                ended = self._end_sent(error)
                if isinstance(error, InterruptedCallError):
                    ended += self._end_waiting(_error_of_one(error, not_applied=True))
            refused, self._refused = self._refused, []
            self._unsent = None
            self._bytes_sent = 0
        if connection is not None:
            connection.in_step = False
            self._note(connection, refused)
            if isinstance(error, RedisError):
                self._pool.note_failure(connection, error)
            self._reserve.return_connection(connection)
        return [*refused, *ended]

    def _end_waiting(self, error: Exception) -> list[Call]:
        """End what waits; if it is because the client was closed, what waits since then goes on."""
        closed = self._pool.times_closed if isinstance(error, InterruptedCallError) else None
        ended = [call for call in self._waiting if call.times_closed != closed]
        for call in ended:
            call.reply = _error_of_one(error)
            self._waiting.remove(call)
        return ended

    def _end_sent(self, error: Exception) -> list[Call]:
        """End what was sent, but for what had not left in full: that waits again, once."""
        unsent = 0 if self._unsent is None else len(self._unsent)
        ended: list[Call] = []
        while self._sent:
            call = self._sent.pop()
            # One command that is incomplete is not carried out; of several, the first may be.
            not_applied = unsent > 0 if call.owed is None else unsent >= len(call.data)
            unsent -= len(call.data)
            if not_applied and not call.sent_twice and not isinstance(error, InterruptedCallError):
                call.sent_twice = True
                self._waiting.appendleft(call)
            else:
                call.reply = _error_of_one(error, not_applied)
                ended.append(call)
        ended.reverse()
        return ended

    # --- in the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        lonely = 0
        while True:
            received = self._exchange_or_fail()
            lonely = lonely + 1 if received == 1 else 0
            if lonely > _LONELY:
                self._crowded = False
            if not self._stay():
                return

    def _stay(self) -> bool:
        """Wait until there is something to do; return False if there is nothing for a while."""
        if self._wake.acquire(timeout=LINGER):
            return True
        with self._lock:
            if self._at_work:  # called at the last moment
                self._wake.acquire()
                return True
            self._crowded = False
            self._thread = None
            return False

    def _exchange_or_fail(self) -> int:
        """Do what there is to do, whatever comes of it. Return how many replies came. Blocks."""
        received = 0
        while True:
            try:
                count, settled = self._exchange()
                received += count
            except Exception as error:  # rather an error for each caller than callers that wait for ever
                settled = self._break(error)
            with self._lock:
                # What waits the loop is about to send, or is to be sent here.
                self._at_work = bool(self._sent or (self._waiting and not self._flush_is_due))
                at_work = self._at_work
            self._settle(settled)
            if not at_work:
                return received

    def _exchange(self) -> tuple[int, list[Call]]:
        """Send what is to be sent and receive what is owed, until there is nothing.

        Return how many replies came, and the calls that are still to be settled: when the caller goes on, all is at rest.
        """
        received = 0
        settled: list[Call] = []
        connection = self._connection or self._connect()
        if connection is None:
            return 0, settled
        if self._watched:
            connection.make_blocking()
            self._watched = False
        while True:
            with self._lock:
                self._bytes_sent -= sum(len(call.data) for call in settled)
                self._send_waiting()
                if not self._sent:
                    refused = self._let_go(connection)
                    break
            self._settle(settled)
            if self._unsent is not None:
                self._send_rest(connection, self._unsent)
            connection.receive()
            settled = self._take_replies(connection)
            received += len(settled)
        self._note_refused(connection, refused)
        return received, settled + refused

    def _connect(self) -> Connection | None:
        call = Interruption()
        with self._lock:
            if all(each.abandoned for each in self._waiting):
                self._waiting.clear()
                return None
            self._connecting = call
        try:
            connection = call.run(self._reserve.lease)
        except InterruptedCallError:
            if call.interrupted:  # nobody waited for it any more; if somebody does now, the next attempt is his
                return None
            raise
        finally:
            with self._lock:
                self._connecting = None
        if connection.stream_timeout != self._stream_timeout:
            connection.set_timeout(self._stream_timeout)
        with self._lock:
            self._connection = connection
        return connection

    def _send_rest(self, connection: Connection, rest: memoryview) -> None:
        while rest:
            rest = rest[connection.send_some(rest) :]
            self._unsent = rest
        self._unsent = None

    def _settle(self, calls: Sequence[Call]) -> None:
        """Have the callers go on, with one wake-up of their event loop for all of them."""
        if not calls:
            return
        self._settled.extend(calls)
        if not self._loop_is_called:
            self._loop_is_called = True
            # If the loop has ended, so have its tasks.
            self._loop.call_from_thread(self._hand_out)


def _refusals(reply: Reply) -> Iterable[ServerStateError]:
    if isinstance(reply, ServerStateError):
        return (reply,)
    if isinstance(reply, list):
        return [each for each in reply if isinstance(each, ServerStateError)]
    return ()


def _error_of_one(error: Exception, not_applied: bool | None = None) -> Exception:
    """Return the error for one of many callers: each needs its own traceback, and its own notes."""
    if not isinstance(error, RedisError):  # of somebody else's code, who knows how it is made
        return error
    own = type(error)(*error.args)
    own.not_applied = error.not_applied if not_applied is None else not_applied
    own.transient = error.transient
    own.__cause__ = error.__cause__ or error
    return own
