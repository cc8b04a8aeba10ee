"""`Batch`: several commands that go to the server together, as a value; pure functions, no sockets.

A plain batch is its commands, one after the other. A transaction is the same between MULTI and EXEC: the server answers
each with QUEUED, and EXEC with the array of all replies.

https://redis.io/docs/latest/develop/interact/transactions/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from syncredis.command import BaseCommand, Command
from syncredis.confirmation import Confirmation
from syncredis.exceptions import DecodeError, RedisError, ResponseError, ServerStateError, WatchError
from syncredis.resp import PLAIN
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
        confirmations: what has to come of the writes among them.
        is_plain: whether it is known that no command has a decoder, or wants text or bytes whatever the client does, or may be
            held back by the server.
    """

    commands: Sequence[BaseCommand[Any]]
    transaction: bool
    watched: bool = False
    confirmations: Sequence[Confirmation] = ()
    is_plain: bool = False

    @property
    def name(self) -> str:
        """What to call it in a message."""
        kind = "transaction" if self.transaction else "pipeline"
        return f"a {kind} of {len(self.commands)} commands"

    @property
    def read_only(self) -> bool:
        """Whether it may be carried out twice. One that watches may not: its watch is gone with its connection."""
        return not self.watched and self._only_reads

    @property
    def runs_code(self) -> bool:
        """Whether a script or function is among the commands."""
        return any(command.runs_code for command in self.commands)

    @property
    def requests(self) -> Sequence[BaseCommand[Any]]:
        """What is sent."""
        if not self.transaction and not self.confirmations:
            return self.commands
        asked = [_MULTI, *self.commands, _EXEC] if self.transaction else [*self.commands]
        return asked if self._only_reads else [*asked, *(each.command for each in self.confirmations)]

    def parsed_as_text(self, text: bool) -> bool:
        """Whether the strings in all replies can be parsed as text: not where some command wants them otherwise.

        Never for a transaction, whose replies come in one array: one text that can not be decoded would take the other
        replies with it.
        """
        if self.transaction:
            return False
        if self.is_plain:
            return text
        return {True, None if text else True}.issuperset(map(_text_of, self.commands))

    def refusal(self, replies: Sequence[Reply]) -> ServerStateError | None:
        """Return why nothing at all was carried out, if the state of the server is the reason."""
        replies = self._to_commands(replies)
        asked = replies[1:-1] if self.transaction else replies
        given_up = self.transaction and isinstance(replies[-1], RedisError)
        refusals = [reply for reply in asked if isinstance(reply, ServerStateError)]
        return refusals[0] if refusals and (given_up or len(refusals) == len(asked)) else None

    def outcomes(self, replies: Sequence[Reply], text: bool, parsed_as_text: bool, encoding: str) -> list[Any]:
        """Return for each command its decoded reply, or the error that it failed with.

        Args:
            replies: to all of `requests`.
            text: whether strings are to be ``str`` where the command does not say.
            parsed_as_text: what that method says, and how the replies were parsed: asked once, it looks at each command.
            encoding: of text.
        """
        replies = self._to_commands(replies)
        if self.transaction:
            *queued, executed = replies[1:]
            if isinstance(executed, RedisError):
                return [_cause(answer, executed) for answer in queued]
            if executed is None:
                return [WatchError("a watched key was changed; nothing was carried out") for _ in queued]
            replies = executed
        if self.is_plain and parsed_as_text == text:
            return list(replies)
        if not parsed_as_text:
            replies = [
                in_text(reply, encoding) if _wants_text(command, text) else reply
                for command, reply in zip(self.commands, replies, strict=True)
            ]
        return self._decoded(replies)

    def _decoded(self, replies: Sequence[Reply]) -> list[Any]:
        # What most pipelines need not have is asked for all commands at once, in C, and not for each.
        decoders = [command.decode for command in self.commands]
        if not any(decoders):
            return list(replies)
        if not errors_in(replies):
            decode = decoders[0]
            if decode is not None and decoders.count(decode) == len(decoders):
                return list(map(decode, replies))
            pairs = zip(decoders, replies, strict=True)
            return [reply if decode is None else decode(reply) for decode, reply in pairs]
        return [
            reply if decode is None or isinstance(reply, RedisError) else decode(reply)
            for decode, reply in zip(decoders, replies, strict=True)
        ]

    def check_confirmations(self, replies: Sequence[Reply], outcomes: Sequence[Any]) -> None:
        """Raise `UnconfirmedWriteError` if what was written was not confirmed as is wanted."""
        if not self.confirmations:
            return
        asked = replies[len(self._to_commands(replies)) :]
        if all(isinstance(outcome, RedisError) for outcome in outcomes):
            return  # nothing was written
        for confirmation, reply in zip(self.confirmations, asked, strict=False):
            confirmation.check(reply)

    def _to_commands(self, replies: Sequence[Reply]) -> Sequence[Reply]:
        """Of the replies to all requests, those to the commands, MULTI and EXEC."""
        return replies[: len(self.commands) + 2 * self.transaction] if self.confirmations else replies

    @property
    def _only_reads(self) -> bool:
        return all(command.read_only for command in self.commands)


def errors_in(replies: Sequence[Any]) -> list[RedisError]:
    """Return the errors among replies, or outcomes."""
    if PLAIN.issuperset(map(type, replies)):  # a fifth of the time that a look at each takes
        return []
    return [reply for reply in replies if isinstance(reply, RedisError)]


def annotate(outcomes: Sequence[Any], commands: Sequence[BaseCommand[Any]]) -> list[RedisError]:
    """Tell each error among the outcomes which command it belongs to; return the errors."""
    errors = errors_in(outcomes)
    if not errors:
        return []
    for index, (outcome, command) in enumerate(zip(outcomes, commands, strict=True)):
        if isinstance(outcome, RedisError):
            outcome.add_note(f"This was command {index} of the pipeline, {command.name}.")
    return errors


_text_of: Final = attrgetter("text")


def _wants_text(command: BaseCommand[Any], text: bool) -> bool:
    return text if command.text is None else command.text


def _cause(answer: Reply, executed: RedisError) -> RedisError:
    """Of a transaction that was given up: the command's own error if it has one, else the one of EXEC."""
    return answer if isinstance(answer, ResponseError) else type(executed)(str(executed))


def in_text(reply: Reply, encoding: str) -> Reply:
    """Return a reply with text in place of bytes, or a `DecodeError`: where the parser can not do it.

    That is where `Batch.parsed_as_text` says no, and where a reply is kept for callers of both kinds.
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
