"""``syncredis demo`` as a process: what it tells, and that it leaves nothing behind, however it ends."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import time

import pytest

from tests.cli.conftest import INTERRUPTED, PROC, living

pytestmark = pytest.mark.slow
counted = pytest.mark.skipif(not PROC.is_dir(), reason="processes are counted through /proc")

#: In the order in which they come.
MILESTONES = [
    r"syncredis \S+ demo: a failover under load",
    r"\d s \S Starting 3 Sentinels\.",
    r"\d s \S In service: 1 primary, 2 replicas, 3 Sentinels \((Valkey|Redis) [\d.]+\)\.",
    r"\d s \S Discovered \(sync and async\): primary (?P<old>127\.0\.0\.1:\d+), replicas 127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+\.",
    r"\d s \S Load: 2 writers and 2 readers in threads \(sync\), as many asyncio tasks \(async\); 50 writes/s",
    r"\d s \S kill -9 of the primary (?P=old) \(process \d+\)\.",
    r"\d s \S a?sync: (a write broke off|writes wait)",
    r"\d s \S Sentinel has promoted (?P<new>127\.0\.0\.1:\d+), [\d,]+ ms after the kill\.",
    r"\d s \S All Sentinels name the new primary\.",
    r"\d s \S Longest gap between reads meanwhile: [\d,]+ ms \(sync\), [\d,]+ ms \(async\)\.",
    r"\d s \S Load has ended\. [\d,]+ keys read back from (?P=new)\.",
    r"Writes acknowledged, [\d.]+ s a bar",
    r"kill \S +\S switch",
    r"writes acknowledged +[1-9]\d* +[1-9]\d*",
    r"lost +0 +0 *\n",
    r"longest gap +[\d,]+ ms +[\d,]+ ms",
    r"writes of unknown outcome +\d+ +\d+",
    r"reads answered +[1-9]\d* +[1-9]\d*",
    r"wrong replies +0 +0 *\n",
    r"errors +0 +0 *\n",
    r"About one per writer \(2 per\s+surface\) is to be expected at a kill",
    r"All is well:",
]


def test_it_tells_the_whole_story_and_exits_0(run):
    # Two seconds of silence, for a machine that is slow today must not pass for a primary that is gone.
    program = run("demo", "--down-after", "2", "--rate", "50", COLUMNS="120")
    status, out, err = program.finish()
    assert (status, err) == (0, ""), out
    unwrapped = re.sub(r"\n {11}(?=\S)", " ", out)
    assert re.search(".*?".join(rf"(?:{milestone})" for milestone in MILESTONES), unwrapped, re.DOTALL), out
    # The client need not wait for the Sentinels to agree: it may be ahead of them.
    resumed = r"\d s \S (a?sync): writes again [\d,]+ ms after the kill, (?:[\d,]+ ms after|before) the switch\."
    back = re.findall(resumed, unwrapped)
    assert sorted(back) == ["async", "sync"], out
    assert "\x1b" not in out
    times = [float(stamp) for stamp in re.findall(r"^ *(\d+\.\d\d) s ", out, re.MULTILINE)]
    assert times == sorted(times)


def test_plain_lines_fit_80_columns_and_need_no_unicode(run):
    program = run("demo", "--seconds", "0.1", COLUMNS="80", PYTHONIOENCODING="ascii", **INTERRUPTED)
    lines = [program.read_until("kill -9")]
    program.interrupt(signal.SIGTERM)
    status, out, err = program.finish()
    assert status == 128 + signal.SIGTERM
    assert err == "syncredis demo: stopped by SIGTERM; everything that was started has ended\n"
    assert max(map(len, [*lines, *out.splitlines()])) <= 80
    assert "".join(lines).isascii()


@counted
@pytest.mark.parametrize(
    ("moment", "presses"),
    [
        ("Waiting until the replicas are in sync", 1),  # servers are starting
        ("Waiting until the replicas are in sync", 4),
        ("Load:", 1),
        ("Load:", 4),
        ("writes wait", 1),  # calls hang: there is no primary
        ("writes wait", 4),
        ("The old primary is back", 1),  # the library is blocked in a wait of its own
    ],
)
def test_ctrl_c_leaves_no_process(run, moment, presses):
    program = run("demo", **INTERRUPTED)
    program.read_until(moment)
    children = program.children()
    assert len(children) >= 3
    for _ in range(presses):
        program.interrupt()
        time.sleep(0.005)  # else the kernel makes one signal of several
    status, _, err = program.finish(30)
    assert (status, err) == (130, "syncredis demo: stopped by Ctrl-C; everything that was started has ended\n")
    assert living(children) == set()


@counted
def test_a_killed_demo_leaves_no_process(run):
    program = run("demo")
    program.read_until("Load:")
    children = program.children()
    program.process.kill()
    program.finish()
    deadline = time.monotonic() + 30
    while living(children):  # it is the watchdog that ends them now
        assert time.monotonic() < deadline, living(children)
        time.sleep(0.02)


class Terminal:
    """The program on a terminal of 80 columns, as a person has it."""

    # Has the terminal on its standard input control it, so that Ctrl-C there is a signal here.
    CODE = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "syncredis", *sys.argv[1:]])
"""

    def __init__(self, arguments: list[str], env: dict[str, str]) -> None:
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
        self.output = b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.CODE, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={name: value for name, value in env.items() if name not in ("COLUMNS", "LINES")},
        )
        os.close(theirs)

    def read_until(self, words: bytes | None) -> None:
        """Read until ``words`` have come; None: until the end."""
        while words is None or words not in self.output:
            try:
                block = os.read(self._ours, 65536)
            except OSError:  # Linux's word for the end of a terminal
                block = b""
            if not block:
                assert words is None, self.output
                return
            self.output += block

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture
def terminal(env):
    opened: list[Terminal] = []

    def start(*arguments: str, **variables: str) -> Terminal:
        opened.append(Terminal(list(arguments), {**env, **variables}))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.mark.parametrize("keys", [b"\x03", b"\x03\x03\x03"])
def test_ctrl_c_on_a_terminal_shows_the_cursor_again(terminal, keys):
    program = terminal("demo", **INTERRUPTED)
    program.read_until(b"Sentinel has to notice")
    program.type(keys)
    program.read_until(None)
    assert program.process.wait(30) == 130
    output = program.output.decode()
    assert "Traceback" not in output
    assert "\x1b[36m127.0.0.1:" in output
    assert "The primary is on port" in output  # progress while servers start
    assert output.rindex("\x1b[?25h") > output.rindex("\x1b[?25l")
    assert "stopped by Ctrl-C" in output[output.rindex("\x1b[?25h") :]


@pytest.mark.parametrize(("arguments", "variables"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"})])
def test_no_colours_if_not_wanted(terminal, arguments, variables):
    program = terminal("demo", *arguments, **variables, **INTERRUPTED)
    program.read_until(b"Load:")
    program.type(b"\x03")
    program.read_until(None)
    assert program.process.wait(30) == 130
    colours = re.findall(rb"\x1b\[[\d;]*\b(?:3[0-7]|9[0-7])[;m]", program.output)
    assert b"127.0.0.1:" in program.output
    assert colours == []
