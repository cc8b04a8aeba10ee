"""The programs in `examples/` run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS = {
    # Of 800, those that the killed primary had not sent to its replicas yet are lost: at most one for each worker or so.
    "sentinel_sync.py": ([], r"keys on the primary: (79\d|800)"),
    "sentinel_async.py": (["trio"], "visits: 200"),
    "test_failover.py": ([], "7 passed"),
}
#: How pytest is run on an example that is a test; the plugin by its module, because it need not be installed.
PYTEST = ["-m", "pytest", "-p", "no:valkey", "-p", "no:syncredis", "-p", "pytest_syncredis", "-p", "no:cacheprovider"]


def test_every_example_is_run() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == RUNS.keys()


@pytest.mark.parametrize("name", RUNS)
def test_example(name: str) -> None:
    arguments, said = RUNS[name]
    runner = PYTEST if name.startswith("test_") else []
    command = [sys.executable, "-X", "dev", "-W", "error", *runner, str(ROOT / "examples" / name), *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    assert re.search(said, run.stdout), run.stdout
    assert run.stderr == ""
