"""Subscriptions, on every server, protocol and surface."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from syncredis import Redis
from syncredis.aio import Redis as AsyncRedis
from syncredis.exceptions import PubSubError, ResponseError
from syncredis.pubsub import Message
from syncredis.testing import ServerProcess
from syncredis.transport import RECEIVE_SIZE
from tests.fixtures.surfaces import Surface
from tests.fixtures.tls import Certificates, TLSServers


def confirmed(pubsub: Any, *kinds: str) -> None:
    """Take the confirmations that are due."""
    for kind in kinds:
        message = pubsub.get_message(timeout=10)
        assert message is not None
        assert message.type == kind


def test_messages_of_a_channel(client: Any) -> None:
    with client.pubsub() as pubsub:
        pubsub.subscribe("news", b"sport")
        assert pubsub.get_message(timeout=10) == Message("subscribe", "news", 1)
        assert pubsub.get_message(timeout=10) == Message("subscribe", "sport", 2)
        assert client.publish("news", "hello") == 1
        assert pubsub.get_message(timeout=10) == Message("message", "news", "hello")
        assert client.publish("elsewhere", "x") == 0
        assert pubsub.get_message() is None
        pubsub.unsubscribe("news")
        assert pubsub.get_message(timeout=10) == Message("unsubscribe", "news", 1)
        assert client.publish("news", "nobody") == 0
        assert pubsub.subscribed
        pubsub.unsubscribe()
        confirmed(pubsub, "unsubscribe")
        assert not pubsub.subscribed


def test_bytes(raw: Any) -> None:
    with raw.pubsub() as pubsub:
        pubsub.subscribe("news")
        confirmed(pubsub, "subscribe")
        raw.publish("news", b"\xff")
        assert pubsub.get_message(timeout=10) == Message("message", b"news", b"\xff")


def test_messages_of_a_pattern(client: Any) -> None:
    with client.pubsub(ignore_subscribe_messages=True) as pubsub:
        pubsub.psubscribe("news.*")
        assert pubsub.get_message(timeout=0.05) is None
        client.publish("news.local", "hello")
        assert pubsub.get_message(timeout=10) == Message("pmessage", "news.local", "hello", "news.*")
        pubsub.punsubscribe("news.*")


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_messages_of_a_shard_channel(client: Any) -> None:
    with client.pubsub() as pubsub:
        pubsub.ssubscribe("shard")
        confirmed(pubsub, "ssubscribe")
        client.spublish("shard", "hello")
        assert pubsub.get_message(timeout=10) == Message("smessage", "shard", "hello")
        pubsub.sunsubscribe("shard")
        confirmed(pubsub, "sunsubscribe")


def test_handlers(client: Any) -> None:
    taken: list[Message[str]] = []
    with client.pubsub(ignore_subscribe_messages=True) as pubsub:
        pubsub.subscribe("plain", handled=taken.append)
        pubsub.psubscribe(**{"pattern.*": taken.append})
        client.publish("handled", "1")
        client.publish("pattern.x", "2")
        client.publish("plain", "3")
        # A pattern's message comes beside the others, but in order on one connection.
        assert pubsub.get_message(timeout=10) == Message("message", "plain", "3")
    assert taken == [Message("message", "handled", "1"), Message("pmessage", "pattern.x", "2", "pattern.*")]


def test_many_messages_arrive_in_order(client: Any) -> None:
    with client.pubsub(ignore_subscribe_messages=True) as pubsub:
        pubsub.subscribe("numbers")
        assert pubsub.get_message(timeout=0.05) is None
        pipeline = client.pipeline(transaction=False)
        for number in range(2_000):
            pipeline.publish("numbers", number)
        pipeline.execute()
        assert [int(pubsub.get_message(timeout=10).data) for _ in range(2_000)] == list(range(2_000))


def arrived(pubsub: Any) -> int:
    """How many messages the client holds that nobody has taken."""
    pubsub = getattr(pubsub, "facade", pubsub)
    return len(getattr(pubsub, "wrapped", pubsub)._arrived)


def is_bounded(client: Any) -> None:
    """Check that messages which nobody takes stay with the server and the network, all but a few."""
    number, size = 800, 1_000
    with client.pubsub(ignore_subscribe_messages=True) as pubsub:
        pubsub.subscribe("flood")
        assert pubsub.get_message(timeout=0.05) is None
        pipeline = client.pipeline(transaction=False)
        for count in range(number):
            pipeline.publish("flood", f"{count:0{size}}")
        assert pipeline.execute() == [1] * number
        for count in range(number):
            assert int(pubsub.get_message(timeout=20).data) == count
            assert arrived(pubsub) <= 2 * RECEIVE_SIZE // size


def test_messages_that_nobody_takes_are_not_hoarded(surface: Surface, one_server: ServerProcess) -> None:
    with surface.Redis(*one_server.location) as client:
        is_bounded(client)


def test_encrypted_messages_that_nobody_takes_are_not_hoarded(
    surface: Surface, tls_servers: TLSServers, certificates: Certificates
) -> None:
    server = tls_servers.get(certificates.server)
    with surface.Redis(*server.location, ssl=True, ssl_ca_certs=certificates.authority) as client:
        is_bounded(client)


def test_ping(client: Any) -> None:
    with client.pubsub() as pubsub:
        pubsub.subscribe("news")
        confirmed(pubsub, "subscribe")
        pubsub.ping("are you there")
        assert pubsub.get_message(timeout=10) == Message("pong", None, "are you there")
        pubsub.ping()
        assert pubsub.get_message(timeout=10) == Message("pong", None, "")


def test_a_lost_connection_is_made_anew_and_the_gap_is_told(client: Any) -> None:
    with client.pubsub() as pubsub:
        pubsub.subscribe("news")
        pubsub.psubscribe("sport.*")
        confirmed(pubsub, "subscribe", "psubscribe")
        client.execute_command("CLIENT", "KILL", "TYPE", "PUBSUB")
        confirmed(pubsub, "gap", "subscribe", "psubscribe")
        client.publish("sport.x", "again")
        assert pubsub.get_message(timeout=10) == Message("pmessage", "sport.x", "again", "sport.*")


def test_without_a_subscription(client: Any) -> None:
    with client.pubsub() as pubsub:
        with pytest.raises(PubSubError, match="nothing is subscribed to"):
            pubsub.get_message()
        with pytest.raises(PubSubError, match="at least one"):
            pubsub.subscribe()
        with pytest.raises(PubSubError, match="nothing is subscribed to"):
            pubsub.ping()


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_a_refused_subscription_is_told(client: Any, server: ServerProcess, surface: Any, protocol: int) -> None:
    server.execute_command("ACL", "SETUSER", "narrow", "on", ">pw", "allcommands", "resetchannels", "&mine")
    narrow = surface.Redis(*server.location, username="narrow", password="pw", protocol=protocol)
    with narrow, narrow.pubsub() as pubsub:
        pubsub.subscribe("theirs")
        with pytest.raises(ResponseError, match="NOPERM"):
            pubsub.get_message(timeout=10)
    server.execute_command("ACL", "DELUSER", "narrow")


def test_it_may_be_used_again_after_closing(client: Any) -> None:
    pubsub = client.pubsub()
    for _ in range(2):
        pubsub.subscribe("news")
        confirmed(pubsub, "subscribe")
        pubsub.close()
    assert not pubsub.subscribed


@pytest.fixture
def one_server(servers: dict[str, ServerProcess]) -> ServerProcess:
    return next(iter(servers.values()))


def test_a_thread_calls_the_handlers(one_server: ServerProcess) -> None:
    arrived = threading.Semaphore(0)
    taken: list[str] = []

    def handler(message: Message[str]) -> None:
        taken.append(str(message.data))
        arrived.release()

    with Redis(*one_server.location) as client:
        pubsub = client.pubsub()
        pubsub.subscribe(news=handler)
        thread = pubsub.run_in_thread(daemon=True)
        while client.publish("news", "first") == 0:
            pass
        assert arrived.acquire(timeout=10)
        pubsub.subscribe(sport=handler)
        while client.publish("sport", "second") == 0:
            pass
        assert arrived.acquire(timeout=10)
        thread.stop()
        thread.join(10)
        assert not thread.is_alive()
    assert taken == ["first", "second"]


def test_a_thread_needs_handlers(one_server: ServerProcess) -> None:
    with Redis(*one_server.location) as client, client.pubsub() as pubsub:
        pubsub.subscribe("news")
        with pytest.raises(PubSubError, match="needs a handler"):
            pubsub.run_in_thread()


def test_the_exception_handler_of_a_thread(one_server: ServerProcess) -> None:
    failures: list[BaseException] = []
    failed = threading.Event()

    def handler(message: Message[str]) -> None:
        raise ValueError(message.data)

    def on_failure(error: BaseException, pubsub: Any) -> None:
        failures.append(error)
        failed.set()

    with Redis(*one_server.location) as client:
        pubsub = client.pubsub()
        pubsub.subscribe(news=handler)
        thread = pubsub.run_in_thread(exception_handler=on_failure)
        while client.publish("news", "bad") == 0:
            pass
        assert failed.wait(10)
        assert thread.is_alive()
        thread.stop()
        thread.join(10)
    assert isinstance(failures[0], ValueError)


def test_iterating_ends_when_it_is_closed(one_server: ServerProcess) -> None:
    taken: list[Any] = []
    first = threading.Event()

    with Redis(*one_server.location) as client:
        pubsub = client.pubsub(ignore_subscribe_messages=True)
        pubsub.subscribe("news")

        def iterate() -> None:
            for message in pubsub:
                taken.append(message.data)
                first.set()

        thread = threading.Thread(target=iterate)
        thread.start()
        while client.publish("news", "one") == 0:
            pass
        assert first.wait(10)
        pubsub.close()
        thread.join(10)
        assert not thread.is_alive()
    assert taken == ["one"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
class TestFacade:
    """What only the facade has."""

    def run(self, backend: str, main: Callable[[], Any]) -> None:
        anyio.run(main, backend=backend)

    def test_cancelling_a_wait_loses_nothing(self, backend: str, one_server: ServerProcess) -> None:
        async def main() -> None:
            async with AsyncRedis(*one_server.location) as client, client.pubsub() as pubsub:
                await pubsub.subscribe("news")
                connected = pubsub.wrapped.fileno()
                assert (await pubsub.get_message(timeout=10)) is not None
                for number in range(20):
                    with anyio.move_on_after(0.001):
                        await pubsub.get_message(timeout=None)
                    await client.publish("news", number)
                    message = await pubsub.get_message(timeout=10)
                    assert message is not None
                    assert message.data == str(number)
                assert pubsub.wrapped.fileno() == connected

        self.run(backend, main)

    def test_iterating_ends_when_it_is_closed(self, backend: str, one_server: ServerProcess) -> None:
        taken: list[Any] = []

        async def main() -> None:
            async with AsyncRedis(*one_server.location) as client:
                pubsub = client.pubsub(ignore_subscribe_messages=True)
                await pubsub.subscribe("news")

                async def iterate() -> None:
                    taken.extend([message.data async for message in pubsub])

                with anyio.fail_after(20):
                    async with anyio.create_task_group() as tasks:
                        tasks.start_soon(iterate)
                        await client.publish("news", "one")
                        while (await client.pubsub_numsub("news"))[0][1] == 0:
                            await anyio.sleep(0.001)
                        await anyio.wait_all_tasks_blocked()
                        await pubsub.aclose()

        self.run(backend, main)
        assert taken == ["one"]

    def test_handlers_may_be_coroutine_functions(self, backend: str, one_server: ServerProcess) -> None:
        taken: list[str] = []

        async def handler(message: Message[str]) -> None:
            await anyio.sleep(0)
            taken.append(str(message.data))

        async def main() -> None:
            async with AsyncRedis(*one_server.location) as client, client.pubsub() as pubsub:
                await pubsub.subscribe("plain", handled=handler)
                await client.publish("handled", "1")
                await client.publish("plain", "2")
                while (message := await pubsub.get_message(timeout=10)) is not None:
                    if message.type == "message":
                        assert message.data == "2"
                        return

        self.run(backend, main)
        assert taken == ["1"]
