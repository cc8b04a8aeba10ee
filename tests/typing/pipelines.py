"""What type checkers make of pipelines; never run."""

from __future__ import annotations

from typing import Any, assert_type

import syncredis
import syncredis.aio
from syncredis.aio.pipeline import Pipeline as AsyncPipeline
from syncredis.pipeline import Pipeline
from syncredis.pipeline_queue import PipelineResult


def blocking(text: syncredis.Redis[str], raw: syncredis.Redis[bytes]) -> None:
    assert_type(text.pipeline(), Pipeline[str])
    with raw.pipeline(transaction=False) as pipeline:
        assert_type(pipeline, Pipeline[bytes])
        found = pipeline.get("k")
        assert_type(found, PipelineResult[bytes | None])
        assert_type(pipeline.execute(), list[Any])
        assert_type(found.value, bytes | None)


async def awaited(text: syncredis.aio.Redis[str], raw: syncredis.aio.Redis[bytes]) -> None:
    assert_type(text.pipeline(), AsyncPipeline[str])
    async with raw.pipeline() as pipeline:
        assert_type(pipeline, AsyncPipeline[bytes])
        found = pipeline.hgetall("h")
        assert_type(found, PipelineResult[dict[bytes, bytes]])
        assert_type(await pipeline.execute(), list[Any])
        assert_type(found.value, dict[bytes, bytes])


def recorded(text: syncredis.Redis[str], raw: syncredis.aio.Redis[bytes]) -> None:
    # What is recorded has the type of the reply to come.
    assert_type(text.record.get("k"), str | None)
    assert_type(raw.record.mget("k"), list[bytes | None])
