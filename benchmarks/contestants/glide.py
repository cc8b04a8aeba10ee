"""valkey-glide's blocking client."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from benchmarks.workload import Operation, Place


class Glide:
    """It returns bytes, has one connection, and neither Unix sockets nor Sentinel."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.module: Any = import_module("glide_sync")
        self.kept = self.client()

    def client(self, **options: Any) -> Any:
        module = self.module
        address = module.NodeAddress(self.place.host, self.place.port)
        return module.GlideClient.create(module.GlideClientConfiguration([address], request_timeout=20_000, **options))

    def get(self, key: str, *, unix: bool = False, text: bool = True) -> Operation:  # noqa: ARG002 - as the others
        if unix:
            raise NotImplementedError
        get = self.kept.get
        return lambda: get(key)

    def set(self, key: str, value: bytes, *, unix: bool = False) -> Operation:
        if unix:
            raise NotImplementedError
        put = self.kept.set
        return lambda: put(key, value)

    def pipeline(self, key: str, count: int) -> Operation:
        make, execute = self.module.Batch, self.kept.exec

        def run() -> None:
            batch = make(is_atomic=False)
            for _ in range(count):
                batch.get(key)
            execute(batch, raise_on_error=True)

        return run

    def collection(self, kind: str) -> Operation:
        client = self.kept
        if kind == "LRANGE":
            return lambda: client.lrange("list", 0, -1)
        if kind == "HGETALL":
            return lambda: client.hgetall("hash")
        if kind == "SMEMBERS":
            return lambda: client.smembers("set")
        if kind == "MGET":
            keys = [f"key:{number}" for number in range(1000)]
            return lambda: client.mget(keys)
        by_index = self.module.RangeByIndex(0, -1)
        return lambda: client.zrange_withscores("zset", by_index)

    def messages(self, channel: str) -> Iterator[Any]:
        kind = self.module.GlideClientConfiguration
        modes = kind.PubSubChannelModes
        wanted = kind.PubSubSubscriptions({modes.Exact: {channel}}, callback=None, context=None)
        client = self.client(pubsub_subscriptions=wanted)
        yield None  # it is subscribed already
        while True:
            yield client.get_pubsub_message()

    def connect(self) -> Operation:
        def connect_and_ping() -> None:
            client = self.client()
            client.ping()
            client.close()

        return connect_and_ping

    def hold(self, count: int) -> list[Any]:
        """It has one connection: so many clients."""
        clients = [self.client() for _ in range(count)]
        for client in clients:
            client.ping()
        return clients

    def discover(self) -> Operation:
        raise NotImplementedError
