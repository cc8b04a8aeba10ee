"""The story where not all is well, told of real servers that something happens to."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

import pytest

from syncredis import Redis
from syncredis.cli.acts import KILL
from syncredis.cli.story import Story
from syncredis.cli.timeline import Timeline
from syncredis.testing import SentinelDeployment

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def tell(deployment: SentinelDeployment, *, seconds: float = 1.0, limit: float = 60.0) -> int:
    with Timeline() as timeline:
        return Story(deployment, timeline, acts=[KILL], rate=50.0, seconds=seconds, limit=limit).tell()


class Meanwhile:
    """Does something in a thread while a story is told."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._failure: BaseException | None = None
        self._act = act
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        assert self._failure is None

    def _run(self) -> None:
        try:
            self._act()
        except BaseException as error:
            self._failure = error


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def with_primary(deployment: SentinelDeployment, act: Callable[[Redis[str]], None]) -> Callable[[], None]:
    """Return a function that acts on the first primary as soon as the load has written to it."""

    def run() -> None:
        until(lambda: deployment.nodes and deployment.sentinels and deployment.primary.is_running)
        with Redis(*deployment.primary.location) as client:
            until(lambda: client.get("sync:1:3") and client.get("async:1:3"))
            act(client)

    return run


def test_no_failover_is_not_well(capsys):
    status = tell(SentinelDeployment(1, 1, down_after=30.0), seconds=0.1, limit=0.5)
    out = capsys.readouterr().out
    assert status == 1
    assert "Not well: kill: no failover within 0.5 s; kill, sync: writes did not resume" in out
    assert "Sentinel has switched to" not in out
    assert "All is well" not in out


def test_lost_writes_and_wrong_values_are_found(capsys):
    def spoil(client: Redis[str]) -> None:
        client.execute_command("DEL", "sync:1:1", "sync:2:1")
        client.set("async:1:1", "value of async:1:2")

    deployment = SentinelDeployment(1, 1, down_after=2.0)
    with Meanwhile(with_primary(deployment, spoil)):
        status = tell(deployment, seconds=0.5)
    out = capsys.readouterr().out
    assert status == 1
    assert "Not well: kill, sync: 2 acknowledged writes lost; kill, async: " in out
    assert re.search(r"kill, async: \d+ wrong repl(y|ies)\.", out)
    assert "Replication is asynchronous" in out


def test_a_call_that_fails_is_an_error_and_told(capsys):
    deployment = SentinelDeployment(1, 1, down_after=2.0)

    def fill(client: Redis[str]) -> None:
        client.execute_command("CONFIG", "SET", "maxmemory", "1")
        time.sleep(0.3)
        client.execute_command("CONFIG", "SET", "maxmemory", "0")

    with Meanwhile(with_primary(deployment, fill)):
        status = tell(deployment, seconds=0.5)
    out = capsys.readouterr().out
    assert status == 1
    assert "OutOfMemoryError: OOM command not allowed" in out
    assert "Not well: kill, sync: " in out
