"""`HandingOn`: how command methods of the core become redis-py's, which all go through ``execute_command``."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from syncredis.command import Command
from syncredis.commands import Commands
from syncredis.compat.requests import RECORDED, handed_on


class HandingOn(Commands[Any]):
    """The core's command methods, whose commands go to `execute_command`."""

    __slots__ = ()

    def execute(self, command: Command[Any]) -> Any:
        """Hand a command of the core on to `execute_command`."""
        arguments, command = handed_on(command)
        return self.execute_command(*arguments, **{RECORDED: command})

    @abstractmethod
    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Carry out a command: its name, which may be of two words, and what follows."""
