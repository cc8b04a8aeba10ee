"""The stream commands on consumer groups: https://redis.io/docs/latest/commands/?group=stream

A group remembers up to where its stream was delivered, and what was delivered to which of its consumers. What these do
themselves is in `syncredis.commands.stream_consumers`.
"""

from __future__ import annotations

from syncredis.command import Command
from syncredis.commands.arguments import (
    SpanT,
    flags,
    milliseconds,
)
from syncredis.commands.group import CommandGroup
from syncredis.commands.stream_replies import (
    ConsumerInfo,
    GroupInfo,
    PendingEntry,
    PendingSummary,
    to_consumers,
    to_groups,
    to_pending_entries,
    to_pending_summary,
)
from syncredis.commands.streams import StreamIdT
from syncredis.replies import to_bool, to_true
from syncredis.typing import AnyStr, EncodableT, KeyT


class StreamGroupCommands(CommandGroup[AnyStr]):
    """Commands on the consumer groups of streams. A `ResponseError` if there is no such group, unless said otherwise."""

    __slots__ = ()

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


def _entries_read_option(entries_read: int | None) -> list[EncodableT]:
    return [] if entries_read is None else ["ENTRIESREAD", entries_read]
