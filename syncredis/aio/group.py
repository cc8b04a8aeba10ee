"""`AsyncCommandGroup`: what the generated groups of async command methods are built on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Coroutine
from typing import Any, Generic

from syncredis.command import Command
from syncredis.commands import Recorder
from syncredis.typing import AnyStr, T

#: One serves all: it has no state, and its type parameter is only the checkers'.
_recorder: Recorder[Any] = Recorder()


class AsyncCommandGroup(Generic[AnyStr]):
    """Takes commands from a recorder and awaits what `execute` makes of them."""

    __slots__ = ()

    @property
    def _commands(self) -> Recorder[AnyStr]:
        return _recorder

    def _run(self, recorded: T) -> Coroutine[Any, Any, T]:
        # A recorder's methods return the command, typed as the reply to come.
        return self._begin(recorded)  # type: ignore[arg-type]

    def _begin(self, command: Command[T]) -> Coroutine[Any, Any, T]:
        """Return what comes to the same as `execute`, to be awaited; it may be a shorter way."""
        return self.execute(command)

    @abstractmethod
    async def execute(self, command: Command[T]) -> T:
        """Carry out ``command`` and return its decoded reply."""
