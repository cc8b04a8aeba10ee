"""What follows from calls that were noted."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from syncredis.cli.tally import (
    Call,
    Outcome,
    count_of,
    counts_per_slice,
    ends,
    first_answered_after,
    judge_read,
    judge_write,
    longest_gap,
    make_report,
    value_of,
)

_keys = itertools.count()


def write(started: float, ended: float, outcome: Outcome = Outcome.DONE, error: str = "") -> Call:
    return Call("write", f"key-{next(_keys)}", started, ended, outcome, error)


def read(started: float, ended: float, outcome: Outcome = Outcome.DONE, error: str = "") -> Call:
    return Call("read", "key", started, ended, outcome, error)


def stored_of(*calls: Call) -> dict[str, str | None]:
    return {call.key: value_of(call.key) for call in calls}


def report_of(*calls: Call, stored: dict[str, str | None] | None = None, stuck: int = 0):
    given = stored_of(*(call for call in calls if call.kind == "write")) if stored is None else stored
    return make_report("sync", calls, began=0.0, struck=10.0, ended=20.0, stored=given, stuck=stuck)


@pytest.mark.parametrize(
    ("moments", "gap"),
    [
        ([], 10.0),
        ([5.0], 5.0),
        ([1.0, 2.0, 6.0, 9.0], 4.0),
        ([9.0, 2.0, 6.0, 1.0], 4.0),  # in no order
        ([4.0, 6.0], 4.0),  # before the first
        ([1.0, 2.0, 3.0], 7.0),  # after the last: it may never have ended
        ([-5.0, 1.0, 15.0], 9.0),  # what lies outside does not count
    ],
)
def test_longest_gap(moments, gap):
    assert longest_gap(moments, 0.0, 10.0) == gap


def test_counts_per_slice():
    assert counts_per_slice([0.0, 0.1, 2.5, 9.99, 10.0, -1.0], 0.0, 10.0, 4) == [2, 1, 0, 1]
    assert counts_per_slice([], 0.0, 1.0, 3) == [0, 0, 0]


def test_replies_are_judged_by_the_key():
    assert judge_read("a", value_of("a")) is Outcome.DONE
    assert judge_read("a", value_of("b")) is Outcome.WRONG
    assert judge_read("a", True) is Outcome.WRONG
    assert judge_read("a", None) is Outcome.NOTHING
    assert judge_write(True) is Outcome.DONE
    assert judge_write(value_of("a")) is Outcome.WRONG
    assert judge_write(None) is Outcome.WRONG


def test_ends_are_those_of_answered_calls_of_one_kind():
    calls = [
        write(0, 1),
        write(1, 2, Outcome.UNKNOWN),
        write(2, 3, Outcome.FAILED),
        write(3, 4, Outcome.WRONG),
        read(4, 5),
        read(5, 6, Outcome.NOTHING),
    ]
    assert ends(calls, "write") == [1]
    assert ends(calls, "read") == [5, 6]


def test_the_first_answer_after_a_moment_is_of_a_call_that_began_after_it():
    began_before = write(9.9, 10.1)
    late, early, failed = write(10.2, 12.0), write(10.3, 11.0), write(10.1, 10.2, Outcome.FAILED)
    calls = [began_before, failed, late, early, read(10.1, 10.2)]
    assert first_answered_after(calls, "write", 10.0) is early
    assert first_answered_after([began_before, failed], "write", 10.0) is None


def test_a_report_without_complaints():
    calls = [write(1, 2), write(3, 4, Outcome.UNKNOWN), write(11, 12), read(5, 6), read(6, 7, Outcome.NOTHING)]
    stored = stored_of(calls[0], calls[2]) | {calls[1].key: None}
    report = report_of(*calls, stored=stored)
    assert report.complaints == []
    assert (report.writes, report.lost, report.write_gap) == (2, 0, 10.0)
    assert (report.unknown, report.unknown_applied) == (1, 0)
    assert (report.reads, report.nothing, report.read_gap) == (2, 1, 13.0)
    assert (report.errors, report.wrong, report.stuck, report.resumed) == ({}, 0, 0, True)


def test_an_acknowledged_write_that_is_not_there_is_lost():
    calls = [write(1, 2), write(11, 12), write(12, 13)]
    report = report_of(*calls, stored={**stored_of(*calls), calls[0].key: None})
    assert report.lost == 1
    assert report.complaints == ["1 acknowledged write lost"]


def test_a_write_of_unknown_outcome_that_is_there_was_carried_out_and_one_that_is_not_is_not_lost():
    calls = [write(9, 10, Outcome.UNKNOWN), write(9, 10, Outcome.UNKNOWN), write(11, 12)]
    report = report_of(*calls, stored={**stored_of(*calls), calls[0].key: None})
    assert (report.unknown, report.unknown_applied, report.lost, report.complaints) == (2, 1, 0, [])


def test_a_value_of_another_key_in_the_end_is_wrong_and_not_lost():
    calls = [write(1, 2), write(11, 12)]
    report = report_of(*calls, stored={**stored_of(*calls), calls[0].key: value_of("another")})
    assert (report.lost, report.wrong) == (0, 1)
    assert report.complaints == ["1 wrong reply"]


def test_wrong_replies_of_reads_and_writes_count():
    report = report_of(write(11, 12), write(12, 13, Outcome.WRONG), read(1, 2, Outcome.WRONG))
    assert report.wrong == 2
    assert report.complaints == ["2 wrong replies"]


def test_failed_calls_are_counted_by_what_they_said():
    failed = [
        write(2, 3, Outcome.FAILED, "gone"),
        read(3, 4, Outcome.FAILED, "gone"),
        read(4, 5, Outcome.FAILED, "full"),
    ]
    report = report_of(write(11, 12), *failed)
    assert report.errors == Counter({"gone": 2, "full": 1})
    assert report.complaints == ["3 calls failed"]


def test_writes_that_do_not_get_through_after_the_kill_are_a_complaint():
    report = report_of(write(1, 2), write(9, 11), write(12, 13, Outcome.FAILED, "gone"), stuck=2)
    assert not report.resumed
    assert report.complaints == ["writes did not resume", "1 call failed", "2 calls never returned"]


def test_without_a_primary_to_ask_nothing_is_said_to_be_lost():
    report = make_report("async", [write(1, 2)], began=0.0, struck=10.0, ended=20.0, stored=None)
    assert (report.lost, report.unknown_applied) == (None, None)
    assert report.complaints == ["writes did not resume"]


def test_count_of():
    assert count_of(1, "reply", "replies") == "1 reply"
    assert count_of(0, "reply", "replies") == "0 replies"
    assert count_of(1234, "call") == "1,234 calls"
