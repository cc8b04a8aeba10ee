"""Iterators over everything that SCAN, HSCAN, SSCAN and ZSCAN bring.

A cursor means something only to the server that gave it: each process orders its keys in its own way, and another one would
silently leave some out. So all parts of an iteration come from one server. If that is gone, as after a failover, the
iteration begins again at the next one: elements come twice, which SCAN reserves the right to in any case, but none is missed.

https://redis.io/docs/latest/commands/scan/
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Generic, Literal, Protocol, TypeVar, cast, overload

from syncredis.command import Command
from syncredis.commands import Commands, Recorder
from syncredis.connection import Connection
from syncredis.exceptions import RedisError
from syncredis.observation import is_observed, observing
from syncredis.pool import ConnectionPool
from syncredis.retry import RetryPolicy, retry
from syncredis.typing import AnyStr, KeyT


class Part(Protocol):
    """What one call brings."""

    @property
    def cursor(self) -> int:
        """Where to go on; 0: nowhere."""
        ...


PartT = TypeVar("PartT", bound=Part)


class Scan(Generic[PartT]):
    """One iteration, part by part. Belongs to one thread at a time.

    Between two parts no connection is held: what the caller does with each element needs one, too. Only if the pool leads
    to different servers, as a pool of replicas does, the connection is kept from the first change on until `close`.

    Args:
        record: returns for a cursor the command, typed as the part to come.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        retry_policy: RetryPolicy,
        text: bool,
        record: Callable[[int], PartT],
        stream_timeout: float | None,
    ) -> None:
        self._pool = pool
        self._retry_policy = retry_policy
        self._text = text
        self._stream_timeout = stream_timeout
        self._record: Callable[[int], PartT] = record
        self._cursor: int | None = 0
        self._target: str | None = None
        self._keeps = False
        self._kept: Connection | None = None

    def next_part(self) -> PartT | None:
        """Return the next part; None after the last. Blocks."""
        if self._cursor is None:
            return None
        pool = self._pool
        if pool.observers and not is_observed():
            with observing(pool, (cast("Command[Any]", self._record(0)),)):
                return self.next_part()
        times_closed = pool.times_closed
        try:
            part = self._attempt()
        except RedisError as error:
            command = cast("Command[Any]", self._record(0))
            closed = pool.closed_since(times_closed)
            part = retry(self._retry_policy, command, self._attempt, error, closed, pool.pause)
        self._cursor = part.cursor or None
        if self._cursor is None:
            self.close()
        return part

    def close(self) -> None:
        """Give back the connection, if one is kept. Never blocks."""
        connection, self._kept = self._kept, None
        if connection is not None:
            self._pool.return_connection(connection)

    #: For an iteration that was left before its end, in the facade.
    __del__ = close

    def _attempt(self) -> PartT:
        connection, self._kept = self._kept, None
        if connection is None:
            connection = self._pool.lease(self._stream_timeout)
        try:
            self._recognize(connection)
            command = cast("Command[PartT]", self._record(self._cursor or 0))
            reply = connection.execute(command, self._text)
        except RedisError as error:
            self._pool.note_failure(connection, error)
            raise
        finally:
            if self._keeps and connection.in_step:
                self._kept = connection
            else:
                self._pool.return_connection(connection)
        return reply if command.decode is None else command.decode(reply)

    def _recognize(self, connection: Connection) -> None:
        """Begin again if this is another server than before."""
        target = connection.config.target
        if self._target not in (None, target):
            self._cursor = 0
            self._keeps = True
        self._target = target


class ScanIterators(Commands[AnyStr]):
    """The command methods, and the iterators: what is there all the time comes at least once, and may come more often."""

    __slots__ = ()

    @abstractmethod
    def _scan(self, record: Callable[[int], PartT]) -> Scan[PartT]:
        """Return an iteration, part by part; ``record`` returns for a cursor what a `Recorder` makes of it."""

    def scan_iter(
        self, match: str | bytes | None = None, count: int | None = None, _type: str | None = None
    ) -> Iterator[AnyStr]:
        """Yield the keys, in no order. Blocks where the next ones have to be asked for.

        Args:
            match: only keys that match this glob-style pattern.
            count: about how many keys the server looks at each time; 10 if not given.
            _type: only keys of this type, as `type` names it.
        """
        record: Recorder[AnyStr] = Recorder()
        for part in self._parts(lambda cursor: record.scan(cursor, match, count, _type)):
            yield from part.keys

    @overload
    def hscan_iter(
        self,
        name: KeyT,
        match: str | bytes | None = None,
        count: int | None = None,
        no_values: Literal[False] = False,
    ) -> Iterator[tuple[AnyStr, AnyStr]]: ...

    @overload
    def hscan_iter(
        self, name: KeyT, match: str | bytes | None = None, count: int | None = None, *, no_values: Literal[True]
    ) -> Iterator[AnyStr]: ...

    @overload
    def hscan_iter(
        self, name: KeyT, match: str | bytes | None = None, count: int | None = None, no_values: bool = False
    ) -> Iterator[tuple[AnyStr, AnyStr]] | Iterator[AnyStr]: ...

    def hscan_iter(
        self, name: KeyT, match: str | bytes | None = None, count: int | None = None, no_values: bool = False
    ) -> Iterator[Any]:
        """Yield the fields of a hash with their values, in no order. Blocks as `scan_iter` does.

        Args:
            name: the key of the hash.
            match: only fields that match this glob-style pattern.
            count: about how many fields the server looks at each time.
            no_values: yield fields alone. Since Redis 7.4 and Valkey 8.0.
        """
        record: Recorder[AnyStr] = Recorder()
        if no_values:
            for names in self._parts(lambda cursor: record.hscan(name, cursor, match, count, no_values=True)):
                yield from names.fields
        else:
            for part in self._parts(lambda cursor: record.hscan(name, cursor, match, count)):
                yield from part.fields.items()

    def sscan_iter(self, name: KeyT, match: str | bytes | None = None, count: int | None = None) -> Iterator[AnyStr]:
        """Yield the members of a set, in no order. Blocks as `scan_iter` does.

        Args:
            name: the key of the set.
            match: only members that match this glob-style pattern.
            count: about how many members the server looks at each time.
        """
        record: Recorder[AnyStr] = Recorder()
        for part in self._parts(lambda cursor: record.sscan(name, cursor, match, count)):
            yield from part.members

    def zscan_iter(
        self, name: KeyT, match: str | bytes | None = None, count: int | None = None
    ) -> Iterator[tuple[AnyStr, float]]:
        """Yield the members of a sorted set with their scores, in no order. Blocks as `scan_iter` does.

        Args:
            name: the key of the sorted set.
            match: only members that match this glob-style pattern.
            count: about how many members the server looks at each time.
        """
        record: Recorder[AnyStr] = Recorder()
        for part in self._parts(lambda cursor: record.zscan(name, cursor, match, count)):
            yield from part.members

    def _parts(self, record: Callable[[int], PartT]) -> Iterator[PartT]:
        scan = self._scan(record)
        try:
            while (part := scan.next_part()) is not None:
                yield part
        finally:
            scan.close()
