"""redis-py's `BitFieldOperation`: one BITFIELD, put together step by step."""

from __future__ import annotations

from typing import Any, Self


class BitFieldOperation:
    """Operations on the bits of a value. Made by ``bitfield``; nothing is sent before `execute`."""

    def __init__(self, client: Any, key: Any, default_overflow: str | None = None) -> None:
        self.client = client
        self.key = key
        self._default_overflow = default_overflow
        self.reset()

    def reset(self) -> None:
        """Forget all operations."""
        self.operations: list[tuple[Any, ...]] = []
        self._last_overflow = "WRAP"
        self.overflow(self._default_overflow or self._last_overflow)

    def overflow(self, overflow: str) -> Self:
        """Say what becomes of a number that is too large, from here on: ``"WRAP"``, ``"SAT"`` or ``"FAIL"``."""
        word = overflow.upper()
        if word != self._last_overflow:
            self._last_overflow = word
            self.operations.append(("OVERFLOW", word))
        return self

    def get(self, fmt: str, offset: int | str) -> Self:
        """Read a number, such as ``"u8"``."""
        self.operations.append(("GET", fmt, offset))
        return self

    def set(self, fmt: str, offset: int | str, value: int) -> Self:
        """Write a number; the result is the old one."""
        self.operations.append(("SET", fmt, offset, value))
        return self

    def incrby(self, fmt: str, offset: int | str, increment: int, overflow: str | None = None) -> Self:
        """Add to a number; the result is the new one."""
        if overflow is not None:
            self.overflow(overflow)
        self.operations.append(("INCRBY", fmt, offset, increment))
        return self

    @property
    def command(self) -> list[Any]:
        """What will be sent."""
        return ["BITFIELD", self.key, *(part for operation in self.operations for part in operation)]

    def execute(self) -> Any:
        """Send it, and return the result of each operation. Blocks."""
        command = self.command
        self.reset()
        return self.client.execute_command(*command)
