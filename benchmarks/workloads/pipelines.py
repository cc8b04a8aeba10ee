"""Many commands sent together."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from benchmarks.contestants import ASYNC, PARSING
from benchmarks.workload import Sample, Workload, timed
from benchmarks.workloads.tasks import in_tasks


def _measure(contestant: Any, case: str, seconds: float) -> Sample:
    count = int(case)
    return timed(contestant.pipeline("key:0", count), seconds, worth=count)


def _measure_async(contestant: Any, case: str, seconds: float) -> Awaitable[Sample]:
    count = int(case)
    return in_tasks(contestant.pipeline("key:0", count), 1, seconds, worth=count)


WORKLOADS = [
    Workload(
        name="pipelines",
        title="Pipelines of GETs",
        unit="commands/s",
        better="more",
        limit="raw+hiredis",
        contestants=PARSING,
        cases=("1", "10", "100", "1000", "10000"),
        quick=("100",),
        axis="commands in a pipeline",
        measure=_measure,
    ),
    Workload(
        name="pipelines-async",
        title="Pipelines of GETs, async",
        unit="commands/s",
        better="more",
        limit="raw async",
        contestants=ASYNC,
        cases=("1", "10", "100", "1000", "10000"),
        quick=("100",),
        axis="commands in a pipeline",
        measure=_measure_async,
    ),
]
