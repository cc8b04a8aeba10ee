"""Many tasks, one connection: order, cancellation at every point, broken connections, limits."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import anyio
import anyio.to_thread
import pytest

from syncredis import NO_RETRY, OutcomeUnknownError, RetryPolicy, TimeoutError, traffic
from syncredis.aio import Redis
from syncredis.command import Command
from syncredis.exceptions import DecodeError, InterruptedCallError, WrongTypeError
from syncredis.testing import ServerProcess
from tests.fixtures.peer import Peer, bulk, politely
from tests.fixtures.servers import BINARIES
from tests.fixtures.tasks import Run, all_of, at_rest, threads, until

BLPOP_FOR_EVER = Command[Any](("BLPOP", "nothing", 0), blocks=0)


@pytest.fixture
def server_name() -> str:
    """One kind of server: what is tested here does not depend on it."""
    return next(iter(BINARIES))


# --- who shares, and who does not -----------------------------------------------------------------------


def test_many_tasks_share_one_connection(run: Run, server: ServerProcess, keys: list[str]) -> None:
    async def main() -> None:
        async with Redis(*server.location, client_name="shared") as client:
            for _ in range(3):
                assert await all_of(*(lambda key=key: client.get(key) for key in keys)) == keys
            assert len([each for each in await client.client_list() if each["name"] == "shared"]) == 1
            await at_rest(client)

    run(main)


def test_calls_one_after_the_other_need_no_thread(run: Run, server: ServerProcess, keys: list[str]) -> None:
    async def main() -> None:
        async with Redis(*server.location) as client:
            await client.ping()
            await at_rest(client)
            for key in keys:
                assert await client.get(key) == key
                assert not threads()

    run(main)


def test_any_number_of_blocking_calls_do_not_stop_a_get(run: Run, server: ServerProcess, keys: list[str]) -> None:
    async def main() -> None:
        client = Redis(*server.location, max_connections=3, pool_timeout=None)
        async with client, anyio.create_task_group() as tasks:
            for _ in range(200):
                tasks.start_soon(client.blpop, "nothing")
            for _ in range(10):
                tasks.start_soon(client.execute_command, "blpop", "nothing", 0)
            await until(lambda: blocked_clients(server) == 3)
            assert await all_of(*(lambda key=key: client.get(key) for key in keys)) == keys
            pipeline = client.pipeline()
            pipeline.get(keys[0])
            assert await pipeline.execute() == [keys[0]]
            assert blocked_clients(server) == 3
            tasks.cancel_scope.cancel()
        await until(lambda: blocked_clients(server) == 0)

    run(main)


def blocked_clients(server: ServerProcess) -> int:
    report = server.execute_command("INFO", "clients")
    return int(dict(line.split(":", 1) for line in report.split() if ":" in line)["blocked_clients"])


def test_waiting_for_replicas_is_about_what_was_written_before(run: Run, server: ServerProcess) -> None:
    """On a connection on which nothing was written, the server would answer at once, whatever was lost."""

    async def main() -> None:
        async with Redis(*server.location) as client:
            await client.set("k", "v")
            assert await client.wait(1, 20) == 0
            assert await client.execute_command("wait", 1, 20) == 0
            assert len(client.wrapped.pool._state.slots) == 1, "the same connection"

    run(main)


@pytest.mark.parametrize("transaction", [False, True])
def test_pipelines_travel_as_one(run: Run, server: ServerProcess, transaction: bool) -> None:
    async def work(client: Redis[str], name: int) -> None:
        for turn in range(20):
            pipeline = client.pipeline(transaction=transaction)
            pipeline.set(f"p:{name}", f"{name}:{turn}")
            pipeline.incr("total")
            got = pipeline.get(f"p:{name}")
            pipeline.lpush(f"p:{name}", "no list")
            outcomes = await pipeline.execute(raise_on_error=False)
            assert got.value == f"{name}:{turn}"
            assert "WRONGTYPE" in str(outcomes[3])
            assert await client.get(f"p:{name}") == f"{name}:{turn}"

    async def main() -> None:
        async with Redis(*server.location) as client:
            async with anyio.create_task_group() as tasks:
                for name in range(16):
                    tasks.start_soon(work, client, name)
            assert await client.get("total") == "320"

    run(main)


def test_large_requests_and_replies_among_small_ones(run: Run, server: ServerProcess, keys: list[str]) -> None:
    large = {f"large:{size}": chr(97 + size % 26) * size for size in (65_535, 65_536, 200_000, 3_000_000)}

    async def main() -> None:
        async with Redis(*server.location) as client:
            assert await all_of(*(lambda name=name: client.set(name, large[name]) for name in large)) == [True] * 4
            names = [*keys, *large] * 3
            random.Random(5).shuffle(names)
            wanted = [large.get(name, name) for name in names]
            assert await all_of(*(lambda name=name: client.get(name) for name in names)) == wanted

    run(main)


def test_text_and_bytes_on_one_connection(run: Run, server: ServerProcess) -> None:
    async def main() -> None:
        async with Redis(*server.location) as client:
            await client.execute_command("SET", "raw", b"\xff")
            await client.set("text", "x")
            for _ in range(3):
                outcomes = await all_of(
                    lambda: client.get("raw"), lambda: client.get("text"), lambda: client.dump("text")
                )
                assert "not valid utf-8" in str(outcomes[0])
                assert outcomes[1] == "x"
                assert isinstance(outcomes[2], bytes)

    run(main)


def test_those_who_come_too_many_wait(
    run: Run, server: ServerProcess, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "MOST_WAITING", 10)
    monkeypatch.setattr(traffic, "MOST_UNDER_WAY", 200)
    most = 0

    async def main() -> None:
        nonlocal most
        async with Redis(*server.location) as client:
            await client.ping()
            shared = client._dispatcher.lines.here(client.wrapped._stream_timeout).only
            assert shared is not None

            async def get(key: str) -> str | None:
                nonlocal most
                most = max(most, len(shared._traffic.waiting))
                return await client.get(key)

            async with anyio.create_task_group() as tasks:
                for _ in range(100):  # they leave in the middle of it
                    tasks.start_soon(give_up_soon, client)
                assert await all_of(*(lambda key=key: get(key) for key in keys * 8)) == keys * 8

    async def give_up_soon(client: Redis[str]) -> None:
        with anyio.move_on_after(0):
            await client.get("k")

    run(main)
    assert most == 10


# --- cancelled at every point ---------------------------------------------------------------------------


def test_cancelled_while_connecting_and_the_next_one_is_not(run: Run, peer: Peer) -> None:
    async def main() -> None:
        async with Redis(*peer.location, connect_timeout=60) as client:
            peer.greeting.clear()
            with anyio.move_on_after(0.05) as connecting:
                await client.ping()
            assert connecting.cancelled_caught
            peer.greeting.set()
            assert await client.ping() is True
            assert peer.received == [[b"PING"]], "what was cancelled was not sent"
            await at_rest(client)

    run(main)


def test_cancelled_when_sent_and_when_half_received(run: Run, peer: Peer) -> None:
    """The reply to a call that was cancelled comes later; it belongs to nobody."""
    first, second = threading.Event(), threading.Event()

    def answer(words: Sequence[bytes]) -> bytes:
        if words[-1] == b"slow":
            first.wait(30)
            return b"$4\r\nsl"
        if words[-1] == b"slower":
            second.wait(30)
            return b"ow\r\n" + bulk(b"slower")
        return politely(words)

    peer.answer = answer

    async def main() -> None:
        async with Redis(*peer.location) as client:
            await client.ping()
            async with anyio.create_task_group() as tasks:
                with anyio.move_on_after(0.05) as sent:
                    await client.echo("slow")
                assert sent.cancelled_caught
                with anyio.CancelScope() as half_received:
                    tasks.start_soon(cancel_later, half_received)
                    await client.echo("slower")
                assert half_received.cancelled_caught
            second.set()
            assert await all_of(*(lambda n=n: client.echo(n) for n in "abc")) == ["a", "b", "c"]
            assert peer.accepted == 1
            await at_rest(client)

    async def cancel_later(scope: anyio.CancelScope) -> None:
        first.set()
        await anyio.sleep(0.05)
        scope.cancel()

    run(main)


def test_cancelled_before_it_was_sent(run: Run, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "MOST_UNDER_WAY", 1)  # one call at a time
    gate = threading.Event()

    def answer(words: Sequence[bytes]) -> bytes:
        gate.wait(30)
        return politely(words)

    peer.answer = answer

    async def main() -> None:
        async with Redis(*peer.location) as client, anyio.create_task_group() as tasks:
            tasks.start_soon(client.echo, "first")
            await until(lambda: len(peer.received) == 1)
            with anyio.move_on_after(0.02) as waiting:
                await client.echo("second")
            assert waiting.cancelled_caught
            gate.set()
            assert await client.echo("third") == "third"

    run(main)
    assert [words[1] for words in peer.received] == [b"first", b"third"]


@pytest.mark.parametrize("waits_for", ["a connection", "room", "its turn"])
def test_writes_that_wait_when_the_gate_is_shut(
    run: Run, peer: Peer, monkeypatch: pytest.MonkeyPatch, waits_for: str
) -> None:
    """They are not sent before it opens again, wherever they wait; who reads goes on; one is cancelled, at once."""
    may_answer = threading.Event()

    def answer(words: Sequence[bytes]) -> bytes:
        may_answer.wait(30)
        return b"+OK\r\n"

    peer.answer = answer
    if waits_for == "room":
        monkeypatch.setattr(traffic, "MOST_UNDER_WAY", 1)  # one call at a time
    if waits_for == "a connection":
        peer.greeting.clear()

    async def main() -> None:
        async with Redis(*peer.location) as client, anyio.create_task_group() as tasks:
            gate = client.wrapped.pool.gate
            if waits_for != "a connection":
                tasks.start_soon(client.get, "first")
                await until(lambda: len(peer.received) == 1)

            async def write_in_order() -> None:
                await client.set("w", "1")
                await client.set("w", "2")

            async def pipelined() -> None:
                async with client.pipeline() as pipeline:
                    pipeline.set("p", "1")
                    pipeline.set("p", "2")
                    await pipeline.execute()

            async def cancelled() -> None:
                with anyio.CancelScope() as scope:
                    cancelling.append(scope)
                    await client.set("c", "1")

            async def shut() -> None:
                gate.shut(300)

            cancelling: list[anyio.CancelScope] = []
            for writer in (write_in_order, pipelined, cancelled):
                tasks.start_soon(writer)
            tasks.start_soon(client.get, "second")
            if waits_for == "its turn":  # the tasks that begin now have all run before anything is sent
                tasks.start_soon(shut)
            await until(lambda: len(cancelling) == 1)
            gate.shut(300)
            peer.greeting.set()
            may_answer.set()
            await until(lambda: gate.waiting == 3)
            await until(lambda: [b"GET", b"second"] in peer.received)
            assert not any(words[0] in (b"SET", b"MULTI") for words in peer.received)
            cancelling[0].cancel()
            await until(lambda: gate.waiting == 2)
            gate.open()

    run(main)
    written = [words for words in peer.received if words[0] != b"GET"]
    for words in ([b"SET", b"w", b"1"], [b"SET", b"w", b"2"]):
        assert written.count(words) == 1
    assert written.index([b"SET", b"w", b"1"]) < written.index([b"SET", b"w", b"2"])
    begin = written.index([b"MULTI"])
    assert written[begin : begin + 4] == [[b"MULTI"], [b"SET", b"p", b"1"], [b"SET", b"p", b"2"], [b"EXEC"]]
    assert not any(words[:2] == [b"SET", b"c"] for words in written)


def test_what_has_not_left_when_the_gate_is_shut_waits(run: Run, peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system takes no more; what it has taken in part goes to its end, what comes after it waits."""
    peer.answer = lambda _: b"+OK\r\n"
    monkeypatch.setattr(traffic, "MOST_UNDER_WAY", 1 << 30)  # more than the system takes
    count, value = 300, "x" * 100_000

    async def main() -> None:
        async with Redis(*peer.location) as client, anyio.create_task_group() as tasks:
            gate = client.wrapped.pool.gate
            await client.get("first")
            peer.reading.clear()
            for number in range(count):
                tasks.start_soon(client.set, f"k{number}", value)
            multiplexer = client._dispatcher._line.only  # type: ignore[union-attr]
            assert multiplexer is not None
            await until(lambda: multiplexer._traffic.unsent is not None)
            gate.shut(300)
            peer.reading.set()
            await until(lambda: gate.waiting > 0 and gate.waiting + len(peer.received) - 1 == count)
            assert len(peer.received) > 1
            gate.open()

    run(main)
    keys = [words[1] for words in peer.received[1:]]
    assert sorted(keys) == sorted(b"k%d" % number for number in range(count))


