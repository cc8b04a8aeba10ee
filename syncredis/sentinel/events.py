"""What happens to a service, told to the application: frozen values, and the streams that they come in.

Times are seconds since 1970, as `time.time` has them.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from syncredis import interruption
from syncredis.config import Location
from syncredis.sentinel.write_loss import WriteLoss

logger = logging.getLogger(__name__)

#: Events that a stream holds for a reader that is slow; the oldest go first.
_MOST_HELD: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happened to a service.

    Attributes:
        service_name: as the Sentinels know it.
        source: how it was learnt: the event of a Sentinel and where that Sentinel is, or what else led to it.
        at: when.
    """

    service_name: str
    source: str
    at: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryDown(Event):
    """A quorum of the Sentinels finds the primary down. A failover may follow."""

    primary: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryUp(Event):
    """The Sentinels no longer find the primary down, and there was no failover."""

    primary: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverStarted(Event):
    """The Sentinels choose a replica to take the place of the primary. Writes are held from now on."""

    primary: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverAborted(Event):
    """The Sentinels have given a failover up; the primary is still the old one."""

    primary: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """For how long an application could not write.

    Attributes:
        stopped: when the first call failed, or hung, or was held.
        resumed: when a connection to the new primary stood.
    """

    stopped: float
    resumed: float

    @property
    def seconds(self) -> float:
        """How long that was."""
        return self.resumed - self.stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryChanged(Event):
    """Connections lead to another primary now.

    Attributes:
        old: the primary before; None: not known.
        new: the primary now.
        epoch: the number of the failover, as far as the Sentinels have told; None: they have not.
        early: whether this is by the new primary's own word, and that of the Sentinel that leads the failover; the others
            have not heard of it yet.
        outage: for how long writes failed, hung or were held; None: not at all, or no connection could be made yet.
        loss: what was lost of acknowledged writes; None: that can not be told, or was not asked for (``watch_offsets``).
    """

    old: Location | None
    new: Location
    epoch: int | None
    early: bool
    outage: Outage | None
    loss: WriteLoss | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MajorityLost(Event):
    """In strict mode: too few Sentinels can be heard to be sure of any primary; no connection leads to one until they can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicasChanged(Event):
    """A replica came or went, by the word of one Sentinel.

    Attributes:
        replica: the one.
    """

    replica: Location


class EventStream:
    """Events as they come, for one reader. Made by `syncredis.sentinel.Sentinel.events`. Thread-safe.

    An iterator that blocks until there is an event, and ends when the stream is closed. A reader that is slow loses the
    oldest events, and no memory.
    """

    def __init__(self, source: object) -> None:
        self._source = source  # which lives for as long as this does
        self.start_anew()
        self._held: deque[Event] = deque(maxlen=_MOST_HELD)
        self._closed = False

    def start_anew(self) -> None:
        """Wait for nobody: in a child process that was forked, where a thread that is gone may hold the lock."""
        # The lock is always entered by itself: see `syncredis.alarm` for what may strike in a Condition's own `with`.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        event = self.get()
        if event is None:
            raise StopIteration
        return event

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._closed

    def get(self, timeout: float | None = None) -> Event | None:
        """Return the next event; None: there is none within ``timeout`` seconds, or the stream is closed. Blocks.

        Args:
            timeout: seconds; None: no limit.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            self.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
            event = self.take()
            if event is not None or self._closed or (deadline is not None and time.monotonic() >= deadline):
                return event

    def wait(self, timeout: float | None = None) -> None:
        """Block until there is an event to `take`, or the stream is closed, for at most ``timeout`` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        call = interruption.current()
        with nullcontext() if call is None else call.attached(self._wake), self._lock:
            while not self._held and not self._closed:
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return
                if call is not None and call.interrupted:
                    raise interruption.interrupted_before("there was an event")
                self._changed.wait(left)

    def take(self) -> Event | None:
        """Return the next event if there is one already; never blocks."""
        with self._lock:
            return self._held.popleft() if self._held else None

    def put(self, event: Event) -> None:
        """Let the reader have an event. Never blocks."""
        with self._lock:
            if not self._closed:
                self._held.append(event)
                self._changed.notify_all()

    def close(self) -> None:
        """Hand out what is held, and nothing more. Never blocks."""
        with self._lock:
            self._closed = True
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._lock:
            self._changed.notify_all()


class Audience:
    """Those who want to know: streams, held weakly, and one callback. Thread-safe."""

    def __init__(self, on_event: Callable[[Event], object] | None = None) -> None:
        self._on_event = on_event
        self._streams: weakref.WeakSet[EventStream] = weakref.WeakSet()
        self.start_anew()

    def start_anew(self) -> None:
        """Wait for nobody: a child process that was forked has no thread that tells, and one that is gone may hold a lock."""
        # Guards what follows, and the streams.
        self._lock = threading.Lock()
        self._untold: deque[Event] = deque(maxlen=_MOST_HELD)
        self._is_telling = False
        for stream in list(self._streams):
            stream.start_anew()

    @property
    def is_empty(self) -> bool:
        """Whether nobody listens but for the callback."""
        with self._lock:
            return all(stream.closed for stream in self._streams)

    def admit(self, source: object) -> EventStream:
        """Return a new stream of what is told from now on; it keeps ``source`` alive."""
        stream = EventStream(source)
        with self._lock:
            self._streams.add(stream)
        return stream

    def dismiss(self) -> None:
        """Close all streams."""
        with self._lock:
            streams = list(self._streams)
            self._streams.clear()
        for stream in streams:
            stream.close()

    def tell(self, event: Event) -> None:
        """Let everybody know."""
        logger.debug("%s", event)
        with self._lock:
            streams = list(self._streams)
            begin = self._on_event is not None and not self._is_telling
            if self._on_event is not None:
                self._untold.append(event)
                self._is_telling = True
        for stream in streams:
            stream.put(event)
        if begin:
            # A thread of its own, and not this one: what the application does there must not hold up a failover.
            try:
                threading.Thread(target=self._call, name="syncredis-events", daemon=True).start()
            except RuntimeError:  # the system has no thread to give: it is told together with the next one
                logger.warning("on_event can not be called now: no thread can be started")
                with self._lock:
                    self._is_telling = False

    def _call(self) -> None:
        assert self._on_event is not None
        while (event := self._next()) is not None:
            try:
                self._on_event(event)
            except Exception:
                logger.exception("on_event failed for %s", event)

    def _next(self) -> Event | None:
        with self._lock:
            self._is_telling = bool(self._untold)
            return self._untold.popleft() if self._untold else None
