"""The fault proxy: what passes, what does not, and exactly how much of it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from syncredis import Redis
from syncredis.testing import NO_FAULT, Fault, FaultProxy, ServerProcess, ServerProcessError
from syncredis.testing.errors import NotReadyError
from tests.fixtures.threads import BackgroundCall, until

PATIENCE = 30.0


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess() as started:
        yield started


@pytest.fixture
def proxy(server: ServerProcess) -> Iterator[FaultProxy]:
    server.execute_command("FLUSHALL")
    with FaultProxy(server.location) as made:
        yield made


@pytest.fixture
def raw(proxy: FaultProxy) -> Iterator[socket.socket]:
    """A connection of which the proxy knows already."""
    with socket.create_connection(proxy.location, PATIENCE) as made:
        until(lambda: proxy.connections == 1)
        yield made


def read(raw: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := raw.recv(count - len(data))):
        data += more
    return data


def read_all(raw: socket.socket) -> bytes:
    return b"".join(iter(lambda: raw.recv(65536), b""))


def ask(raw: socket.socket, request: bytes, reply: bytes) -> None:
    raw.sendall(request)
    assert read(raw, len(reply)) == reply


def test_without_a_fault(proxy: FaultProxy) -> None:
    """Everything passes as it is, from any number of connections, however much at once."""

    def talk(name: str) -> int:
        with Redis(*proxy.location, decode_responses=False) as client:
            for size in (0, 1, 1000, 300_000, 5_000_000):
                value = (name * size).encode()[:size]
                client.set(name, value)
                assert client.get(name) == value
        return 1

    calls = [BackgroundCall(talk, f"key-{number}") for number in range(8)]
    assert sum(call.result() for call in calls) == 8
    proxy.wait_until_idle()
    assert (proxy.accepted, proxy.connections, proxy.struck) == (8, 0, 0)
    assert proxy.bytes_to_server > 8 * 5_000_000 < proxy.bytes_to_client


def test_round_trips(proxy: FaultProxy, raw: socket.socket) -> None:
    ask(raw, b"PING\r\nPING\r\n", b"+PONG\r\n" * 2)
    assert proxy.round_trips == 1
    ask(raw, b"PING\r\n", b"+PONG\r\n")
    with socket.create_connection(proxy.location, PATIENCE) as other:
        ask(other, b"PING\r\n", b"+PONG\r\n")
    assert proxy.round_trips == 3


def test_each_side_may_end(proxy: FaultProxy, raw: socket.socket, server: ServerProcess) -> None:
    """What one side sent before it ended arrives, and so does the end."""
    raw.sendall(b"SET k v\r\nQUIT\r\n")
    assert read_all(raw) == b"+OK\r\n" * 2
    raw.close()
    with socket.create_connection(proxy.location, PATIENCE) as other:
        other.sendall(b"INCR n\r\n")
        other.shutdown(socket.SHUT_WR)
        read_all(other)
    proxy.wait_until_idle()
    assert server.execute_command("GET", "n") == "1"


def test_delay(proxy: FaultProxy, raw: socket.socket) -> None:
    proxy.to_server, proxy.to_client = Fault(delay=0.1), Fault(delay=0.2)
    began = time.monotonic()
    ask(raw, b"PING\r\nPING\r\n", b"+PONG\r\n" * 2)
    assert time.monotonic() - began >= 0.3
    proxy.heal()
    assert (proxy.to_server, proxy.to_client) == (NO_FAULT, NO_FAULT)


def test_rate(proxy: FaultProxy, raw: socket.socket) -> None:
    proxy.to_client = Fault(rate=10_000)
    began = time.monotonic()
    ask(raw, b"ECHO " + b"x" * 3000 + b"\r\n", b"$3000\r\n" + b"x" * 3000 + b"\r\n")
    assert time.monotonic() - began >= 0.25


def test_a_black_hole_for_replies(proxy: FaultProxy, raw: socket.socket, server: ServerProcess) -> None:
    """The request arrives, the reply does not - until the network is well again."""
    proxy.to_client = Fault(black_hole=True)
    raw.sendall(b"INCR n\r\nQUIT\r\n")
    until(lambda: server.execute_command("GET", "n") == "1")
    raw.settimeout(0.1)
    with pytest.raises(TimeoutError):
        raw.recv(1)
    raw.settimeout(PATIENCE)
    proxy.heal()
    assert read_all(raw) == b":1\r\n+OK\r\n"


def test_a_black_hole_for_requests(proxy: FaultProxy, raw: socket.socket, server: ServerProcess) -> None:
    proxy.to_server = Fault(black_hole=True)
    raw.sendall(b"INCR n\r\n")
    raw.settimeout(0.1)
    with pytest.raises(TimeoutError):
        raw.recv(1)
    assert server.execute_command("EXISTS", "n") == 0
    raw.settimeout(PATIENCE)
    proxy.heal()
    assert read(raw, 4) == b":1\r\n"


def test_a_partition(proxy: FaultProxy, raw: socket.socket, server: ServerProcess) -> None:
    """The server does not even learn that the client has gone, and new connections get no answer."""
    ask(raw, b"CLIENT SETNAME old\r\n", b"+OK\r\n")
    proxy.partition()
    raw.close()
    with socket.create_connection(proxy.location, PATIENCE) as new:
        new.sendall(b"PING\r\n")
        new.settimeout(0.1)
        with pytest.raises(TimeoutError):
            new.recv(1)
        assert "name=old" in server.execute_command("CLIENT", "LIST")
        proxy.heal()
        new.settimeout(PATIENCE)
        assert read(new, 7) == b"+PONG\r\n"
    until(lambda: "name=old" not in server.execute_command("CLIENT", "LIST"))


@pytest.mark.parametrize("count", range(8))
def test_a_cut_in_a_reply(proxy: FaultProxy, raw: socket.socket, server: ServerProcess, count: int) -> None:
    proxy.to_client = Fault(cut_after=count)
    raw.sendall(b"INCR n\r\nINCR n\r\n")
    assert read_all(raw) == b":1\r\n:2\r\n"[:count]
    raw.close()
    proxy.wait_until_idle()
    assert proxy.struck == 1
    assert server.execute_command("GET", "n") == "2"
    assert proxy.to_client == NO_FAULT, "it is over once it has struck"


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 15])
def test_a_cut_in_a_request(proxy: FaultProxy, raw: socket.socket, server: ServerProcess, count: int) -> None:
    """What is complete is carried out, what is not is not, and the replies go nowhere."""
    proxy.to_server = Fault(cut_after=count)
    raw.sendall(b"INCR n\r\nINCR n\r\n")
    assert read_all(raw) == b""
    raw.close()
    proxy.wait_until_idle()
    assert int(server.execute_command("GET", "n") or 0) == count // 8
    assert proxy.bytes_to_server == count


def test_bytes_are_counted_from_now_on(proxy: FaultProxy, raw: socket.socket) -> None:
    ask(raw, b"PING\r\n", b"+PONG\r\n")
    proxy.to_client = Fault(cut_after=9)
    ask(raw, b"PING\r\n", b"+PONG\r\n")
    raw.sendall(b"PING\r\n")
    assert read_all(raw) == b"+P"


def test_cuts_that_are_repeated(proxy: FaultProxy) -> None:
    proxy.to_client = Fault(cut_after=3, repeat=True)
    for number in range(1, 4):
        with socket.create_connection(proxy.location, PATIENCE) as raw:
            raw.sendall(b"PING\r\n")
            assert read_all(raw) == b"+PO"
        assert proxy.struck == number


@pytest.mark.parametrize("fault", [Fault(cut_after=0, reset=True), Fault(cut_after=3, reset=True)])
def test_a_reset(proxy: FaultProxy, raw: socket.socket, fault: Fault) -> None:
    proxy.to_client = fault
    raw.sendall(b"PING\r\n")
    with pytest.raises(ConnectionResetError):
        read_all(raw)
    proxy.wait_until_idle()


@pytest.mark.parametrize("offset", range(7))
def test_corruption(proxy: FaultProxy, raw: socket.socket, offset: int) -> None:
    proxy.to_client = Fault(corrupt_at=offset)
    raw.sendall(b"PING\r\n")
    expected = bytearray(b"+PONG\r\n")
    expected[offset] ^= 0xFF
    assert read(raw, 7) == expected
    assert proxy.struck == 1
    ask(raw, b"PING\r\n", b"+PONG\r\n")


def test_corruption_again_and_again(proxy: FaultProxy, raw: socket.socket) -> None:
    proxy.to_client = Fault(corrupt_at=1, repeat=True)
    raw.sendall(b"ECHO " + b"a" * 8 + b"\r\n")
    assert read(raw, 14) == bytes(byte ^ (0xFF * (place % 2)) for place, byte in enumerate(b"$8\r\naaaaaaaa\r\n"))
    assert proxy.struck == 7


def test_refused_and_accepted_again(proxy: FaultProxy, raw: socket.socket) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(proxy.location, PATIENCE)
    ask(raw, b"PING\r\n", b"+PONG\r\n")
    proxy.heal()
    with socket.create_connection(proxy.location, PATIENCE) as new:
        ask(new, b"PING\r\n", b"+PONG\r\n")


def test_cut_and_reset_at_once(proxy: FaultProxy, raw: socket.socket) -> None:
    proxy.cut()
    assert read_all(raw) == b""
    raw.close()
    proxy.wait_until_idle()
    with socket.create_connection(proxy.location, PATIENCE) as other:
        ask(other, b"PING\r\n", b"+PONG\r\n")
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            other.recv(1)


def test_the_server_is_away(proxy: FaultProxy) -> None:
    with ServerProcess() as own, FaultProxy(own.location) as lonely:
        own.kill()
        with pytest.raises(ConnectionResetError), socket.create_connection(lonely.location, PATIENCE) as raw:
            raw.recv(1)
        own.start()
        with socket.create_connection(lonely.location, PATIENCE) as raw:
            ask(raw, b"PING\r\n", b"+PONG\r\n")


def test_its_end(server: ServerProcess) -> None:
    proxy = FaultProxy(server.location)
    with socket.create_connection(proxy.location, PATIENCE) as raw:
        ask(raw, b"PING\r\n", b"+PONG\r\n")
        with pytest.raises(NotReadyError, match="1 connections are still open"):
            proxy.wait_until_idle(0.05)
        proxy.close()
        proxy.close()
        assert read_all(raw) == b""
    assert not any(thread.name.startswith("syncredis-proxy") for thread in threading.enumerate())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(proxy.location, PATIENCE)
    with pytest.raises(ServerProcessError, match="closed"):
        proxy.heal()


@pytest.mark.parametrize(
    "options", [{"delay": -1}, {"rate": 0}, {"cut_after": -1}, {"corrupt_at": -1}, {"reset": True}]
)
def test_faults_that_make_no_sense(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"0 or more|no effect"):
        Fault(**options)  # type: ignore[arg-type]
