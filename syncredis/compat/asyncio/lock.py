"""redis-py's async `Lock`; how a lock is taken and given back is the core's."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any, Literal, Self

import anyio

from syncredis.compat.exceptions import LockError, LockNotOwnedError
from syncredis.compat.lock import LockState, Through
from syncredis.compat.translation import translating
from syncredis.lock_acquisition import Acquisition, ServerSide

logger = logging.getLogger(__name__)


class Lock(LockState):
    """A lock. Made by `Redis.lock`; nothing is contacted before `acquire`. See `syncredis.compat.lock.Lock`."""

    @property
    def _server_side(self) -> ServerSide:
        return self._requests(Through(self.redis.blocking), self.redis.connection_pool.blocking)

    @property
    def _worker(self) -> Any:
        return self.redis.connection_pool.worker

    async def __aenter__(self) -> Self:
        if await self.acquire():
            return self
        raise self._not_acquired()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.release()
        except LockError:
            if self.raise_on_release_error:
                raise
            logger.warning("Lock was unlocked or no longer owned when exiting context manager.")

    async def acquire(
        self,
        blocking: bool | None = None,
        blocking_timeout: float | None = None,
        token: Any = None,
        sleep: float | None = None,
    ) -> bool:
        """Take the lock, and return whether it was taken within ``blocking_timeout`` seconds."""
        pool = self.redis.connection_pool.blocking.core
        acquisition = self._acquisition(pool, self._server_side, sleep, blocking, blocking_timeout, token)
        with translating():
            try:
                while not await self._worker.run(acquisition.attempt):
                    if acquisition.is_over:
                        return False
                    await self._wait(acquisition)
                acquisition.in_doubt = False
                self.local.token = acquisition.token
                return True
            finally:
                acquisition.settle()

    async def _wait(self, acquisition: Acquisition) -> None:
        if acquisition.take_place():
            try:
                await self._worker.run(acquisition.wait_in_place)
            finally:
                acquisition.leave_place()
        else:
            await anyio.sleep(acquisition.pause())

    async def locked(self) -> bool:
        """Return whether anybody holds the lock."""
        with translating():
            return await self._worker.run(self._server_side.holder) is not None

    async def owned(self) -> bool:
        """Return whether this holder holds the lock."""
        with translating():
            return self._token is not None and await self._worker.run(self._server_side.holder) == self._token

    def release(self) -> Any:
        """Give the lock back; to be awaited.

        Raises:
            LockNotOwnedError: if it was lost before.
            LockError: if it was not acquired.
        """
        return self._release(self._expected("release"))

    async def _release(self, token: Any) -> None:
        try:
            await self.do_release(token)
        except LockNotOwnedError:
            self.local.token = None
            raise
        # Not before: whoever is cancelled in the middle may try again.
        self.local.token = None

    async def do_release(self, expected_token: Any) -> None:
        """Give the lock back, if it is held by this token."""
        with translating():
            released = await self._worker.run(self._server_side.release, expected_token)
        if not released:
            raise self._not_owned("release")

    def extend(self, additional_time: float, replace_ttl: bool = False) -> Any:
        """Prolong the time after which the lock is free by itself, or set it; to be awaited."""
        token = self._expected("extend", timed=True)
        return self._prolong(token, additional_time, "set" if replace_ttl else "add", "extend")

    def reacquire(self) -> Any:
        """Let the whole ``timeout`` begin anew; to be awaited."""
        return self._prolong(self._expected("reacquire", timed=True), self.timeout or 0, "set", "reacquire")

    async def _prolong(self, token: Any, seconds: float, how: str, what: str) -> Literal[True]:
        with translating():
            extended = await self._worker.run(self._server_side.extend, token, seconds, how)
        if not extended:
            raise self._not_owned(what)
        return True
