"""`install`: ``import redis`` means the shims, unless redis-py was there before."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

MEANS_THE_SHIMS = """
import syncredis.compat
syncredis.compat.install()
syncredis.compat.install()
import redis, redis.client, redis.sentinel
from redis.exceptions import ConnectionError
from redis.commands.core import Script
assert redis is syncredis.compat and redis.client.Redis is syncredis.compat.Redis, redis
assert redis.ConnectionError is ConnectionError and issubclass(ConnectionError, redis.RedisError)
import redis.asyncio as aioredis
assert aioredis.Redis.__module__.startswith("syncredis.compat"), aioredis.Redis
assert redis.VERSION >= (8, 1, 0) and redis.__version__ == "8.1.0"
"""

COMES_TOO_LATE = """
import redis
import syncredis.compat
try:
    syncredis.compat.install()
except RuntimeError as error:
    assert "imported already" in str(error) and redis.__file__ in str(error), error
else:
    raise AssertionError("not refused")
"""


def run(program: str) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", program]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert ended.returncode == 0, ended.stderr


def test_import_redis_means_the_shims() -> None:
    run(MEANS_THE_SHIMS)


@pytest.mark.skipif(importlib.util.find_spec("redis") is None, reason="redis-py is not installed")
def test_redis_py_that_was_imported_before_is_left_alone() -> None:
    run(COMES_TOO_LATE)
