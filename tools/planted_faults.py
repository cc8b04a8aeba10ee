"""Mistakes that somebody might make in this library, each ready to be planted: the tests have to find every one of them.

`tools/check_planted_faults.py` runs them all. This module is the list, and the pytest plugin that plants one:

    PYTHONPATH=tools python -m pytest -p planted_faults --plant lost-seed tests/sentinel/test_discovery.py
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import pytest

from syncredis import command, config, connection, handshake, pool, pool_state, receiver, resp, retry, tracking
from syncredis.exceptions import ConnectionError, ProtocolError
from syncredis.gate import Gate
from syncredis.multiplexer import Multiplexer
from syncredis.sentinel import discovery, jobs
from syncredis.sentinel.pool import PrimaryConnectionPool
from syncredis.sentinel.service_watch import ServiceWatch
from syncredis.sentinel.succession import Succession
from syncredis.traffic import Traffic

_Plant = TypeVar("_Plant", bound=Callable[[], None])


@dataclass(frozen=True, slots=True)
class Planted:
    """A mistake.

    Attributes:
        name: what to ask for it by.
        meaning: what goes wrong.
        plant: makes it, in this process.
        tests: arguments for pytest: those that have to find it.
    """

    name: str
    meaning: str
    plant: Callable[[], None]
    tests: tuple[str, ...]


#: What pytest says where a mistake can not be made.
NOT_PLANTED: Final = "this mistake can not be planted"

FAULTS: dict[str, Planted] = {}


def found_by(*tests: str) -> Callable[[_Plant], _Plant]:
    """Put a function that plants a mistake on the list: its name and its docstring describe it."""

    def enlist(plant: _Plant) -> _Plant:
        name = plant.__name__.replace("_", "-")
        FAULTS[name] = Planted(name, plant.__doc__ or "", plant, tests)
        return plant

    return enlist


def _replace(owner: object, name: str, replacement: object) -> None:
    """Put something in the place of what exists; a mistake that can not be made any more shall not pass for one found."""
    if not hasattr(owner, name):
        raise LookupError(f"{owner!r} has no {name!r} any more; plant this mistake elsewhere")
    setattr(owner, name, replacement)


def _always(answer: object) -> Callable[..., object]:
    """Return a function that returns ``answer`` whatever it is given."""
    return lambda *_, **__: answer


# --- replies ------------------------------------------------------------------------------------------------------


@found_by("tests/integration/test_pipeline.py", "-k", "sync and redis-7.0")
def swallowed_reply() -> None:
    """One of a hundred replies is taken from the parser and thrown away."""
    make = resp.new_reader

    class Reader:
        def __init__(self, encoding: str) -> None:
            self._reader = make(encoding)
            self._taken = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(self._reader, name)

        def gets(self, *arguments: Any) -> Any:
            reply: Any = self._reader.gets(*arguments)
            self._taken += reply is not resp.INCOMPLETE
            return self._reader.gets(*arguments) if self._taken % 100 == 99 else reply

    _replace(receiver, "new_reader", Reader)


@found_by("tests/properties/test_pool_machine.py", "tests/faults/test_every_byte.py", "tests/integration/test_chaos.py")
def shelved_after_an_interrupted_read() -> None:
    """A connection goes back on the shelf although a reply is still owed on it."""
    original = pool.ConnectionPool.return_connection

    def return_connection(self: pool.ConnectionPool, lent: connection.Connection) -> None:
        lent.in_step = lent.fileno() >= 0
        original(self, lent)

    _replace(pool.ConnectionPool, "return_connection", return_connection)


@found_by("tests/unit/test_first_command.py")
def reply_goes_to_whoever_comes_next() -> None:
    """The reply to the command that went out with the handshake is given to another one."""
    original = connection.Connection._await_ahead

    def _await_ahead(self: connection.Connection, asking: command.Command[Any], text: bool) -> Any:
        self._ahead = self._ahead and asking
        return original(self, asking, text)

    _replace(connection.Connection, "_await_ahead", _await_ahead)


@found_by("tests/unit/test_first_command.py")
def write_goes_with_the_handshake() -> None:
    """A command that changes something goes out before it is known to whom."""
    _replace(command.Command, "is_quick", property(_always(True)))


@found_by("tests/properties/test_replies.py")
def bad_reply_is_overlooked() -> None:
    """What is no RESP is taken for a reply that is not complete."""
    make = resp.new_reader

    class Reader:
        def __init__(self, encoding: str) -> None:
            self._reader = make(encoding)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._reader, name)

        def gets(self, *arguments: Any) -> Any:
            try:
                return self._reader.gets(*arguments)
            except ProtocolError:
                return None

    _replace(receiver, "new_reader", Reader)


@found_by("tests/integration/test_broken_connections.py", "-k", "sync")
def closed_connection_is_lent() -> None:
    """Nobody looks whether the server has closed a connection that rested."""
    _replace(connection.Connection, "is_quiet", _always(True))


# --- outcomes -----------------------------------------------------------------------------------------------------


@found_by("tests/faults/test_every_byte.py")
def retry_of_a_sent_write() -> None:
    """An INCR whose connection broke after it was sent is sent again."""
    _replace(retry, "check_outcome", _always(None))


@found_by("tests/faults/test_every_byte.py")
def every_command_is_read_only() -> None:
    """Writes pass for reads, which may be repeated."""
    _replace(command.Command, "read_only", property(_always(True)))


@found_by("tests/faults/test_every_byte.py")
def broken_means_not_applied() -> None:
    """A broken connection is taken for proof that nothing was carried out."""
    _replace(ConnectionError, "not_applied", True)


# --- the pool -----------------------------------------------------------------------------------------------------


@found_by("tests/unit/test_pool_lending.py", "tests/unit/test_pool_waiting.py", "tests/properties/test_pool_machine.py")
def slot_is_not_returned() -> None:
    """A connection that is closed goes on counting against max_connections."""
    kept: list[connection.Connection] = []

    def discard(self: pool.ConnectionPool, lent: connection.Connection) -> None:  # noqa: ARG001 - a method
        lent.close()
        kept.append(lent)

    _replace(pool.ConnectionPool, "discard", discard)


@found_by("tests/properties/test_pool_machine.py", "tests/unit/test_pool_invalidation.py")
def invalidation_is_forgotten() -> None:
    """Connections that are lent while the pool is invalidated go back on the shelf."""
    original = pool.ConnectionPool.invalidate

    def invalidate(self: pool.ConnectionPool, interrupt: ConnectionError | None = None) -> None:
        before = self._state.generation
        original(self, interrupt)
        self._state.generation = before

    _replace(pool.ConnectionPool, "invalidate", invalidate)


@found_by("tests/unit/test_pool_waiting.py")
def last_come_first_served() -> None:
    """Who waits longest is served last."""
    original = pool_state.PoolState._grant

    def grant(self: pool_state.PoolState, **options: Any) -> None:
        self.waiters.reverse()
        original(self, **options)
        self.waiters.reverse()

    _replace(pool_state.PoolState, "_grant", grant)


@found_by("tests/properties/test_pool_machine.py", "tests/unit/test_pool_lifetime.py")
def child_uses_its_parents_connections() -> None:
    """A forked process goes on with the sockets of its parent."""
    _replace(pool.ConnectionPool, "_after_fork_in_child", _always(None))


@found_by("tests/unit/test_gate.py")
def writes_pass_the_gate() -> None:
    """Writes do not wait while a failover is under way."""
    _replace(Gate, "wait", _always(None))


# --- the shared connection ----------------------------------------------------------------------------------------

_SHARED = "tests/integration/test_multiplexing.py"


@found_by(_SHARED, "-k", "test_cancelled_when_sent_and_when_half_received and asyncio")
def place_of_a_cancelled_call_is_forgotten() -> None:
    """A call that is cancelled loses its place, and all replies after it go to the wrong callers."""
    original = Traffic.take_replies

    def take_replies(self: Traffic, parser: Any) -> int:
        while self.sent and self.sent[0].abandoned:
            self.sent.popleft()
        return original(self, parser)

    _replace(Traffic, "take_replies", take_replies)


@found_by(_SHARED, "-k", "test_a_broken_connection_repeats_reads_and_never_writes and asyncio")
def sent_write_waits_again() -> None:
    """What was sent in full on a connection that broke is sent again on the next one."""
    original = Traffic.end_sent

    def end_sent(self: Traffic, error: Exception) -> None:
        repeated = [call for call in self.sent if not call.sent_twice]
        for call in repeated:
            call.sent_twice = True
            self.sent.remove(call)
        original(self, error)
        self.waiting.extendleft(reversed(repeated))

    _replace(Traffic, "end_sent", end_sent)


@found_by("tests/integration/test_lost_wakeups.py", "-k", "test_who_waits_for_room and asyncio")
def wake_up_is_lost() -> None:
    """Who waits for room is not let in."""
    _replace(Multiplexer, "_let_in", _always(None))


@found_by(_SHARED, "-k", "test_a_broken_connection_repeats_reads_and_never_writes and asyncio")
def caller_is_never_told() -> None:
    """Whose call ends because the shared connection broke waits for ever."""
    original = Traffic.end_sent

    def end_sent(self: Traffic, error: Exception) -> None:
        before = list(self.answered)
        original(self, error)
        self.answered = before

    _replace(Traffic, "end_sent", end_sent)


@found_by("tests/integration/test_caching.py", "-k", "test_what_somebody_else_changes_is_read_anew and sync")
def invalidations_are_ignored() -> None:
    """The server says that a key has changed, and its value is kept."""
    original = tracking._Conversation._understand

    def understand(self: Any, message: Any) -> None:
        if not isinstance(message, resp.PushNotification):
            original(self, message)

    _replace(tracking._Conversation, "_understand", understand)


# --- Sentinel -----------------------------------------------------------------------------------------------------


@found_by("tests/unit/test_service_watch.py")
def hold_is_never_released() -> None:
    """Writes that are held wait until the time is over, whatever becomes of the failover."""
    _replace(ServiceWatch, "release", _always(None))


@found_by("tests/unit/test_listener.py")
def candidate_is_not_asked() -> None:
    """The replica that a failover has chosen is taken for the primary before its own ROLE says so."""
    _replace(jobs, "await_promotion", _always(True))


@found_by("tests/sentinel/test_watcher.py", "-k", "test_a_planned_failover_loses_nothing and sync")
def old_primary_is_not_left() -> None:
    """After a switch, connections to the old primary go on being lent, to those who write as well."""
    _replace(PrimaryConnectionPool, "_let_go", _always(None))


@found_by("tests/unit/test_succession.py")
def older_epoch_is_accepted() -> None:
    """A Sentinel that missed a failover leads back to the old primary."""
    _replace(Succession, "_has_passed", _always(False))


@found_by("tests/sentinel/test_clients.py", "tests/sentinel/test_replicas.py", "-k", "sync")
def role_is_not_checked() -> None:
    """Whatever a server says to ROLE, it is taken for what was looked for."""
    _replace(handshake, "role_from_reply", _always(None))


@found_by("tests/sentinel/test_discovery.py", "-k", "sync")
def lost_seed() -> None:
    """A Sentinel that was given at the start is forgotten once another does not know it."""
    original = discovery.Discovery._learn

    def learn(self: discovery.Discovery, teacher: Any, reply: Any) -> None:
        seeds, self.seeds = self.seeds, ()
        try:
            original(self, teacher, reply)
        finally:
            self.seeds = seeds

    _replace(discovery.Discovery, "_learn", learn)


# --- secrets ------------------------------------------------------------------------------------------------------


@found_by("tests/unit/test_secrets.py")
def password_is_printed() -> None:
    """The configuration shows the password."""
    _replace(config.ConnectionConfig, "__repr__", lambda self: f"ConnectionConfig({self.password})")


@found_by("tests/integration/test_tls.py", "-k", "sync")
def certificate_is_not_verified() -> None:
    """Any certificate will do."""
    original = config._tls_context

    def context(given: Any) -> ssl.SSLContext:
        made = original(given)
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
        return made

    _replace(config, "_tls_context", context)


# --- the plugin ---------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--plant``."""
    parser.addoption("--plant", choices=sorted(FAULTS), help="the mistake to make")


def pytest_configure(config: pytest.Config) -> None:
    """Plant what was asked for."""
    name: str | None = config.getoption("--plant")
    if name is not None:
        try:
            FAULTS[name].plant()
        except (AttributeError, LookupError) as error:
            raise pytest.UsageError(f"{NOT_PLANTED}: {error}") from error
