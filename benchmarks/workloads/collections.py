"""Replies of many items: 10,000, and MGET of 1,000."""

from __future__ import annotations

from typing import Any

from benchmarks.contestants import PARSING
from benchmarks.workload import Sample, Workload, timed


def _measure(contestant: Any, case: str, seconds: float) -> Sample:
    return timed(contestant.collection(case), seconds)


WORKLOADS = [
    Workload(
        name="collections",
        title="Replies of 10,000 items (MGET: 1,000)",
        unit="replies/s",
        better="more",
        limit="raw+hiredis",
        contestants=PARSING,
        cases=("LRANGE", "HGETALL", "SMEMBERS", "ZRANGE WITHSCORES", "MGET"),
        quick=("HGETALL",),
        measure=_measure,
    )
]
