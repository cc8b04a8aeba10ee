"""`Bell`: wakes a thread that waits for sockets."""

from __future__ import annotations

import os
from contextlib import suppress


class Bell:
    """Can be waited for like a socket, and rung from any thread. Nothing blocks. Closed when it is forgotten."""

    __slots__ = ("_heard", "_rung")

    def __init__(self) -> None:
        self._heard = self._rung = -1
        self._heard, self._rung = os.pipe()
        os.set_blocking(self._rung, False)

    def fileno(self) -> int:
        """The file descriptor that can be read once somebody has rung."""
        return self._heard

    def ring(self) -> None:
        """Wake whoever waits."""
        with suppress(BlockingIOError):  # it has been rung often enough
            os.write(self._rung, b"!")

    def silence(self) -> None:
        """Forget that somebody has rung, after that was noticed."""
        os.read(self._heard, 4096)

    def __del__(self) -> None:
        for descriptor in (self._heard, self._rung):
            if descriptor >= 0:
                os.close(descriptor)
