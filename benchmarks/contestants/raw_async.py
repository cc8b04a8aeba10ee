"""The limit of the async clients: one connection for all tasks, what waits is written at once, hiredis parses."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self, cast

import hiredis

from benchmarks.workload import Place

_pack: Callable[[tuple[str | bytes, ...]], bytes] = hiredis.pack_command  # type: ignore[assignment]


class _Shared(asyncio.Protocol):
    def __init__(self, encoding: str | None = "utf-8") -> None:
        self.waiting: deque[asyncio.Future[Any]] = deque()
        self.unsent: list[bytes] = []
        self.reader = hiredis.Reader(encoding=encoding)
        self.loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's looks like one, and is none

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


class _Heard(asyncio.Protocol):
    def __init__(self) -> None:
        self.messages: deque[Any] = deque()
        self.came = asyncio.Event()
        self.reader = hiredis.Reader(encoding="utf-8")

    def data_received(self, data: bytes) -> None:
        self.reader.feed(data)
        self.messages.extend(iter(self.reader.gets, False))
        self.came.set()


def _asking(shared: _Shared, request: bytes) -> Callable[[], Awaitable[Any]]:
    ask = shared.ask

    async def operation() -> Any:
        return await ask(request)

    return operation


class RawAsync:
    """Requests are made beforehand."""

    def __init__(self, place: Place) -> None:
        self.place = place

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        _, self._shared = await loop.create_connection(_Shared, self.place.host, self.place.port)
        _, self._bytes = await loop.create_connection(lambda: _Shared(None), self.place.host, self.place.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        for shared in (self._shared, self._bytes):
            assert shared.transport is not None
            shared.transport.close()

    def get(self, key: str, *, text: bool = True) -> Callable[[], Awaitable[Any]]:
        return _asking(self._shared if text else self._bytes, _pack(("GET", key)))

    def set(self, key: str, value: bytes) -> Callable[[], Awaitable[Any]]:
        return _asking(self._bytes, _pack(("SET", key, value)))

    async def messages(self, channel: str) -> AsyncIterator[Any]:
        """Yield the confirmation, and then what is published, as it came."""
        loop = asyncio.get_running_loop()
        transport, heard = await loop.create_connection(_Heard, self.place.host, self.place.port)
        transport.write(_pack(("SUBSCRIBE", channel)))
        try:
            while True:
                while heard.messages:
                    yield heard.messages.popleft()
                heard.came.clear()
                await heard.came.wait()
        finally:
            transport.close()

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
