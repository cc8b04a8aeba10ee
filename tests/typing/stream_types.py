"""What type checkers make of the commands on streams; never run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, assert_type

import syncredis.aio
from syncredis import Redis
from syncredis.commands.types import (
    ClaimedEntries,
    ClaimedIds,
    ConsumerInfo,
    DeliveredEntries,
    FullStreamInfo,
    GroupInfo,
    PendingEntry,
    PendingSummary,
    StreamEntries,
    StreamEntry,
    StreamInfo,
)
from syncredis.pipeline import Pipeline
from syncredis.pipeline_queue import PipelineResult


def streams(text: Redis[str], raw: Redis[bytes], flag: bool) -> None:
    assert_type(text.xadd("s", {"f": 1}), str)
    assert_type(raw.xadd("s", {b"f": b"v"}, nomkstream=True), bytes | None)
    assert_type(text.xadd("s", {"f": 1}, idmp=("producer", "entry")), str)
    assert_type(text.xdelex("s", "1-1", ref_policy="ACKED"), list[int])
    assert_type(text.xinfo_stream("s"), StreamInfo)
    assert_type(raw.xinfo_stream("s", full=True), FullStreamInfo[bytes])
    assert_type(raw.xinfo_stream("s", full=True)["entries"], dict[bytes, dict[bytes, bytes]])
    assert_type(raw.xinfo_stream("s", full=flag), StreamInfo | FullStreamInfo[bytes])
    assert_type(text.xinfo_stream("s")["last-generated-id"], Any)
    assert_type(text.xrange("s"), list[StreamEntry[str]])
    assert_type(raw.xrevrange("s")[0].fields, dict[bytes, bytes])
    assert_type(text.xread({"s": "$"}, block=timedelta(seconds=1)), list[StreamEntries[str]])
    assert_type(raw.xread({b"s": 0})[0].entries[0].id, bytes)


def groups(text: Redis[str], raw: Redis[bytes], flag: bool) -> None:
    assert_type(text.xackdel("s", "g", "1-1"), list[int])
    assert_type(text.xautoclaim("s", "g", "c", 60_000), ClaimedEntries[str])
    assert_type(raw.xautoclaim("s", "g", "c", 60_000, justid=True), ClaimedIds[bytes])
    assert_type(raw.xautoclaim("s", "g", "c", 60_000, justid=flag), ClaimedEntries[bytes] | ClaimedIds[bytes])
    assert_type(text.xclaim("s", "g", "c", 0, ["1-1"]), list[StreamEntry[str]])
    assert_type(raw.xclaim("s", "g", "c", 0, "1-1", justid=True), list[bytes])
    assert_type(text.xgroup_create("s", "g", mkstream=True), bool)
    assert_type(text.xinfo_consumers("s", "g"), list[ConsumerInfo[str]])
    assert_type(raw.xinfo_groups("s")[0]["name"], bytes)
    assert_type(raw.xinfo_groups("s"), list[GroupInfo[bytes]])
    assert_type(text.xpending("s", "g"), PendingSummary[str])
    assert_type(raw.xpending("s", "g")["min"], bytes | None)
    assert_type(raw.xpending_range("s", "g", "-", "+", 10), list[PendingEntry[bytes]])
    assert_type(text.xreadgroup("g", "c", {"s": ">"}), list[StreamEntries[str]])
    assert_type(raw.xreadgroup("g", "c", {"s": ">"}, claim_min_idle_time=1000), list[DeliveredEntries[bytes]])


async def awaited(text: syncredis.aio.Redis[str], raw: syncredis.aio.Redis[bytes]) -> None:
    assert_type(await text.xadd("s", {"f": 1}), str)
    assert_type(await raw.xread({"s": "$"}, block=0), list[StreamEntries[bytes]])
    assert_type(await raw.xinfo_stream("s", full=True), FullStreamInfo[bytes])
    assert_type(await text.xautoclaim("s", "g", "c", 60_000, justid=True), ClaimedIds[str])
    assert_type(await raw.xclaim("s", "g", "c", 0, "1-1"), list[StreamEntry[bytes]])
    assert_type(
        await text.xreadgroup("g", "c", {"s": ">"}, claim_min_idle_time=timedelta(1)), list[DeliveredEntries[str]]
    )


def queued(text: Pipeline[str], raw: Pipeline[bytes]) -> None:
    assert_type(text.xadd("s", {"f": 1}), PipelineResult[str])
    assert_type(raw.xrange("s"), PipelineResult[list[StreamEntry[bytes]]])
    assert_type(text.xpending("s", "g"), PipelineResult[PendingSummary[str]])
