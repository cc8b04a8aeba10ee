"""Discovery, the pull half of Sentinel support: asks the Sentinels where a service's primary and replicas are.

https://redis.io/docs/latest/develop/reference/sentinel-clients/
"""

from __future__ import annotations

import math
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Generic, cast

from syncredis.command import Command
from syncredis.config import ConnectionConfig, Location, PoolConfig
from syncredis.exceptions import PrimaryNotFoundError, RedisError, ReplicaNotFoundError, ResponseError, SentinelError
from syncredis.pool import ConnectionPool
from syncredis.sentinel.address_map import AddressMap, translator
from syncredis.sentinel.hedge import Abandoned, AllFailed, Choice, Round
from syncredis.sentinel.inquiry import Inquiry, begin
from syncredis.sentinel.succession import Succession
from syncredis.sentinel.topology import (
    NamedPrimary,
    ReplicaView,
    config_epoch,
    freshest,
    location_from_address,
    majority,
    other_sentinels,
    replicas_from_reply,
    sentinels_from_reply,
)
from syncredis.typing import Reply, T

#: Seconds for which an answer serves further connections: a hundred threads that lose theirs at once ask once. Short enough
#: for an answer not to outlive a failover by much; what it leads to is verified by ROLE in any case.
FRESH: Final = 0.25

#: Seconds for which an answer serves after it has led nowhere. Long enough to spare the Sentinels, short against a failover.
DOUBTED: Final = 0.03

#: Seconds after which one more Sentinel is asked where a majority has to answer, and does not at once. One that is near takes
#: less, and the others need not be asked then.
_SOON: Final = 0.003

#: Connections to one Sentinel: one, and one more for a question while a slow answer to another is awaited.
_LINKS: Final = PoolConfig(max_connections=4, pool_timeout=1.0)


