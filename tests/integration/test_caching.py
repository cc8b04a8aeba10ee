"""Client-side caching: what comes from memory, and what is read anew."""

from __future__ import annotations

import gc
import os
import random
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest

from syncredis import ConfigurationError, DataError, Redis, TimeoutError, tracking
from syncredis.aio import Redis as AsyncRedis
from syncredis.exceptions import DecodeError, InterruptedCallError, WrongTypeError
from syncredis.interruption import Interruption
from syncredis.testing import Fault, FaultProxy, ServerProcess
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import PATIENCE, until
from tests.fixtures.tls import Certificates, TLSServers
from tests.integration.conftest import pool_of, wipe


@pytest.fixture
def client(server: ServerProcess, connect: Callable[..., Any]) -> Any:
    """A client without a cache: to others, somebody else."""
    return connect(server)


@pytest.fixture
def any_server(servers: dict[str, ServerProcess]) -> ServerProcess:
    """One for what does not depend on the kind of server."""
    server = servers[max(servers)]
    wipe(server)
    return server


@pytest.fixture
def cached(server: ServerProcess, connect: Callable[..., Any]) -> Iterator[Any]:
    with connect(server).cached() as made:
        yield made


def hits_of(cached: Any) -> int:
    hits: int = cached.cache.statistics.hits
    return hits


def hit(cached: Any, call: Callable[[], Any]) -> Any:
    """What a call returns that has to be answered from memory."""
    before = hits_of(cached)
    returned = call()
    assert hits_of(cached) == before + 1
    return returned


def missed(cached: Any, call: Callable[[], Any]) -> Any:
    """What a call returns that must not be answered from memory."""
    before = hits_of(cached)
    returned = call()
    assert hits_of(cached) == before
    return returned


def test_what_was_read_comes_from_memory(client: Any, cached: Any) -> None:
    client.set("k", "ü")
    assert missed(cached, lambda: cached.get("k")) == "ü"
    assert hit(cached, lambda: cached.get("k")) == "ü"
    assert hit(cached, lambda: cached.get(b"k")) == "ü"
    assert missed(cached, lambda: cached.get("none")) is None
    assert hit(cached, lambda: cached.get("none")) is None
    assert cached.cache.statistics[:5] == (3, 2, 0, 0, 2)


def test_what_somebody_else_changes_is_read_anew(client: Any, cached: Any) -> None:
    for value in ("1", "2", "3"):
        client.set("k", value)
        until(lambda value=value: cached.get("k") == value)  # type: ignore[misc]
    client.delete("k")
    until(lambda: cached.get("k") is None)
    client.set("k", "4")
    until(lambda: cached.get("k") == "4")
    client.flushdb()
    until(lambda: cached.get("k") is None)


def test_a_key_that_expires_is_read_anew(client: Any, cached: Any) -> None:
    client.set("k", "v", px=50)
    cached.get("k")
    until(lambda: cached.get("k") is None)


def test_one_reads_what_one_has_written(cached: Any) -> None:
    for number in range(200):
        cached.set("k", number)
        assert cached.get("k") == str(number)
        assert cached.incr("k") == number + 1
        assert cached.get("k") == str(number + 1)


@pytest.mark.parametrize("transaction", [True, False])
def test_one_reads_what_ones_pipelines_have_written(cached: Any, transaction: bool) -> None:
    for number in range(50):
        pipeline = cached.pipeline(transaction)
        pipeline.set("a", number)
        pipeline.hset("h", "f", number)
        pipeline.get("a")
        assert pipeline.execute() == [True, int(number == 0), str(number)]
        assert cached.get("a") == str(number)
        assert cached.hget("h", "f") == str(number)
    with cached.pipeline() as pipeline:
        now = pipeline.watch("a")
        now.set("b", 1)
        assert cached.get("b") == "1"
        now.set("b", 2)
        assert cached.get("b") == "2"


def test_one_reads_what_ones_scripts_and_locks_have_written(cached: Any) -> None:
    for number in range(20):
        cached.eval("redis.call('SET', KEYS[1], ARGV[1])", 1, "k", number)
        assert cached.get("k") == str(number)
    assert cached.exists("lock") == 0
    with cached.lock("lock", timeout=PATIENCE):
        assert cached.exists("lock") == 1
    assert cached.exists("lock") == 0


def test_what_may_have_changed_anything(cached: Any) -> None:
    cached.set("k", 1)
    cached.get("k")
    cached.flushdb()
    assert cached.get("k") is None
    cached.execute_command("set", "k", 2)
    assert cached.get("k") == "2"
    with pytest.raises(WrongTypeError):
        cached.lpush("k", 1)
    assert missed(cached, lambda: cached.get("k")) == "2"


