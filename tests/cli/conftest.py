"""The command line as a process of its own, and what it has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

PROC = Path("/proc")

#: For a program that is going to be interrupted: that may happen between the making of a socket and the line that keeps it.
#: Python closes such a socket at once, but says so.
INTERRUPTED = {"PYTHONWARNINGS": "error,ignore::ResourceWarning"}


class Program:
    """A running ``python -m syncredis``; its output is read line by line."""

    def __init__(self, arguments: tuple[str, ...], env: Mapping[str, str], output: int = subprocess.PIPE) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "syncredis", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )

    def read_until(self, words: str) -> str:
        """Return the first line of the output that contains ``words``."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if words in line:
                return line
        raise AssertionError((words, self.process.communicate()))

    def finish(self, timeout: float = 90.0) -> tuple[int, str, str]:
        """Block until it has ended; return its exit status, the rest of its output, and its errors."""
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, err

    def interrupt(self, number: int = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def children(self) -> set[tuple[int, str]]:
        """Return the processes that it has started and that live, each by its number and when it began."""
        found: set[tuple[int, str]] = set()
        for entry in PROC.iterdir():
            if entry.name.isdecimal() and (stat := _stat(int(entry.name))) is not None and stat[0] == self.process.pid:
                found.add((int(entry.name), stat[1]))
        return found


def living(processes: set[tuple[int, str]]) -> set[tuple[int, str]]:
    """Return those that still live."""
    return {(pid, began) for pid, began in processes if (stat := _stat(pid)) is not None and stat[1] == began}


def _stat(pid: int) -> tuple[int, str] | None:
    """Return the parent of a living process, and when it began."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    state, parent, began = fields[0], int(fields[1]), fields[19]
    return None if state == "Z" else (parent, began)


@pytest.fixture
def env() -> dict[str, str]:
    """The environment of a program: wide lines, and no wish for colours from outside."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    return {**kept, "PYTHONPATH": path, "PYTHONWARNINGS": "error", "COLUMNS": "100", "TERM": "xterm-256color"}


@pytest.fixture
def run(env: dict[str, str]) -> Iterator[Callable[..., Program]]:
    """A function that starts the program, which does not outlive the test."""
    started: list[Program] = []

    def start(*arguments: str, output: int = subprocess.PIPE, **variables: str) -> Program:
        started.append(Program(arguments, {**env, **variables}, output))
        return started[-1]

    yield start
    for program in started:
        if program.process.poll() is None:
            program.process.kill()
        program.process.communicate()
