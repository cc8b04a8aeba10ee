"""redis-py's `Retry`, and what the core makes of it.

Clients obey a `Retry` through the core's own loop: how often and with which pauses is the `Retry`'s to say, whether at all is
not. What a server may have carried out already is never sent again, unless it changes nothing.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import sleep
from typing import Any, TypeVar

from syncredis.compat.backoff import AbstractBackoff, NoBackoff
from syncredis.compat.exceptions import ConnectionError, RedisError, TimeoutError
from syncredis.retry import DEFAULT_RETRY, RetryPolicy

T = TypeVar("T")


class AbstractRetry(ABC):
    """How often to try again, and after which errors.

    Args:
        backoff: how long to pause.
        retries: further attempts after the first; negative: any number.
        supported_errors: after which errors.
    """

    def __init__(self, backoff: AbstractBackoff, retries: int, supported_errors: tuple[type[Exception], ...]) -> None:
        self._backoff = backoff
        self._retries = retries
        self._supported_errors = supported_errors

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AbstractRetry):
            return NotImplemented
        return self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def _facts(self) -> tuple[object, ...]:
        return self._backoff, self._retries, frozenset(self._supported_errors)

    def get_retries(self) -> int:
        """Return how many further attempts there are."""
        return self._retries

    def update_retries(self, value: int) -> None:
        """Set how many further attempts there are."""
        self._retries = value

    def update_supported_errors(self, specified_errors: Iterable[type[Exception]]) -> None:
        """Add errors after which to try again."""
        self._supported_errors = tuple({*self._supported_errors, *specified_errors})

    def policy(self) -> RetryPolicy:
        """Return what this means for the core."""
        after_timeout = any(issubclass(TimeoutError, kind) for kind in self._supported_errors)
        at_all = after_timeout or any(issubclass(ConnectionError, kind) for kind in self._supported_errors)
        retries = 0 if not at_all else None if self._retries < 0 else self._retries
        return _Policy(retries=retries, after_timeout=after_timeout, backoff=self._backoff)

    def _next_pause(self, failures: int, error: Exception) -> float:
        if 0 <= self._retries < failures:
            raise error
        return self._backoff.compute(failures)

    @abstractmethod
    def call_with_retry(self, do: Callable[[], Any], fail: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call ``do`` until it succeeds."""


class Retry(AbstractRetry):
    """A `retry` as the blocking client takes it."""

    def __init__(
        self,
        backoff: AbstractBackoff,
        retries: int,
        supported_errors: tuple[type[Exception], ...] = (ConnectionError, TimeoutError, socket.timeout),
    ) -> None:
        super().__init__(backoff, retries, supported_errors)

    def call_with_retry(
        self,
        do: Callable[[], T],
        fail: Callable[..., Any],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,
    ) -> T:
        """Return ``do()``, called again after each of the supported errors. Blocks.

        Args:
            do: what to try.
            fail: called with each error, before the pause.
            is_retryable: says for an error whether to try again.
            with_failure_count: whether ``fail`` gets the number of failures, too.
        """
        self._backoff.reset()
        failures = 0
        while True:
            try:
                return do()
            except self._supported_errors as error:
                if is_retryable is not None and not is_retryable(error):
                    raise
                failures += 1
                fail(*((error, failures) if with_failure_count else (error,)))
                pause = self._next_pause(failures, error)
            if pause > 0:
                sleep(pause)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy(RetryPolicy):
    """The core's policy, with pauses as a backoff computes them."""

    backoff: AbstractBackoff

    def pause(self, attempt: int) -> float:
        """Return the seconds to wait before the further attempt number ``attempt``."""
        if attempt == 1:
            self.backoff.reset()
        return self.backoff.compute(attempt)


def policy_of(options: dict[str, Any], default: RetryPolicy = DEFAULT_RETRY) -> RetryPolicy:
    """Return how a pool whose connections have these options tries again; ``default`` where they do not say."""
    retry = options.get("retry")
    more: list[Any] = list(options.get("retry_on_error") or ())
    if options.get("retry_on_timeout"):
        more.append(TimeoutError)
    if retry is None:
        if "retry" not in options and not more:
            return default
        return _Policy(retries=1 if more else 0, after_timeout=TimeoutError in more, backoff=NoBackoff())
    policy: RetryPolicy = retry.policy()
    if TimeoutError in more and not policy.after_timeout and isinstance(policy, _Policy):
        return _Policy(retries=policy.retries, after_timeout=True, backoff=policy.backoff)
    return policy


def blocking(retry: Any) -> Any:
    """Return a `Retry` for blocking calls that says the same: the async one's would have to be awaited."""
    if isinstance(retry, AbstractRetry) and not isinstance(retry, Retry):
        return Retry(retry._backoff, retry._retries, retry._supported_errors)
    return retry


def of_connection(options: dict[str, Any]) -> Retry:
    """Return the `Retry` that a connection with these options shows."""
    retry = options.get("retry")
    more: list[Any] = list(options.get("retry_on_error") or ())
    if options.get("retry_on_timeout"):
        more.append(TimeoutError)
    retry = Retry(NoBackoff(), 1 if more else 0) if retry is None else blocking(retry)
    if more:
        retry = type(retry)(retry._backoff, retry._retries, retry._supported_errors)
        retry.update_supported_errors(more)
    return retry


__all__ = ["AbstractRetry", "RedisError", "Retry"]
