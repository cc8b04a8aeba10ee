"""From the start to the first PING at the primary, through Sentinels; all alive, the first one dead, the first one silent."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.workload import Sample, Workload


def _measure(contestant: Any, case: str, seconds: float) -> Sample:
    with _first_sentinel(case) as first:
        contestant.place = dataclasses.replace(contestant.place, sentinels=[*first, *contestant.place.sentinels[-3:]])
        operation = contestant.discover()
        taken: list[float] = []
        started = now = time.perf_counter()
        while not taken or (now - started < seconds and len(taken) < 1000):
            operation()
            before, now = now, time.perf_counter()
            taken.append(now - before)
    return Sample(value=sorted(taken)[len(taken) // 2] * 1e3)


@contextmanager
def _first_sentinel(case: str) -> Iterator[list[tuple[str, int]]]:
    """Where the one is that is asked first: nowhere, or where somebody listens and never answers."""
    if case == "all alive":
        yield []
        return
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if case == "first one silent":
            listener.listen(1000)
        yield [listener.getsockname()]


WORKLOADS = [
    Workload(
        name="discovery",
        title="From three Sentinels to the first PING at the primary",
        unit="ms",
        better="less",
        limit="raw",
        contestants=("raw", "syncredis", "redis-py", "valkey-py"),
        cases=("all alive", "first one dead", "first one silent"),
        quick=("all alive",),
        sentinels=True,
        measure=_measure,
    )
]
