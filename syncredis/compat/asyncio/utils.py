"""What redis-py's users import from its ``asyncio.utils``."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from syncredis.compat.asyncio.client import Redis


def from_url(url: str, **kwargs: Any) -> Redis:
    """Return a client for a URL; see `syncredis.compat.asyncio.client.Redis.from_url`."""
    return Redis.from_url(url, **kwargs)


class pipeline:  # noqa: N801 - redis-py's name
    """A pipeline for an ``async with`` block, executed at its end."""

    def __init__(self, redis_obj: Redis) -> None:
        self.p = redis_obj.pipeline()

    async def __aenter__(self) -> Any:
        return self.p

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.p.execute()
        del self.p
