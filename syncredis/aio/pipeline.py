"""`Pipeline`, to be awaited: queueing is the blocking one's, which sends nothing; what sends runs in worker threads."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from types import TracebackType
from typing import Any, Self, cast

from syncredis import pipeline as blocking
from syncredis._generated import PipelineCommands
from syncredis.aio._generated import AsyncCommands
from syncredis.aio.dispatcher import Dispatcher
from syncredis.aio.iteration import Chunks
from syncredis.aio.worker import Worker
from syncredis.command import Command
from syncredis.pipeline import answer
from syncredis.pipeline_queue import PipelineResult
from syncredis.typing import AnyStr, EncodableT, KeyT, T


class Watched(AsyncCommands[AnyStr]):
    """The async twin of `syncredis.pipeline.Watched`."""

    __slots__ = ("_worker", "wrapped")

    def __init__(self, watched: blocking.Watched[AnyStr], worker: Worker) -> None:
        self.wrapped: blocking.Watched[AnyStr] = watched
        self._worker = worker

    async def execute(self, command: Command[T]) -> T:
        """Carry out a command and return its decoded reply."""
        return await self._worker.run(self.wrapped.execute, command)


class Pipeline(PipelineCommands[AnyStr]):
    """The async twin of `syncredis.pipeline.Pipeline`. Made by `Redis.pipeline`; belongs to one task at a time."""

    __slots__ = ("_dispatcher", "_worker", "wrapped")

    def __init__(self, pipeline: blocking.Pipeline[AnyStr], worker: Worker, dispatcher: Dispatcher) -> None:
        super().__init__(pipeline._commands)
        self.wrapped: blocking.Pipeline[AnyStr] = pipeline
        self._worker = worker
        self._dispatcher = dispatcher

    def __len__(self) -> int:
        """How many commands are queued."""
        return len(self.wrapped)

    def __bool__(self) -> bool:
        """True, also when nothing is queued."""
        return True

    def __repr__(self) -> str:
        return repr(self.wrapped)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.reset()
        else:
            self.abandon()  # a cancelled task can not wait for a round trip

    def execute_command(self, *arguments: EncodableT) -> PipelineResult[Any]:
        """Queue any command as it stands; its reply is not decoded."""
        return self.wrapped.execute_command(*arguments)

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Send what is queued, and return the decoded replies; see `syncredis.pipeline.Pipeline.execute`."""
        if self.wrapped.needs_connection:
            return await self._worker.run(self.wrapped.execute, raise_on_error)
        queued, batch = self.wrapped.take()
        if not queued:
            return []
        outcomes = await self._dispatcher.execute_batch(batch, self.wrapped.execute_batch)
        answer(queued, outcomes, raise_on_error=raise_on_error)
        return outcomes

    def iterate(self, recorded: Iterable[T], chunk_size: int = 1000) -> Chunks[T]:
        """Execute any number of commands in bounded memory; see `syncredis.pipeline.Pipeline.iterate`."""
        source = iter(recorded)

        async def fetch() -> list[T] | None:
            chunk = cast("list[Command[Any]]", list(islice(source, chunk_size)))
            return await self._worker.run(self.wrapped.execute_chunk, chunk) if chunk else None

        return Chunks(fetch)

    async def watch(self, *names: KeyT) -> Watched[AnyStr]:
        """Watch keys, and return commands that are executed at once; see `syncredis.pipeline.Pipeline.watch`."""
        return Watched(await self._worker.run(self.wrapped.watch, *names), self._worker)

    async def reset(self) -> None:
        """Forget what is queued and what is watched."""
        try:
            await self._worker.run(self.wrapped.reset)
        finally:
            self.abandon()  # if it was cancelled before it began

    def abandon(self) -> None:
        """`reset` without a round trip: the connection that watches is closed instead. Never blocks."""
        self.wrapped.abandon()
