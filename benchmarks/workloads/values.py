"""Values from small to large, as bytes."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from benchmarks.contestants import ASYNC, BLOCKING
from benchmarks.workload import Sample, Workload, timed
from benchmarks.workloads.tasks import in_tasks

SIZES = {
    "1 KiB": 1 << 10,
    "16 KiB": 1 << 14,
    "256 KiB": 1 << 18,
    "1 MiB": 1 << 20,
    "16 MiB": 1 << 24,
    "64 MiB": 1 << 26,
}


def _get(contestant: Any, case: str, seconds: float) -> Sample:
    size = SIZES[case]
    contestant.set("large", b"v" * size)()
    return timed(contestant.get("large", text=False), seconds, worth=size / (1 << 20))


def _set(contestant: Any, case: str, seconds: float) -> Sample:
    size = SIZES[case]
    return timed(contestant.set("large", b"v" * size), seconds, worth=size / (1 << 20))


async def _get_async(contestant: Any, case: str, seconds: float) -> Sample:
    size = SIZES[case]
    await contestant.set("large", b"v" * size)()
    return await in_tasks(contestant.get("large", text=False), 1, seconds, worth=size / (1 << 20))


def _set_async(contestant: Any, case: str, seconds: float) -> Awaitable[Sample]:
    size = SIZES[case]
    return in_tasks(contestant.set("large", b"v" * size), 1, seconds, worth=size / (1 << 20))


WORKLOADS = [
    Workload(
        name=name,
        title=f"{name.upper()} of values",
        unit="MiB/s",
        better="more",
        limit="raw",
        contestants=BLOCKING,
        cases=tuple(SIZES),
        quick=("1 MiB",),
        axis="size of the value",
        measure=measure,
    )
    for name, measure in (("get", _get), ("set", _set))
] + [
    Workload(
        name=f"{name}-async",
        title=f"{name.upper()} of values, asyncio",
        unit="MiB/s",
        better="more",
        limit="raw async",
        contestants=ASYNC,
        cases=tuple(SIZES),
        quick=("1 MiB",),
        axis="size of the value",
        measure=measure_async,
    )
    for name, measure_async in (("get", _get_async), ("set", _set_async))
]
