"""`Batch`: several commands that go to the server together, as a value; pure functions, no sockets.

A plain batch is its commands, one after the other. A transaction is the same between MULTI and EXEC: the server answers
each with QUEUED, and EXEC with the array of all replies.

https://redis.io/docs/latest/develop/interact/transactions/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncredis.command import Command
from syncredis.exceptions import DecodeError, RedisError, ResponseError, ServerStateError, WatchError
from syncredis.typing import Reply

_MULTI: Final = Command[Any](("MULTI",))
_EXEC: Final = Command[Any](("EXEC",), text=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """Commands that are sent together.

    Attributes:
        commands: the commands.
        transaction: whether the server carries them out as one.
        watched: whether keys are watched: then EXEC may be refused.
    """

    commands: Sequence[Command[Any]]
    transaction: bool
    watched: bool = False

    @property
    def name(self) -> str:
        """What to call it in a message."""
        kind = "transaction" if self.transaction else "pipeline"
        return f"a {kind} of {len(self.commands)} commands"

    @property
    def read_only(self) -> bool:
        """Whether it may be carried out twice. One that watches may not: its watch is gone with its connection."""
        return not self.watched and all(command.read_only for command in self.commands)

    @property
    def runs_code(self) -> bool:
        """Whether a script or function is among the commands."""
        return any(command.runs_code for command in self.commands)

    @property
    def requests(self) -> Sequence[Command[Any]]:
        """What is sent."""
        return [_MULTI, *self.commands, _EXEC] if self.transaction else self.commands

    def parsed_as_text(self, text: bool) -> bool:
        """Whether the strings in all replies can be parsed as text: not where some command wants them otherwise.

        Never for a transaction, whose replies come in one array: one text that can not be decoded would take the other
        replies with it.
        """
        return not self.transaction and all(_wants_text(command, text) for command in self.commands)

    def refusal(self, replies: Sequence[Reply]) -> ServerStateError | None:
        """Return why nothing at all was carried out, if the state of the server is the reason."""
        asked = replies[1:-1] if self.transaction else replies
        given_up = self.transaction and isinstance(replies[-1], RedisError)
        refusals = [reply for reply in asked if isinstance(reply, ServerStateError)]
        return refusals[0] if refusals and (given_up or len(refusals) == len(asked)) else None

    def outcomes(self, replies: Sequence[Reply], text: bool, encoding: str) -> list[Any]:
        """Return for each command its decoded reply, or the error that it failed with.

        Args:
            replies: to all of `requests`, parsed as `parsed_as_text` says.
            text: whether strings are to be ``str`` where the command does not say.
            encoding: of text.
        """
        if self.parsed_as_text(text):
            return [_decoded(command, reply) for command, reply in zip(self.commands, replies, strict=True)]
        if self.transaction:
            *queued, executed = replies[1:]
            if isinstance(executed, RedisError):
                return [_cause(answer, executed) for answer in queued]
            if executed is None:
                return [WatchError("a watched key was changed; nothing was carried out") for _ in queued]
            replies = executed
        return [
            _decoded(command, _in_text(reply, encoding) if _wants_text(command, text) else reply)
            for command, reply in zip(self.commands, replies, strict=True)
        ]


def annotate(outcomes: Sequence[Any], commands: Sequence[Command[Any]]) -> list[RedisError]:
    """Tell each error among the outcomes which command it belongs to; return the errors."""
    errors: list[RedisError] = []
    for index, (outcome, command) in enumerate(zip(outcomes, commands, strict=True)):
        if isinstance(outcome, RedisError):
            outcome.add_note(f"This was command {index} of the pipeline, {command.name}.")
            errors.append(outcome)
    return errors


def _wants_text(command: Command[Any], text: bool) -> bool:
    return text if command.text is None else command.text


def _cause(answer: Reply, executed: RedisError) -> RedisError:
    """Of a transaction that was given up: the command's own error if it has one, else the one of EXEC."""
    return answer if isinstance(answer, ResponseError) else type(executed)(str(executed))


def _decoded(command: Command[Any], reply: Reply) -> Any:
    if command.decode is None or isinstance(reply, RedisError):
        return reply
    return command.decode(reply)


def _in_text(reply: Reply, encoding: str) -> Reply:
    """Turn the bytes in a reply into text.

    Here and not in the parser, where `Batch.parsed_as_text` says no.
    """
    try:
        return _text_in(reply, encoding)
    except UnicodeDecodeError as error:
        undecodable = DecodeError(
            f"the reply is not valid {encoding} ({error.reason} at byte {error.start}); "
            f"a client made with decode_responses=False returns it as bytes"
        )
        undecodable.__cause__ = error
        return undecodable


def _text_in(reply: Reply, encoding: str) -> Reply:
    if isinstance(reply, bytes):
        return reply.decode(encoding)
    if isinstance(reply, list):
        return [_text_in(element, encoding) for element in reply]
    if isinstance(reply, dict):
        return {_text_in(key, encoding): _text_in(value, encoding) for key, value in reply.items()}
    return reply
