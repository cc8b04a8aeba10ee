"""redis-py's async `Monitor`: the core's, with commands as dictionaries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

from syncredis.compat.monitor import as_dict
from syncredis.compat.translation import translating


class Monitor:
    """Shows what a server does. Made by `Redis.monitor`; belongs to one task at a time."""

    def __init__(self, connection_pool: Any) -> None:
        self.connection_pool = connection_pool
        self._wrapped = connection_pool.facade.monitor()

    async def connect(self) -> None:
        """Begin to listen."""
        with translating():
            await self._wrapped.start()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wrapped.aclose()

    async def next_command(self) -> dict[str, Any]:
        """Return the next command."""
        with translating():
            return as_dict(await self._wrapped.next_command(timeout=None))

    async def listen(self) -> AsyncIterator[dict[str, Any]]:
        """Yield commands for ever."""
        while True:
            yield await self.next_command()
