"""`TrackedReads`: reads through a `Cache`, on a connection on which the server tells what has changed.

What is not kept yet is read on one connection, made for this and watched by a thread, and the server sends its
invalidations on the same one (CLIENT TRACKING, RESP3). That has three reasons:

- Reply and invalidation come in the order in which the server made them. Were they on two connections, as with REDIRECT or
  BCAST, neither order nor even that both lead to the same server would be certain: in a failover, a value from the new
  primary could be kept while the old one is listened to.
- When that connection ends, nothing kept can be relied on, and all of it goes: what is kept was read on this connection.
- All other connections stay as they are: no caller finds an invalidation between his replies.

The price is a hand-over between threads for what is not kept.

What this client writes itself goes on other connections, so that the news may come after the reply to the write: hence it
is given up here, too, before the writer goes on (`note_written`).

https://redis.io/docs/latest/develop/reference/client-side-caching/
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any, Final

from syncredis import interruption
from syncredis.cache import MISSING, Cache, Ticket
from syncredis.command import BaseCommand, Command
from syncredis.connection import Connection
from syncredis.exceptions import (
    ConfigurationError,
    ConnectionError,
    InterruptedCallError,
    ProtocolError,
    RedisError,
    TimeoutError,
)
from syncredis.keys import keys_read, keys_written, reads_keys_alone
from syncredis.pool import ConnectionPool
from syncredis.resp import PushNotification, encoder
from syncredis.typing import Reply

#: Seconds of silence after which the server is asked whether it is still there: what it can not tell would go unnoticed.
PROBE_AFTER: Final = 5.0

_TRACK: Final = Command[Any](("CLIENT", "TRACKING", "ON"))
_PING: Final = Command[Any](("PING",))


class TrackedReads:
    """Reads through a cache. Thread-safe; nothing is contacted before the first read.

    Args:
        pool: where the connection comes from that is read on; one at a time, which counts there.
        cache: where replies are kept.

    Raises:
        ConfigurationError: if the pool's connections are to speak RESP2, which knows no invalidations, or there is only one.
    """

    def __init__(self, pool: ConnectionPool, cache: Cache) -> None:
        if pool.config.protocol != 3:
            raise ConfigurationError("caching needs protocol=3: in RESP2 a server can not tell what has changed")
        if pool.pool_config.max_connections < 2:
            raise ConfigurationError("max_connections=1 leaves no connection for writes beside the one of the cache")
        self.cache = cache
        self._pool = pool
        self._encoding = pool.config.encoding
        self._encode = encoder(pool.config.encoding)
        self._conversation: _Conversation | None = None
        self._opening = threading.RLock()
        # A reader that was forgotten takes its thread with it.
        self._farewell: weakref.finalize[..., TrackedReads] | None = None
        _all.add(self)

    def request_of(self, command: Command[Any]) -> bytes | None:
        """Return what a reply to ``command`` can be kept under, and asked for; None if it can not be kept.

        Raises:
            DataError: for an argument that can not be sent.
        """
        if not reads_keys_alone(command.arguments):
            return None
        data = self._encode(command.arguments)
        return data if isinstance(data, bytes) else None

    def recall(self, request: bytes) -> Reply:
        """Return the reply that is kept, or `MISSING`. Never blocks."""
        conversation = self._conversation
        if conversation is None or not conversation.is_current:
            return MISSING
        return self.cache.get(request)

    def read(self, request: bytes, command: Command[Any], timeout: float | None) -> Reply:
        """Return the reply, as bytes: from the cache, or from the server, and then keep it. Blocks.

        Raises:
            ResponseError: if that is the server's answer.
            TimeoutError, ConnectionError: if there is none within ``timeout`` seconds, or the connection is lost.
        """
        conversation = self._open()
        reply = self.cache.get(request)
        if reply is MISSING:
            ticket = self.cache.expect(request, keys_read(command.arguments, self._encoding))
            reply = conversation.ask(command, ticket, timeout)
        return reply

    def note_written(self, commands: Iterable[BaseCommand[Any]]) -> None:
        """Give up what ``commands`` may have changed. To be called when their replies are there, or will not come."""
        for command in commands:
            keys = keys_written(command, self._encoding)
            if keys is None:
                self.cache.clear()
            else:
                self.cache.forget(keys)

    def close(self) -> None:
        """Close the connection and give up what is kept; reads in other threads raise. Never blocks."""
        self._replace(None, InterruptedCallError("the cache was closed while this call was in progress"))
        self.cache.clear()

    def _open(self) -> _Conversation:
        conversation = self._conversation
        if conversation is not None and conversation.is_current:
            return conversation
        with self._opening:
            conversation = self._conversation
            if conversation is None or not conversation.is_current:
                self._replace(None)
                self.cache.clear()
                conversation = _converse(self._pool, self.cache)
                self._replace(conversation)
            return conversation

    def _replace(self, conversation: _Conversation | None, reason: ConnectionError | None = None) -> None:
        """Let ``conversation`` be the one that counts, and end the one before, if there was one."""
        before, self._conversation = self._conversation, conversation
        farewell, self._farewell = self._farewell, None
        if farewell is not None:
            farewell.detach()
        if before is not None:
            before.retire(reason)
        if conversation is not None:
            self._farewell = weakref.finalize(self, conversation.end)
            self._farewell.atexit = False

    def _start_anew(self) -> None:
        """In a child process, where the thread does not exist."""
        self._opening = threading.RLock()
        self._conversation = None
        self.cache.start_anew()


class _Conversation:
    """One tracked connection, and the thread that reads it."""

    def __init__(self, connection: Connection, pool: ConnectionPool, cache: Cache) -> None:
        self._connection = connection
        self._pool = pool
        self._cache = cache
        # Guards what follows, and the order of questions on the wire.
        self._lock = threading.RLock()
        self._owed: deque[_Question] = deque()
        self._over = False
        # Guards who clears the cache: once there is another conversation, what is kept is that one's.
        self._leaving = threading.RLock()
        self._retired = False
        self._reason = ConnectionError(f"the connection to {connection.config.target} was lost")

    @property
    def is_current(self) -> bool:
        """Whether what is said here counts: the connection is alive, and leads to where the pool leads."""
        return not self._over and self._pool.is_current(self._connection)

    def ask(self, command: Command[Any], ticket: Ticket | None, timeout: float | None) -> Reply:
        """Send a command and wait for its reply."""
        question = self._send(command, ticket)
        if not question.wait(timeout):
            late = TimeoutError(f"no reply from {self._connection.config.target} within {timeout:g} s")
            self.end(late)
            raise late
        return question.answer()

    def listen(self) -> None:
        """Take what comes, until the connection ends. Runs in a thread of its own."""
        try:
            while True:
                self._wait()
                for message in self._connection.take(text=False):
                    self._understand(message)
        except BaseException as error:
            self._finish(error)

    def end(self, reason: ConnectionError | None = None) -> None:
        """Have the thread end; who waits for a reply gets ``reason``. Never blocks."""
        if not self._over:
            self._reason = reason or self._reason
            self._over = True
            self._connection.interrupt(reason)

    def retire(self, reason: ConnectionError | None) -> None:
        """`end`, and leave the cache alone from now on: it is somebody else's. Never blocks."""
        with self._leaving:
            self._retired = True
        self.end(reason)

    def _send(self, command: Command[Any], ticket: Ticket | None) -> _Question:
        question = _Question(ticket)
        with self._lock:
            if self._over:
                raise _copied(self._reason)
            self._owed.append(question)
            try:
                self._connection.send(command)
            except ConnectionError as error:
                self.end(error)  # which changes nothing if it has ended already, for another reason
                raise _copied(self._reason) from error
            except BaseException:
                self.end()  # who knows how much of it has left
                raise
        return question

    def _wait(self) -> None:
        """Block until something has come; if it stays quiet, ask whether the server is there."""
        if self._connection.wait(PROBE_AFTER):
            return
        self._send(_PING, None)
        if not self._connection.wait(self._pool.config.stream_timeout or PROBE_AFTER):
            raise TimeoutError(f"{self._connection.config.target} does not answer any more")

    def _understand(self, message: Reply) -> None:
        if not isinstance(message, PushNotification):
            question = self._owed.popleft()
            if question.ticket is not None:
                if isinstance(message, RedisError):
                    self._cache.drop(question.ticket)
                else:
                    self._cache.keep(question.ticket, message)
            question.settle(message)
        elif message[0] == b"invalidate":
            keys = message[1]
            if keys is None:  # FLUSHALL and its like
                self._cache.clear()
            else:
                self._cache.forget(keys)

    def _finish(self, error: BaseException) -> None:
        with self._lock:
            self._over = True
            owed = list(self._owed)
            self._owed.clear()
        with self._leaving:
            if not self._retired:
                self._cache.clear()
        failure = (
            error if isinstance(error, ConnectionError) else ConnectionError(f"reading for the cache failed: {error}")
        )
        for question in owed:
            question.settle(_copied(failure))
        if not isinstance(failure, InterruptedCallError):
            self._pool.note_failure(self._connection, failure)
        self._connection.close()
        self._pool.return_connection(self._connection)


