"""`Monitor`: every command that the server carries out, as it does.

https://redis.io/docs/latest/commands/monitor/
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Final, NamedTuple, Self

from syncredis.command import Command
from syncredis.connection import Connection
from syncredis.exceptions import ConnectionError, ProtocolError, RedisError
from syncredis.pool import ConnectionPool
from syncredis.retry import RetryPolicy, retry
from syncredis.typing import Reply

_MONITOR: Final = Command[str](("MONITOR",))
_LINE: Final = re.compile(rb'^(?P<time>\d+\.\d+) \[(?P<db>\d+) (?P<client>.*?)\] (?P<arguments>".*)$', re.DOTALL)
_ARGUMENT: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE: Final = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_CONTROL: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}


class MonitoredCommand(NamedTuple):
    """A command that the server has carried out."""

    time: float
    """When, in seconds since 1970."""
    db: int
    """On which database."""
    client: str
    """Whose it was: ``host:port``, ``unix:path``, or ``lua`` for one that a script made."""
    arguments: tuple[bytes, ...]
    """Its name and its arguments."""


class Monitor:
    """Shows what a server does. Made by `syncredis.Redis.monitor`; belongs to one thread at a time.

    Costs the server about half of what it can do: for debugging. Close it when it is no longer wanted: its connection counts in
    the pool. Nothing is contacted before the first command is asked for; when the connection breaks, that is an error, and the
    next call begins anew.
    """

    def __init__(self, pool: ConnectionPool, retry_policy: RetryPolicy) -> None:
        self._pool = pool
        self._retry_policy = retry_policy
        self._connection: Connection | None = None
        self._arrived: deque[Reply] = deque()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, {'listening' if self._connection else 'closed'}>"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[MonitoredCommand]:
        """Yield commands for ever; blocks until there is another one."""
        while True:
            if (command := self.next_command(timeout=None)) is not None:
                yield command

    def start(self) -> None:
        """Begin to listen, if that was not done yet. Blocks.

        Raises:
            RedisError: if no connection can be made, or the server refuses.
        """
        if self._connection is not None:
            return
        times_closed = self._pool.times_closed
        try:
            self._connection = self._listen()
        except RedisError as error:
            self._connection = retry(
                self._retry_policy, _MONITOR, self._listen, error, self._pool.closed_since(times_closed)
            )

    def next_command(self, timeout: float | None = 0.0) -> MonitoredCommand | None:
        """Return the next command, or None if there is none within ``timeout`` seconds (None: wait for ever). Blocks that long.

        Raises:
            ConnectionError: if the connection broke; commands have been missed.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            command = self.take_command()
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if command is not None or left == 0 or self._connection is None:
                return command
            self._connection.wait(left)

    def take_command(self) -> MonitoredCommand | None:
        """Return the next command that has arrived already, or None. Blocks only to begin to listen."""
        self.start()
        connection = self._connection
        assert connection is not None
        if not self._arrived:
            try:
                self._arrived += connection.take(text=False)
            except ConnectionError as error:
                self._pool.note_failure(connection, error)
                self.close()
                raise
        return _parsed(self._arrived.popleft()) if self._arrived else None

    def fileno(self) -> int:
        """The file descriptor of the connection, to wait on; -1 if there is none."""
        return -1 if self._connection is None else self._connection.fileno()

    def close(self) -> None:
        """Stop listening. Never blocks."""
        connection, self._connection = self._connection, None
        self._arrived.clear()
        if connection is not None:
            connection.close()
            self._pool.return_connection(connection)

    def _listen(self) -> Connection:
        connection = self._pool.lease()
        try:
            connection.execute(_MONITOR, text=True)
            connection.in_step = False  # from now on there is no reply to be owed, but much to come
        except BaseException:
            self._pool.return_connection(connection)
            raise
        return connection


def _parsed(line: Reply) -> MonitoredCommand:
    """Read a line as ``1339518083.107412 [0 127.0.0.1:60866] "keys" "*"``."""
    if isinstance(line, RedisError):
        raise line
    found = _LINE.match(line) if isinstance(line, bytes) else None
    if found is None:
        raise ProtocolError(f"the server said something else than MONITOR does: {line!r}")
    arguments = tuple(_ESCAPE.sub(_unescaped, argument) for argument in _ARGUMENT.findall(found["arguments"]))
    return MonitoredCommand(
        float(found["time"]), int(found["db"]), found["client"].decode("utf-8", "replace"), arguments
    )


def _unescaped(escape: re.Match[bytes]) -> bytes:
    what = escape[1]
    if len(what) == 3:
        return bytes.fromhex(what[1:].decode("ascii"))
    return _CONTROL.get(what, what)
