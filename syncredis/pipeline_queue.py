"""`PipelineResult`: a queued command and, later, what came of it; `Queue`, and the generated methods that fill it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Generic, cast

from syncredis.command import Command
from syncredis.commands import Commands
from syncredis.exceptions import PipelineError, RedisError
from syncredis.typing import AnyStr, T, T_co

_PENDING: Final = object()


class PipelineResult(Generic[T_co]):
    """What came of one command of a pipeline. Made by the pipeline's command methods.

    Attributes:
        command: the request that was queued.
    """

    __slots__ = ("_outcome", "command")

    def __init__(self, command: Command[T_co]) -> None:
        self.command = command
        self._outcome: Any = _PENDING

    def __repr__(self) -> str:
        state = "failed" if self.error else "not executed yet" if self._outcome is _PENDING else "executed"
        return f"<PipelineResult of {self.command.name}: {state}>"

    @property
    def error(self) -> RedisError | None:
        """Why the command failed; None if it did not, or was not executed yet."""
        return self._outcome if isinstance(self._outcome, RedisError) else None

    @property
    def value(self) -> T_co:
        """The decoded reply.

        Raises:
            PipelineError: if the pipeline was not executed yet, or did not get as far.
            RedisError: the error that the command failed with.
        """
        if self.error is not None:
            raise self.error
        if self._outcome is _PENDING:
            raise PipelineError(f"{self.command.name} was queued, but the pipeline was not executed")
        return cast("T_co", self._outcome)


def settle(results: Sequence[PipelineResult[Any]], outcomes: Sequence[Any]) -> None:
    """Note the outcomes of a pipeline's commands, errors or decoded replies, in their order. For the pipeline."""
    for result, outcome in zip(results, outcomes, strict=True):
        result._outcome = outcome


class Queue(Commands[Any]):
    """Has every command method, and queues what they make: each returns, whatever its annotation says, a `PipelineResult`."""

    __slots__ = ("_results",)

    def __init__(self) -> None:
        self._results: list[PipelineResult[Any]] = []

    def __len__(self) -> int:
        """How many commands are queued."""
        return len(self._results)

    def execute(self, command: Command[T]) -> Any:
        """Queue a command; return where its result will be."""
        result = PipelineResult(command)
        self._results.append(result)
        return result

    def take(self) -> list[PipelineResult[Any]]:
        """Return what is queued, and begin anew."""
        taken, self._results = self._results, []
        return taken


class PipelineCommandGroup(Generic[AnyStr]):
    """Has the queueing methods, which are the queue's own with the annotations that hold for them here."""

    __slots__ = ("_commands",)

    #: A `Queue`. Its methods are not called through a layer that would wrap what they return: queueing is half of what a
    #: pipeline costs.
    _commands: Any

    def __init__(self, queue: Queue) -> None:
        self._commands = queue

    def queue(self, command: Command[T]) -> PipelineResult[T]:
        """Queue a command; return where its result will be."""
        result: PipelineResult[T] = self._commands.execute(command)
        return result