class _Question:
    """What a caller waits for. Its ticket is None if nobody does."""

    __slots__ = ("_answer", "_settled", "_woken", "ticket")

    def __init__(self, ticket: Ticket | None) -> None:
        self.ticket = ticket
        self._answer: Reply = None
        self._settled = False
        self._woken = threading.Event()

    def settle(self, answer: Reply) -> None:
        """Let ``answer`` be what came of it: a reply, or an error."""
        self._answer = answer
        self._settled = True
        self._woken.set()

    def wait(self, timeout: float | None) -> bool:
        """Block until there is an answer, for at most ``timeout`` seconds; return whether there is.

        Raises:
            InterruptedCallError: if the running call was interrupted. The reply is kept all the same when it comes.
        """
        call = interruption.current()
        with nullcontext() if call is None else call.attached(self._woken.set):
            self._woken.wait(timeout)
        settled = self._settled
        if call is not None and call.interrupted and not settled:
            raise InterruptedCallError("the call was interrupted while it waited for a reply")
        return settled

    def answer(self) -> Reply:
        """Return what came of it, or raise it."""
        if isinstance(self._answer, RedisError):
            raise self._answer
        return self._answer


def _copied(error: ConnectionError) -> ConnectionError:
    """Return the same error anew: each caller's traceback is his own."""
    copied = type(error)(*error.args)
    copied.transient = error.transient
    copied.__cause__ = error
    return copied


def _converse(pool: ConnectionPool, cache: Cache) -> _Conversation:
    """Lease a connection, have the server track what is read on it, and start the thread."""
    connection = pool.lease()
    try:
        if connection.protocol != 3:
            raise ProtocolError(f"{connection.config.target} does not speak RESP3, which caching needs")
        connection.execute(_TRACK, text=True)
        connection.in_step = False  # from now on there may come what nobody has asked for
        conversation = _Conversation(connection, pool, cache)
        threading.Thread(target=conversation.listen, name="syncredis-cache", daemon=True).start()
    except BaseException as error:
        if isinstance(error, RedisError):
            pool.note_failure(connection, error)
        connection.close()  # it may be tracked by now
        pool.return_connection(connection)
        raise
    return conversation


_all: weakref.WeakSet[TrackedReads] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for reads in list(_all):
        reads._start_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