@pytest.mark.parametrize(
    ("tasks", "turns"), [(16, 40), pytest.param(64, 400, marks=pytest.mark.slow)], ids=["few", "many"]
)
@pytest.mark.parametrize("kills", [False, True], ids=["", "killed"])
def test_storm_of_cancellation(
    run: Run, server: ServerProcess, keys: list[str], tasks: int, turns: int, kills: bool
) -> None:
    """Every reply names its key; whoever gets another one's would see it."""
    chance = random.Random(11)
    seen = Counter[str]()
    policy = RetryPolicy(retries=None, deadline=60)

    async def read(client: Redis[str]) -> None:
        key = chance.choice(keys)
        with anyio.move_on_after(chance.choice([0, 0.0003, 0.001, 0.003, 60])) as scope:
            kind = chance.randrange(4)
            if kind == 0:
                pipeline = client.pipeline(transaction=chance.random() < 0.5)
                pipeline.get(key)
                pipeline.strlen(key)
                assert await pipeline.execute() == [key, len(key)]
            elif kind == 1:
                await client.set(f"written:{key}", key)
            else:
                assert await client.get(key) == key
            seen["right"] += 1
        seen["cancelled"] += scope.cancelled_caught

    async def careful(client: Redis[str]) -> None:
        for _ in range(turns):
            try:
                await read(client)
            except OutcomeUnknownError:
                seen["unknown"] += 1

    async def disturb(until_done: anyio.Event) -> None:
        while not until_done.is_set():
            await anyio.to_thread.run_sync(keep_busy, server)  # else replies may come sooner than a task is cancelled
            if kills:
                await anyio.to_thread.run_sync(kill_all, server)
            await anyio.sleep(0.002)

    async def main() -> None:
        async with Redis(*server.location, max_connections=4, retry_policy=policy) as client:
            done = anyio.Event()
            async with anyio.create_task_group() as others:
                others.start_soon(disturb, done)
                async with anyio.create_task_group() as readers:
                    for _ in range(tasks):
                        readers.start_soon(careful, client)
                done.set()
            await at_rest(client)

    run(main)
    assert seen["cancelled"] > 50
    assert seen["right"] > 20
    if not kills:
        assert seen["right"] + seen["cancelled"] == tasks * turns
    assert all(server.execute_command("GET", f"written:{key}") in (key, None) for key in keys)


