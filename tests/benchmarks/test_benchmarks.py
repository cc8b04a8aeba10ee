"""The benchmarks run, and their figures are put together rightly. What the figures are is nobody's business here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.results import behind, summarize, table
from benchmarks.running import ROOT, Measurement
from benchmarks.workload import Sample, forget_peak, peak_memory
from benchmarks.workloads import WORKLOADS


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_quick_run(tmp_path: Path) -> None:
    written = tmp_path / "results.json"
    only = ["single", "counts", "pipelines", "pipelines-async", "collections"]
    only += ["set-async", "tasks", "pubsub", "pubsub-async"]
    against = ["raw", "raw+hiredis", "raw async"]
    shortly = ["--quick", "--repetitions", "1", "--seconds", "0.01", "--json", str(written)]
    done = run(*shortly, "--only", *only, "--against", *against)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "No peer is ahead in any row." in done.stdout
    found = json.loads(written.read_text())["workloads"]
    assert set(found) == set(only)
    for workload in found.values():
        for case in workload["cases"].values():
            for name, measured in case.items():
                assert measured["error"] is None, name
                assert len(measured["samples"]) == 1
                assert measured["samples"][0] > 0 or name == "raw"  # which calls no Python


def test_what_there_is_not() -> None:
    done = run("--only", "nothing")
    assert done.returncode == 2
    assert "there is no 'nothing'" in done.stderr


def measured(*values: float) -> Measurement:
    return Measurement([Sample(value) for value in values])


def test_a_summary() -> None:
    summary = summarize(measured(50, 90, 10), measured(100, 100, 40))
    assert summary is not None
    assert (summary.value, summary.ratio) == (50, 0.5), "the ratio is that of what was measured in turn"
    assert summarize(Measurement(error="failed"), measured(1)) is None


def test_the_peak_of_a_slice_is_its_own() -> None:
    forget_peak()
    held = bytearray(b"v" * (64 << 20))
    high = peak_memory()
    del held
    forget_peak()
    if sys.platform == "linux":
        assert peak_memory() < high - 32


def test_who_is_ahead_in_the_same_event_loop() -> None:
    found = {"1": {"syncredis.aio": measured(100), "redis-py asyncio": measured(90), "redis-py uvloop": measured(120)}}
    assert behind(WORKLOADS["tasks"], found) == []
    found["1"]["syncredis.aio uvloop"] = measured(110)
    assert "1: redis-py uvloop is ahead (120 to 110)" in behind(WORKLOADS["tasks"], found)[0]


def test_who_is_ahead() -> None:
    more, less = WORKLOADS["single"], WORKLOADS["connect"]
    found = {"a case": {"raw": measured(200), "syncredis": measured(100), "redis-py": measured(150)}}
    assert "a case: redis-py is ahead (150 to 100)" in behind(more, found)[0]
    assert behind(less, found) == []
    assert "x0.75" in table(more, found)
