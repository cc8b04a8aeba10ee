"""The commands of Sentinels, under redis-py's names."""

# pyright: reportIncompatibleMethodOverride=false
# The signatures are redis-py's.

from __future__ import annotations

import warnings
from typing import Any, Final

from syncredis.command import Command
from syncredis.commands import Recorder
from syncredis.compat.commands.handing_on import HandingOn
from syncredis.compat.requests import RECORDED, handed_on

_record: Final[Any] = Recorder()


class SentinelCommands(HandingOn):
    """Asked of a `Sentinel` object, they go to all of its Sentinels: ``return_responses`` says what comes back."""

    __slots__ = ()

    def _ask(self, recorded: Any, **options: Any) -> Any:
        command: Command[Any] = recorded
        arguments, command = handed_on(command)
        return self.execute_command(*arguments, **{RECORDED: command}, **options)

    def sentinel(self, *args: Any) -> Any:  # noqa: ARG002 - as redis-py
        """Nothing; redis-py has it for what came before the methods below."""
        warnings.warn(DeprecationWarning("Use the individual sentinel_* methods"), stacklevel=2)

    def sentinel_get_master_addr_by_name(self, service_name: str, return_responses: bool = False) -> Any:
        """Return where the primary of a service is."""
        found = _record.sentinel_get_master_addr_by_name(service_name)
        return self._ask(found, once=True, return_responses=return_responses)

    def sentinel_master(self, service_name: str, return_responses: bool = False) -> Any:
        """Return what is known about the primary of a service."""
        return self._ask(_record.sentinel_master(service_name), return_responses=return_responses)

    def sentinel_sentinels(self, service_name: str, return_responses: bool = False) -> Any:
        """Return what is known about the other Sentinels of a service."""
        return self._ask(_record.sentinel_sentinels(service_name), return_responses=return_responses)

    def sentinel_failover(self, new_master_name: str) -> Any:
        """Make a replica of a service its primary."""
        return self._ask(_record.sentinel_failover(new_master_name))

    def sentinel_ckquorum(self, new_master_name: str) -> Any:
        """Return whether enough Sentinels can be reached to decide about a service."""
        return self._ask(_record.sentinel_ckquorum(new_master_name), once=True)

    def sentinel_reset(self, pattern: str) -> Any:
        """Have what is known about services forgotten."""
        return self._ask(_record.sentinel_reset(pattern), once=True)

    def sentinel_set(self, name: str, option: str, value: Any) -> Any:
        """Set an option of a service."""
        return self._ask(_record.sentinel_set(name, option, value))


class AsyncSentinelCommands(SentinelCommands):
    """The same, to be awaited."""

    __slots__ = ()
