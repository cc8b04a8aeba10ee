"""Locks, on every server and surface: taking and giving back, waiting, losing, renewing, doubt, cancellation, failover."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import anyio
import pytest

from syncredis import Redis
from syncredis.aio import Redis as AsyncRedis
from syncredis.exceptions import (
    ConfigurationError,
    LockAcquisitionError,
    LockError,
    LockNotOwnedError,
    OutcomeUnknownError,
    RedisError,
    ResponseError,
)
from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.peer import Peer, bulk
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import PATIENCE, until

#: Seconds that no test waits for: whoever has to wait so long missed what it should have seen.
NEVER = 600.0


@pytest.fixture
def no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits finds out by the sign, or by the lock's own time, or not at all."""
    monkeypatch.setattr("syncredis.lock_acquisition.LONGEST_WAIT", NEVER)


@pytest.fixture
def single(surface: Surface, servers: dict[str, ServerProcess]) -> Iterator[Any]:
    """A client of one server, for what takes its time and is the same with all."""
    with surface.Redis(*servers[max(servers)].location) as client:
        client.flushall()
        yield client


# --- taking and giving back ---------------------------------------------------------------------------


def test_one_at_a_time(client: Any) -> None:
    mine, other = client.lock("n", timeout=60), client.lock("n", timeout=60)
    assert mine.acquire() is True
    assert 0 < client.pttl("n") <= 60_000
    assert other.acquire(blocking=False) is False
    assert (mine.owned(), other.owned(), other.locked()) == (True, False, True)
    assert "acquired by this object" in repr(mine)
    mine.release()
    assert (mine.owned(), mine.locked(), client.exists("n")) == (False, False, 0)
    assert other.acquire(blocking=False) is True
    other.release()


def test_without_a_timeout(client: Any) -> None:
    with client.lock("n"):
        assert client.ttl("n") == -1
    assert client.exists("n") == 0


def test_names_of_any_kind(raw: Any) -> None:
    for name, key in ((b"\xff", b"\xff"), ("ä", "ä".encode()), (7, b"7")):
        with raw.lock(name, 60) as lock:
            assert raw.exists(key) == 1
            assert lock.name == name
            assert lock.owned()
        assert raw.exists(key) == 0


def test_nothing_stays_behind(single: Any) -> None:
    with single.lock("n", 60):
        pass
    assert single.pttl("n:released") <= 1000
    until(lambda: single.dbsize() == 0)


def test_waiting_has_a_limit(client: Any) -> None:
    with client.lock("n", 60):
        started = time.monotonic()
        assert client.lock("n", 60).acquire(blocking_timeout=0.3) is False
        assert time.monotonic() - started >= 0.3
        with (
            pytest.raises(LockAcquisitionError, match="'n' could not be acquired"),
            client.lock("n", blocking_timeout=0.01),
        ):
            pytest.fail("somebody else holds it")
        with pytest.raises(LockAcquisitionError), client.lock("n", blocking=False):
            pytest.fail("somebody else holds it")


def test_an_error_in_the_block_goes_before_one_of_the_lock(client: Any) -> None:
    with pytest.raises(ZeroDivisionError), client.lock("n", 60):
        _ = 1 / client.delete("no such key")
    with pytest.raises(ZeroDivisionError), client.lock("n", 60):
        _ = 1 / (client.delete("n") - 1)
    with pytest.raises(LockNotOwnedError), client.lock("n", 60):
        client.delete("n")


def test_releasing_what_was_not_acquired(client: Any) -> None:
    lock = client.lock("n", 60)
    for call in (lock.release, lock.reacquire):
        with pytest.raises(LockError, match="was not acquired by this object"):
            call()
    with lock:
        pass
    with pytest.raises(ValueError, match="was not acquired"):
        lock.release()


def test_somebody_elses_lock_is_not_released(client: Any) -> None:
    lock = client.lock("n", 60)
    lock.acquire()
    client.set("n", "somebody else's")
    for call in (lock.reacquire, lambda: lock.extend(5), lock.release):
        with pytest.raises(LockNotOwnedError, match="no longer held"):
            call()
    assert client.get("n") == "somebody else's"


