"""What is different between the event loops: waking a task, and watching a socket. Nothing else knows asyncio or trio.

anyio has the same, but its events cost several times what one command may cost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import anyio.lowlevel

from syncredis import event_loop

#: How the watching of a socket ended: there is something to receive; somebody else receives; it took too long.
READABLE: Final = 1
STOPPED: Final = 2
TOO_LATE: Final = 3


class Watch(event_loop.Watch, Protocol):
    """Watches a socket for one task, too."""

    async def wait(self, descriptor: int) -> int:
        """Wait until the socket is readable, `stop` is called, or the time is over; return which."""
        ...


class Loop(event_loop.EventLoop, Protocol):
    """An event loop that is found again.

    Attributes:
        token: what stands for it.
        current_token: returns what stands for the event loop that runs in this thread now; None: none does.
    """

    @property
    def token(self) -> object: ...

    @property
    def current_token(self) -> Callable[[], object]: ...

    @property
    def is_running_here(self) -> bool:
        """Whether it is the one that runs in this thread now."""
        ...

    @property
    def has_ended(self) -> bool:
        """Whether it will never run again."""
        ...

    def new_watch(self, seconds: float | None) -> Watch: ...


def running_loop() -> Loop:
    """Return the event loop that runs in this thread.

    Raises:
        RuntimeError: if none does.
    """
    # What anyio calls a native token is the loop of asyncio, or the token of trio.
    native = anyio.lowlevel.current_token().native_token
    # Only the one that runs is imported, and that is loaded already.
    if type(native).__module__.startswith("trio"):
        from syncredis.aio.loop_of_trio import TrioLoop

        return TrioLoop()
    from syncredis.aio.loop_of_asyncio import AsyncioLoop

    return AsyncioLoop()
