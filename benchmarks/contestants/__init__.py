"""The contestants: each does the same things in its own way, and hands out operations that are ready to be timed.

Packages are imported by name, and only in the process of their contestant: what is not installed does not take part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.workload import Place


@dataclass(frozen=True, slots=True)
class Contestant:
    """One of those that are compared.

    Attributes:
        factory: module and name of what makes it, in this package.
        imports: what a program has to import for it.
        package: the distribution that it comes with; None: nothing has to be installed.
        loop: the event loop that an async one runs in: ``"asyncio"``, ``"uvloop"`` or ``"trio"``.
    """

    factory: str
    imports: str
    package: str | None = None
    loop: str = "asyncio"

    @property
    def version(self) -> str | None:
        """Of the distribution; "" where there is none; None if it, or its event loop, is not installed."""
        try:
            if self.loop != "asyncio":
                version(self.loop)
            return "" if self.package is None else version(self.package)
        except PackageNotFoundError:
            return None

    def make(self, place: Place) -> Any:
        """Return it, ready to be used."""
        module, _, name = self.factory.partition(":")
        made: Callable[[Place], Any] = getattr(import_module(f"benchmarks.contestants.{module}"), name)
        return made(place)


CONTESTANTS = {
    "raw": Contestant("raw:Raw", "socket"),
    "raw+hiredis": Contestant("raw:RawHiredis", "socket, hiredis", "hiredis"),
    "syncredis": Contestant("blocking:Syncredis", "syncredis", "syncredis"),
    "redis-py": Contestant("blocking:RedisPy", "redis", "redis"),
    "valkey-py": Contestant("blocking:ValkeyPy", "valkey", "valkey"),
    "valkey-glide-sync": Contestant("glide:Glide", "glide_sync", "valkey-glide-sync"),
    "raw async": Contestant("raw_async:RawAsync", "asyncio", "hiredis"),
    "raw uvloop": Contestant("raw_async:RawAsync", "asyncio", "hiredis", "uvloop"),
    "syncredis.aio": Contestant("asynchronous:Syncredis", "syncredis.aio", "syncredis"),
    "syncredis.aio uvloop": Contestant("asynchronous:Syncredis", "syncredis.aio", "syncredis", "uvloop"),
    "syncredis.aio trio": Contestant("asynchronous:Syncredis", "syncredis.aio", "syncredis", "trio"),
    "redis-py asyncio": Contestant("asynchronous:RedisPy", "redis.asyncio", "redis"),
    "redis-py uvloop": Contestant("asynchronous:RedisPy", "redis.asyncio", "redis", "uvloop"),
    "valkey-py asyncio": Contestant("asynchronous:ValkeyPy", "valkey.asyncio", "valkey"),
    "coredis": Contestant("asynchronous:Coredis", "coredis", "coredis"),
    "coredis uvloop": Contestant("asynchronous:Coredis", "coredis", "coredis", "uvloop"),
    "coredis trio": Contestant("asynchronous:Coredis", "coredis", "coredis", "trio"),
    "valkey-glide": Contestant("asynchronous:Glide", "glide", "valkey-glide"),
    "valkey-glide uvloop": Contestant("asynchronous:Glide", "glide", "valkey-glide", "uvloop"),
}

BLOCKING = ("raw", "syncredis", "redis-py", "valkey-py", "valkey-glide-sync")
PARSING = ("raw+hiredis", "syncredis", "redis-py", "valkey-py", "valkey-glide-sync")
ASYNC = ("raw async", "syncredis.aio", "redis-py asyncio", "valkey-py asyncio", "coredis", "valkey-glide")
ALL_LOOPS = tuple(name for name, one in CONTESTANTS.items() if name in ASYNC or one.loop != "asyncio")
