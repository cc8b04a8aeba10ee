"""From nothing to the first reply: a new client, PING, and its end."""

from __future__ import annotations

from typing import Any

from benchmarks.contestants import BLOCKING
from benchmarks.workload import Sample, Workload, timed


def _measure(contestant: Any, case: str, seconds: float) -> Sample:  # noqa: ARG001 - there is but one
    sample = timed(contestant.connect(), seconds)
    return Sample(value=1e6 / sample.value, p99=sample.p99, cpu=sample.cpu, peak=sample.peak)


WORKLOADS = [
    Workload(
        name="connect",
        title="A new client and its first PING",
        unit="us",
        better="less",
        limit="raw",
        contestants=BLOCKING,
        cases=("open + PING",),
        quick=("open + PING",),
        measure=_measure,
    )
]
