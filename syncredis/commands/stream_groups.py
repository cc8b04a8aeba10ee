"""The stream commands on consumer groups: https://redis.io/docs/latest/commands/?group=stream

A group remembers up to where its stream was delivered, and what was delivered to which of its consumers. An entry is
*pending* until the consumer acknowledges it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, overload

from syncredis.command import Command
from syncredis.commands.arguments import (
    MomentT,
    SpanT,
    exclusive,
    flags,
    key_list,
    milliseconds,
    required,
    unix_milliseconds,
)
from syncredis.commands.group import CommandGroup
from syncredis.commands.stream_replies import (
    ClaimedEntries,
    ClaimedIds,
    ConsumerInfo,
    GroupInfo,
    PendingEntry,
    PendingSummary,
    StreamEntries,
    StreamEntry,
    to_autoclaimed_entries,
    to_autoclaimed_ids,
    to_claimed_entries,
    to_consumers,
    to_groups,
    to_pending_entries,
    to_pending_summary,
    to_read,
)
from syncredis.commands.streams import StreamIdT, block_milliseconds, block_option, count_option, streams_option
from syncredis.replies import to_bool, to_true
from syncredis.typing import AnyStr, EncodableT, KeyT


class StreamGroupCommands(CommandGroup[AnyStr]):
    """Commands on the consumer groups of streams. A `ResponseError` if there is no such group, unless said otherwise."""

    __slots__ = ()

    def xack(self, name: KeyT, groupname: KeyT, *ids: StreamIdT) -> int:
        """Acknowledge entries, and return how many were pending; 0 if there is no such group.

        https://redis.io/docs/latest/commands/xack/
        """
        return self.execute(Command(("XACK", name, groupname, *required("ids", ids))))

    @overload
    def xautoclaim(
        self,
        name: KeyT,
        groupname: KeyT,
        consumername: KeyT,
        min_idle_time: SpanT,
        start_id: StreamIdT = "0-0",
        count: int | None = None,
        justid: Literal[False] = False,
    ) -> ClaimedEntries[AnyStr]: ...

    @overload
    def xautoclaim(
        self,
        name: KeyT,
        groupname: KeyT,
        consumername: KeyT,
        min_idle_time: SpanT,
        start_id: StreamIdT = "0-0",
        count: int | None = None,
        *,
        justid: Literal[True],
    ) -> ClaimedIds[AnyStr]: ...

    @overload
    def xautoclaim(
        self,
        name: KeyT,
        groupname: KeyT,
        consumername: KeyT,
        min_idle_time: SpanT,
        start_id: StreamIdT = "0-0",
        count: int | None = None,
        justid: bool = False,
    ) -> ClaimedEntries[AnyStr] | ClaimedIds[AnyStr]: ...

    def xautoclaim(
        self,
        name: KeyT,
        groupname: KeyT,
        consumername: KeyT,
        min_idle_time: SpanT,
        start_id: StreamIdT = "0-0",
        count: int | None = None,
        justid: bool = False,
    ) -> ClaimedEntries[AnyStr] | ClaimedIds[AnyStr]:
        """Take some entries over that have been pending for long, and return them and where to go on. Since Redis 6.2.

        Args:
            name: the key of the stream.
            groupname: the group.
            consumername: who takes them over; created if there is no such consumer.
            min_idle_time: only entries that were delivered at least this many milliseconds ago.
            start_id: ``"0-0"`` to begin, then what the last call returned, until that is ``"0-0"`` again.
            count: take over at most so many; 100 if not given.
            justid: return IDs only, and do not count it as a delivery.

        https://redis.io/docs/latest/commands/xautoclaim/
        """
        options: list[EncodableT] = [*count_option(count), *flags(JUSTID=justid)]
        arguments = ("XAUTOCLAIM", name, groupname, consumername, milliseconds(min_idle_time), start_id, *options)
        if justid:
            return self.execute(Command(arguments, to_autoclaimed_ids))
        return self.execute(Command(arguments, to_autoclaimed_entries))

    @overload
    def xclaim(
        self,
        name: KeyT,
        groupname: KeyT,
        consumername: KeyT,
        min_idle_time: SpanT,
        message_ids: StreamIdT | Iterable[StreamIdT],
        idle: SpanT | None = None,
        time: MomentT | None = None,
        retrycount: int | None = None,
        force: bool = False,
        justid: Literal[False] = False,
    ) -> list[StreamEntry[AnyStr]]: ...

    @overload
    def xclaim(
        self,
        name: KeyT,
        groupname: KeyT,
        consumername: KeyT,
        min_idle_time: SpanT,
        message_ids: StreamIdT | Iterable[StreamIdT],
        idle: SpanT | None = None,
        time: MomentT | None = None,
        retrycount: int | None = None,
        force: bool = False,
        *,
        justid: Literal[True],
    ) -> list[AnyStr]: ...

    @overload
    def xclaim(
        self,
        name: KeyT,
        groupname: KeyT,
        consumername: KeyT,
        min_idle_time: SpanT,
        message_ids: StreamIdT | Iterable[StreamIdT],
        idle: SpanT | None = None,
        time: MomentT | None = None,
        retrycount: int | None = None,
        force: bool = False,
        justid: bool = False,
    ) -> list[StreamEntry[AnyStr]] | list[AnyStr]: ...

    def xclaim(
        self,
        name: KeyT,
        groupname: KeyT,
        consumername: KeyT,
        min_idle_time: SpanT,
        message_ids: StreamIdT | Iterable[StreamIdT],
        idle: SpanT | None = None,
        time: MomentT | None = None,
        retrycount: int | None = None,
        force: bool = False,
        justid: bool = False,
    ) -> list[StreamEntry[AnyStr]] | list[AnyStr]:
        """Take certain pending entries over, and return those that were taken over.

        Entries that were deleted from the stream are left out. Before Redis 7.0 they are nevertheless taken over.

        Args:
            name: the key of the stream.
            groupname: the group.
            consumername: who takes them over; created if there is no such consumer.
            min_idle_time: only entries that were delivered at least this many milliseconds ago.
            message_ids: the IDs of the entries.
            idle: make it as if they had been delivered this many milliseconds ago; 0 if not given.
            time: the same as a Unix time in milliseconds.
            retrycount: make it as if they had been delivered so often; else it counts as one more time.
            force: entries that are not pending, too.
            justid: return IDs only, and do not count it as a delivery.

        https://redis.io/docs/latest/commands/xclaim/
        """
        exclusive(idle=idle, time=time)
        ids: list[KeyT] = key_list("message_ids", message_ids)
        arguments: list[EncodableT] = ["XCLAIM", name, groupname, consumername, milliseconds(min_idle_time), *ids]
        if idle is not None:
            arguments += ["IDLE", milliseconds(idle)]
        if time is not None:
            arguments += ["TIME", unix_milliseconds(time)]
        if retrycount is not None:
            arguments += ["RETRYCOUNT", retrycount]
        arguments += flags(FORCE=force, JUSTID=justid)
        if justid:
            return self.execute(Command(tuple(arguments)))
        return self.execute(Command(tuple(arguments), to_claimed_entries))

    def xgroup_create(
        self,
        name: KeyT,
        groupname: KeyT,
        id: StreamIdT = "$",
        mkstream: bool = False,
        entries_read: int | None = None,
    ) -> bool:
        """Create a group. A `BusyGroupError` if there is one of that name already.

        Args:
            name: the key of the stream, which must exist.
            groupname: the group.
            id: it gets the entries after this; ``"$"``: those that are added from now on; 0: all.
            mkstream: create the stream if it does not exist.
            entries_read: how many entries there were up to ``id``, so that the server can tell what is still to come.
                Since Redis 7.0.

        https://redis.io/docs/latest/commands/xgroup-create/
        """
        options: list[EncodableT] = [*flags(MKSTREAM=mkstream), *_entries_read_option(entries_read)]
        return self.execute(Command(("XGROUP", "CREATE", name, groupname, id, *options), to_true))

    def xgroup_createconsumer(self, name: KeyT, groupname: KeyT, consumername: KeyT) -> int:
        """Create a consumer; return how many were created, 1 or 0. Since Redis 6.2.

        Other commands create the consumer that they name by themselves.

        https://redis.io/docs/latest/commands/xgroup-createconsumer/
        """
        return self.execute(Command(("XGROUP", "CREATECONSUMER", name, groupname, consumername)))

    def xgroup_delconsumer(self, name: KeyT, groupname: KeyT, consumername: KeyT) -> int:
        """Remove a consumer and return how many pending entries it had, which nobody can acknowledge or take over any more.

        https://redis.io/docs/latest/commands/xgroup-delconsumer/
        """
        return self.execute(Command(("XGROUP", "DELCONSUMER", name, groupname, consumername)))

    def xgroup_destroy(self, name: KeyT, groupname: KeyT) -> bool:
        """Remove a group with its consumers and what is pending; return whether there was one.

        https://redis.io/docs/latest/commands/xgroup-destroy/
        """
        return self.execute(Command(("XGROUP", "DESTROY", name, groupname), to_bool))

    def xgroup_setid(self, name: KeyT, groupname: KeyT, id: StreamIdT, entries_read: int | None = None) -> bool:
        """Let a group go on after the entry ``id``; ``"$"``: with what is added from now on; 0: with all again.

        ``entries_read``: how many entries there were up to there; since Redis 7.0.

        https://redis.io/docs/latest/commands/xgroup-setid/
        """
        options: list[EncodableT] = _entries_read_option(entries_read)
        return self.execute(Command(("XGROUP", "SETID", name, groupname, id, *options), to_true))

    def xinfo_consumers(self, name: KeyT, groupname: KeyT) -> list[ConsumerInfo[AnyStr]]:
        """Return facts about each consumer of a group.

        https://redis.io/docs/latest/commands/xinfo-consumers/
        """
        return self.execute(Command(("XINFO", "CONSUMERS", name, groupname), to_consumers))

    def xinfo_groups(self, name: KeyT) -> list[GroupInfo[AnyStr]]:
        """Return facts about each group of a stream; a `ResponseError` if there is no such key.

        https://redis.io/docs/latest/commands/xinfo-groups/
        """
        return self.execute(Command(("XINFO", "GROUPS", name), to_groups))

    def xpending(self, name: KeyT, groupname: KeyT) -> PendingSummary[AnyStr]:
        """Return how many entries are pending, from which ID to which, and how many each consumer has.

        https://redis.io/docs/latest/commands/xpending/
        """
        return self.execute(Command(("XPENDING", name, groupname), to_pending_summary))

    def xpending_range(
        self,
        name: KeyT,
        groupname: KeyT,
        min: StreamIdT,
        max: StreamIdT,
        count: int,
        consumername: KeyT | None = None,
        idle: SpanT | None = None,
    ) -> list[PendingEntry[AnyStr]]:
        """Return the pending entries with IDs from ``min`` to ``max``.

        Args:
            name: the key of the stream.
            groupname: the group.
            min: the smallest ID; ``"-"``: the first that is pending; with ``"("`` before it, it does not itself belong to the
                range (since Redis 6.2).
            max: the greatest ID; ``"+"``: the last that is pending; else as ``min``.
            count: return at most so many.
            consumername: only those of this consumer.
            idle: only those that were delivered at least this many milliseconds ago. Since Redis 6.2.

        https://redis.io/docs/latest/commands/xpending/
        """
        arguments: list[EncodableT] = ["XPENDING", name, groupname]
        if idle is not None:
            arguments += ["IDLE", milliseconds(idle)]
        arguments += [min, max, count]
        if consumername is not None:
            arguments.append(consumername)
        return self.execute(Command(tuple(arguments), to_pending_entries))

    def xreadgroup(
        self,
        groupname: KeyT,
        consumername: KeyT,
        streams: Mapping[Any, StreamIdT],
        count: int | None = None,
        block: SpanT | None = None,
        noack: bool = False,
    ) -> list[StreamEntries[AnyStr]]:
        """Deliver entries to a consumer: return those of each stream that no consumer of the group has got yet.

        Args:
            groupname: the group, one of that name on each stream.
            consumername: who gets them; created if there is no such consumer.
            streams: for each key ``">"``; or an ID to get once more what is pending for this consumer after it, where an
                entry that was deleted has no fields.
            count: return at most so many entries of each stream.
            block: if there are no entries at all, wait for one for at most this many milliseconds; 0: for ever. Only where
                every stream is read with ``">"``.
            noack: the entries need not be acknowledged.

        Returns:
            the entries, without streams that have none; but all streams that were read with an ID.

        https://redis.io/docs/latest/commands/xreadgroup/
        """
        wait: int | None = block_milliseconds(block)
        options: list[EncodableT] = [*count_option(count), *block_option(wait), *flags(NOACK=noack)]
        arguments: list[EncodableT] = ["GROUP", groupname, consumername, *options, *streams_option(streams)]
        return self.execute(Command(("XREADGROUP", *arguments), to_read, blocks=None if wait is None else wait / 1000))


def _entries_read_option(entries_read: int | None) -> list[EncodableT]:
    return [] if entries_read is None else ["ENTRIESREAD", entries_read]
