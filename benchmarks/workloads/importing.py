"""How long importing takes, beyond the start of Python itself."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from typing import Any

from benchmarks.workload import Sample, Workload


def _measure(contestant: Any, case: str, seconds: float) -> Sample:  # noqa: ARG001 - there is but one
    started = time.perf_counter()
    taken: list[float] = []
    bare: list[float] = []
    while len(taken) < 3 or time.perf_counter() - started < seconds:
        taken.append(_run(f"import {contestant.imports}"))
        bare.append(_run("pass"))
    return Sample(value=(min(taken) - min(bare)) * 1e3)


def _run(code: str) -> float:
    """The processor time of an interpreter that does this, in seconds."""
    # Packages are compiled once, as they are for every user.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    # Not `os.times`, which counts in hundredths of a second: a tenth of what is measured.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


WORKLOADS = [
    Workload(
        name="import",
        title="Processor time to import",
        unit="ms",
        better="less",
        limit="redis-py",
        contestants=(
            "syncredis",
            "redis-py",
            "valkey-py",
            "valkey-glide-sync",
            "coredis",
            "valkey-glide",
            "syncredis.aio",
        ),
        cases=("import",),
        quick=("import",),
        measure=_measure,
    )
]
