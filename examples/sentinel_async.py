"""Tasks that share one async client, on the event loop of your choice, through a planned failover.

Starts a deployment of its own:

    pip install "syncredis[embedded]"
    python examples/sentinel_async.py [asyncio|trio]
"""

from __future__ import annotations

import sys

import anyio
import anyio.to_thread

from syncredis.aio import Redis, Sentinel
from syncredis.testing import SentinelDeployment


async def count(primary: Redis[str], name: str, times: int) -> None:
    for _ in range(times):
        await primary.hincrby("visits", name, 1)


async def main(deployment: SentinelDeployment) -> None:
    sentinel = Sentinel(deployment.sentinel_locations)
    async with sentinel, sentinel.primary_for("myredis") as primary:
        before = await sentinel.discover_primary("myredis")
        async with anyio.create_task_group() as tasks:
            for number in range(10):
                tasks.start_soon(count, primary, f"task-{number}", 20)
        print("visits:", await primary.hgetall("visits"))

        await anyio.to_thread.run_sync(deployment.failover)
        print("the primary was", before, "and is now", await sentinel.discover_primary("myredis"))
        print("visits:", sum(map(int, await primary.hvals("visits"))))


if __name__ == "__main__":
    backend = sys.argv[1] if len(sys.argv) > 1 else "asyncio"
    with SentinelDeployment(replicas=1, sentinels=3, service_name="myredis") as started:
        anyio.run(main, started, backend=backend)
