"""From samples to what is said about them: medians, spread, and ratios to the limit; as text and as JSON."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.contestants import CONTESTANTS
from benchmarks.running import Measurement, Measurements
from benchmarks.workload import Workload


@dataclass(frozen=True, slots=True)
class Summary:
    """What the samples of one contestant in one case say.

    Attributes:
        value: their median.
        spread: half of what lies between the first and the last quarter of them, as a share of the median.
        ratio: to the limit: the median of the ratios within each repetition; None for want of one.
        p99: median of the samples' 99th percentiles, in microseconds.
        cpu: median of the processor time for one operation, in microseconds.
        peak: the most memory held, in MiB.
    """

    value: float
    spread: float
    ratio: float | None
    p99: float | None
    cpu: float | None
    peak: float | None


def summarize(measurement: Measurement, limit: Measurement | None) -> Summary | None:
    """Return the summary of the samples; None if there are none."""
    samples = measurement.samples
    if not samples:
        return None
    values = [sample.value for sample in samples]
    middle = statistics.median(values)
    ratio = None
    if limit is not None and limit.samples:
        pairs = zip(values, (sample.value for sample in limit.samples), strict=False)
        ratios = [value / other for value, other in pairs if other]
        ratio = statistics.median(ratios) if ratios else None
    quarters = statistics.quantiles(values, n=4) if len(values) > 1 else [middle] * 3
    return Summary(
        value=middle,
        spread=(quarters[2] - quarters[0]) / 2 / middle if middle else 0.0,
        ratio=ratio,
        p99=_median([sample.p99 for sample in samples]),
        cpu=_median([sample.cpu for sample in samples]),
        peak=max((sample.peak for sample in samples if sample.peak is not None), default=None),
    )


def summaries(workload: Workload, measurements: Measurements) -> Iterator[tuple[str, dict[str, Summary | None]]]:
    """Yield each case, and the summaries of its contestants."""
    for case, by_name in measurements.items():
        limit = by_name.get(workload.limit)
        yield case, {name: summarize(measurement, limit) for name, measurement in by_name.items()}


def table(workload: Workload, measurements: Measurements) -> str:
    """Return the results of a workload as a table: the median, the spread of it, and the ratio to the limit."""
    names = list(next(iter(measurements.values()), {}))
    rows = [["", *names]]
    rows += [[case, *(_cell(found[name]) for name in names)] for case, found in summaries(workload, measurements)]
    further = [("p99 us", "p99"), ("cpu us", "cpu")]
    if workload.unit == "MiB/s":
        further = [("peak MiB", "peak")]
    for label, attribute in further:
        for case, found in summaries(workload, measurements):
            cells = [getattr(found[name], attribute, None) for name in names]
            if any(cell is not None for cell in cells):
                rows.append([f"{case}, {label}", *("" if cell is None else f"{cell:,.1f}" for cell in cells)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    unit = f" ({workload.unit}; {workload.better} is better; x: of {workload.limit})"
    return "\n".join([workload.title + unit, *lines])


def behind(workload: Workload, measurements: Measurements) -> list[str]:
    """Return a sentence for each case in which a peer is ahead of us, in the same event loop."""
    found: list[str] = []
    for case, by_name in summaries(workload, measurements):
        ours_by_loop = {CONTESTANTS[name].loop: s for name, s in by_name.items() if name.startswith("syncredis")}
        for name, theirs in by_name.items():
            ours = ours_by_loop.get(CONTESTANTS[name].loop)
            if ours is None or theirs is None or name.startswith(("syncredis", "raw")):
                continue
            if theirs.value > ours.value if workload.better == "more" else theirs.value < ours.value:
                found.append(f"{workload.title}, {case}: {name} is ahead ({theirs.value:,.4g} to {ours.value:,.4g})")
    return found


def as_json(workloads: Sequence[Workload], results: Mapping[str, Measurements], server: str) -> dict[str, Any]:
    """Return everything that was measured, to be written as JSON."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "server": server,
        "versions": {name: one.version for name, one in CONTESTANTS.items() if one.version},
        "workloads": {
            workload.name: {
                "title": workload.title,
                "unit": workload.unit,
                "better": workload.better,
                "limit": workload.limit,
                "axis": workload.axis,
                "cases": {
                    case: {
                        name: {
                            "samples": [sample.value for sample in measurement.samples],
                            "summary": _plain(summarize(measurement, by_name.get(workload.limit))),
                            "error": measurement.error,
                        }
                        for name, measurement in by_name.items()
                    }
                    for case, by_name in results[workload.name].items()
                },
            }
            for workload in workloads
        },
    }


def _plain(summary: Summary | None) -> dict[str, float | None] | None:
    if summary is None:
        return None
    return {name: getattr(summary, name) for name in ("value", "spread", "ratio", "p99", "cpu", "peak")}


def _cell(summary: Summary | None) -> str:
    if summary is None:
        return "-"
    ratio = "" if summary.ratio is None else f"  x{summary.ratio:.2f}"
    return (
        f"{summary.value:,.4g} +-{summary.spread:.0%}{ratio}"
        if summary.value < 1e4
        else (f"{summary.value:,.0f} +-{summary.spread:.0%}{ratio}")
    )


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
