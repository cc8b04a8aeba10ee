"""`Inquiry`: questions to one Sentinel, put and answered without a thread, and without ever blocking.

Whoever has some of them under way waits for all at once; `syncredis.sentinel.hedge` does. They go out together with the
handshake, in one write, and are answered in one round trip. Only what blocks nowhere goes this way: a name would have to be
looked up, and TLS and providers of credentials take their time. The others are asked in threads.
"""

from __future__ import annotations

import math
import select
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic

from syncredis import handshake
from syncredis.command import Command
from syncredis.connecting import begin_connecting, is_immediate
from syncredis.connection import Connection
from syncredis.exceptions import ConnectionError, TimeoutError
from syncredis.opening import conclude_handshake
from syncredis.packing import prepare
from syncredis.pool import ConnectionPool
from syncredis.pool_slot import Slot
from syncredis.resp import INCOMPLETE
from syncredis.transport import not_applied
from syncredis.typing import Reply, T

_READABLE: Final = select.POLLIN
_WRITABLE: Final = select.POLLIN | select.POLLOUT


def begin(
    link: ConnectionPool, questions: Sequence[Command[Any]], read: Callable[[list[Reply]], T]
) -> Inquiry[T] | None:
    """Begin to ask a Sentinel; None: that would block. Never blocks.

    Args:
        link: the connections to it.
        questions: go out together.
        read: makes the answer of their replies, errors as errors; may raise.

    Raises:
        ConnectionError: if it is certain already that the Sentinel can not be reached.
    """
    if not is_immediate(link.config):
        return None
    packed = prepare([question.arguments for question in questions], link.config.encoding)()
    generation = link.generation
    if not isinstance(packed, bytes) or (found := link.lease_now()) is None:
        return None
    inquiry = Inquiry(link, generation, found, packed, len(questions), read)
    if sys.platform == "linux":  # elsewhere, what is not connected yet refuses to send at all
        inquiry.advance()
    return inquiry


class Inquiry(Generic[T]):
    """Questions under way. Belongs to one thread at a time; nothing blocks. Made by `begin`.

    Attributes:
        deadline: when it is `overdue`, by `time.monotonic`.
    """

    def __init__(
        self,
        link: ConnectionPool,
        generation: int,
        found: Connection | Slot,
        questions: bytes,
        count: int,
        read: Callable[[list[Reply]], T],
    ) -> None:
        self._link = link
        self._generation = generation
        self._questions = questions
        self._count = count
        self._read = read
        self._replies: list[Reply] = []
        self._is_over = False
        now, config = time.monotonic(), link.config
        if isinstance(found, Slot):
            self._slot: Slot | None = found
            self._limit = config.connect_timeout
            self.deadline = _after(now, self._limit)
            try:
                self._connection = Connection(begin_connecting(config), config)
            except BaseException:
                link.free(found)
                raise
            self._protocol = config.protocol
            self._say(*handshake.opening(config, ask_role=False))
        else:
            self._slot = None
            self._limit = config.stream_timeout
            self.deadline = _after(now, self._limit)
            self._connection = found
            self._say((), b"")

    def fileno(self) -> int:
        """The socket's file descriptor."""
        return self._connection.fileno()

    @property
    def events(self) -> int:
        """What to wait for, as `select.poll` has it."""
        return _WRITABLE if self._unsent else _READABLE

    def advance(self) -> T | None:
        """Go on as far as that can be done now; return the answer if it is there.

        Raises:
            RedisError: if there will be none. Also what ``read`` raises.
        """
        try:
            if not self._is_answered():
                return None
            answers = self._replies[-self._count :]
            self._hand_back()
        except BaseException:
            self.give_up()
            raise
        return self._read(answers)

    def overdue(self) -> ConnectionError:
        """Return the error for an answer that has not come by the deadline."""
        config = self._connection.config
        if self._unsent:
            return not_applied(
                TimeoutError(
                    f"connecting to {config.target} took longer than {config.connect_timeout:g} s (connect_timeout)"
                )
            )
        return TimeoutError(f"no reply from {config.target} within {self._limit:g} s")

    def give_up(self) -> None:
        """Close the connection, unless it was handed back. Never raises."""
        if self._is_over:
            return
        self._is_over = True
        self._connection.close()
        self._link.free(self._connection if self._slot is None else self._slot)

    def _say(self, steps: Sequence[handshake.Step], opening: bytes | list[Any]) -> None:
        self._steps = steps
        self._replies.clear()
        # A name and a password may be so large that they are kept apart, where nothing else would be.
        whole = opening if isinstance(opening, bytes) else b"".join(opening)
        self._unsent = memoryview(whole + self._questions)

    def _is_answered(self) -> bool:
        connection = self._connection
        if self._unsent:
            self._send()
            return False
        if not connection.receive_now():
            return False
        self._limit_standing_still(max)
        wanted = len(self._steps) + self._count
        while len(self._replies) < wanted and (reply := connection.next_reply(True)) is not INCOMPLETE:
            self._replies.append(reply)
        if len(self._replies) < wanted:
            return False
        return self._slot is None or self._has_shaken_hands()

    def _send(self) -> None:
        connection = self._connection
        try:
            self._unsent = self._unsent[connection.send_now(self._unsent) :]
        except ConnectionError as error:
            if self._slot is None:
                raise
            # That it could not be sent tells nobody anything: the system's word for why is meant.
            why = error.__cause__ or error
            raise not_applied(ConnectionError(f"can not connect to {connection.config.target}: {why}")) from error
        if not self._unsent:
            self._limit_standing_still(min)

    def _limit_standing_still(self, of: Callable[[float, float], float]) -> None:
        """Let ``stream_timeout`` hold from now on, if that is the greater, or the lesser, limit."""
        seconds = self._connection.config.stream_timeout
        until = _after(time.monotonic(), seconds)
        if of(until, self.deadline) != self.deadline:
            self.deadline, self._limit = until, seconds

    def _has_shaken_hands(self) -> bool:
        """Conclude the handshake; False: it has to be tried without HELLO."""
        connection, config = self._connection, self._connection.config
        if self._protocol == 3 and handshake.hello_refused(self._replies[0]):
            self._protocol = 2
            steps = handshake.without_hello(config, ask_role=False)
            self._say(steps, handshake.packed(steps, config))
            self._send()
            return False
        conclude_handshake(connection, self._protocol, self._steps, self._replies[: len(self._steps)])
        return True

    def _hand_back(self) -> None:
        """Put the connection where others find it."""
        connection, link = self._connection, self._link
        connection.rest()
        if self._slot is not None:
            connection.set_timeout(connection.config.stream_timeout)
            if not link.admit(connection, self._slot, self._generation):
                self.give_up()
                return
        self._is_over = True
        link.return_connection(connection)


def _after(now: float, seconds: float | None) -> float:
    return math.inf if seconds is None else now + seconds
