"""Making a byte stream: addresses, limits of time, and interruption. TLS is in tests/integration."""

from __future__ import annotations

import errno
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from syncredis import Location, connecting
from syncredis.config import ConnectionConfig, TLSConfig
from syncredis.exceptions import ConnectionError, InterruptedCallError, TimeoutError
from syncredis.interruption import Interruption
from tests.fixtures.peer import Peer
from tests.fixtures.threads import BackgroundCall
from tests.sentinel.faults import NEVER, black_hole, silent, takes

Background = Callable[..., BackgroundCall]


class InterruptedAtOnce(Interruption):
    """Is interrupted at the first moment at which something can be woken."""

    @contextmanager
    def attached(self, wake: Callable[[], None]) -> Iterator[None]:
        with super().attached(wake):
            self.interrupt()
            yield


def test_connecting(peer: Peer) -> None:
    stream = connecting.connect(peer.config)
    try:
        stream.send(b"*1\r\n$4\r\nPING\r\n")
        assert stream.receive() == b"+PONG\r\n"
        assert stream.target == peer.location.target
        options = {
            (socket.IPPROTO_TCP, socket.TCP_NODELAY): True,
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE): True,
        }
        for (level, option), wanted in options.items():
            assert bool(stream._socket.getsockopt(level, option)) is wanted
    finally:
        stream.close()


def test_without_keepalive(peer: Peer) -> None:
    config = ConnectionConfig(location=peer.location, keepalive=False)
    stream = connecting.connect(config)
    assert not stream._socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    stream.close()


def test_every_address_of_a_host_is_tried(peer: Peer) -> None:
    """ "localhost" is often ::1 first, and this one listens at 127.0.0.1 alone."""
    stream = connecting.connect(ConnectionConfig(location=Location("localhost", peer.location.port)))
    stream.send(b"*1\r\n$4\r\nPING\r\n")
    assert stream.receive() == b"+PONG\r\n"
    stream.close()


@pytest.mark.parametrize("failure", [ConnectionRefusedError("no"), OSError(errno.ETIMEDOUT, "no")])
def test_the_first_address_leads_nowhere(peer: Peer, monkeypatch: pytest.MonkeyPatch, failure: OSError) -> None:
    connect_one = connecting._connect_one
    addresses: list[Any] = []

    def first_fails(family: int, kind: int, protocol: int, address: Any, deadline: float | None) -> socket.socket:
        addresses.append(address)
        if len(addresses) == 1:
            raise failure
        return connect_one(family, kind, protocol, ("127.0.0.1", address[1]), deadline)

    def two_addresses(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (f"127.0.0.{last}", port)) for last in (1, 2)]

    monkeypatch.setattr(connecting, "_connect_one", first_fails)
    monkeypatch.setattr(connecting.socket, "getaddrinfo", two_addresses)
    connecting.connect(ConnectionConfig(location=Location("a.host", peer.location.port))).close()
    assert [host for host, _ in addresses] == ["127.0.0.1", "127.0.0.2"]


@pytest.mark.parametrize(("host", "is_name"), [("127.0.0.1", False), ("127.1", True), ("localhost", True)])
def test_what_is_an_address_is_not_looked_up(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, host: str, is_name: bool
) -> None:
    look_up = socket.getaddrinfo
    looked_up: list[str] = []

    def note(name: str, port: int, **options: Any) -> list[Any]:
        looked_up.append(name)
        return look_up(name, port, **options)

    monkeypatch.setattr(connecting.socket, "getaddrinfo", note)
    connecting.connect(ConnectionConfig(location=Location(host, peer.location.port))).close()
    assert looked_up == ([host] if is_name else [])


