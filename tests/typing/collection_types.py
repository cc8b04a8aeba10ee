"""What type checkers make of the commands on hashes, lists and sets; never run."""

from __future__ import annotations

from typing import assert_type

import syncredis.aio
from syncredis import Redis
from syncredis.commands.types import HashFieldScan, HashScan, PoppedElement, PoppedElements, SetScan
from syncredis.pipeline import Pipeline
from syncredis.pipeline_queue import PipelineResult


def hashes(text: Redis[str], raw: Redis[bytes], flag: bool) -> None:
    assert_type(text.hexists("h", "f"), bool)
    assert_type(text.hget("h", b"f"), str | None)
    assert_type(raw.hgetall("h"), dict[bytes, bytes])
    assert_type(text.hincrbyfloat("h", "f", 1), float)
    assert_type(raw.hkeys("h"), list[bytes])
    assert_type(text.hmget("h", ["a", "b"], "c"), list[str | None])
    assert_type(text.hrandfield("h"), str | None)
    assert_type(raw.hrandfield("h", 2), list[bytes])
    assert_type(text.hrandfield("h", 2, withvalues=True), list[tuple[str, str]])
    assert_type(text.hrandfield("h", 2, flag), str | list[str] | list[tuple[str, str]] | None)
    assert_type(text.hscan("h"), HashScan[str])
    assert_type(raw.hscan("h").fields, dict[bytes, bytes])
    assert_type(raw.hscan("h", no_values=True), HashFieldScan[bytes])
    assert_type(raw.hscan("h", no_values=flag), HashScan[bytes] | HashFieldScan[bytes])
    assert_type(text.hset("h", mapping={"a": 1, b"b": 2.5}), int)
    assert_type(text.hexpire("h", 60, "a", "b", nx=True), list[int])
    assert_type(text.hgetdel("h", "a"), list[str | None])
    assert_type(raw.hgetex("h", "a", persist=True), list[bytes | None])
    assert_type(text.hsetex("h", "f", "v", ex=60), bool)


def lists(text: Redis[str], raw: Redis[bytes], flag: bool, count: int | None) -> None:
    assert_type(text.blpop(["a", "b"], 1.5), PoppedElement[str] | None)
    assert_type(raw.brpop("a"), PoppedElement[bytes] | None)
    assert_type(text.blmove("a", "b", 0), str | None)
    assert_type(text.blmpop(1, 2, "a", "b", direction="LEFT"), PoppedElements[str] | None)
    assert_type(raw.lmpop(1, "a", direction="right", count=3), PoppedElements[bytes] | None)
    assert_type(text.lmovem("a", "b", count=2, ordering="BULK"), list[str] | None)
    assert_type(text.lpop("a"), str | None)
    assert_type(raw.lpop("a", 2), list[bytes] | None)
    assert_type(raw.rpop("a", count), bytes | list[bytes] | None)
    assert_type(text.lpos("a", "v"), int | None)
    assert_type(text.lpos("a", "v", count=0), list[int])
    assert_type(text.lpos("a", "v", count=count), int | list[int] | None)
    assert_type(raw.lrange("a", 0, -1), list[bytes])
    assert_type(text.rpush("a", 1, 2.5, b"x"), int)


def sets(text: Redis[str], raw: Redis[bytes], count: int | None) -> None:
    assert_type(text.sadd("s", "a", 1), int)
    assert_type(text.smembers("s"), set[str])
    assert_type(raw.sinter(["a", "b"]), set[bytes])
    assert_type(text.sunioncard(2, ["a", "b"], approx=True), int)
    assert_type(text.smismember("s", ["a", "b"]), list[int])
    assert_type(text.spop("s"), str | None)
    assert_type(raw.spop("s", 2), list[bytes])
    assert_type(raw.spop("s", count), bytes | list[bytes] | None)
    assert_type(text.srandmember("s", -2), list[str])
    assert_type(raw.sscan("s"), SetScan[bytes])


async def awaited(text: syncredis.aio.Redis[str], raw: syncredis.aio.Redis[bytes], flag: bool) -> None:
    assert_type(await raw.hgetall("h"), dict[bytes, bytes])
    assert_type(await text.hrandfield("h", 2, withvalues=True), list[tuple[str, str]])
    assert_type(await raw.hscan("h", no_values=True), HashFieldScan[bytes])
    assert_type(await text.hscan("h", no_values=flag), HashScan[str] | HashFieldScan[str])
    assert_type(await text.blpop("a", 1), PoppedElement[str] | None)
    assert_type(await raw.lpop("a", 2), list[bytes] | None)
    assert_type(await text.lpos("a", "v", count=1), list[int])
    assert_type(await raw.smembers("s"), set[bytes])
    assert_type(await text.spop("s"), str | None)


def queued(text: Pipeline[str], raw: Pipeline[bytes]) -> None:
    assert_type(raw.hgetall("h"), PipelineResult[dict[bytes, bytes]])
    assert_type(text.hrandfield("h", 2), PipelineResult[list[str]])
    assert_type(raw.lpop("a"), PipelineResult[bytes | None])
    assert_type(text.lmpop(1, "a", direction="LEFT"), PipelineResult[PoppedElements[str] | None])
    assert_type(raw.smembers("s").value, set[bytes])
