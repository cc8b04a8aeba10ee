"""Trying again: how long the pauses are, what may be tried again at all, and when it ends."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from typing import Any

import pytest

from syncredis import exceptions
from syncredis.command import Command
from syncredis.exceptions import (
    ConnectionError,
    DataError,
    DecodeError,
    InterruptedCallError,
    OutcomeUnknownError,
    OutcomeUnknownTimeoutError,
    PoolTimeoutError,
    PrimaryNotFoundError,
    ProtocolError,
    ReadOnlyError,
    RedisError,
    StalePrimaryError,
    TimeoutError,
    WrongTypeError,
)
from syncredis.interruption import Interruption
from syncredis.retry import DEFAULT_RETRY, NO_RETRY, RetryPolicy, retry

GET: Command[Any] = Command(("GET", "k"))
INCR: Command[Any] = Command(("INCR", "k"))

#: As often as one likes, and without much of a pause.
EAGER = RetryPolicy(retries=5, base_delay=1e-6, max_delay=1e-6)


def not_applied(error: RedisError) -> RedisError:
    error.not_applied = True
    return error


class Attempts:
    """Fails with each of some errors in turn, then returns "done"; counts."""

    def __init__(self, errors: Iterable[RedisError] = ()) -> None:
        self._errors = iter(errors)
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        error = next(self._errors, None)
        if error is not None:
            raise error
        return "done"


# --- pauses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempt", "longest"), [(1, 0.01), (2, 0.02), (3, 0.04), (5, 0.16), (6, 0.25), (7, 0.25), (10_000, 0.25)]
)
def test_a_pause_is_twice_as_long_each_time_up_to_a_limit(attempt: int, longest: float) -> None:
    pauses = [RetryPolicy().pause(attempt) for _ in range(500)]
    assert all(longest / 2 <= pause <= longest for pause in pauses)
    assert max(pauses) - min(pauses) > longest / 10, "callers must not all come back at once"


def test_the_default_policies() -> None:
    assert RetryPolicy(retries=3, deadline=None, after_timeout=False) == DEFAULT_RETRY
    assert NO_RETRY.retries == 0


# --- what may be tried again ------------------------------------------------------------------------------

#: An error, then what becomes of a GET and of an INCR that failed with it: "again", "raised", or the class that says that
#: nobody knows.
DECISIONS: list[tuple[RedisError, str, str]] = [
    (ConnectionError("broke"), "again", "OutcomeUnknownError"),
    (not_applied(ConnectionError("refused")), "again", "again"),
    (TimeoutError("slow"), "raised", "OutcomeUnknownTimeoutError"),
    (not_applied(TimeoutError("slow to connect")), "raised", "raised"),
    (PoolTimeoutError("busy"), "raised", "raised"),
    (InterruptedCallError("closed"), "raised", "OutcomeUnknownError"),
    (not_applied(InterruptedCallError("closed")), "raised", "raised"),
    (ProtocolError("HTTP"), "raised", "OutcomeUnknownError"),
    (StalePrimaryError("a replica"), "again", "again"),
    (PrimaryNotFoundError("none"), "raised", "raised"),
    (ReadOnlyError("READONLY"), "again", "again"),
    (exceptions.BusyLoadingError("LOADING"), "again", "again"),
    (exceptions.PrimaryDownError("MASTERDOWN"), "again", "again"),
    (exceptions.NoReplicasError("NOREPLICAS"), "again", "again"),
    (exceptions.UnblockedError("UNBLOCKED"), "again", "again"),
    (exceptions.MaxClientsError("ERR max number of clients reached"), "again", "again"),
    (WrongTypeError("WRONGTYPE"), "raised", "raised"),
    (exceptions.ResponseError("ERR"), "raised", "raised"),
    (exceptions.OutOfMemoryError("OOM"), "raised", "raised"),
    (exceptions.AuthenticationError("WRONGPASS"), "raised", "raised"),
    (DataError("None"), "raised", "raised"),
    (DecodeError("latin"), "raised", "raised"),
]


@pytest.mark.parametrize("after_timeout", [False, True])
@pytest.mark.parametrize("command", [GET, INCR], ids=["GET", "INCR"])
@pytest.mark.parametrize(("error", "for_get", "for_incr"), DECISIONS, ids=lambda value: repr(value)[:30])
def test_decisions(error: RedisError, for_get: str, for_incr: str, command: Command[Any], after_timeout: bool) -> None:
    expected = for_get if command is GET else for_incr
    if after_timeout and type(error) is TimeoutError and expected == "raised":
        expected = "again"
    policy = RetryPolicy(retries=1, base_delay=1e-6, after_timeout=after_timeout)
    attempts = Attempts()
    if expected == "again":
        assert retry(policy, command, attempts, error) == "done"
        assert attempts.count == 1
        return
    with pytest.raises(RedisError) as caught:
        retry(policy, command, attempts, error)
    assert attempts.count == 0
    if expected == "raised":
        assert caught.value is error
    else:
        assert type(caught.value).__name__ == expected
        assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [error for error, _, _ in DECISIONS], ids=lambda error: repr(error)[:30])
@pytest.mark.parametrize("command", [GET, INCR], ids=["GET", "INCR"])
def test_the_first_failure_can_be_final(error: RedisError, command: Command[Any]) -> None:
    attempts = Attempts()
    with pytest.raises(RedisError) as caught:
        retry(NO_RETRY, command, attempts, error)
    assert attempts.count == 0
    assert caught.value is error or caught.value.__cause__ is error


def test_the_outcome_is_unknown() -> None:
    with pytest.raises(OutcomeUnknownError) as caught:
        retry(EAGER, INCR, Attempts(), ConnectionError("it broke"))
    assert str(caught.value) == "INCR was sent, but no reply came (it broke); the server may have carried it out"
    assert not caught.value.transient
    assert not caught.value.not_applied
    with pytest.raises(TimeoutError) as caught_timeout:
        retry(EAGER, INCR, Attempts(), TimeoutError("it took long"))
    assert type(caught_timeout.value) is OutcomeUnknownTimeoutError


def test_a_further_attempt_of_unknown_outcome_is_the_last() -> None:
    """The first was refused, the second was sent: a third could be one too many."""
    attempts = Attempts([ConnectionError("it broke")])
    with pytest.raises(OutcomeUnknownError):
        retry(EAGER, INCR, attempts, ReadOnlyError("READONLY"))
    assert attempts.count == 1


def test_a_further_attempt_fails_otherwise() -> None:
    attempts = Attempts([ConnectionError("it broke"), WrongTypeError("WRONGTYPE")])
    with pytest.raises(WrongTypeError):
        retry(EAGER, GET, attempts, ConnectionError("it broke"))
    assert attempts.count == 2


def test_an_error_of_another_kind_is_not_ours() -> None:
    def attempt() -> None:
        raise KeyError("in the caller's decoder")

    with pytest.raises(KeyError):
        retry(EAGER, GET, attempt, ConnectionError("it broke"))


# --- how often and how long -------------------------------------------------------------------------------


@pytest.mark.parametrize("retries", [1, 3, 10])
def test_a_number_of_attempts(retries: int) -> None:
    errors = [ConnectionError(str(number)) for number in range(100)]
    attempts = Attempts(errors)
    with pytest.raises(ConnectionError) as caught:
        retry(RetryPolicy(retries=retries, base_delay=1e-6), GET, attempts, ConnectionError("first"))
    assert attempts.count == retries
    assert caught.value is errors[retries - 1], "the last one's error"


def test_the_last_attempt_may_succeed() -> None:
    attempts = Attempts([ConnectionError("broke")] * 4)
    assert retry(EAGER, GET, attempts, ConnectionError("broke")) == "done"
    assert attempts.count == 5


def test_a_deadline_ends_any_number_of_attempts() -> None:
    policy = RetryPolicy(retries=None, deadline=0.2, base_delay=0.01, max_delay=0.02)
    attempts = Attempts(ConnectionError("broke") for _ in itertools.count())
    started = time.monotonic()
    with pytest.raises(ConnectionError):
        retry(policy, GET, attempts, ConnectionError("broke"))
    assert attempts.count >= 1
    assert 0.2 - 0.02 <= time.monotonic() - started < 10


def test_no_attempt_begins_after_the_deadline() -> None:
    policy = RetryPolicy(retries=None, deadline=0.05, base_delay=10, max_delay=10)
    attempts = Attempts()
    started = time.monotonic()
    with pytest.raises(ConnectionError):
        retry(policy, GET, attempts, ConnectionError("broke"))
    assert attempts.count == 0
    assert time.monotonic() - started < 4, "nor is its pause waited for"


def test_pauses_are_made() -> None:
    policy = RetryPolicy(retries=3, base_delay=0.05)
    started = time.monotonic()
    retry(policy, GET, Attempts([ConnectionError("broke")] * 2), ConnectionError("broke"))
    assert time.monotonic() - started >= (0.05 + 0.1 + 0.2) / 2


def test_a_pause_can_be_interrupted() -> None:
    call = Interruption()
    attempts = Attempts()
    policy = RetryPolicy(retries=1, base_delay=100, max_delay=100)

    def interrupted() -> None:
        call.interrupt()
        retry(policy, INCR, attempts, ReadOnlyError("READONLY"))

    started = time.monotonic()
    with pytest.raises(InterruptedCallError) as caught:
        call.run(interrupted)
    assert caught.value.not_applied
    assert time.monotonic() - started < 20
    assert attempts.count == 0


# --- what else decides ------------------------------------------------------------------------------------

EVAL: Command[Any] = Command(("EVAL", "return redis.call('incr', KEYS[1])", 1, "k"))


@pytest.mark.parametrize(
    ("message", "again"),
    [
        ("READONLY You can't write against a read only replica.", True),
        ("LOADING Redis is loading the dataset in memory", True),
        ("READONLY says the script", False),
        ("UNBLOCKED says the script", False),
        ("WRONGTYPE Operation against a key holding the wrong kind of value script: abc, on @user_script:1.", False),
        ("ERR something", False),
    ],
)
def test_what_a_script_ends_with_may_come_after_some_of_its_writes(message: str, again: bool) -> None:
    error = exceptions.error_from_reply(message)
    attempts = Attempts()
    if again:
        assert retry(EAGER, EVAL, attempts, error) == "done"
        return
    with pytest.raises(exceptions.ResponseError) as caught:
        retry(EAGER, EVAL, attempts, error)
    assert caught.value is error
    assert not error.not_applied
    assert attempts.count == 0


@pytest.mark.parametrize("command", [GET, INCR], ids=["GET", "INCR"])
def test_a_client_that_was_closed_meanwhile_tries_no_more(command: Command[Any]) -> None:
    error = ReadOnlyError("READONLY")
    attempts = Attempts()
    with pytest.raises(InterruptedCallError, match="the client was closed") as caught:
        retry(EAGER, command, attempts, error, lambda: True)
    assert caught.value.not_applied
    assert caught.value.__cause__ is error
    assert attempts.count == 0


def test_a_client_that_is_closed_after_some_attempts_tries_no_more() -> None:
    attempts = Attempts([ReadOnlyError("READONLY")] * 5)
    with pytest.raises(InterruptedCallError):
        retry(EAGER, INCR, attempts, ReadOnlyError("READONLY"), lambda: attempts.count == 3)
    assert attempts.count == 3
