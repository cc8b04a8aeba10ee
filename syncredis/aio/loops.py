"""What is different between the event loops: waking a task, and watching a socket. Nothing else knows asyncio or trio.

anyio has the same, but its events cost several times what one command may cost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final, Protocol

import anyio.lowlevel

from syncredis.traffic import Call
from syncredis.typing import Reply

#: How the watching of a socket ended: there is something to receive; somebody else receives; it took too long.
READABLE: Final = 1
STOPPED: Final = 2
TOO_LATE: Final = 3


class Watch(Protocol):
    """Watches one socket at a time: for one task, or for whoever has `start` call it back."""

    def start(self, descriptor: int, receive: Callable[[], object], give_up: Callable[[], object]) -> None:
        """Call ``receive`` whenever the socket is readable, until `stop`, and ``give_up`` when the time is over."""
        ...

    async def wait(self, descriptor: int) -> int:
        """Wait until the socket is readable, `stop` is called, or the time is over; return which."""
        ...

    def stop(self) -> None:
        """End the waiting. From now on the socket may be closed."""
        ...


class Loop(Protocol):
    """An event loop; see `syncredis.multiplexer.EventLoop`.

    Attributes:
        token: what stands for it.
        halves_from: see there.
        current_token: returns what stands for the event loop that runs in this thread now; None: none does.
    """

    halves_from: ClassVar[int]

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

    def new_waiter(self) -> Awaitable[Reply]:
        """Return what a task awaits until `wake`."""
        ...

    def wake(self, waiter: Any, reply: Reply) -> bool:
        """Let the task go on; return False if it does not wait any more."""
        ...

    def wake_all(self, calls: deque[Call]) -> None:
        """Empty ``calls``, and let the tasks that wait for them go on, each with its reply. Not to be called by a task."""
        ...

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Call a function when the tasks that can run now have run."""
        ...

    def call_after_woken(self, callback: Callable[[], object]) -> None:
        """Call a function when the tasks that were woken last have run, if that can be told; else now."""
        ...

    def call_from_thread(self, callback: Callable[[], object]) -> bool:
        """Have a function called in the loop's thread; return False if the loop has ended."""
        ...

    def new_watch(self, seconds: float | None) -> Watch:
        """Return what waits for sockets to be readable, for so many seconds each time; None: no limit."""
        ...


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
    from syncredis.aio.loop_of_asyncio import loop_running_here

    return loop_running_here()
