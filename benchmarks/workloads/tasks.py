"""Async tasks that share one client."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from benchmarks.contestants import ALL_LOOPS
from benchmarks.workload import Sample, Workload, peak_memory, percentile


async def in_tasks(operation: Callable[[], Awaitable[Any]], count: int, seconds: float, worth: float = 1.0) -> Sample:
    """Repeat ``operation`` in so many tasks at the same time, for about so many seconds; at least once in each."""
    durations: list[float] = []
    clock = time.perf_counter
    await operation()
    end = clock() + seconds

    async def repeat() -> None:
        now = clock()
        while True:
            before = now
            await operation()
            now = clock()
            durations.append(now - before)
            if now >= end:
                return

    cpu, started = time.process_time(), clock()
    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(repeat)
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
        title="Tasks on one client",
        unit="operations/s",
        better="more",
        limit="raw async",
        contestants=ALL_LOOPS,
        cases=("1", "4", "16", "64", "256", "1000", "2000"),
        quick=("16",),
        axis="tasks",
        measure=_measure,
    ),
]
