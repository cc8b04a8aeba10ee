"""What the listener has done beside it, without any Sentinel."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from syncredis import Location, interruption
from syncredis.config import ConnectionConfig
from syncredis.exceptions import ConnectionError
from syncredis.interruption import Interruption
from syncredis.sentinel import jobs
from syncredis.sentinel.announcement import PROMOTING, SELECTING, Announcement
from syncredis.sentinel.discovery import Discovery
from syncredis.sentinel.events import Audience
from syncredis.sentinel.listener import Listener
from syncredis.sentinel.service_watch import Arrive, ServiceWatch
from syncredis.sentinel.succession import Succession
from syncredis.sentinel.topology import NamedPrimary
from syncredis.sentinel.watcher import Watcher
from tests.fixtures.threads import PATIENCE, BackgroundCall, until

A, B = (Location("host", port) for port in (1, 2))


class Pool:
    """Notes what it is told."""

    config = ConnectionConfig()

    def __init__(self, service: ServiceWatch, told: list[str]) -> None:
        self._service = service
        self._told = told
        service.pools.add(self)

    def follow(self, location: Location) -> float | None:
        self._told.append(f"follow {location.port}")
        return None

    def prewarm(self) -> None:
        """While this takes its time, the application closes all other clients."""
        self._told.append("prewarm")
        for pool in list(self._service.pools):
            if pool is not self:
                self._service.pools.discard(pool)

    def waiting(self) -> list[int]:
        return [7]

    def abandon(self, reason: str) -> None:
        raise NotImplementedError


@pytest.fixture
def service() -> ServiceWatch:
    return ServiceWatch("orders", Succession(), hold=300.0, strict=False)


@pytest.fixture
def listener(service: ServiceWatch) -> Iterator[Listener]:
    """One whose thread is not begun: the test does what it would."""
    discovery = Discovery([A], ConnectionConfig(), min_other_sentinels=0, hedge_delay=0.0)
    made = Listener(discovery, Audience(), wanted=lambda: True)
    made.add(service)
    yield made
    made.stop()
    until(lambda: not made._jobs)
    made._close()


def test_who_was_closed_meanwhile_is_not_opened_again(listener: Listener, service: ServiceWatch) -> None:
    told: list[str] = []
    pools = [Pool(service, told) for _ in range(3)]
    listener._do([Arrive("orders", A, B, None, False, "a test", None)])
    until(lambda: not listener._jobs)
    assert told == ["prewarm"]
    assert len(pools) == 3


def test_who_comes_while_it_ends_gets_another_one() -> None:
    """The thread finds that nobody wants to know, and ends; between the two, somebody does."""
    discovery = Discovery([A], ConnectionConfig(), min_other_sentinels=0, hedge_delay=0.0)
    audience = Audience()
    watcher = Watcher(discovery, audience, hold=0.0)
    coming: list[BackgroundCall] = []

    def nobody() -> bool:
        coming.append(BackgroundCall(watcher.events))
        until(lambda: not audience.is_empty)
        coming[0]._thread.join(0.2)  # it may have to wait for this to be over
        return False

    ending = watcher._listener = Listener(discovery, audience, wanted=nobody)
    try:
        assert not ending._goes_on()
        assert not coming[0].result().closed
        assert watcher._is_listening
    finally:
        ending._close()
        watcher.close()
    until(lambda: all(thread.name != "syncredis-watch" for thread in threading.enumerate()))


def test_a_primary_that_can_not_be_looked_at_is_not_asked_all_the_time(
    listener: Listener, service: ServiceWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = Pool(service, [])
    assert list(service.hear_answer(NamedPrimary(A, 5), "a test")) == []
    assert pool in service.pools
    done: list[str] = []

    def fail(*_: Any) -> None:
        done.append("look")
        raise ConnectionError("refused")

    monkeypatch.setattr(jobs, "watch_offsets", fail)
    monkeypatch.setattr(interruption, "sleep", lambda seconds: done.append(f"sleep {seconds:g}"))
    listener._watch_offsets = 0.01
    for _ in range(2):
        listener._mind_offsets()
        until(lambda: not listener._jobs)
        listener._take_results()
    assert done == ["look", "sleep 1"] * 2


def test_a_child_process_leaves_the_jobs_of_its_parent_alone(listener: Listener) -> None:
    theirs = Interruption()
    listener._jobs.add(theirs)
    listener.close_in_child()
    listener.stop()
    assert not theirs.interrupted


def test_blocking_calls_are_ended_before_the_old_primary_is_left(
    listener: Listener, service: ServiceWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long that takes, if it is not too long: who is cut off can not know whether something was taken."""
    told: list[str] = []
    pool = Pool(service, told)
    assert list(service.hear_answer(NamedPrimary(A, 5), "a test")) == []
    promoted, may_end = threading.Event(), threading.Event()

    def unblock(config: ConnectionConfig, numbers: Sequence[int]) -> None:
        assert may_end.wait(PATIENCE)
        told.append(f"unblock {numbers} at {config.location.port}")

    def await_promotion(*_: Any) -> bool:
        promoted.set()
        return True

    monkeypatch.setattr(jobs, "_UNBLOCK_WITHIN", PATIENCE)
    monkeypatch.setattr(jobs, "unblock", unblock)
    monkeypatch.setattr(jobs, "await_promotion", await_promotion)
    listener._take_results()
    listener._do(service.hear(Announcement(SELECTING, "orders", "master", A, A), "a test"))
    listener._do(service.hear(Announcement(PROMOTING, "orders", "slave", B, A), "a test"))
    assert promoted.wait(PATIENCE)
    assert len(listener._jobs) == 2
    assert not listener._results
    may_end.set()
    until(lambda: not listener._jobs)
    listener._take_results()
    assert told[:3] == ["follow 1", "unblock [7] at 1", "follow 2"]
    assert pool in service.pools
