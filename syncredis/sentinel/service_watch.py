"""`ServiceWatch`: what follows, for one service, from what the Sentinels tell.

State without I/O: what takes time is returned as a step, for the watcher to have done.

A failover goes like this, for whoever hears the Sentinel that leads it: it chooses a replica (writes are held from here on),
names it, and promotes it; the replica's own ROLE says that it is primary some 0.9 seconds before the Sentinels agree on it,
and connections go there at once. In strict mode they wait for the majority.

A leader that is lost before that may have told nobody else: so writes are held, and unless a Sentinel names the replica soon,
the others are asked whether the leader lives. If it does, all goes on as it would; if not, connections go back.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator
from typing import Protocol

from syncredis.config import ConnectionConfig, Location
from syncredis.gate import Gate
from syncredis.sentinel import announcement as said
from syncredis.sentinel.announcement import Announcement
from syncredis.sentinel.events import (
    FailoverAborted,
    FailoverStarted,
    MajorityLost,
    PrimaryDown,
    PrimaryUp,
    ReplicasChanged,
)
from syncredis.sentinel.leadership import Due, Leadership
from syncredis.sentinel.steps import Arrive, Consult, Hold, Inquire, Look, Pursue, Step, Tell, Unblock
from syncredis.sentinel.succession import Succession
from syncredis.sentinel.topology import NamedPrimary
from syncredis.sentinel.write_loss import OffsetLog


class PrimaryPool(Protocol):
    """A pool whose connections lead to the primary."""

    @property
    def config(self) -> ConnectionConfig:
        """How to connect to the servers; the location is not theirs."""
        ...

    def follow(self, location: Location) -> float | None:
        """Go where the primary is now; return since when calls failed there."""
        ...

    def prewarm(self) -> None:
        """Have a connection ready; blocks."""
        ...

    def waiting(self) -> list[int]:
        """Return the numbers of the connections on which the server may be holding a reply back."""
        ...

    def abandon(self, reason: str) -> None:
        """Let go of the primary; calls in progress there raise an error that says the reason."""
        ...


class ReplicaPool(Protocol):
    """A pool whose connections lead to the replicas."""

    def reconsider(self) -> None:
        """Learn that replicas came or went; never blocks."""
        ...


class ServiceWatch:
    """One service, as the watcher sees it. Belongs to the watcher's thread, but for the gate and the pools.

    Args:
        name: as the Sentinels know it.
        succession: what is known of its primaries.
        hold: seconds for which writes are held at most; 0: not at all.
        strict: whether a majority of the Sentinels has to name a primary for it to be followed.
    """

    def __init__(self, name: str, succession: Succession, *, hold: float, strict: bool) -> None:
        self.name = name
        self.gate = Gate()
        self.pools: weakref.WeakSet[PrimaryPool] = weakref.WeakSet()
        self.replica_pools: weakref.WeakSet[ReplicaPool] = weakref.WeakSet()
        self._succession = succession
        self._hold = hold
        self._strict = strict
        self._at: Location | None = None
        self._candidate: Location | None = None
        self._is_told = False
        self._is_down = False
        self._leadership = Leadership()
        # Guards these, and the gate: a thread beside the watcher's opens it, too.
        self._lock = threading.Lock()
        self._held: Hold | None = None
        self._mark: object = None
        #: How far the primary was, and when.
        self.offsets = OffsetLog()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.name!r}: {self._succession!r}, {self.gate!r}>"

    def is_pursued(self, candidate: Location) -> bool:
        """Whether it is still of interest whether ``candidate`` was promoted."""
        return candidate == self._candidate

    def may_be_stale(self, candidate: Location) -> bool:
        """Whether a candidate that says at once that it is primary may say so because nobody has demoted it yet.

        Sentinels choose such a server, too, if one failover follows another; they tell it to be primary afterwards, and cut off
        whoever is connected by then.
        """
        return self._succession.was_primary(candidate) and not (self._is_told and candidate == self._candidate)

    def hear(self, message: Announcement, source: str, sentinel: Location | None = None) -> Iterator[Step]:
        """Draw the conclusions from what a Sentinel, the one at ``sentinel``, tells."""
        if message.event == said.SWITCHED:
            yield from self._hear_of_switch(message, source)
        elif message.event in (said.RESET, *said.SENTINELS):
            yield Look()
        elif message.event in said.REPLICAS:
            if message.kind == "slave" and message.location is not None:
                for pool in list(self.replica_pools):
                    pool.reconsider()
                yield Tell(ReplicasChanged(service_name=self.name, source=source, replica=message.location))
        elif message.event in said.ABORTED:
            if message.primary is not None and message.primary == (self._succession.current or message.primary):
                yield from self._abort(message.primary, source)
        elif message.primary is not None and self._succession.is_primary(message.primary):
            # Of one that was left already, the slower Sentinels may tell for a while.
            vouched_by = self._leadership.vouched_by if sentinel == self._leadership.leader else None
            if message.event == said.SELECTING or message.event in said.CANDIDATES:
                self._leadership.begin(sentinel)
            yield from self._hear_of_primary(message, message.primary, source)
            if vouched_by is not None and message.event in said.CANDIDATES and message.location is not None:
                yield from self.hear_of_promotion(
                    message.location, vouched_by
                )  # which was not believed while it was lost

    def lose(self, sentinel: Location) -> Iterator[Step]:
        """Learn that a Sentinel is not heard any more."""
        if self._strict or not self._leadership.lose(sentinel, self._succession.promoted or self._candidate):
            return
        yield from self._hold_writes()
        yield Look()

    def mind_leader(self) -> Iterator[Step]:
        """Do what is due about a leader that was lost."""
        match self._leadership.next_due():
            case Due.INQUIRE:
                assert self._leadership.leader is not None
                yield Inquire(self.name, self._leadership.leader, self._leadership.doubted)
            case Due.GIVE_UP:
                yield from self._give_leader_up()
            case Due.NOTHING:
                pass

    def hear_of_leader(self, leader: Location, leads: bool) -> Iterator[Step]:
        """Draw the conclusions from what it and the other Sentinels say about a leader that was lost."""
        leadership = self._leadership
        if not leadership.awaits_word_of(leader):
            return
        if not leads:
            yield from self._give_leader_up()
            return
        leadership.trust()
        doubted, source = leadership.doubted, leadership.vouched_by
        if doubted is not None and self._at == doubted:
            self.release(self._held)
        elif doubted is not None and source is not None and self._succession.promote(doubted):
            yield from self._go(doubted, source, early=True)

    def hear_answer(self, named: NamedPrimary, source: str) -> Iterator[Step]:
        """Draw the conclusions from what a Sentinel answers to the question for the primary."""
        if self._strict:
            if named.location != self._at:
                yield Consult(self.name, source)
        elif self._succession.note(named):
            yield from self._go(self._succession.promoted or named.location, source)

    def hear_majority(self, primary: Location, source: str) -> Iterator[Step]:
        """Draw the conclusions from what a majority of the Sentinels answers."""
        yield from self._go(primary, source)

    def hear_of_promotion(self, candidate: Location, source: str) -> Iterator[Step]:
        """Draw the conclusions from the candidate's own word that it is primary now."""
        if candidate != self._candidate:
            return
        if self._leadership.is_lost:  # which may have told nobody: writes wait until that is known
            self._leadership.vouch(source)
        elif self._succession.promote(candidate):
            yield from self._go(candidate, source, early=True)

    @property
    def at(self) -> Location | None:
        """Where connections lead."""
        return self._at

    def attend(self, mark: object) -> None:
        """Let whoever has this ``mark`` be the one that listens, from now on."""
        with self._lock:
            self._mark = mark
        self._leadership.end()  # nobody has listened meanwhile

    def leave(self, mark: object) -> None:
        """Let writes go on if they are held by whoever has this ``mark``: it does not listen any more."""
        held = self._held
        if held is not None and held.mark is mark:
            self.release(held)

    def release(self, hold: Hold | None) -> None:
        """Let writes go on, unless another hold than this one has begun since."""
        with self._lock:
            if hold is self._held:
                self._held = None
                self.gate.open()

    def release_if_over(self) -> None:
        """Let writes go on if the time for holding them is over."""
        with self._lock:
            if self.gate.is_shut and not self.gate.left:
                self._held = None
                self.gate.open()

    def isolate(self) -> Iterator[Step]:
        """Let go of the primary: too few Sentinels can be heard to be sure of any."""
        self._at = self._candidate = None
        for pool in list(self.pools):
            pool.abandon("too few Sentinels can be heard to be sure of a primary (strict)")
        yield Tell(MajorityLost(service_name=self.name, source="the silence of the Sentinels"))

    def start_anew(self, succession: Succession) -> None:
        """Forget what a child process that was forked has not got: a thread that opens the gate, and locks that are free."""
        self._succession = succession
        self.gate.start_anew()
        self.offsets.start_anew()
        self.pools, self.replica_pools = weakref.WeakSet(), weakref.WeakSet()
        self._lock = threading.Lock()
        self._candidate = self._held = None
        self._leadership.end()

    def _hear_of_switch(self, message: Announcement, source: str) -> Iterator[Step]:
        assert message.location is not None
        assert message.primary is not None
        if self._strict:
            if message.location != self._at:
                yield from self._hold_writes()
                yield Consult(self.name, source)
        elif self._succession.supersede(message.primary, message.location):
            yield from self._go(message.location, source)
        elif not self._succession.is_primary(message.location):
            yield Look()

    def _hear_of_primary(self, message: Announcement, primary: Location, source: str) -> Iterator[Step]:
        if message.event == said.DOWN:
            yield from self._hold_writes()
            if not self._is_down:
                self._is_down = True
                yield Tell(PrimaryDown(service_name=self.name, source=source, primary=primary))
        elif message.event == said.UP:
            was_down, self._is_down = self._is_down, False
            if self._leadership.leader is not None:
                return  # a failover that has begun goes on all the same
            self._candidate = None
            self.release(self._held)
            if was_down:
                yield Tell(PrimaryUp(service_name=self.name, source=source, primary=primary))
        elif message.event == said.SELECTING:
            yield from self._hold_writes()
            yield Tell(FailoverStarted(service_name=self.name, source=source, primary=primary))
        elif message.event in said.CANDIDATES and message.location is not None:
            yield from self._hold_writes()
            if self._strict:
                return
            is_news = message.location != self._candidate
            self._is_told = message.event == said.PROMOTED or (self._is_told and not is_news)
            if is_news:
                self._candidate = message.location
                yield Pursue(self.name, message.location, source)

    def _give_leader_up(self) -> Iterator[Step]:
        """Go back to the old primary: a leader that was lost is dead, and nobody has confirmed in time what it had chosen."""
        doubted, primary = self._leadership.doubted, self._succession.current
        self._leadership.end()
        self._candidate = None
        if doubted is None or primary in (None, doubted) or self._at != doubted:
            self.release(self._held)
            return
        assert primary is not None
        self._succession.withdraw(doubted)
        source = "the silence of the Sentinel that led the failover"
        yield Tell(FailoverAborted(service_name=self.name, source=source, primary=primary))
        yield from self._go(primary, source)

    def _abort(self, primary: Location, source: str) -> Iterator[Step]:
        self._candidate = None
        self._leadership.end()
        yield Tell(FailoverAborted(service_name=self.name, source=source, primary=primary))
        if self._succession.withdraw():
            yield from self._go(primary, source)
        else:
            self.release(self._held)

    def _hold_writes(self) -> Iterator[Step]:
        """Let writes wait; those that wait at the primary are ended there first, if it is well enough to do that."""
        with self._lock:
            begins, held = self.gate.shut(self._hold), self._held
            is_another = held is not None and (held.at != self._at or held.mark is not self._mark)
            if begins:
                self._held = Hold(time.monotonic(), self._at, self._mark)
            elif held is not None and is_another:
                # What ended the one that lasts still, or who began it, does not end this one.
                self._held = Hold(held.since, self._at, self._mark)
        if begins:
            self.offsets.wanted.set()  # nothing is written any more: the next look will be exact
        if self._at is not None and (begins or is_another):
            yield Unblock(self.name, self._at)

    def _go(self, primary: Location, source: str, *, early: bool = False) -> Iterator[Step]:
        """Have every pool follow; the old primary gets no further write from here on."""
        old, self._at = self._at, primary
        is_confirmed = primary == self._leadership.doubted and self._succession.promoted is None
        if old == primary:
            if is_confirmed:
                self.release(self._held)
                self._leadership.end()
            return
        if not early:
            self._leadership.end()
        self._candidate = None
        self._is_down = False
        held = self._held
        troubles = [None if held is None else held.since, *(pool.follow(primary) for pool in list(self.pools))]
        stopped = min((since for since in troubles if since is not None), default=None)
        if old is not None or stopped is not None:
            epoch = None if early else self._succession.epoch
            yield Arrive(self.name, old, primary, epoch, early, source, stopped, held)
