"""The stream commands, without those on consumer groups: https://redis.io/docs/latest/commands/?group=stream

Those on consumer groups are in `syncredis.commands.stream_groups` and `syncredis.commands.stream_consumers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, overload

from syncredis.command import Command
from syncredis.commands.arguments import (
    SpanT,
    counted,
    exclusive,
    flags,
    in_pairs,
    one_of,
    pairs,
    required,
    seconds,
    wait_milliseconds,
)
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

#: What becomes of entries that are deleted and still pending: ``"KEEPREF"``: they stay pending; ``"DELREF"``: they are not
#: pending any longer; ``"ACKED"``: entries that any group still needs are not deleted.
RefPolicyT: TypeAlias = Literal["KEEPREF", "DELREF", "ACKED", "keepref", "delref", "acked"]


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
        ref_policy: RefPolicyT | None = None,
        idmpauto: KeyT | None = None,
        idmp: tuple[KeyT, KeyT] | None = None,
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
        ref_policy: RefPolicyT | None = None,
        idmpauto: KeyT | None = None,
        idmp: tuple[KeyT, KeyT] | None = None,
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
        ref_policy: RefPolicyT | None = None,
        idmpauto: KeyT | None = None,
        idmp: tuple[KeyT, KeyT] | None = None,
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
            ref_policy: of entries that are removed, see `RefPolicyT`. Since Redis 8.2.
            idmpauto: the producer's name; an entry that it has added just now, with the same fields, is not added again, and
                the reply is the ID that it got then. Only with ``"*"``. Since Redis 8.6.
            idmp: the same, for the producer's name and a name that it gives to the entry. Since Redis 8.6.

        https://redis.io/docs/latest/commands/xadd/
        """
        exclusive(idmpauto=idmpauto, idmp=idmp)
        if (idmpauto is not None or idmp is not None) and id not in ("*", b"*"):
            raise DataError("idmpauto and idmp need '*' as id")
        options: list[EncodableT] = [*flags(NOMKSTREAM=nomkstream), *ref_policy_option(ref_policy)]
        if idmpauto is not None:
            options += ["IDMPAUTO", idmpauto]
        if idmp is not None:
            ((producer, entry),) = in_pairs("idmp", [idmp])
            options += ["IDMP", producer, entry]
        options += _trimming(maxlen, approximate, minid, limit)
        return self.execute(Command(("XADD", name, *options, id, *pairs("fields", fields))))

    def xcfgset(self, name: KeyT, idmp_duration: SpanT | None = None, idmp_maxsize: int | None = None) -> bool:
        """Set how long the stream remembers what producers added, for `xadd` with ``idmp``. Since Redis 8.6.

        What it remembers so far is forgotten. There must be such a key.

        Args:
            name: the key.
            idmp_duration: how many seconds; 100 if never set.
            idmp_maxsize: how many entries of each producer; 100 if never set.

        https://redis.io/docs/latest/commands/xcfgset/
        """
        options: list[EncodableT] = [] if idmp_duration is None else ["IDMP-DURATION", seconds(idmp_duration)]
        if idmp_maxsize is not None:
            options += ["IDMP-MAXSIZE", idmp_maxsize]
        if not options:
            raise DataError("idmp_duration or idmp_maxsize is needed")
        return self.execute(Command(("XCFGSET", name, *options), to_true))

    def xdel(self, name: KeyT, *ids: StreamIdT) -> int:
        """Delete entries and return how many there were.

        https://redis.io/docs/latest/commands/xdel/
        """
        return self.execute(Command(("XDEL", name, *required("ids", ids))))

    def xdelex(self, name: KeyT, *ids: StreamIdT, ref_policy: RefPolicyT = "KEEPREF") -> list[int]:
        """Delete entries, and say what becomes of what is pending; return for each what became of it. Since Redis 8.2.

        Args:
            name: the key.
            *ids: the entries.
            ref_policy: see `RefPolicyT`.

        Returns:
            For each entry 1: it was deleted; -1: there is none; 2: with ``"ACKED"``, it is still needed and stays.

        https://redis.io/docs/latest/commands/xdelex/
        """
        entries: list[EncodableT] = counted("IDS", "ids", ids)
        return self.execute(Command(("XDELEX", name, *ref_policy_option(ref_policy), *entries)))

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
        self,
        streams: Mapping[Any, StreamIdT],
        count: int | None = None,
        block: SpanT | None = None,
        max_count: int | None = None,
        max_size: int | None = None,
    ) -> list[StreamEntries[AnyStr]]:
        """Return the entries of each stream that come after an ID; streams that have none are left out.

        Args:
            streams: for each key the ID after which to read; ``"$"``: only what is added from now on.
            count: return at most so many entries of each stream.
            block: if there are no entries at all, wait for one for at most this many milliseconds; 0: for ever.
            max_count: return at most so many entries of all streams together. Since Redis 8.10.
            max_size: return about so many bytes, one entry at least. Since Redis 8.10.

        https://redis.io/docs/latest/commands/xread/
        """
        wait: int | None = None if block is None else wait_milliseconds("block", block)
        amount: list[EncodableT] = amount_options(count, max_count, max_size)
        options: list[EncodableT] = [*amount, *block_option(wait), *streams_option(streams)]
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
        ref_policy: RefPolicyT | None = None,
    ) -> int:
        """Remove the oldest entries and return how many they were.

        Args:
            name: the key.
            maxlen: remove those beyond this number; either this or ``minid``.
            approximate: let some more entries stay, which is much cheaper.
            minid: remove entries with smaller IDs than this. Since Redis 6.2.
            limit: remove at most so many entries; 0: no limit; only if ``approximate``. Since Redis 6.2.
            ref_policy: of entries that are removed, see `RefPolicyT`. Since Redis 8.2.

        https://redis.io/docs/latest/commands/xtrim/
        """
        options: list[EncodableT] = _trimming(maxlen, approximate, minid, limit)
        if not options:
            raise DataError("either maxlen or minid is needed")
        return self.execute(Command(("XTRIM", name, *options, *ref_policy_option(ref_policy))))


def count_option(count: int | None) -> list[EncodableT]:
    """Return the arguments that ask for at most ``count`` entries.

    Raises:
        DataError: if it is none or less, which some commands take for "all" and others for "none".
    """
    return _positive("count", "COUNT", count)


def amount_options(count: int | None, max_count: int | None, max_size: int | None) -> list[EncodableT]:
    """Return the arguments that ask for at most so many entries of each stream, so many in all, so many bytes.

    Raises:
        DataError: if one of them is none or less.
    """
    return [
        *count_option(count),
        *_positive("max_count", "MAXCOUNT", max_count),
        *_positive("max_size", "MAXSIZE", max_size),
    ]


def _positive(name: str, word: str, number: int | None) -> list[EncodableT]:
    if number is None:
        return []
    if not isinstance(number, int) or number < 1:
        raise DataError(f"{name} must be a positive number, not {number!r}")
    return [word, number]


def block_option(wait: int | None) -> list[EncodableT]:
    """Return the arguments that ask to wait for so many milliseconds."""
    return [] if wait is None else ["BLOCK", wait]


def ref_policy_option(policy: RefPolicyT | None) -> list[EncodableT]:
    """Return the argument that says what becomes of pending entries that are deleted.

    Raises:
        DataError: if it is no such policy.
    """
    return [] if policy is None else [one_of("ref_policy", policy, ("KEEPREF", "DELREF", "ACKED"))]


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
