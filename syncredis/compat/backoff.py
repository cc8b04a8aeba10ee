"""redis-py's backoffs: how long to pause before the next attempt."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from typing import Final

#: Seconds of the longest pause, and of the step that doubles.
DEFAULT_CAP: Final = 0.512
DEFAULT_BASE: Final = 0.008


class AbstractBackoff(ABC):
    """What `compute` of a subclass says is how long the pause is."""

    def reset(self) -> None:  # noqa: B027 - there is nothing to do for most
        """Begin anew; called before the first attempt of each call."""

    @abstractmethod
    def compute(self, failures: int) -> float:
        """Return the seconds to pause after ``failures`` failures."""


class ConstantBackoff(AbstractBackoff):
    """The same pause each time."""

    def __init__(self, backoff: float) -> None:
        self._backoff = backoff

    def __eq__(self, other: object) -> bool:
        return self._backoff == other._backoff if isinstance(other, ConstantBackoff) else NotImplemented

    def __hash__(self) -> int:
        return hash((self._backoff,))

    def compute(self, failures: int) -> float:  # noqa: ARG002 - the interface
        """Return always the same."""
        return self._backoff


class NoBackoff(ConstantBackoff):
    """No pause."""

    def __init__(self) -> None:
        super().__init__(0)


class _Capped(AbstractBackoff):
    def __init__(self, cap: float = DEFAULT_CAP, base: float = DEFAULT_BASE) -> None:
        self._cap = cap
        self._base = base

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return (self._cap, self._base) == (other._cap, other._base)

    def __hash__(self) -> int:
        return hash((self._base, self._cap))

    def _step(self, failures: int) -> float:
        return float(min(self._cap, self._base * 2.0 ** min(failures, 1000)))


class ExponentialBackoff(_Capped):
    """Twice as long each time."""

    def compute(self, failures: int) -> float:
        """Return the step."""
        return self._step(failures)


class FullJitterBackoff(_Capped):
    """Between nothing and the exponential step, by chance."""

    def compute(self, failures: int) -> float:
        """Return a part of the step."""
        return random.uniform(0, self._step(failures))


class EqualJitterBackoff(_Capped):
    """Between half and all of the exponential step, by chance."""

    def compute(self, failures: int) -> float:
        """Return half of the step, and a part of the other half."""
        half = self._step(failures) / 2
        return half + random.uniform(0, half)


class DecorrelatedJitterBackoff(_Capped):
    """Up to three times as long as the last, by chance."""

    def __init__(self, cap: float = DEFAULT_CAP, base: float = DEFAULT_BASE) -> None:
        super().__init__(cap, base)
        self._previous: float = 0

    def reset(self) -> None:
        """Forget the last pause."""
        self._previous = 0

    def compute(self, failures: int) -> float:  # noqa: ARG002 - the interface
        """Return a pause that depends on the last one."""
        self._previous = min(self._cap, random.uniform(self._base, max(self._base, self._previous * 3)))
        return self._previous


class ExponentialWithJitterBackoff(_Capped):
    """The exponential step times a chance, with a cap."""

    def compute(self, failures: int) -> float:
        """Return a part of the step."""
        return float(min(self._cap, random.random() * self._base * 2.0 ** min(failures, 1000)))


def default_backoff() -> AbstractBackoff:
    """Return what redis-py calls its default."""
    return EqualJitterBackoff()
