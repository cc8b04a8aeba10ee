"""Every group of commands returns the same through redis-py and through the shims: types, values and kinds of errors."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from syncredis.testing import ServerBinary, ServerProcess
from tests.fixtures.servers import BINARIES

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

#: What all options are compared on.
KIND = "redis-7.0" if "redis-7.0" in BINARIES else next(iter(BINARIES), "")

#: What Redis 6.2 says in a form of its own, which redis-py hands on as it is.
IN_OTHER_FORMS = {"redis-6.2": ("acl_getuser", "sort_ro")}

pytestmark = pytest.mark.skipif(importlib.util.find_spec("redis") is None, reason="redis-py is not installed")


def said_by(which: str, server: ServerProcess, *options: str) -> dict[str, list[str]]:
    """Return what a client says in each group."""
    command = [sys.executable, str(HERE / "caller.py"), which, str(server.port), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, env=environment)
    assert run.returncode == 0, run.stderr
    said: dict[str, list[str]] = json.loads(run.stdout)
    return said


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="bytes"),
        pytest.param(["decode_responses=True"], id="text"),
        pytest.param(["protocol=2"], id="RESP2", marks=pytest.mark.resp2),
    ],
)
def test_the_shims_say_what_redis_py_says(binary: ServerBinary, server_name: str, options: list[str]) -> None:
    if options and server_name != KIND:
        pytest.skip("how replies are decoded is compared on one kind of server")
    with ServerProcess(binary) as server:
        expected = said_by("redis-py", server, *options)
    with ServerProcess(binary) as server:
        said = said_by("shims", server, *options)
    assert said.keys() == expected.keys()
    different = [
        f"{group}: {line}\n    redis-py: {other}"
        for group in expected
        for line, other in zip(said[group], expected[group], strict=True)
        if _comparable(line) != _comparable(other)
        and not any(word in line for word in IN_OTHER_FORMS.get(server_name, ()))
    ]
    assert not different, "\n".join(different)


def _comparable(line: str) -> str:
    # A server repeats the arguments of a command that it does not know; a COUNT of 1, say, need not be among them.
    return line.partition("with args")[0]
