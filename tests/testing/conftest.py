"""Every server binary of this machine, and child Python processes that meet a bad end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syncredis.testing import ServerBinary, available

BINARIES = available()


@pytest.fixture(params=BINARIES, ids=str)
def binary(request: pytest.FixtureRequest) -> ServerBinary:
    """Each version of Valkey and Redis that can be run here."""
    found: ServerBinary = request.param
    return found


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], bool]:
    """A function that waits until something is true, and tells whether it became so."""

    def wait(condition: Callable[[], bool], timeout: float = 20.0) -> bool:
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    return wait


class Script:
    """A child Python process, and everything that descends from it, known by a mark."""

    def __init__(self, code: str, directory: Path) -> None:
        self.directory = directory
        self._mark = f"SYNCREDIS_TEST_MARK={directory}"
        name, _, value = self._mark.partition("=")
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {name: value, "TMPDIR": str(directory), "PYTHONPATH": path},
        )

    def wait_for(self, word: str) -> None:
        """Block until the script prints a line that is `word`."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line == word, (line, self.process.communicate()[1])

    def finish(self) -> tuple[int, str, str]:
        """Block until the script has ended; return its exit code and what it wrote."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err

    def processes(self) -> list[int]:
        """Return the numbers of the living processes that descend from the script."""
        mark = self._mark.encode()
        found: list[int] = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def remains(self) -> list[str]:
        """Return what is left of the script: processes that live and files that exist."""
        return [*map(str, self.processes()), *map(str, self.directory.iterdir())]


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Callable[[str], Script]]:
    """A function that runs code in a child Python process, and nothing of which stays."""
    scripts: list[Script] = []

    def run(code: str) -> Script:
        directory = tmp_path / f"script-{len(scripts)}"
        directory.mkdir()
        scripts.append(Script(code, directory))
        return scripts[-1]

    yield run
    for started in scripts:
        if started.process.poll() is None:
            started.process.kill()
        started.process.communicate()
