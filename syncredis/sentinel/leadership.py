"""`Leadership`: which Sentinel leads a failover, and the doubt about what it has chosen once it is not heard any more.

A leader that is lost may have told nobody else: then the others keep the old primary, and will make the promoted replica one of
its own again. State without I/O.
"""

from __future__ import annotations

import time
from typing import Final

from syncredis.config import Location

#: Seconds for which another Sentinel may name what a leader has chosen that is not heard any more. One that lives names it
#: within about a second of the promotion, and tells the others at once.
LEADERLESS_FOR: Final = 2.0


class Leadership:
    """Of one service. Belongs to the watcher's thread.

    Attributes:
        leader: the Sentinel that leads a failover, as far as it is heard; None: nobody does, or it was lost.
        doubted: what the one that was lost had chosen; None: nobody was lost, or it had not chosen.
    """

    def __init__(self) -> None:
        self.leader: Location | None = None
        self.doubted: Location | None = None
        self._doubted_until: float | None = None

    def __repr__(self) -> str:
        if self._doubted_until is None:
            return f"<{type(self).__name__} of {'nobody' if self.leader is None else self.leader.target}>"
        choice = "no choice" if self.doubted is None else self.doubted.target
        return f"<{type(self).__name__} lost, {choice} in doubt>"

    @property
    def is_over(self) -> bool:
        """Whether a doubt has lasted for as long as a confirmation may take."""
        return self._doubted_until is not None and time.monotonic() >= self._doubted_until

    def begin(self, leader: Location | None) -> None:
        """Learn that a Sentinel tells of the steps of a failover: only the one that leads it does."""
        self.leader = leader

    def lose(self, sentinel: Location, chosen: Location | None) -> bool:
        """Learn that a Sentinel is not heard any more; return whether it led, so that its choice is in doubt from now on."""
        if self.leader is None or sentinel != self.leader:
            return False
        self.leader, self.doubted = None, chosen
        self._doubted_until = time.monotonic() + LEADERLESS_FOR
        return True

    def end(self) -> None:
        """Learn that the failover is over, or confirmed, or has come to nothing."""
        self.leader = self.doubted = self._doubted_until = None
