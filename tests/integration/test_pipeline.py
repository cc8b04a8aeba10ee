"""Pipelines and transactions, on every server, protocol and surface."""

from __future__ import annotations

from itertools import count
from typing import Any

import anyio
import pytest

from syncredis import Redis
from syncredis.aio import Redis as AsyncRedis
from syncredis.exceptions import (
    DataError,
    DecodeError,
    ExecAbortError,
    OutcomeUnknownError,
    PipelineError,
    ResponseError,
    WatchError,
    WrongTypeError,
)
from syncredis.testing import ServerProcess


@pytest.fixture(params=[True, False], ids=["transaction", "plain"])
def transaction(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_results_come_decoded_and_in_order(client: Any, transaction: bool) -> None:
    pipeline = client.pipeline(transaction)
    set_result = pipeline.set("k", "v")
    pipeline.incr("n")
    pipeline.hset("h", mapping={"a": 1})
    hash_result = pipeline.hgetall("h")
    pipeline.zadd("z", {"m": 1.5})
    pipeline.zrange("z", 0, -1, withscores=True)
    pipeline.get("missing")
    assert len(pipeline) == 7
    assert pipeline.execute() == [True, 1, 1, {"a": "1"}, 1, [("m", 1.5)], None]
    assert set_result.value is True
    assert hash_result.value == {"a": "1"}
    assert len(pipeline) == 0


def test_bytes(raw: Any, transaction: bool) -> None:
    pipeline = raw.pipeline(transaction)
    pipeline.set("k", b"\xff")
    pipeline.get("k")
    pipeline.config_get("maxmemory")
    assert pipeline.execute() == [True, b"\xff", {"maxmemory": "0"}]


def test_an_empty_one_sends_nothing(client: Any, transaction: bool) -> None:
    assert client.pipeline(transaction).execute() == []


def test_it_may_be_used_again(client: Any, transaction: bool) -> None:
    pipeline = client.pipeline(transaction)
    pipeline.incr("n")
    assert pipeline.execute() == [1]
    pipeline.incr("n")
    assert pipeline.execute() == [2]


def test_leaving_it_sends_nothing(client: Any) -> None:
    with client.pipeline() as pipeline:
        pipeline.set("k", "v")
    assert client.exists("k") == 0


def test_the_rest_is_carried_out_after_an_error(client: Any, transaction: bool) -> None:
    client.set("text", "no number")
    pipeline = client.pipeline(transaction)
    pipeline.set("a", 1)
    failed = pipeline.lpush("text", 1)
    pipeline.set("b", 2)
    with pytest.raises(WrongTypeError) as raised:
        pipeline.execute()
    assert raised.value.__notes__ == ["This was command 1 of the pipeline, LPUSH."]
    assert isinstance(failed.error, WrongTypeError)
    with pytest.raises(WrongTypeError):
        _ = failed.value
    assert client.mget("a", "b") == ["1", "2"]


def test_errors_in_place_of_replies(client: Any, transaction: bool) -> None:
    pipeline = client.pipeline(transaction)
    pipeline.set("a", "x")
    pipeline.incr("a")
    pipeline.get("a")
    first, second, third = pipeline.execute(raise_on_error=False)
    assert (first, third) == (True, "x")
    assert isinstance(second, ResponseError)


def test_a_transaction_that_can_not_be_queued_is_given_up(client: Any) -> None:
    pipeline = client.pipeline()
    pipeline.set("a", 1)
    pipeline.execute_command("NO-SUCH-COMMAND")
    first, second = pipeline.execute(raise_on_error=False)
    assert isinstance(first, ExecAbortError)
    assert "NO-SUCH-COMMAND" in str(second)
    assert client.exists("a") == 0


def test_text_that_can_not_be_decoded_takes_no_other_reply_with_it(client: Any, raw: Any, transaction: bool) -> None:
    raw.set("binary", b"\xff")
    client.set("text", "ä")
    pipeline = client.pipeline(transaction)
    pipeline.get("text")
    pipeline.get("binary")
    pipeline.dump("text")
    pipeline.get("text")
    first, second, third, fourth = pipeline.execute(raise_on_error=False)
    assert (first, fourth) == ("ä", "ä")
    assert isinstance(second, DecodeError)
    assert isinstance(third, bytes)


def test_bad_arguments_raise_before_anything_is_sent(client: Any, transaction: bool) -> None:
    pipeline = client.pipeline(transaction)
    pipeline.set("a", 1)
    pipeline.set("b", None)
    with pytest.raises(DataError, match="argument 2 of SET is None"):
        pipeline.execute()
    assert client.exists("a") == 0
    assert client.ping()


def test_a_result_before_it_is_there(client: Any) -> None:
    result = client.pipeline().get("k")
    with pytest.raises(PipelineError, match="GET was queued"):
        _ = result.value
    assert "not executed yet" in repr(result)


def test_many_commands_with_large_replies(client: Any, transaction: bool) -> None:
    value = "x" * 20_000
    client.set("k", value)
    pipeline = client.pipeline(transaction)
    for number in range(1_000):
        pipeline.get("k")
        pipeline.set(f"k:{number}", value)
    replies = pipeline.execute()
    assert replies == [value, True] * 1_000


def test_iterate_takes_commands_as_they_are_needed(client: Any) -> None:
    taken = count()

    def commands() -> Any:
        for number in range(2_500):
            next(taken)
            yield client.record.set(f"k:{number}", number) if number % 2 else client.record.get("missing")

    replies = list(client.pipeline(transaction=False).iterate(commands(), chunk_size=100))
    assert replies == [None, True] * 1_250
    assert next(taken) == 2_500
    assert client.dbsize() == 1_250


def test_iterate_raises_the_error_of_a_command(client: Any) -> None:
    client.set("text", "x")
    commands = [client.record.get("text"), client.record.incr("text")]
    with pytest.raises(ResponseError, match="not an integer"):
        list(client.pipeline(transaction=False).iterate(commands))


def test_iterate_is_not_for_transactions(client: Any) -> None:
    with pytest.raises(PipelineError, match="transaction=False"):
        list(client.pipeline().iterate([client.record.get("k")]))


def test_watch_lets_the_transaction_through_if_nothing_changed(client: Any) -> None:
    client.set("n", 5)
    with client.pipeline() as pipeline:
        now = pipeline.watch("n")
        pipeline.set("n", int(now.get("n")) + 1)
        assert pipeline.execute() == [True]
    assert client.get("n") == "6"


def test_watch_stops_it_if_something_changed(client: Any) -> None:
    client.set("n", 5)
    with client.pipeline() as pipeline:
        now = pipeline.watch("n")
        assert now.get("n") == "5"
        client.set("n", 7)
        pipeline.set("n", 6)
        with pytest.raises(WatchError, match="was changed"):
            pipeline.execute()
    assert client.get("n") == "7"


def test_leaving_stops_watching(client: Any) -> None:
    with client.pipeline() as pipeline:
        pipeline.watch("n")
    client.set("n", 1)
    pipeline.incr("n")
    assert pipeline.execute() == [2]


def test_a_watch_whose_connection_broke_is_lost(client: Any) -> None:
    with client.pipeline() as pipeline:
        now = pipeline.watch("n")
        client.execute_command("CLIENT", "KILL", "ID", now.client_id())
        pipeline.set("n", 1)
        with pytest.raises(WatchError, match="broke"):
            pipeline.execute()
    assert client.exists("n") == 0


def test_watch_needs_a_transaction_and_a_key(client: Any) -> None:
    with pytest.raises(PipelineError, match="transaction=True"):
        client.pipeline(transaction=False).watch("k")
    with pytest.raises(PipelineError, match="at least one key"):
        client.pipeline().watch()


def test_transaction_begins_again_until_nothing_changed(servers: dict[str, ServerProcess]) -> None:
    server = next(iter(servers.values()))
    with Redis(*server.location) as client:
        client.set("n", 0)
        attempts = count(1)

        def increment(pipeline: Any, now: Any) -> Any:
            value = int(now.get("n"))
            if next(attempts) < 3:
                client.set("n", value + 10)
            return pipeline.set("n", value + 1)

        assert client.transaction(increment, "n").value is True
        assert client.get("n") == "21"
        assert next(attempts) == 4


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_transaction_on_the_facade(servers: dict[str, ServerProcess], backend: str) -> None:
    server = next(iter(servers.values()))

    async def main() -> None:
        async with AsyncRedis(*server.location) as client:
            await client.set("n", 0)
            attempts = count(1)

            async def increment(pipeline: Any, now: Any) -> Any:
                value = int(await now.get("n"))
                if next(attempts) < 3:
                    await client.set("n", value + 10)
                return pipeline.set("n", value + 1)

            assert (await client.transaction(increment, "n")).value is True
            assert await client.get("n") == "21"

    anyio.run(main, backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_watch_gives_its_connection_back(servers: dict[str, ServerProcess], backend: str) -> None:
    server = next(iter(servers.values()))

    async def main() -> None:
        async with AsyncRedis(*server.location, max_connections=1) as client:
            with anyio.move_on_after(0.1) as scope:
                async with client.pipeline() as pipeline:
                    now = await pipeline.watch("n")
                    await now.blpop("nothing", 0)
            assert scope.cancelled_caught
            assert await client.ping()

    anyio.run(main, backend=backend)


def test_a_transaction_that_lost_its_connection_is_unknown_not_repeated(servers: dict[str, ServerProcess]) -> None:
    server = next(iter(servers.values()))
    with Redis(*server.location, stream_timeout=0.2) as client:
        client.delete("n")
        pipeline = client.pipeline()
        pipeline.incr("n")
        client.ping()
        server.freeze()
        try:
            with pytest.raises(OutcomeUnknownError, match="a transaction of 1 commands"):
                pipeline.execute()
        finally:
            server.thaw()
        assert client.get("n") in (None, "1")
