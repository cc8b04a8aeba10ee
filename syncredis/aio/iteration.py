"""`Chunks`: an async iterator over what comes in chunks.

Not an async generator: leaving the loop over one of those before its end leaves it to the garbage collector to finish it, in
the wrong context and, on trio, with a warning.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Self

from syncredis.typing import T


class Chunks(Generic[T]):
    """Yields the elements of one chunk after the other.

    Args:
        fetch: returns the next chunk, which may be empty; None: there is no other.
    """

    __slots__ = ("_fetch", "_fetched")

    def __init__(self, fetch: Callable[[], Awaitable[Sequence[T] | None]]) -> None:
        self._fetch = fetch
        self._fetched: deque[T] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._fetched:
            chunk = await self._fetch()
            if chunk is None:
                raise StopAsyncIteration
            self._fetched.extend(chunk)
        return self._fetched.popleft()
