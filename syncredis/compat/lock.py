"""redis-py's `Lock`: its names and its tokens; how a lock is taken and given back is the core's, see `syncredis.lock`.

Who waits is told when the lock is free, and does not ask again and again. redis-py's locks of other processes are understood,
and the other way round: both keep the holder's token in the key.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from types import SimpleNamespace, TracebackType
from typing import Any, Literal, Self

from syncredis import interruption
from syncredis.command import Command
from syncredis.commands import Commands
from syncredis.compat.exceptions import LockError, LockNotOwnedError, RedisError
from syncredis.compat.translation import original, translating
from syncredis.lock_acquisition import Acquisition, ServerSide
from syncredis.typing import T

logger = logging.getLogger(__name__)


class Through(Commands[Any]):
    """The commands of one of redis-py's clients, subclasses included, with the core's errors."""

    __slots__ = ("_client",)

    def __init__(self, client: Any) -> None:
        self._client = client

    def execute(self, command: Command[T]) -> T:
        """Carry a command out."""
        try:
            return self._client.execute(command)  # type: ignore[no-any-return]
        except RedisError as error:
            raise original(error)  # noqa: B904 - the core's own, which has its cause


class LockState:
    """What the blocking lock and the async one have in common: options, and the token of the holder."""

    def __init__(
        self,
        redis: Any,
        name: Any,
        timeout: float | None = None,
        sleep: float = 0.1,
        blocking: bool = True,
        blocking_timeout: float | None = None,
        thread_local: bool = True,
        raise_on_release_error: bool = True,
    ) -> None:
        self.redis = redis
        self.name = name
        self.timeout = timeout
        self.sleep = sleep
        self.blocking = blocking
        self.blocking_timeout = blocking_timeout
        self.thread_local = bool(thread_local)
        self.raise_on_release_error = raise_on_release_error
        self.local: Any = threading.local() if self.thread_local else SimpleNamespace()
        self.local.token = None

    @property
    def _token(self) -> Any:
        return getattr(self.local, "token", None)

    def _requests(self, commands: Through, pool: Any) -> ServerSide:
        return ServerSide(commands, pool, self.name, self.redis.get_encoder().encoding)

    def _expected(self, what: str, *, timed: bool = False) -> Any:
        """Return the token, which is there if the lock was acquired."""
        if self._token is None:
            unlocked = "a lock that's not owned or is already unlocked." if what == "release" else "an unlocked lock"
            raise LockError(f"Cannot {what} {unlocked}", lock_name=self.name)
        if timed and self.timeout is None:
            raise LockError(f"Cannot {what} a lock with no timeout", lock_name=self.name)
        return self._token

    def _not_owned(self, what: str) -> LockNotOwnedError:
        return LockNotOwnedError(f"Cannot {what} a lock that's no longer owned", lock_name=self.name)

    def _not_acquired(self) -> LockError:
        return LockError("Unable to acquire lock within the time specified", lock_name=self.name)

    def _acquisition(
        self,
        core_pool: Any,
        server_side: ServerSide,
        sleep: float | None,
        blocking: bool | None,
        blocking_timeout: float | None,
        token: Any,
    ) -> Acquisition:
        limit = self.blocking_timeout if blocking_timeout is None else blocking_timeout
        if not (self.blocking if blocking is None else blocking):
            limit = 0
        deadline = math.inf if limit is None else time.monotonic() + limit
        pause = self.sleep if sleep is None else sleep
        made = Acquisition(core_pool, server_side, self.timeout or None, pause, deadline)
        if token is not None:
            made.token = self.redis.get_encoder().encode(token)
        return made


class Lock(LockState):
    """A lock. Made by `Redis.lock`; nothing is contacted before `acquire`.

    With ``thread_local``, each thread that acquires it is a holder of its own.

    Attributes:
        local: holds the token of the holder.
    """

    @property
    def _server_side(self) -> ServerSide:
        return self._requests(Through(self.redis), self.redis.connection_pool)

    def __enter__(self) -> Self:
        if self.acquire():
            return self
        raise self._not_acquired()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.release()
        except LockError:
            if self.raise_on_release_error:
                raise
            logger.warning("Lock was unlocked or no longer owned when exiting context manager.")

    def acquire(
        self,
        sleep: float | None = None,
        blocking: bool | None = None,
        blocking_timeout: float | None = None,
        token: Any = None,
    ) -> bool:
        """Take the lock, and return whether it was taken. Blocks until it is, for at most ``blocking_timeout`` seconds.

        Args:
            sleep: seconds between two attempts, where nobody says when it is free.
            blocking: False: try once.
            blocking_timeout: seconds to wait; None: no limit.
            token: what the holder is known by; a random one if not given.
        """
        acquisition = self._acquisition(
            self.redis.connection_pool.core, self._server_side, sleep, blocking, blocking_timeout, token
        )
        with translating():
            try:
                while not acquisition.attempt():
                    if acquisition.is_over:
                        return False
                    self._wait(acquisition)
                acquisition.in_doubt = False
                self.local.token = acquisition.token
                return True
            finally:
                acquisition.settle()

    def _wait(self, acquisition: Acquisition) -> None:
        if getattr(self.redis, "connection", None) is None:
            acquisition.wait()
        else:  # waiting on the client's one connection would keep the holder from giving back
            interruption.sleep(acquisition.pause())

    def locked(self) -> bool:
        """Return whether anybody holds the lock. Blocks."""
        with translating():
            return self._server_side.holder() is not None

    def owned(self) -> bool:
        """Return whether this holder holds the lock. Blocks."""
        with translating():
            return self._token is not None and self._server_side.holder() == self._token

    def release(self) -> None:
        """Give the lock back. Blocks.

        Raises:
            LockNotOwnedError: if it was lost before.
            LockError: if it was not acquired.
        """
        token = self._expected("release")
        self.local.token = None
        self.do_release(token)

    def do_release(self, expected_token: Any) -> None:
        """Give the lock back, if it is held by this token."""
        with translating():
            released = self._server_side.release(expected_token)
        if not released:
            raise self._not_owned("release")

    def extend(self, additional_time: float, replace_ttl: bool = False) -> Literal[True]:
        """Prolong the time after which the lock is free by itself, or set it. Blocks.

        Raises:
            LockNotOwnedError: if it was lost.
            LockError: if it was not acquired, or has no timeout.
        """
        token = self._expected("extend", timed=True)
        with translating():
            extended = self._server_side.extend(token, additional_time, "set" if replace_ttl else "add")
        if not extended:
            raise self._not_owned("extend")
        return True

    def reacquire(self) -> Literal[True]:
        """Let the whole ``timeout`` begin anew; raises as `extend` does. Blocks."""
        token = self._expected("reacquire", timed=True)
        with translating():
            extended = self._server_side.extend(token, self.timeout, "set")
        if not extended:
            raise self._not_owned("reacquire")
        return True
