"""The load of the demo: writers and readers, in threads and as asyncio tasks; each call is measured and noted.

Writers set keys that are used once to values that name them; readers get keys whose write was acknowledged. Both are paced
and do one call at a time, as a request handler would.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Final, NamedTuple, Self

from syncredis import Location, OutcomeUnknownError, Sentinel, aio
from syncredis.cli.tally import Call, Kind, Outcome, judge_read, judge_write, value_of
from syncredis.sentinel.events import Event

#: Writers of each surface, and as many readers.
WORKERS: Final = 2

#: Seconds that calls get to return after the load has been told to end.
_GRACE: Final = 3.0

#: Seconds for threads to end once their calls have been broken off.
_LAST_GRACE: Final = 0.3

_LONGEST_NAP: Final = 0.1  # seconds after which a slow task looks whether it shall end


class Target(NamedTuple):
    """What the load works on."""

    sentinels: Sequence[Location]
    service_name: str
    rate: float
    """Writes per second and surface, and as many reads."""
    failover_timeout: float


class Found(NamedTuple):
    """What a client was told by the Sentinels."""

    primary: Location
    replicas: frozenset[Location]


class Load(ABC):
    """Writers and readers on one surface of the library. They run from `start` on until the ``with`` block ends.

    Attributes:
        surface: its name.
        calls: what became of each call that has ended; only ever appended to.
        events: what the client was told of the service, and when by `time.monotonic`; only ever appended to.
        found: what discovery said in the beginning.
    """

    surface: str
    found: Found

    def __init__(self, target: Target) -> None:
        self.calls: list[Call] = []
        self.events: list[tuple[float, Event]] = []
        self._target = target
        self._running: dict[str, tuple[Kind, float]] = {}
        self._acknowledged: list[str] = []
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(_GRACE if kind is None else 0.0)

    @property
    def running(self) -> list[tuple[Kind, float]]:
        """Of what kind the calls are that have not returned yet, and when they began."""
        return list(self._running.values())

    @abstractmethod
    def start(self) -> None:
        """Discover, and begin. Blocks until discovery is done.

        Raises:
            PrimaryNotFoundError, ReplicaNotFoundError: if it failed.
        """

    @abstractmethod
    def stop(self, grace: float = _GRACE) -> None:
        """Let every worker end with the call that it is in; after ``grace`` seconds calls are broken off. Blocks until then."""

    # --- what both surfaces do ----------------------------------------------------------------------

    def _paces(self) -> Iterator[tuple[str, Pace]]:
        """Return a name and a pace for each worker of a kind."""
        for number in range(1, WORKERS + 1):
            yield str(number), Pace(self._target.rate / WORKERS)

    def _heard(self, event: Event) -> None:
        self.events.append((time.monotonic() - (time.time() - event.at), event))

    def _new_key(self, worker: str, number: int) -> str:
        return f"{self.surface}:{worker}:{number}"

    def _old_key(self) -> str | None:
        return random.choice(self._acknowledged) if self._acknowledged else None

    @contextmanager
    def _noted(self, kind: Kind, key: str, worker: str) -> Iterator[_Reply]:
        """Measure the call that the block makes, and note what became of it. Its errors end here."""
        name = f"{kind}-{worker}"
        reply = _Reply()
        started = time.monotonic()
        self._running[name] = kind, started
        message = ""
        try:
            yield reply
            outcome = judge_write(reply.value) if kind == "write" else judge_read(key, reply.value)
        except OutcomeUnknownError as error:
            outcome, message = Outcome.UNKNOWN, str(error)
        except Exception as error:  # whatever the application would have seen counts
            outcome, message = Outcome.FAILED, f"{type(error).__name__}: {error}"
        finally:
            del self._running[name]
        self.calls.append(Call(kind, key, started, time.monotonic(), outcome, message))
        if kind == "write" and outcome is Outcome.DONE:
            self._acknowledged.append(key)


class ThreadLoad(Load):
    """The blocking clients, in threads."""

    surface = "sync"

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._sentinel = Sentinel(target.sentinels, failover_timeout=target.failover_timeout, on_event=self._heard)
        self._primary = self._sentinel.primary_for(target.service_name)
        self._replica = self._sentinel.replica_for(target.service_name)
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        name = self._target.service_name
        self.found = Found(
            self._sentinel.discover_primary(name),
            frozenset(self._sentinel.discover_replicas(name)),
        )
        # Daemons: a call that waits for a primary must not keep the process from ending.
        self._threads = [
            threading.Thread(target=work, args=given, name=f"demo-{work.__name__}-{given[0]}", daemon=True)
            for work in (self._write, self._read)
            for given in self._paces()
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, grace: float = _GRACE) -> None:
        self._stopping.set()
        _join(self._threads, grace)
        for client in (self._primary, self._replica, self._sentinel):
            client.close()
        _join(self._threads, _LAST_GRACE)

    def _write(self, worker: str, pace: Pace) -> None:
        number = 0
        while not self._stopping.wait(pace.pause()):
            number += 1
            key = self._new_key(worker, number)
            with self._noted("write", key, worker) as reply:
                reply.value = self._primary.set(key, value_of(key))

    def _read(self, worker: str, pace: Pace) -> None:
        while not self._stopping.wait(pace.pause()):
            key = self._old_key()
            if key is not None:
                with self._noted("read", key, worker) as reply:
                    reply.value = self._replica.get(key)


class AsyncioLoad(Load):
    """The facade, as tasks of an asyncio event loop, which has a thread of its own."""

    surface = "async"

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._begun = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="demo-asyncio", daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._thread.start()
        self._begun.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self, grace: float = _GRACE) -> None:
        self._stopping.set()
        if self._task is None:
            return
        _join([self._thread], grace)
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
        _join([self._thread], _LAST_GRACE)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            pass
        except Exception as error:
            if self._begun.is_set():
                raise
            self._failure = error
        finally:
            self._begun.set()

    async def _main(self) -> None:
        target = self._target
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        limit = target.failover_timeout
        async with aio.Sentinel(target.sentinels, failover_timeout=limit, on_event=self._heard) as sentinel:
            self.found = Found(
                await sentinel.discover_primary(target.service_name),
                frozenset(await sentinel.discover_replicas(target.service_name)),
            )
            self._begun.set()
            async with (
                sentinel.primary_for(target.service_name) as primary,
                sentinel.replica_for(target.service_name) as replica,
                asyncio.TaskGroup() as group,
            ):
                for worker, pace in self._paces():
                    group.create_task(self._write(primary, worker, pace))
                for worker, pace in self._paces():
                    group.create_task(self._read(replica, worker, pace))

    async def _write(self, primary: aio.Redis[str], worker: str, pace: Pace) -> None:
        number = 0
        while await self._pause(pace):
            number += 1
            key = self._new_key(worker, number)
            with self._noted("write", key, worker) as reply:
                reply.value = await primary.set(key, value_of(key))

    async def _read(self, replica: aio.Redis[str], worker: str, pace: Pace) -> None:
        while await self._pause(pace):
            key = self._old_key()
            if key is not None:
                with self._noted("read", key, worker) as reply:
                    reply.value = await replica.get(key)

    async def _pause(self, pace: Pace) -> bool:
        """Wait until the next call is due; tell whether there shall be one."""
        until = time.monotonic() + pace.pause()
        while not self._stopping.is_set() and (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, _LONGEST_NAP))
        return not self._stopping.is_set()


class Pace:
    """Says how long to wait so that calls begin at a steady rate. What an outage held up is not made up for."""

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        # Somewhere within the first interval, so that not all workers begin at once.
        self._due = time.monotonic() - random.random() * self._interval

    def pause(self) -> float:
        """Return the seconds until the next call is due."""
        now = time.monotonic()
        self._due = max(self._due + self._interval, now)
        return self._due - now


class _Reply:
    """Where a block puts the reply that it got."""

    value: object = None


def _join(threads: Sequence[threading.Thread], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
