"""Runs the workloads: a process for each contestant, slices in turn, so that whatever else the machine does hits all alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from benchmarks.contestants import CONTESTANTS
from benchmarks.workload import Place, Sample, Workload
from syncredis.testing import SentinelDeployment, ServerProcess, find

ROOT = Path(__file__).resolve().parent.parent

#: Told what is being done, by the way.
Report = Callable[[str], None]


@dataclass(slots=True)
class Measurement:
    """The samples of one contestant in one case.

    Attributes:
        samples: one for each repetition.
        error: why there are none, or no more.
    """

    samples: list[Sample] = field(default_factory=list)
    error: str | None = None


#: For each case of a workload, for each contestant.
Measurements = dict[str, dict[str, Measurement]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is done.

    Attributes:
        repetitions: of each slice.
        seconds: for each slice.
        quick: whether only some cases are measured.
        contestants: who may take part.
        server: which server; see `syncredis.testing.find`.
        pinned: whether server and clients get a processor each, where the system can do that and has two.
    """

    repetitions: int
    seconds: float
    quick: bool
    contestants: Sequence[str]
    server: str
    pinned: bool

    def cases(self, workload: Workload) -> Sequence[str]:
        """What is measured of a workload."""
        return workload.quick if self.quick else workload.cases

    def taking_part(self, workload: Workload) -> list[str]:
        """Who of those that are wanted takes part in a workload, and is installed."""
        return [
            name for name in workload.contestants if name in self.contestants and CONTESTANTS[name].version is not None
        ]


def run(workloads: Iterable[Workload], plan: Plan, report: Report) -> dict[str, Measurements]:
    """Measure, and return the measurements by the names of the workloads. Blocks for minutes."""
    with _servers(plan) as place:
        return {workload.name: _run_one(workload, plan, place, report) for workload in workloads}


def _run_one(workload: Workload, plan: Plan, place: Place, report: Report) -> Measurements:
    cases, names = plan.cases(workload), plan.taking_part(workload)
    found: Measurements = {case: {name: Measurement() for name in names} for case in cases}
    processors = [1] if _pins(plan) and not workload.unpinned else []
    with ExitStack() as stack:
        if workload.sentinels:
            report(f"{workload.title}: starting Sentinels")
            deployment = stack.enter_context(SentinelDeployment(replicas=1, sentinels=3))
            place = replace(place, sentinels=deployment.sentinel_locations)
        children: dict[str, _Child] = {}
        for repetition in range(plan.repetitions):
            for case in cases:
                for name in names:
                    measurement = found[case][name]
                    if measurement.error is not None:
                        continue
                    report(f"{workload.title}: {case}, {name} ({repetition + 1} of {plan.repetitions})")
                    if name not in children:
                        children[name] = stack.enter_context(_Child(name, place, processors))
                    _measure(children[name], workload, case, plan.seconds, measurement)
                    if workload.fresh or measurement.error is not None:
                        children.pop(name).close()
    return found


def _measure(child: _Child, workload: Workload, case: str, seconds: float, measurement: Measurement) -> None:
    answer = child.ask([workload.name, case, seconds])
    if "error" in answer or "absent" in answer:
        measurement.error = answer.get("error", "can not do this")
    else:
        measurement.samples.append(Sample(**answer))


class _Child:
    """The process of one contestant."""

    def __init__(self, name: str, place: Place, processors: list[int]) -> None:
        start = json.dumps([name, asdict(place), processors])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", start],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, what: list[Any]) -> dict[str, Any]:
        """Have it measure something, and return its answer."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(what) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        answer: dict[str, Any] = json.loads(line) if line else {"error": f"its process ended ({process.wait()})"}
        return answer

    def close(self) -> None:
        """End the process; it may be closed already."""
        process = self._process
        if process.poll() is None and process.stdin is not None:
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None and not stream.closed:
                stream.close()


def _pins(plan: Plan) -> bool:
    return plan.pinned and hasattr(os, "sched_setaffinity") and {0, 1} <= os.sched_getaffinity(0)


@contextmanager
def _servers(plan: Plan) -> Iterator[Place]:
    """A server with the data that the workloads read."""
    config = {"save": '""', "appendonly": "no", "maxclients": "18000"}
    config["client-output-buffer-limit"] = "pubsub 0 0 0"  # a slow subscriber is measured, not thrown out
    with ServerProcess(find(plan.server), unix_socket=True, config=config) as server:
        if _pins(plan) and server.pid is not None:
            os.sched_setaffinity(server.pid, {0})
        with server.client() as client, client.pipeline(transaction=False) as pipeline:
            for number in range(1000):
                pipeline.set(f"key:{number}", "v" * 64)
            items = [f"item:{number:06}" for number in range(10_000)]
            pipeline.rpush("list", *items)
            pipeline.hset("hash", mapping={item: item for item in items})
            pipeline.sadd("set", *items)
            pipeline.zadd("zset", {item: number + 0.5 for number, item in enumerate(items)})
            pipeline.execute()
        assert server.socket_path is not None
        yield Place(server.location.host, server.port, str(server.socket_path))
