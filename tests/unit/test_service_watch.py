"""What follows from what Sentinels tell, without any Sentinel."""

from __future__ import annotations

from typing import Any

import pytest

from syncredis import Location
from syncredis.config import ConnectionConfig
from syncredis.sentinel import leadership
from syncredis.sentinel.announcement import Announcement
from syncredis.sentinel.events import (
    FailoverAborted,
    FailoverStarted,
    MajorityLost,
    PrimaryDown,
    PrimaryUp,
    ReplicasChanged,
)
from syncredis.sentinel.service_watch import ServiceWatch
from syncredis.sentinel.steps import Arrive, Consult, Inquire, Look, Pursue, Tell, Unblock
from syncredis.sentinel.succession import Succession
from syncredis.sentinel.topology import NamedPrimary

A, B, C = (Location("host", port) for port in (1, 2, 3))
LEADER, OTHER = Location("sentinel", 1), Location("sentinel", 2)
LONG = 300.0


class Pool:
    """Notes where it was told to go."""

    config = ConnectionConfig()

    def __init__(self) -> None:
        self.at: list[Location] = []

    def follow(self, location: Location) -> float | None:
        self.at.append(location)
        return None

    def prewarm(self) -> None:
        raise NotImplementedError

    def waiting(self) -> list[int]:
        raise NotImplementedError

    def abandon(self, reason: str) -> None:
        self.at.append(Location(reason, 0))


class Watched:
    """A service whose primary is A, and a pool that leads there."""

    def __init__(self, *, strict: bool = False, hold: float = LONG) -> None:
        self.service = ServiceWatch("orders", Succession(), hold=hold, strict=strict)
        self.pool = Pool()
        self.service.pools.add(self.pool)
        steps = self.service.hear_majority(A, "x") if strict else self.service.hear_answer(NamedPrimary(A, 5), "x")
        assert list(steps) == []
        assert self.pool.at == [A]

    @property
    def holds(self) -> bool:
        return self.service.gate.is_shut

    def hear(self, event: str, kind: str = "master", location: Location = A, primary: Location = A) -> list[Any]:
        return list(self.service.hear(Announcement(event, "orders", kind, location, primary), "x", LEADER))

    def lead_to(self, candidate: Location) -> None:
        """Begin a failover, and have the candidate promoted."""
        self.hear("+failover-state-select-slave")
        self.hear("+selected-slave", "slave", candidate)
        (arrival,) = self.service.hear_of_promotion(candidate, "x")
        self.service.release(arrival.hold)
        assert not self.holds

    def give_up(self, how: str) -> list[Any]:
        """End the doubt about the leader, about whom the others were asked."""
        service = self.service
        return list(service.hear_of_leader(LEADER, False) if "dead" in how else service.mind_leader())

    def is_told(self, steps: list[Any], *kinds: type) -> bool:
        return [type(step.event) for step in steps if isinstance(step, Tell)] == list(kinds)


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def strict() -> Watched:
    return Watched(strict=True)


def test_a_failover_as_its_leader_tells_it(watched: Watched) -> None:
    steps = watched.hear("+failover-state-select-slave")
    assert watched.is_told(steps, FailoverStarted)
    assert Unblock("orders", A) in steps
    assert watched.holds
    for event in ("+selected-slave", "+failover-state-send-slaveof-noone", "+failover-state-wait-promotion"):
        pursued = watched.hear(event, "slave", B)
        assert pursued == ([Pursue("orders", B, "x")] if event == "+selected-slave" else [])
    assert watched.service.is_pursued(B)
    (arrival,) = watched.service.hear_of_promotion(B, "x")
    assert (arrival.old, arrival.new, arrival.early, arrival.epoch) == (A, B, True, None)
    assert arrival.stopped is not None
    assert watched.pool.at == [A, B]
    watched.service.release(arrival.hold)
    # The others follow, some of them late.
    assert watched.hear("+odown") == []
    assert watched.hear("+promoted-slave", "slave", B) == []
    assert not watched.holds
    assert list(watched.service.hear_answer(NamedPrimary(A, 5), "x")) == []
    assert watched.hear("+switch-master", location=B) == []
    assert watched.hear("+switch-master", location=B) == []
    assert list(watched.service.hear_answer(NamedPrimary(B, 6), "x")) == []
    assert list(watched.service.hear_answer(NamedPrimary(A, 5), "x")) == []
    assert watched.pool.at == [A, B]


