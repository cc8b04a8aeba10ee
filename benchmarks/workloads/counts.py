"""What one GET costs, in counts: free of what else the machine does."""

from __future__ import annotations

from typing import Any

from benchmarks.contestants import BLOCKING
from benchmarks.counting import Cost, cost_of
from benchmarks.workload import Sample, Workload


def _measure(contestant: Any, case: str, seconds: float) -> Sample:  # noqa: ARG001 - as every workload
    operation = contestant.get("key:0")
    operation()
    costs = [cost_of(operation) for _ in range(5)]
    spent: Cost = min(costs, key=lambda cost: cost.bytecodes)
    count = {
        "Python calls": len(spent.python_calls),
        "C calls": len(spent.c_calls),
        "bytecodes": spent.bytecodes,
        "socket calls": len(spent.socket_calls),
    }
    return Sample(value=count[case])


WORKLOADS = [
    Workload(
        name="counts",
        title="What one GET costs",
        unit="",
        better="less",
        limit="raw",
        contestants=BLOCKING,
        cases=("Python calls", "C calls", "bytecodes", "socket calls"),
        quick=("bytecodes",),
        measure=_measure,
    )
]
