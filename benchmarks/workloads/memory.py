"""Memory of the client for each idle connection that was used once."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

from benchmarks.contestants import BLOCKING
from benchmarks.workload import Sample, Workload


def _measure(contestant: Any, case: str, seconds: float) -> Sample:  # noqa: ARG001 - as every workload
    count = int(case)
    kept = [contestant.hold(5)]  # what is needed once is not counted
    gc.collect()
    before = _resident()
    kept.append(contestant.hold(count))
    gc.collect()
    return Sample(value=(_resident() - before) / count)


def _resident() -> float:
    """What this process holds in memory, in KiB."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return float(fields["VmRSS"].split()[0])


WORKLOADS = [
    Workload(
        name="memory",
        title="Memory per idle connection",
        unit="KiB",
        better="less",
        limit="raw",
        contestants=BLOCKING,
        cases=("200", "1000"),
        quick=("200",),
        axis="connections",
        fresh=True,
        measure=_measure,
    )
]
