"""Callers of a client, blocking or in tasks of an event loop, and the record of what they live through."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import anyio

from benchmarks.failover_chronicle import CHANNEL, Write

WRITERS = READERS = 4
PACE = 0.02  # seconds between two calls of one caller

#: Seconds for which callers are waited for at the end; who has not come back by then never does. A write may be held for five,
#: where the Sentinels begin another failover at the end.
_STUCK_AFTER: Final = 8.0


@dataclass
class Record:
    """What the callers lived through; times by `time.monotonic`."""

    written: list[Write] = field(default_factory=list)
    writes: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)
    received: list[tuple[float, int]] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    write_errors: int = 0
    read_errors: int = 0
    subscriber_errors: int = 0
    doubled: int = 0
    counted: list[int] = field(default_factory=lambda: [0] * WRITERS)
    doubtful: list[int] = field(default_factory=lambda: [0] * WRITERS)

    def note_set(self, name: str, node: int, sent: float) -> None:
        """Note that a SET was acknowledged."""
        now = time.monotonic()
        self.writes.append(now)
        self.written.append(Write(name, node, sent, now))

    def note_count(self, number: int, reply: int) -> None:
        """Note the reply to an INCR: it may have grown by that one, and by those before of which nothing is known."""
        self.writes.append(time.monotonic())
        self.doubled += max(0, reply - self.counted[number] - 1 - self.doubtful[number])
        self.counted[number], self.doubtful[number] = reply, 0

    def note_write_error(self, number: int, error: Exception, *, counts: bool) -> None:
        """Note that a write failed."""
        self.write_errors += 1
        self.doubtful[number] += counts
        self._note(error)

    def note_read(self, error: Exception | None) -> None:
        """Note what came of a read."""
        if error is None:
            self.reads.append(time.monotonic())
        else:
            self.read_errors += 1
            self._note(error)

    def note_message(self, message: Any) -> None:
        """Note what the subscriber got, if it is a message: its text is the port of the node that it was published at."""
        data = message.get("data") if isinstance(message, dict) else getattr(message, "data", None)
        with suppress(TypeError, ValueError):
            self.received.append((time.monotonic(), int(data)))  # type: ignore[arg-type]

    def _note(self, error: Exception) -> None:
        kind = type(error).__name__
        self.errors[kind] = self.errors.get(kind, 0) + 1


class Threads:
    """Callers of a blocking client.

    Args:
        primary: the client for the primary.
        replica: the client for the replicas.
        close: closes both.
        write: sets a key by way of a client, and returns the port of the server that did so.
    """

    def __init__(
        self, primary: Any, replica: Any, close: Callable[[], object], write: Callable[[Any, str], Any]
    ) -> None:
        self._primary, self._replica, self._close, self._set = primary, replica, close, write
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, record: Record) -> None:
        """Begin."""
        targets = [(self._write, n) for n in range(WRITERS)] + [(self._read, n) for n in range(READERS)]
        for target, number in [*targets, (self._subscribe, 0)]:
            self._threads.append(threading.Thread(target=target, args=(record, number), daemon=True))
            self._threads[-1].start()

    def stop(self) -> int:
        """End, and return how many calls never came back."""
        self._over.set()
        deadline = time.monotonic() + _STUCK_AFTER
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        stuck = sum(thread.is_alive() for thread in self._threads[:-1])
        if not stuck:
            self._close()
        return stuck

    def _write(self, record: Record, number: int) -> None:
        turn = 0
        while not self._over.is_set():
            turn += 1
            name = f"w:{number}:{turn}"
            sent = time.monotonic()
            try:
                record.note_set(name, int(self._set(self._primary, name)), sent)
            except Exception as error:
                record.note_write_error(number, error, counts=False)
            try:
                record.note_count(number, int(self._primary.incr(f"c:{number}")))
            except Exception as error:
                record.note_write_error(number, error, counts=True)
            self._over.wait(PACE)

    def _read(self, record: Record, number: int) -> None:
        client = self._replica if number % 2 else self._primary
        while not self._over.is_set():
            failed: Exception | None = None
            try:
                client.get("w:0:1")
            except Exception as error:
                failed = error
            record.note_read(failed)
            self._over.wait(PACE)

    def _subscribe(self, record: Record, _: int) -> None:
        while not self._over.is_set():
            try:
                with self._primary.pubsub(ignore_subscribe_messages=True) as pubsub:
                    pubsub.subscribe(CHANNEL)
                    while not self._over.is_set():
                        record.note_message(pubsub.get_message(timeout=0.2))
            except Exception:
                record.subscriber_errors += 1
                self._over.wait(PACE)


class Tasks:
    """Callers of a client of an event loop.

    Args:
        made: a coroutine that returns the clients for the primary and the replicas, and what closes them.
        write: as for `Threads`, to be awaited.
        backend: ``"asyncio"`` or ``"trio"``.
    """

    def __init__(
        self,
        made: Callable[[], Awaitable[tuple[Any, Any, Callable[[], Awaitable[object]]]]],
        write: Callable[[Any, str], Awaitable[Any]],
        backend: str = "asyncio",
    ) -> None:
        self._made, self._set, self._backend = made, write, backend
        self._over = threading.Event()
        self._ready = threading.Event()
        self._running = 0
        self._stuck = 0

    def start(self, record: Record) -> None:
        """Begin."""
        self._thread = threading.Thread(
            target=lambda: anyio.run(self._main, record, backend=self._backend), daemon=True
        )
        self._thread.start()
        self._ready.wait(30.0)

    def stop(self) -> int:
        """End, and return how many calls never came back."""
        self._over.set()
        self._thread.join(4 * _STUCK_AFTER)
        return self._stuck

    async def _main(self, record: Record) -> None:
        primary, replica, close = await self._made()
        async with anyio.create_task_group() as group:
            for number in range(WRITERS):
                group.start_soon(self._counted, self._write, primary, record, number)
            for number in range(READERS):
                group.start_soon(self._counted, self._read, replica if number % 2 else primary, record, number)
            group.start_soon(self._subscribe, primary, record)
            self._ready.set()
            while not self._over.is_set():
                await anyio.sleep(0.05)
            with anyio.move_on_after(_STUCK_AFTER):
                while self._running:
                    await anyio.sleep(0.01)
            self._stuck = self._running
            group.cancel_scope.cancel()
        with suppress(Exception), anyio.move_on_after(_STUCK_AFTER):
            await close()

    async def _counted(self, call: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        self._running += 1
        await call(*arguments)
        self._running -= 1

    async def _write(self, client: Any, record: Record, number: int) -> None:
        turn = 0
        while not self._over.is_set():
            turn += 1
            name = f"w:{number}:{turn}"
            sent = time.monotonic()
            try:
                record.note_set(name, int(await self._set(client, name)), sent)
            except Exception as error:
                record.note_write_error(number, error, counts=False)
            try:
                record.note_count(number, int(await client.incr(f"c:{number}")))
            except Exception as error:
                record.note_write_error(number, error, counts=True)
            await anyio.sleep(PACE)

    async def _read(self, client: Any, record: Record, _: int) -> None:
        while not self._over.is_set():
            failed: Exception | None = None
            try:
                await client.get("w:0:1")
            except Exception as error:
                failed = error
            record.note_read(failed)
            await anyio.sleep(PACE)

    async def _subscribe(self, client: Any, record: Record) -> None:
        while not self._over.is_set():
            try:
                async with client.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.subscribe(CHANNEL)
                    while not self._over.is_set():
                        record.note_message(await pubsub.get_message(timeout=0.2))
            except Exception:
                record.subscriber_errors += 1
                await anyio.sleep(PACE)
