"""``syncredis demo`` as a process: what it tells, and that it leaves nothing behind, however it ends."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import INTERRUPTED, PROC, living

pytestmark = pytest.mark.slow
counted = pytest.mark.skipif(not PROC.is_dir(), reason="processes are counted through /proc")

#: In the order in which they come.
_SWITCHED = [
    r"\d s \S Sentinel has switched to (?P<new{0}>127\.0\.0\.1:\d+), [\d,]+ ms after the {1}\.",
    r"\d s \S All Sentinels name the new primary\.",
    r"\d s \S Longest gap between reads meanwhile: [\d,]+ ms \(sync\), [\d,]+ ms \(async\)\.",
]
_REJOINED = r"\d s \S The old primary has become a replica of (?P=new{0})\."
MILESTONES = [
    r"syncredis \S+ demo: failovers under load",
    r"\d s \S Starting 3 Sentinels\.",
    r"\d s \S In service: 1 primary, 2 replicas, 3 Sentinels \((Valkey|Redis) [\d.]+\)\.",
    r"\d s \S Discovered \(sync and async\): primary (?P<first>127\.0\.0\.1:\d+), replicas( 127\.0\.0\.1:\d+[,.]){2}",
    r"\d s \S Load: 2 writers and 2 readers in threads \(sync\), as many asyncio tasks \(async\); 50 writes/s",
    r"\n  A planned failover\n",
    r"\d s \S SENTINEL FAILOVER: the primary (?P=first) has to hand over\.",
    r"\d s \S a?sync: the Sentinels choose another primary; writes are held\.",
    *(one.format(1, "order") for one in _SWITCHED),
    _REJOINED.format(1),
    r"\n  A crash\n",
    r"\d s \S kill -9 of the primary (?P=new1) \(process \d+\)\.",
    r"\d s \S a?sync: (a write broke off|writes wait)",
    *(one.format(2, "kill") for one in _SWITCHED),
    r"\d s \S The old primary is back on (?P=new1), empty, not yet a replica\.",
    _REJOINED.format(2),
    r"\n  A primary that hangs\n",
    r"\d s \S SIGSTOP to the primary (?P=new2) \(process \d+\): it hangs, and its connections stay open\.",
    r"\d s \S a?sync: writes wait",
    *(one.format(3, "freeze") for one in _SWITCHED),
    r"\d s \S SIGCONT: the old primary (?P=new2) goes on, and takes itself for the primary\.",
    _REJOINED.format(3),
    r"\d s \S Load has ended\. [\d,]+ keys read back from (?P=new3)\.",
    r"Writes acknowledged, [\d.]+ s a bar",
    r"\S planned +\S kill +\S freeze",
    r"planned +sync +[1-9]\d* +0 +[\d,]+ +0 +0 +0 +[1-9]\d* +\d+\s",
    r" async +[1-9]\d* +0 +[\d,]+ +0 +0 +0 +[1-9]\d* +\d+ *\n",
    r"kill +sync +[1-9]\d* +0 +[\d,]+ +\d +0 +0 +[1-9]\d* +[\d,]+\s",
    r"freeze +sync +[1-9]\d* +0 +[\d,]+ +\d +0 +0 +[1-9]\d* +[\d,]+\s",
    r"About one per writer \(2 per\s+surface\) is to be expected",
    r"\([1-9]\d* looks\s+in\s+all\):\s+no\s+client\s+wrote\s+to\s+it\.",
    r"All is well:",
]


def test_it_tells_the_whole_story_and_exits_0(run, tmp_path):
    # Two seconds of silence, for a machine that is slow today must not pass for a primary that is gone.
    program = run("demo", "--down-after", "2", "--rate", "50", "--timeline", str(tmp_path / "it.svg"), COLUMNS="120")
    status, out, err = program.finish(180)
    assert (status, err) == (0, ""), out
    unwrapped = re.sub(r"\n {11}(?=\S)", " ", out)
    assert re.search(".*?".join(rf"(?:{milestone})" for milestone in MILESTONES), unwrapped, re.DOTALL), out
    # The client need not wait for the Sentinels to agree: it may be ahead of them.
    resumed = r"\d s \S (a?sync): writes again [\d,]+ ms after the (\w+), (?:[\d,]+ ms after|before) the switch\."
    back = re.findall(resumed, unwrapped)
    assert sorted(back) == [(surface, noun) for surface in ("async", "sync") for noun in ("freeze", "kill", "order")], (
        out
    )
    assert "\x1b" not in out
    times = [float(stamp) for stamp in re.findall(r"^ *(\d+\.\d\d) s ", out, re.MULTILINE)]
    assert times == sorted(times)
    drawn = (tmp_path / "it.svg").read_text(encoding="utf-8")
    assert len(drawn) < 200_000
    words = ["".join(one.itertext()) for one in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    marks = {
        "writes held",
        "promoted",
        "writes again",
        "Sentinels switch",
        "old primary is back",
        "old primary is a replica",
    }
    assert marks < set(words)
    assert {"order", "kill", "freeze", "+switch-master", "frozen", "down", "sync writes", "async reads"} < set(words)


def test_one_act_as_json(run):
    program = run("demo", "--acts", "planned", "--rate", "50", "--json")
    status, out, err = program.finish()
    told = json.loads(out)
    assert (status, err, told["well"], told["complaints"]) == (0, "", True, [])
    (act,) = told["acts"]
    assert (act["act"], act["writes_at_old_primary"]) == ("planned", 0)
    assert act["old"] != act["new"]
    for surface in act["surfaces"]:
        assert surface["writes"] > 0
        assert (surface["lost"], surface["wrong"], surface["errors"]) == (0, 0, {})
        assert surface["resumed"] > 0
        assert surface["write_gap"] > 0


def test_plain_lines_fit_80_columns_and_need_no_unicode(run):
    program = run("demo", "--acts", "kill", "--seconds", "0.1", COLUMNS="80", PYTHONIOENCODING="ascii", **INTERRUPTED)
    lines = [program.read_until("kill -9")]
    program.interrupt(signal.SIGTERM)
    status, out, err = program.finish()
    assert status == 128 + signal.SIGTERM
    assert err == "syncredis demo: stopped by SIGTERM; everything that was started has ended\n"
    assert max(map(len, [*lines, *out.splitlines()])) <= 80
    assert "".join(lines).isascii()


@counted
@pytest.mark.parametrize(
    ("acts", "moment", "presses"),
    [
        ("kill", "Waiting until the replicas are in sync", 1),  # servers are starting
        ("kill", "Waiting until the replicas are in sync", 4),
        ("kill", "Load:", 1),
        ("kill", "Load:", 4),
        ("kill", "writes wait", 1),  # calls hang: there is no primary
        ("kill", "writes wait", 4),
        ("kill", "The old primary is back", 1),  # the library is blocked in a wait of its own
        ("planned", "writes are held", 1),
        ("freeze", "writes wait", 1),  # a process is stopped
        ("freeze", "SIGCONT", 4),
    ],
)
def test_ctrl_c_leaves_no_process(run, acts, moment, presses):
    program = run("demo", "--acts", acts, **INTERRUPTED)
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
    program = terminal("demo", "--acts", "kill", **INTERRUPTED)
    program.read_until(b"Sentinel has to notice")
    program.type(keys)
    program.read_until(None)
    assert program.process.wait(30) == 130
    output = program.output.decode()
    assert "Traceback" not in output
    assert "\x1b[38;5;31m127.0.0.1:" in output
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
