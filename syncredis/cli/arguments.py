"""Types of arguments for `argparse`, which turns their `argparse.ArgumentTypeError` into a message that names the option."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError
from collections.abc import Callable


def number(least: float, most: float) -> Callable[[str], float]:
    """Return a function that reads a number from ``least`` to ``most``."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise ArgumentTypeError(f"{text!r} is no number from {least:,g} to {most:,g}")
        return value

    return read


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return a function that reads a whole number from ``least`` to ``most``."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise ArgumentTypeError(f"{text!r} is no whole number from {least:,} to {most:,}")
        return value

    return read
