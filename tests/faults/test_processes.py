"""Child processes, however they are made: each has connections of its own, and the parent keeps its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from syncredis.testing import ServerProcess
from tests.fixtures.ledger import Ledger

ROOT = Path(__file__).resolve().parent.parent.parent
PROCESSES, CALLS = 4, 100

SCRIPT = f"""
import multiprocessing, os, sys, threading
from syncredis import Redis

client = Redis("127.0.0.1", int(sys.argv[2]), max_connections=4)


def work(name):
    wrong = 0
    for number in range({CALLS}):
        client.incr("count")
        value = f"{{name}}:{{number}}"
        client.set(name, value)
        wrong += client.get(name) != value
        with client.pipeline() as pipeline:
            pipeline.get(name)
            pipeline.echo(value)
            wrong += pipeline.execute() != [value, value]
    return wrong


if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    wrong = work("before")
    # Calls are under way in threads of the parent while the children are made.
    results = []
    threads = [threading.Thread(target=lambda n=n: results.append(work(f"thread-{{n}}"))) for n in range(3)]
    for thread in threads:
        thread.start()
    with context.Pool({PROCESSES}) as pool:
        results += pool.map(work, [f"child-{{n}}" for n in range({PROCESSES})], chunksize=1)
    for thread in threads:
        thread.join()
    wrong += sum(results) + work("after")
    print(wrong, client.get("count"))
    client.close()
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(each_server: ServerProcess, tmp_path: Path, method: str, ledger: Ledger) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    # Forking a process with threads is what is tested here; newer versions of Python warn of it.
    options = ["-W", "error", "-W", "ignore:.*fork:DeprecationWarning"]
    done = subprocess.run(
        [sys.executable, *options, str(script), method, str(each_server.port)],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    wrong, count = map(int, done.stdout.split())
    expected = CALLS * (1 + 3 + PROCESSES + 1)
    ledger.note(operations=5 * expected, wrong_replies=wrong, double_writes=count > expected)
    assert (wrong, count) == (0, expected)
