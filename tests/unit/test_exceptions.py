"""The tree of errors: which message becomes which class, and what each class says about trying again."""

from __future__ import annotations

import builtins
import pickle
from collections.abc import Iterator

import pytest

import syncredis
from syncredis import exceptions
from syncredis.exceptions import ERRORS_BY_CODE, RedisError, ResponseError, error_from_reply


def tree(root: type[RedisError] = RedisError) -> Iterator[type[RedisError]]:
    yield root
    for kind in root.__subclasses__():
        if kind.__module__ == exceptions.__name__:
            yield from tree(kind)


KINDS = list(tree())

#: What servers say, word for word, and what it is.
MESSAGES: list[tuple[str, str]] = [
    ("ERR value is not an integer or out of range", "ResponseError"),
    ("ERR syntax error", "ResponseError"),
    ("SOMETHING new", "ResponseError"),
    ("", "ResponseError"),
    ("ERR", "ResponseError"),
    ("READONLYX You can't", "ResponseError"),
    ("readonly lower", "ResponseError"),
    ("ERR unknown command 'FOO', with args beginning with: ", "UnknownCommandError"),
    ("ERR unknown command `FOO`, with args beginning with: ", "UnknownCommandError"),
    ("ERR Unknown subcommand or wrong number of arguments for 'FOO'. Try CONFIG HELP.", "UnknownCommandError"),
    ("ERR unknown subcommand 'FOO'. Try CONFIG HELP.", "UnknownCommandError"),
    ("ERR max number of clients reached", "MaxClientsError"),
    ("ERR invalid password", "AuthenticationError"),
    ("ERR AUTH <password> called without any password configured for the default user.", "AuthenticationError"),
    ("ERR Client sent AUTH, but no password is set", "AuthenticationError"),
    ("WRONGPASS invalid username-password pair or user is disabled.", "AuthenticationError"),
    ("NOAUTH Authentication required.", "AuthenticationRequiredError"),
    ("NOPERM this user has no permissions to run the 'get' command", "AuthorizationError"),
    ("BUSY Redis is busy running a script.", "BusyError"),
    ("BUSYGROUP Consumer Group name already exists", "BusyGroupError"),
    ("BUSYKEY Target key name already exists.", "BusyKeyError"),
    ("EXECABORT Transaction discarded because of previous errors.", "ExecAbortError"),
    ("LOADING Redis is loading the dataset in memory", "BusyLoadingError"),
    ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", "PrimaryDownError"),
    (
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
        "PersistenceError",
    ),
    ("NOPROTO unsupported protocol version", "ProtocolVersionError"),
    ("NOREPLICAS Not enough good replicas to write.", "NoReplicasError"),
    ("NOSCRIPT No matching script. Please use EVAL.", "NoScriptError"),
    ("NOTBUSY No scripts in execution right now.", "NotBusyError"),
    ("OOM command not allowed when used memory > 'maxmemory'.", "OutOfMemoryError"),
    ("READONLY You can't write against a read only replica.", "ReadOnlyError"),
    ("UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)", "UnblockedError"),
    ("WRONGTYPE Operation against a key holding the wrong kind of value", "WrongTypeError"),
]


@pytest.mark.parametrize(("message", "name"), MESSAGES)
def test_the_class_of_a_message(message: str, name: str) -> None:
    error = error_from_reply(message)
    assert type(error).__name__ == name
    assert str(error) == message
    assert error.code == message.split(" ")[0]


def test_every_class_for_a_reply_is_reached_by_a_message() -> None:
    reached = {name for _, name in MESSAGES}
    leaves = {kind for kind in tree(ResponseError) if not kind.__subclasses__()} | set(ERRORS_BY_CODE.values())
    assert {kind.__name__ for kind in leaves} <= reached


#: What proves that the server did not carry the command out, and what may go better later; everything else is neither.
NOT_APPLIED = {
    "PubSubError",
    "LockError",
    "LockAcquisitionError",
    "LockNotOwnedError",
    "PoolTimeoutError",
    "SentinelError",
    "PrimaryNotFoundError",
    "ReplicaNotFoundError",
    "StalePrimaryError",
    "StaleReplicaError",
    "DataError",
    "ConfigurationError",
    "PipelineError",
    "WatchError",
    "AuthenticationError",
    "AuthenticationRequiredError",
    "AuthorizationError",
    "ExecAbortError",
    "NoScriptError",
    "PersistenceError",
    "ProtocolVersionError",
    "UnknownCommandError",
    "WrongTypeError",
    "ServerStateError",
    "ReadOnlyError",
    "BusyLoadingError",
    "PrimaryDownError",
    "NoReplicasError",
    "UnblockedError",
    "MaxClientsError",
}
TRANSIENT = {
    "ConnectionError",
    "TimeoutError",
    "SentinelError",
    "StalePrimaryError",
    "StaleReplicaError",
    "ServerStateError",
    "ReadOnlyError",
    "BusyLoadingError",
    "PrimaryDownError",
    "NoReplicasError",
    "UnblockedError",
    "MaxClientsError",
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_two_facts(kind: type[RedisError]) -> None:
    error = kind("READONLY x")
    assert error.not_applied is (kind.__name__ in NOT_APPLIED)
    assert error.transient is (kind.__name__ in TRANSIENT)
    if issubclass(kind, ResponseError) and error.transient:
        assert error.not_applied, "an answer that a call is repeated after has to prove that nothing was done"


def test_the_tables_name_only_what_exists() -> None:
    names = {kind.__name__ for kind in KINDS}
    assert names >= NOT_APPLIED | TRANSIENT


def test_a_fact_set_on_one_error_is_that_ones_alone() -> None:
    first, second = exceptions.ConnectionError("a"), exceptions.ConnectionError("b")
    first.not_applied = True
    assert not second.not_applied


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("ConnectionError", builtins.ConnectionError),
        ("ConnectionError", OSError),
        ("TimeoutError", builtins.TimeoutError),
        ("TimeoutError", builtins.ConnectionError),
        ("TimeoutError", exceptions.ConnectionError),
        ("PoolTimeoutError", builtins.TimeoutError),
        ("OutcomeUnknownError", builtins.ConnectionError),
        ("OutcomeUnknownTimeoutError", exceptions.OutcomeUnknownError),
        ("OutcomeUnknownTimeoutError", exceptions.TimeoutError),
        ("OutcomeUnknownTimeoutError", builtins.TimeoutError),
        ("PrimaryNotFoundError", exceptions.ConnectionError),
        ("ReplicaNotFoundError", exceptions.ConnectionError),
        ("InterruptedCallError", exceptions.ConnectionError),
        ("ProtocolError", exceptions.ConnectionError),
        ("DataError", ValueError),
        ("ConfigurationError", exceptions.DataError),
        ("DecodeError", ValueError),
    ],
)
def test_what_also_catches_it(name: str, builtin: type[BaseException]) -> None:
    with pytest.raises(builtin):
        raise getattr(exceptions, name)("x")


@pytest.mark.parametrize("kind", [exceptions.ResponseError, exceptions.DataError, exceptions.DecodeError])
def test_what_is_no_broken_connection(kind: type[RedisError]) -> None:
    assert not issubclass(kind, builtins.ConnectionError)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_travels_between_processes(kind: type[RedisError]) -> None:
    error = kind("READONLY x")
    error.not_applied = True
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert str(again) == "READONLY x"
    assert again.not_applied


def test_what_the_package_offers_is_the_same() -> None:
    offered = [name for name in syncredis.__all__ if name.endswith("Error")]
    assert len(offered) > 5
    for name in offered:
        assert getattr(syncredis, name) is getattr(exceptions, name)
