"""`Script`, to be awaited."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any, Generic, overload

from syncredis import script as blocking
from syncredis.aio._generated import AsyncCommands
from syncredis.commands import Recorder
from syncredis.exceptions import NoScriptError
from syncredis.pipeline_queue import PipelineCommandGroup, PipelineResult
from syncredis.script import operands_of
from syncredis.typing import AnyStr, EncodableT, KeyT


class Script(Generic[AnyStr]):
    """The async twin of `syncredis.script.Script`. Made by `Redis.register_script`."""

    __slots__ = ("client", "wrapped")

    def __init__(self, client: AsyncCommands[AnyStr], script: blocking.Script[AnyStr]) -> None:
        self.client: AsyncCommands[AnyStr] = client
        self.wrapped: blocking.Script[AnyStr] = script

    def __repr__(self) -> str:
        return repr(self.wrapped)

    @property
    def script(self) -> bytes:
        """The text, as it is sent."""
        return self.wrapped.script

    @property
    def sha(self) -> str:
        """Its digest."""
        return self.wrapped.sha

    @property
    def read_only(self) -> bool:
        """Whether it may not write."""
        return self.wrapped.read_only

    @overload
    def __call__(
        self, keys: Iterable[KeyT] = (), args: Iterable[EncodableT] = (), *, client: PipelineCommandGroup[Any]
    ) -> PipelineResult[Any]: ...

    @overload
    def __call__(self, keys: Iterable[KeyT] = (), args: Iterable[EncodableT] = (), *, client: Recorder[Any]) -> Any: ...

    @overload
    def __call__(
        self, keys: Iterable[KeyT] = (), args: Iterable[EncodableT] = (), client: AsyncCommands[Any] | None = None
    ) -> Coroutine[Any, Any, Any]: ...

    def __call__(
        self,
        keys: Iterable[KeyT] = (),
        args: Iterable[EncodableT] = (),
        client: AsyncCommands[Any] | PipelineCommandGroup[Any] | Recorder[Any] | None = None,
    ) -> Any:
        """Run the script; what a client returns is to be awaited, what a pipeline returns is not, as with commands."""
        if isinstance(client, PipelineCommandGroup):
            return self.wrapped(keys, args, client=client)
        if isinstance(client, Recorder):
            return self.wrapped(keys, args, client)
        return self._run(self.client if client is None else client, operands_of(keys, args))

    async def _run(self, client: AsyncCommands[Any], operands: tuple[EncodableT, ...]) -> Any:
        try:
            return await client.execute(self.wrapped.by_digest(operands))
        except NoScriptError:
            return await client.execute(self.wrapped.in_full(operands))
