"""Connections of the shims: signs of life, and those of somebody else's make."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock

import anyio
import pytest

import syncredis.compat as redis
from syncredis.compat import asyncio as aioredis
from syncredis.compat.asyncio.loop import Loop
from syncredis.exceptions import InterruptedCallError
from syncredis.testing import ServerProcess


@pytest.fixture
def place(server: ServerProcess) -> dict[str, Any]:
    host, port = server.location
    return {"host": host, "port": port}


@pytest.fixture
def calls(place: dict[str, Any]) -> Iterator[Callable[[str], int]]:
    """How often a command was called on the server, by its name."""
    with redis.Redis(**place) as observer:

        def count(name: str) -> int:
            found = observer.info("commandstats").get(f"cmdstat_{name}")
            return found["calls"] if found else 0

        yield count


def rest(client: redis.Redis, seconds: float) -> None:
    """Let the connection that would be lent next look as if it had rested for so long."""
    with client.connection_pool.core.leased() as connection:
        pass
    connection.last_used -= seconds


def test_a_connection_that_rested_longer_than_the_interval_answers_first(
    place: dict[str, Any], calls: Callable[[str], int]
) -> None:
    with redis.Redis(**place, health_check_interval=30) as client:
        client.set("k", "v")
        before = calls("ping")
        client.get("k")
        assert calls("ping") == before
        rest(client, 60)
        assert client.get("k") == b"v"
        assert calls("ping") == before + 1


def test_without_an_interval_nobody_is_asked(place: dict[str, Any], calls: Callable[[str], int]) -> None:
    with redis.Redis(**place) as client:
        client.set("k", "v")
        before = calls("ping")
        rest(client, 1e6)
        assert client.get("k") == b"v"
        assert calls("ping") == before


def test_a_connection_that_does_not_answer_is_replaced(place: dict[str, Any]) -> None:
    with redis.Redis(**place, health_check_interval=30) as client:
        number = client.client_id()
        rest(client, 60)
        with redis.Redis(**place) as other:
            other.client_kill_filter(_id=number)
        assert client.client_id() != number


def test_a_lent_connection_asks_by_itself(place: dict[str, Any], calls: Callable[[str], int]) -> None:
    with redis.Redis(**place, health_check_interval=30, single_connection_client=True) as client:
        client.set("k", "v")
        before, due = calls("ping"), client.connection.next_health_check
        client.get("k")
        assert calls("ping") == before
        assert client.connection.next_health_check > due
        client.connection.next_health_check = 0
        assert client.get("k") == b"v"
        client.connection.next_health_check = 0
        client.connection.send_command("ECHO", "x")
        client.connection.send_command("ECHO", "y", check_health=False)
        assert [client.connection.read_response() for _ in "xy"] == [b"x", b"y"]
        assert calls("ping") == before + 2


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_subscription_asks_and_keeps_the_answer_to_itself(
    place: dict[str, Any], calls: Callable[[str], int], protocol: int
) -> None:
    with redis.Redis(**place, health_check_interval=30, protocol=protocol) as client, client.pubsub() as pubsub:
        pubsub.subscribe("c")
        assert pubsub.get_message(timeout=20)["type"] == "subscribe"
        before = calls("ping")
        pubsub.connection.next_health_check = 0
        assert pubsub.get_message(timeout=20) is None  # the answer
        assert calls("ping") == before + 1
        client.publish("c", "news")
        assert pubsub.get_message(timeout=20)["data"] == b"news"
        assert calls("ping") == before + 1


def test_an_async_subscription_does_so_too(place: dict[str, Any], calls: Callable[[str], int]) -> None:
    async def main() -> None:
        async with aioredis.Redis(**place, health_check_interval=30) as client, client.pubsub() as pubsub:
            await pubsub.subscribe("c")
            assert (await pubsub.get_message(timeout=20))["type"] == "subscribe"
            before = calls("ping")
            pubsub.connection.next_health_check = 0
            assert await pubsub.get_message(timeout=20) is None
            assert calls("ping") == before + 1
            await client.publish("c", "news")
            assert (await pubsub.get_message(timeout=20))["data"] == b"news"

    anyio.run(main)


class Made:
    """A connection of another make, which does what pools need."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.events: list[str] = []

    def connect(self) -> None:
        self.events.append("connect")

    def disconnect(self, *_args: Any) -> None:
        self.events.append("disconnect")

    def can_read(self, _timeout: float = 0) -> bool:
        return False