def test_prolonging(client: Any) -> None:
    with client.lock("n", 10) as lock:
        assert lock.extend(50) is True
        assert 50_000 < client.pttl("n") <= 60_000
        assert lock.extend(30, replace_ttl=True) is True
        assert 20_000 < client.pttl("n") <= 30_000
        assert lock.reacquire() is True
        assert client.pttl("n") <= 10_000
    with client.lock("n") as lock, pytest.raises(LockError, match="no timeout"):
        lock.extend(1)


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": "1"},
        {"sleep": 0},
        {"blocking_timeout": -1},
        {"timeout": float("inf")},
        {"renew": True},
    ],
    ids=str,
)
def test_options_that_make_no_sense(surface: Surface, options: dict[str, Any]) -> None:
    with surface.Redis("nowhere.invalid") as client, pytest.raises(ConfigurationError):
        client.lock("n", **options)


def test_a_key_of_another_kind(client: Any) -> None:
    client.lpush("n", 1)
    assert client.lock("n", 60).acquire(blocking=False) is False
    client.delete("n")


# --- waiting -------------------------------------------------------------------------------------------


def test_who_waits_is_told(client: Any, no_second_look: None, background: Callable[..., Any]) -> None:
    """For a lock without a timeout: nothing but the sign can end the wait."""
    first, second = client.lock("n", sleep=NEVER), client.lock("n", sleep=NEVER)
    first.acquire()
    waiting = background(second.acquire)
    until(lambda: client.info("clients")["blocked_clients"] == 1)
    assert not waiting.finished
    first.release()
    assert waiting.result() is True
    second.release()


def test_who_waits_longest_is_told_first(
    surface: Surface, server: ServerProcess, wiped: None, no_second_look: None, background: Callable[..., Any]
) -> None:
    order: list[int] = []
    with surface.Redis(*server.location) as client:

        def wait(number: int) -> None:
            with client.lock("n", sleep=NEVER):
                order.append(number)

        with client.lock("n"):
            waiting = []
            for number in range(5):
                waiting.append(background(wait, number))
                until(lambda: client.info("clients")["blocked_clients"] == len(waiting))
        for call in waiting:
            call.result()
    assert order == list(range(5))


def test_the_lock_of_a_dead_holder(client: Any, no_second_look: None) -> None:
    """Its time ends the wait, not a sign."""
    dead, heir = client.lock("n", timeout=0.5, sleep=NEVER), client.lock("n", timeout=60, sleep=NEVER)
    started = time.monotonic()
    dead.acquire()
    assert heir.acquire() is True
    assert time.monotonic() - started >= 0.45
    with pytest.raises(LockNotOwnedError):
        dead.release()
    assert heir.owned()
    heir.release()


def test_a_lock_that_somebody_deleted(single: Any, background: Callable[..., Any]) -> None:
    single.lock("n").acquire()
    lock = single.lock("n", sleep=NEVER)
    waiting = background(lock.acquire)
    until(lambda: single.info("clients")["blocked_clients"] == 1)
    single.delete("n")
    assert waiting.result() is True
    lock.release()


def test_contention(client: Any, background: Callable[..., Any]) -> None:
    """On the facade, each call is a task of its own."""
    client.set("counter", 0)

    def count() -> None:
        for _ in range(10):
            with client.lock("n", timeout=60):
                seen = int(client.get("counter"))
                client.set("counter", seen + 1)

    for call in [background(count) for _ in range(6)]:
        call.result()
    assert client.get("counter") == "60"


def test_contention_on_one_object(client: Any, background: Callable[..., Any]) -> None:
    inside: list[int] = []
    most: list[int] = []
    lock = client.lock("n", timeout=60)

    def hold(number: int) -> None:
        for _ in range(5):
            lock.acquire()
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)
            lock.release()

    for call in [background(hold, number) for number in range(4)]:
        call.result()
    assert most == [1] * 20


