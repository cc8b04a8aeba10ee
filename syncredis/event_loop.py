"""What a shared connection needs of an event loop, whichever it is. Nothing here knows asyncio or trio."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Protocol

from syncredis.traffic import Call
from syncredis.typing import Reply


class EventLoop(Protocol):
    """Wakes tasks, and calls functions. All belongs to its own thread, but for `call_from_thread`.

    Attributes:
        halves_from: from how many callers on it pays to send what the first half of them asks for, while the other half has yet
            to run. It costs a turn of the loop.
    """

    halves_from: ClassVar[int]

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
        """Call a function when the tasks that `wake_all` has just let go on have run. To be called by a watch's callback."""
        ...

    def call_from_thread(self, callback: Callable[[], object]) -> bool:
        """Have a function called in the loop's thread; return False if the loop has ended."""
        ...

    def new_watch(self, seconds: float | None) -> Watch:
        """Return what watches sockets, and gives up after so many seconds without anything to receive; None: never."""
        ...


class Watch(Protocol):
    """Watches one socket at a time."""

    def start(self, descriptor: int, receive: Callable[[], object], give_up: Callable[[], object]) -> None:
        """Have ``receive`` called whenever there is something to receive, and ``give_up`` if there is nothing for too long.

        They may wake tasks, and stop the watch.
        """
        ...

    def stop(self) -> None:
        """End the watch: somebody else receives from now on, and may close the socket."""
        ...
