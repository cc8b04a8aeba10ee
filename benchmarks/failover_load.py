"""Callers of a client, blocking or on asyncio, and the record of what they live through."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

WRITERS = READERS = 4
PACE = 0.02  # seconds between two calls of one caller


@dataclass
class Record:
    """What the callers lived through."""

    written: list[tuple[float, str]] = field(default_factory=list)
    counted: list[int] = field(default_factory=lambda: [0] * WRITERS)
    doubtful: list[int] = field(default_factory=lambda: [0] * WRITERS)
    writes: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)
    write_errors: int = 0
    read_errors: int = 0

    def note_write(self, number: int, name: str, error: Exception | None, *, counts: bool) -> None:
        """Note what came of a write; ``name`` is empty for an INCR."""
        if error is not None:
            self.write_errors += 1
            self.doubtful[number] += counts
            return
        self.writes.append(time.monotonic())
        if counts:
            self.counted[number] += 1
        else:
            self.written.append((self.writes[-1], name))

    def note_read(self, error: Exception | None) -> None:
        """Note what came of a read."""
        if error is None:
            self.reads.append(time.monotonic())
        else:
            self.read_errors += 1


class Threads:
    """Callers of a blocking client."""

    def __init__(self, primary: Any, replica: Any, close: Callable[[], object]) -> None:
        self._primary, self._replica, self._close = primary, replica, close
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, record: Record) -> None:
        """Begin."""
        targets = [(self._write, n) for n in range(WRITERS)] + [(self._read, n) for n in range(READERS)]
        for target, number in targets:
            self._threads.append(threading.Thread(target=target, args=(record, number), daemon=True))
            self._threads[-1].start()

    def stop(self) -> int:
        """End, and return how many calls never came back."""
        self._over.set()
        deadline = time.monotonic() + 3.0
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        stuck = sum(thread.is_alive() for thread in self._threads)
        if not stuck:
            self._close()
        return stuck

    def _write(self, record: Record, number: int) -> None:
        turn = 0
        while not self._over.is_set():
            turn += 1
            name = f"w:{number}:{turn}"
            for counts in (False, True):
                error: Exception | None = None
                try:
                    self._primary.incr(f"c:{number}") if counts else self._primary.set(name, "1")
                except Exception as caught:
                    error = caught
                record.note_write(number, name, error, counts=counts)
            self._over.wait(PACE)

    def _read(self, record: Record, number: int) -> None:
        client = self._replica if number % 2 else self._primary
        while not self._over.is_set():
            error: Exception | None = None
            try:
                client.get("w:0:1")
            except Exception as caught:
                error = caught
            record.note_read(error)
            self._over.wait(PACE)


class Tasks:
    """Callers of an asyncio client; ``made`` is a coroutine that returns the clients and what closes them."""

    def __init__(self, made: Callable[[], Awaitable[tuple[Any, Any, Callable[[], Awaitable[object]]]]]) -> None:
        self._made = made
        self._over = threading.Event()
        self._ready = threading.Event()
        self._stuck = 0

    def start(self, record: Record) -> None:
        """Begin."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main(record)), daemon=True)
        self._thread.start()
        self._ready.wait()

    def stop(self) -> int:
        """End, and return how many calls never came back."""
        self._over.set()
        self._thread.join(8.0)
        return self._stuck

    async def _main(self, record: Record) -> None:
        primary, replica, close = await self._made()
        tasks = [asyncio.create_task(self._write(primary, record, n)) for n in range(WRITERS)]
        tasks += [asyncio.create_task(self._read(replica if n % 2 else primary, record)) for n in range(READERS)]
        self._ready.set()
        while not self._over.is_set():
            await asyncio.sleep(0.05)
        _, pending = await asyncio.wait(tasks, timeout=3.0)
        self._stuck = len(pending)
        for task in pending:
            task.cancel()
        with suppress(Exception):
            await asyncio.wait_for(close(), 3.0)

    async def _write(self, client: Any, record: Record, number: int) -> None:
        turn = 0
        while not self._over.is_set():
            turn += 1
            name = f"w:{number}:{turn}"
            for counts in (False, True):
                error: Exception | None = None
                try:
                    await (client.incr(f"c:{number}") if counts else client.set(name, "1"))
                except Exception as caught:
                    error = caught
                record.note_write(number, name, error, counts=counts)
            await asyncio.sleep(PACE)

    async def _read(self, client: Any, record: Record) -> None:
        while not self._over.is_set():
            error: Exception | None = None
            try:
                await client.get("w:0:1")
            except Exception as caught:
                error = caught
            record.note_read(error)
            await asyncio.sleep(PACE)