def test_a_former_primary_is_chosen(watched: Watched) -> None:
    """Its own word is that of an old primary, until the Sentinels have told it anew."""
    watched.hear("+selected-slave", "slave", B)
    assert not watched.service.may_be_stale(B)
    list(watched.service.hear_of_promotion(B, "x"))
    list(watched.service.hear(Announcement("+switch-master", "orders", "master", B, A), "x"))
    for event in ("+selected-slave", "+failover-state-send-slaveof-noone", "+failover-state-wait-promotion"):
        list(watched.service.hear(Announcement(event, "orders", "slave", A, B), "x"))
        assert watched.service.is_pursued(A)
        assert watched.service.may_be_stale(A)
    list(watched.service.hear(Announcement("+promoted-slave", "orders", "slave", A, B), "x"))
    assert not watched.service.may_be_stale(A)
    assert watched.service.is_pursued(A)


def test_a_switch_out_of_the_blue(watched: Watched) -> None:
    (arrival,) = watched.hear("+switch-master", location=B)
    assert isinstance(arrival, Arrive)
    assert (arrival.old, arrival.new, arrival.early, arrival.epoch) == (A, B, False, 6)
    assert watched.pool.at == [A, B]


def test_a_missed_switch(watched: Watched) -> None:
    (arrival,) = watched.service.hear_answer(NamedPrimary(B, 7), "x")
    assert (arrival.new, arrival.epoch) == (B, 7)


def test_a_switch_that_makes_no_sense_is_looked_into(watched: Watched) -> None:
    assert watched.hear("+switch-master", location=C, primary=B) == [Look()]
    assert watched.pool.at == [A]


@pytest.mark.parametrize("event", ["-failover-abort-no-good-slave", "-failover-abort-slave-timeout"])
def test_a_failover_that_is_given_up(watched: Watched, event: str) -> None:
    watched.hear("+failover-state-select-slave")
    watched.hear("+selected-slave", "slave", B)
    steps = watched.hear(event)
    assert watched.is_told(steps, FailoverAborted)
    assert not watched.holds
    assert list(watched.service.hear_of_promotion(B, "x")) == []
    assert watched.pool.at == [A]


def test_a_failover_that_is_given_up_after_the_promotion(watched: Watched) -> None:
    watched.hear("+selected-slave", "slave", B)
    list(watched.service.hear_of_promotion(B, "x"))
    # Such a word is about the old primary, which connections no longer lead to.
    steps = watched.hear("-failover-abort-slave-timeout")
    assert watched.is_told(steps, FailoverAborted)
    assert watched.pool.at == [A, B, A]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leadership, "LEADERLESS_FOR", 0.0)


@pytest.mark.parametrize("how", ["they say that it is dead", "nobody can say"])
@pytest.mark.usefixtures("impatient")
def test_the_leader_is_lost_and_nobody_has_heard_of_its_choice(watched: Watched, how: str) -> None:
    watched.lead_to(B)
    assert list(watched.service.lose(OTHER)) == []
    assert not watched.holds
    assert list(watched.service.lose(LEADER)) == [Unblock("orders", B), Look()]
    assert watched.holds
    assert list(watched.service.hear_answer(NamedPrimary(A, 5), "x")) == []  # that is what they said before, too
    assert watched.holds
    assert list(watched.service.mind_leader()) == [Inquire("orders", LEADER, B)]
    told, arrival = watched.give_up(how)
    assert watched.is_told([told], FailoverAborted)
    assert isinstance(arrival, Arrive)
    assert (arrival.old, arrival.new) == (B, A)
    assert watched.pool.at == [A, B, A]
    watched.service.release(arrival.hold)
    assert not watched.holds
    assert list(watched.service.mind_leader()) == []
    assert list(watched.service.hear_of_leader(LEADER, True)) == []
    # It was alive after all, and comes to the end.
    (arrival,) = watched.hear("+switch-master", location=B)
    assert watched.pool.at == [A, B, A, B]


