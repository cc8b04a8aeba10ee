"""What type checkers make of the commands on strings, bitmaps and hyperloglogs; never run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import assert_type

import syncredis.aio
from syncredis import Redis
from syncredis.commands.types import BitFieldGet, BitFieldIncrBy, BitFieldSet, Increment, LcsMatches
from syncredis.pipeline import Pipeline
from syncredis.pipeline_queue import PipelineResult


def blocking(text: Redis[str], raw: Redis[bytes], flag: bool) -> None:
    assert_type(text.append("k", "v"), int)
    assert_type(text.decr("k"), int)
    assert_type(text.digest("k"), str | None)
    assert_type(raw.digest("k"), bytes | None)
    assert_type(text.getdel("k"), str | None)
    assert_type(raw.getex("k", ex=timedelta(minutes=1)), bytes | None)
    assert_type(text.getex("k", exat=datetime.now(UTC)), str | None)
    assert_type(raw.getrange("k", 0, -1), bytes)
    assert_type(text.getset("k", b"v"), str | None)
    assert_type(text.incrbyfloat("k", 1), float)
    assert_type(text.increx("k"), Increment[int])
    assert_type(text.increx("k", byint=2, ubound=10).value, int)
    assert_type(raw.increx("k", byfloat=0.5, lbound=0), Increment[float])
    assert_type(text.lcs("a", "b"), str)
    assert_type(raw.lcs("a", "b", len=True), int)
    assert_type(text.lcs("a", "b", idx=True), LcsMatches)
    assert_type(raw.lcs("a", "b", len=flag), bytes | int | LcsMatches)
    assert_type(text.mset({"a": 1, "b": b"2"}), bool)
    assert_type(text.msetex({b"a": 1.5}, "NX", px=5), bool)
    assert_type(raw.mget("a"), list[bytes | None])
    assert_type(raw.set("k", "v", get=True), bytes | None)
    assert_type(text.set("k", "v", ifeq=1, get=flag), str | bool | None)
    assert_type(text.strlen("k"), int)
    assert_type(text.bitfield("k", BitFieldGet("u8", 0), BitFieldSet("u8", "#1", 5)), list[int | None])
    assert_type(raw.bitfield("k", BitFieldIncrBy("i4", 0, -1, "SAT")), list[int | None])
    assert_type(text.bitop("DIFF1", "d", "a", "b"), int)
    assert_type(text.pfmerge("d", "a", "b"), bool)


async def awaited(text: syncredis.aio.Redis[str], raw: syncredis.aio.Redis[bytes], flag: bool) -> None:
    assert_type(await text.getdel("k"), str | None)
    assert_type(await raw.getrange("k", 0, -1), bytes)
    assert_type(await raw.increx("k", byfloat=0.5), Increment[float])
    assert_type(await text.lcs("a", "b", idx=True), LcsMatches)
    assert_type(await raw.lcs("a", "b", idx=flag), bytes | int | LcsMatches)
    assert_type(await raw.mget(["a"], "b"), list[bytes | None])
    assert_type(await text.bitfield("k", BitFieldGet("u8", 0)), list[int | None])
    assert_type(await text.pfcount("a", "b"), int)


def queued(text: Pipeline[str], raw: Pipeline[bytes], flag: bool) -> None:
    assert_type(text.get("k"), PipelineResult[str | None])
    assert_type(raw.get("k").value, bytes | None)
    assert_type(text.incr("k"), PipelineResult[int])
    assert_type(text.set("k", "v"), PipelineResult[bool | None])
    assert_type(text.set("k", "v", get=True), PipelineResult[str | None])
    assert_type(raw.set("k", "v", get=flag), PipelineResult[bytes | bool | None])
    assert_type(text.lcs("a", "b", len=True), PipelineResult[int])
    assert_type(raw.increx("k", byfloat=1.0), PipelineResult[Increment[float]])
