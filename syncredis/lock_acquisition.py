"""What a `Lock` says to the server, and `Acquisition`: one wish to take it, from the first attempt to the end."""

from __future__ import annotations

import logging
import random
import secrets
import threading
import time
import weakref
from contextlib import suppress
from typing import Any, Final, Protocol

from syncredis import interruption
from syncredis.command import Command
from syncredis.commands import Commands
from syncredis.exceptions import OutcomeUnknownError, RedisError
from syncredis.pool import ConnectionPool
from syncredis.script import Script
from syncredis.typing import KeyT

logger = logging.getLogger(__name__)

#: Seconds of the longest wait for a sign: how late a lost one, or a lock that somebody deleted, is noticed.
LONGEST_WAIT: Final = 2.0

#: Attempts to release where the outcome stays unknown: several connections of a pool may have broken at once.
_RELEASES: Final = 3

#: Only one who tried in vain, and does not wait yet, has a use for a sign that lies about: a second is plenty.
_RELEASE: Final = b"""\
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('del', KEYS[1], KEYS[2])
redis.call('rpush', KEYS[2], 1)
redis.call('pexpire', KEYS[2], 1000)
return 1
"""

#: ARGV: the token; milliseconds, 0 for none; whether they are added, set, or the least that shall be left.
_EXTEND: Final = b"""\
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
local left, asked = redis.call('pttl', KEYS[1]), tonumber(ARGV[2])
if asked == 0 or (ARGV[3] == 'least' and left >= asked) then return 1 end
if ARGV[3] == 'add' and left > 0 then asked = asked + left end
redis.call('pexpire', KEYS[1], asked)
return 1
"""


class Closable(Protocol):
    """What the connections belong to that are used."""

    @property
    def times_closed(self) -> int:
        """How often it was closed."""
        ...

    def invalidate(self) -> None:
        """Close the connections that nobody uses. Never blocks."""


