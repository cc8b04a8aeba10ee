"""`Lock`, to be awaited."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from types import TracebackType
from typing import Literal, Self

import anyio

from syncredis import lock as blocking
from syncredis.aio.worker import Worker
from syncredis.exceptions import RedisError
from syncredis.lock import Holding
from syncredis.lock_acquisition import Acquisition
from syncredis.typing import KeyT


class Lock:
    """The async twin of `syncredis.lock.Lock`. Made by `Redis.lock`.

    A cancelled task can not wait for the server: a lock that it was about to take, that it held, or that it was about to give
    back, is given back by a thread. ``on_lost`` is called in another thread, too, and not in the event loop.
    """

    def __init__(self, lock: blocking.Lock, worker: Worker) -> None:
        self.wrapped = lock
        self._worker = worker

    def __repr__(self) -> str:
        return repr(self.wrapped)

    async def __aenter__(self) -> Self:
        self.wrapped.enter(_current_task(), await self._acquire(self.wrapped.begin()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        holding = self.wrapped.leave(_current_task())
        # The block's own error goes before one about the lock.
        with nullcontext() if error is None else suppress(RedisError):
            await self._release(holding)

    @property
    def name(self) -> KeyT:
        """The key."""
        return self.wrapped.name

    @property
    def timeout(self) -> float | None:
        """Seconds; None: for ever."""
        return self.wrapped.timeout

    @property
    def lost(self) -> bool:
        """Whether the lock was lost while it was to be renewed, as far as is known here. Asks nobody."""
        return self.wrapped.lost

    async def acquire(
        self, sleep: float | None = None, blocking: bool | None = None, blocking_timeout: float | None = None
    ) -> bool:
        """Take the lock, and return whether it was taken; see `syncredis.lock.Lock.acquire`."""
        return await self._acquire(self.wrapped.begin(sleep, blocking, blocking_timeout)) is not None

    async def release(self) -> None:
        """Give the lock back; raises as `syncredis.lock.Lock.release` does."""
        await self._release(self.wrapped.holding())

    async def extend(self, additional_time: float, replace_ttl: bool = False) -> Literal[True]:
        """Prolong the time after which the lock is free by itself; see `syncredis.lock.Lock.extend`."""
        return await self._worker.run(self.wrapped.extend, additional_time, replace_ttl)

    async def reacquire(self) -> Literal[True]:
        """Let the whole ``timeout`` begin anew."""
        return await self._worker.run(self.wrapped.reacquire)

    async def locked(self) -> bool:
        """Return whether anybody holds the lock."""
        return await self._worker.run(self.wrapped.locked)

    async def owned(self) -> bool:
        """Return whether this object holds the lock."""
        return await self._worker.run(self.wrapped.owned)

    async def _acquire(self, acquisition: Acquisition) -> Holding | None:
        try:
            while not await self._worker.run(acquisition.attempt):
                if acquisition.is_over:
                    return None
                await self._wait(acquisition)
            return self.wrapped.hold(acquisition)
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

    async def _release(self, holding: Holding) -> None:
        try:
            await self._worker.run(self.wrapped.release_holding, holding)
        except Exception:
            raise
        except BaseException:
            self.wrapped.abandon(holding)
            raise


def _current_task() -> int:
    return anyio.get_current_task().id
