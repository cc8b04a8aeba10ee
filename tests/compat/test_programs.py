"""The programs in `programs/` print the same with redis-py and with the shims in its place."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from syncredis.testing import ServerProcess
from tests.fixtures.servers import BINARIES

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAMS = sorted(path.name for path in (HERE / "programs").glob("*.py"))

pytestmark = pytest.mark.skipif(importlib.util.find_spec("redis") is None, reason="redis-py is not installed")

#: The commands of every kind of server are compared in `test_calls`; for programs, one is enough.
KIND = "redis-7.0" if "redis-7.0" in BINARIES else next(iter(BINARIES), "")

#: Has ``import redis`` mean the shims, and runs a program.
WITH_SHIMS = (
    "import runpy, sys, syncredis.compat; syncredis.compat.install(); sys.argv.pop(0); runpy.run_path(sys.argv[0])"
)


def printed(before: list[str], program: str, *arguments: str) -> str:
    """Return what a program prints."""
    command = [sys.executable, *before, str(HERE / "programs" / program), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, env=environment)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_prints_the_same(program: str) -> None:
    with ServerProcess(BINARIES[KIND]) as server:
        expected = printed([], program, str(server.port))
        assert printed(["-c", WITH_SHIMS], program, str(server.port)) == expected