@pytest.mark.parametrize("connections", [1, 4])
def test_those_who_wait_leave_connections_for_the_holder(
    surface: Surface,
    server: ServerProcess,
    wiped: None,
    no_second_look: None,
    connections: int,
    background: Callable[..., Any],
) -> None:
    with (
        Redis(*server.location) as watching,
        surface.Redis(*server.location, max_connections=connections, pool_timeout=PATIENCE) as client,
    ):

        def wait() -> None:
            with client.lock("n", sleep=0.01):
                pass

        holder = client.lock("n")
        holder.acquire()
        waiting = [background(wait) for _ in range(12)]
        until(lambda: watching.info("clients")["blocked_clients"] == connections // 4)
        holder.release()
        for call in waiting:
            call.result()


def test_who_lost_the_lock_does_not_release_it_for_another_thread(
    client: Any, background: Callable[..., Any], surface: Surface
) -> None:
    if surface.name != "sync":
        pytest.skip("the portal enters and leaves in different tasks")
    lock = client.lock("n", timeout=60)
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            entered.set()
            assert leave.wait(PATIENCE)

    lock.__enter__()
    client.delete("n")
    holding = background(hold)
    assert entered.wait(PATIENCE)
    with pytest.raises(LockNotOwnedError):
        lock.__exit__(None, None, None)
    assert lock.owned()
    leave.set()
    holding.result()
    assert not lock.locked()


# --- renewing ------------------------------------------------------------------------------------------


def test_it_is_renewed_beyond_its_time(single: Any) -> None:
    with single.lock("n", timeout=2, renew=True) as lock:
        held = time.monotonic()
        until(lambda: not lock.owned() or time.monotonic() - held > 3)
        assert lock.owned()
        assert not lock.lost
    assert single.exists("n") == 0


def test_renewing_does_not_shorten(single: Any) -> None:
    with single.lock("n", timeout=0.3, renew=True) as lock:
        lock.extend(60)
        calls = single.info("commandstats")["cmdstat_evalsha"]["calls"]
        until(lambda: single.info("commandstats")["cmdstat_evalsha"]["calls"] > calls + 1)
        assert single.pttl("n") > 30_000


def test_losing_it_while_it_is_renewed(single: Any) -> None:
    lost = threading.Event()
    lock = single.lock("n", timeout=1, renew=True, on_lost=lost.set)
    lock.acquire()
    assert not lock.lost
    single.set("n", "somebody else's")
    assert lost.wait(PATIENCE)
    assert lock.lost
    assert "lost by this object" in repr(lock)
    with pytest.raises(LockNotOwnedError):
        lock.release()


def test_on_lost_that_fails_is_logged(single: Any, caplog: pytest.LogCaptureFixture) -> None:
    lock = single.lock("n", timeout=0.3, renew=True, on_lost=lambda: 1 / 0)
    lock.acquire()
    single.delete("n")
    until(lambda: "on_lost of a lock failed" in caplog.text)


def test_losing_the_server_is_losing_the_lock(surface: Surface, binary: Any) -> None:
    """One that hangs, with a client that would wait for it for ever."""
    lost = threading.Event()
    with ServerProcess(binary) as server, surface.Redis(*server.location, stream_timeout=None) as client:
        lock = client.lock("n", timeout=1, renew=True, on_lost=lost.set)
        started = time.monotonic()
        lock.acquire()
        server.freeze()
        assert lost.wait(PATIENCE)
        assert time.monotonic() - started >= 1
        assert lock.lost
        server.thaw()


def test_a_forgotten_lock_is_not_renewed(single: Any) -> None:
    lock = single.lock("n", timeout=0.5, renew=True)
    lock.acquire()
    del lock
    gc.collect()
    until(lambda: single.exists("n") == 0)


# --- doubt ---------------------------------------------------------------------------------------------


class Relay:
    """Passes requests on to a real server, and answers - or not.

    Attributes:
        fate: called with the words of each request; "pass", "mute": carry it out and break the connection, "drop": break it.
        carried_out: the names of the commands that were.
    """

    def __init__(self, peer: Peer, server: ServerProcess) -> None:
        self.fate: Callable[[Sequence[bytes]], str] = lambda _: "pass"
        self.carried_out: list[bytes] = []
        self._peer = peer
        self._server = server
        peer.answer = self._answer

    def _answer(self, words: Sequence[bytes]) -> bytes:
        fate = self.fate(words)
        reply = self._carried_out(words) if fate != "drop" else b""
        if fate != "pass":
            self._peer.drop_all()
            return b""
        return reply

    def _carried_out(self, words: Sequence[bytes]) -> bytes:
        with Redis(*self._server.location, decode_responses=False) as client:
            try:
                reply = client.execute_command(*words)
            except ResponseError as error:
                return f"-{error}\r\n".encode()
        self.carried_out.append(words[0])
        if reply is None:
            return b"$-1\r\n"
        return b":%d\r\n" % reply if isinstance(reply, int) else bulk(reply)


@pytest.fixture
def relay(peer: Peer, servers: dict[str, ServerProcess]) -> Relay:
    return Relay(peer, servers[max(servers)])


def first(name: bytes, fate: str, times: int = 1) -> Callable[[Sequence[bytes]], str]:
    """What becomes of the first requests of a command; the rest passes."""
    left = [fate] * times
    return lambda words: left.pop() if words[0] == name and left else "pass"


@pytest.mark.parametrize("timeout", [60, None])
def test_it_was_taken_but_the_answer_got_lost(
    single: Any, surface: Surface, peer: Peer, relay: Relay, timeout: float | None
) -> None:
    relay.fate = first(b"SET", "mute")
    with surface.Redis(*peer.location) as client:
        lock = client.lock("n", timeout)
        assert lock.acquire(blocking=False) is True
        assert relay.carried_out.count(b"SET") == 1
        assert lock.owned()
        assert single.exists("n") == 1
        lock.release()
        assert single.exists("n") == 0


def test_it_was_not_taken_and_the_answer_got_lost(single: Any, surface: Surface, peer: Peer, relay: Relay) -> None:
    relay.fate = first(b"SET", "drop")
    with surface.Redis(*peer.location) as client:
        assert client.lock("n", 60).acquire(blocking=False) is False
        assert single.exists("n") == 0
        relay.fate = first(b"SET", "drop")
        with client.lock("n", 60) as lock:
            assert lock.owned()


def test_somebody_else_has_it_and_the_answer_got_lost(single: Any, surface: Surface, peer: Peer, relay: Relay) -> None:
    relay.fate = first(b"SET", "mute")
    with surface.Redis(*peer.location) as client, single.lock("n", 60) as holder:
        assert client.lock("n", 60).acquire(blocking=False) is False
        assert holder.owned()


def test_it_can_not_be_found_out_whether_it_was_taken(single: Any, surface: Surface, peer: Peer, relay: Relay) -> None:
    """Then it is given back in the background."""
    fates = {b"SET": ["mute"], b"EVALSHA": ["drop", "drop"]}
    relay.fate = lambda words: fates.get(words[0], []).pop() if fates.get(words[0]) else "pass"
    with surface.Redis(*peer.location) as client:
        with pytest.raises(OutcomeUnknownError):
            client.lock("n").acquire()
        assert b"SET" in relay.carried_out
        until(lambda: single.exists("n") == 0)


def test_it_was_released_but_the_answer_got_lost(single: Any, surface: Surface, peer: Peer, relay: Relay) -> None:
    with surface.Redis(*peer.location) as client:
        lock = client.lock("n", 60)
        lock.acquire()
        relay.fate = first(b"EVALSHA", "drop")
        lock.release()
        assert single.exists("n") == 0
        lock.acquire()
        relay.fate = first(b"EVALSHA", "mute")
        with pytest.raises(OutcomeUnknownError) as raised:
            lock.release()
        assert "not held any more" in raised.value.__notes__[0]
        assert single.exists("n") == 0


# --- tasks ---------------------------------------------------------------------------------------------


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def plain(servers: dict[str, ServerProcess]) -> Iterator[Redis[str]]:
    """A blocking client of the server that the tasks use, too."""
    with Redis(*servers[max(servers)].location) as client:
        client.flushall()
        yield client


async def happens(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(PATIENCE):
        while not condition():
            await anyio.sleep(0.002)


def test_tasks_share_an_object(plain: Any, backend: str, servers: dict[str, ServerProcess]) -> None:
    order: list[str] = []

    async def main() -> None:
        async with AsyncRedis(*servers[max(servers)].location) as client:
            lock = client.lock("n", timeout=60)

            async def hold() -> None:
                for _ in range(5):
                    async with lock:
                        order.append("in")
                        await anyio.sleep(0)
                        order.append("out")

            async with anyio.create_task_group() as tasks:
                for _ in range(8):
                    tasks.start_soon(hold)

    anyio.run(main, backend=backend)
    assert order == ["in", "out"] * 40


def test_cancelled_while_it_waits(plain: Any, backend: str, servers: dict[str, ServerProcess]) -> None:
    async def main() -> None:
        async with AsyncRedis(*servers[max(servers)].location) as client:
            async with client.lock("n"):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(client.lock("n").acquire)
                    await happens(lambda: plain.info("clients")["blocked_clients"] == 1)
                    tasks.cancel_scope.cancel()
                await happens(lambda: plain.info("clients")["blocked_clients"] == 0)
            assert not await client.lock("n").locked()
            with anyio.fail_after(PATIENCE):
                async with client.lock("n"):
                    pass

    anyio.run(main, backend=backend)


def test_cancelled_when_the_server_has_granted_it(plain: Any, backend: str, peer: Peer, relay: Relay) -> None:
    granted, answer = threading.Event(), threading.Event()
    passed_on = peer.answer

    def late(words: Sequence[bytes]) -> bytes:
        reply = passed_on(words)
        if words[0] == b"SET":
            granted.set()
            assert answer.wait(PATIENCE)
        return reply

    peer.answer = late

    async def main() -> None:
        async with AsyncRedis(*peer.location) as client:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(client.lock("n").acquire)
                await happens(granted.is_set)
                assert plain.exists("n") == 1
                tasks.cancel_scope.cancel()
            await happens(lambda: plain.exists("n") == 0)

    try:
        anyio.run(main, backend=backend)
    finally:
        answer.set()


def test_cancelled_while_it_holds(plain: Any, backend: str, servers: dict[str, ServerProcess]) -> None:
    async def main() -> None:
        async with AsyncRedis(*servers[max(servers)].location) as client:
            held = anyio.Event()

            async def hold() -> None:
                async with client.lock("n"):
                    held.set()
                    await anyio.sleep_forever()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(hold)
                await held.wait()
                tasks.cancel_scope.cancel()
            await happens(lambda: plain.exists("n") == 0)

    anyio.run(main, backend=backend)


def test_cancelled_at_any_moment(plain: Any, backend: str, servers: dict[str, ServerProcess]) -> None:
    """Locks without a timeout: one that nobody gives back would stay."""

    async def main() -> None:
        async with AsyncRedis(*servers[max(servers)].location) as client:
            for step in range(60):
                with anyio.move_on_after(step * 0.0001):
                    async with client.lock("n"):
                        await anyio.sleep(0)
                await happens(lambda: plain.exists("n") == 0)

    anyio.run(main, backend=backend)
    assert not plain.lock("n").locked()


# --- failover ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("surface", ["sync", "trio"], indirect=True)
def test_a_failover(surface: Surface, background: Callable[..., Any]) -> None:
    with (
        SentinelDeployment(1, 1, server=BINARIES[max(BINARIES)]) as deployment,
        surface.Sentinel(deployment.sentinel_locations) as sentinel,
        sentinel.primary_for("myredis") as primary,
    ):
        mine, other = primary.lock("n", timeout=60, renew=True), primary.lock("n", timeout=60, sleep=NEVER)
        mine.acquire()
        waiting = background(other.acquire)
        until(lambda: primary.info("clients")["blocked_clients"] == 1)
        assert primary.wait(1, 20_000) == 1
        deployment.failover()
        assert mine.owned()
        assert not waiting.finished
        mine.release()
        assert waiting.result() is True
        assert other.owned()
        other.release()


def test_the_errors_are_one_tree() -> None:
    for kind in (LockError, LockAcquisitionError, LockNotOwnedError):
        assert issubclass(kind, LockError)
        assert issubclass(kind, RedisError)
        assert issubclass(kind, ValueError)
