"""`Pipeline`: commands that are queued, sent together, and answered together - as a transaction if wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from types import TracebackType
from typing import Any, Self, cast

from syncredis._generated import PipelineCommands
from syncredis.batch import Batch, annotate, errors_in
from syncredis.command import BaseCommand, Command, raw_command
from syncredis.commands import Commands
from syncredis.confirmation import Confirmation
from syncredis.connection import Connection
from syncredis.exceptions import (
    ConnectionError,
    PipelineError,
    RedisError,
    ServerStateError,
    UnconfirmedWriteError,
    WatchError,
)
from syncredis.observation import is_observed, observing
from syncredis.pipeline_queue import PipelineResult, Queue, settle
from syncredis.pool import ConnectionPool
from syncredis.retry import RetryPolicy, check_outcome, retry
from syncredis.tracking import TrackedReads
from syncredis.typing import AnyStr, EncodableT, KeyT, T


class Watched(Commands[AnyStr]):
    """Commands that are executed at once, on the connection that watches. Made by `Pipeline.watch`, and of use until `execute`.

    Nothing is tried again: with the connection, the watch would be lost.
    """

    __slots__ = ("_connection", "_pool", "_reads", "_text")

    def __init__(
        self, connection: Connection, pool: ConnectionPool, text: bool, reads: TrackedReads | None = None
    ) -> None:
        self._connection = connection
        self._pool = pool
        self._text = text
        self._reads = reads

    def execute(self, command: Command[T]) -> T:
        """Carry out a command and return its decoded reply. Blocks."""
        if self._pool.observers and not is_observed():
            with observing(self._pool, (command,)):
                return self.execute(command)
        try:
            reply = self._connection.execute(command, self._text if command.text is None else command.text)
        except RedisError as error:
            check_outcome(command, error)
            raise
        finally:
            if self._reads is not None:
                self._reads.note_written([command])
        return cast("T", reply) if command.decode is None else command.decode(reply)


class Pipeline(PipelineCommands[AnyStr]):
    """Queues commands and executes them together. Made by `syncredis.Redis.pipeline`; belongs to one thread at a time.

    Each command method queues and returns a `PipelineResult` at once; `execute` sends. Afterwards the pipeline is empty,
    and may be used again. Leaving it as a context manager without `execute` sends nothing.
    """

    __slots__ = (
        "_confirmations",
        "_pool",
        "_reads",
        "_retry_policy",
        "_stream_timeout",
        "_text",
        "_transaction",
        "_watching",
    )

    def __init__(
        self,
        pool: ConnectionPool,
        retry_policy: RetryPolicy,
        *,
        text: bool,
        transaction: bool,
        stream_timeout: float | None,
        confirmations: Sequence[Confirmation] = (),
        reads: TrackedReads | None = None,
    ) -> None:
        super().__init__(Queue())
        self._pool = pool
        self._retry_policy = retry_policy
        self._text = text
        self._transaction = transaction
        self._stream_timeout = stream_timeout
        self._confirmations = confirmations
        self._reads = reads
        self._watching: Connection | None = None

    def __len__(self) -> int:
        """How many commands are queued."""
        return len(self._commands)

    def __bool__(self) -> bool:
        """True, also when nothing is queued."""
        return True

    def __repr__(self) -> str:
        kind = "transaction" if self._transaction else "pipeline"
        watching = ", watching" if self._watching else ""
        return f"<{type(self).__name__}: {kind} of {len(self)} commands{watching}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reset()

    def execute_command(self, *arguments: EncodableT) -> PipelineResult[Any]:
        """Queue any command as it stands; its reply is not decoded."""
        return self.queue(raw_command(arguments))

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Send what is queued, and return the decoded replies in the same order. Blocks.

        Every command is carried out, also after one that failed. The results are in each `PipelineResult`, too.

        Args:
            raise_on_error: raise the first error, with a note of the command and its index, once all replies are there;
                otherwise errors stand in the list in place of the replies.

        Raises:
            WatchError: if a watched key was changed, or the connection that watched it broke; nothing was carried out.
            ExecAbortError: if a transaction was given up; an error of the command that was to blame goes before it.
            OutcomeUnknownError: if the connection broke after sending.
            UnconfirmedWriteError: if that was asked for, and what was written was not confirmed.
            RedisError: what `syncredis.Redis.execute` raises.
        """
        watching, self._watching = self._watching, None
        queued, batch = self.take(watched=watching is not None)
        unconfirmed: UnconfirmedWriteError | None = None
        try:
            if watching is not None:
                outcomes = self._execute_watching(watching, batch)
            elif not queued:
                return []
            else:
                outcomes = self.execute_batch(batch)
        except UnconfirmedWriteError as error:
            outcomes, unconfirmed = error.reply, error
        answer(queued, outcomes, raise_on_error=raise_on_error)
        if unconfirmed is not None:
            raise unconfirmed
        return outcomes

    def iterate(self, recorded: Iterable[T], chunk_size: int = 1000) -> Iterator[T]:
        """Execute any number of commands in bounded memory, and yield their decoded replies in order. Blocks.

        The commands come from the methods of `syncredis.Redis.record`, and are taken when they are needed::

            record = client.record
            for value in client.pipeline(transaction=False).iterate(record.get(key) for key in keys):

        Args:
            recorded: the commands.
            chunk_size: how many are sent, and held in memory, at once.

        Raises:
            PipelineError: if the pipeline is a transaction.
            RedisError: as `execute` does, for the chunk that was sent last.
        """
        source = iter(recorded)
        while chunk := list(islice(source, chunk_size)):
            yield from self.execute_chunk(cast("list[Command[Any]]", chunk))

    def execute_chunk(self, commands: list[Command[Any]]) -> list[Any]:
        """Execute commands at once, beside what is queued, and return their decoded replies: a step of `iterate`."""
        if self._transaction:
            raise PipelineError("iterate needs a pipeline made with transaction=False")
        outcomes = self.execute_batch(self._batch(commands))
        if errors := annotate(outcomes, commands):
            raise errors[0]
        return outcomes

    def watch(self, *names: KeyT) -> Watched[AnyStr]:
        """Watch keys: `execute` then raises `WatchError` if one of them was changed by somebody else meanwhile. Blocks.

        Returns:
            Commands that are executed at once, on the connection that watches: to read what the transaction depends on.

        https://redis.io/docs/latest/commands/watch/
        """
        if not self._transaction:
            raise PipelineError("watch needs a pipeline made with transaction=True")
        if not names:
            raise PipelineError("watch needs at least one key")
        command = Command[Any](("WATCH", *names))
        if self._watching is None:
            times_closed = self._pool.times_closed
            try:
                self._watching = self._watch_anew(command)
            except RedisError as error:
                closed = self._pool.closed_since(times_closed)
                self._watching = retry(
                    self._retry_policy, command, lambda: self._watch_anew(command), error, closed, self._pool.pause
                )
        else:
            self._watching.execute(command, self._text)
        return Watched(self._watching, self._pool, self._text, self._reads)

    def reset(self) -> None:
        """Forget what is queued and what is watched. Blocks for a round trip if keys are watched."""
        self._commands.take()
        watching, self._watching = self._watching, None
        if watching is None:
            return
        try:
            if watching.in_step:
                watching.execute(Command[Any](("UNWATCH",)), self._text)
        except RedisError:
            watching.close()
        finally:
            self._pool.return_connection(watching)

    def abandon(self) -> None:
        """`reset` without a round trip: the connection that watches is closed instead. Never blocks."""
        if self._watching is not None:
            self._watching.close()
        self.reset()

    def _watch_anew(self, command: Command[Any]) -> Connection:
        connection = self._pool.lease(self._stream_timeout)
        try:
            connection.execute(command, self._text)
        except BaseException:
            self._pool.return_connection(connection)
            raise
        return connection

    def _batch(self, commands: Sequence[BaseCommand[Any]], *, watched: bool = False, is_plain: bool = False) -> Batch:
        return Batch(commands, self._transaction, watched, self._confirmations, is_plain)

    @property
    def needs_connection(self) -> bool:
        """Whether `execute` needs a connection to itself: keys are watched, writes confirmed, or a cache is told of them."""
        return self._watching is not None or bool(self._confirmations) or self._reads is not None

    def take(self, *, watched: bool = False) -> tuple[list[PipelineResult[Any]], Batch]:
        """Empty the queue, and return what was in it: a step of `execute`."""
        is_plain = self._commands.is_plain
        queued: list[PipelineResult[Any]] = self._commands.take()
        return queued, self._batch(queued, watched=watched, is_plain=is_plain)

    def execute_batch(self, batch: Batch) -> list[Any]:
        """Execute commands that watch nothing, and return the outcomes: a step of `execute`. Blocks."""
        pool = self._pool
        if pool.observers and not is_observed():
            with observing(pool, batch.commands, is_transaction=batch.transaction):
                return self.execute_batch(batch)
        times_closed = pool.times_closed
        try:
            return self._attempt(batch)
        except RedisError as error:
            closed = pool.closed_since(times_closed)
            return retry(self._retry_policy, batch, lambda: self._attempt(batch), error, closed, self._pool.pause)

    def attempt(self, command: Command[T]) -> T:
        """Carry out one command, beside what is queued, and return its decoded reply; a failure is final. Blocks."""
        try:
            outcome = self._attempt(self._batch([command]))[0]
        except UnconfirmedWriteError as error:
            error.reply = error.reply[0]
            raise
        if isinstance(outcome, RedisError):
            raise outcome
        return cast("T", outcome)

    def _attempt(self, batch: Batch) -> list[Any]:
        pool = self._pool
        if pool.gate.is_shut and not batch.read_only:
            pool.wait_at_gate()
        connection = pool.lease(self._stream_timeout)
        if pool.gate.is_shut and not batch.read_only:
            connection = pool.lease_behind_gate(connection, self._stream_timeout)
        try:
            return self._exchange(connection, batch)
        finally:
            self._pool.return_connection(connection)

    def _execute_watching(self, watching: Connection, batch: Batch) -> list[Any]:
        if self._pool.observers and not is_observed():
            with observing(self._pool, batch.commands, is_transaction=True):
                return self._execute_watching(watching, batch)
        try:
            if self._pool.gate.is_shut:
                self._pool.wait_at_gate()
            if not watching.in_step or not watching.is_quiet():
                raise WatchError("the connection that watched the keys broke; nothing was carried out")
            return self._exchange(watching, batch)
        except BaseException as error:
            watching.close()  # it may be watching still, which would stop somebody else's transaction
            if not isinstance(error, ConnectionError):
                raise
            # The watch is gone with the connection: only the caller can try again, from the reading on.
            check_outcome(batch, error)
            raise WatchError(f"the connection that watched the keys broke ({error})") from error
        finally:
            self._pool.return_connection(watching)

    def _exchange(self, connection: Connection, batch: Batch) -> list[Any]:
        try:
            as_text = batch.parsed_as_text(self._text)
            waits = () if batch.is_plain and not batch.confirmations else None
            replies = connection.execute_many(batch.requests, as_text, waits=waits)
            errors = errors_in(replies) if connection.errors_came else []
            if errors and (refusal := batch.refusal(replies)) is not None:
                raise refusal
        except RedisError as error:
            self._pool.note_failure(connection, error)
            raise
        finally:
            if self._reads is not None:
                self._reads.note_written(batch.commands)
        # Too late to begin again, some commands were carried out; but the next call shall find the right server.
        for reply in errors:
            if isinstance(reply, ServerStateError):
                self._pool.note_failure(connection, reply)
                break
        outcomes = batch.outcomes(replies, self._text, as_text, connection.config.encoding)
        try:
            batch.check_confirmations(replies, outcomes)
        except UnconfirmedWriteError as error:
            error.reply = outcomes
            raise
        return outcomes


def answer(queued: Sequence[PipelineResult[Any]], outcomes: Sequence[Any], *, raise_on_error: bool) -> None:
    """Tell each `PipelineResult` its outcome; raise the first error among them if that is wanted."""
    settle(queued, outcomes)
    errors = errors_in(outcomes)
    if errors:
        annotate(outcomes, queued)
    if errors and raise_on_error:
        raise errors[0]
