"""`Leadership`: which Sentinel leads a failover, and the doubt about what it has chosen once it is not heard any more.

A leader that is lost may have told nobody else. If it is dead, the others keep the old primary, and will make the promoted
replica one of its own again. If it is only out of reach, it comes to the end, and what is written to the old primary meanwhile
is lost. The others know which of the two it is. State without I/O.
"""

from __future__ import annotations

import time
from enum import Enum
from typing import Final

from syncredis.config import Location
from syncredis.sentinel.succession import CONFIRMED_WITHIN

#: Seconds for which another Sentinel may name what a leader has chosen that is not heard any more. One that lives names it
#: within about a second of the promotion, and tells the others at once. Then the others are asked whether it does, as often as
#: it takes; for an answer they have as long.
LEADERLESS_FOR: Final = 2.0

#: Seconds for which the doubt may last; by then nobody believes in the promotion any more.
_DOUBTED_FOR: Final = CONFIRMED_WITHIN


class Due(Enum):
    """What there is to do about a leader that was lost."""

    NOTHING = "nothing"
    INQUIRE = "ask the others whether it leads still"
    GIVE_UP = "take it for dead"


class Leadership:
    """Of one service. Belongs to the watcher's thread.

    Attributes:
        leader: the Sentinel that leads a failover; None: nobody does.
        is_lost: whether it is not heard any more.
        doubted: what the one that was lost had chosen; None: nobody was lost, or it had not chosen.
        vouched_by: how it was learnt that this one was promoted after the leader was lost; None: that was not learnt.
    """

    def __init__(self) -> None:
        self.end()

    def __repr__(self) -> str:
        leader = "nobody" if self.leader is None else self.leader.target
        choice = "no choice" if self.doubted is None else self.doubted.target
        return f"<{type(self).__name__} of {leader}{f', lost, {choice} in doubt' if self.is_lost else ''}>"

    def end(self) -> None:
        """Learn that the failover is over, or confirmed, or has come to nothing."""
        self.leader: Location | None = None
        self.is_lost = False
        self.doubted: Location | None = None
        self.vouched_by: str | None = None
        self._is_asked = False
        self._due_at = self._last_at = 0.0

    def begin(self, leader: Location | None) -> None:
        """Learn that a Sentinel tells of the steps of a failover: only the one that leads it does."""
        self.end()
        self.leader = leader

    def lose(self, sentinel: Location, chosen: Location | None) -> bool:
        """Learn that a Sentinel is not heard any more; return whether it led, so that its choice is in doubt from now on."""
        if self.leader is None or self.is_lost or sentinel != self.leader:
            return False
        self.is_lost, self.doubted = True, chosen
        now = time.monotonic()
        self._due_at, self._last_at = now + LEADERLESS_FOR, now + _DOUBTED_FOR
        return True

    def vouch(self, source: str) -> None:
        """Learn from ``source`` that the choice of the one that was lost has been promoted."""
        self.vouched_by = source

    def next_due(self) -> Due:
        """Return what there is to do now. What is to be asked is asked once."""
        now = time.monotonic()
        if not self.is_lost or now < self._due_at:
            return Due.NOTHING
        if self._is_asked or now >= self._last_at:
            return Due.GIVE_UP
        self._is_asked = True
        self._due_at = now + LEADERLESS_FOR
        return Due.INQUIRE

    def awaits_word_of(self, leader: Location) -> bool:
        """Whether others were asked about ``leader``, and an answer is of interest still."""
        return self.is_lost and self._is_asked and leader == self.leader

    def trust(self) -> None:
        """Learn that the one that was lost leads still; that is asked again after a while."""
        self._is_asked = False
        self._due_at = time.monotonic() + LEADERLESS_FOR
