"""What is remembered of the primaries of a service, and what is refused because of it."""

from __future__ import annotations

import pytest

from syncredis import Location
from syncredis.sentinel import succession as module
from syncredis.sentinel.succession import Succession
from syncredis.sentinel.topology import NamedPrimary

A, B, C = (Location("host", port) for port in (1, 2, 3))


@pytest.fixture
def known() -> Succession:
    """A is the primary, in epoch 5."""
    succession = Succession()
    assert succession.note(NamedPrimary(A, 5))
    return succession


def test_the_first_answer_is_taken() -> None:
    succession = Succession()
    assert succession.current is None
    assert succession.is_primary(A)
    assert succession.note(NamedPrimary(A, 0))
    assert (succession.current, succession.epoch) == (A, 0)
    assert not succession.is_primary(B)


def test_a_higher_epoch_wins_and_a_lower_one_is_refused(known: Succession) -> None:
    assert known.note(NamedPrimary(B, 6))
    assert not known.note(NamedPrimary(A, 5))
    assert (known.current, known.epoch) == (B, 6)
    assert known.note(NamedPrimary(B, 5))  # the same server, by one who has not heard
    assert known.epoch == 6


def test_a_switch_raises_the_epoch(known: Succession) -> None:
    assert known.supersede(A, B)
    assert not known.supersede(A, B)  # the next Sentinel says the same
    assert not known.note(NamedPrimary(A, 5))
    assert known.note(NamedPrimary(B, 6))
    assert known.note(NamedPrimary(A, 7))


def test_a_switch_of_long_ago_is_no_news(known: Succession) -> None:
    assert not known.supersede(B, C)
    assert known.current == A


def test_without_epochs_the_last_one_is_refused() -> None:
    succession = Succession()
    succession.note(NamedPrimary(A))
    assert succession.note(NamedPrimary(B))
    assert succession.is_outdated(NamedPrimary(A))
    assert not succession.is_outdated(NamedPrimary(C))


def test_a_promoted_replica_counts_before_it_is_named(known: Succession) -> None:
    assert known.promote(B)
    assert not known.promote(B)
    assert known.is_primary(B)
    assert not known.is_primary(A)
    assert known.note(NamedPrimary(A, 5))  # by one who has not heard yet
    assert known.promoted == B
    assert known.supersede(A, B)
    assert (known.current, known.promoted) == (B, None)


def test_a_promotion_that_comes_to_nothing(known: Succession) -> None:
    known.promote(B)
    assert not known.withdraw(C)
    assert known.withdraw(B)
    assert known.is_primary(A)
    assert not known.withdraw()


def test_a_promotion_that_nobody_confirms(known: Succession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONFIRMED_WITHIN", -1.0)
    known.promote(B)
    assert known.promoted is None
    assert known.is_primary(A)


def test_sentinels_that_were_set_up_anew(known: Succession) -> None:
    assert not known.note(NamedPrimary(B, 0))
    known.begin_anew(NamedPrimary(B, 0))
    assert known.note(NamedPrimary(A, 0))


def test_a_forked_process_remembers(known: Succession) -> None:
    known.promote(B)
    copy = known.inherited()
    assert (copy.current, copy.epoch, copy.promoted) == (A, 5, B)
    assert "epoch 5, host:2 promoted" in repr(copy)