def test_replies_of_every_shape(client: Any, cached: Any) -> None:
    client.rpush("list", "a", "b")
    client.hset("hash", mapping={"f": "v"})
    client.sadd("set", "m")
    client.zadd("zset", {"m": 1.5})
    client.xadd("stream", {"f": "v"}, id="1-1")
    client.set("text", "abc")
    calls = [
        (lambda: cached.lrange("list", 0, -1), ["a", "b"]),
        (lambda: cached.hgetall("hash"), {"f": "v"}),
        (lambda: cached.smembers("set"), {"m"}),
        (lambda: cached.zrange("zset", 0, -1, withscores=True), [("m", 1.5)]),
        (lambda: cached.zscore("zset", "m"), 1.5),
        (lambda: cached.xrange("stream"), [("1-1", {"f": "v"})]),
        (lambda: cached.mget("text", "none"), ["abc", None]),
        (lambda: cached.strlen("text"), 3),
        (lambda: cached.exists("text", "list"), 2),
        (lambda: cached.sintercard(1, ["set"]), 1),
    ]
    for call, wanted in calls:
        if call is calls[-1][0] and client.info("server")["redis_version"].startswith("6"):
            continue  # SINTERCARD came with Redis 7.0
        assert missed(cached, call) == wanted
        assert hit(cached, call) == wanted


def test_what_a_caller_does_with_a_reply_is_his_own_affair(client: Any, cached: Any) -> None:
    client.rpush("list", "a")
    client.hset("hash", mapping={"f": "v"})
    for face in (cached, cached.with_options(decode_responses=False)):
        face.lrange("list", 0, -1).append("b")
        face.hgetall("hash")["g"] = "w"
        face.smembers("set").add("m")
    assert cached.lrange("list", 0, -1) == ["a"]
    assert cached.hgetall("hash") == {"f": "v"}
    assert cached.smembers("set") == set()


def test_siblings_of_both_kinds_share_what_is_kept(client: Any, cached: Any) -> None:
    raw = cached.with_options(decode_responses=False)
    client.set("k", b"\xff")
    assert missed(cached, lambda: raw.get("k")) == b"\xff"
    assert hit(cached, lambda: raw.get("k")) == b"\xff"
    for _ in range(2):
        with pytest.raises(DecodeError, match="decode_responses=False"):
            cached.get("k")
    raw.set("k", "v")
    assert cached.get("k") == "v"


def test_what_is_no_mere_reading_of_keys_is_asked_every_time(client: Any, cached: Any) -> None:
    client.set("k", "v", ex=1000)
    for call in (
        lambda: cached.ttl("k"),
        lambda: cached.ping(),
        lambda: cached.dbsize(),
        lambda: cached.scan(0),
        lambda: cached.get("x" * 20_000),
        lambda: list(cached.scan_iter()),
    ):
        missed(cached, call)
        missed(cached, call)


def test_errors_are_not_kept(client: Any, cached: Any) -> None:
    client.rpush("list", 1)
    for _ in range(2):
        with pytest.raises(WrongTypeError):
            missed(cached, lambda: cached.get("list"))
    client.delete("list")
    assert cached.get("list") is None
    assert not cached.cache._tickets


def test_bad_arguments_are_refused_though_something_like_them_is_kept(client: Any, cached: Any) -> None:
    client.set(1, "v")
    cached.get(1)
    for bad in (True, None, {}):
        with pytest.raises(DataError):
            cached.get(bad)
    assert missed(cached, lambda: cached.get(1.0)) is None


def test_it_is_bounded(server: ServerProcess, connect: Callable[..., Any]) -> None:
    with connect(server).cached(max_entries=5) as cached:
        for number in range(20):
            cached.get(f"k:{number}")
        assert len(cached.cache) == 5
        assert cached.cache.statistics.evictions == 15
        hit(cached, lambda: cached.get("k:19"))
        missed(cached, lambda: cached.get("k:0"))


def test_nothing_is_left_of_a_connection_that_was_lost(client: Any, cached: Any) -> None:
    client.set("k", "v")
    assert cached.get("k") == "v"
    assert client.client_kill_filter(skipme=True) >= 1
    until(lambda: len(cached.cache) == 0)
    assert missed(cached, lambda: cached.get("k")) == "v"
    assert hit(cached, lambda: cached.get("k")) == "v"
    client.set("k", "w")
    until(lambda: cached.get("k") == "w")


def test_nothing_is_left_once_the_pool_leads_elsewhere(client: Any, cached: Any) -> None:
    client.set("k", "v")
    cached.get("k")
    hit(cached, lambda: cached.get("k"))
    pool_of(cached).invalidate()
    assert missed(cached, lambda: cached.get("k")) == "v"
    hit(cached, lambda: cached.get("k"))


