"""`Fault`: what befalls the bytes of one direction, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a `FaultProxy` does to one direction of all its connections. Without arguments: nothing.

    Attributes:
        delay: seconds by which everything comes later; its order stays.
        rate: bytes a second that pass on each connection; None: no limit.
        black_hole: nothing passes, not even that the other side has gone, as when a network loses everything. What was sent
            meanwhile arrives once the fault is over.
        cut_after: bytes, counted from now on over all connections, after which the one that carries them ends; 0: as soon as
            anything is sent. What was counted still arrives, what comes after it goes nowhere.
        reset: whether that end is a reset (RST) in place of an orderly one; what is on its way is lost then, too.
        corrupt_at: offset, counted in the same way, of a byte that arrives with all its bits turned.
        repeat: whether ``cut_after`` and ``corrupt_at`` begin to count anew afterwards. Else the fault is over once they have
            struck.

    Raises:
        ValueError: for a number that makes no sense.
    """

    delay: float = 0.0
    rate: float | None = None
    black_hole: bool = False
    cut_after: int | None = None
    reset: bool = False
    corrupt_at: int | None = None
    repeat: bool = False

    def __post_init__(self) -> None:
        if self.delay < 0 or (self.rate is not None and self.rate <= 0):
            raise ValueError("delay is 0 or more seconds, rate more than 0 bytes a second")
        for count in (self.cut_after, self.corrupt_at):
            if count is not None and count < 0:
                raise ValueError("cut_after and corrupt_at are 0 or more bytes")
        if self.reset and self.cut_after is None:
            raise ValueError("reset says how a cut is made: it has no effect without cut_after")


#: Everything passes as it is.
NO_FAULT = Fault()


class Direction:
    """One direction of a proxy: its fault, and how far that has got. The proxy's lock guards it.

    Attributes:
        passed: bytes that have arrived since the proxy was made.
        turns: how often a connection began to speak in this direction, after the other side had or first.
        struck: how often a byte was corrupted or a connection cut.
    """

    def __init__(self) -> None:
        self.fault = NO_FAULT
        self.passed = 0
        self.turns = 0
        self.struck = 0
        self._counted = 0

    def suffer(self, fault: Fault) -> None:
        """Let ``fault`` begin, in place of the one before."""
        self.fault = fault
        self._counted = 0

    @property
    def cut_is_due(self) -> bool:
        """Whether the connection that carried the last bytes has to end, or the one that would carry the next."""
        return self.fault.cut_after is not None and self._counted >= self.fault.cut_after

    def damaged(self, data: memoryview) -> memoryview:
        """Return what may be sent next of ``data``: no more than until the cut, and corrupted where that is due."""
        fault = self.fault
        if fault.cut_after is not None:
            data = data[: fault.cut_after - self._counted]
        offset = None if fault.corrupt_at is None else fault.corrupt_at - self._counted
        if offset is not None and 0 <= offset < len(data):
            copy = bytearray(data[: offset + 1])
            copy[offset] ^= 0xFF
            return memoryview(copy)
        return data

    def count(self, sent: int) -> None:
        """Note that ``sent`` bytes have left."""
        fault = self.fault
        before, self._counted = self._counted, self._counted + sent
        self.passed += sent
        if fault.corrupt_at is not None and before <= fault.corrupt_at < self._counted:
            self.struck += 1
            if fault.cut_after is None:
                self._strike_over()

    def note_cut(self) -> None:
        """Note that a connection was cut because that was due."""
        self.struck += 1
        self._strike_over()

    def _strike_over(self) -> None:
        self._counted = 0
        if not self.fault.repeat:
            self.fault = NO_FAULT
