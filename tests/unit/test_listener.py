"""What the listener has done beside it, without any Sentinel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from syncredis import Location, interruption
from syncredis.config import ConnectionConfig
from syncredis.exceptions import ConnectionError
from syncredis.interruption import Interruption
from syncredis.sentinel import jobs
from syncredis.sentinel import listener as listener_module
from syncredis.sentinel.announcement import PROMOTING, SELECTING, Announcement
from syncredis.sentinel.discovery import Discovery
from syncredis.sentinel.events import Audience
from syncredis.sentinel.listener import Listener, _Post
from syncredis.sentinel.service_watch import ServiceWatch
from syncredis.sentinel.steps import Arrive
from syncredis.sentinel.succession import Succession
from syncredis.sentinel.topology import NamedPrimary
from syncredis.sentinel.watcher import Watcher
from tests.fixtures.peer import Peer
from tests.fixtures.threads import PATIENCE, BackgroundCall, until

A, B = (Location("host", port) for port in (1, 2))
Background = Callable[..., BackgroundCall]


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


def test_a_sentinel_that_hangs_up_is_visited_ever_later(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(listener_module, "time", SimpleNamespace(monotonic=lambda: now))
    post = _Post(A)
    subscription: Any = object()
    pauses = []
    for _ in range(7):
        post.begin(subscription)
        post.lose()
        pauses.append(post.due - now)
        now = post.due
    assert pauses == [0, 1, 2, 4, 8, 10, 10]
    post.begin(subscription)
    now += 60
    post.lose()
    assert post.due == now


def test_a_sentinel_that_confirms_and_hangs_up(listener: Listener, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is visited twice, and then after a pause only."""

    def answer(words: Sequence[bytes]) -> bytes:
        if words[0] == b"SUBSCRIBE":
            return b"".join(b">3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n" % (len(c), c) for c in words[1:])
        return b"-ERR nothing to say\r\n"

    peer.answer = answer
    monkeypatch.setattr(listener_module, "_RETRY_AFTER", 300.0)
    listener._services.clear()
    listener._discovery = Discovery([peer.location], peer.config, min_other_sentinels=0, hedge_delay=0.0)
    for visits in (1, 2):
        listener._tend_posts()
        post = listener._posts[peer.location]
        until(lambda: not listener._jobs)
        listener._take_results()
        assert post.subscription is not None
        assert peer.accepted == visits
        peer.drop_all()

        def lost(post: _Post = post) -> bool:
            listener._hear(listener._poll.poll(100))
            return post.subscription is None

        until(lost)
    listener._tend_posts()
    assert not listener._jobs
    assert peer.accepted == 2


def test_it_begins_again_by_itself(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(listener_module, "_RETRY_AFTER", 0.01)
    discovery = Discovery([A], ConnectionConfig(), min_other_sentinels=0, hedge_delay=0.0)
    going = Listener(discovery, Audience(), wanted=lambda: True)
    rounds: list[str] = []

    def fail() -> None:
        rounds.append("x")
        if len(rounds) < 3:
            raise ZeroDivisionError
        going.stop()

    monkeypatch.setattr(going, "_tend_posts", fail)
    going.start(0.0)
    until(lambda: going._woken == -1)
    assert len(rounds) == 3
    assert [record.getMessage() for record in caplog.records] == [
        "listening to the Sentinels failed; it begins again in 0.01 s"
    ] * 2


def test_without_the_right_to_ask_for_the_role(peer: Peer, caplog: pytest.LogCaptureFixture) -> None:
    """The replica is not asked again and again; the log says once what is missing."""
    peer.answer = lambda _: b"-NOPERM User app has no permissions to run the 'role' command\r\n"
    assert not jobs.await_promotion(peer.config, lambda: False, lambda: False)
    assert peer.accepted == 1
    (record,) = caplog.records
    assert "+role" in record.getMessage()


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

    def unblock(config: ConnectionConfig, waiting: Callable[[], list[int]]) -> None:
        assert may_end.wait(PATIENCE)
        told.append(f"unblock {waiting()} at {config.location.port}")

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


def test_a_silent_primary_does_not_hold_up_the_switch(monkeypatch: pytest.MonkeyPatch, background: Background) -> None:
    """It has its time from the moment at which it is asked, and not from the promotion on."""
    monkeypatch.setattr(jobs, "_UNBLOCK_WITHIN", 0.0)
    unblocking = jobs.Unblocking()
    monkeypatch.setattr(jobs, "_UNBLOCK_WITHIN", 1000.0)
    background(unblocking.wait).result()


def test_who_waits_for_blocking_calls_can_be_interrupted(
    background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_UNBLOCK_WITHIN", 1000.0)
    unblocking, call = jobs.Unblocking(), Interruption()
    waiting = background(call.run, unblocking.wait)
    call.interrupt()
    waiting.join()
