"""Which Sentinel leads a failover, and what becomes of the doubt about its choice once it is lost."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from syncredis import Location
from syncredis.sentinel import leadership as module
from syncredis.sentinel.leadership import LEADERLESS_FOR, Due, Leadership

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


def test_a_lost_leader_is_asked_about_and_then_given_up(clock: Clock) -> None:
    leadership = Leadership()
    leadership.begin(LEADER)
    assert leadership.lose(LEADER, B)
    assert leadership.doubted == B
    assert not leadership.awaits_word_of(LEADER)
    assert leadership.next_due() is Due.NOTHING
    clock.now += LEADERLESS_FOR
    assert leadership.next_due() is Due.INQUIRE
    assert leadership.awaits_word_of(LEADER)
    assert not leadership.awaits_word_of(OTHER)
    assert leadership.next_due() is Due.NOTHING
    clock.now += LEADERLESS_FOR
    assert leadership.next_due() is Due.GIVE_UP
    assert not leadership.lose(LEADER, B)


def test_one_that_leads_still_is_asked_about_again_but_not_for_ever(clock: Clock) -> None:
    leadership = Leadership()
    leadership.begin(LEADER)
    leadership.lose(LEADER, B)
    asked = 0
    while True:
        clock.now += LEADERLESS_FOR
        due = leadership.next_due()
        if due is Due.GIVE_UP:
            break
        assert due is Due.INQUIRE
        asked += 1
        leadership.trust()
        assert leadership.next_due() is Due.NOTHING
    assert asked == 4


@pytest.mark.parametrize("how", ["it is over", "it is heard again", "another one leads"])
def test_the_end_of_a_doubt(clock: Clock, how: str) -> None:
    leadership = Leadership()
    leadership.begin(LEADER)
    leadership.lose(LEADER, B)
    leadership.vouch("its own word")
    if how == "it is over":
        leadership.end()
    else:
        leadership.begin(LEADER if how == "it is heard again" else OTHER)
    clock.now += 2 * LEADERLESS_FOR
    assert leadership.next_due() is Due.NOTHING
    assert leadership.doubted is leadership.vouched_by is None


def test_it_says_what_it_is() -> None:
    leadership = Leadership()
    assert repr(leadership) == "<Leadership of nobody>"
    leadership.begin(LEADER)
    assert repr(leadership) == "<Leadership of sentinel:1>"
    leadership.lose(LEADER, B)
    assert repr(leadership) == "<Leadership of sentinel:1, lost, host:2 in doubt>"
