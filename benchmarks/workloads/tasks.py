"""Async tasks that share one client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.contestants import ASYNC
from benchmarks.workload import Sample, Workload, peak_memory, percentile


async def in_tasks(operation: Callable[[], Awaitable[Any]], count: int, seconds: float, worth: float = 1.0) -> Sample:
    """Repeat ``operation`` in so many tasks at the same time, for about so many seconds."""
    durations: list[float] = []
    clock = time.perf_counter
    await operation()
    end = clock() + seconds

    async def repeat() -> None:
        before = clock()
        while before < end:
            await operation()
            now = clock()
            durations.append(now - before)
            before = now

    cpu, started = time.process_time(), clock()
    await asyncio.gather(*(repeat() for _ in range(count)))
    total = clock() - started
    return Sample(
        value=worth * len(durations) / total,
        p99=percentile(durations, 0.99) * 1e6,
        cpu=(time.process_time() - cpu) / len(durations) / worth * 1e6,
        peak=peak_memory(),
    )


def _measure(contestant: Any, case: str, seconds: float) -> Awaitable[Sample]:
    return in_tasks(contestant.get("key:0"), int(case), seconds)


WORKLOADS = [
    Workload(
        name="tasks",
        title="Tasks on one client, asyncio",
        unit="operations/s",
        better="more",
        limit="raw async",
        contestants=ASYNC,
        cases=("1", "4", "16", "64", "256", "1000", "2000"),
        quick=("16",),
        axis="tasks",
        measure=_measure,
    ),
]
