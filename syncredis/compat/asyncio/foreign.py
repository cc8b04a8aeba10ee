"""`Awaited`: a connection of somebody else's make whose methods are to be awaited, as the blocking pool sees it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from typing import Any, Final

from syncredis.compat.asyncio.loop import Loop
from syncredis.compat.foreign import HOOKS, overrides
from syncredis.exceptions import InterruptedCallError

#: As for the blocking connections; and what is called on each new one, which has to be awaited here.
AWAITED_HOOKS: Final = (*HOOKS, "on_connect", "on_connect_check_health")


def is_foreign(kind: Any, ours: type) -> bool:
    """Whether connections of a class are of somebody else's make; ``ours`` is the base class of those that are not."""
    return not (isinstance(kind, type) and issubclass(kind, ours)) or overrides(kind, AWAITED_HOOKS)


class Awaited:
    """Calls the methods of a connection in its event loop, from within the threads of the blocking pool.

    Attributes:
        made: the connection.
    """

    def __init__(self, made: Any, loop: Loop) -> None:
        self.made = made
        self._loop = loop

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Awaited) and other.made is self.made

    def __hash__(self) -> int:
        return id(self.made)

    def __getattr__(self, name: str) -> Any:
        # Its options and its state; whatever is to be awaited, the thread waits for.
        found = getattr(self.made, name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._loop.run(_awaiting, found, args, kwargs)

        return call

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("made", "_loop"):
            super().__setattr__(name, value)
        else:
            setattr(self.made, name, value)

    @property
    def is_connected(self) -> bool:
        """Whether it says so."""
        return bool(getattr(self.made, "is_connected", True))

    def pack_commands(self, commands: Any) -> Any:
        """Return commands as they go over the wire."""
        return self.made.pack_commands(commands)

    def disconnect(self, *args: Any) -> None:
        """Close it. Never blocks in its event loop."""
        closing: Callable[..., Any] = self.made.disconnect
        if self._loop.is_running_here:
            _at_once(closing(*args))
        else:
            with suppress(RuntimeError, InterruptedCallError):  # the event loop has ended, and its sockets with it
                Context().run(self._loop.run, _awaiting, closing, args, {})  # also in a call that was interrupted


async def _awaiting(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    returned = function(*args, **kwargs)
    return await returned if inspect.isawaitable(returned) else returned


def _at_once(returned: Any) -> None:
    """Carry out as much as needs no waiting; who waits in there is ended, as if its task was cancelled."""
    if isinstance(returned, Coroutine):
        try:
            returned.send(None)
        except StopIteration:
            return
        returned.close()
