"""What type checkers make of the public interface; checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import Any, assert_type

import syncredis
import syncredis.aio
from syncredis.cache import Cache


def text_and_bytes(choice: bool) -> None:
    assert_type(syncredis.Redis(), syncredis.Redis[str])
    assert_type(syncredis.Redis(decode_responses=True), syncredis.Redis[str])
    assert_type(syncredis.Redis(decode_responses=False), syncredis.Redis[bytes])
    assert_type(syncredis.Redis.from_url("redis://"), syncredis.Redis[str])
    assert_type(syncredis.Redis.from_url("redis://", decode_responses=False), syncredis.Redis[bytes])
    assert_type(syncredis.aio.Redis(), syncredis.aio.Redis[str])
    assert_type(syncredis.aio.Redis(decode_responses=False), syncredis.aio.Redis[bytes])


def siblings(text: syncredis.Redis[str], raw: syncredis.aio.Redis[bytes], choice: bool) -> None:
    assert_type(text.with_options(stream_timeout=None), syncredis.Redis[str])
    assert_type(text.with_options(decode_responses=False), syncredis.Redis[bytes])
    assert_type(text.with_options(decode_responses=choice), syncredis.Redis[Any])
    assert_type(text.ensure_replication(2, timeout=0.5), syncredis.Redis[str])
    assert_type(raw.ensure_persistence(replicas=1), syncredis.aio.Redis[bytes])
    assert_type(text.cached(100, max_age=60.0), syncredis.Redis[str])
    assert_type(raw.cached(), syncredis.aio.Redis[bytes])
    assert_type(raw.cache, Cache | None)
    assert_type(raw.with_options(stream_timeout=1.5), syncredis.aio.Redis[bytes])
    assert_type(raw.with_options(decode_responses=True), syncredis.aio.Redis[str])


def blocking(text: syncredis.Redis[str], raw: syncredis.Redis[bytes], choice: bool) -> None:
    assert_type(text.get("k"), str | None)
    assert_type(raw.get("k"), bytes | None)
    assert_type(text.mget(["a", b"b"]), list[str | None])
    assert_type(text.set("k", 1), bool | None)
    assert_type(text.set("k", 1, get=True), str | None)
    assert_type(raw.set("k", 1, get=choice), bytes | bool | None)
    assert_type(text.incr("k"), int)


async def awaited(text: syncredis.aio.Redis[str], raw: syncredis.aio.Redis[bytes], choice: bool) -> None:
    assert_type(await text.get("k"), str | None)
    assert_type(await raw.get("k"), bytes | None)
    assert_type(await text.mget(["a", b"b"]), list[str | None])
    assert_type(await text.set("k", 1), bool | None)
    assert_type(await text.set("k", 1, get=True), str | None)
    assert_type(await raw.set("k", 1, get=choice), bytes | bool | None)
