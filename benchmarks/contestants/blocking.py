"""syncredis, redis-py and valkey-py, which are called in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from benchmarks.workload import Operation, Place


class LikeRedisPy:
    """A client with redis-py's names."""

    #: The package, and the name of its client.
    package = "redis"
    name = "Redis"
    #: What its pool wants to know of a connection's purpose.
    purpose: tuple[str, ...] = ()

    def __init__(self, place: Place) -> None:
        self.place = place
        self.module: Any = import_module(self.package)
        self.text = self.client()
        self.bytes = self.client(decode_responses=False)

    def client(self, *, decode_responses: bool = True, unix: bool = False) -> Any:
        kind = getattr(self.module, self.name)
        if unix:
            return kind.from_url(f"unix://{self.place.path}", decode_responses=decode_responses)
        return kind(host=self.place.host, port=self.place.port, decode_responses=decode_responses)

    def get(self, key: str, *, unix: bool = False, text: bool = True) -> Operation:
        get = (self.client(unix=True) if unix else self.text if text else self.bytes).get
        return lambda: get(key)

    def set(self, key: str, value: bytes, *, unix: bool = False) -> Operation:
        put = (self.client(unix=True) if unix else self.text).set
        return lambda: put(key, value)

    def pipeline(self, key: str, count: int) -> Operation:
        client = self.text

        def run() -> None:
            pipeline = client.pipeline(transaction=False)
            get = pipeline.get
            for _ in range(count):
                get(key)
            pipeline.execute()

        return run

    def collection(self, kind: str) -> Operation:
        client = self.text
        if kind == "LRANGE":
            return lambda: client.lrange("list", 0, -1)
        if kind == "HGETALL":
            return lambda: client.hgetall("hash")
        if kind == "SMEMBERS":
            return lambda: client.smembers("set")
        if kind == "MGET":
            keys = [f"key:{number}" for number in range(1000)]
            return lambda: client.mget(keys)
        return lambda: client.zrange("zset", 0, -1, withscores=True)

    def messages(self, channel: str) -> Iterator[Any]:
        subscription = self.text.pubsub()
        subscription.subscribe(channel)
        return iter(subscription.listen())

    def connect(self) -> Operation:
        def connect_and_ping() -> None:
            client = self.client()
            client.ping()
            client.close()

        return connect_and_ping

    def hold(self, count: int) -> list[Any]:
        pool = self.client().connection_pool
        pool.max_connections = count
        connections = [pool.get_connection(*self.purpose) for _ in range(count)]
        for connection in connections:
            connection.send_command("PING")
            connection.read_response()
        return connections

    def discover(self) -> Operation:
        sentinels = list(self.place.sentinels)
        kind = import_module(f"{self.package}.sentinel").Sentinel

        def discover() -> None:
            client = kind(sentinels, socket_timeout=0.1).master_for("myredis", socket_timeout=0.1)
            client.ping()
            client.close()

        return discover


class RedisPy(LikeRedisPy):
    """redis-py with hiredis."""


class ValkeyPy(LikeRedisPy):
    """valkey-py with libvalkey."""

    package = "valkey"
    name = "Valkey"
    purpose = ("PING",)


class Syncredis(LikeRedisPy):
    """This library."""

    package = "syncredis"

    def hold(self, count: int) -> list[Any]:
        pool = self.module.ConnectionPool(
            *import_module("syncredis.config").configs_from_options(
                (self.place.host, self.place.port), max_connections=count
            )
        )
        ping = import_module("syncredis.command").Command(("PING",))
        connections = [pool.lease() for _ in range(count)]
        for connection in connections:
            connection.execute(ping, True)
        return [pool, *connections]

    def discover(self) -> Callable[[], None]:
        sentinels = list(self.place.sentinels)
        kind = self.module.Sentinel

        def discover() -> None:
            with kind(sentinels, stream_timeout=0.1) as sentinel, sentinel.primary_for("myredis") as client:
                client.ping()

        return discover
