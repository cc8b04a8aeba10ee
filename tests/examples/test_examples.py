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
    "topology.py": (
        [],
        r"epoch 0: primary .+: True\n(  replica .+: connected, \d+ bytes behind\n){2}[^$]*PrimaryChanged, by [^$]*visits: 2",
    ),
    "test_failover.py": ([], "7 passed"),
    "worker.py": ([], "jobs done: 600 - waiting: 0"),
    "rate_limiter.py": (
        [],
        r"ann: Verdict\(allowed=False, left=0, retry_after=[56]\d\.\d+\)\nbob: Verdict\(allowed=True",
    ),
    "cache_aside.py": (
        [],
        r"all the same: True\ncomputations: 1\nwithout the cache: ConnectionError\nanswer: {'visits': 42}",
    ),
    "leader.py": ([], "then another one: True"),
    "stream_group.py": ([], "dan took 10 orders and died\norders cooked: 100 - pending: 0"),
    "celery_tasks.py": ([], r"before: \[1, 2, 3, 4, 5\]\nafter: \[1, 2, 3, 4, 5\]"),
    "web.py": ([], r"requests: 400 - answered with 200: 400\nhealth: {'redis': True}"),
}
#: What some need that the tests do not bring; `tox -e examples` does.
NEEDS = {"web.py": ["fastapi", "httpx"], "celery_tasks.py": ["celery"]}
#: How pytest is run on an example that is a test; the plugin by its module, because it need not be installed.
PYTEST = ["-m", "pytest", "-p", "no:valkey", "-p", "no:syncredis", "-p", "pytest_syncredis", "-p", "no:cacheprovider"]


#: With which options Python runs them, where that differs.
MODES = {
    # In development mode, asyncio tells on stderr of every slow step, which a busy machine has.
    "web.py": ["-W", "error"],
    # Celery warns of its own plans for the next version.
    "celery_tasks.py": ["-W", "ignore", "-W", "error::ResourceWarning"],
}


def test_every_example_is_run() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == RUNS.keys()


#: What is run on each Python; the others on one, see tox.ini.
EVERYWHERE = {"sentinel_sync.py", "sentinel_async.py", "test_failover.py"}


@pytest.mark.parametrize(
    "name", [name if name in EVERYWHERE else pytest.param(name, marks=pytest.mark.slow) for name in RUNS]
)
def test_example(name: str) -> None:
    for package in NEEDS.get(name, []):
        pytest.importorskip(package)
    arguments, said = RUNS[name]
    runner = PYTEST if name.startswith("test_") else []
    mode = MODES.get(name, ["-X", "dev", "-W", "error"])
    command = [sys.executable, *mode, *runner, str(ROOT / "examples" / name), *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    assert re.search(said, run.stdout), run.stdout
    assert run.stderr == ""
