"""The limit of the async clients: one connection for all tasks, what waits is written at once, hiredis parses."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Self

import hiredis

from benchmarks.workload import Place

_pack: Callable[[tuple[str | bytes, ...]], bytes] = hiredis.pack_command  # type: ignore[assignment]


class _Shared(asyncio.Protocol):
    def __init__(self) -> None:
        self.waiting: deque[asyncio.Future[Any]] = deque()
        self.unsent: list[bytes] = []
        self.reader = hiredis.Reader(encoding="utf-8")
        self.loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.reader.feed(data)
        waiting = self.waiting
        for reply in iter(self.reader.gets, False):
            waiting.popleft().set_result(reply)

    def ask(self, request: bytes) -> asyncio.Future[Any]:
        if not self.unsent:
            self.loop.call_soon(self._flush)
        self.unsent.append(request)
        answer = self.loop.create_future()
        self.waiting.append(answer)
        return answer

    def _flush(self) -> None:
        assert self.transport is not None
        self.transport.write(b"".join(self.unsent))
        self.unsent.clear()


class RawAsync:
    """Requests are made beforehand."""

    def __init__(self, place: Place) -> None:
        self.place = place

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        _, self._shared = await loop.create_connection(_Shared, self.place.host, self.place.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._shared.transport is not None
        self._shared.transport.close()

    def get(self, key: str) -> Callable[[], Awaitable[Any]]:
        ask, request = self._shared.ask, _pack(("GET", key))

        async def get() -> Any:
            return await ask(request)

        return get

    def pipeline(self, key: str, count: int) -> Callable[[], Awaitable[Any]]:
        shared, request = self._shared, _pack(("GET", key)) * count

        async def run() -> Any:
            last = shared.ask(request)
            answers = [shared.loop.create_future() for _ in range(count - 1)]
            shared.waiting.pop()
            shared.waiting.extend([*answers, last])
            await last
            return [answer.result() for answer in [*answers, last]]

        return run
