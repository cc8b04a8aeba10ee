"""What can be seen from outside: observers, functions that are told about every call after it has ended; pools in numbers.

`syncredis.telemetry` makes traces and metrics from what they are told. Who observes nobody pays nothing: whoever carries out
calls looks whether there are observers, at `syncredis.pool.ConnectionPool.observers`, and only then makes the call inside
`observing`.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from syncredis.config import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """One call of a client that has ended: a command, or several that were sent together.

    Arguments are not in it: they may be secrets, and may be large.

    Attributes:
        names: the names of the commands, e.g. ``("GET",)``.
        is_transaction: whether they were carried out as one.
        started: when it began, in seconds since 1970.
        duration: seconds that it took, waiting for a connection and further attempts included.
        retries: how often it was tried again.
        error: what it ended with; None: all went well. An error of one command in a pipeline is no error of the pipeline.
        server: where the server is; None: not known, or reached by a Unix socket.
        unix_socket_path: of the server, where it is reached so.
        db: number of the database.
        service_name: as the Sentinels know it, if they led here.
    """

    names: tuple[str, ...]
    is_transaction: bool = False
    started: float
    duration: float
    retries: int
    error: BaseException | None
    server: Location | None
    unix_socket_path: str | None = None
    db: int = 0
    service_name: str | None = None


#: Called in the thread (on the facade: in the task) that made the call, after it; must not block. What it raises is logged.
Observer: TypeAlias = Callable[[CallReport], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStatistics:
    """A pool in numbers, at one moment.

    Attributes:
        name: where it leads, for people.
        open: connections that are open or being made, those in use included.
        idle: of these, those that nobody uses.
        waiting: callers that wait for a connection.
        max_connections: the most that may be open.
        made: how many were made since the pool exists.
        timeouts: how many callers have waited in vain.
    """

    name: str
    open: int
    idle: int
    waiting: int
    max_connections: int
    made: int
    timeouts: int

    @property
    def in_use(self) -> int:
        """Connections that are lent, or being made."""
        return max(0, self.open - self.idle)


class Named(Protocol):
    """A command."""

    @property
    def name(self) -> str:
        """Its name."""
        ...


class Place(Protocol):
    """Where it is carried out: a pool."""

    observers: tuple[Observer, ...]

    def statistics(self) -> PoolStatistics:
        """Return it in numbers."""
        ...

    def describe_server(self) -> dict[str, Any]:
        """What reports say about the server, by the names of `CallReport`."""
        ...


# Guards the changes of who observes what; looking needs no guard. Reentrant: a signal handler may make a client any time.
_changing = threading.RLock()
_places: weakref.WeakSet[Place] = weakref.WeakSet()
_observers_of_all: tuple[Observer, ...] = ()


def register(place: Place) -> None:
    """Let those observe a new place who observe all."""
    with _changing:
        _places.add(place)
        place.observers = _observers_of_all


def places() -> list[Place]:
    """Return all that exist."""
    with _changing:
        return list(_places)


def observe(observer: Observer, place: Place) -> Callable[[], None]:
    """Have ``observer`` told about calls of one place; return a function that ends it."""
    with _changing:
        place.observers = (*place.observers, observer)
    return lambda: _end(observer, [place])


def observe_all(observer: Observer) -> Callable[[], None]:
    """Have ``observer`` told about the calls of all clients, those made later included; return a function that ends it."""
    global _observers_of_all
    with _changing:
        _observers_of_all = (*_observers_of_all, observer)
        for place in _places:
            place.observers = (*place.observers, observer)
    return lambda: _end_everywhere(observer)


def _end_everywhere(observer: Observer) -> None:
    global _observers_of_all
    with _changing:
        _observers_of_all = tuple(other for other in _observers_of_all if other != observer)
    _end(observer, places())


def _end(observer: Observer, at: Sequence[Place]) -> None:
    with _changing:
        for place in at:
            place.observers = tuple(other for other in place.observers if other != observer)


class Call:
    """A call under way that is observed."""

    __slots__ = ("_clock", "_commands", "_is_transaction", "_place", "_started", "retries")

    def __init__(self, place: Place, commands: Sequence[Named], *, is_transaction: bool) -> None:
        self.retries = 0
        self._place = place
        self._commands = commands
        self._is_transaction = is_transaction
        self._started = time.time()
        self._clock = time.perf_counter()

    def end(self, error: BaseException | None) -> None:
        """Tell the observers."""
        report = CallReport(
            names=tuple(command.name for command in self._commands),
            is_transaction=self._is_transaction,
            started=self._started,
            duration=time.perf_counter() - self._clock,
            retries=self.retries,
            error=error,
            **self._place.describe_server(),
        )
        for observer in self._place.observers:
            try:
                observer(report)
            except Exception:  # the call itself went its way, whatever an observer makes of it
                from logging import getLogger  # what goes wrong seldom need not be imported always

                getLogger(__name__).exception("an observer failed: %r", observer)


#: Set while a call is observed: what it consists of, and what observers themselves do, is not observed again.
_under_way: ContextVar[Call | None] = ContextVar("syncredis_observed", default=None)


def is_observed() -> bool:
    """Whether this is a part of a call that is observed already."""
    return _under_way.get() is not None


def note_retry() -> None:
    """Count a further attempt for the report, if there will be one."""
    if (call := _under_way.get()) is not None:
        call.retries += 1


@contextmanager
def observing(place: Place, commands: Sequence[Named], *, is_transaction: bool = False) -> Iterator[None]:
    """Tell the observers of ``place`` about the call that a ``with`` block makes."""
    call = Call(place, commands, is_transaction=is_transaction)
    token = _under_way.set(call)
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        call.end(error)
        _under_way.reset(token)


def _after_fork_in_child() -> None:
    global _changing
    _changing = threading.RLock()  # the thread that held it is not here


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
