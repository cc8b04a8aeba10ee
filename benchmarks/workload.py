"""`Workload`: something to be measured, as a value; and how a call is timed."""

from __future__ import annotations

import resource
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

#: One operation, ready to be called again and again.
Operation: TypeAlias = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the servers are.

    Attributes:
        host: of the server.
        port: of the server.
        path: of its Unix socket.
        sentinels: host and port of each Sentinel; empty unless the workload asks for them.
    """

    host: str
    port: int
    path: str
    sentinels: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """What one slice of a measurement brought.

    Attributes:
        value: in the unit of the workload.
        p99: the time in microseconds that 99 of 100 operations stayed below; None where it says nothing.
        cpu: microseconds of processor time of the client for one operation; None where it says nothing.
        peak: the most memory that the client's process has held during the slice, in MiB; see `forget_peak`.
    """

    value: float
    p99: float | None = None
    cpu: float | None = None
    peak: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Something to be measured.

    Attributes:
        name: for the command line, and in the results.
        title: for people.
        unit: of the values.
        better: whether ``"more"`` or ``"less"`` of it is better.
        limit: the contestant that all others are compared with.
        contestants: who takes part.
        cases: what is measured of each.
        measure: takes contestant, case and seconds, and returns a sample; called in the contestant's own process.
        quick: the cases of a quick run.
        axis: what the cases are a number of, if it can be drawn; None if they are not numbers.
        fresh: whether each slice needs a process of its own.
        unpinned: whether clients may use all processors; otherwise server and client have one each.
        sentinels: whether Sentinels are needed.

    """

    name: str
    title: str
    unit: str
    better: Literal["more", "less"]
    limit: str
    contestants: Sequence[str]
    cases: Sequence[str]
    measure: Callable[[Any, str, float], Sample | Awaitable[Sample]]
    quick: Sequence[str] = field(default=())
    axis: str | None = None
    fresh: bool = False
    unpinned: bool = False
    sentinels: bool = False


def timed(operation: Operation, seconds: float, worth: float = 1.0) -> Sample:
    """Call ``operation`` for about so many seconds, at least three times; its value is ``worth`` for each second it takes.

    ``worth`` is how much one call does: 1 for an operation, the number of commands for a pipeline, MiB for large values.
    """
    operation()
    batch = 1
    while (took := _time(operation, batch)) < seconds / 20 and batch < 1 << 20:
        batch *= 4
    durations: list[float] = []
    calls, total = 0, 0.0
    cpu = time.process_time()
    while total < seconds or len(durations) < 3:
        took = _time(operation, batch)
        durations.append(took / batch)
        total += took
        calls += batch
    cpu = time.process_time() - cpu
    tail = latencies(operation, min(seconds / 4, 0.1)) if total / calls < 0.01 else None
    return Sample(value=worth * calls / total, p99=tail, cpu=cpu / calls / worth * 1e6, peak=peak_memory())


def latencies(operation: Operation, seconds: float) -> float:
    """Return the time in microseconds that 99 of 100 calls stay below."""
    taken: list[float] = []
    clock = time.perf_counter
    before = started = clock()
    while before - started < seconds:
        operation()
        now = clock()
        taken.append(now - before)
        before = now
    return percentile(taken, 0.99) * 1e6


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of all ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def forget_peak() -> None:
    """Begin anew to look for the most memory that this process holds; where the system can not do that, nothing happens."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> float:
    """The most memory that this process has held since `forget_peak`, or else since it began, in MiB."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return float(status.partition("VmHWM:")[2].split()[0]) / 1024


def _time(operation: Operation, calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        operation()
    return time.perf_counter() - started