def test_nothing_is_left_after_closing(client: Any, cached: Any) -> None:
    client.set("k", "v")
    cached.get("k")
    cached.close()
    assert len(cached.cache) == 0
    assert missed(cached, lambda: cached.get("k")) == "v"
    hit(cached, lambda: cached.get("k"))


def test_a_sibling_closes_no_cache(cached: Any) -> None:
    cached.get("k")
    with cached.with_options(decode_responses=False) as sibling:
        hit(cached, lambda: sibling.get("k"))
    hit(cached, lambda: cached.get("k"))


def test_others_have_no_cache(client: Any, cached: Any) -> None:
    assert client.cache is None
    assert cached.with_options().cache is cached.cache
    assert client.cached().cache is not client.cached().cache


def test_all_connections_but_one_stay_as_they_are(client: Any, cached: Any) -> None:
    for number in range(10):
        cached.get(f"k:{number}")
        cached.set(f"k:{number}", 1)
    assert cached.client_trackinginfo()["flags"] == ["off"]
    assert len(pool_of(cached)._state.slots) == 2


def test_resp2_knows_no_invalidations(server: ServerProcess, connect: Callable[..., Any]) -> None:
    with pytest.raises(ConfigurationError, match="protocol=3"):
        connect(server, protocol=2).cached()


def test_one_connection_is_not_enough(server: ServerProcess, connect: Callable[..., Any]) -> None:
    with pytest.raises(ConfigurationError, match="max_connections=1"):
        connect(server, max_connections=1).cached()


@pytest.mark.parametrize("direction", ["to_server", "to_client"])
def test_a_connection_that_is_cut_costs_a_reader_nothing(
    proxy: FaultProxy, connect: Callable[..., Any], direction: str
) -> None:
    with connect(proxy.location).cached() as cached:
        cached.set("k", "v")
        cached.get("k")
        for number in range(1, 4):
            setattr(proxy, direction, Fault(cut_after=0))
            assert cached.get("other") is None
            assert proxy.struck == number
            assert missed(cached, lambda: cached.get("k")) == "v"
            cached.cache.clear()


def test_a_silent_server_is_noticed(any_server: ServerProcess, connect: Callable[..., Any]) -> None:
    with connect(any_server, stream_timeout=1.5).cached() as cached:
        cached.get("k")
        any_server.freeze()
        try:
            with pytest.raises(TimeoutError):
                cached.get("other")
            until(lambda: len(cached.cache) == 0)
        finally:
            any_server.thaw()
        until(lambda: cached.get("k") is None)


def test_a_silent_server_is_noticed_by_who_asks_nothing(
    any_server: ServerProcess, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "PROBE_AFTER", 0.1)
    with connect(any_server, stream_timeout=1.5).cached() as cached:
        cached.get("k")
        any_server.freeze()
        try:
            until(lambda: len(cached.cache) == 0)
        finally:
            any_server.thaw()


def test_a_quiet_server_is_asked_and_believed(
    server: ServerProcess, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "PROBE_AFTER", 0.01)
    with connect(server).cached() as cached:
        cached.get("k")
        asked = _calls_of(server, "ping")
        until(lambda: _calls_of(server, "ping") >= asked + 5)
        hit(cached, lambda: cached.get("k"))


def _calls_of(server: ServerProcess, command: str) -> int:
    with Redis(*server.location) as client:
        row = client.info("commandstats").get(f"cmdstat_{command}")
    return 0 if row is None else int(row["calls"])


# --- threads and tasks --------------------------------------------------------------------------------------


def test_never_an_old_value_after_ones_own_write(any_server: ServerProcess) -> None:
    """Several threads read all the time; each writes a key of its own, and must read what it wrote."""
    with Redis(*any_server.location) as client, client.cached(max_entries=50) as cached:
        stop = threading.Event()
        failures: list[BaseException] = []

        def work(mine: str) -> None:
            chance = random.Random(mine)
            try:
                for number in range(300):
                    cached.set(mine, number)
                    cached.get(f"k:{chance.randrange(8)}")
                    assert cached.get(mine) == str(number)
                    if chance.random() < 0.02:
                        cached.client_kill_filter(_type="normal", skipme=True)
            except BaseException as error:
                failures.append(error)
            finally:
                stop.set()

        def read() -> None:
            try:
                while not stop.is_set():
                    cached.mget([f"k:{number}" for number in range(8)])
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(f"k:{number}",)) for number in range(4)]
        threads += [threading.Thread(target=read) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE * 2)
        assert [error for error in failures if not _is_lost_write(error)] == []