class ServerSide:
    """The requests about one lock. All block for a round trip."""

    def __init__(self, commands: Commands[Any], pool: Closable, name: KeyT, encoding: str) -> None:
        self._commands: Commands[Any] = commands
        self._pool = pool
        self._key = _encoded(name, encoding)
        self._sign = self._key + b":released"
        self._release: Script[Any] = Script(commands, _RELEASE)
        self._extend: Script[Any] = Script(commands, _EXTEND)

    def take(self, token: bytes, seconds: float | None) -> bool:
        """Take the lock if nobody has it."""
        return bool(self._commands.set(self._key, token, nx=True, px=_milliseconds(seconds) or None))

    def holder(self) -> bytes | None:
        """Return the token of who holds the lock."""
        return self._commands.execute(Command[bytes | None](("GET", self._key), text=False))

    def extend(self, token: bytes, seconds: float | None, how: str) -> bool:
        """Prolong the lock if it is held by ``token``, and return whether it is.

        Args:
            token: of the holder.
            seconds: None: change nothing.
            how: ``"add"`` them, ``"set"`` the time to them, or let them be the ``"least"`` that is left.
        """
        arguments = (token, _milliseconds(seconds), how)
        try:
            return bool(self._extend([self._key], arguments))
        except OutcomeUnknownError:
            if how == "add":
                raise
            return bool(self._extend([self._key], arguments))  # twice is as good as once

    def release(self, token: bytes) -> bool:
        """Give the lock back if it is held by ``token``, and return whether it was."""
        keys = (self._key, self._sign)
        unknown: OutcomeUnknownError | None = None
        for _ in range(_RELEASES):  # each as good as the first
            try:
                released = bool(self._release(keys, [token]))
            except OutcomeUnknownError as error:
                unknown = error
                continue
            if unknown is not None and not released:
                unknown.add_note("The lock is not held any more; whether it was until it was released is not known.")
                break
            return released
        assert unknown is not None
        raise unknown

    def release_in_background(self, token: bytes) -> None:
        """`release` in a thread of its own, for who can not wait. What fails is logged, and left to the lock's timeout."""

        pool = self._pool
        times_closed = pool.times_closed

        def release() -> None:
            try:
                self.release(token)
            except RedisError as error:
                logger.warning("a lock that nobody waits for could not be given back: %s", error)
            # The client may have been closed meanwhile: then this has opened a connection that nobody would close.
            if pool.times_closed != times_closed:
                pool.invalidate()

        threading.Thread(target=release, name="syncredis-lock-release", daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Block until the lock was given back, or is free because its time is over; for at most ``seconds``."""
        left = self._commands.pttl(self._key)
        if left == -2:
            return
        seconds = min(seconds, LONGEST_WAIT)
        if left >= 0:
            seconds = min(seconds, left / 1000)
        seconds = max(0.001, seconds)  # 0 is for ever
        with suppress(OutcomeUnknownError):  # the next attempt shows whether the lock is free
            self._commands.execute(Command[Any](("BLPOP", self._sign, seconds), text=False, blocks=seconds))


class Acquisition:
    """One wish to take a lock. Belongs to one thread or task.

    Attributes:
        token: what the lock is taken with.
        since: when the last attempt began, by `time.monotonic`.
        in_doubt: whether the server may have granted the lock without anybody having noted that.
    """

    def __init__(
        self, pool: ConnectionPool, server_side: ServerSide, timeout: float | None, sleep: float, deadline: float
    ) -> None:
        self.token = secrets.token_hex(16).encode("ascii")
        self.since = 0.0
        self.in_doubt = False
        self._places = _places_of(pool)
        self._server_side = server_side
        self._timeout = timeout
        self._sleep = sleep
        self._deadline = deadline

    @property
    def is_over(self) -> bool:
        """Whether there is no time left for a further attempt."""
        return time.monotonic() >= self._deadline

    def attempt(self) -> bool:
        """Try once, and return whether the lock was taken. Blocks."""
        was_in_doubt, self.in_doubt = self.in_doubt, True
        self.since = time.monotonic()
        try:
            if self._server_side.take(self.token, self._timeout):
                return True
        except OutcomeUnknownError:
            was_in_doubt = True
        except RedisError:
            self.in_doubt = was_in_doubt
            raise
        if was_in_doubt:
            # Still in doubt if it is not there: the request may be under way yet.
            return self._server_side.extend(self.token, self._timeout, "set")
        self.in_doubt = False
        return False

    def settle(self) -> None:
        """End it: if it is in doubt whether the lock was taken, give it back in the background. Never blocks."""
        if self.in_doubt:
            self.in_doubt = False
            self._server_side.release_in_background(self.token)

    def wait(self) -> None:
        """Block until a further attempt is worth while."""
        if self.take_place():
            try:
                self.wait_in_place()
            finally:
                self.leave_place()
        else:
            interruption.sleep(self.pause())

    def take_place(self) -> bool:
        """Return whether the wait may occupy a connection; then `leave_place` is owed. Never blocks."""
        return self._places.acquire(blocking=False)

    def leave_place(self) -> None:
        """Let somebody else have it."""
        self._places.release()

    def wait_in_place(self) -> None:
        """Block until the lock was given back, or long enough."""
        self._server_side.wait(self._deadline - time.monotonic())

    def pause(self) -> float:
        """Return the seconds to wait where nothing says when the lock is free; by chance, so that not all come at once."""
        return max(0.0, min(self._sleep * random.uniform(0.5, 1.0), self._deadline - time.monotonic()))


_guard = threading.Lock()
#: How many callers may wait for a lock on a connection of a pool.
_places: weakref.WeakKeyDictionary[ConnectionPool, threading.Semaphore] = weakref.WeakKeyDictionary()


def _places_of(pool: ConnectionPool) -> threading.Semaphore:
    with _guard:
        if pool not in _places:
            _places[pool] = threading.Semaphore(pool.pool_config.max_connections // 4)
        return _places[pool]


def _milliseconds(seconds: float | None) -> int:
    return 0 if seconds is None else max(1, round(seconds * 1000))


def _encoded(name: KeyT, encoding: str) -> bytes:
    if isinstance(name, str):
        return name.encode(encoding)
    return bytes(name) if isinstance(name, (bytes, bytearray, memoryview)) else str(name).encode("ascii")
