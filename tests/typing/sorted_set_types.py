"""What type checkers make of the commands on sorted sets and places; never run."""

from __future__ import annotations

from typing import assert_type

import syncredis.aio
from syncredis import Redis
from syncredis.commands.types import (
    GeoMatch,
    GeoPosition,
    PoppedMember,
    PoppedMembers,
    RankAndScore,
    SetScan,
    SortedSetScan,
)
from syncredis.pipeline import Pipeline
from syncredis.pipeline_queue import PipelineResult


def sorted_sets(text: Redis[str], raw: Redis[bytes], flag: bool) -> None:
    assert_type(text.zadd("z", {"a": 1, "b": 2.5}), int)
    assert_type(text.zadd("z", {b"a": 1}, incr=True), float | None)
    assert_type(text.zincrby("z", 1.5, "a"), float)
    assert_type(raw.bzpopmin(["z", "y"], 1), PoppedMember[bytes] | None)
    assert_type(text.bzmpop(1, 2, ["z", "y"], min=True), PoppedMembers[str] | None)
    assert_type(raw.zmpop(1, "z", max=True), PoppedMembers[bytes] | None)
    assert_type(text.zmscore("z", ["a", "b"]), list[float | None])
    assert_type(raw.zpopmax("z"), list[tuple[bytes, float]])
    assert_type(text.zrandmember("z"), str | None)
    assert_type(text.zrandmember("z", 2), list[str])
    assert_type(raw.zrandmember("z", 2, withscores=True), list[tuple[bytes, float]])
    assert_type(text.zrank("z", "a"), int | None)
    assert_type(text.zrank("z", "a", withscore=True), RankAndScore | None)
    assert_type(text.zrevrank("z", "a", withscore=flag), int | RankAndScore | None)
    assert_type(raw.zscan("z"), SortedSetScan[bytes])
    assert_type(raw.zscan("z", no_scores=True), SetScan[bytes])
    assert_type(text.zscore("z", "a"), float | None)
    assert_type(text.zrange("z", 0, -1), list[str])
    assert_type(text.zrevrange("z", 0, -1), list[str])
    assert_type(raw.zrevrange("z", 0, -1, True), list[tuple[bytes, float]])
    assert_type(raw.zrange("z", 0, -1, withscores=True), list[tuple[bytes, float]])
    assert_type(text.zrange("z", 0, -1, withscores=flag), list[str] | list[tuple[str, float]])
    assert_type(raw.zrangebyscore("z", "-inf", "(5"), list[bytes])
    assert_type(text.zrevrangebyscore("z", 5, 1, withscores=True), list[tuple[str, float]])
    assert_type(text.zrangebylex("z", "-", "+"), list[str])
    assert_type(raw.zdiff(["a", "b"], withscores=True), list[tuple[bytes, float]])
    assert_type(text.zinter({"a": 1, "b": 2.5}, aggregate="MAX"), list[str])
    assert_type(text.zunion(["a", "b"], "COUNT", withscores=flag), list[str] | list[tuple[str, float]])
    assert_type(text.zunionstore("d", ["a"]), int)


def places(text: Redis[str], raw: Redis[bytes], flag: bool) -> None:
    assert_type(text.geoadd("g", (13.4, 52.5, "Berlin")), int)
    assert_type(text.geodist("g", "a", "b", unit="km"), float | None)
    assert_type(raw.geohash("g", "a"), list[str | None])
    assert_type(text.geopos("g", "a"), list[GeoPosition | None])
    assert_type(text.geosearch("g", "a", radius=5), list[str])
    assert_type(raw.geosearch("g", "a", radius=5, withdist=True), list[GeoMatch[bytes]])
    assert_type(text.geosearch("g", "a", radius=5, withhash=flag), list[str] | list[GeoMatch[str]])
    assert_type(raw.georadius("g", 13.4, 52.5, 5, withcoord=True), list[GeoMatch[bytes]])
    assert_type(text.georadius("g", 13.4, 52.5, 5, store="d"), int)
    assert_type(text.georadiusbymember("g", "a", 5), list[str])
    assert_type(text.geosearchstore("d", "g", "a", radius=5), int)


async def awaited(text: syncredis.aio.Redis[str], raw: syncredis.aio.Redis[bytes], flag: bool) -> None:
    assert_type(await text.zadd("z", {"a": 1}, incr=True), float | None)
    assert_type(await raw.bzpopmin("z", 1), PoppedMember[bytes] | None)
    assert_type(await raw.zrange("z", 0, -1, withscores=True), list[tuple[bytes, float]])
    assert_type(await text.zrange("z", 0, -1, withscores=flag), list[str] | list[tuple[str, float]])
    assert_type(await text.zrank("z", "a", withscore=True), RankAndScore | None)
    assert_type(await raw.zscan("z"), SortedSetScan[bytes])
    assert_type(await raw.geosearch("g", "a", radius=5, withdist=True), list[GeoMatch[bytes]])
    assert_type(await text.georadius("g", 13.4, 52.5, 5, store="d"), int)


def queued(text: Pipeline[str], raw: Pipeline[bytes]) -> None:
    assert_type(text.zadd("z", {"a": 1}), PipelineResult[int])
    assert_type(raw.zrange("z", 0, -1, withscores=True), PipelineResult[list[tuple[bytes, float]]])
    assert_type(text.zpopmin("z").value, list[tuple[str, float]])
    assert_type(raw.geopos("g", "a"), PipelineResult[list[GeoPosition | None]])
