"""`Succession`: which server is the primary of one service, and which ones can no longer be.

Sentinels number the primaries of a service: its ``config-epoch`` rises with every failover. The highest one seen is
remembered, and an answer with a lower one refused, so that a Sentinel that missed a failover can not lead a client back to
a server that was demoted, or is about to be. State without I/O.
"""

from __future__ import annotations

import threading
import time
from typing import Final

from syncredis.config import Location
from syncredis.sentinel.topology import NamedPrimary

#: Seconds for which a promoted replica counts as primary before the Sentinels name it so. They do within a second or two; by
#: then the failover has come to nothing.
CONFIRMED_WITHIN: Final = 10.0


class Succession:
    """The primaries of one service, one after the other. Thread-safe; nothing blocks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._current: Location | None = None
        self._epoch: int | None = None  # what an answer that names another server must have at least
        self._superseded: Location | None = None
        self._promoted: Location | None = None
        self._promoted_until = 0.0
        self._former: set[Location] = set()

    def __repr__(self) -> str:
        current, promoted = self._current, self.promoted
        heir = "" if promoted is None else f", {promoted.target} promoted"
        return (
            f"<{type(self).__name__}: {'nobody' if current is None else current.target} in epoch {self._epoch}{heir}>"
        )

    def inherited(self) -> Succession:
        """Return a copy for a child process that was forked, where a thread that is gone may hold the lock."""
        copy = Succession()
        copy._current, copy._epoch, copy._superseded = self._current, self._epoch, self._superseded
        copy._promoted, copy._promoted_until = self._promoted, self._promoted_until
        copy._former = set(self._former)
        return copy

    @property
    def current(self) -> Location | None:
        """The primary by the word of the Sentinels; None: nobody has been asked yet."""
        return self._current

    @property
    def epoch(self) -> int | None:
        """The least epoch that the primary can have; None: not known."""
        return self._epoch

    @property
    def promoted(self) -> Location | None:
        """The replica that is primary by its own word, and by the one of the Sentinel that leads the failover."""
        return self._promoted if time.monotonic() < self._promoted_until else None

    def is_primary(self, location: Location) -> bool:
        """Whether connections may lead there now: nothing is known of a successor."""
        with self._lock:
            return location == (self.promoted or self._current or location)

    def was_primary(self, location: Location) -> bool:
        """Whether it has been replaced as primary before: it takes itself for one until the Sentinels have demoted it."""
        with self._lock:
            return location in self._former

    def is_outdated(self, named: NamedPrimary) -> bool:
        """Whether an answer is older than what is known."""
        with self._lock:
            return self._has_passed(named)

    def note(self, named: NamedPrimary) -> bool:
        """Take a Sentinel's answer for true, unless it is out of date; return whether it was taken."""
        with self._lock:
            if self._has_passed(named):
                return False
            if named.location != self._current:
                self._succeed(named.location)
            if named.epoch is not None:
                self._epoch = max(named.epoch, self._epoch or 0)
            return True

    def supersede(self, old: Location, new: Location) -> bool:
        """Learn that a Sentinel has replaced ``old`` by ``new``; return whether that is news, and to be believed."""
        with self._lock:
            if new == self._current or old not in (self._current or old, self._promoted):
                return False
            self._succeed(new)
            if self._epoch is not None:
                self._epoch += 1
            return True

    def promote(self, candidate: Location) -> bool:
        """Learn that a replica has been promoted, before the Sentinels name it; return whether that is news."""
        with self._lock:
            if candidate in (self._current, self.promoted):
                return False
            self._retire(self.promoted or self._current)
            self._promoted = candidate
            self._promoted_until = time.monotonic() + CONFIRMED_WITHIN
            return True

    def withdraw(self, candidate: Location | None = None) -> bool:
        """Learn that a promotion (None: whichever there was) has come to nothing; return whether it had been believed."""
        with self._lock:
            if self.promoted is None or candidate not in (None, self._promoted):
                return False
            self._promoted = None
            self._promoted_until = 0.0
            return True

    def begin_anew(self, named: NamedPrimary) -> None:
        """Take an answer for true although it is older than what was known: the Sentinels were set up anew."""
        with self._lock:
            self._succeed(named.location)
            self._superseded = None
            self._epoch = named.epoch

    def _has_passed(self, named: NamedPrimary) -> bool:
        if named.location == self._current:
            return False
        if named.epoch is None or self._epoch is None:
            return named.location == self._superseded
        return named.epoch < self._epoch

    def _succeed(self, location: Location) -> None:
        self._retire(self._current)
        self._superseded, self._current = self._current, location
        self._promoted = None
        self._promoted_until = 0.0

    def _retire(self, location: Location | None) -> None:
        if location is not None:
            self._former.add(location)
