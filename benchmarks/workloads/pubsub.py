"""Messages that one subscriber receives, from a publisher that sends as fast as the server takes."""

from __future__ import annotations

import multiprocessing
import os
import socket
import time
from itertools import islice
from typing import Any

from benchmarks.contestants import ASYNC, PARSING
from benchmarks.workload import Place, Sample, Workload, peak_memory

_BATCH = 2_000
_CHANNEL = "news"


def _publish(place: Place, batches: int) -> None:
    """Publish so many batches; each is answered before the next one, so that the subscriber is never far behind."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))  # not beside the subscriber, where that has a processor
    request = b"*3\r\n$7\r\nPUBLISH\r\n$4\r\nnews\r\n$64\r\n%b\r\n" % (b"m" * 64) * _BATCH
    with socket.create_connection((place.host, place.port)) as stream:
        for _ in range(batches):
            stream.sendall(request)
            missing = len(b":1\r\n") * _BATCH
            while missing > 0:
                missing -= len(stream.recv(65536))


def _measure(contestant: Any, case: str, seconds: float) -> Sample:  # noqa: ARG001 - there is but one
    messages = contestant.messages(_CHANNEL)
    next(messages)  # it is subscribed
    batches = max(4, round(seconds * 100_000 / _BATCH))
    publisher = multiprocessing.get_context("fork").Process(target=_publish, args=(contestant.place, batches))
    publisher.start()
    next(messages)
    cpu, started = time.process_time(), time.perf_counter()
    count = batches * _BATCH - 1
    for _ in islice(messages, count):
        pass
    total = time.perf_counter() - started
    publisher.join()
    return Sample(value=count / total, cpu=(time.process_time() - cpu) / count * 1e6, peak=peak_memory())


async def _measure_async(contestant: Any, case: str, seconds: float) -> Sample:  # noqa: ARG001 - there is but one
    messages = contestant.messages(_CHANNEL)
    await anext(messages)  # it is subscribed
    batches = max(4, round(seconds * 100_000 / _BATCH))
    # Not forked: some contestants have threads.
    publisher = multiprocessing.get_context("spawn").Process(target=_publish, args=(contestant.place, batches))
    publisher.start()
    await anext(messages)
    cpu, started = time.process_time(), time.perf_counter()
    missing = count = batches * _BATCH - 1
    async for _ in messages:
        missing -= 1
        if not missing:
            break
    total = time.perf_counter() - started
    cpu = time.process_time() - cpu
    await messages.aclose()
    publisher.join()
    return Sample(value=count / total, cpu=cpu / count * 1e6, peak=peak_memory())


WORKLOADS = [
    Workload(
        name="pubsub",
        title="Messages to one subscriber",
        unit="messages/s",
        better="more",
        limit="raw+hiredis",
        contestants=PARSING,
        cases=("receive",),
        quick=("receive",),
        fresh=True,
        measure=_measure,
    ),
    Workload(
        name="pubsub-async",
        title="Messages to one subscriber, asyncio",
        unit="messages/s",
        better="more",
        limit="raw async",
        contestants=ASYNC,
        cases=("receive",),
        quick=("receive",),
        fresh=True,
        measure=_measure_async,
    ),
]