@pytest.mark.parametrize("how", ["event", "answer"])
@pytest.mark.usefixtures("impatient")
def test_the_leader_is_lost_and_its_choice_is_confirmed(watched: Watched, how: str) -> None:
    watched.lead_to(B)
    list(watched.service.lose(LEADER))
    assert watched.holds
    if how == "event":
        assert watched.hear("+switch-master", location=B) == []
    else:
        assert list(watched.service.hear_answer(NamedPrimary(B, 6), "x")) == []
    assert not watched.holds
    assert list(watched.service.mind_leader()) == []
    assert watched.pool.at == [A, B]
    assert list(watched.service.lose(LEADER)) == []  # it does not lead any more


@pytest.mark.usefixtures("impatient")
def test_a_leader_that_leads_still_is_trusted(watched: Watched) -> None:
    """It is only out of reach: what it has chosen will be the primary, and the old one is written to in vain."""
    watched.lead_to(B)
    list(watched.service.lose(LEADER))
    for _ in range(3):
        assert list(watched.service.mind_leader()) == [Inquire("orders", LEADER, B)]
        assert list(watched.service.hear_of_leader(LEADER, True)) == []
        assert not watched.holds
    assert watched.pool.at == [A, B]
    # Until it is dead after all.
    list(watched.service.mind_leader())
    told, _ = watched.service.hear_of_leader(LEADER, False)
    assert watched.is_told([told], FailoverAborted)
    assert watched.pool.at == [A, B, A]


@pytest.mark.usefixtures("impatient")
def test_a_promotion_while_nobody_knows_whether_the_leader_leads_still(watched: Watched) -> None:
    watched.hear("+failover-state-select-slave")
    watched.hear("+selected-slave", "slave", B)
    list(watched.service.lose(LEADER))
    list(watched.service.mind_leader())
    assert list(watched.service.hear_of_leader(LEADER, True)) == []
    assert watched.holds, "nobody has been promoted yet"
    assert list(watched.service.hear_of_promotion(B, "x")) == []
    assert list(watched.service.mind_leader()) == [Inquire("orders", LEADER, B)]
    (arrival,) = watched.service.hear_of_leader(LEADER, True)
    assert (arrival.old, arrival.new, arrival.early) == (A, B, True)
    watched.service.release(arrival.hold)
    assert not watched.holds


@pytest.mark.usefixtures("impatient")
def test_a_leader_that_is_heard_again(watched: Watched) -> None:
    watched.hear("+failover-state-select-slave")
    watched.hear("+selected-slave", "slave", B)
    list(watched.service.lose(LEADER))
    list(watched.service.hear_of_promotion(B, "x"))
    (arrival,) = watched.hear("+failover-state-wait-promotion", "slave", B)
    assert arrival.new == B
    assert list(watched.service.mind_leader()) == []


@pytest.mark.usefixtures("impatient")
def test_another_one_leads_after_the_leader_was_lost(watched: Watched) -> None:
    """Its failover is not ended with the doubt about the first one's."""
    watched.hear("+failover-state-select-slave")
    list(watched.service.lose(LEADER))
    message = Announcement("+failover-state-select-slave", "orders", "master", A, A)
    list(watched.service.hear(message, "x", OTHER))
    assert list(watched.service.mind_leader()) == []
    assert watched.holds


@pytest.mark.parametrize("how", ["they say that it is dead", "nobody can say"])
@pytest.mark.usefixtures("impatient")
def test_the_leader_is_lost_before_its_choice_is_promoted(watched: Watched, how: str) -> None:
    watched.hear("+failover-state-select-slave")
    watched.hear("+selected-slave", "slave", B)
    assert list(watched.service.lose(LEADER)) == [Look()]
    assert list(watched.service.hear_of_promotion(B, "x")) == []
    assert watched.holds
    assert list(watched.service.mind_leader()) == [Inquire("orders", LEADER, B)]
    assert watched.give_up(how) == []
    assert not watched.service.is_pursued(B)
    assert not watched.holds
    assert watched.pool.at == [A]