class Discovery:
    """Asks the Sentinels. Thread-safe.

    Questions that several threads have at the same time are put once. The Sentinel that answered last is asked first. Other
    Sentinels are learnt from the answers; those given at the start are never forgotten. A question takes no longer than
    ``connect_timeout`` + ``stream_timeout`` + ``hedge_delay`` for each further Sentinel.

    Args:
        seeds: where the Sentinels are.
        config: how to connect to them; its location is not used.
        min_other_sentinels: how many other Sentinels one has to know for its answer about a primary to count.
        hedge_delay: seconds after which the next Sentinel is asked while the last has not answered.
        address_map: where servers and Sentinels are that announce themselves elsewhere; not used for the seeds.
        strict: whether a majority of the Sentinels has to name the same primary.
    """

    def __init__(
        self,
        seeds: Sequence[Location],
        config: ConnectionConfig,
        *,
        min_other_sentinels: int,
        hedge_delay: float,
        address_map: AddressMap | None = None,
        strict: bool = False,
    ) -> None:
        self.seeds = tuple(dict.fromkeys(seeds))
        #: From what a Sentinel announces to where that is for us.
        self.translate = translator(address_map)
        self._config = config
        self._min_other_sentinels = min_other_sentinels
        self._hedge_delay = hedge_delay
        self.strict = strict
        self._order = list(self.seeds)
        self._links: dict[Location, ConnectionPool] = {}
        self._start_anew()
        _discoveries.add(self)

    def _start_anew(self) -> None:
        # Guards what follows, the order and the links. A child process that was forked has none of the threads that may
        # be holding it, or be asking.
        self._lock = threading.Lock()
        self._rounds: dict[tuple[str, str], Round[Any]] = {}
        self._known: dict[tuple[str, str], _Known] = {}
        # What is known goes on in the child; the locks in it do not.
        known: dict[str, Succession] = getattr(self, "_successions", {})
        self._successions = {name: succession.inherited() for name, succession in known.items()}

    @property
    def sentinels(self) -> tuple[Location, ...]:
        """All Sentinels known, in the order in which they will be asked."""
        with self._lock:
            return tuple(self._order)

    @property
    def config(self) -> ConnectionConfig:
        """How to connect to the Sentinels; the location is not theirs."""
        return self._config

    def succession(self, service_name: str) -> Succession:
        """Return what is remembered of the primaries of a service."""
        with self._lock:
            return self._successions.setdefault(service_name, Succession())

    def primary(self, service_name: str, *, max_age: float = 0.0) -> Location:
        """Return where the primary of a service is. Blocks.

        Answers that are out of date do not count: from Sentinels that have missed a failover which others told of.

        Args:
            service_name: as the Sentinels know it.
            max_age: seconds by which the answer may be old.

        Raises:
            PrimaryNotFoundError: if no Sentinel could be reached, or none knows the name. The message says which.
        """
        succession = self.succession(service_name)
        while True:
            promoted = succession.promoted
            if promoted is not None:
                return promoted
            try:
                named = self._answer(
                    self._question_of_primary(service_name), max_age, self._asking_for_primary(succession)
                )
            except AllFailed as failed:
                unanimous = _overruled(failed)
                if unanimous is None:
                    nothing = PrimaryNotFoundError(_explain(failed, service_name))
                    nothing.transient = _may_agree(failed)
                    raise nothing from _first(failed)
                named = unanimous
                succession.begin_anew(named)
            if succession.note(named):
                return named.location
            self.forget(service_name)  # the primary changed while it was asked for

    def ask(self, sentinel: Location, service_name: str) -> NamedPrimary:
        """Return what one Sentinel says about the primary of a service, out of date or not. Blocks.

        Raises:
            RedisError: if it can not say.
        """
        return self._ask(self._question_of_name(service_name), sentinel)

    def replicas(self, service_name: str, *, max_age: float = 0.0) -> list[ReplicaView]:
        """Return the replicas of a service, in service or not. Blocks.

        Raises:
            ReplicaNotFoundError: if no Sentinel could be reached, or none knows the name. The message says which.
        """
        try:
            return self._answer(self._question_of_replicas(service_name), max_age, _Manner(self._hedge_delay))
        except AllFailed as failed:
            if any(isinstance(cause, _NoReplicas) for cause in failed.causes.values()):
                return []
            raise ReplicaNotFoundError(_explain(failed, service_name)) from _first(failed)

    def doubt(self, service_name: str) -> None:
        """Learn that an answer about a service led nowhere, so that the next question is put anew. Never blocks.

        But not more often than every `DOUBTED` seconds: during an outage a hundred threads get nowhere all the time.
        """
        with self._lock:
            for key in (("primary", service_name), ("replicas", service_name)):
                known = self._known.get(key)
                if known is not None and time.monotonic() - known.since > DOUBTED:
                    del self._known[key]
                    if known.sentinel in self._order:  # what it says may be old: the others are asked before it
                        self._order.remove(known.sentinel)
                        self._order.append(known.sentinel)

    def forget(self, service_name: str) -> None:
        """Learn that the answers about a service are out of date. Never blocks."""
        with self._lock:
            self._known.pop(("primary", service_name), None)
            self._known.pop(("replicas", service_name), None)

    def close(self) -> None:
        """Close the connections to the Sentinels; the next question opens them again. Never blocks.

        Questions under way are still answered: others may be waiting for them.
        """
        with self._lock:
            links, self._links = self._links, {}
            self._known.clear()
        for link in links.values():
            link.invalidate()

    # --- one question, many callers ---------------------------------------------------------------

    def _asking_for_primary(self, succession: Succession) -> _Manner[NamedPrimary]:
        known = len(self.sentinels)
        soon, most = min(_SOON, self._hedge_delay), known // 2 + 1
        if self.strict:
            return _Manner(soon, partial(majority, sentinels=len(self.seeds)), at_once=most)
        if succession.current is None:
            # Nothing is remembered that would give a Sentinel away that has missed a failover: others are heard, too.
            return _Manner(soon, partial(freshest, sentinels=known), self._hedge_delay, most)
        return _Manner(self._hedge_delay)

    def _answer(self, question: _Question[T], max_age: float, manner: _Manner[T]) -> T:
        key = (question.kind, question.service_name)
        while True:
            with self._lock:
                known = self._known.get(key)
                if known is not None and time.monotonic() - known.since <= max_age:
                    return cast("T", known.answer)
                running: Round[T] | None = self._rounds.get(key)
                if running is None or running.over:
                    running = Round(
                        self._order,
                        partial(self._ask, question),
                        manner.hedge_delay,
                        manner.choose,
                        manner.patience,
                        partial(self._begin, question),
                        manner.at_once,
                    )
                    self._rounds[key] = running
            try:
                sentinel, answer = running.wait()
            except Abandoned:
                continue
            except BaseException:
                self._let_go(key, running)
                raise
            self._remember(key, running, sentinel, answer)
            return answer

    def _let_go(self, key: tuple[str, str], running: Round[Any]) -> None:
        """Forget a round that has brought nothing: its errors hold all that was in use where they were met with."""
        with self._lock:
            if running.over and self._rounds.get(key) is running:
                del self._rounds[key]

    def _remember(self, key: tuple[str, str], ended: Round[Any], sentinel: Location, answer: object) -> None:
        """Let the answer of a round serve others for a while; the first of its callers does this, before it is used."""
        with self._lock:
            if self._rounds.get(key) is not ended:
                return
            del self._rounds[key]
            self._known[key] = _Known(answer, sentinel, time.monotonic())
            if sentinel in self._order:
                self._order.remove(sentinel)
            self._order.insert(0, sentinel)

    # --- questions to one Sentinel ----------------------------------------------------------------

    def _question_of_primary(self, service_name: str) -> _Question[NamedPrimary]:
        def read(sentinel: Location, replies: list[Reply]) -> NamedPrimary:
            named = self._read_name(service_name, sentinel, replies)
            if self.succession(service_name).is_outdated(named):
                raise _Outdated(named)
            return named

        return replace(self._question_of_name(service_name), read=read)

    def _question_of_name(self, service_name: str) -> _Question[NamedPrimary]:
        asked = ["GET-MASTER-ADDR-BY-NAME", "MASTER", "SENTINELS"]
        commands = [Command[Reply](("SENTINEL", word, service_name)) for word in asked]
        if self.strict:
            commands.append(Command(("SENTINEL", "MYID")))
        return _Question("primary", service_name, commands, partial(self._read_name, service_name))

    def _read_name(self, service_name: str, sentinel: Location, replies: list[Reply]) -> NamedPrimary:
        address, state, others, *identity = replies
        if isinstance(address, RedisError):
            raise address
        location = location_from_address(address)
        if location is None:
            raise _NotKnown(f"does not know {service_name!r}")
        if self._min_other_sentinels:
            if isinstance(state, RedisError):
                raise state
            if (count := other_sentinels(state)) < self._min_other_sentinels:
                raise _NotKnown(f"knows {count} other Sentinels, and {self._min_other_sentinels} are asked for")
        self._learn(sentinel, others)
        named = NamedPrimary(
            self.translate(location), witness=identity[0] if identity and isinstance(identity[0], str) else ""
        )
        if isinstance(state, RedisError):  # a restricted user may not ask for more than the address
            return named
        return replace(named, epoch=config_epoch(state), sentinels=other_sentinels(state) + 1)

    def _question_of_replicas(self, service_name: str) -> _Question[list[ReplicaView]]:
        commands = [Command[Reply](("SENTINEL", word, service_name)) for word in ("REPLICAS", "SENTINELS")]
        return _Question("replicas", service_name, commands, partial(self._read_replicas, service_name))

    def _read_replicas(self, service_name: str, sentinel: Location, replies: list[Reply]) -> list[ReplicaView]:
        reply, others = replies
        if isinstance(reply, RedisError):
            if "No such master" in str(reply):
                raise _NotKnown(f"does not know {service_name!r}")
            raise reply
        replicas = [
            replace(replica, location=self.translate(replica.location)) for replica in replicas_from_reply(reply)
        ]
        self._learn(sentinel, others)
        if not replicas:
            raise _NoReplicas(f"knows no replica of {service_name!r}")
        return replicas

    def _ask(self, question: _Question[T], sentinel: Location) -> T:
        """Put a question to one Sentinel, in one round trip; errors among the replies are its affair. Blocks."""
        return _read(question, sentinel, self._replies(sentinel, question.commands))

    def query(self, sentinel: Location, *questions: tuple[str, ...]) -> list[Reply]:
        """Put several questions to one Sentinel in one round trip; errors among the replies are returned. Blocks.

        Raises:
            RedisError: if it can not be reached.
        """
        return self._replies(sentinel, [Command[Reply](("SENTINEL", *question)) for question in questions])

    def _replies(self, sentinel: Location, commands: Sequence[Command[Any]]) -> list[Reply]:
        with self._link(sentinel).leased() as connection:
            return connection.execute_many(commands, text=True)

    def _begin(self, question: _Question[T], sentinel: Location) -> Inquiry[T] | None:
        """Begin to put a question to one Sentinel; None: that would block. Never blocks."""
        return begin(self._link(sentinel), question.commands, partial(_read, question, sentinel))

    def _link(self, sentinel: Location) -> ConnectionPool:
        with self._lock:
            link = self._links.get(sentinel)
            if link is None:
                link = self._links[sentinel] = ConnectionPool(self._config.at(sentinel), _LINKS)
            return link

    def _learn(self, teacher: Location, reply: Reply) -> None:
        """Let the Sentinels that are asked be the seeds, the one that answered, and those that it knows."""
        if isinstance(reply, RedisError):  # a restricted user may not ask for them
            return
        others = [self.translate(other) for other in sentinels_from_reply(reply)]
        wanted = {*self.seeds, teacher, *others}
        with self._lock:
            self._order = [known for known in self._order if known in wanted]
            self._order += [other for other in dict.fromkeys(others) if other not in self._order]
            gone = [self._links.pop(known) for known in list(self._links) if known not in wanted]
        for link in gone:
            link.invalidate()


