"""What a failover has lost: the old primary's replication offset as it was last seen, against where its heir took over.

A primary counts the bytes of its replication stream. A replica that is promoted keeps the number up to which it had the old
stream (``second_repl_offset``); what the old primary had acknowledged beyond that is lost. State and values without I/O.

https://redis.io/docs/latest/operate/oss_and_stack/management/replication/
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: How many looks are remembered.
_REMEMBERED: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteLoss:
    """What is known of writes that were acknowledged, and are lost.

    Attributes:
        replication_id: of the old primary's stream.
        kept_offset: up to where the new primary has that stream.
        seen_offset: how far the old primary was when it was looked at last.
        seen_at: when that was, in seconds since 1970.
        kept_until: writes that were acknowledged before this time are certainly kept, later ones perhaps not; seconds since
            1970; None: nothing is certain.
    """

    replication_id: str
    kept_offset: int
    seen_offset: int
    seen_at: float
    kept_until: float | None

    @property
    def lost_bytes(self) -> int:
        """How much of the stream is lost at least; 0: nothing that was there when the old primary was last looked at."""
        return max(0, self.seen_offset - self.kept_offset)


class OffsetLog:
    """How far a primary was, and when. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By the id of the stream, the last one at the end: an old primary's is wanted when its heir is looked at already.
        self._streams: dict[str, deque[tuple[float, int]]] = {}
        #: Set when the next look should be at once.
        self.wanted = threading.Event()

    @property
    def latest(self) -> int | None:
        """How far the primary was when it was looked at last."""
        with self._lock:
            seen = next(reversed(self._streams.values()), None)
            return seen[-1][1] if seen else None

    def note(self, info: Mapping[str, Any], at: float) -> None:
        """Note what a primary says (``INFO replication``) to a question that was put at the time ``at``."""
        with self._lock:
            seen = self._streams.setdefault(str(info["master_replid"]), deque(maxlen=_REMEMBERED))
            seen.append((at, int(info["master_repl_offset"])))
            for old in list(self._streams)[:-2]:
                del self._streams[old]

    def compare(self, info: Mapping[str, Any]) -> WriteLoss | None:
        """Return what was lost, by what the new primary says; None: it has not followed the old one, or nothing was seen."""
        with self._lock:
            replication_id = str(info["master_replid2"])
            seen = self._streams.get(replication_id)
            if not seen:
                return None
            kept = int(info["second_repl_offset"]) - 1
            seen_at, seen_offset = seen[-1]
            certain = [at for at, offset in seen if offset <= kept]
            return WriteLoss(
                replication_id=replication_id,
                kept_offset=kept,
                seen_offset=seen_offset,
                seen_at=seen_at,
                kept_until=max(certain, default=None),
            )

    def start_anew(self) -> None:
        """Forget everything; in a child process that was forked a thread that is gone may hold the lock."""
        self._lock = threading.Lock()
        self.wanted = threading.Event()
        self._streams.clear()
