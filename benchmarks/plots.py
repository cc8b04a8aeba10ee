"""Draws the results, as SVG: what grows as lines over its axis, the rest as bars of ratios."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

#: Ours stand out; the limit is grey. Who has no colour of its own here gets none of theirs.
_COLOURS = {
    "syncredis": "#c6302b",
    "syncredis.aio": "#c6302b",
    "syncredis.aio uvloop": "#7d1a16",
    "syncredis.aio trio": "#e88a86",
    "raw": "#999999",
    "raw+hiredis": "#999999",
    "raw async": "#999999",
    "raw uvloop": "#666666",
}
_OTHERS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#17becf", "#bcbd22", "#e377c2")


def draw(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw everything in ``results``, which `benchmarks.results.as_json` has made; return the files.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    import_module("matplotlib").use("svg")
    pyplot: Any = import_module("matplotlib.pyplot")
    # Text as text and a fixed salt: two runs differ where their figures do.
    pyplot.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "syncredis", "font.size": 9})
    # Filled, so that it can be read on a dark page, too.
    pyplot.rcParams.update({"savefig.facecolor": "white", "axes.prop_cycle": _cycle()})
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for name, workload in results["workloads"].items():
        figure, axes = pyplot.subplots(figsize=(7, 3.6), layout="constrained")
        if workload["axis"] is not None and len(workload["cases"]) > 1:
            _draw_lines(axes, workload)
        else:
            _draw_bars(axes, workload)
        axes.set_title(workload["title"])
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        path = folder / f"{name}.svg"
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)
        files.append(path)
    return files


def _cycle() -> Any:
    return import_module("cycler").cycler(color=_OTHERS)


def _draw_lines(axes: Any, workload: Mapping[str, Any]) -> None:
    cases = list(workload["cases"])
    for name in _names(workload):
        points = [
            (position, summary["value"])
            for position, case in enumerate(cases)
            if (summary := workload["cases"][case].get(name, {}).get("summary")) is not None
        ]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=name, color=_COLOURS.get(name))
    axes.set_xticks(range(len(cases)), cases)
    axes.set_xlabel(workload["axis"])
    axes.set_ylabel(workload["unit"])
    axes.set_yscale("log")


def _draw_bars(axes: Any, workload: Mapping[str, Any]) -> None:
    cases, names = list(workload["cases"]), _names(workload)
    width = 0.8 / len(names)
    for index, name in enumerate(names):
        found = [workload["cases"][case].get(name, {}).get("summary") for case in cases]
        values = [0.0 if summary is None else summary["value"] for summary in found]
        places = [position - 0.4 + width * (index + 0.5) for position in range(len(cases))]
        axes.bar(places, values, width, label=name, color=_COLOURS.get(name))
    axes.set_xticks(range(len(cases)), cases)
    axes.set_ylabel(f"{workload['unit'] or 'count'}, {workload['better']} is better")
    if workload["better"] == "less" and any(bar.get_height() > 0 for bar in axes.patches):
        axes.set_yscale("log")


def _names(workload: Mapping[str, Any]) -> list[str]:
    return list(next(iter(workload["cases"].values())))
