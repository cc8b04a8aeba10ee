"""One command at a time, in one thread."""

from __future__ import annotations

from typing import Any

from benchmarks.contestants import BLOCKING
from benchmarks.workload import Sample, Workload, timed


def _measure(contestant: Any, case: str, seconds: float) -> Sample:
    command, _, way = case.partition(" ")
    unix = way == "unix"
    if command == "GET":
        return timed(contestant.get("key:0", unix=unix), seconds)
    return timed(contestant.set("written", b"v" * 64, unix=unix), seconds)


WORKLOADS = [
    Workload(
        name="single",
        title="One command at a time, 64 bytes",
        unit="operations/s",
        better="more",
        limit="raw",
        contestants=BLOCKING,
        cases=("GET tcp", "SET tcp", "GET unix", "SET unix"),
        quick=("GET tcp",),
        measure=_measure,
    )
]