def test_a_pool_lends_connections_of_another_make(place: dict[str, Any]) -> None:
    with redis.ConnectionPool(connection_class=Made, max_connections=1, flavour="odd") as pool:
        made = pool.get_connection()
        assert made.options == {"flavour": "odd"}
        with pytest.raises(redis.MaxConnectionsError):
            pool.get_connection()
        pool.release(made)
        assert pool.get_connection() is made
        pool.release(made)
    assert made.events == ["connect", "disconnect"]


def test_a_blocking_command_outlasts_the_socket_timeout(place: dict[str, Any]) -> None:
    with redis.Redis(**place, socket_timeout=0.1, retry=None) as client:
        assert client.blpop("nothing", timeout=1) is None
        assert client.execute_command("BRPOP", "nothing", 1) is None
        assert client.bzpopmin("nothing", timeout=1) is None
        assert client.xread({"nothing": "$"}, block=500) == []
    with redis.Redis(**place, socket_timeout=0.1, retry=None, single_connection_client=True) as client:
        assert client.blpop("nothing", timeout=1) is None


@pytest.mark.parametrize(("place", "message"), [({"port": 1}, r"^Error \d+ connecting to .*:1\. \w")])
def test_a_server_that_is_not_there_is_named_in_redis_pys_words(place: dict[str, Any], message: str) -> None:
    with redis.Redis(**place, retry=None) as client, pytest.raises(redis.ConnectionError, match=message):
        client.ping()


def test_a_path_that_leads_nowhere_is_named_in_redis_pys_words() -> None:
    with (
        redis.Redis(unix_socket_path="/nowhere/redis.sock", retry=None) as client,
        pytest.raises(redis.ConnectionError, match=r"^Error 2 connecting to unix:///nowhere/redis.sock\. No such file"),
    ):
        client.ping()


def test_connections_obey_an_async_retry(place: dict[str, Any]) -> None:
    from syncredis.compat.asyncio.retry import Retry
    from syncredis.compat.backoff import NoBackoff

    async def main() -> None:
        retry = Retry(NoBackoff(), 3)
        async with aioredis.ConnectionPool(**place, retry=retry) as pool:
            connection = pool.make_connection()
            assert connection.retry == retry
            await connection.connect()
            assert connection.is_connected
            await connection.send_command("PING")
            assert await connection.read_response() == b"PONG"
            await connection.disconnect()

    anyio.run(main)


def test_an_async_lock_whose_release_was_cancelled_can_be_released(place: dict[str, Any]) -> None:
    async def main() -> None:
        async with aioredis.Redis(**place) as client:
            lock = client.lock("cancelled", timeout=60)
            assert await lock.acquire()
            with anyio.CancelScope() as scope:
                scope.cancel()
                await lock.release()
            assert lock.local.token is not None
            assert await lock.owned()
            await lock.release()
            assert not await lock.locked()
            with pytest.raises(redis.exceptions.LockError):
                await lock.release()

    anyio.run(main)


def test_what_decodes_replies_may_be_called_with_the_options_of_the_call(place: dict[str, Any]) -> None:
    class Counting(redis.Redis):
        def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
            reply = connection.read_response()
            return self.response_callbacks[command_name](reply, **options)

    with Counting(**place) as client:
        assert client.ping() is True
        assert isinstance(client.info(), dict)


def test_credentials_may_have_to_be_awaited(place: dict[str, Any]) -> None:
    asked = []

    class Vault(redis.CredentialProvider):
        async def get_credentials_async(self) -> tuple[str, str]:
            await anyio.sleep(0)
            asked.append(anyio.get_current_task().name)
            return "reader", "secret"

    async def main() -> None:
        async with aioredis.Redis(**place, credential_provider=Vault()) as client:
            assert await client.acl_whoami() == "reader"

    with redis.Redis(**place) as admin:
        admin.acl_setuser("reader", enabled=True, passwords="+secret", commands=["+@all"])
        try:
            anyio.run(main)
        finally:
            admin.acl_deluser("reader")
    assert asked


