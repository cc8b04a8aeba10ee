"""redis-py's async `Retry`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anyio

from syncredis.compat.backoff import AbstractBackoff
from syncredis.compat.exceptions import ConnectionError, RedisError, TimeoutError
from syncredis.compat.retry import AbstractRetry

T = TypeVar("T")


class Retry(AbstractRetry):
    """How often to try again, as the async client takes it; see `syncredis.compat.retry.Retry`."""

    def __init__(
        self,
        backoff: AbstractBackoff,
        retries: int,
        supported_errors: tuple[type[Exception], ...] = (ConnectionError, TimeoutError),
    ) -> None:
        super().__init__(backoff, retries, supported_errors)

    async def call_with_retry(
        self,
        do: Callable[[], Awaitable[T]],
        fail: Callable[..., Any],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,
    ) -> T:
        """Return ``await do()``, called again after each of the supported errors."""
        self._backoff.reset()
        failures = 0
        while True:
            try:
                return await do()
            except self._supported_errors as error:
                if is_retryable is not None and not is_retryable(error):
                    raise
                failures += 1
                await fail(*((error, failures) if with_failure_count else (error,)))
                pause = self._next_pause(failures, error)
            if pause > 0:
                await anyio.sleep(pause)


__all__ = ["RedisError", "Retry"]
