"""Large replies on the connection that tasks share: received straight into their place, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import anyio
import pytest

from syncredis import NO_RETRY, bulk, receiver
from syncredis.aio import Redis
from syncredis.exceptions import ConnectionError, DecodeError, InterruptedCallError, TimeoutError
from syncredis.testing import ServerProcess
from syncredis.transport import RECEIVE_SIZE
from tests.fixtures.peer import Peer, politely
from tests.fixtures.peer import bulk as bulk_string
from tests.fixtures.tasks import Run, all_of, until

#: In whatever place it is cut in two, the second half looks as if a large string began there.
MISLEADING = "$600000\r\n"


@pytest.fixture
def large_ones(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of those that went straight into their place."""
    lengths: list[int] = []

    def noting(stream: Any, data: bytes, length: int, position: int) -> tuple[bytes, bytes]:
        lengths.append(length)
        return bulk.receive_bulk(stream, data, length, position)

    monkeypatch.setattr(receiver, "receive_bulk", noting)
    return lengths


def large(number: int) -> str:
    return f"{number}:" + MISLEADING * (70_000 + 10_000 * number)


@pytest.mark.parametrize("text", [True, False])
def test_alone(run: Run, server: ServerProcess, large_ones: list[int], text: bool) -> None:
    async def main() -> None:
        async with Redis(*server.location, decode_responses=text) as client:
            await client.set("large", large(1))
            for _ in range(10):
                reply = await client.get("large")
                assert reply == (large(1) if text else large(1).encode())
                assert await client.ping()
            await client.delete("large")

    run(main)
    assert set(large_ones) == {len(large(1))}, "not all, if the first piece was a small one"


def test_among_others(run: Run, server: ServerProcess, large_ones: list[int]) -> None:
    """Wherever pieces of replies end, each caller gets his own."""
    values = {f"large:{number}": large(number) for number in range(4)}
    values |= {
        f"middle:{size}": (MISLEADING * 60_000)[:size]
        for size in (RECEIVE_SIZE - 17, RECEIVE_SIZE, 3 * RECEIVE_SIZE, 500_000)
    }
    values |= {f"small:{number}": MISLEADING * number for number in range(8)}

    async def main() -> None:
        async with Redis(*server.location) as client:
            for key, value in values.items():
                await client.set(key, value)

            async def read(first: int) -> None:
                keys = [*values]
                for turn in range(2 * len(keys)):
                    key = keys[(first + turn * 5) % len(keys)]
                    assert await client.get(key) == values[key], key

            async with anyio.create_task_group() as tasks:
                for number in range(12):
                    tasks.start_soon(read, number)
            await client.delete(*values)

    run(main)
    assert set(large_ones) <= {len(value) for value in values.values()}


def test_what_only_looks_like_a_large_one(run: Run, peer: Peer, large_ones: list[int]) -> None:
    """A piece of a reply that begins like another one."""
    value = b"x" * (RECEIVE_SIZE - len(b"$400000\r\n")) + b"$600000\r\n" * 44_444
    value = value.ljust(400_000, b".")
    peer.answer = lambda words: bulk_string(value) if words[0] == b"GET" else politely(words)

    async def main() -> None:
        async with Redis(*peer.location, decode_responses=False) as client:
            for _ in range(3):
                replies = await all_of(
                    *[lambda: client.get("k")] * 5, *[lambda: client.execute_command("ECHO", "mine")] * 5
                )
                assert replies == [value] * 5 + [b"mine"] * 5

    run(main)
    assert not large_ones


def test_one_that_is_no_text(run: Run, server: ServerProcess) -> None:
    async def main() -> None:
        async with Redis(*server.location) as client:
            await client.set("large", b"\xff" * 2_000_000)
            for _ in range(2):
                with pytest.raises(DecodeError, match="decode_responses=False"):
                    await client.get("large")
                assert await client.ping()
            assert client.wrapped.pool_statistics().made <= 2
            await client.delete("large")

    run(main)


@pytest.mark.parametrize("others", [0, 3])
def test_one_that_ends_too_early(run: Run, peer: Peer, others: int) -> None:
    def answer(words: Sequence[bytes]) -> bytes:
        if words[0] == b"GET":
            peer.say(bulk_string(b"x" * 1_000_000)[:900_000])
            peer.drop_all()
        return politely(words)

    peer.answer = answer

    async def main() -> None:
        async with Redis(*peer.location, retry_policy=NO_RETRY) as client:

            async def fails(call: Callable[[], Any]) -> None:
                with pytest.raises(ConnectionError):
                    await call()

            async with anyio.create_task_group() as tasks:
                for _ in range(1 + others):
                    tasks.start_soon(fails, lambda: client.get("k"))
            assert await client.execute_command("ECHO", "mine") == "mine"

    run(main)


def test_one_that_stands_still(run: Run, peer: Peer) -> None:
    peer.answer = lambda words: bulk_string(b"x" * 1_000_000)[:900_000] if words[0] == b"GET" else politely(words)

    async def main() -> None:
        async with Redis(*peer.location, retry_policy=NO_RETRY, stream_timeout=0.2) as client:
            with pytest.raises(TimeoutError, match=r"no reply from .* within 0\.2 s"):
                await client.get("k")
            assert await client.execute_command("ECHO", "mine") == "mine"

    run(main)


def test_one_whose_client_is_closed_meanwhile(run: Run, peer: Peer, large_ones: list[int]) -> None:
    """Its caller is told why it was broken off."""
    peer.answer = lambda words: bulk_string(b"x" * 1_000_000)[:900_000] if words[0] == b"GET" else politely(words)

    async def main() -> None:
        client = Redis(*peer.location, retry_policy=NO_RETRY)

        async def get() -> None:
            with pytest.raises(InterruptedCallError, match="the client was closed"):
                await client.get("k")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(get)
            await until(lambda: bool(large_ones))
            await client.aclose()

    run(main)


def test_whose_caller_has_gone(run: Run, server: ServerProcess) -> None:
    """It is received all the same, in its place."""

    async def main() -> None:
        async with Redis(*server.location) as client:
            await client.set("large", large(3))
            for seconds in (0, 0.0005, 0.002):
                with anyio.move_on_after(seconds):
                    await client.get("large")
                assert await client.execute_command("ECHO", "mine") == "mine"
            await client.delete("large")

    run(main)
