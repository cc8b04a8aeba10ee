"""One handshaken conversation with a server: commands go out and their replies come back, in order.

A `Connection` belongs to one thread at a time; only `interrupt` may be called from any other. Its first duty is never to
be out of step: from the moment before something is sent until the last reply is complete, ``in_step`` is False, whatever
ends the exchange - a timeout, an interruption, an exception that a signal handler raises. Such a connection must be
closed; the pool sees to that.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from syncredis import handshake, transport
from syncredis.command import BaseCommand, Command
from syncredis.config import ConnectionConfig
from syncredis.exceptions import ConnectionError, RedisError, TimeoutError
from syncredis.interruption import Interruption
from syncredis.interruption import current as current_interruption
from syncredis.packing import prepare
from syncredis.receiver import Receiver
from syncredis.resp import MAP, PLAIN, Buffer, encoder
from syncredis.typing import Reply

#: Commands that go out in one write. Measured: the server begins early, and does not have to look for work too often.
CHUNK: Final = 200

#: Commands whose replies may be owed when more are sent. Measured: with two chunks, the server often waits for the next one,
#: and then for its processor; with four it gains little more, and has to hold more replies.
_MOST_OWED: Final = 3 * CHUNK

#: Bytes of a command that goes out with the handshake, whose limit of time it shares.
_SMALL: Final = 4 * 1024

#: One for all: what `contextmanager` makes would be six Python calls for each pipeline.
_NOTHING_TO_DO: Final = nullcontext()


class Connection:
    """A conversation. Made by `syncredis.opening.open_connection`.

    Attributes:
        config: how it was made.
        in_step: whether every reply was received that is owed; only then may it be used again.
        protocol: the version of RESP that is spoken, 2 or 3.
        role: ``"primary"``, ``"replica"`` or ``"sentinel"`` as the server said when it was asked during the handshake, else
            None.
        link: for a replica's link to its primary likewise ``"connected"``, or where it stands: ``"connect"``,
            ``"connecting"``, ``"handshake"``, ``"sync"``.
        client_id: the number by which the server knows it (``CLIENT ID``); None: it spoke RESP2, and was not asked.
        waits: whether it is in the nature of what it is used for that nothing may come for long: a blocking command, a
            subscription.
        listens: whether it was used for a subscription, or its like, by `send`: what comes is no reply to one request.
        generation: of the pool that made it, at the time when it did.
        next_reply, take_replies: give the next replies of those that were taken in. The receiver's own methods: see there.
        last_used: when it was last taken into use, by `time.monotonic`.
        stream_timeout: seconds that an exchange may stand still; None: no limit. See `set_timeout`.
    """

    __slots__ = (
        "__weakref__",
        "_ahead",
        "_encode",
        "_encoding",
        "_interrupted_by",
        "_receiver",
        "_transport",
        "_version_of_credentials",
        "client_id",
        "config",
        "generation",
        "in_step",
        "last_used",
        "link",
        "listens",
        "next_reply",
        "protocol",
        "role",
        "stream_timeout",
        "take_replies",
        "waits",
    )

    def __init__(self, stream: transport.Transport, config: ConnectionConfig) -> None:
        self.config = config
        self.in_step = True
        self.protocol = 2
        self.role: str | None = None
        self.link: str | None = None
        self.client_id: int | None = None
        self.waits = self.listens = False
        self.generation = 0
        self.last_used = time.monotonic()
        self.stream_timeout = config.stream_timeout
        self._transport = stream
        self._encoding = config.encoding
        self._encode = encoder(config.encoding)
        self._receiver = Receiver(stream, config)
        self.next_reply = self._receiver.next_reply
        self.take_replies = self._receiver.take_replies
        self._interrupted_by: ConnectionError | None = None
        #: The command that went out with the handshake, and whose reply is owed.
        self._ahead: Command[Any] | None = None
        self._version_of_credentials = _version_of_credentials(config)

    def __repr__(self) -> str:
        state = "in step" if self.in_step else "out of step"
        return f"<Connection to {self.config.target}, RESP{self.protocol}, {state}>"

    def execute(self, command: Command[Any], text: bool) -> Reply:
        """Send a command and return its reply, with strings as ``str`` if ``text``, else as ``bytes``. Blocks.

        Raises:
            DataError: for an argument that can not be sent; nothing was sent.
            ResponseError: if that is the server's answer.
            DecodeError: if the reply is not valid text; the connection stays usable.
            TimeoutError, ConnectionError: if the exchange failed.
        """
        if current_interruption() is not None or command.blocks is not None:
            return self._execute_slowly(command, text)
        data = self._encode(command.arguments)
        if not self.in_step:
            return self._await_ahead(command, text)
        reader = self._receiver.reader
        self.in_step = False
        try:
            self._transport.send(data)
            data = self._transport.receive()
            if data[0] == MAP:
                reply = self._receiver.receive_map(data, text)
            else:
                reader.feed(data)
                reply = reader.gets(text)
            if type(reply) in PLAIN and not reader.has_data():  # nearly always; one look instead of several
                self.in_step = True
                return reply
            reply = self._receiver.receive_rest(reply, data, text)
        except ConnectionError as error:
            raise self._explained(error)  # noqa: B904 - the cause is set there
        except MemoryError as error:
            raise self._receiver.too_large() from error
        except UnicodeDecodeError as error:
            reply = self._receiver.undecodable(error)
        self._receiver.unfinished = 0
        # More than was asked for would be taken for the next command's reply.
        self.in_step = not self._receiver.reader.has_data()
        if isinstance(reply, RedisError):
            raise reply
        return reply

    def execute_many(
        self,
        commands: Sequence[BaseCommand[Any]],
        text: bool,
        deadline: float | None = None,
        waits: Sequence[float] | None = None,
    ) -> list[Reply]:
        """Send any number of commands and return their replies; errors among them are returned, not raised. Blocks.

        They go out in chunks, some before the replies to the first are awaited: server and client work at the same time,
        and the server need not hold all replies, which could make both wait for each other.

        Args:
            commands: what to send.
            text: whether strings in the replies are ``str``.
            deadline: by `time.monotonic`, for all of it, on top of the limit for standing still; None: no limit.
            waits: for how many seconds the server may hold replies back, 0 meaning for ever; None: the commands know.

        Raises:
            DataError: for an argument that can not be sent; nothing was sent.
            TimeoutError, ConnectionError: if the exchange failed; ``not_applied`` is set if it is certain that nothing was
                carried out.
        """
        if waits is None:
            waits = [command.blocks for command in commands if command.blocks is not None]
        requests = [command.arguments for command in commands]
        chunks = [prepare(requests[i : i + CHUNK], self._encoding) for i in range(0, len(requests), CHUNK)]
        replies: list[Reply] = []
        receiver = self._receiver
        receiver.errors_came = False
        owed = 0
        with self.interruptible():
            if not self.in_step:
                raise self._out_of_step()
            self.in_step = False
            if waits:
                self._transport.set_timeout(self._patience(waits))
            try:
                for chunk in chunks:
                    if owed >= _MOST_OWED:
                        receiver.receive_replies(replies, owed + CHUNK - _MOST_OWED, text, deadline)
                    self._send_chunk(chunk(), len(commands))
                    owed = min(owed + CHUNK, len(commands))
                receiver.receive_replies(replies, owed, text, deadline)
            except ConnectionError as error:
                raise self._explained(error)  # noqa: B904 - the cause is set there
            except MemoryError as error:
                raise receiver.too_large() from error
            # More than was asked for would be taken for the next command's reply.
            self.in_step = len(replies) == owed and not receiver.reader.has_data()
        if waits and self.in_step:
            self._transport.set_timeout(self.stream_timeout)
        return replies

    @property
    def errors_came(self) -> bool:
        """Whether there may be an error among the replies of the last `execute_many`: else one need not look for any."""
        return self._receiver.errors_came

    def exchange(
        self, data: bytes | list[Buffer], count: int, deadline: float | None, ahead: Command[Any] | None = None
    ) -> list[Reply]:
        """Send ``count`` commands that were encoded already, in one write, and return their replies as text. Blocks.

        For handshakes. ``deadline``, and what it raises, are those of `execute_many`.

        Args:
            ahead: is sent in the same write if it is small, and then its reply is owed to whoever `execute` it next; but see
                `drop_ahead`.
        """
        if ahead is not None and isinstance(data, bytes):
            request = self._encode(ahead.arguments)
            if isinstance(request, bytes) and len(request) <= _SMALL:
                data += request
                self._ahead = ahead
        with self.interruptible():
            self.in_step = False
            try:
                self._send_chunk(data, count)
            except ConnectionError as error:
                raise self._explained(error)  # noqa: B904 - the cause is set there
            return self._receive(count, True, deadline)

    def drop_ahead(self, deadline: float | None) -> None:
        """Receive the reply to what went ahead in the last `exchange`, and forget both. Blocks, and raises, as that does."""
        if self._ahead is not None:
            self._ahead = None
            self._receive(1, True, deadline)

    def send(self, command: Command[Any]) -> None:
        """Send a command whose replies come by `take`: a subscription's. The connection is out of step from now on. Blocks."""
        data = self._encode(command.arguments)
        self.send_packed(data)

    def send_packed(self, data: bytes | list[Buffer]) -> None:
        """`send`, for what was encoded already. Blocks."""
        self.in_step = False
        self.waits = self.listens = True
        self._transport.send(data)

    def take(self, text: bool) -> list[Reply]:
        """Return every message that has arrived in full, errors as errors; never blocks.

        Raises:
            ConnectionError: if the connection ended.
        """
        try:
            data = self._transport.receive_now()
        except ConnectionError as error:
            raise self._explained(error)  # noqa: B904 - the cause is set there
        if data is not None:
            self._receiver.feed(data)
        return self._receiver.take_messages(text)  # also what came together with the last reply

    # --- for a multiplexer, which keeps count of the replies itself ----------------------------------

    def send_now(self, data: Buffer) -> int:
        """Send what the system takes at once, and return how many bytes that were; never blocks.

        From the first byte on the connection is out of step, until `rest`.

        Raises:
            ConnectionError: if the connection broke; nothing of ``data`` was sent.
        """
        try:
            sent = self._transport.send_now(data)
        except ConnectionError as error:
            self.in_step = False
            raise self._explained(error)  # noqa: B904 - the cause is set there
        if sent:
            self.in_step = False
        return sent

    def send_some(self, data: Buffer) -> int:
        """Send what can be sent, at least one byte, and return how many that were; otherwise as `send_now`. Blocks."""
        self.in_step = False
        try:
            return self._transport.send_some(data)
        except ConnectionError as error:
            raise self._explained(error)  # noqa: B904 - the cause is set there

    def receive(self) -> None:
        """Wait for the next bytes, which `next_reply` then parses. Blocks for at most ``stream_timeout``.

        Raises:
            TimeoutError, ConnectionError: if none came.
        """
        try:
            self._receiver.feed(self._transport.receive())
        except ConnectionError as error:
            raise self._explained(error)  # noqa: B904 - the cause is set there

    def receive_large(self, text: bool) -> Reply:
        """Return the reply of which only the beginning was taken in, if it is a large string; else `INCOMPLETE`. Blocks.

        See `syncredis.receiver.Receiver.receive_large`.

        Raises:
            TimeoutError, ConnectionError: if the rest of it did not come.
        """
        try:
            return self._receiver.receive_large(text)
        except ConnectionError as error:
            raise self._explained(error)  # noqa: B904 - the cause is set there
        except MemoryError as error:
            raise self._receiver.too_large() from error

    def receive_now(self) -> int:
        """Take in what has arrived, if anything has, and return how many bytes that were; never blocks.

        Raises:
            ConnectionError: if the connection ended.
        """
        try:
            data = self._transport.receive_now()
        except ConnectionError as error:
            raise self._explained(error)  # noqa: B904 - the cause is set there
        if data is None:
            return 0
        self._receiver.feed(data)
        return len(data)

    @property
    def has_more(self) -> bool:
        """Whether something was taken in that `next_reply` has not returned yet."""
        return self._receiver.reader.has_data()

    def rest(self) -> None:
        """Say that all replies are there: the connection is in step again, unless the server said more than it was asked."""
        self.in_step = self._interrupted_by is None and not self._receiver.reader.has_data()

    def make_blocking(self) -> None:
        """Undo what an event loop did to the socket while it watched it: some make it non-blocking, and leave it so."""
        self._transport.make_blocking()

    def no_reply(self) -> TimeoutError:
        """Return the error for a reply that did not come in time."""
        return self._transport.no_reply()

    # --- subscriptions, and the rest ------------------------------------------------------------------

    def resume(self) -> None:
        """Say that every reply to what `send` has sent was taken: if nothing else arrived, the connection is in step again."""
        self.in_step = not self._receiver.reader.has_data()

    def wait(self, seconds: float | None) -> bool:
        """Block until something arrives, for at most ``seconds`` (None: for ever); return whether it did."""
        with self.interruptible():
            return self._transport.wait_readable(seconds)

    def fileno(self) -> int:
        """The socket's file descriptor; -1 once it is closed."""
        return self._transport.fileno()

    @property
    def sock(self) -> socket.socket:
        """The socket, to be looked at, registered and tuned; what is read from it is missing here."""
        return self._transport.sock

    def interrupt(self, reason: ConnectionError | None = None) -> None:
        """Break off what another thread does with this connection; that call raises ``reason``. Never blocks."""
        if reason is not None:
            self._interrupted_by = reason
        self.in_step = False
        self._transport.interrupt()

    def is_quiet(self) -> bool:
        """Whether the server has neither closed the connection nor sent anything unasked; never blocks."""
        return self._transport.is_quiet()

    def set_timeout(self, seconds: float | None) -> None:
        """Let what follows stand still for at most ``seconds``; None: for ever."""
        self.stream_timeout = seconds
        try:  # noqa: SIM105 - every new connection comes this way
            self._transport.set_timeout(seconds)
        except OSError:  # of a stream that has ended already, as the next exchange finds out
            pass

    @property
    def credentials_are_old(self) -> bool:
        """Whether its credential provider has had other ones since it authenticated."""
        return self._version_of_credentials != _version_of_credentials(self.config)

    def authenticate_anew(self) -> bool:
        """Authenticate with the current credentials of the provider; return whether the connection can be used. Blocks."""
        version = _version_of_credentials(self.config)
        step = handshake.authentication(self.config.with_credentials())
        try:
            (reply,) = self.execute_many([step.command], True)
        except ConnectionError:
            return False
        self._version_of_credentials = version
        return not isinstance(reply, RedisError)

    def close(self) -> None:
        """Close the socket; never blocks, never raises.

        If replies are owed, what the server has not received yet it never will: see `syncredis.transport.Transport.abort`.
        """
        end = self._transport.close if self.in_step else self._transport.abort
        self.in_step = False
        end()

    def close_in_child(self) -> None:
        """Close a forked process's copy of the socket; the parent keeps the connection."""
        self.in_step = False
        self._transport.close_in_child()

    def _execute_slowly(self, command: Command[Any], text: bool) -> Reply:
        """`execute` for a call that can be interrupted, or that the server may hold back."""
        if self._ahead is not None:
            return self._await_ahead(command, text)
        self.waits = command.blocks is not None
        try:
            reply = self.execute_many([command], text)[0]
        finally:
            self.waits = False
        if isinstance(reply, RedisError):
            raise reply
        return reply

    def _await_ahead(self, command: Command[Any], text: bool) -> Reply:
        """Return the reply to a command that went ahead."""
        if self._ahead is not command:
            raise self._out_of_step()
        self._ahead = None
        with self.interruptible():
            (reply,) = self._receive(1, text, None)
        if isinstance(reply, RedisError):
            raise reply
        return reply

    def _receive(self, count: int, text: bool, deadline: float | None) -> list[Reply]:
        """Return the next replies; the connection is in step then, unless there is more."""
        replies: list[Reply] = []
        receiver = self._receiver
        try:
            receiver.receive_replies(replies, count, text, deadline)
        except ConnectionError as error:
            raise self._explained(error)  # noqa: B904 - the cause is set there
        except MemoryError as error:
            raise receiver.too_large() from error
        self.in_step = self._ahead is None and not receiver.reader.has_data()
        return replies

    def _patience(self, waits: Sequence[float]) -> float | None:
        """For how many seconds an exchange may stand still in which the server may hold replies back for so long each."""
        limit = self.stream_timeout
        return None if limit is None or 0 in waits else limit + sum(waits)

    def _send_chunk(self, chunk: bytes | list[Buffer], commands: int) -> None:
        try:
            self._transport.send(chunk)
        except ConnectionError as error:
            # Of several commands, the first may have left in full, and have been carried out.
            error.not_applied = commands == 1
            raise

    def _out_of_step(self) -> ConnectionError:
        # The reply to an earlier command may still come, and would be taken for this one's.
        broken = ConnectionError(f"the connection to {self.config.target} broke in an earlier call")
        return self._explained(transport.not_applied(broken))

    def _explained(self, error: ConnectionError) -> ConnectionError:
        """Return what to raise for ``error``: the reason, if another thread has interrupted this connection."""
        reason = self._interrupted_by
        if reason is None:
            return error
        # A new one, because several connections may be interrupted for one reason, and each call needs its own traceback.
        explained = type(reason)(*reason.args)
        explained.not_applied = error.not_applied
        explained.transient = reason.transient
        explained.__cause__ = error
        return explained

    def interruptible(self) -> AbstractContextManager[None]:
        """Have whoever interrupts the running call break the exchange off within the block.

        `send` does not: the connection may be one that several callers listen to.
        """
        call = current_interruption()
        return _NOTHING_TO_DO if call is None else _Interruptible(self, call)


class _Interruptible(AbstractContextManager[None]):
    """Within the block, whoever interrupts a call breaks the connection's exchange off."""

    __slots__ = ("_call", "_connection")

    def __init__(self, connection: Connection, call: Interruption) -> None:
        self._connection = connection
        self._call = call

    def __enter__(self) -> None:
        self._call.attach(self._connection.interrupt)

    def __exit__(self, *_: object) -> None:
        self._call.detach(self._connection.interrupt)
        if self._call.interrupted:  # perhaps when the reply was there already
            self._connection.in_step = False


def _version_of_credentials(config: ConnectionConfig) -> int:
    return 0 if config.credential_provider is None else config.credential_provider.version
