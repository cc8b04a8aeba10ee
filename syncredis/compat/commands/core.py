"""redis-py's command methods: the core's, with redis-py's names, signatures and errors where they differ.

The same methods serve the client, the async client and both pipelines: each makes one command and returns what `execute` makes
of it, be that the reply, something to be awaited, or the pipeline.
"""

# pyright: reportIncompatibleMethodOverride=false
# The signatures are redis-py's.

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

from syncredis import exceptions as core
from syncredis.commands import Recorder
from syncredis.compat.commands.bitfield import BitFieldOperation
from syncredis.compat.commands.handing_on import HandingOn
from syncredis.compat.commands.lenient import LEFT_TO_THE_SERVER, VARIADIC, LenientCommands
from syncredis.compat.commands.out import OutCommands
from syncredis.compat.commands.scored import ScoredCommands
from syncredis.compat.commands.script import AsyncScript, Script
from syncredis.compat.commands.sentinel import SentinelCommands
from syncredis.compat.commands.stateful import StatefulCommands
from syncredis.compat.exceptions import ResponseError
from syncredis.compat.translation import translated

_record: Final[Any] = Recorder()


class CoreCommands(OutCommands, StatefulCommands, SentinelCommands, ScoredCommands, LenientCommands, HandingOn):
    """Every command method. Replies have redis-py's default shapes."""

    #: Whether a script is queued here, in full.
    queues_scripts = False

    def bitfield(self, key: Any, default_overflow: str | None = None) -> BitFieldOperation:
        """Return a BITFIELD to be put together."""
        return BitFieldOperation(self, key, default_overflow)

    def register_script(self, script: Any) -> Script:
        """Return a script, ready to be called."""
        return Script(self, script)

    def hscan(
        self, name: Any, cursor: int = 0, match: Any = None, count: int | None = None, no_values: bool | None = None
    ) -> Any:
        """Return a part of a hash; see `syncredis.Redis.hscan`."""
        return self.execute(_record.hscan(name, cursor, match, count, no_values=bool(no_values)))

    def replicaof(self, *args: Any, **kwargs: Any) -> Any:
        """Make the server a replica of another one, or (``"NO", "ONE"``) a primary."""
        return self.execute_command("REPLICAOF", *args, **kwargs)

    def slaveof(self, host: str | None = None, port: int | None = None, **kwargs: Any) -> Any:
        """`replicaof`, by its old name; without a host: make the server a primary."""
        target = ("NO", "ONE") if host is None and port is None else (host, port)
        return self.execute_command("SLAVEOF", *target, **kwargs)


class KeyAccess(CoreCommands):
    """Keys by brackets: ``client["key"]``."""

    def __contains__(self, name: Any) -> bool:
        return bool(self.exists(name))

    def __getitem__(self, name: Any) -> Any:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: Any, value: Any) -> None:
        self.set(name, value)

    def __delitem__(self, name: Any) -> None:
        self.delete(name)


class AsyncCoreCommands(CoreCommands):
    """The same, whose `execute_command` is to be awaited."""

    def register_script(self, script: Any) -> AsyncScript:
        """Return a script, ready to be called and awaited."""
        return AsyncScript(self, script)


def _translating(method: Callable[..., Any], takes_more: bool) -> Callable[..., Any]:
    """Return a method that raises redis-py's errors; ``takes_more``: and takes keywords that mean something to clusters."""

    left = LEFT_TO_THE_SERVER.get(method.__name__)

    @functools.wraps(method)
    def translating_errors(self: Any, *args: Any, **kwargs: Any) -> Any:
        if takes_more:
            kwargs.pop("target_nodes", None)
        try:
            return method(self, *args, **kwargs)
        except core.RedisError as error:
            if method.__name__ in VARIADIC and str(error).endswith("must hold at least one element"):
                return self.execute_command(VARIADIC[method.__name__], *args)
            if left is not None and str(error).startswith(left):
                raise ResponseError(str(error)) from error
            raise translated(error)  # noqa: B904 - the cause is set there

    return translating_errors


def _translate_errors() -> None:
    own = ("execute", "execute_command")
    for name in dir(CoreCommands):
        method = getattr(CoreCommands, name)
        if not name.startswith("_") and name not in own and callable(method):
            setattr(CoreCommands, name, _translating(method, True))


_translate_errors()

__all__ = ["AsyncCoreCommands", "AsyncScript", "BitFieldOperation", "CoreCommands", "Script"]
