"""The stream commands, without those on consumer groups: https://redis.io/docs/latest/commands/?group=stream

Those on consumer groups are in `syncredis.commands.stream_groups`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, TypeAlias, overload

from syncredis.command import Command
from syncredis.commands.arguments import SpanT, exclusive, flags, pairs, required
from syncredis.commands.group import CommandGroup
from syncredis.commands.stream_replies import (
    FullStreamInfo,
    StreamEntries,
    StreamEntry,
    StreamInfo,
    to_entries,
    to_full_stream_info,
    to_read,
    to_stream_info,
)
from syncredis.exceptions import DataError
from syncredis.replies import to_true
from syncredis.typing import AnyStr, EncodableT, KeyT

#: The ID of an entry: ``"1526919030474-55"``, or only what stands before the hyphen. Some commands take special ones, too.
StreamIdT: TypeAlias = str | bytes | int


class StreamCommands(CommandGroup[AnyStr]):
    """Commands on streams. A key that does not exist is an empty stream, unless a method says otherwise."""

    __slots__ = ()

    @overload
    def xadd(
        self,
        name: KeyT,
        fields: Mapping[Any, EncodableT],
        id: StreamIdT = "*",
        maxlen: int | None = None,
        approximate: bool = True,
        nomkstream: Literal[False] = False,
        minid: StreamIdT | None = None,
        limit: int | None = None,
    ) -> AnyStr: ...

    @overload
    def xadd(
        self,
        name: KeyT,
        fields: Mapping[Any, EncodableT],
        id: StreamIdT = "*",
        maxlen: int | None = None,
        approximate: bool = True,
        nomkstream: bool = False,
        minid: StreamIdT | None = None,
        limit: int | None = None,
    ) -> AnyStr | None: ...

    def xadd(
        self,
        name: KeyT,
        fields: Mapping[Any, EncodableT],
        id: StreamIdT = "*",
        maxlen: int | None = None,
        approximate: bool = True,
        nomkstream: bool = False,
        minid: StreamIdT | None = None,
        limit: int | None = None,
    ) -> AnyStr | None:
        """Add an entry to the end of the stream and return its ID.

        Args:
            name: the key.
            fields: the entry's fields with their values.
            id: greater than that of any entry before; ``"*"``: the server makes one from its clock.
            maxlen: remove the oldest entries beyond this number.
            approximate: let some more entries stay, which is much cheaper.
            nomkstream: do nothing if there is no such stream, and return None. Since Redis 6.2.
            minid: remove entries with smaller IDs than this. Since Redis 6.2.
            limit: remove at most so many entries; 0: no limit; only if ``approximate``. Since Redis 6.2.

        https://redis.io/docs/latest/commands/xadd/
        """
        options: list[EncodableT] = [*flags(NOMKSTREAM=nomkstream), *_trimming(maxlen, approximate, minid, limit)]
        return self.execute(Command(("XADD", name, *options, id, *pairs("fields", fields))))

    def xdel(self, name: KeyT, *ids: StreamIdT) -> int:
        """Delete entries and return how many there were.

        https://redis.io/docs/latest/commands/xdel/
        """
        return self.execute(Command(("XDEL", name, *required("ids", ids))))

    @overload
    def xinfo_stream(self, name: KeyT, full: Literal[False] = False, count: None = None) -> StreamInfo: ...

    @overload
    def xinfo_stream(self, name: KeyT, full: Literal[True], count: int | None = None) -> FullStreamInfo[AnyStr]: ...

    @overload
    def xinfo_stream(
        self, name: KeyT, full: bool = False, count: int | None = None
    ) -> StreamInfo | FullStreamInfo[AnyStr]: ...

    def xinfo_stream(
        self, name: KeyT, full: bool = False, count: int | None = None
    ) -> StreamInfo | FullStreamInfo[AnyStr]:
        """Return facts about the stream; a `ResponseError` if there is no such key.

        Args:
            name: the key.
            full: return entries, groups, consumers and what is pending, too.
            count: return at most so many entries, and as many pending ones of each group and consumer; 0: all. Only with
                ``full``, 10 if not given.

        https://redis.io/docs/latest/commands/xinfo-stream/
        """
        if not full:
            if count is not None:
                raise DataError("count needs full")
            return self.execute(Command(("XINFO", "STREAM", name), to_stream_info))
        options: list[EncodableT] = [] if count is None else ["COUNT", count]
        return self.execute(Command(("XINFO", "STREAM", name, "FULL", *options), to_full_stream_info))

    def xlen(self, name: KeyT) -> int:
        """Return how many entries the stream has.

        https://redis.io/docs/latest/commands/xlen/
        """
        return self.execute(Command(("XLEN", name)))

    def xrange(
        self, name: KeyT, min: StreamIdT = "-", max: StreamIdT = "+", count: int | None = None
    ) -> list[StreamEntry[AnyStr]]:
        """Return the entries with IDs from ``min`` to ``max``, by default all.

        Args:
            name: the key.
            min: the smallest ID; ``"-"``: that of the first entry; with ``"("`` before it, it does not itself belong to the
                range (since Redis 6.2).
            max: the greatest ID; ``"+"``: that of the last entry; else as ``min``.
            count: return at most so many.

        https://redis.io/docs/latest/commands/xrange/
        """
        return self.execute(Command(("XRANGE", name, min, max, *count_option(count)), to_entries))

    def xread(
        self, streams: Mapping[Any, StreamIdT], count: int | None = None, block: SpanT | None = None
    ) -> list[StreamEntries[AnyStr]]:
        """Return the entries of each stream that come after an ID; streams that have none are left out.

        Args:
            streams: for each key the ID after which to read; ``"$"``: only what is added from now on.
            count: return at most so many entries of each stream.
            block: if there are no entries at all, wait for one for at most this many milliseconds; 0: for ever.

        https://redis.io/docs/latest/commands/xread/
        """
        wait: int | None = block_milliseconds(block)
        options: list[EncodableT] = [*count_option(count), *block_option(wait), *streams_option(streams)]
        return self.execute(Command(("XREAD", *options), to_read, blocks=None if wait is None else wait / 1000))

    def xrevrange(
        self, name: KeyT, max: StreamIdT = "+", min: StreamIdT = "-", count: int | None = None
    ) -> list[StreamEntry[AnyStr]]:
        """Return the entries with IDs from ``max`` down to ``min``, the latest first: `xrange` the other way round.

        https://redis.io/docs/latest/commands/xrevrange/
        """
        return self.execute(Command(("XREVRANGE", name, max, min, *count_option(count)), to_entries))

    def xsetid(
        self, name: KeyT, id: StreamIdT, entries_added: int | None = None, max_deleted_id: StreamIdT | None = None
    ) -> bool:
        """Set the ID that the stream takes for that of its latest entry. There must be such a key.

        Args:
            name: the key.
            id: not smaller than that of any entry.
            entries_added: how many entries were ever added. Since Redis 7.0.
            max_deleted_id: the greatest ID that was ever deleted. Since Redis 7.0.

        https://redis.io/docs/latest/commands/xsetid/
        """
        options: list[EncodableT] = []
        if entries_added is not None:
            options += ["ENTRIESADDED", entries_added]
        if max_deleted_id is not None:
            options += ["MAXDELETEDID", max_deleted_id]
        return self.execute(Command(("XSETID", name, id, *options), to_true))

    def xtrim(
        self,
        name: KeyT,
        maxlen: int | None = None,
        approximate: bool = True,
        minid: StreamIdT | None = None,
        limit: int | None = None,
    ) -> int:
        """Remove the oldest entries and return how many they were.

        Args:
            name: the key.
            maxlen: remove those beyond this number; either this or ``minid``.
            approximate: let some more entries stay, which is much cheaper.
            minid: remove entries with smaller IDs than this. Since Redis 6.2.
            limit: remove at most so many entries; 0: no limit; only if ``approximate``. Since Redis 6.2.

        https://redis.io/docs/latest/commands/xtrim/
        """
        options: list[EncodableT] = _trimming(maxlen, approximate, minid, limit)
        if not options:
            raise DataError("either maxlen or minid is needed")
        return self.execute(Command(("XTRIM", name, *options)))


def count_option(count: int | None) -> list[EncodableT]:
    """Return the arguments that ask for at most ``count`` entries.

    Raises:
        DataError: if it is none or less, which some commands take for "all" and others for "none".
    """
    if count is None:
        return []
    if not isinstance(count, int) or count < 1:
        raise DataError(f"count must be a positive number, not {count!r}")
    return ["COUNT", count]


def block_option(wait: int | None) -> list[EncodableT]:
    """Return the arguments that ask to wait for so many milliseconds."""
    return [] if wait is None else ["BLOCK", wait]


def streams_option(streams: Mapping[Any, StreamIdT]) -> list[EncodableT]:
    """Return the arguments that say which streams to read from where: all keys, then all IDs.

    Raises:
        DataError: if there are none, or it is no mapping.
    """
    given: list[EncodableT] = pairs("streams", streams)
    return ["STREAMS", *given[::2], *given[1::2]]


def _trimming(maxlen: int | None, approximate: bool, minid: StreamIdT | None, limit: int | None) -> list[EncodableT]:
    exclusive(maxlen=maxlen, minid=minid)
    if limit is not None and not approximate:
        raise DataError("limit needs approximate")
    precision = "~" if approximate else "="
    options: list[EncodableT] = [] if limit is None else ["LIMIT", limit]
    if maxlen is not None:
        return ["MAXLEN", precision, maxlen, *options]
    if minid is not None:
        return ["MINID", precision, minid, *options]
    if limit is not None:
        raise DataError("limit needs maxlen or minid")
    return []
