"""`Consumer` and `GroupConsumer`: the entries of streams one after the other, without having to keep count of IDs.

What has to be asked next, and what follows from the replies, is written once, in `Reading` and `GroupReading`, as generators
that yield commands and are sent their replies. Those who carry the commands out are here, and in `syncredis.aio.stream`.

https://redis.io/docs/latest/develop/data-types/streams/
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Generic, NamedTuple, Self, TypeAlias

from syncredis.command import Command
from syncredis.commands import Commands, Recorder
from syncredis.commands.stream_replies import StreamEntries, StreamEntry
from syncredis.exceptions import BusyGroupError, DataError, InterruptedCallError, OutcomeUnknownError, RedisError
from syncredis.typing import AnyStr, KeyT

#: Yields commands, is sent their replies or thrown their errors, and returns the result.
Steps: TypeAlias = Generator[Command[Any], Any, Any]


class StreamMessage(NamedTuple, Generic[AnyStr]):
    """An entry, and the stream that it came from."""

    stream: AnyStr
    """The key of the stream."""
    id: AnyStr
    """The ID of the entry."""
    fields: dict[AnyStr, AnyStr]
    """Its fields and their values."""


class Reading(Generic[AnyStr]):
    """Reads streams from given IDs on. No I/O.

    Args:
        streams: keys, and for each the ID after which to read; or keys alone, of which only what is added from now on is read.
        count: how many entries of each stream are fetched, and held, at once.
        clock: gives seconds.
    """

    def __init__(
        self,
        streams: Mapping[Any, str | bytes] | Iterable[KeyT],
        *,
        count: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        given = streams if isinstance(streams, Mapping) else dict.fromkeys(streams, "$")
        if isinstance(streams, (str, bytes)) or not given:
            raise DataError("streams must be a mapping or an iterable that holds at least one key")
        self._record: Recorder[Any] = Recorder()
        self._positions: dict[Any, Any] = dict(given)
        self._keys = {_bytes(key): key for key in given}
        self._count = count
        self._clock = clock
        self._fetched: deque[StreamMessage[AnyStr]] = deque()

    def next(self, timeout: float | None) -> Steps:
        """Return the next `StreamMessage`, or None if there is none within ``timeout`` seconds (None: wait for ever)."""
        deadline = None if timeout is None else self._clock() + timeout
        yield from self._prepare()
        while not self._fetched:
            left = None if deadline is None else max(0.0, deadline - self._clock())
            yield from self._fetch(left)
            if left == 0:
                break
        return self._fetched.popleft() if self._fetched else None

    def _prepare(self) -> Steps:
        # "$" means something else in every call: what is added between two of them would be missed.
        for key, position in self._positions.items():
            if position in ("$", b"$"):
                last = yield from _ask(self._record.xrevrange(key, count=1))
                self._positions[key] = last[0].id if last else "0-0"

    def _fetch(self, seconds: float | None) -> Steps:
        self._take((yield from _ask(self._record.xread(self._positions, self._count, _milliseconds(seconds)))))

    def _take(self, read: list[StreamEntries[AnyStr]]) -> None:
        for name, entries in read:
            for entry in entries:
                self._positions[self._keys[_bytes(name)]] = entry.id
                self._fetched.append(StreamMessage(name, *entry))


class GroupReading(Reading[AnyStr]):
    """Reads streams as a consumer of a group. No I/O.

    Args:
        streams: keys.
        group: name of the group, the same on each stream.
        consumer: name of the consumer. What was delivered to it before and was not acknowledged, it gets first.
        count: how many entries of each stream are fetched, and held, at once.
        create_from: create groups that do not exist, to begin after this ID; None: do not.
        acknowledge: whether an entry is acknowledged when the next one is asked for, that is, after it was worked on.
        reclaim_after: take over what has been pending for other consumers for this many seconds; None: do not.
        clock: gives seconds.
    """

    def __init__(
        self,
        streams: Iterable[KeyT],
        group: KeyT,
        consumer: KeyT,
        *,
        count: int,
        create_from: str | None,
        acknowledge: bool,
        reclaim_after: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # Positions are those of the backlog: what was delivered, and not acknowledged.
        super().__init__(dict.fromkeys(streams, "0"), count=count, clock=clock)
        self._group = group
        self._consumer = consumer
        self._create_from = create_from
        self._acknowledges = acknowledge
        self._reclaim_after = reclaim_after
        self._next_reclaim = clock()
        self._in_backlog = True
        self._handed_out: StreamMessage[AnyStr] | None = None

    def next(self, timeout: float | None) -> Steps:
        """As `Reading.next`."""
        yield from self.finish()
        message = yield from super().next(timeout)
        self._handed_out = message
        return message

    def finish(self) -> Steps:
        """Acknowledge what was handed out last, if that is wanted."""
        if self._acknowledges and self._handed_out is not None:
            yield from self.acknowledge(self._handed_out)

    def acknowledge(self, message: StreamMessage[AnyStr]) -> Steps:
        """Acknowledge a message; return whether it was pending."""
        if self._handed_out == message:
            self._handed_out = None
        return bool((yield from _ask(self._record.xack(message.stream, self._group, message.id))))

    def _prepare(self) -> Steps:
        if self._create_from is None:
            return
        for key in self._positions:
            with suppress(BusyGroupError):
                yield from _ask(self._record.xgroup_create(key, self._group, self._create_from, mkstream=True))
        self._create_from = None

    def _fetch(self, seconds: float | None) -> Steps:
        if self._in_backlog:
            try:
                yield from self._fetch_backlog()
            except OutcomeUnknownError as error:
                if isinstance(error.__cause__, InterruptedCallError):  # the client was closed
                    raise
                return  # what is pending stays so: it is fetched again
        if self._reclaim_after is not None and not self._fetched and self._clock() >= self._next_reclaim:
            yield from self._reclaim(self._reclaim_after)
        if self._fetched:
            return
        new = dict.fromkeys(self._positions, ">")
        if self._reclaim_after is not None:  # wake up in time for the next round
            pause = max(0.001, self._next_reclaim - self._clock())
            seconds = pause if seconds is None else min(seconds, pause)
        try:
            read = yield from _ask(
                self._record.xreadgroup(self._group, self._consumer, new, self._count, _milliseconds(seconds))
            )
        except OutcomeUnknownError as error:
            if isinstance(error.__cause__, InterruptedCallError):  # the client was closed
                raise
            # What was delivered with the reply that got lost is pending now, after what was seen last.
            self._in_backlog = True
            return
        self._take(read)

    def _fetch_backlog(self) -> Steps:
        before = len(self._fetched)
        read = yield from _ask(self._record.xreadgroup(self._group, self._consumer, self._positions, self._count))
        self._take([StreamEntries(name, entries) for name, entries in read])
        # Entries that were deleted from the stream while they were pending have no fields, and nobody can work on them.
        self._fetched = deque(message for message in self._fetched if message.fields)
        self._in_backlog = any(entries for _, entries in read)
        if self._in_backlog and len(self._fetched) == before:
            yield from self._fetch_backlog()

    def _reclaim(self, idle: float) -> Steps:
        self._next_reclaim = self._clock() + idle / 2
        for key in self._positions:
            start: Any = "0-0"
            while True:
                claimed = yield from _ask(
                    self._record.xautoclaim(key, self._group, self._consumer, round(idle * 1000), start, self._count)
                )
                self._fetched.extend(StreamMessage(_like(entry, key), *entry) for entry in claimed.entries)
                start = claimed.next_id
                if self._fetched or _bytes(start) == b"0-0":
                    break


class Consumer(Generic[AnyStr]):
    """The entries of streams, one after the other. Belongs to one thread at a time; needs not be closed.

    Args:
        client: carries the commands out; each call takes a connection of its pool only while it lasts.
        streams: keys, and for each the ID after which to read; or keys alone, to read what is added from now on. From now on
            means: from the first call on.
        count: how many entries of each stream are fetched, and held, at once.
    """

    def __init__(
        self, client: Commands[AnyStr], streams: Mapping[Any, str | bytes] | Iterable[KeyT], *, count: int = 100
    ) -> None:
        self._client: Commands[AnyStr] = client
        self._reading: Reading[AnyStr] = Reading(streams, count=count)

    def __iter__(self) -> Iterator[StreamMessage[AnyStr]]:
        """Yield entries for ever; blocks until there is another one."""
        while True:
            if (message := self.get_message(None)) is not None:
                yield message

    def get_message(self, timeout: float | None = 0.0) -> StreamMessage[AnyStr] | None:
        """Return the next entry, or None if there is none within ``timeout`` seconds (None: wait for ever). Blocks that long.

        Raises:
            RedisError: as commands do; the next call goes on.
        """
        message: StreamMessage[AnyStr] | None = run_steps(self._client, self._reading.next(timeout))
        return message


class GroupConsumer(Generic[AnyStr]):
    """The entries of streams that fall to one consumer of a group. Belongs to one thread at a time.

    Each entry falls to one consumer, who is to acknowledge it. What it has got and not acknowledged, a consumer of the same
    name gets again when it begins, and after its connection broke: every entry is worked on at least once.

    Args:
        client: carries the commands out.
        streams: keys.
        group: name of the group, the same on each stream.
        consumer: name of the consumer. No two may use the same at the same time.
        count: how many entries of each stream are fetched, and held, at once.
        create_from: create groups (and streams) that do not exist, to begin after this ID: ``"0"`` with all that is there,
            ``"$"`` with what is added from then on; None: do not.
        auto_acknowledge: acknowledge an entry when the next one is asked for, and in `close`; otherwise call `acknowledge`.
        reclaim_after: take over what has been pending for other consumers for this many seconds; None: do not.
    """

    def __init__(
        self,
        client: Commands[AnyStr],
        streams: Iterable[KeyT],
        group: KeyT,
        consumer: KeyT,
        *,
        count: int = 100,
        create_from: str | None = "0",
        auto_acknowledge: bool = False,
        reclaim_after: float | None = None,
    ) -> None:
        self._client: Commands[AnyStr] = client
        self._reading: GroupReading[AnyStr] = GroupReading(
            streams,
            group,
            consumer,
            count=count,
            create_from=create_from,
            acknowledge=auto_acknowledge,
            reclaim_after=reclaim_after,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self.close()

    def __iter__(self) -> Iterator[StreamMessage[AnyStr]]:
        """Yield entries for ever; blocks until there is another one."""
        while True:
            if (message := self.get_message(None)) is not None:
                yield message

    def get_message(self, timeout: float | None = 0.0) -> StreamMessage[AnyStr] | None:
        """Return the next entry, or None if there is none within ``timeout`` seconds (None: wait for ever). Blocks that long.

        Raises:
            RedisError: as commands do; the next call goes on.
        """
        message: StreamMessage[AnyStr] | None = run_steps(self._client, self._reading.next(timeout))
        return message

    def acknowledge(self, message: StreamMessage[AnyStr]) -> bool:
        """Say that an entry was worked on; return whether it was pending. Blocks."""
        return bool(run_steps(self._client, self._reading.acknowledge(message)))

    def close(self) -> None:
        """With ``auto_acknowledge``, acknowledge what was handed out last. Blocks."""
        run_steps(self._client, self._reading.finish())


def run_steps(client: Commands[Any], steps: Steps) -> Any:
    """Carry out the commands that ``steps`` yields, and return its result."""
    try:
        command = next(steps)
        while True:
            try:
                reply = client.execute(command)
            except RedisError as error:
                command = steps.throw(error)
            else:
                command = steps.send(reply)
    except StopIteration as done:
        return done.value


def _ask(recorded: Any) -> Generator[Command[Any], Any, Any]:
    """Yield the command that a recorder returned, typed as its reply, and return the reply."""
    reply = yield recorded
    return reply


def _milliseconds(seconds: float | None) -> int | None:
    """What BLOCK wants: 0 for ever, None not at all."""
    if seconds is None:
        return 0
    return max(1, round(seconds * 1000)) if seconds else None


def _bytes(key: Any) -> bytes:
    return str(key).encode() if isinstance(key, (str, int, float)) else bytes(key)


def _like(entry: StreamEntry[Any], key: Any) -> Any:
    """The key of a stream as ``str`` or ``bytes``, whichever the entry has."""
    return _bytes(key) if isinstance(entry.id, bytes) else _bytes(key).decode()