def _is_lost_write(error: BaseException) -> bool:
    """A write whose connection was killed: that is what it must raise."""
    return type(error).__name__ == "OutcomeUnknownError"


def test_in_the_end_everybody_sees_the_last_value(any_server: ServerProcess) -> None:
    with Redis(*any_server.location) as client, client.cached() as cached:
        for number in range(300):
            client.set("k", number)
            cached.get("k")
        until(lambda: cached.get("k") == "299")


def test_a_forgotten_one_takes_its_thread_with_it(any_server: ServerProcess) -> None:
    with Redis(*any_server.location) as client:
        cached = client.cached()
        cached.get("k")
        assert _threads() == 1
        del cached
        gc.collect()
        until(lambda: _threads() == 0)


def _threads() -> int:
    return sum(thread.name == "syncredis-cache" for thread in threading.enumerate())


def test_closing_the_pool_ends_it_too(any_server: ServerProcess) -> None:
    with Redis(*any_server.location) as client:
        cached = client.cached()
        cached.get("k")
        client.close()
        until(lambda: _threads() == 0)
        assert cached.get("k") is None
        cached.close()
        until(lambda: _threads() == 0)


def test_waiting_readers_learn_of_closing(any_server: ServerProcess, background: Callable[..., Any]) -> None:
    with Redis(*any_server.location) as client, client.cached() as cached:
        cached.get("k")
        any_server.freeze()
        try:
            reading = background(cached.get, "other")
            until(lambda: _is_asking(cached))
            cached.close()
            assert isinstance(reading.error(), InterruptedCallError)
        finally:
            any_server.thaw()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_process_begins_with_an_empty_cache(any_server: ServerProcess) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, Redis(*any_server.location) as client, client.cached() as cached:
        client.set("k", "v")
        cached.get("k")
        child = os.fork()
        if child == 0:
            try:
                empty = len(cached.cache) == 0
                read = cached.get("k") == "v" and cached.cache.statistics.misses == 2
                theirs.sendall(b"fine" if empty and read else b"not fine")
            finally:
                os._exit(0)
        ours.settimeout(PATIENCE)
        assert ours.recv(10) == b"fine"
        os.waitpid(child, 0)
        hit(cached, lambda: cached.get("k"))


def test_an_encrypted_connection(surface: Surface, tls_servers: TLSServers, certificates: Certificates) -> None:
    server = tls_servers.get(certificates.server)
    with (
        surface.Redis(*server.location, ssl=True, ssl_ca_certs=certificates.authority) as client,
        client.cached() as cached,
    ):
        for number in range(20):
            client.mset({f"k:{other}": number for other in range(100)})
            until(lambda number=number: cached.get("k:99") == str(number))  # type: ignore[misc]
            assert [cached.get(f"k:{other}") for other in range(100)] == [str(number)] * 100


def _is_asking(cached: Any) -> bool:
    """Whether a question was sent whose reply is not there yet."""
    conversation = getattr(cached, "wrapped", cached)._reads._conversation
    return conversation is not None and bool(conversation._owed)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_reader_costs_nobody_anything(any_server: ServerProcess, backend: str) -> None:
    async def main() -> None:
        async with AsyncRedis(*any_server.location) as client, client.cached() as cached:
            await cached.get("k")
            any_server.freeze()
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(cached.get, "other")
                    while not _is_asking(cached):
                        await anyio.sleep(0.001)
                    tasks.cancel_scope.cancel()
            finally:
                any_server.thaw()
            assert await cached.get("another") is None
            assert cached.cache is not None
            assert len(cached.cache) == 3  # what nobody waited for any more was kept as well

    anyio.run(main, backend=backend)


def test_a_reader_that_is_interrupted_before_it_asks_costs_nobody_anything(any_server: ServerProcess) -> None:
    with Redis(*any_server.location) as client, client.cached() as cached:
        cached.get("k")
        call = Interruption()
        call.interrupt()
        with pytest.raises(InterruptedCallError):
            call.run(cached.get, "other")
        assert cached.get("another") is None
        assert cached.cache is not None
        assert len(cached.cache) == 3


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_many_tasks_at_once(any_server: ServerProcess, backend: str) -> None:
    async def main() -> None:
        async with AsyncRedis(*any_server.location) as client, client.cached() as cached:
            await client.mset({f"k:{number}": number for number in range(20)})

            async def read(number: int) -> None:
                for _ in range(20):
                    assert await cached.get(f"k:{number % 20}") == str(number % 20)

            async with anyio.create_task_group() as tasks:
                for number in range(100):
                    tasks.start_soon(read, number)
            assert cached.cache is not None
            statistics = cached.cache.statistics
            assert statistics.hits + statistics.misses == 2000
            assert statistics.entries == 20

    anyio.run(main, backend=backend)
