"""A million commands: all are answered in order, in a memory that does not grow with their number."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from syncredis.testing import ServerProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parent.parent.parent

#: Each half of the commands writes what the other reads right after it.
COMMANDS = """
import resource, sys

def commands(record, number):
    for n in range(number // 2):
        yield record.set(f"k:{n % 1000}", n)
        yield record.get(f"k:{n % 1000}")

def check(number, n, reply):
    assert reply == (True if n % 2 == 0 else str(n // 2)), (n, reply)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
"""

BLOCKING = """
from syncredis import Redis

def run(client, number):
    answered = 0
    for reply in client.pipeline(transaction=False).iterate(commands(client.record, number)):
        check(number, answered, reply)
        answered += 1
    assert answered == number

with Redis(sys.argv[1], int(sys.argv[2])) as client:
    run(client, 20_000)
    before = peak()
    run(client, 1_000_000)
    print(peak() - before)
"""

AWAITED = """
import anyio
from syncredis.aio import Redis

async def run(client, number):
    answered = 0
    async for reply in client.pipeline(transaction=False).iterate(commands(client.record, number)):
        check(number, answered, reply)
        answered += 1
    assert answered == number

async def main():
    async with Redis(sys.argv[1], int(sys.argv[2])) as client:
        await run(client, 20_000)
        before = peak()
        await run(client, 1_000_000)
        print(peak() - before)

anyio.run(main, backend=sys.argv[3])
"""


@pytest.mark.parametrize(("program", "backend"), [(BLOCKING, ""), (AWAITED, "asyncio"), (AWAITED, "trio")])
def test_memory_is_bounded(servers: dict[str, ServerProcess], program: str, backend: str) -> None:
    server = servers[max(servers)]
    # In a process of its own: the peak is the process's.
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS + program, *map(str, server.location), backend],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # A million replies alone would take some 60 MB.
    assert int(done.stdout) < 8_000_000
