"""`Lock`: at most one holder at a time, in any number of processes, as long as one primary is in charge.

**Holding.** The key ``name`` holds the holder's token, a random one for each time that the lock is taken, and expires after
``timeout``. Taking is ``SET NX PX``; giving back and prolonging are scripts that compare the token and act, in one. So
nobody can give back or prolong what somebody else holds by now.

**Waiting.** Giving back leaves a sign in a list, ``name:released``, which the server passes to whoever has waited for it
longest (BLPOP). The sign is a hint and no title: whoever gets it tries to take the lock as everybody does. So it does
no harm if it is lost together with the one who got it, or somebody else was quicker. It makes waiting quick, cheap, and
nearly fair; a strict order is not promised. A dead holder gives no sign: its lock is free when its time is over, for
which waiting does not last longer than that, nor longer than `LONGEST_WAIT`.

Such a wait occupies a connection. At most a quarter of a pool's serve for it, so that holders can always give back. Who
finds none free tries again after ``sleep`` seconds, more or less.

**Doubt.** If the connection breaks while the lock is being taken, the token tells whether it was taken. If that can not be
found out, or nobody wants to know any more (a cancelled task), it is given back in the background.

Replication is asynchronous: a failover can forget a lock that was just taken. The lock protects against doing things twice
in almost all cases; what must never happen twice needs a check where it happens.

https://redis.io/docs/latest/develop/clients/patterns/distributed-locks/
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from syncredis.commands import Commands
from syncredis.exceptions import ConfigurationError, LockAcquisitionError, LockError, LockNotOwnedError, RedisError
from syncredis.lock_acquisition import Acquisition, ServerSide
from syncredis.lock_renewal import Renewal
from syncredis.pool import ConnectionPool
from syncredis.typing import KeyT


@dataclass(eq=False, slots=True)
class Holding:
    """What a lock object has acquired.

    Attributes:
        token: what the key held then.
        renewal: prolongs it.
    """

    token: bytes
    renewal: Renewal | None

    def stop_renewal(self) -> None:
        """Let it run out from now on."""
        if self.renewal is not None:
            self.renewal.stop()

    #: A lock that was forgotten is prolonged no longer.
    __del__ = stop_renewal


class Lock:
    """A lock. Made by `syncredis.Redis.lock`; thread-safe. Nothing is contacted before `acquire`.

    An object stands for one holder: who has it may release it, in any thread. Where several may compete, in threads or
    tasks, let each make its own, or use ``with``, which releases what it took and nothing else.

    Attributes:
        name: the key.
        timeout: seconds; None: for ever.
    """

    def __init__(
        self,
        commands: Commands[Any],
        pool: ConnectionPool,
        name: KeyT,
        timeout: float | None = None,
        sleep: float = 0.1,
        blocking: bool = True,
        blocking_timeout: float | None = None,
        *,
        renew: bool = False,
        on_lost: Callable[[], Any] | None = None,
    ) -> None:
        _require_seconds("timeout", timeout)
        _require_seconds("sleep", sleep)
        _require_seconds("blocking_timeout", blocking_timeout, zero_allowed=True)
        if renew and timeout is None:
            raise ConfigurationError("renew=True needs a timeout: a lock for ever can not be prolonged")
        self.name = name
        self.timeout = timeout
        self._sleep = sleep
        self._blocking = blocking
        self._blocking_timeout = blocking_timeout
        self._renew = renew
        self._on_lost = on_lost
        self._pool = pool
        self._server_side = ServerSide(commands, pool, name, pool.config.encoding)
        self._holding: Holding | None = None
        # What each thread or task has entered ``with`` the lock by: after it was lost, there may be several.
        self._entered: list[tuple[int, Holding]] = []

    def __repr__(self) -> str:
        state = "lost" if self.lost else "acquired" if self._holding else "not acquired"
        return f"<{type(self).__name__} {self.name!r}: {state} by this object>"

    def __enter__(self) -> Self:
        self.enter(threading.get_ident(), self._acquire(self.begin()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        holding = self.leave(threading.get_ident())
        # The block's own error goes before one about the lock.
        with nullcontext() if error is None else suppress(RedisError):
            self.release_holding(holding)

    @property
    def lost(self) -> bool:
        """Whether the lock was lost while it was to be renewed, as far as is known here. Asks nobody."""
        holding = self._holding
        return holding is not None and holding.renewal is not None and holding.renewal.lost

    def acquire(
        self, sleep: float | None = None, blocking: bool | None = None, blocking_timeout: float | None = None
    ) -> bool:
        """Take the lock, and return whether it was taken. Blocks until it is, for at most ``blocking_timeout`` seconds.

        Args:
            sleep: as given to `syncredis.Redis.lock`, which it overrides for this call, like the others.
            blocking: False: try once.
            blocking_timeout: seconds to wait.

        Raises:
            RedisError: what `syncredis.Redis.execute` raises. If the lock was taken after all, it is given back.
        """
        return self._acquire(self.begin(sleep, blocking, blocking_timeout)) is not None

    def release(self) -> None:
        """Give the lock back. Blocks.

        Raises:
            LockNotOwnedError: if it was lost before: its time was over, or somebody deleted it.
            LockError: if this object has not acquired it.
            OutcomeUnknownError: if it is not known whether it was still held; it certainly is not any more.
        """
        self.release_holding(self.holding())

    def extend(self, additional_time: float, replace_ttl: bool = False) -> Literal[True]:
        """Prolong the time after which the lock is free by itself. Blocks.

        Args:
            additional_time: seconds that are added to the time that is left.
            replace_ttl: take ``additional_time`` for the whole time from now on.

        Raises:
            LockNotOwnedError: if it was lost.
            LockError: if this object has not acquired it, or it has no timeout.
        """
        _require_seconds("additional_time", additional_time)
        return self._extend(additional_time, "set" if replace_ttl else "add")

    def reacquire(self) -> Literal[True]:
        """Let the whole ``timeout`` begin anew; raises as `extend` does. Blocks."""
        return self._extend(self.timeout or 0, "set")

    def locked(self) -> bool:
        """Return whether anybody holds the lock. Blocks."""
        return self._server_side.holder() is not None

    def owned(self) -> bool:
        """Return whether this object holds the lock. Blocks."""
        holding = self._holding
        return holding is not None and self._server_side.holder() == holding.token

    def _acquire(self, acquisition: Acquisition) -> Holding | None:
        try:
            while not acquisition.attempt():
                if acquisition.is_over:
                    return None
                acquisition.wait()
            return self.hold(acquisition)
        finally:
            acquisition.settle()

    def _extend(self, seconds: float, how: str) -> Literal[True]:
        holding = self.holding()
        if self.timeout is None:
            raise LockError(f"the lock {self.name!r} has no timeout that could be prolonged")
        if not self._server_side.extend(holding.token, seconds, how):
            raise self._not_owned()
        return True

    # --- for the facade, too ----------------------------------------------------------------------------

    def begin(
        self, sleep: float | None = None, blocking: bool | None = None, blocking_timeout: float | None = None
    ) -> Acquisition:
        """Return an attempt to acquire, about to be made."""
        _require_seconds("sleep", sleep)
        _require_seconds("blocking_timeout", blocking_timeout, zero_allowed=True)
        limit = self._blocking_timeout if blocking_timeout is None else blocking_timeout
        if not (self._blocking if blocking is None else blocking):
            limit = 0
        deadline = math.inf if limit is None else time.monotonic() + limit
        pause = self._sleep if sleep is None else sleep
        return Acquisition(self._pool, self._server_side, self.timeout, pause, deadline)

    def hold(self, acquisition: Acquisition) -> Holding:
        """Note that an acquisition succeeded. Never blocks."""
        renewal = None
        if self._renew and self.timeout is not None:
            server_side, token, timeout = self._server_side, acquisition.token, self.timeout
            renewal = Renewal(
                lambda: server_side.extend(token, timeout, "least"), timeout, acquisition.since, self._on_lost
            )
            renewal.start()
        holding = self._holding = Holding(acquisition.token, renewal)
        acquisition.in_doubt = False
        return holding

    def holding(self) -> Holding:
        """Return what this object holds, as far as it knows."""
        holding = self._holding
        if holding is None:
            raise LockError(f"the lock {self.name!r} was not acquired by this object")
        return holding

    def release_holding(self, holding: Holding) -> None:
        """`release` for what was acquired at a certain time. Blocks."""
        holding.stop_renewal()
        released = self._server_side.release(holding.token)
        if self._holding is holding:
            self._holding = None
        if not released:
            raise self._not_owned()

    def abandon(self, holding: Holding) -> None:
        """`release_holding` in the background, where nobody can wait for it."""
        holding.stop_renewal()
        if self._holding is holding:
            self._holding = None
        self._server_side.release_in_background(holding.token)

    def enter(self, who: int, holding: Holding | None) -> None:
        """Note what a thread or task has entered ``with`` the lock by."""
        if holding is None:
            raise LockAcquisitionError(f"the lock {self.name!r} could not be acquired in time")
        self._entered.append((who, holding))

    def leave(self, who: int) -> Holding:
        """Return what it has entered by. If it has not, as when a fixture is left in another task, what was entered by last."""
        entered = list(self._entered)
        entry = next((entry for entry in reversed(entered) if entry[0] == who), entered[-1])
        self._entered.remove(entry)
        return entry[1]

    def _not_owned(self) -> LockNotOwnedError:
        return LockNotOwnedError(f"the lock {self.name!r} is no longer held by this object")


def _require_seconds(name: str, value: float | None, *, zero_allowed: bool = False) -> None:
    if value is None:
        return
    if not isinstance(value, (int, float)) or not (0 < value < math.inf or (zero_allowed and value == 0)):
        raise ConfigurationError(f"{name}={value!r} must be a number of seconds, more than 0")
