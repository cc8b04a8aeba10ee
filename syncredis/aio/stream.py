"""`Consumer` and `GroupConsumer`, to be awaited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Generic, Self

from syncredis.aio._generated import AsyncCommands
from syncredis.exceptions import RedisError
from syncredis.stream import GroupReading, Reading, Steps, StreamMessage
from syncredis.typing import AnyStr, KeyT


class Consumer(Generic[AnyStr]):
    """The async twin of `syncredis.stream.Consumer`. Cancelling a task that waits for an entry loses none."""

    def __init__(
        self, client: AsyncCommands[AnyStr], streams: Mapping[Any, str | bytes] | Iterable[KeyT], *, count: int = 100
    ) -> None:
        self._client: AsyncCommands[AnyStr] = client
        self._reading: Reading[AnyStr] = Reading(streams, count=count)

    def __aiter__(self) -> Self:
        """Yield entries for ever."""
        return self

    async def __anext__(self) -> StreamMessage[AnyStr]:
        while (message := await self.get_message(None)) is None:
            pass
        return message

    async def get_message(self, timeout: float | None = 0.0) -> StreamMessage[AnyStr] | None:
        """Return the next entry, or None if there is none within ``timeout`` seconds (None: wait for ever)."""
        message: StreamMessage[AnyStr] | None = await run_steps(self._client, self._reading.next(timeout))
        return message


class GroupConsumer(Generic[AnyStr]):
    """The async twin of `syncredis.stream.GroupConsumer`."""

    def __init__(
        self,
        client: AsyncCommands[AnyStr],
        streams: Iterable[KeyT],
        group: KeyT,
        consumer: KeyT,
        *,
        count: int = 100,
        create_from: str | None = "0",
        auto_acknowledge: bool = False,
        reclaim_after: float | None = None,
    ) -> None:
        self._client: AsyncCommands[AnyStr] = client
        self._reading: GroupReading[AnyStr] = GroupReading(
            streams,
            group,
            consumer,
            count=count,
            create_from=create_from,
            acknowledge=auto_acknowledge,
            reclaim_after=reclaim_after,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            await self.aclose()

    def __aiter__(self) -> Self:
        """Yield entries for ever."""
        return self

    async def __anext__(self) -> StreamMessage[AnyStr]:
        while (message := await self.get_message(None)) is None:
            pass
        return message

    async def get_message(self, timeout: float | None = 0.0) -> StreamMessage[AnyStr] | None:
        """Return the next entry, or None if there is none within ``timeout`` seconds (None: wait for ever)."""
        message: StreamMessage[AnyStr] | None = await run_steps(self._client, self._reading.next(timeout))
        return message

    async def acknowledge(self, message: StreamMessage[AnyStr]) -> bool:
        """Say that an entry was worked on; return whether it was pending."""
        return bool(await run_steps(self._client, self._reading.acknowledge(message)))

    async def aclose(self) -> None:
        """With ``auto_acknowledge``, acknowledge what was handed out last."""
        await run_steps(self._client, self._reading.finish())


async def run_steps(client: AsyncCommands[Any], steps: Steps) -> Any:
    """Carry out the commands that ``steps`` yields, and return its result."""
    try:
        command = next(steps)
        while True:
            try:
                reply = await client.execute(command)
            except RedisError as error:
                command = steps.throw(error)
            else:
                command = steps.send(reply)
    except StopIteration as done:
        return done.value
