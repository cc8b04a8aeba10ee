"""`Worker`: runs the blocking core's calls in worker threads.

A thread can not be cancelled, what it is blocked on can: when the awaiting task is cancelled, the call is interrupted (its
socket shut down, its waiting ended) and the task goes on at once. The thread wakes by itself, closes the connection, gives
the pool's slot back and ends the call. Nothing is shielded.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

from syncredis.exceptions import PoolTimeoutError
from syncredis.interruption import Interruption

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


class Worker:
    """Runs blocking calls for one client, at most ``threads`` at a time in each event loop.

    ``threads`` is the size of the client's pool: then no thread waits for a connection; tasks do, which costs less.

    Args:
        threads: how many calls may run at once.
        timeout: seconds that a task waits for its turn; None: no limit.
    """

    __slots__ = ("__weakref__", "_threads", "_timeout")

    def __init__(self, threads: int, timeout: float | None) -> None:
        self._threads = threads
        self._timeout = timeout

    async def run(self, function: Callable[[Unpack[Arguments]], T], *arguments: *Arguments) -> T:
        """Return ``function(*arguments)``, called in a worker thread. Cancelling interrupts it and returns at once.

        Raises:
            PoolTimeoutError: if it could not begin within the timeout.
        """
        limits = _limits()
        turns = limits.turns_of(self)
        mine = object()
        try:
            turns.acquire_on_behalf_of_nowait(mine)
        except anyio.WouldBlock:
            await self._wait_for_turn(turns, mine)
        call = Interruption()
        try:
            # The turn was taken above, where waiting for it has a limit of its own: here nothing is waited for.
            return await anyio.to_thread.run_sync(
                lambda: call.run(function, *arguments), abandon_on_cancel=True, limiter=limits.none
            )
        except BaseException:
            call.interrupt()
            raise
        finally:
            turns.release_on_behalf_of(mine)

    async def _wait_for_turn(self, turns: anyio.CapacityLimiter, mine: object) -> None:
        try:
            with anyio.fail_after(self._timeout):
                await turns.acquire_on_behalf_of(mine)
        except TimeoutError:
            raise PoolTimeoutError(
                f"all {self._threads} connections (max_connections) stayed in use for {self._timeout:g} s (pool_timeout)"
            ) from None


class _Limits:
    """The limiters of one event loop: they can not be shared between loops, workers can."""

    def __init__(self) -> None:
        self.none = anyio.CapacityLimiter(math.inf)
        self._turns: weakref.WeakKeyDictionary[Worker, anyio.CapacityLimiter] = weakref.WeakKeyDictionary()

    def turns_of(self, worker: Worker) -> anyio.CapacityLimiter:
        limiter = self._turns.get(worker)
        if limiter is None:
            limiter = self._turns[worker] = anyio.CapacityLimiter(worker._threads)
        return limiter


_limits_of_loop: RunVar[_Limits] = RunVar("syncredis_limits")


def _limits() -> _Limits:
    try:
        return _limits_of_loop.get()
    except LookupError:
        limits = _Limits()
        _limits_of_loop.set(limits)
        return limits
