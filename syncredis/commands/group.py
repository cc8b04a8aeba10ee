"""`CommandGroup`: what every group of command methods is built on."""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic

from syncredis.command import Command
from syncredis.typing import AnyStr, T


class CommandGroup(Generic[AnyStr]):
    """Command methods, without saying what becomes of the commands that they make.

    A command method builds one `Command` and returns what `execute` makes of it; nothing else. A client sends it, a
    `Recorder` hands it back.
    """

    __slots__ = ()

    @abstractmethod
    def execute(self, command: Command[T]) -> T:
        """Carry out ``command`` and return its decoded reply."""