def keep_busy(server: ServerProcess) -> None:
    server.execute_command("EVAL", "for i = 1, 500000 do end", "0")


def kill_all(server: ServerProcess) -> None:
    server.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


# --- broken connections ---------------------------------------------------------------------------------


def test_a_broken_connection_repeats_reads_and_never_writes(run: Run, peer: Peer) -> None:
    """Of what was sent and not answered, the reads are repeated; the writes raise. What comes later is carried out."""
    gate = threading.Event()

    def answer(words: Sequence[bytes]) -> bytes:
        if not gate.is_set():
            gate.wait(30)
            return b""
        return b":1\r\n" if words[0] == b"INCRBY" else bulk(words[1]) if words[0] == b"GET" else politely(words)

    peer.answer = answer

    async def main() -> None:
        async with Redis(*peer.location) as client:
            async with anyio.create_task_group() as tasks:
                outcomes: list[Any] = []

                async def gather() -> None:
                    outcomes.extend(
                        await all_of(
                            lambda: client.get("a"), lambda: client.incr("n"), lambda: client.get("b"), client.ping
                        )
                    )

                tasks.start_soon(gather)
                await until(lambda: len(peer.received) == 1)  # the others are in the stream, after it
                peer.drop_all()
                gate.set()
            assert outcomes[0] == "a"
            assert isinstance(outcomes[1], OutcomeUnknownError)
            assert isinstance(outcomes[1].__cause__, ConnectionError)
            assert outcomes[2] == "b"
            assert await client.incr("n") == 1
            assert len({id(error) for error in outcomes}) == 4

    run(main)


