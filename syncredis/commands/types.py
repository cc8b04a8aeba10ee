"""What command methods take and return, for annotations; all else that they take is in `syncredis.typing`.

Only `BitFieldGet`, `BitFieldSet` and `BitFieldIncrBy` are there to be made by callers.
"""

from __future__ import annotations

from syncredis.commands.acl_replies import AclLogEntry, AclPermissions, AclUser
from syncredis.commands.arguments import MomentT, SpanT, WaitT
from syncredis.commands.bitmaps import (
    BitFieldGet,
    BitFieldIncrBy,
    BitFieldOffsetT,
    BitFieldOperation,
    BitFieldOverflowT,
    BitFieldSet,
    BitOperationT,
    BitUnitT,
)
from syncredis.commands.connections import ClientFilters, ClientKindT, MoreClientFilters
from syncredis.commands.connections_replies import TrackingInfo
from syncredis.commands.diagnostics import CommandlogT
from syncredis.commands.diagnostics_replies import (
    CommandlogEntry,
    LatencyEvent,
    LatencyHistogram,
    LatencySample,
    LoggedCommand,
    SlowlogEntry,
)
from syncredis.commands.functions import (
    EngineStats,
    FunctionLibrary,
    FunctionLibraryWithCode,
    FunctionStats,
    LibraryFunction,
    RunningFunction,
)
from syncredis.commands.generic import KeyScan
from syncredis.commands.geo import OrderT, UnitT
from syncredis.commands.geo_replies import GeoMatch, GeoPosition
from syncredis.commands.hashes import HashFieldScan, HashScan
from syncredis.commands.list_moves import MoveModeT, MoveOrderT
from syncredis.commands.lists import PoppedElement, PoppedElements, SideT
from syncredis.commands.pubsub import ChannelSubscribers
from syncredis.commands.sentinel_replies import (
    CachedInfo,
    DownView,
    InstanceState,
    PendingScript,
    PrimaryState,
    ReplicaState,
    SentinelState,
)
from syncredis.commands.server_replies import (
    CommandInfo,
    ModuleInfo,
    PrimaryRole,
    ReplicaProgress,
    ReplicaRole,
    SentinelRole,
    ServerRole,
    ServerTime,
)
from syncredis.commands.sets import SetScan
from syncredis.commands.sorted_set_combinations import AggregateT, WeightedKeysT
from syncredis.commands.sorted_set_ranges import LexBoundT, ScoreBoundT
from syncredis.commands.sorted_set_replies import PoppedMember, PoppedMembers, RankAndScore, SortedSetScan
from syncredis.commands.sorted_sets import ScoreT
from syncredis.commands.stream_consumers import NackModeT
from syncredis.commands.stream_replies import (
    ClaimedEntries,
    ClaimedIds,
    ConsumerInfo,
    ConsumerPendingEntry,
    DeliveredEntries,
    DeliveredEntry,
    FullConsumerInfo,
    FullGroupInfo,
    FullStreamInfo,
    GroupInfo,
    GroupPendingEntry,
    PendingConsumer,
    PendingEntry,
    PendingSummary,
    StreamEntries,
    StreamEntry,
    StreamInfo,
)
from syncredis.commands.streams import RefPolicyT, StreamIdT
from syncredis.commands.string_replies import Increment, LcsMatch, LcsMatches, LcsRange

__all__ = [
    "AclLogEntry",
    "AclPermissions",
    "AclUser",
    "AggregateT",
    "BitFieldGet",
    "BitFieldIncrBy",
    "BitFieldOffsetT",
    "BitFieldOperation",
    "BitFieldOverflowT",
    "BitFieldSet",
    "BitOperationT",
    "BitUnitT",
    "CachedInfo",
    "ChannelSubscribers",
    "ClaimedEntries",
    "ClaimedIds",
    "ClientFilters",
    "ClientKindT",
    "CommandInfo",
    "CommandlogEntry",
    "CommandlogT",
    "ConsumerInfo",
    "ConsumerPendingEntry",
    "DeliveredEntries",
    "DeliveredEntry",
    "DownView",
    "EngineStats",
    "FullConsumerInfo",
    "FullGroupInfo",
    "FullStreamInfo",
    "FunctionLibrary",
    "FunctionLibraryWithCode",
    "FunctionStats",
    "GeoMatch",
    "GeoPosition",
    "GroupInfo",
    "GroupPendingEntry",
    "HashFieldScan",
    "HashScan",
    "Increment",
    "InstanceState",
    "KeyScan",
    "LatencyEvent",
    "LatencyHistogram",
    "LatencySample",
    "LcsMatch",
    "LcsMatches",
    "LcsRange",
    "LexBoundT",
    "LibraryFunction",
    "LoggedCommand",
    "ModuleInfo",
    "MomentT",
    "MoreClientFilters",
    "MoveModeT",
    "MoveOrderT",
    "NackModeT",
    "OrderT",
    "PendingConsumer",
    "PendingEntry",
    "PendingScript",
    "PendingSummary",
    "PoppedElement",
    "PoppedElements",
    "PoppedMember",
    "PoppedMembers",
    "PrimaryRole",
    "PrimaryState",
    "RankAndScore",
    "RefPolicyT",
    "ReplicaProgress",
    "ReplicaRole",
    "ReplicaState",
    "RunningFunction",
    "ScoreBoundT",
    "ScoreT",
    "SentinelRole",
    "SentinelState",
    "ServerRole",
    "ServerTime",
    "SetScan",
    "SideT",
    "SlowlogEntry",
    "SortedSetScan",
    "SpanT",
    "StreamEntries",
    "StreamEntry",
    "StreamIdT",
    "StreamInfo",
    "TrackingInfo",
    "UnitT",
    "WaitT",
    "WeightedKeysT",
]
