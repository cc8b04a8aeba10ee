"""How fast a client gets answers: calls for a while, and what their times come to. Writes nothing on the screen."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import anyio

import syncredis.aio
from syncredis import Redis

#: Commands in one pipeline.
PIPELINE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What calls came to; times are in seconds.

    Attributes:
        name: what was called, and how.
        commands: how many were carried out.
        rate: commands per second.
        median: the time that half of the calls took at most.
        p95: the time that 95 of 100 calls took at most.
        p99: the time that 99 of 100 calls took at most.
        slowest: the time of the slowest.
    """

    name: str
    commands: int
    rate: float
    median: float
    p95: float
    p99: float
    slowest: float


def measurement(name: str, times: Sequence[float], seconds: float, *, commands_per_call: int = 1) -> Measurement:
    """Return what the times of calls come to, that were made within so many seconds."""
    ordered = sorted(times)

    def quantile(share: float) -> float:
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    commands = len(ordered) * commands_per_call
    return Measurement(
        name=name,
        commands=commands,
        rate=commands / seconds,
        median=quantile(0.5),
        p95=quantile(0.95),
        p99=quantile(0.99),
        slowest=ordered[-1],
    )


class Plan:
    """What can be measured of a client. Each measurement blocks for about ``seconds``.

    Args:
        client: whose calls are made.
        key: the key that is read and written; it exists.
        value: what is written.
        seconds: how long each measurement takes.
        threads: how many there are where there are several.
        tasks: how many there are where there are several.
    """

    def __init__(self, client: Redis[str], key: str, value: str, *, seconds: float, threads: int, tasks: int) -> None:
        self._client = client
        self._key = key
        self._value = value
        self._seconds = seconds
        self._threads = threads
        self._tasks = tasks

    def measurements(self, *, writes: bool) -> list[Callable[[], Measurement]]:
        """Return what can be measured, in order; what writes only if it may."""
        get, put = partial(self._client.get, self._key), partial(self._client.set, self._key, self._value, ex=600)
        found = [partial(self._in_turn, "PING", self._client.ping), partial(self._in_turn, "GET", get)]
        if writes:
            found.append(partial(self._in_turn, "SET", put))
        return [
            *found,
            partial(self._in_threads, f"GET, {self._threads} threads", get),
            partial(self._piped, f"GET, {PIPELINE} in a pipeline"),
            partial(self._in_tasks, f"GET, {self._tasks} tasks (async)"),
        ]

    def _in_turn(self, name: str, call: Callable[[], object]) -> Measurement:
        call()
        began = time.perf_counter()
        times = _call_until(call, began + self._seconds)
        return measurement(name, times, time.perf_counter() - began)

    def _piped(self, name: str) -> Measurement:
        def call() -> None:
            pipeline = self._client.pipeline(transaction=False)
            for _ in range(PIPELINE):
                pipeline.get(self._key)
            pipeline.execute()

        call()
        began = time.perf_counter()
        times = _call_until(call, began + self._seconds)
        return measurement(name, times, time.perf_counter() - began, commands_per_call=PIPELINE)

    def _in_threads(self, name: str, call: Callable[[], object]) -> Measurement:
        times: list[float] = []
        errors: list[BaseException] = []

        def run(end: float) -> None:
            try:
                times.extend(_call_until(call, end))
            except BaseException as error:  # it belongs to the caller, who waits
                errors.append(error)

        call()
        began = time.perf_counter()
        threads = [
            threading.Thread(target=run, args=(began + self._seconds,), name=f"bench-{number}", daemon=True)
            for number in range(self._threads)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        return measurement(name, times, time.perf_counter() - began)

    def _in_tasks(self, name: str) -> Measurement:
        return anyio.run(self._in_tasks_of_one_loop, name)

    async def _in_tasks_of_one_loop(self, name: str) -> Measurement:
        facade = syncredis.aio.Redis[str].wrapping(self._client)
        times: list[float] = []
        await facade.get(self._key)
        began = time.perf_counter()
        async with anyio.create_task_group() as group:
            for _ in range(self._tasks):
                group.start_soon(_await_until, partial(facade.get, self._key), began + self._seconds, times)
        return measurement(name, times, time.perf_counter() - began)


def _call_until(call: Callable[[], object], end: float) -> list[float]:
    """Call at least once, and until the end has come; return how long each call took."""
    times: list[float] = []
    now = time.perf_counter()
    while True:
        call()
        before, now = now, time.perf_counter()
        times.append(now - before)
        if now >= end:
            return times


async def _await_until(call: Callable[[], Awaitable[object]], end: float, times: list[float]) -> None:
    now = time.perf_counter()
    while True:
        await call()
        before, now = now, time.perf_counter()
        times.append(now - before)
        if now >= end:
            return