def test_no_write_is_applied_twice_and_none_that_was_acknowledged_is_lost(run: Run, server: ServerProcess) -> None:
    acknowledged, unknown = Counter[str](), Counter[str]()

    async def count(client: Redis[str], name: str) -> None:
        for _ in range(60):
            try:
                await client.incr(name)
                acknowledged[name] += 1
            except OutcomeUnknownError:
                unknown[name] += 1

    async def kill(done: anyio.Event) -> None:
        while not done.is_set():
            await anyio.to_thread.run_sync(kill_all, server)
            await anyio.sleep(0.01)

    async def main() -> None:
        done = anyio.Event()
        client = Redis(*server.location, retry_policy=RetryPolicy(retries=None, deadline=60))
        async with client, anyio.create_task_group() as tasks:
            tasks.start_soon(kill, done)
            async with anyio.create_task_group() as writers:
                for number in range(16):
                    writers.start_soon(count, client, f"n:{number}")
            done.set()

    run(main)
    for number in range(16):
        name = f"n:{number}"
        assert acknowledged[name] + unknown[name] == 60
        assert acknowledged[name] <= int(server.execute_command("GET", name) or 0) <= 60


def test_a_server_that_stands_still(run: Run, start: Callable[..., ServerProcess]) -> None:
    server = start()

    async def main() -> None:
        async with Redis(*server.location, stream_timeout=0.5, connect_timeout=60, retry_policy=NO_RETRY) as client:
            await client.set("k", "v")
            server.freeze()
            alone = await all_of(lambda: client.get("k"))
            assert isinstance(alone[0], TimeoutError)
            server.thaw()
            assert await client.get("k") == "v"
            server.freeze()
            outcomes = await all_of(lambda: client.get("k"), lambda: client.incr("n"), lambda: client.get("k"))
            assert [type(outcome).__name__ for outcome in outcomes] == [
                "TimeoutError",
                "OutcomeUnknownTimeoutError",
                "TimeoutError",
            ]
            server.thaw()
            assert await client.get("k") == "v"

    run(main)


