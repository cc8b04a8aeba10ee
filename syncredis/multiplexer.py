"""`Multiplexer`: many callers, one connection. What waits is sent in one write; replies go back in the order of the requests.

It serves one event loop, of which it knows no more than `syncredis.event_loop` says. Three ways lead through it:

- *Alone.* Nothing is under way: the event loop's own thread sends, without blocking, and the caller watches the socket. No
  thread is involved.
- *Crowded.* The event loop's own thread sends all that its tasks want in one write, watches the socket, and receives what
  comes, without blocking. No thread is involved here, either.
- *In trouble.* There is no connection, or the system does not take all at once, or a reply is large, or the stream is
  encrypted, or a caller has gone: a thread does what may block, sees to what is under way, and then the event loop goes on.

Whatever ends a call, its place in the order stays: the reply of one that was cancelled is received and dropped. When the
connection breaks, what had not left in full goes out on the next one; who had sent gets an error, and decides.

The thread exists only while there is something to do, and a moment longer.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Awaitable
from typing import Any, Final

from syncredis.connection import Connection
from syncredis.event_loop import EventLoop
from syncredis.exceptions import ConnectionError, InterruptedCallError, ProtocolError, RedisError
from syncredis.interruption import Interruption
from syncredis.pool import ConnectionPool
from syncredis.reserve import Reserve
from syncredis.resp import INCOMPLETE
from syncredis.traffic import Call, Traffic, error_of_one, refusals
from syncredis.transport import RECEIVE_SIZE
from syncredis.typing import Reply

#: Seconds that the thread waits for more to do before it ends.
LINGER: Final = 0.2

#: Bytes that the thread has the system take at once: in between it looks whether the gate was shut.
_PIECE: Final = 64 * 1024

#: Rounds of one call each after which callers are taken to be alone again.
_LONELY: Final = 16


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
        self._traffic = Traffic()
        self._connection: Connection | None = None
        self._connecting: Interruption | None = None
        self._thread: threading.Thread | None = None
        # Bare, because it costs half of what a semaphore does; released to wake the thread.
        self._wake = threading.Lock()
        self._wake.acquire()
        # Whether the thread is at work: then the connection, and what was sent, are its own to end.
        self._at_work = False
        # The loop's own.
        self._alone: Call | None = None
        self._watch = loop.new_watch(stream_timeout)  # one, used again and again: there is one connection
        self._watching = False  # it calls `_receive`
        self._flush_is_due = False
        self._crowded = False
        self._lonely_rounds = 0
        # Calls that wait are sent as soon as they are so many: half of those that were under way. So the server works for one
        # half of the callers while the other half run, and neither side ever waits for the other.
        self._enough = self._traffic.most_waiting
        self._watched = False  # since the thread has received last
        self._wait_for_room: deque[Any] = deque()
        # From the thread to the loop.
        self._settled: deque[Call] = deque()
        self._loop_is_called = False

    # --- in the loop's thread ----------------------------------------------------------------------

    @property
    def is_full(self) -> bool:
        """Whether so many calls wait that the next one should not come before there is `room`."""
        return self._traffic.room <= 0

    def room(self) -> Awaitable[Reply]:
        """Return what a caller awaits before it tries again to `submit`."""
        waiter = self._loop.new_waiter()
        self._wait_for_room.append(waiter)
        if not self.is_full:  # the thread may have made room before it could see that somebody waits for it
            self._let_in()
        return waiter

    def submit(self, call: Call) -> bool:
        """Take a call; return False if it `is_full`. Never blocks.

        If the call gets no ``waiter``, it is alone: see `receive_alone`.
        """
        waiting = self._traffic.waiting
        if len(waiting) >= self._enough:
            if len(waiting) >= self._traffic.most_waiting:
                return False
            self._flush_early()
        if not self._flush_is_due:
            if not (waiting or self._crowded or self._watching or self._at_work or self._alone is not None):
                connection = self._reserve.lease_now()
                if connection is not None:
                    call.waiter = None
                    self._send_alone(connection, call)
                    return True
            self._flush_is_due = True
            self._loop.call_soon(self._flush)
        call.waiter = self._loop.new_waiter()
        waiting.append(call)
        return True

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
            complete = self._traffic.take_replies(connection)
        except ConnectionError as error:
            self._end(error)
            return
        if complete:
            self._alone = None
            self._let_go(connection)
            self._note_refused(connection)
            self._traffic.take_answered()
        elif received == RECEIVE_SIZE:
            self._hand_over()

    def time_out(self, call: Call) -> None:
        """Give the call that is alone up, if nothing has come for ``stream_timeout``: it has got an error."""
        assert self._alone is call
        self._give_up()

    def abandon(self, call: Call) -> None:
        """Forget a call whose caller has gone. What was sent will be received all the same, in its place. Never blocks."""
        self._traffic.abandon(call)
        if self._alone is call or self._watching:
            self._hand_over()  # the event loop may be about to end, and would not receive what is still to come
        elif self._connecting is not None:
            with self._lock:
                self._traffic.forget_abandoned()
                if self._connecting is not None and not self._traffic.waiting:
                    self._connecting.interrupt()
            self._let_in()

    def _send_alone(self, connection: Connection, call: Call) -> None:
        self._traffic.waiting.append(call)
        self._connection = connection
        self._send_waiting()
        if self._traffic.sent and self._traffic.unsent is None:
            self._alone = call
            self._watched = True
            call.watch, call.descriptor = self._watch, connection.fileno()
            return
        call.waiter = self._loop.new_waiter()
        with self._lock:
            self._work()

    def _hand_over(self) -> None:
        """Let the thread receive what the loop has watched for."""
        self._stop_watching()
        with self._lock:
            self._work()

    def _stop_watching(self) -> None:
        call, self._alone = self._alone, None
        if call is not None:
            call.waiter = self._loop.new_waiter()
        self._watching = False
        self._watch.stop()

    def _flush(self) -> None:
        self._flush_is_due = False
        self._send()

    def _send(self) -> None:
        """Send what waits; what that needs and may block, the thread does."""
        traffic = self._traffic
        if self._alone is not None:
            self._stop_watching()
        elif not traffic.waiting:
            return
        with self._lock:
            if len(traffic.waiting) + len(traffic.sent) > 1:
                self._crowded = True
            if self._connection is None and not self._at_work:
                self._connection = self._reserve.lease_now()
            self._send_waiting()
            self._look_after()
            if traffic.answered and not self._at_work:  # held back
                self._tell_others()

    def _flush_early(self) -> None:
        """Send what waits while other tasks are still to run; once, until replies have come."""
        self._enough = self._traffic.most_waiting
        if not self._at_work:
            self._send()

    def _look_after(self) -> None:
        """See to it that what is under way is received, and what waits is sent; the lock is held."""
        traffic = self._traffic
        if self._at_work:
            return
        if traffic.unsent is not None or not traffic.sent:
            if self._watching:
                self._stop_watching()
            self._work()
        elif not self._watching:
            connection = self._connection
            assert connection is not None
            self._watching = self._watched = True
            self._watch.start(connection.fileno(), self._receive, self._give_up)

    def _receive(self) -> None:
        """Take in what has come, and let those go on who wait for it. Never blocks."""
        connection, traffic = self._connection, self._traffic
        assert connection is not None
        try:
            received = connection.receive_now()
            taken = traffic.take_replies(connection)
            callers = taken + len(traffic.sent)
            if callers >= self._loop.halves_from:
                self._enough = (callers + 1) // 2
            if not traffic.sent:
                self._stop_watching()
                self._let_go(connection)
                self._note_refused(connection)
                self._note_round(taken)
            elif received == RECEIVE_SIZE and not taken:  # a reply that is large
                self._hand_over()
                return
        except Exception as error:  # rather an error for each caller than callers that wait for ever
            self._end(error)
            return
        self._settled.extend(traffic.take_answered())
        self._flush_is_due = True
        try:
            self._hand_out()
        finally:  # a task may end the loop's run
            self._loop.call_after_woken(self._flush)

    def _give_up(self) -> None:
        """End the connection if nothing has come for ``stream_timeout``."""
        connection = self._connection
        assert connection is not None
        if connection.is_quiet():
            self._end(connection.no_reply())
        # Else the event loop was busy with other things, and has looked at its clock first.
        elif self._alone is not None:
            self.receive_alone(self._alone)
        else:
            self._receive()

    def _end(self, error: Exception) -> None:
        """End the connection that the loop has watched, or the caller who is alone. Who is alone has got an error."""
        self._alone = None
        self._stop_watching()
        self._break(error)
        self._tell_others()
        if self._traffic.waiting and not self._flush_is_due:
            self._flush()

    def _tell_others(self) -> None:
        """Have those go on that have ended, but for the call that was alone, whose caller sees it by itself."""
        self._settled.extend(call for call in self._traffic.take_answered() if call.waiter is not None)
        self._tell()

    def _hand_out(self) -> None:
        self._loop_is_called = False
        self._loop.wake_all(self._settled)
        if self._wait_for_room:
            self._let_in()

    def _let_in(self) -> None:
        room = self._traffic.room
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
                failure = InterruptedCallError(f"no thread can be started: {error}")
                self._break(failure)
                failure.not_applied = True  # of what waits, nothing was sent
                self._traffic.end_waiting(failure)
                self._settle()
        else:
            self._wake.release()

    def _send_waiting(self) -> None:
        """Send what waits, as far as that is possible at once."""
        connection = self._connection
        if connection is None or self._traffic.unsent is not None or self._traffic.refused:
            return
        if not self._pool.is_current(connection) or connection.credentials_are_old:
            return  # what waits goes out on the next one, as soon as this one has nothing to answer any more
        if self._pool.gate.is_shut:
            self._traffic.hold_writes_back()
        data = self._traffic.take_waiting()
        if not data:
            return
        try:
            sent = connection.send_now(data)
        except ConnectionError:
            sent = 0  # the thread will find that out, too
        if sent < len(data):
            self._traffic.unsent = memoryview(data)[sent:]

    def _let_go(self, connection: Connection) -> None:
        """Part from the connection, now that nothing is under way."""
        self._connection = None
        connection.rest()
        if not self._traffic.refused:
            self._reserve.return_connection(connection)

    # --- in whichever thread receives -------------------------------------------------------------------

    def _note_round(self, replies: int) -> None:
        """Learn whether callers are alone again, from how many replies came until nothing was under way."""
        self._lonely_rounds = self._lonely_rounds + 1 if replies == 1 else 0
        if self._lonely_rounds > _LONELY:
            self._crowded = False

    def _note_refused(self, connection: Connection) -> None:
        """Let the pool learn from refusals. Only now: it may close the connection."""
        refused = self._traffic.take_refused()
        if refused:
            try:
                self._note(connection, refused)
            finally:
                self._reserve.return_connection(connection)
                self._traffic.answered += refused

    def _note(self, connection: Connection, refused: list[Call]) -> None:
        for call in refused:
            for error in refusals(call.reply):
                self._pool.note_failure(connection, error)

    def _break(self, error: Exception) -> None:
        """End the connection, or the attempt to get one, and the calls that this ends."""
        if self._connection is not None and not isinstance(error, RedisError):
            broken = ConnectionError(f"the connection can not be used any more: {error!r}")
            broken.__cause__ = error
            error = broken
        with self._lock:
            connection, self._connection = self._connection, None
            refused = self._traffic.take_refused()
            # If it is because the client was closed, what was asked for since then goes on.
            closed = self._pool.times_closed if isinstance(error, InterruptedCallError) else None
            if connection is None:
                self._traffic.end_waiting(error, closed)
            else:
                self._traffic.end_sent(error)
                if closed is not None:
                    self._traffic.end_waiting(error_of_one(error, not_applied=True), closed)
        if connection is not None:
            connection.in_step = False
            try:
                self._note(connection, refused)
                if isinstance(error, RedisError):
                    self._pool.note_failure(connection, error)
            finally:
                self._reserve.return_connection(connection)
                self._traffic.answered += refused

    # --- in the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._note_round(self._exchange_or_fail())
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
            self._thread = None
            return False

    def _exchange_or_fail(self) -> int:
        """Do what there is to do, whatever comes of it. Return how many replies came. Blocks."""
        received = 0
        while True:
            try:
                received += self._exchange()
            except Exception as error:  # rather an error for each caller than callers that wait for ever
                self._break(error)
            with self._lock:
                # What waits the loop is about to send, or is to be sent here.
                self._at_work = bool(self._traffic.sent or (self._traffic.waiting and not self._flush_is_due))
                at_work = self._at_work
                # From now on what else is answered may be the loop's, who receives for one that is alone.
                self._settled.extend(self._traffic.take_answered())
            # Only now: when the callers go on, all is at rest.
            self._tell()
            if not at_work:
                return received

    def _exchange(self) -> int:
        """Send what is to be sent and receive what is owed, until there is nothing. Return how many replies came."""
        traffic = self._traffic
        received = 0
        connection = self._connection or self._connect()
        if connection is None:
            return received
        if self._watched:
            connection.make_blocking()
            self._watched = False
        while True:
            with self._lock:
                if not (traffic.nothing_is_owed and connection.has_more):
                    self._send_waiting()
                elif traffic.sent:  # meanwhile: what is there already would be taken for their replies
                    raise ProtocolError(f"{connection.config.target} said more than it was asked")
                if not traffic.sent:
                    self._let_go(connection)
                    break
            self._settle()
            self._send_rest(connection)
            if not traffic.sent:
                continue
            received += self._take_large(connection)
            received += traffic.take_replies(connection)
        self._note_refused(connection)
        return received

    def _take_large(self, connection: Connection) -> int:
        """Receive the large string that has begun to come, else whatever comes. Return how many calls it has answered."""
        call = self._traffic.next_single
        reply = INCOMPLETE if call is None else connection.receive_large(call.text)
        if call is None or reply is INCOMPLETE:
            connection.receive()
            return 0
        self._traffic.answer_next(call, reply)
        return 1

    def _connect(self) -> Connection | None:
        call = Interruption()
        with self._lock:
            if all(each.abandoned for each in list(self._traffic.waiting)):
                self._traffic.waiting.clear()
                return None
            self._connecting = call
        try:
            connection = call.run(self._reserve.lease)
        except ConnectionError:
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

    def _send_rest(self, connection: Connection) -> None:
        while (rest := self._rest()) is not None:
            self._traffic.unsent = rest[connection.send_some(rest[:_PIECE]) :] or None

    def _rest(self) -> memoryview | None:
        """Return what is to be sent of the last write: all of it, unless the gate was shut."""
        if self._traffic.unsent is not None and self._pool.gate.is_shut:
            with self._lock:
                self._traffic.take_back_unsent()
        return self._traffic.unsent

    def _settle(self) -> None:
        """Have the callers go on."""
        if self._traffic.answered:
            with self._lock:
                self._settled.extend(self._traffic.take_answered())
            self._tell()

    def _tell(self) -> None:
        """Wake the event loop, once for all callers that can go on."""
        if (self._settled or self._wait_for_room) and not self._loop_is_called:
            self._loop_is_called = True
            # If the loop has ended, so have its tasks.
            self._loop.call_from_thread(self._hand_out)