def test_a_lost_leader_is_given_time(watched: Watched) -> None:
    watched.lead_to(B)
    list(watched.service.lose(LEADER))
    assert list(watched.service.mind_leader()) == []
    assert watched.holds
    assert watched.pool.at == [A, B]


def test_a_strict_client_does_not_mind_who_leads(strict: Watched) -> None:
    strict.hear("+failover-state-select-slave")
    assert list(strict.service.lose(LEADER)) == []
    assert strict.pool.at == [A]


def test_down_and_up_again(watched: Watched) -> None:
    steps = watched.hear("+odown")
    assert watched.is_told(steps, PrimaryDown)
    assert Unblock("orders", A) in steps  # only the Sentinels may have lost sight of it
    assert watched.hear("+odown") == []
    assert watched.holds
    assert watched.is_told(watched.hear("-odown"), PrimaryUp)
    assert not watched.holds


def test_up_again_while_somebody_leads_a_failover(watched: Watched) -> None:
    """Which goes on all the same: the primary is demoted, and what is written there is lost."""
    watched.hear("+odown")
    assert [type(step) for step in watched.hear("+failover-state-select-slave")] == [
        Tell
    ]  # it was asked to unblock already
    watched.hear("+selected-slave", "slave", B)
    assert watched.hear("-odown") == []
    assert watched.holds
    assert watched.service.is_pursued(B)


def test_no_hold() -> None:
    watched = Watched(hold=0)
    assert watched.is_told(watched.hear("+failover-state-select-slave"), FailoverStarted)
    assert not watched.holds


def test_one_that_ends_opens_what_it_has_shut_and_nothing_else(watched: Watched) -> None:
    first, second = object(), object()
    watched.service.attend(first)
    watched.hear("+failover-state-select-slave")
    watched.service.leave(first)
    assert not watched.holds
    for begun_by_first in (True, False):
        watched.service.attend(first)
        if begun_by_first:
            watched.hear("+failover-state-select-slave")
        watched.service.attend(second)
        watched.hear("+odown")
        watched.service.leave(first)
        assert watched.holds
        watched.service.leave(second)
        assert not watched.holds


def test_an_arrival_does_not_open_what_was_shut_at_the_new_primary(watched: Watched) -> None:
    """It takes time, for the new one may be down already."""
    watched.hear("+failover-state-select-slave")
    (arrival,) = watched.hear("+switch-master", location=B)
    assert Unblock("orders", B) in watched.hear("+odown", location=B, primary=B)
    watched.service.release(arrival.hold)
    assert watched.holds
    (next_arrival,) = watched.hear("+switch-master", location=C, primary=B)
    watched.service.release(next_arrival.hold)
    assert not watched.holds


def test_replicas_and_sentinels(watched: Watched) -> None:
    assert watched.is_told(watched.hear("+slave", "slave", B), ReplicasChanged)
    assert watched.hear("+sdown", "sentinel", B) == []
    assert watched.hear("+sentinel", "sentinel", B) == [Look()]
    assert watched.hear("+reset-master") == [Look()]


def test_strict_waits_for_the_majority(strict: Watched) -> None:
    strict.hear("+failover-state-select-slave")
    assert strict.hear("+selected-slave", "slave", B) == []
    assert strict.hear("+switch-master", location=B) == [Consult("orders", "x")]
    assert list(strict.service.hear_answer(NamedPrimary(B, 6), "x")) == [Consult("orders", "x")]
    assert strict.holds
    assert strict.pool.at == [A]
    (arrival,) = strict.service.hear_majority(B, "x")
    assert (arrival.old, arrival.new) == (A, B)
    assert strict.pool.at == [A, B]
    assert list(strict.service.hear_answer(NamedPrimary(B, 6), "x")) == []


def test_isolated(strict: Watched) -> None:
    assert strict.is_told(list(strict.service.isolate()), MajorityLost)
    assert strict.pool.at[-1].host.startswith("too few Sentinels can be heard")
    assert list(strict.service.hear_answer(NamedPrimary(A, 5), "x")) == [Consult("orders", "x")]
    assert list(strict.service.hear_majority(A, "x")) == []
    assert strict.pool.at[-1] == A
