"""The process of one contestant: measures what it is told to on standard input, and answers on standard output, in JSON."""

from __future__ import annotations

import inspect
import json
import os
import sys
import traceback
from dataclasses import asdict
from typing import Any

import anyio

from benchmarks.contestants import CONTESTANTS
from benchmarks.workload import Place, Sample, forget_peak
from benchmarks.workloads import WORKLOADS


def main() -> None:
    """Serve until standard input ends."""
    name, place, processors = json.loads(sys.argv[1])
    if processors:
        os.sched_setaffinity(0, processors)
    contestant = CONTESTANTS[name].make(Place(**place))
    contestant.imports = CONTESTANTS[name].imports
    if not hasattr(contestant, "__aenter__"):
        _serve(contestant)
        return
    loop = CONTESTANTS[name].loop
    options = {} if loop == "trio" else {"use_uvloop": loop == "uvloop"}
    anyio.run(_serve_in, contestant, backend="trio" if loop == "trio" else "asyncio", backend_options=options)


def _serve(contestant: Any) -> None:
    for line in sys.stdin:
        with _Answer() as answer:
            workload, case, seconds = json.loads(line)
            forget_peak()
            sample: Any = WORKLOADS[workload].measure(contestant, case, seconds)
            answer.sample = sample


async def _serve_in(contestant: Any) -> None:
    async with contestant:
        while line := sys.stdin.readline():  # blocks the loop, which has nothing to do meanwhile
            with _Answer() as answer:
                workload, case, seconds = json.loads(line)
                forget_peak()
                sample: Any = WORKLOADS[workload].measure(contestant, case, seconds)
                answer.sample = await sample if inspect.isawaitable(sample) else sample


class _Answer:
    """Prints the sample, or why there is none."""

    def __init__(self) -> None:
        self.sample: Sample | None = None

    def __enter__(self) -> _Answer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if isinstance(error, NotImplementedError):
            answer: dict[str, Any] = {"absent": True}
        elif isinstance(error, Exception):
            answer = {"error": "".join(traceback.format_exception(error))}
        elif self.sample is None:
            return False
        else:
            answer = asdict(self.sample)
        print(json.dumps(answer), flush=True)
        return True


if __name__ == "__main__":
    main()
