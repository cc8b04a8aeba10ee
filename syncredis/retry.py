"""Trying again: the policy as a value, and what obeys it.

Whether a call *may* be tried again follows from the error and the command alone: only if it is proven that the server has
not carried it out, or if carrying it out twice does no harm. Whether it *is* tried again, how often and how long, is the
policy's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from syncredis import interruption
from syncredis.exceptions import (
    ConnectionError,
    NoScriptError,
    OutcomeUnknownError,
    OutcomeUnknownTimeoutError,
    RedisError,
    ResponseError,
    ServerStateError,
    TimeoutError,
)
from syncredis.observation import note_retry
from syncredis.typing import T


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long a call that failed is tried again.

    Attributes:
        retries: further attempts after the first; None: any number within ``deadline``.
        deadline: seconds after the first failure from which on no attempt begins; None: no limit.
        base_delay: seconds of the first pause; each next one is twice as long.
        max_delay: seconds of the longest pause.
        after_timeout: whether a call is tried again after a `TimeoutError`, too.
    """

    retries: int | None = 3
    deadline: float | None = None
    base_delay: float = 0.01
    max_delay: float = 0.25
    after_timeout: bool = False

    def pause(self, attempt: int) -> float:
        """Return the seconds to wait before the further attempt number ``attempt``, which counts from 1.

        Between half and all of the exponential step, by chance, so that many callers do not return at once.
        """
        from random import uniform  # brings OpenSSL with it, for one algorithm of hashlib's

        step = min(self.max_delay, self.base_delay * 2.0 ** min(attempt - 1, 30))
        return step * uniform(0.5, 1.0)


#: For a server at a fixed place: it may have closed an idle connection, or be restarting this moment.
DEFAULT_RETRY: Final = RetryPolicy()

#: The first failure is final.
NO_RETRY: Final = RetryPolicy(retries=0)


class Request(Protocol):
    """What is tried again: a command, or several at once."""

    @property
    def name(self) -> str:
        """What to call it in a message."""
        ...

    @property
    def runs_code(self) -> bool:
        """Whether a script or function is among it."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether it changes nothing, so that it may be carried out twice."""
        ...


class Attempts:
    """What has been tried in vain for one request: tells whether, and when, to try again. Begins with the first failure.

    `retry` obeys it by blocking; the facade, by sleeping in its event loop.
    """

    __slots__ = ("_count", "_policy", "_request", "_started")

    def __init__(self, policy: RetryPolicy, request: Request) -> None:
        self._policy = policy
        self._request = request
        self._started = time.monotonic()
        self._count = 0

    def pause_after(self, error: RedisError) -> float:
        """Return the seconds to wait before the next attempt, after one that failed with ``error``.

        Raises:
            OutcomeUnknownError: if the server may have carried out a command that is not safe to repeat.
            RedisError: ``error`` itself, if it is final.
        """
        request = self._request
        check_outcome(request, error)
        if isinstance(error, ResponseError) and request.runs_code and not refused(error):
            error.not_applied = False
            raise error
        self._count += 1
        pause = self._policy.pause(self._count)
        if not _may_retry(self._policy, error, self._count, time.monotonic() + pause - self._started):
            raise error
        return pause


def retry(
    policy: RetryPolicy,
    request: Request,
    attempt: Callable[[], T],
    error: RedisError,
    closed: Callable[[], bool] = lambda: False,
    wait: Callable[[float], None] = interruption.sleep,
) -> T:
    """Try ``attempt`` again after it failed with ``error``, as far as request, error and policy allow. Blocks.

    ``closed`` tells whether the client was closed meanwhile: then there is no further attempt. ``wait`` blocks for the pause
    between two attempts, or for less where it learns that there is reason to hope.

    Raises:
        OutcomeUnknownError: if the server may have carried out a command that is not safe to repeat.
        InterruptedCallError: if the client was closed meanwhile.
        RedisError: the last attempt's error in every other case.
    """
    attempts = Attempts(policy, request)
    while True:
        wait(attempts.pause_after(error))
        if closed():
            raise interruption.interrupted_before("it was tried again: the client was closed") from error
        note_retry()
        try:
            return attempt()
        except RedisError as next_error:
            error = next_error


def refused(error: ResponseError) -> bool:
    """Whether the server refused even to begin, where a script or function could have been the one that says so."""
    return isinstance(error, NoScriptError) or (isinstance(error, ServerStateError) and error.is_the_servers)


def check_outcome(request: Request, error: RedisError) -> None:
    """Raise `OutcomeUnknownError` if after ``error`` it is not known whether ``request`` was carried out, and that matters."""
    if isinstance(error, ConnectionError) and not error.not_applied and not request.read_only:
        kind = OutcomeUnknownTimeoutError if isinstance(error, TimeoutError) else OutcomeUnknownError
        raise kind(
            f"{request.name} was sent, but no reply came ({error}); the server may have carried it out"
        ) from error


def _may_retry(policy: RetryPolicy, error: RedisError, count: int, elapsed: float) -> bool:
    if not error.transient or (isinstance(error, TimeoutError) and not policy.after_timeout):
        return False
    if policy.retries is not None and count > policy.retries:
        return False
    return policy.deadline is None or elapsed <= policy.deadline
