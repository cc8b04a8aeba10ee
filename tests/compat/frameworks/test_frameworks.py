"""Frameworks that are written for redis-py do their work through `install`, those that know Sentinel through a failover.

Run by `tox -e frameworks`, which installs them.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.servers import BINARIES

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent

#: One kind of server is enough: what the servers make of commands is compared elsewhere.
KIND = "redis-7.0" if "redis-7.0" in BINARIES else next(iter(BINARIES), "")

#: Has ``import redis`` mean the shims, and runs a program.
WITH_SHIMS = (
    "import runpy, sys, syncredis.compat; syncredis.compat.install(); sys.argv.pop(0); runpy.run_path(sys.argv[0])"
)

#: Program -> the module without which it can not run.
PROGRAMS = {
    "caches.py": "flask_caching",
    "celery_tasks.py": "celery",
    "django_cache.py": "django_redis",
    "dramatiq_actors.py": "dramatiq",
    "huey_tasks.py": "huey",
    "redis_lock_locks.py": "redis_lock",
    "rq_jobs.py": "rq",
}


@contextmanager
def running(program: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    if importlib.util.find_spec(PROGRAMS[program]) is None:
        pytest.skip(f"{PROGRAMS[program]} is not installed")
    command = [sys.executable, "-c", WITH_SHIMS, str(HERE / program), *map(str, arguments)]
    started = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with started:
        try:
            yield started
        finally:
            started.kill()


def assert_done(program: subprocess.Popen[str]) -> None:
    said, complained = program.communicate(timeout=200)
    assert program.returncode == 0, complained
    assert said.endswith("done\n"), said + complained


def test_every_program_is_run() -> None:
    assert {path.name for path in HERE.glob("*.py")} - {"test_frameworks.py"} == PROGRAMS.keys()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_it_does_its_work(program: str) -> None:
    with ServerProcess(BINARIES[KIND]) as server:
        by_url = program in ("celery_tasks.py", "django_cache.py")
        with running(program, f"redis://127.0.0.1:{server.port}/0" if by_url else server.port) as started:
            assert_done(started)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("program", ["celery_tasks.py", "django_cache.py", "caches.py"])
def test_it_does_its_work_through_a_failover(program: str) -> None:
    with SentinelDeployment(server=BINARIES[KIND], down_after=1.5) as deployment:
        ports = [location.port for location in deployment.sentinel_locations]
        name = deployment.service_name
        arguments: dict[str, list[object]] = {
            "celery_tasks.py": [";".join(f"sentinel://127.0.0.1:{port}/0" for port in ports), name],
            "django_cache.py": [f"redis://{name}/0", *ports],
            "caches.py": [0, name, *ports],
        }
        with running(program, *arguments[program]) as started:
            assert started.stdout is not None
            assert started.stdin is not None
            said = started.stdout.readline()
            if said != "ready\n":
                _, complained = started.communicate(timeout=60)
                pytest.fail(said + complained)
            deployment.failover()
            started.stdin.write("go on\n")
            assert_done(started)
