"""The pub/sub commands that are ordinary requests."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from syncredis.commands.types import ChannelSubscribers
from syncredis.testing import ServerProcess


@pytest.fixture
def subscribe(server: ServerProcess) -> Iterator[Callable[..., Any]]:
    """Subscribes, on a connection of its own for each call; returns a file to read what comes from."""
    with ExitStack() as stack:

        def subscribe(kind: str, *names: str) -> Any:
            connection = stack.enter_context(socket.create_connection(server.location, 10))
            stream = stack.enter_context(connection.makefile("rb"))
            connection.sendall(f"{kind} {' '.join(names)}\r\n".encode())
            for number, name in enumerate(names, 1):
                assert read_array(stream) == [kind.lower().encode(), name.encode(), number]
            return stream

        yield subscribe


def read_array(stream: Any) -> list[Any]:
    """Read an array of strings and numbers, as RESP2 has it."""
    elements = []
    for _ in range(int(stream.readline()[1:])):
        header = stream.readline()
        number = int(header[1:])
        elements.append(number if header[:1] == b":" else stream.read(number + 2)[:-2])
    return elements


def test_publish_tells_how_many_received_it(client: Any, subscribe: Callable[..., Any]) -> None:
    assert client.publish("news", "nobody") == 0
    first, second = subscribe("SUBSCRIBE", "news"), subscribe("PSUBSCRIBE", "n*")
    assert client.publish("news", "one") == 2
    assert read_array(first) == [b"message", b"news", b"one"]
    assert read_array(second) == [b"pmessage", b"n*", b"news", b"one"]
    assert client.publish(b"news", 2) == 2
    assert read_array(first) == [b"message", b"news", b"2"]


def test_channels_with_subscribers(client: Any, raw: Any, subscribe: Callable[..., Any]) -> None:
    assert client.pubsub_channels() == []
    subscribe("SUBSCRIBE", "news", "sports")
    subscribe("PSUBSCRIBE", "w*")
    assert set(client.pubsub_channels()) == {"news", "sports"}
    assert client.pubsub_channels("n*") == ["news"]
    assert raw.pubsub_channels("s*") == [b"sports"]


def test_number_of_subscribers(client: Any, raw: Any, subscribe: Callable[..., Any]) -> None:
    subscribe("SUBSCRIBE", "news", "sports")
    subscribe("SUBSCRIBE", "news")
    subscribe("PSUBSCRIBE", "n*")
    found = client.pubsub_numsub("news", "sports", "none")
    assert found == [("news", 2), ("sports", 1), ("none", 0)]
    assert found[0] == ChannelSubscribers(channel="news", subscribers=2)
    assert raw.pubsub_numsub("news") == [ChannelSubscribers(b"news", 2)]
    assert client.pubsub_numsub() == []


def test_number_of_patterns(client: Any, subscribe: Callable[..., Any]) -> None:
    assert client.pubsub_numpat() == 0
    subscribe("PSUBSCRIBE", "n*", "s*")
    subscribe("PSUBSCRIBE", "n*")
    assert client.pubsub_numpat() == 2


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_shard_channels(client: Any, raw: Any, subscribe: Callable[..., Any]) -> None:
    assert client.spublish("news", "nobody") == 0
    assert client.pubsub_shardchannels() == []
    stream = subscribe("SSUBSCRIBE", "news", "sports")
    assert client.spublish("news", "one") == 1
    assert read_array(stream) == [b"smessage", b"news", b"one"]
    assert set(client.pubsub_shardchannels()) == {"news", "sports"}
    assert raw.pubsub_shardchannels("s*") == [b"sports"]
    assert client.pubsub_shardnumsub("news", "none") == [ChannelSubscribers("news", 1), ChannelSubscribers("none", 0)]
    assert raw.pubsub_shardnumsub("news") == [ChannelSubscribers(b"news", 1)]
    assert client.pubsub_channels() == []
