"""Threads that share one client; of bare sockets, each thread has one."""

from __future__ import annotations

import threading
import time
from typing import Any

from benchmarks.contestants import BLOCKING
from benchmarks.workload import Operation, Sample, Workload, peak_memory, percentile


def _measure(contestant: Any, case: str, seconds: float) -> Sample:
    count = int(case)
    ready, end = threading.Barrier(count + 1), threading.Event()
    taken: list[list[float]] = [[] for _ in range(count)]

    def use(operation: Operation, durations: list[float]) -> None:
        clock = time.perf_counter
        operation()
        ready.wait()
        before = clock()
        while not end.is_set():
            operation()
            now = clock()
            durations.append(now - before)
            before = now

    threads = [threading.Thread(target=use, args=(contestant.get(f"key:{i}"), taken[i])) for i in range(count)]
    for thread in threads:
        thread.start()
    ready.wait()
    cpu, started = time.process_time(), time.perf_counter()
    time.sleep(seconds)
    end.set()
    for thread in threads:
        thread.join()
    total = time.perf_counter() - started
    durations = [duration for one in taken for duration in one]
    return Sample(
        value=len(durations) / total,
        p99=percentile(durations, 0.99) * 1e6,
        cpu=(time.process_time() - cpu) / len(durations) * 1e6,
        peak=peak_memory(),
    )


WORKLOADS = [
    Workload(
        name="threads" if unpinned else "threads-pinned",
        title=f"Threads on one client{', on all processors' if unpinned else ', on one processor'}",
        unit="operations/s",
        better="more",
        limit="raw",
        contestants=BLOCKING,
        cases=("1", "2", "4", "8", "16", "32"),
        quick=("8",),
        axis="threads",
        unpinned=unpinned,
        measure=_measure,
    )
    for unpinned in (True, False)
]