def test_closing_ends_what_is_under_way_and_what_waits(run: Run, peer: Peer) -> None:
    gate = threading.Event()

    def answer(words: Sequence[bytes]) -> bytes:
        gate.wait(30)
        return politely(words)

    async def main() -> None:
        client = Redis(*peer.location)
        await client.ping()
        await at_rest(client)
        peer.answer = answer
        for number in (1, 5):
            async with anyio.create_task_group() as tasks:
                outcomes: list[Any] = []

                async def gather(number: int = number, outcomes: list[Any] = outcomes) -> None:
                    outcomes.extend(await all_of(*[client.ping] * number))

                before = len(peer.received)
                tasks.start_soon(gather)
                await until(lambda before=before: len(peer.received) > before)
                await client.aclose()
            assert [type(outcome) for outcome in outcomes] == [InterruptedCallError] * number
            gate.set()
            assert await client.ping() is True
            gate.clear()
        gate.set()
        await client.aclose()
        await at_rest(client)
        assert not client.wrapped.pool._state.slots

    run(main)


def test_each_gets_its_own_among_errors(run: Run, server: ServerProcess, keys: list[str]) -> None:
    """Replies are parsed together where that is possible: calls of one kind, and of all kinds."""
    server.execute_command("SET", "no text", b"\xff")
    server.execute_command("LPUSH", "list", "x")

    async def main() -> None:
        async with Redis(*server.location) as client:
            in_bytes = client.with_options(decode_responses=False)

            async def pipeline() -> list[Any]:
                async with client.pipeline(transaction=False) as batch:
                    batch.get("key:1")
                    batch.get("list")
                    batch.get("no text")
                    return await batch.execute(raise_on_error=False)

            plain = [lambda key=key: client.get(key) for key in keys]
            bad = [lambda: client.get("no text"), lambda: client.get("list"), *plain]
            mixed = [
                *plain,
                lambda: in_bytes.get("no text"),
                pipeline,
                *bad,
                pipeline,
                lambda: in_bytes.get("key:2"),
                *bad,
            ]
            for calls in (plain, bad, mixed):
                for _ in range(3):
                    outcomes = iter(await all_of(*calls))
                    for call in calls:
                        outcome = next(outcomes)
                        if call is bad[0]:
                            assert isinstance(outcome, DecodeError)
                        elif call is bad[1]:
                            assert isinstance(outcome, WrongTypeError)
                        elif call is pipeline:
                            assert [type(each) for each in outcome] == [str, WrongTypeError, DecodeError]
                        elif call in plain:
                            assert outcome == keys[plain.index(call)]
                        else:
                            assert outcome in (b"\xff", b"key:2")
            await at_rest(client)

    run(main)
