"""`Foreign`: a connection of somebody else's make, as the core's pool sees it."""

from __future__ import annotations

import time
from typing import Any

from syncredis.config import ConnectionConfig
from syncredis.exceptions import ConnectionError


class Foreign:
    """Lets the core's pool keep a connection that is none of ours: it needs nothing but ``connect`` and ``disconnect``.

    Attributes:
        face: the connection itself.
        config, generation, in_step, last_used: as `syncredis.connection.Connection` has them.
    """

    #: It authenticates by itself, when it is connected.
    credentials_are_old = False

    def __init__(self, face: Any, config: ConnectionConfig) -> None:
        self.face = face
        self.config = config
        self.generation = 0
        self.in_step = True
        self.last_used = time.monotonic()
        self.role = None
        self.stream_timeout: float | None = None

    def is_quiet(self) -> bool:
        """Whether it has nothing to say."""
        try:
            return not self.face.can_read()
        except Exception:
            return False

    def set_timeout(self, seconds: float | None) -> None:
        """Nothing: it has limits of its own."""

    def interrupt(self, reason: ConnectionError | None = None) -> None:  # noqa: ARG002 - as the core's
        """Have it closed when it comes back: breaking off is not among what it can."""
        self.in_step = False

    break_off = interrupt

    def close(self) -> None:
        """Close it."""
        self.in_step = False
        self.face.disconnect()

    def close_in_child(self) -> None:
        """Close a forked process's copy of it."""
        self.close()
