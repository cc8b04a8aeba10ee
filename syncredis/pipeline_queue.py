"""`PipelineResult`: a queued command and, later, what came of it; and what the generated queueing methods are built on."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Final, Generic, cast

from syncredis.command import Command
from syncredis.commands import Recorder
from syncredis.exceptions import PipelineError, RedisError
from syncredis.typing import AnyStr, T, T_co

_PENDING: Final = object()
#: One serves all: it has no state, and its type parameter is only the checkers'.
_recorder: Recorder[Any] = Recorder()


class PipelineResult(Generic[T_co]):
    """What came of one command of a pipeline. Made by the pipeline's command methods.

    Attributes:
        command: the request that was queued.
        error: why it failed; None if it did not, or was not executed yet.
    """

    __slots__ = ("_value", "command", "error")

    def __init__(self, command: Command[T_co]) -> None:
        self.command = command
        self.error: RedisError | None = None
        self._value: Any = _PENDING

    def __repr__(self) -> str:
        state = "failed" if self.error else "not executed yet" if self._value is _PENDING else "executed"
        return f"<PipelineResult of {self.command.name}: {state}>"

    @property
    def value(self) -> T_co:
        """The decoded reply.

        Raises:
            PipelineError: if the pipeline was not executed yet, or did not get as far.
            RedisError: the error that the command failed with.
        """
        if self.error is not None:
            raise self.error
        if self._value is _PENDING:
            raise PipelineError(f"{self.command.name} was queued, but the pipeline was not executed")
        return cast("T_co", self._value)

    def settle(self, outcome: Any) -> None:
        """Note the outcome, an error or the decoded reply. For the pipeline."""
        if isinstance(outcome, RedisError):
            self.error = outcome
        else:
            self._value = outcome


class PipelineCommandGroup(Generic[AnyStr]):
    """Takes commands from a recorder and queues them."""

    __slots__ = ()

    @property
    def _commands(self) -> Recorder[AnyStr]:
        return _recorder

    def _queue(self, recorded: T) -> PipelineResult[T]:
        # A recorder's methods return the command, typed as the reply to come.
        return self.queue(cast("Command[T]", recorded))

    @abstractmethod
    def queue(self, command: Command[T]) -> PipelineResult[T]:
        """Queue a command; return where its result will be."""
