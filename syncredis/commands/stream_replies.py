"""What the stream commands return, and how their replies become that."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, NotRequired, TypedDict

from syncredis.replies import to_fields
from syncredis.typing import AnyStr, Reply

# --- entries -------------------------------------------------------------------------------------------


class StreamEntry(NamedTuple, Generic[AnyStr]):
    """An entry of a stream."""

    id: AnyStr
    """E.g. ``"1526919030474-55"``: when it was added, in milliseconds since 1970, and a number."""
    fields: dict[AnyStr, AnyStr]
    """Its fields and their values. Empty: it is still pending in a group, but was deleted from the stream."""


class StreamEntries(NamedTuple, Generic[AnyStr]):
    """What `xread` and `xreadgroup` read from one stream."""

    name: AnyStr
    """The key of the stream."""
    entries: list[StreamEntry[AnyStr]]
    """In the order in which they were added."""


class DeliveredEntry(NamedTuple, Generic[AnyStr]):
    """An entry of a stream, and what is known of its delivery so far."""

    id: AnyStr
    """E.g. ``"1526919030474-55"``: when it was added, in milliseconds since 1970, and a number."""
    fields: dict[AnyStr, AnyStr]
    """Its fields and their values."""
    time_since_delivered: int | None = None
    """In milliseconds; 0 if it was not delivered before; None for entries that were read with an ID."""
    times_delivered: int | None = None
    """How often it was delivered before; None for entries that were read with an ID."""


class DeliveredEntries(NamedTuple, Generic[AnyStr]):
    """What `xreadgroup` read from one stream with ``claim_min_idle_time``."""

    name: AnyStr
    """The key of the stream."""
    entries: list[DeliveredEntry[AnyStr]]
    """Those that were pending first."""


class ClaimedEntries(NamedTuple, Generic[AnyStr]):
    """What one call of `xautoclaim` brings."""

    next_id: AnyStr
    """Where to go on with the next call; ``"0-0"``: all that is pending was looked at."""
    entries: list[StreamEntry[AnyStr]]
    """The entries that now belong to the consumer; there may be none."""
    deleted_ids: list[AnyStr]
    """Pending entries that were deleted from the stream, and now are not pending any more. Since Redis 7.0, else empty."""


class ClaimedIds(NamedTuple, Generic[AnyStr]):
    """What one call of `xautoclaim` brings with ``justid``."""

    next_id: AnyStr
    """Where to go on with the next call; ``"0-0"``: all that is pending was looked at."""
    ids: list[AnyStr]
    """The entries that now belong to the consumer; there may be none."""
    deleted_ids: list[AnyStr]
    """Pending entries that were deleted from the stream, and now are not pending any more. Since Redis 7.0, else empty."""


def to_entry(reply: Reply) -> StreamEntry[Any] | None:
    """An entry; nil as None."""
    return None if reply is None else to_entries([reply])[0]


def to_entries(reply: Reply) -> list[StreamEntry[Any]]:
    """Entries, whose fields and values come in turn, or as nil for one that was deleted; nil as none at all.

    The most frequent decoder here: it calls what `StreamEntry(...)` calls, and leaves out a check that RESP makes
    superfluous. That is twice as fast.
    """
    new = tuple.__new__
    return [
        new(StreamEntry, (number, dict(zip(flat := iter(fields or ()), flat))))  # noqa: B905
        for number, fields in reply or ()
    ]


def to_claimed_entries(reply: Reply) -> list[StreamEntry[Any]]:
    """Entries without those that were deleted, for which Redis 6.2 sends nil without saying which they were."""
    return to_entries([entry for entry in reply if entry is not None])


def to_autoclaimed_entries(reply: Reply) -> ClaimedEntries[Any]:
    """Where to go on, entries and, since Redis 7.0, the IDs of those that were deleted."""
    next_id, entries, *deleted = reply
    return ClaimedEntries(next_id, to_claimed_entries(entries), *(deleted or [[]]))


def to_autoclaimed_ids(reply: Reply) -> ClaimedIds[Any]:
    """Where to go on, IDs and, since Redis 7.0, the IDs of entries that were deleted."""
    next_id, ids, *deleted = reply
    return ClaimedIds(next_id, ids, *(deleted or [[]]))


def to_read(reply: Reply) -> list[StreamEntries[Any]]:
    """RESP3's map, or RESP2's array of pairs, from streams to entries; nil as none at all."""
    streams = reply.items() if isinstance(reply, dict) else reply or ()
    return [StreamEntries(name, to_entries(entries)) for name, entries in streams]


def to_delivered(reply: Reply) -> list[DeliveredEntries[Any]]:
    """`to_read`, where entries have two more elements, numbers that the first version with them sent as strings."""
    streams = reply.items() if isinstance(reply, dict) else reply or ()
    return [
        DeliveredEntries(
            name,
            [DeliveredEntry(*to_entries([[number, fields]])[0], *map(int, more)) for number, fields, *more in entries],
        )
        for name, entries in streams
    ]


# --- pending entries -----------------------------------------------------------------------------------


class PendingConsumer(TypedDict, Generic[AnyStr]):
    """How many pending entries a consumer has."""

    name: AnyStr
    pending: int


class PendingSummary(TypedDict, Generic[AnyStr]):
    """The pending entries of a group."""

    pending: int
    """How many there are."""
    min: AnyStr | None
    """The smallest ID."""
    max: AnyStr | None
    """The greatest ID."""
    consumers: list[PendingConsumer[AnyStr]]
    """Those that have any."""


class PendingEntry(TypedDict, Generic[AnyStr]):
    """An entry that was delivered to a consumer and is not acknowledged yet."""

    message_id: AnyStr
    consumer: AnyStr
    time_since_delivered: int
    """In milliseconds."""
    times_delivered: int


def to_pending_summary(reply: Reply) -> PendingSummary[Any]:
    """Number, ends and consumers; the latter are nil if nothing is pending, and their numbers are strings."""
    pending, low, high, consumers = reply
    return {
        "pending": pending,
        "min": low,
        "max": high,
        "consumers": [{"name": name, "pending": int(number)} for name, number in consumers or ()],
    }


def to_pending_entries(reply: Reply) -> list[PendingEntry[Any]]:
    """Rows of four."""
    return [
        {"message_id": number, "consumer": consumer, "time_since_delivered": idle, "times_delivered": times}
        for number, consumer, idle, times in reply
    ]


# --- XINFO ---------------------------------------------------------------------------------------------

# Keys with a hyphen are possible only in a TypedDict that is written as a call, and such a one can not be generic: hence
# `Any` for an ID, which is str or bytes as all the rest.

_StreamFacts = TypedDict(
    "_StreamFacts",
    {
        "radix-tree-keys": int,
        "radix-tree-nodes": int,
        "last-generated-id": Any,
        # Since Redis 7.0:
        "max-deleted-entry-id": NotRequired[Any],
        "entries-added": NotRequired[int],  # ever since the stream was created
        "recorded-first-entry-id": NotRequired[Any],
        # Since Redis 8.6, about what producers added with `idmp`, see `xcfgset`:
        "idmp-duration": NotRequired[int],  # in seconds
        "idmp-maxsize": NotRequired[int],
        "pids-tracked": NotRequired[int],  # of so many producers
        "iids-tracked": NotRequired[int],  # so many entries are remembered
        "iids-added": NotRequired[int],
        "iids-duplicates": NotRequired[int],  # were not added again
    },
)
_StreamEnds = TypedDict(
    "_StreamEnds",
    {
        "first-entry": StreamEntry[Any] | None,
        "last-entry": StreamEntry[Any] | None,
    },
)
_GroupFacts = TypedDict(
    "_GroupFacts",
    {
        "last-delivered-id": Any,
        # Since Redis 7.0; None if the server can not tell:
        "entries-read": NotRequired[int | None],
        "lag": NotRequired[int | None],  # how many entries were not delivered yet
    },
)
_FullGroupFacts = TypedDict("_FullGroupFacts", {"pel-count": int})
_FullConsumerFacts = TypedDict(
    "_FullConsumerFacts",
    {
        # Unix times in milliseconds:
        "seen-time": int,  # of its last attempt to get entries
        "active-time": NotRequired[int],  # when it last got some; -1: never. Since Redis 7.2
        "pel-count": int,
    },
)


class StreamInfo(_StreamFacts, _StreamEnds):
    """A stream: how many entries and consumer groups it has, which entries are the first and the last, and more."""

    length: int
    groups: int


class GroupInfo(_GroupFacts, Generic[AnyStr]):
    """A consumer group: how many consumers and pending entries it has, and how far it has come."""

    name: AnyStr
    consumers: int
    pending: int


class ConsumerInfo(TypedDict, Generic[AnyStr]):
    """A consumer of a group."""

    name: AnyStr
    pending: int
    """How many entries were delivered to it that it has not acknowledged."""
    idle: int
    """How long ago it last tried to get entries, in milliseconds."""
    inactive: NotRequired[int]
    """How long ago it last got entries, in milliseconds; -1: never. Since Redis 7.2."""


class GroupPendingEntry(NamedTuple, Generic[AnyStr]):
    """A pending entry of a group."""

    id: AnyStr
    consumer: AnyStr
    delivery_time: int
    """When it was last delivered, a Unix time in milliseconds."""
    delivery_count: int


class ConsumerPendingEntry(NamedTuple, Generic[AnyStr]):
    """A pending entry of a consumer."""

    id: AnyStr
    delivery_time: int
    """When it was last delivered, a Unix time in milliseconds."""
    delivery_count: int


class FullConsumerInfo(_FullConsumerFacts, Generic[AnyStr]):
    """A consumer with its pending entries."""

    name: AnyStr
    pending: list[ConsumerPendingEntry[AnyStr]]


class FullGroupInfo(_GroupFacts, _FullGroupFacts, Generic[AnyStr]):
    """A consumer group with its pending entries and its consumers."""

    name: AnyStr
    pending: list[GroupPendingEntry[AnyStr]]
    consumers: list[FullConsumerInfo[AnyStr]]


class FullStreamInfo(_StreamFacts, Generic[AnyStr]):
    """A stream with its entries and its consumer groups."""

    length: int
    entries: dict[AnyStr, dict[AnyStr, AnyStr]]
    """The fields of each entry, by its ID."""
    groups: list[FullGroupInfo[AnyStr]]


def to_stream_info(reply: Reply) -> StreamInfo:
    """The reply of XINFO STREAM."""
    info = to_fields(reply)
    for end in ("first-entry", "last-entry"):
        info[end] = to_entry(info[end])
    found: StreamInfo = info
    return found


def to_full_stream_info(reply: Reply) -> FullStreamInfo[Any]:
    """The reply of XINFO STREAM FULL."""
    info = to_fields(reply)
    info["entries"] = dict(to_entries(info["entries"]))
    info["groups"] = [_to_full_group(group) for group in info["groups"]]
    found: FullStreamInfo[Any] = info
    return found


def _to_full_group(reply: Any) -> FullGroupInfo[Any]:
    group = to_fields(reply)
    group["pending"] = [GroupPendingEntry(*entry) for entry in group["pending"]]
    group["consumers"] = [_to_full_consumer(consumer) for consumer in group["consumers"]]
    found: FullGroupInfo[Any] = group
    return found


def _to_full_consumer(reply: Any) -> FullConsumerInfo[Any]:
    consumer = to_fields(reply)
    consumer["pending"] = [ConsumerPendingEntry(*entry) for entry in consumer["pending"]]
    found: FullConsumerInfo[Any] = consumer
    return found


def to_groups(reply: Reply) -> list[GroupInfo[Any]]:
    """The reply of XINFO GROUPS."""
    return [to_fields(group) for group in reply]


def to_consumers(reply: Reply) -> list[ConsumerInfo[Any]]:
    """The reply of XINFO CONSUMERS."""
    return [to_fields(consumer) for consumer in reply]
