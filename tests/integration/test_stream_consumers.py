"""Consumers of streams, alone and in groups, on every server, protocol and surface."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import anyio
import pytest

from syncredis import Redis
from syncredis.aio import Redis as AsyncRedis
from syncredis.aio.stream import Consumer as AsyncConsumer
from syncredis.aio.stream import GroupConsumer as AsyncGroupConsumer
from syncredis.exceptions import ConnectionError, DataError, OutcomeUnknownError, ResponseError
from syncredis.stream import Consumer, GroupConsumer, StreamMessage
from syncredis.testing import ServerProcess
from tests.fixtures.surfaces import Face, Surface


def consumer(client: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(client, Face):
        return client.joined(AsyncConsumer, *args, **kwargs)
    return Consumer(client, *args, **kwargs)


def group_consumer(client: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(client, Face):
        return client.joined(AsyncGroupConsumer, *args, **kwargs)
    return GroupConsumer(client, *args, **kwargs)


def numbers(messages: list[StreamMessage[str] | None]) -> list[str | None]:
    return [message and message.fields.get("n") for message in messages]


def take(source: Any, count: int) -> list[str | None]:
    return numbers([source.get_message(timeout=10) for _ in range(count)])


def test_entries_come_in_order_from_several_streams(client: Any) -> None:
    for number in range(5):
        client.xadd("a", {"n": f"a{number}"})
        client.xadd("b", {"n": f"b{number}"})
    source = consumer(client, {"a": "0", "b": "0"}, count=2)
    taken = [source.get_message() for _ in range(10)]
    assert [n for n in numbers(taken) if n and n.startswith("a")] == ["a0", "a1", "a2", "a3", "a4"]
    assert [n for n in numbers(taken) if n and n.startswith("b")] == ["b0", "b1", "b2", "b3", "b4"]
    assert {message.stream for message in taken} == {"a", "b"}
    assert source.get_message() is None


def test_bytes(raw: Any) -> None:
    entry_id = raw.xadd("a", {"n": b"\xff"})
    source = consumer(raw, {b"a": "0"})
    assert source.get_message() == StreamMessage(b"a", entry_id, {b"n": b"\xff"})


def test_keys_alone_mean_from_now_on(client: Any) -> None:
    client.xadd("a", {"n": "old"})
    source = consumer(client, ["a", "new"])
    assert source.get_message() is None
    client.xadd("a", {"n": "1"})
    client.xadd("new", {"n": "2"})
    assert sorted(n or "" for n in take(source, 2)) == ["1", "2"]
    # Nothing is missed between two calls.
    client.xadd("a", {"n": "3"})
    assert take(source, 1) == ["3"]


def test_waiting_for_an_entry(client: Any, server: ServerProcess) -> None:
    source = consumer(client, ["a"])
    assert source.get_message(timeout=0.02) is None
    with Redis(*server.location) as other:
        later = threading.Timer(0.1, other.xadd, ("a", {"n": "1"}))
        later.start()
        assert take(source, 1) == ["1"]
        later.join()


@pytest.mark.parametrize("streams", [[], {}, "a", b"a"])
def test_streams_have_to_be_several(client: Any, streams: Any) -> None:
    with pytest.raises(DataError, match="streams must be"):
        consumer(client, streams)


def test_a_group_shares_the_entries(client: Any) -> None:
    one = group_consumer(client, ["a"], "group", "one", count=1)
    two = group_consumer(client, ["a"], "group", "two", count=1)
    for number in range(4):
        client.xadd("a", {"n": number})
    first, second = one.get_message(), two.get_message()
    assert numbers([first, second]) == ["0", "1"]
    assert one.acknowledge(first) is True
    assert one.acknowledge(first) is False
    assert client.xpending("a", "group")["pending"] == 1
    assert take(one, 1) == ["2"]
    assert take(two, 1) == ["3"]


def test_a_group_that_exists_is_taken_as_it_is(client: Any) -> None:
    client.xadd("a", {"n": "old"})
    client.xgroup_create("a", "group", "$")
    source = group_consumer(client, ["a"], "group", "one")
    assert source.get_message() is None
    client.xadd("a", {"n": "new"})
    assert take(source, 1) == ["new"]


def test_a_group_that_does_not_exist_may_be_an_error(client: Any) -> None:
    source = group_consumer(client, ["a"], "group", "one", create_from=None)
    with pytest.raises(ResponseError, match="NOGROUP"):
        source.get_message()


def test_what_was_not_acknowledged_comes_again(client: Any) -> None:
    for number in range(5):
        client.xadd("a", {"n": number})
    before = group_consumer(client, ["a"], "group", "one", count=2)
    messages = [before.get_message() for _ in range(3)]
    before.acknowledge(messages[1])
    again = group_consumer(client, ["a"], "group", "one", count=2)
    # 3 was fetched with 2, and not handed out: it is pending, too.
    assert take(again, 4) == ["0", "2", "3", "4"]
    assert again.get_message() is None


def test_pending_entries_that_were_deleted_are_left_out(client: Any) -> None:
    for number in range(3):
        client.xadd("a", {"n": number})
    before = group_consumer(client, ["a"], "group", "one", count=1)
    messages = [before.get_message() for _ in range(2)]
    client.xdel("a", messages[0].id)
    assert take(group_consumer(client, ["a"], "group", "one", count=1), 2) == ["1", "2"]


def test_automatic_acknowledgement_comes_after_the_work(client: Any) -> None:
    for number in range(3):
        client.xadd("a", {"n": number})
    with group_consumer(client, ["a"], "group", "one", count=1, auto_acknowledge=True) as source:
        assert take(source, 1) == ["0"]
        assert client.xpending("a", "group")["pending"] == 1
        assert take(source, 1) == ["1"]
        assert client.xpending("a", "group")["pending"] == 1
    assert client.xpending("a", "group")["pending"] == 0


def test_an_error_in_the_work_leaves_the_entry_pending(client: Any) -> None:
    client.xadd("a", {"n": 0})
    source = group_consumer(client, ["a"], "group", "one", auto_acknowledge=True)
    with suppress(RuntimeError), source:
        assert take(source, 1) == ["0"]
        raise RuntimeError("the work failed")
    assert client.xpending("a", "group")["pending"] == 1


def test_entries_of_a_dead_consumer_are_taken_over(client: Any) -> None:
    for number in range(3):
        client.xadd("a", {"n": number})
    dead = group_consumer(client, ["a"], "group", "dead")
    assert take(dead, 1) == ["0"]
    source = group_consumer(client, ["a"], "group", "alive", reclaim_after=0.05)
    client.xadd("a", {"n": "new"})
    # The new one may come before those of the dead are old enough.
    assert sorted(n or "" for n in take(source, 4)) == ["0", "1", "2", "new"]
    pending = client.xpending("a", "group")
    assert [entry["name"] for entry in pending["consumers"]] == ["alive"]


def test_a_lost_reply_loses_no_entry(client: Any, server: ServerProcess, surface: Surface, protocol: int) -> None:
    """The connection is cut while the server delivers: what it delivered is pending, and is fetched again."""
    with surface.Redis(*server.location, protocol=protocol, client_name="reader", max_connections=2) as reader:
        source = group_consumer(reader, ["a"], "group", "one")
        assert source.get_message() is None
        for number in range(3):
            client.xadd("a", {"n": number})
        # As if the reply had been lost: delivered behind the consumer's back.
        client.xreadgroup("group", "one", {"a": ">"})
        killer = threading.Timer(0.1, _kill, (server, "reader"))
        killer.start()
        assert take(source, 3) == ["0", "1", "2"]
        killer.join()


def test_a_lost_reply_with_pending_entries_loses_none(server: ServerProcess) -> None:
    """The connection breaks again, while what was pending is fetched."""

    class Lossy(Redis[str]):
        """The first reply to the question for what is pending gets lost."""

        lost = False

        def execute(self, command: Any) -> Any:
            reply = super().execute(command)
            if command.arguments[0] == "XREADGROUP" and ">" not in command.arguments and not self.lost:
                self.lost = True
                raise OutcomeUnknownError("XREADGROUP was sent, but no reply came") from ConnectionError("lost")
            return reply

    with Lossy(*server.location) as lossy:
        for number in range(3):
            lossy.xadd("a", {"n": number})
        lossy.xgroup_create("a", "group", "0")
        lossy.xreadgroup("group", "one", {"a": ">"}, count=2)
        assert take(GroupConsumer(lossy, ["a"], "group", "one"), 3) == ["0", "1", "2"]
        assert lossy.lost


def _kill(server: ServerProcess, name: str) -> None:
    with Redis(*server.location) as admin:
        for each in admin.client_list():
            if each["name"] == name:
                admin.client_kill_filter(_id=each["id"])


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelling_a_wait_loses_no_entry(servers: dict[str, ServerProcess], backend: str) -> None:
    server = next(iter(servers.values()))

    async def main() -> None:
        async with AsyncRedis(*server.location) as client:
            await client.flushall()
            source = AsyncConsumer(client, ["a"])
            assert await source.get_message() is None
            for number in range(5):
                with anyio.move_on_after(0.02):
                    await source.get_message(None)
                await client.xadd("a", {"n": number})
                message = await source.get_message(10)
                assert message is not None
                assert message.fields == {"n": str(number)}

    anyio.run(main, backend=backend)


def test_iterating(servers: dict[str, ServerProcess]) -> None:
    server = next(iter(servers.values()))
    with Redis(*server.location) as client:
        client.flushall()
        for number in range(5):
            client.xadd("a", {"n": number})
        taken = []
        for message in Consumer(client, {"a": "0"}, count=2):
            taken.append(message.fields["n"])
            if len(taken) == 5:
                break
        for message in GroupConsumer(client, ["a"], "group", "one", auto_acknowledge=True):
            taken.append(message.fields["n"])
            if len(taken) == 10:
                break
    assert taken == ["0", "1", "2", "3", "4"] * 2


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_iterating_on_the_facade(servers: dict[str, ServerProcess], backend: str) -> None:
    server = next(iter(servers.values()))
    taken = []

    async def main() -> None:
        async with AsyncRedis(*server.location) as client:
            await client.flushall()
            for number in range(3):
                await client.xadd("a", {"n": number})
            async for message in AsyncConsumer(client, {"a": "0"}):
                taken.append(message.fields["n"])
                if len(taken) == 3:
                    break
            async for grouped in AsyncGroupConsumer(client, ["a"], "group", "one", auto_acknowledge=True):
                taken.append(grouped.fields["n"])
                if len(taken) == 6:
                    break

    anyio.run(main, backend=backend)
    assert taken == ["0", "1", "2"] * 2