@dataclass(frozen=True, slots=True)
class _Question(Generic[T]):
    """What a Sentinel is asked: the commands, which go out together, and what makes the answer of their replies."""

    kind: str
    service_name: str
    commands: Sequence[Command[Any]]
    read: Callable[[Location, list[Reply]], T]


@dataclass(frozen=True, slots=True)
class _Manner(Generic[T]):
    """How a question is put; see `Round`."""

    hedge_delay: float
    choose: Choice[T] | None = None
    patience: float = math.inf
    at_once: int = 1


@dataclass(frozen=True, slots=True)
class _Known:
    """An answer, whose it is, and when it came."""

    answer: Any
    sentinel: Location
    since: float


class _NotKnown(SentinelError):
    """A Sentinel answered that it can not say, or what nobody can understand."""


class _Outdated(SentinelError):
    """A Sentinel answered with what others have said is no longer so."""

    def __init__(self, named: NamedPrimary) -> None:
        super().__init__(f"names {named.location.target}, which it was before the last failover (epoch {named.epoch})")
        self.named = named


class _NoReplicas(SentinelError):
    """A Sentinel answered that there is none."""


def _read(question: _Question[T], sentinel: Location, replies: list[Reply]) -> T:
    try:
        return question.read(sentinel, replies)
    except RedisError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise _NotKnown(f"its answer makes no sense ({error})") from error


