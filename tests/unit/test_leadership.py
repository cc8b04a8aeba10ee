"""Which Sentinel leads a failover, and for how long what it chose is in doubt once it is lost."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from syncredis import Location
from syncredis.sentinel import leadership as module
from syncredis.sentinel.leadership import LEADERLESS_FOR, Leadership

B = Location("host", 2)
LEADER, OTHER = Location("sentinel", 1), Location("sentinel", 2)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=made.monotonic))
    return made


def test_who_does_not_lead_is_not_missed() -> None:
    leadership = Leadership()
    assert not leadership.lose(LEADER, None)
    leadership.begin(LEADER)
    assert not leadership.lose(OTHER, B)
    assert leadership.leader == LEADER
    assert leadership.doubted is None


def test_what_a_lost_leader_had_chosen_is_in_doubt_for_a_while(clock: Clock) -> None:
    leadership = Leadership()
    leadership.begin(LEADER)
    assert leadership.lose(LEADER, B)
    assert (leadership.leader, leadership.doubted) == (None, B)
    assert not leadership.is_over
    clock.now += LEADERLESS_FOR
    assert leadership.is_over
    assert not leadership.lose(LEADER, B)


def test_the_end(clock: Clock) -> None:
    leadership = Leadership()
    leadership.begin(LEADER)
    leadership.lose(LEADER, B)
    leadership.end()
    clock.now += 2 * LEADERLESS_FOR
    assert not leadership.is_over
    assert leadership.doubted is None


def test_it_says_what_it_is() -> None:
    leadership = Leadership()
    assert repr(leadership) == "<Leadership of nobody>"
    leadership.begin(LEADER)
    assert repr(leadership) == "<Leadership of sentinel:1>"
    leadership.lose(LEADER, B)
    assert repr(leadership) == "<Leadership lost, host:2 in doubt>"
