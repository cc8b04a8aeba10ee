"""Iterators of async clients with a connection of their own; see `syncredis.compat.scanning`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from syncredis.aio.iteration import Chunks
from syncredis.aio.scanning import AsyncScanIterators
from syncredis.command import Command
from syncredis.compat.scanning import ask_for_part
from syncredis.scanning import PartT
from syncredis.typing import T


class IterationsThrough(AsyncScanIterators[Any]):
    """The iterators of an async client, each of whose parts it carries out itself."""

    __slots__ = ("_client",)

    def __init__(self, client: Any) -> None:
        self._client = client

    def _iterate(self, record: Callable[[int], PartT], elements: Callable[[PartT], Sequence[T]]) -> Chunks[T]:
        cursor: int | None = 0

        async def fetch() -> Sequence[T] | None:
            nonlocal cursor
            if cursor is None:
                return None
            part: PartT = await ask_for_part(self._client, record, cursor)
            cursor = part.cursor or None
            return elements(part)

        return Chunks(fetch)

    async def execute(self, command: Command[T]) -> T:
        """Carry a command out."""
        return await self._client.execute(command)  # type: ignore[no-any-return]
