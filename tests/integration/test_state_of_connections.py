"""Nothing that one caller does to a connection reaches the next one: watches, half-read replies, raw commands."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from syncredis import NO_RETRY, Redis
from syncredis.exceptions import DataError, OutcomeUnknownError, ReadOnlyError, ResponseError, TimeoutError
from syncredis.stream import GroupConsumer
from syncredis.testing import ServerProcess


@pytest.fixture
def one_server(servers: dict[str, ServerProcess]) -> ServerProcess:
    server = next(iter(servers.values()))
    server.execute_command("FLUSHALL")
    return server


def test_a_watch_ends_with_a_transaction_that_could_not_be_sent(client: Any) -> None:
    with client.pipeline() as pipeline:
        pipeline.watch("k")
        pipeline.set("k", None)
        with pytest.raises(DataError):
            pipeline.execute()
    client.set("k", "changed")
    other = client.pipeline()
    other.set("n", 1)
    assert other.execute() == [True]


def test_reading_goes_on_after_a_timeout_but_not_on_the_same_connection(one_server: ServerProcess) -> None:
    with Redis(*one_server.location, stream_timeout=0.2, retry_policy=NO_RETRY) as client:
        client.mset({"a": "A", "b": "B"})
        with client.pipeline() as pipeline:
            now = pipeline.watch("a")
            one_server.freeze()
            with pytest.raises(TimeoutError):
                now.get("a")
            one_server.thaw()
            with pytest.raises(ConnectionError, match="earlier call"):
                now.get("b")
        assert client.mget("a", "b") == ["A", "B"]


def test_a_write_among_what_is_read_may_be_unknown(one_server: ServerProcess) -> None:
    with Redis(*one_server.location, stream_timeout=0.2) as client, client.pipeline() as pipeline:
        now = pipeline.watch("n")
        one_server.freeze()
        try:
            with pytest.raises(OutcomeUnknownError):
                now.incr("n")
        finally:
            one_server.thaw()


@pytest.mark.parametrize(
    "words",
    [
        ("MULTI",),
        ("SELECT", 3),
        (b"monitor",),
        ("SUBSCRIBE", "c"),
        ("CLIENT", "REPLY", "OFF"),
        ("HELLO", 2),
        ("AUTH", "pw"),
        ("RESET",),
        ("WATCH", "k"),
    ],
)
def test_raw_commands_that_change_a_connection_are_refused(client: Any, words: tuple[Any, ...]) -> None:
    with pytest.raises(DataError, match="would change a connection"):
        client.execute_command(*words)
    with pytest.raises(DataError, match="would change a connection"):
        client.pipeline().execute_command(*words)
    assert client.execute_command("HELLO")


def test_a_script_that_speaks_like_a_server_is_not_repeated(client: Any) -> None:
    script = "redis.call('INCR', 'n') return redis.error_reply('READONLY for maintenance')"
    with pytest.raises(ReadOnlyError) as raised:
        client.eval(script, 0)
    assert not raised.value.not_applied
    assert client.get("n") == "1"
    pipeline = client.pipeline()
    pipeline.eval(script, 0)
    with pytest.raises(ReadOnlyError):
        pipeline.execute()
    assert client.get("n") == "2"


def test_the_error_of_a_script_does_not_prove_that_it_did_nothing(client: Any) -> None:
    client.set("text", "x")
    with pytest.raises(ResponseError, match="WRONGTYPE") as raised:
        client.eval("redis.call('INCR', 'm') return redis.call('LPUSH', 'text', 1)", 0)
    assert not raised.value.not_applied
    assert client.get("m") == "1"


def test_closing_the_client_ends_a_consumer(one_server: ServerProcess) -> None:
    client = Redis(*one_server.location)
    ended: list[BaseException] = []
    consumer = GroupConsumer(client, ["a"], "group", "one")
    assert consumer.get_message() is None

    def consume() -> None:
        try:
            consumer.get_message(timeout=None)
        except ConnectionError as error:
            ended.append(error)

    thread = threading.Thread(target=consume)
    thread.start()
    while "blocked_clients:0" in one_server.execute_command("INFO", "clients"):
        pass
    client.close()
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(ended[0], OutcomeUnknownError)


def test_closing_the_client_ends_a_subscription(one_server: ServerProcess) -> None:
    client = Redis(*one_server.location)
    pubsub = client.pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe("news")
    ended: list[BaseException] = []

    def listen() -> None:
        try:
            list(pubsub)
        except ConnectionError as error:
            ended.append(error)

    thread = threading.Thread(target=listen)
    thread.start()
    while client.pubsub_numsub("news")[0][1] == 0:
        pass
    client.close()
    thread.join(10)
    assert not thread.is_alive()
    assert "closed" in str(ended[0])
    pubsub.close()
