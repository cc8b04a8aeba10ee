"""The stream commands of consumers, the members of consumer groups: https://redis.io/docs/latest/commands/?group=stream

An entry that was delivered to a consumer is *pending* until the consumer acknowledges it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias, overload

from syncredis.command import Command
from syncredis.commands.arguments import (
    MomentT,
    SpanT,
    counted,
    exclusive,
    flags,
    key_list,
    milliseconds,
    one_of,
    required,
    unix_milliseconds,
    wait_milliseconds,
)
from syncredis.commands.group import CommandGroup
from syncredis.commands.stream_replies import (
    ClaimedEntries,
    ClaimedIds,
    DeliveredEntries,
    StreamEntries,
    StreamEntry,
    to_autoclaimed_entries,
    to_autoclaimed_ids,
    to_claimed_entries,
    to_delivered,
    to_read,
)
from syncredis.commands.streams import (
    RefPolicyT,
    StreamIdT,
    amount_options,
    block_option,
    count_option,
    ref_policy_option,
    streams_option,
)
from syncredis.typing import AnyStr, EncodableT, KeyT

#: Why a consumer gives an entry back, see `StreamConsumerCommands.xnack`.
NackModeT: TypeAlias = Literal["SILENT", "FAIL", "FATAL", "silent", "fail", "fatal"]


class StreamConsumerCommands(CommandGroup[AnyStr]):
    """Commands that deliver entries to consumers, and settle them. A `ResponseError` if there is no such group.

    Unless a method says otherwise.
    """

    __slots__ = ()

    def xack(self, name: KeyT, groupname: KeyT, *ids: StreamIdT) -> int:
        """Acknowledge entries, and return how many were pending; 0 if there is no such group.

        https://redis.io/docs/latest/commands/xack/
        """
        return self.execute(Command(("XACK", name, groupname, *required("ids", ids))))

    def xackdel(self, name: KeyT, groupname: KeyT, *ids: StreamIdT, ref_policy: RefPolicyT = "KEEPREF") -> list[int]:
        """Acknowledge entries and delete them; return for each what became of it. Since Redis 8.2.

        Args:
            name: the key of the stream.
            groupname: the group.
            *ids: the entries.
            ref_policy: of entries that are pending in other groups, see `RefPolicyT`.

        Returns:
            For each entry 1: it was acknowledged and deleted; -1: there is none; 2: with ``"ACKED"``, it was acknowledged, but
            another group still needs it.

        https://redis.io/docs/latest/commands/xackdel/
        """
        entries: list[EncodableT] = counted("IDS", "ids", ids)
        return self.execute(Command(("XACKDEL", name, groupname, *ref_policy_option(ref_policy), *entries)))

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

    def xnack(
        self,
        name: KeyT,
        groupname: KeyT,
        mode: NackModeT,
        *ids: StreamIdT,
        retrycount: int | None = None,
        force: bool = False,
    ) -> int:
        """Give pending entries back, so that they are delivered to others at once; return how many. Since Redis 8.8.

        Args:
            name: the key of the stream.
            groupname: the group.
            mode: ``"SILENT"``: the delivery does not count; ``"FAIL"``: it counts; ``"FATAL"``: the entry itself is to blame,
                and counts as delivered as often as possible.
            *ids: the entries.
            retrycount: make it as if they had been delivered so often, whatever the mode.
            force: entries that are not pending, too.

        https://redis.io/docs/latest/commands/xnack/
        """
        why = one_of("mode", mode, ("SILENT", "FAIL", "FATAL"))
        options: list[EncodableT] = counted("IDS", "ids", ids)
        if retrycount is not None:
            options += ["RETRYCOUNT", retrycount]
        return self.execute(Command(("XNACK", name, groupname, why, *options, *flags(FORCE=force))))

    @overload
    def xreadgroup(
        self,
        groupname: KeyT,
        consumername: KeyT,
        streams: Mapping[Any, StreamIdT],
        count: int | None = None,
        block: SpanT | None = None,
        noack: bool = False,
        claim_min_idle_time: None = None,
        max_count: int | None = None,
        max_size: int | None = None,
    ) -> list[StreamEntries[AnyStr]]: ...

    @overload
    def xreadgroup(
        self,
        groupname: KeyT,
        consumername: KeyT,
        streams: Mapping[Any, StreamIdT],
        count: int | None = None,
        block: SpanT | None = None,
        noack: bool = False,
        *,
        claim_min_idle_time: SpanT,
        max_count: int | None = None,
        max_size: int | None = None,
    ) -> list[DeliveredEntries[AnyStr]]: ...

    @overload
    def xreadgroup(
        self,
        groupname: KeyT,
        consumername: KeyT,
        streams: Mapping[Any, StreamIdT],
        count: int | None = None,
        block: SpanT | None = None,
        noack: bool = False,
        claim_min_idle_time: SpanT | None = None,
        max_count: int | None = None,
        max_size: int | None = None,
    ) -> list[StreamEntries[AnyStr]] | list[DeliveredEntries[AnyStr]]: ...

    def xreadgroup(
        self,
        groupname: KeyT,
        consumername: KeyT,
        streams: Mapping[Any, StreamIdT],
        count: int | None = None,
        block: SpanT | None = None,
        noack: bool = False,
        claim_min_idle_time: SpanT | None = None,
        max_count: int | None = None,
        max_size: int | None = None,
    ) -> list[StreamEntries[AnyStr]] | list[DeliveredEntries[AnyStr]]:
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
            claim_min_idle_time: first take over what has been pending with any consumer for so many milliseconds, and tell of
                each entry how often it was delivered before. Since Redis 8.4.
            max_count: return at most so many entries of all streams together. Since Redis 8.10.
            max_size: return about so many bytes, one entry at least. Since Redis 8.10.

        Returns:
            the entries, without streams that have none; but all streams that were read with an ID.

        https://redis.io/docs/latest/commands/xreadgroup/
        """
        wait: int | None = None if block is None else wait_milliseconds("block", block)
        blocks = None if wait is None else wait / 1000
        arguments: list[EncodableT] = ["XREADGROUP", "GROUP", groupname, consumername]
        arguments += [*amount_options(count, max_count, max_size), *block_option(wait)]
        if claim_min_idle_time is not None:
            arguments += ["CLAIM", milliseconds(claim_min_idle_time)]
        arguments += [*flags(NOACK=noack), *streams_option(streams)]
        if claim_min_idle_time is not None:
            return self.execute(Command[list[DeliveredEntries[AnyStr]]](tuple(arguments), to_delivered, blocks=blocks))
        return self.execute(Command[list[StreamEntries[AnyStr]]](tuple(arguments), to_read, blocks=blocks))
