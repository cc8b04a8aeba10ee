"""A web application: FastAPI and `syncredis.aio`, one client for all requests, through a failover.

    pip install "syncredis[embedded]" fastapi uvicorn
    REDIS_URL=redis+sentinel://localhost:26379/myredis uvicorn web:app --app-dir examples

Without a deployment: ``python examples/web.py`` (needs httpx) starts one, makes requests, and moves the primary meanwhile.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import anyio
import anyio.to_thread
from fastapi import Depends, FastAPI, Request, Response

from syncredis import ConnectionError, OutcomeUnknownError
from syncredis.aio import Redis, from_url


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make the client when the application starts, and close it when it ends."""
    url = os.environ.get("REDIS_URL", "redis+sentinel://localhost:26379/myredis")
    async with from_url(url) as app.state.redis:
        yield


app = FastAPI(lifespan=lifespan)


def redis_of(request: Request) -> Redis[str]:
    """Return the client that all requests share."""
    client: Redis[str] = request.app.state.redis
    return client


Client = Annotated[Redis[str], Depends(redis_of)]


@app.put("/notes/{name}")
async def write(name: str, text: str, redis: Client) -> dict[str, str]:
    """Write a note. The same again does no harm, so a write whose outcome is unknown is repeated."""
    while True:
        try:
            await redis.hset("notes", name, text)
            return {"name": name, "text": text}
        except OutcomeUnknownError:
            continue


@app.get("/notes/{name}")
async def read(name: str, redis: Client, response: Response) -> dict[str, str | None]:
    """Return a note."""
    text = await redis.hget("notes", name)
    if text is None:
        response.status_code = 404
    return {"name": name, "text": text}


@app.get("/health")
async def health(redis: Client, response: Response) -> dict[str, bool]:
    """Say whether the primary can be had."""
    try:
        return {"redis": await redis.ping()}
    except ConnectionError:
        response.status_code = 503
        return {"redis": False}


async def demonstrate(deployment: SentinelDeployment) -> None:
    """Make requests while the primary is moved."""
    transport = httpx.ASGITransport(app=app)
    async with lifespan(app), httpx.AsyncClient(transport=transport, base_url="http://app") as browser:
        statuses: list[int] = []

        async def visit(number: int) -> None:
            for _ in range(20):
                written = await browser.put(f"/notes/{number}", params={"text": "hello"})
                shown = await browser.get(f"/notes/{number}")
                statuses.extend([written.status_code, shown.status_code])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, deployment.failover)
            for number in range(10):
                tasks.start_soon(visit, number)
        print("requests:", len(statuses), "- answered with 200:", statuses.count(200))
        print("health:", (await browser.get("/health")).json())


if __name__ == "__main__":
    import httpx

    from syncredis.testing import SentinelDeployment

    with SentinelDeployment(replicas=1, sentinels=3, service_name="myredis") as started:
        sentinel_host, sentinel_port = started.sentinel_locations[0]
        os.environ["REDIS_URL"] = f"redis+sentinel://{sentinel_host}:{sentinel_port}/myredis"
        anyio.run(demonstrate, started)