def _overruled(failed: AllFailed) -> NamedPrimary | None:
    """Return what a majority of all Sentinels says, although it is older than what was known, if nobody says otherwise.

    Then nobody has missed anything: somebody has set the Sentinels up anew, and they count from the beginning.
    """
    outdated = [cause.named for cause in failed.causes.values() if isinstance(cause, _Outdated)]
    if 2 * len(outdated) <= len(failed.causes):
        return None
    return max(outdated, key=lambda named: -1 if named.epoch is None else named.epoch)


def _may_agree(failed: AllFailed) -> bool:
    """Whether asking again may help: Sentinels answered, and some of them have not heard yet what others have."""
    outdated = [cause for cause in failed.causes.values() if isinstance(cause, _Outdated)]
    total = len(failed.causes) + len(failed.answers)
    return bool(outdated) or 2 * len(failed.answers) > total


def _explain(failed: AllFailed, service_name: str) -> str:
    """Say whether the Sentinels could not be reached, or could but did not know, or would not tell."""
    answered = any(isinstance(cause, (SentinelError, ResponseError)) for cause in failed.causes.values())
    said = "; ".join(f"{sentinel.target}: {cause}" for sentinel, cause in failed.causes.items())
    if failed.answers:
        names = [f"{sentinel.target}: {named.location.target}" for sentinel, named in failed.answers]
        return f"no majority of the Sentinels agrees on a primary of {service_name!r} ({'; '.join([*names, said])})"
    if answered:
        return f"no Sentinel can say where {service_name!r} is ({said})"
    return f"no Sentinel could be reached to ask for {service_name!r} ({said})"


def _first(failed: AllFailed) -> Exception | None:
    return next(iter(failed.causes.values()), None)


_discoveries: weakref.WeakSet[Discovery] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for discovery in list(_discoveries):
        discovery._start_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