def test_tasks_that_begin_together_share_the_one_connection(place: dict[str, Any]) -> None:
    async def main() -> None:
        client = aioredis.Redis(**place, single_connection_client=True)
        numbers: set[int] = set()

        async def ask() -> None:
            numbers.add(await client.client_id())
            for number in range(20):
                text = f"{number} {anyio.get_current_task().id}"
                assert await client.echo(text) == text.encode()

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(ask)
        assert len(numbers) == 1
        await client.aclose()

    anyio.run(main)


def test_a_lent_connection_is_the_same_object_the_next_time(place: dict[str, Any]) -> None:
    async def main() -> None:
        async with aioredis.ConnectionPool(**place) as pool:
            first = await pool.get_connection()
            await pool.release(first)
            assert await pool.get_connection() is first
            await pool.release(first)

    anyio.run(main)


def test_memoryviews_are_pieces_of_their_own(place: dict[str, Any]) -> None:
    view = memoryview(b"seen")
    with redis.ConnectionPool(**place) as pool:
        connection = pool.get_connection()
        packed = connection.pack_commands([("SET", "k", view), ("APPEND", "k", view), ("GET", "k")])
        assert [piece for piece in packed if piece is view] == [view, view]
        connection.send_packed_command(packed)
        assert [connection.read_response() for _ in range(3)] == [b"OK", 8, b"seenseen"]
        pool.release(connection)


def test_a_server_that_is_loading_is_left(place: dict[str, Any]) -> None:
    with redis.Redis(**place, single_connection_client=True, retry=None) as client:
        number = client.client_id()
        with pytest.raises(redis.BusyLoadingError):
            client.eval("return redis.error_reply('LOADING made up')", 0)
        assert client.client_id() != number


def test_a_provider_and_a_user_contradict_each_other_for_tasks_as_well(place: dict[str, Any]) -> None:
    async def main() -> None:
        provider = redis.UsernamePasswordCredentialProvider("u", "p")
        client = aioredis.Redis(**place, username="u", password="p", credential_provider=provider)
        with pytest.raises(redis.DataError, match="Give either"):
            await client.ping()
        await client.aclose()

    anyio.run(main)


def test_who_waits_for_an_event_loop_is_told_when_it_has_ended(background: Callable[..., Any]) -> None:
    """A thread that waited on would keep the program from ending."""
    bridge = Loop()

    async def note() -> None:
        bridge.note()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(note())
    waiting = background(bridge.run, anyio.sleep, 0)  # what the loop does not begin any more
    loop.close()
    with pytest.raises(InterruptedCallError, match="has ended"):
        waiting.result()


def test_a_wait_through_a_connection_of_another_make_can_be_cancelled(place: dict[str, Any]) -> None:
    class Noting(aioredis.Connection):
        async def read_response(self, *args: Any, **kwargs: Any) -> Any:
            return await super().read_response(*args, **kwargs)

    async def main() -> None:
        pool = aioredis.ConnectionPool(Noting, **place)
        client = aioredis.Redis(connection_pool=pool)
        await client.delete("nothing")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.blpop, "nothing", 0)
            while not any(each["cmd"] == "blpop" for each in await client.client_list()):
                await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
        await client.rpush("nothing", "kept")
        assert await client.lrange("nothing", 0, -1) == [b"kept"]
        await client.delete("nothing")
        await pool.disconnect()

    anyio.run(main)


def test_without_credentials_auth_gives_them(place: dict[str, Any]) -> None:
    with redis.Redis(**place) as owner:
        owner.acl_setuser("someone", enabled=True, passwords=["+word"], commands=["+@all"], keys=["*"])
        owner.acl_setuser("default", enabled=False)
        try:
            with redis.Redis(**place) as client:
                with pytest.raises(redis.AuthenticationError):
                    client.ping()
                with pytest.raises(redis.AuthenticationError):
                    client.auth("wrong", "someone")
                assert client.connection_pool.connection_kwargs["username"] is None
                assert client.auth("word", "someone")
                assert client.acl_whoami() == "someone"
                assert client.pipeline().acl_whoami().execute() == ["someone"]
        finally:
            owner.acl_setuser("default", enabled=True)
            owner.acl_deluser("someone")


def test_a_stand_in_for_a_connection_is_talked_through(place: dict[str, Any]) -> None:
    with redis.Redis(**place) as client:
        client.connection = stand_in = Mock(spec=redis.Connection)
        stand_in.read_response.return_value = b"OK"
        assert client.readonly() is True
        stand_in.send_command.assert_called_once_with("READONLY")
        client.connection = None
