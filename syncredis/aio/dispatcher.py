"""`Dispatcher`: which way a request goes, and what happens when it fails.

Most requests share one connection per event loop; see `syncredis.multiplexer`. Those that the server may hold back, and those
that are large, get a connection to themselves and run in a worker thread; however many of them there are, the others go on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from syncredis.aio.line import Line, Lines
from syncredis.aio.loops import READABLE, TOO_LATE, Loop, Watch
from syncredis.aio.worker import Worker
from syncredis.batch import Batch
from syncredis.cache import MISSING
from syncredis.client import Redis
from syncredis.command import ABOUT_THEIR_CONNECTION, Command
from syncredis.exceptions import RedisError
from syncredis.interruption import interrupted_before
from syncredis.multiplexer import Multiplexer
from syncredis.observation import is_observed, note_retry, observing
from syncredis.packing import prepare
from syncredis.resp import PLAIN, encoder
from syncredis.retry import Attempts, Request
from syncredis.traffic import HELD_BACK, BatchCall, Call
from syncredis.typing import T

#: Bytes from which on a request gets a connection to itself: others would have to wait for it.
LARGE: Final = 128 * 1024

#: Commands from which on a pipeline does: its thread sends them in chunks, while the server works already.
MOST_TOGETHER: Final = 1000


class Dispatcher:
    """Carries out the requests of one client, in any number of event loops.

    Args:
        client: the blocking client; its pool, its policy for failures and its options are used.
        worker: runs what takes a connection to itself.
        lines: the shared connections, if other clients on the same pool have some already.
    """

    __slots__ = (
        "_client",
        "_encode",
        "_line",
        "_policy",
        "_pool",
        "_stream_timeout",
        "_text",
        "lines",
        "worker",
    )

    def __init__(self, client: Redis[Any], worker: Worker, lines: Lines | None = None) -> None:
        self._client = client
        self._pool = client.pool
        self._policy = client.retry_policy
        self._text = client.decode_responses
        self._stream_timeout = client._stream_timeout
        self._encode = encoder(client.pool.config.encoding)
        self.worker = worker
        self.lines = lines or Lines(client.pool)
        self._line: Line | None = None  # the one that was used last

    async def execute(self, command: Command[T]) -> T:
        """Carry out a command and return its decoded reply; raises what `syncredis.Redis.execute` raises."""
        pool = self._pool
        if pool.observers and not is_observed():
            with observing(pool, (command,)):
                return await self.execute(command)
        if command.held_back or (command.blocks is not None and command.name not in ABOUT_THEIR_CONNECTION):
            return await self.worker.run(self._client.execute, command)
        data = self._encode(command.arguments)
        if not isinstance(data, bytes):
            if sum(map(len, data)) >= LARGE:
                return await self.worker.run(self._client.execute, command)
            data = b"".join(data)
        call = Call(command, data, self._text if command.text is None else command.text, pool.times_closed)
        # What `_carry_out` does, too: a coroutine less that the task goes through when it sleeps, and when it wakes.
        line = self._line
        if line is None or line.loop.current_token() is not line.loop.token:
            line = self._find_line()
        multiplexer = line.only or line.next()
        if pool.gate.is_shut or not multiplexer.submit(call):
            reply = await self._carry_out(command, call)
        else:
            try:
                reply = await (_receive_alone(multiplexer, call) if call.waiter is None else call.waiter)
            except BaseException:
                multiplexer.abandon(call)
                raise
        if type(reply) not in PLAIN:  # nearly never; one look instead of two
            reply = await self._settle(command, call, reply)
        value: T = reply if (decode := command.decode) is None else decode(reply)
        return value

    async def execute_specially(self, command: Command[T]) -> T:
        """`execute` for a client that keeps replies, or has its writes confirmed: those need a connection of their own."""
        await checkpoint_if_cancelled()
        # Where calls are observed, one that is answered from memory is one, too.
        kept = MISSING if self._pool.observers else self._client._recall(command)
        return await self.worker.run(self._client.execute, command) if kept is MISSING else kept

    async def _settle(self, command: Command[Any], call: Call, outcome: Any) -> Any:
        """Return the reply that becomes of what came first of a call."""
        if outcome is HELD_BACK:
            outcome = await self._carry_out(command, call)
        return await self._try_again(command, call, outcome) if isinstance(outcome, Exception) else outcome

    async def execute_batch(self, batch: Batch, in_thread: Callable[[Batch], list[Any]]) -> list[Any]:
        """Carry out a batch that watches nothing, in one piece, and return the outcomes.

        ``in_thread`` does the same by blocking, for what takes a connection to itself.
        """
        pool = self._pool
        if pool.observers and not is_observed():
            with observing(pool, batch.commands, is_transaction=batch.transaction):
                return await self.execute_batch(batch, in_thread)
        requests = batch.requests
        if len(requests) > MOST_TOGETHER or any(each.blocks is not None or each.held_back for each in requests):
            return await self.worker.run(in_thread, batch)
        packed = prepare([command.arguments for command in requests], pool.config.encoding)()
        parts = [packed] if isinstance(packed, bytes) else packed
        if sum(map(len, parts)) >= LARGE:
            return await self.worker.run(in_thread, batch)
        text = batch.parsed_as_text(self._text)
        call = BatchCall(batch, b"".join(parts), text, pool.times_closed, len(requests))
        replies = await self._carry_out(batch, call)
        if isinstance(replies, Exception):
            replies = await self._try_again(batch, call, replies)
        return batch.outcomes(replies, self._text, text, pool.config.encoding)

    async def _carry_out(self, request: Request, call: Call) -> Any:
        """Make one attempt; return the reply, or the error that it failed with."""
        line = self._line
        if line is None or not line.loop.is_running_here:
            line = self._find_line()
        gate = self._pool.gate
        reply: Any = HELD_BACK
        while reply is HELD_BACK:
            if gate.is_shut and not request.read_only:
                await self._wait_at_gate(line.loop, call)
            multiplexer = line.only or line.next()
            if not multiplexer.submit(call):
                await multiplexer.room()  # meanwhile the gate may be shut
                continue
            try:
                reply = await (_receive_alone(multiplexer, call) if call.waiter is None else call.waiter)
            except BaseException:
                multiplexer.abandon(call)
                raise
        if isinstance(call, BatchCall) and not isinstance(reply, Exception):
            return cast("Batch", request).refusal(reply) or reply
        return reply

    def _find_line(self) -> Line:
        line = self._line = self.lines.here(self._stream_timeout)
        return line

    async def _try_again(self, request: Request, call: Call, error: Exception) -> Any:
        """Do what `syncredis.retry.retry` does, but pause in the event loop."""
        attempts = Attempts(self._policy, request)
        while isinstance(error, RedisError):
            await anyio.sleep(attempts.pause_after(error))
            if self._pool.times_closed != call.times_closed:
                raise interrupted_before("it was tried again: the client was closed") from error
            note_retry()
            reply = await self._carry_out(request, call.again())
            if not isinstance(reply, Exception):
                return reply
            error = reply
        raise error

    async def _wait_at_gate(self, loop: Loop, call: Call) -> None:
        """Wait while writes are held; see `syncredis.gate`."""
        gate = self._pool.gate
        while gate.is_shut:
            if self._pool.times_closed != call.times_closed:
                raise interrupted_before("it was sent: the client was closed")
            waiter = loop.new_waiter()
            with gate.attended(partial(loop.call_from_thread, partial(loop.wake, waiter, None))):
                if gate.left:
                    with anyio.move_on_after(gate.left):
                        await waiter
            gate.open_if_over()


async def _receive_alone(multiplexer: Multiplexer, call: Call) -> Any:
    """Receive the reply here, unless there is reason to have the thread do it: then the call gets a waiter."""
    watch: Watch = call.watch
    while multiplexer.is_alone(call):
        ended = await watch.wait(call.descriptor)
        if not multiplexer.is_alone(call):
            break
        if ended == TOO_LATE:
            multiplexer.time_out(call)
        elif ended == READABLE:
            multiplexer.receive_alone(call)
    return call.reply if call.waiter is None else await call.waiter
