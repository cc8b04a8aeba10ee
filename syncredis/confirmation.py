"""`Confirmation`: what has to come of a write beyond its reply - that replicas have it, or that it is on disk.

It is asked for behind the write, in the same write to the same connection: the server answers for what was written there.

https://redis.io/docs/latest/commands/wait/
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from syncredis.command import Command
from syncredis.exceptions import ConfigurationError, RedisError, UnconfirmedWriteError
from syncredis.typing import Reply


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A question about the writes before it. Made by `by_replicas` and `on_disk`.

    Attributes:
        command: WAIT or WAITAOF.
        wanted: what is counted, and how many of each there have to be.
    """

    command: Command[Any]
    wanted: Sequence[tuple[str, int]]

    def check(self, reply: Reply) -> None:
        """Raise `UnconfirmedWriteError` if the reply to ``command`` says that there is less than is wanted."""
        if isinstance(reply, RedisError):
            raise UnconfirmedWriteError(f"{_WRITTEN}, but can not confirm it: {reply}") from reply
        counts = reply if isinstance(reply, list) else [reply]
        missing = [
            f"{count} of {number} {noun}"
            for (noun, number), count in zip(self.wanted, counts, strict=True)
            if count < number
        ]
        if missing:
            raise UnconfirmedWriteError(f"{_WRITTEN}, but in time only {' and '.join(missing)} had it")


def by_replicas(replicas: int, timeout: float | None) -> Confirmation:
    """Return the question whether so many replicas have received what was written, within ``timeout`` seconds.

    Raises:
        ConfigurationError: for numbers that make no sense.
    """
    number, limit = _count("replicas", replicas, 1), _milliseconds(timeout)
    return Confirmation(Command(("WAIT", number, limit), blocks=limit / 1000), [("replicas", number)])


def on_disk(local: bool, replicas: int, timeout: float | None) -> Confirmation:
    """Return the question whether what was written is on the disk of the server, and of so many replicas.

    Raises:
        ConfigurationError: for numbers that make no sense.
    """
    here, there, limit = int(bool(local)), _count("replicas", replicas, 0), _milliseconds(timeout)
    if not here and not there:
        raise ConfigurationError("local or replicas must say where it has to be on disk")
    command = Command[Any](("WAITAOF", here, there, limit), blocks=limit / 1000)
    return Confirmation(command, [("disks here", here), ("disks of replicas", there)])


_WRITTEN = "the server has carried the write out"


def _count(name: str, value: int, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ConfigurationError(f"{name}={value!r} must be a number from {least} on")
    return value


def _milliseconds(seconds: float | None) -> int:
    """Return a limit as the server wants it, for which 0 is no limit."""
    if seconds is None:
        return 0
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds <= threading.TIMEOUT_MAX:
        raise ConfigurationError(f"timeout={seconds!r} must be a positive number of seconds, or None for no limit")
    return math.ceil(seconds * 1000)
