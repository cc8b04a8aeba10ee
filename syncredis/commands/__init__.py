"""The command methods, a module for each group of the command documentation, and `Commands`: all of them together.

What they take and return can be imported from `syncredis.commands.types`. Modules of the server, and arrays, vector sets,
HIMPORT and HOTKEYS of Redis 8 have no methods; ``execute_command`` sends anything.
"""

from __future__ import annotations

from syncredis.command import Command
from syncredis.commands.acl import AclCommands
from syncredis.commands.bitmaps import BitmapCommands
from syncredis.commands.connections import ConnectionCommands
from syncredis.commands.diagnostics import DiagnosticCommands
from syncredis.commands.functions import FunctionCommands
from syncredis.commands.generic import GenericCommands
from syncredis.commands.geo import GeoCommands
from syncredis.commands.geo_radius import GeoRadiusCommands
from syncredis.commands.hash_expiry import HashExpiryCommands
from syncredis.commands.hashes import HashCommands
from syncredis.commands.hyperloglogs import HyperLogLogCommands
from syncredis.commands.key_expiry import KeyExpiryCommands
from syncredis.commands.list_moves import ListMoveCommands
from syncredis.commands.lists import ListCommands
from syncredis.commands.pubsub import PubSubCommands
from syncredis.commands.scripting import ScriptingCommands
from syncredis.commands.sentinels import SentinelCommands
from syncredis.commands.server import ServerCommands
from syncredis.commands.sets import SetCommands
from syncredis.commands.sorted_set_combinations import SortedSetCombinationCommands
from syncredis.commands.sorted_set_ranges import SortedSetRangeCommands
from syncredis.commands.sorted_sets import SortedSetCommands
from syncredis.commands.sorting import SortingCommands
from syncredis.commands.stream_consumers import StreamConsumerCommands
from syncredis.commands.stream_groups import StreamGroupCommands
from syncredis.commands.streams import StreamCommands
from syncredis.commands.string_writes import StringWriteCommands
from syncredis.commands.strings import StringCommands
from syncredis.typing import AnyStr, T


class Commands(
    AclCommands[AnyStr],
    BitmapCommands[AnyStr],
    ConnectionCommands[AnyStr],
    DiagnosticCommands[AnyStr],
    FunctionCommands[AnyStr],
    GenericCommands[AnyStr],
    GeoCommands[AnyStr],
    GeoRadiusCommands[AnyStr],
    HashCommands[AnyStr],
    HashExpiryCommands[AnyStr],
    HyperLogLogCommands[AnyStr],
    KeyExpiryCommands[AnyStr],
    ListCommands[AnyStr],
    ListMoveCommands[AnyStr],
    PubSubCommands[AnyStr],
    ScriptingCommands[AnyStr],
    SentinelCommands[AnyStr],
    ServerCommands[AnyStr],
    SetCommands[AnyStr],
    SortedSetCombinationCommands[AnyStr],
    SortedSetCommands[AnyStr],
    SortedSetRangeCommands[AnyStr],
    SortingCommands[AnyStr],
    StreamCommands[AnyStr],
    StreamConsumerCommands[AnyStr],
    StreamGroupCommands[AnyStr],
    StringCommands[AnyStr],
    StringWriteCommands[AnyStr],
):
    """Every command method."""

    __slots__ = ()


class Recorder(Commands[AnyStr]):
    """Hands commands back instead of sending them: how the facade (and a pipeline) get at a command.

    Each method then returns the `Command` itself, although its annotation promises the reply. Whoever uses a recorder takes
    the annotation as the type of the reply to come.
    """

    __slots__ = ()

    def execute(self, command: Command[T]) -> T:
        """Return ``command`` itself."""
        return command  # type: ignore[return-value]  # pyright: ignore[reportReturnType]


__all__ = ["Commands", "Recorder"]
