"""Cache-aside with one computation for all who miss at the same time, and a cache that may fail without harm.

Starts a server of its own:

    pip install "syncredis[embedded]"
    python examples/cache_aside.py
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from syncredis import Redis, RedisError
from syncredis.testing import ServerProcess


class Cache:
    """Remembers what functions return."""

    def __init__(self, client: Redis[str], lifetime: int) -> None:
        self._client = client
        self._lifetime = lifetime

    def get(self, key: str, compute: Callable[[], Any]) -> Any:
        """Return the value of ``key``; compute it where it is not known, or the cache can not be had."""
        try:
            return self._get(f"cache:{key}", compute)
        except RedisError as error:
            print(f"without the cache: {type(error).__name__}")
            return compute()

    def _get(self, key: str, compute: Callable[[], Any]) -> Any:
        if (known := self._client.get(key)) is not None:
            return json.loads(known)
        # Of all processes that miss now, one computes; if it dies, another one may after 10 seconds.
        with self._client.lock(f"{key}:lock", timeout=10, blocking_timeout=10):
            if (known := self._client.get(key)) is not None:
                return json.loads(known)
            value = compute()
            self._client.set(key, json.dumps(value), ex=self._lifetime)
            return value


def main() -> None:
    computations: list[str] = []
    at_once = threading.Barrier(8)

    def report() -> dict[str, int]:
        computations.append(threading.current_thread().name)
        return {"visits": 42}

    with ServerProcess() as server, Redis(*server.location, connect_timeout=0.5) as client:
        cache = Cache(client, lifetime=60)

        def ask(_: int) -> Any:
            at_once.wait()
            return cache.get("report", report)

        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(ask, range(8)))
        print("answers:", len(answers), "- all the same:", answers.count({"visits": 42}) == 8)
        print("computations:", len(computations))
        server.kill()
        print("answer:", cache.get("report", report))


if __name__ == "__main__":
    main()
