"""The workloads: a module for each kind."""

from __future__ import annotations

from benchmarks.workload import Workload
from benchmarks.workloads import (
    collections,
    connecting,
    counts,
    discovery,
    importing,
    memory,
    pipelines,
    pubsub,
    single,
    tasks,
    threads,
    values,
)

WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for module in (
        single, counts, pipelines, threads, values, collections, pubsub, tasks, connecting, memory, importing, discovery
    )
    for workload in module.WORKLOADS
}  # fmt: skip
