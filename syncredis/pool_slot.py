"""`Slot`: the right to make one connection, and how to break off whoever makes use of it."""

from __future__ import annotations

from collections.abc import Callable

from syncredis import interruption
from syncredis.connection import Connection


class Slot:
    """The right to make one connection.

    Attributes:
        was_broken_off: whether the making was, by `break_off` and not by the caller's own interruption.
    """

    __slots__ = ("__weakref__", "_making", "was_broken_off")

    def __init__(self) -> None:
        self.was_broken_off = False
        self._making: interruption.Interruption | None = None

    def fill(self, connect: Callable[[], Connection]) -> Connection:
        """Return what ``connect`` does, unless it is interrupted, or broken off."""
        self.was_broken_off = False
        making = self._making = interruption.Interruption()
        call = interruption.current()
        try:
            if call is None:
                return making.run(connect)
            with call.attached(making.interrupt):
                return making.run(connect)
        finally:
            self._making = None
            if call is not None and call.interrupted:
                self.was_broken_off = False

    def break_off(self) -> None:
        """Have the thread that makes the connection give up. Never blocks."""
        making = self._making
        if making is not None:
            self.was_broken_off = True
            making.interrupt()