def test_an_address_of_version_6(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("needs IPv6")
    monkeypatch.setattr(connecting.socket, "getaddrinfo", None)
    with listener:
        config = ConnectionConfig(location=Location("::1", listener.getsockname()[1]))
        stream = connecting.connect(config)
        assert stream.sock.getpeername()[:2] == config.location
        stream.close()


@pytest.mark.parametrize(("connecting_takes", "replies_take"), [(5.0, 30.0), (5.0, 5.0), (None, None), (None, 5.0)])
def test_the_limit_is_the_kernels_after_the_handshake(
    peer: Peer, connecting_takes: float | None, replies_take: float | None
) -> None:
    """Whatever the two are: until then it is Python's, which polls before each call."""
    config = ConnectionConfig(location=peer.location, connect_timeout=connecting_takes, stream_timeout=replies_take)
    stream = connecting.connect(config)
    limits = [limit for limit in (connecting_takes, replies_take) if limit is not None]
    during = stream.sock.gettimeout()
    assert during is None if not limits else during is not None and 0 < during <= min(limits)
    stream.set_timeout(replies_take)
    assert stream.sock.gettimeout() is None
    seconds, microseconds = struct.unpack("@ll", stream.sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16))
    assert (seconds, microseconds) == (replies_take or 0, 0)
    stream.close()


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        config = ConnectionConfig(location=Location(*unused.getsockname()))
        with pytest.raises(ConnectionError, match=f"can not connect to {config.target}: .*refused") as caught:
            connecting.connect(config)
    assert caught.value.not_applied
    assert caught.value.transient
    assert not isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize("host", ["x" * 64 + ".example", "a\0b", "a..b"])
def test_a_host_name_that_can_not_be_one(host: str) -> None:
    with pytest.raises(ConnectionError, match="can not connect to") as caught:
        connecting.connect(ConnectionConfig(location=Location(host, 1)))
    assert caught.value.not_applied


@pytest.mark.parametrize("path", ["/nowhere/at/all.sock", "/" + "x" * 200])
def test_a_unix_socket_that_is_not_there(path: str) -> None:
    with pytest.raises(ConnectionError, match=f"can not connect to {path}") as caught:
        connecting.connect(ConnectionConfig(unix_socket_path=path))
    assert caught.value.not_applied


def test_connecting_takes_too_long() -> None:
    with black_hole() as location, takes(at_least=0.2):
        config = ConnectionConfig(location=location, connect_timeout=0.2)
        with pytest.raises(TimeoutError, match=r"took longer than 0\.2 s \(connect_timeout\)") as caught:
            connecting.connect(config)
    assert caught.value.not_applied


def test_the_system_gives_connecting_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which takes it two minutes, hence the stand-in; it is not our limit that was reached."""

    def give_up(*_: Any) -> socket.socket:
        raise OSError(errno.ETIMEDOUT, "Connection timed out")

    monkeypatch.setattr(connecting, "_connect_one", give_up)
    for limit in (None, NEVER):
        with pytest.raises(ConnectionError, match=r"can not connect to 127.0.0.1:1: .*timed out") as caught:
            connecting.connect(ConnectionConfig(location=Location("127.0.0.1", 1), connect_timeout=limit))
        assert not isinstance(caught.value, TimeoutError)
        assert caught.value.not_applied


def test_encryption_takes_too_long() -> None:
    with silent() as location, takes(at_least=0.2):
        tls = TLSConfig(context=ssl.create_default_context())
        with pytest.raises(TimeoutError, match=r"took longer than 0\.2 s"):
            connecting.connect(ConnectionConfig(location=location, connect_timeout=0.2, tls=tls))


# --- interrupting what connects ---------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [None, NEVER])
def test_interrupting_what_connects(background: Background, limit: float | None) -> None:
    call = Interruption()
    with black_hole() as location:
        config = ConnectionConfig(location=location, connect_timeout=limit)
        dialing = background(call.run, connecting.connect, config)
        time.sleep(0.05)
        assert not dialing.finished
        with takes():
            call.interrupt()
            assert isinstance(dialing.error(), ConnectionError)


@pytest.mark.parametrize("limit", [None, NEVER])
def test_interrupting_what_encrypts(background: Background, limit: float | None) -> None:
    call = Interruption()
    with silent() as location:
        tls = TLSConfig(context=ssl.create_default_context())
        config = ConnectionConfig(location=location, connect_timeout=limit, tls=tls)
        dialing = background(call.run, connecting.connect, config)
        time.sleep(0.05)
        assert not dialing.finished
        with takes():
            call.interrupt()
            assert isinstance(dialing.error(), ConnectionError)


def test_interrupted_at_the_first_moment() -> None:
    with black_hole() as location, takes(), pytest.raises(ConnectionError):
        InterruptedAtOnce().run(connecting.connect, ConnectionConfig(location=location, connect_timeout=NEVER))


def test_interrupted_before_it_connects(peer: Peer) -> None:
    call = Interruption()
    call.interrupt()
    with pytest.raises(InterruptedCallError):
        call.run(connecting.connect, peer.config)
    assert peer.accepted == 0
