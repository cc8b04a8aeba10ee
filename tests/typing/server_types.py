"""What type checkers make of the commands on keys, on the server and on Sentinels; never run."""

from __future__ import annotations

from datetime import datetime
from typing import Any, assert_type

import syncredis.aio
from syncredis import Location, Redis
from syncredis.commands.types import (
    AclLogEntry,
    AclUser,
    ChannelSubscribers,
    CommandInfo,
    FunctionLibrary,
    FunctionLibraryWithCode,
    FunctionStats,
    KeyScan,
    LatencyEvent,
    PrimaryRole,
    PrimaryState,
    ReplicaRole,
    ReplicaState,
    SentinelRole,
    ServerTime,
    SlowlogEntry,
    TrackingInfo,
)
from syncredis.pipeline import Pipeline
from syncredis.pipeline_queue import PipelineResult


def keys(text: Redis[str], raw: Redis[bytes], flag: bool) -> None:
    assert_type(text.delete("a", b"b"), int)
    assert_type(text.dump("k"), bytes | None)
    assert_type(raw.keys(), list[bytes])
    assert_type(text.object_encoding("k"), str | None)
    assert_type(raw.randomkey(), bytes | None)
    assert_type(text.scan(match="a*"), KeyScan[str])
    assert_type(raw.scan().keys, list[bytes])
    assert_type(text.type("k"), str)
    assert_type(text.ttl("k"), int)
    assert_type(text.expire("k", 60), bool)
    assert_type(raw.sort("k"), list[bytes])
    assert_type(text.sort("k", get="#"), list[str | None])
    assert_type(raw.sort("k", get=["#", "x*"], groups=True), list[tuple[bytes | None, ...]])
    assert_type(text.sort("k", store="d"), int)
    assert_type(raw.sort_ro("k"), list[bytes])
    assert_type(text.sort_ro("k", get="#"), list[str] | list[str | None])
    assert_type(text.waitaof(1, 0, 100), list[int])


def server(text: Redis[str], raw: Redis[bytes], withcode: bool) -> None:
    assert_type(raw.acl_getuser("u"), AclUser | None)
    assert_type(raw.acl_log(), list[AclLogEntry])
    assert_type(raw.acl_whoami(), str)
    assert_type(raw.client_list(), list[dict[str, str]])
    assert_type(raw.client_getname(), str | None)
    assert_type(text.client_trackinginfo(), TrackingInfo)
    assert_type(raw.echo("v"), bytes)
    assert_type(text.ping(), bool)
    assert_type(raw.command_info("get"), dict[str, CommandInfo])
    assert_type(raw.command_getkeys("GET", "k"), list[bytes])
    assert_type(raw.config_get("*"), dict[str, str])
    assert_type(raw.info(), dict[str, Any])
    assert_type(text.lastsave(), datetime)
    assert_type(text.latency_latest(), list[LatencyEvent])
    assert_type(raw.memory_usage("k"), int | None)
    assert_type(text.role(), PrimaryRole | ReplicaRole | SentinelRole)
    assert_type(raw.slowlog_get(), list[SlowlogEntry])
    assert_type(text.time(), ServerTime)
    assert_type(raw.eval("return 1", 0), Any)
    assert_type(raw.script_load("return 1"), str)
    assert_type(text.function_list(), list[FunctionLibrary])
    assert_type(raw.function_list(withcode=True), list[FunctionLibraryWithCode[bytes]])
    assert_type(text.function_list(withcode=withcode), list[FunctionLibrary] | list[FunctionLibraryWithCode[str]])
    assert_type(raw.function_stats(), FunctionStats)
    assert_type(raw.pubsub_numsub("c"), list[ChannelSubscribers[bytes]])


def sentinel(text: Redis[str], raw: Redis[bytes]) -> None:
    assert_type(raw.sentinel_get_primary_addr_by_name("s"), Location | None)
    assert_type(raw.sentinel_masters(), dict[str, PrimaryState])
    assert_type(text.sentinel_replicas("s"), list[ReplicaState])
    assert_type(text.sentinel_debug(), dict[str, int])
    assert_type(text.sentinel_debug({"PING-PERIOD": 500}), bool)


async def awaited(text: syncredis.aio.Redis[str], raw: syncredis.aio.Redis[bytes]) -> None:
    assert_type(await raw.keys(), list[bytes])
    assert_type(await text.scan(), KeyScan[str])
    assert_type(await raw.sort("k", get="#"), list[bytes | None])
    assert_type(await raw.info(), dict[str, Any])
    assert_type(await raw.config_get(), dict[str, str])
    assert_type(await text.role(), PrimaryRole | ReplicaRole | SentinelRole)
    assert_type(await raw.function_list(withcode=True), list[FunctionLibraryWithCode[bytes]])
    assert_type(await text.sentinel_master("s"), PrimaryState)


def queued(text: Pipeline[str], raw: Pipeline[bytes]) -> None:
    assert_type(raw.keys(), PipelineResult[list[bytes]])
    assert_type(text.scan().value, KeyScan[str])
    assert_type(raw.sort("k", store="d"), PipelineResult[int])
    assert_type(raw.config_get(), PipelineResult[dict[str, str]])
    assert_type(text.time(), PipelineResult[ServerTime])
