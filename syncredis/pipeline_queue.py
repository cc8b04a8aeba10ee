"""`PipelineResult`: a queued command and, later, what came of it; `Queue`, and the generated methods that fill it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, cast

from syncredis.command import BaseCommand, Command
from syncredis.commands import Commands
from syncredis.exceptions import PipelineError, RedisError
from syncredis.typing import AnyStr, EncodableT, T, T_co

_PENDING: Final = object()


class PipelineResult(BaseCommand[T_co]):
    """A command of a pipeline, and what came of it. Made by the pipeline's command methods.

    One object for both, and one without a constructor of Python's: there is one for each command of a pipeline, and making
    it is a good part of what that costs. Who makes it sets its arguments.
    """

    __slots__ = ("_outcome", "arguments")

    # Of the class: set on each object, they would be a tenth of what queueing costs.
    decode: Callable[[Any], T_co] | None = None
    text: bool | None = None
    blocks: float | None = None

    #: Not there before the pipeline was executed.
    _outcome: Any

    def __repr__(self) -> str:
        state = "failed" if self.error else "not executed yet" if self._ending is _PENDING else "executed"
        return f"<PipelineResult of {self.name}: {state}>"

    @property
    def error(self) -> RedisError | None:
        """Why the command failed; None if it did not, or was not executed yet."""
        return ending if isinstance(ending := self._ending, RedisError) else None

    @property
    def value(self) -> T_co:
        """The decoded reply.

        Raises:
            PipelineError: if the pipeline was not executed yet, or did not get as far.
            RedisError: the error that the command failed with.
        """
        ending = self._ending
        if isinstance(ending, RedisError):
            raise ending
        if ending is _PENDING:
            raise PipelineError(f"{self.name} was queued, but the pipeline was not executed")
        return cast("T_co", ending)

    @property
    def _ending(self) -> object:
        return getattr(self, "_outcome", _PENDING)


class ParticularResult(PipelineResult[T_co]):
    """Of a command that has a decoder, or wants text or bytes whatever the client does, or that the server may hold back."""

    __slots__ = ("blocks", "decode", "text")

    def __init__(
        self,
        queue: Queue,
        arguments: tuple[EncodableT, ...],
        decode: Callable[[Any], T_co] | None = None,
        text: bool | None = None,
        blocks: float | None = None,
    ) -> None:
        self.arguments = arguments
        self.decode = decode
        self.text = text
        self.blocks = blocks
        queue.add(self)
        queue.is_plain = False


class _HeldBackResult(ParticularResult[T_co]):
    """Of a command that is `held_back`."""

    __slots__ = ()

    held_back = True


def settle(results: Sequence[PipelineResult[Any]], outcomes: Sequence[Any]) -> None:
    """Note the outcomes of a pipeline's commands, errors or decoded replies, in their order. For the pipeline."""
    for result, outcome in zip(results, outcomes, strict=True):
        result._outcome = outcome


class Queue(Commands[Any]):
    """Has every command method, and queues what they make: each returns, whatever its annotation says, a `PipelineResult`.

    Attributes:
        add: queues a result.
        is_plain: whether there is no `ParticularResult`: then the commands need not be asked one by one.
    """

    __slots__ = ("_results", "add", "is_plain")

    def __init__(self) -> None:
        self._results: list[PipelineResult[Any]] = []
        self.add: Callable[[PipelineResult[Any]], None] = self._results.append
        self.is_plain = True

    def __len__(self) -> int:
        """How many commands are queued."""
        return len(self._results)

    def execute(self, command: Command[T]) -> Any:
        """Queue a command; return where its result will be."""
        particulars = command.decode, command.text, command.blocks
        if command.held_back:
            return _HeldBackResult(self, command.arguments, *particulars)
        if particulars != (None, None, None):
            return ParticularResult(self, command.arguments, *particulars)
        result: PipelineResult[T] = PipelineResult()
        result.arguments = command.arguments
        self.add(result)
        return result

    def take(self) -> list[PipelineResult[Any]]:
        """Return what is queued, and begin anew."""
        taken = self._results.copy()
        self._results.clear()
        self.is_plain = True
        return taken


class PipelineCommandGroup(Generic[AnyStr]):
    """Has the queueing methods, which are the queue's own with the annotations that hold for them here."""

    __slots__ = ("_add", "_commands")

    #: A `Queue`. Its methods are not called through a layer that would wrap what they return: queueing is half of what a
    #: pipeline costs.
    _commands: Any

    def __init__(self, queue: Queue) -> None:
        self._commands = queue
        self._add = queue.add

    def queue(self, command: Command[T]) -> PipelineResult[T]:
        """Queue a command; return where its result will be."""
        result: PipelineResult[T] = self._commands.execute(command)
        return result
