"""The byte stream: sending, receiving, limits of time, interruption. TLS is in tests/integration."""

from __future__ import annotations

import builtins
import errno
import gc
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncredis.exceptions import ConnectionError, TimeoutError
from syncredis.transport import Transport
from tests.fixtures.threads import BackgroundCall
from tests.sentinel.faults import NEVER, takes

Background = Callable[..., BackgroundCall]


@pytest.fixture
def ends() -> Iterator[tuple[Transport, socket.socket]]:
    """A stream of ours, and the other end."""
    ours, theirs = socket.socketpair()
    stream = Transport(ours, "the other end", NEVER)
    with theirs:
        yield stream, theirs
    stream.close()


def receive_all(theirs: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += theirs.recv(1 << 20)
    return data


# --- sending and receiving --------------------------------------------------------------------------------


def test_both_ways(ends: tuple[Transport, socket.socket]) -> None:
    ours, theirs = ends
    ours.send(b"there")
    assert theirs.recv(100) == b"there"
    theirs.sendall(b"back")
    assert ours.receive() == b"back"


@pytest.mark.parametrize("count", [1, 2, 511, 512, 513, 3000])
def test_many_buffers(ends: tuple[Transport, socket.socket], background: Background, count: int) -> None:
    ours, theirs = ends
    buffers: list[Any] = [bytes([number % 256]) * (number % 700) for number in range(count)]
    buffers[count // 2] = memoryview(bytearray(b"large") * 100_000)
    expected = b"".join(buffers)
    received = background(receive_all, theirs, len(expected))
    ours.send(buffers)
    assert received.result() == expected


def test_a_large_piece(ends: tuple[Transport, socket.socket], background: Background) -> None:
    ours, theirs = ends
    data = bytes(range(256)) * 40_000
    received = background(receive_all, theirs, len(data))
    ours.send(data)
    assert received.result() == data


def test_the_other_end_is_gone(ends: tuple[Transport, socket.socket]) -> None:
    ours, theirs = ends
    theirs.close()
    with pytest.raises(ConnectionError, match="the other end closed the connection") as received:
        ours.receive()
    assert not received.value.not_applied
    with pytest.raises(ConnectionError, match="sending to the other end failed") as sent:
        ours.send(b"x")
    assert sent.value.not_applied, "what was not sent was not carried out"
    assert sent.value.transient


@pytest.mark.parametrize("data", [b"x" * 10_000_000, [b"x" * 5_000_000, b"y" * 5_000_000]], ids=["bytes", "buffers"])
def test_sending_stands_still(ends: tuple[Transport, socket.socket], data: Any) -> None:
    ours, _ = ends
    ours.set_timeout(0.1)
    with takes(at_least=0.1), pytest.raises(TimeoutError, match=r"to the other end stood still for 0\.1 s") as caught:
        ours.send(data)
    assert caught.value.not_applied


def test_nothing_comes(ends: tuple[Transport, socket.socket]) -> None:
    ours, theirs = ends
    for seconds in (0.05, 0.15):
        ours.set_timeout(seconds)
        with (
            takes(at_least=seconds),
            pytest.raises(TimeoutError, match=f"no reply from the other end within {seconds}"),
        ):
            ours.receive()
    theirs.sendall(b"late")
    assert ours.receive() == b"late"


def test_a_limit_too_short_for_the_kernel_is_still_one(ends: tuple[Transport, socket.socket]) -> None:
    ours, _ = ends
    ours.set_timeout(1e-9)
    with takes(), pytest.raises(TimeoutError):
        ours.receive()


def test_no_limit(ends: tuple[Transport, socket.socket], background: Background) -> None:
    ours, theirs = ends
    ours.set_timeout(0.01)
    ours.set_timeout(None)
    receiving = background(ours.receive)
    time.sleep(0.2)
    assert not receiving.finished
    theirs.sendall(b"late")
    assert receiving.result() == b"late"


class TimedOutSocket(socket.socket):
    """What a socket does whose peer stopped to acknowledge; that takes minutes, and a network that loses packets."""

    def fail(self, *_: Any) -> Any:
        raise OSError(errno.ETIMEDOUT, "Connection timed out")

    recv = sendall = sendmsg = fail


@pytest.mark.parametrize("limit", [None, NEVER])
def test_the_system_gives_the_connection_up(limit: float | None) -> None:
    with TimedOutSocket() as lost:
        stream = Transport(lost, "the other end", limit)
        with pytest.raises(ConnectionError, match=r"the connection to the other end broke: .*timed out") as received:
            stream.receive()
        for data in (b"x", [b"x"]):
            with pytest.raises(ConnectionError, match=r"sending to the other end failed: .*timed out") as sent:
                stream.send(data)
            assert sent.value.not_applied
            assert not isinstance(sent.value, TimeoutError)
        assert not isinstance(received.value, TimeoutError)


def test_is_quiet(ends: tuple[Transport, socket.socket]) -> None:
    ours, theirs = ends
    with takes():
        assert ours.is_quiet()
        assert ours.is_quiet()
        theirs.sendall(b"unasked")
        assert not ours.is_quiet()
        assert ours.receive() == b"unasked"
        assert ours.is_quiet()
        theirs.close()
        assert not ours.is_quiet()
        ours.close()
        assert not ours.is_quiet()


# --- closing and interrupting -----------------------------------------------------------------------------


def test_interrupting_what_receives(ends: tuple[Transport, socket.socket], background: Background) -> None:
    ours, _ = ends
    receiving = background(ours.receive)
    time.sleep(0.05)
    assert not receiving.finished
    with takes():
        ours.interrupt()
        assert isinstance(receiving.error(), ConnectionError)


def test_interrupting_what_sends(ends: tuple[Transport, socket.socket], background: Background) -> None:
    ours, _ = ends
    sending = background(ours.send, b"x" * 10_000_000)
    time.sleep(0.05)
    assert not sending.finished
    with takes():
        ours.interrupt()
        assert isinstance(sending.error(), ConnectionError)


def test_interrupting_beforehand(ends: tuple[Transport, socket.socket]) -> None:
    ours, _ = ends
    ours.interrupt()
    ours.interrupt()
    with takes():
        with pytest.raises(ConnectionError):
            ours.receive()
        with pytest.raises(ConnectionError):
            ours.send(b"x")


class SlowlyClosedSocket(socket.socket):
    """Takes its time to close."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.closing, self.go_on = threading.Event(), threading.Event()

    def close(self) -> None:
        self.closing.set()
        self.go_on.wait(20)
        super().close()


def test_an_interrupt_does_not_come_in_between_while_it_is_closed(background: Background) -> None:
    """The descriptor could be another's by then."""
    with socket.create_server(("127.0.0.1", 0)) as listener, SlowlyClosedSocket() as ours:
        ours.connect(listener.getsockname())
        theirs, _ = listener.accept()
        stream = Transport(ours, "x", None)
        closing = background(stream.close)
        ours.closing.wait(20)
        interrupting = background(stream.interrupt)
        theirs.settimeout(0.1)
        with theirs:
            with pytest.raises(builtins.TimeoutError):
                theirs.recv(1)
            assert not interrupting.finished
            ours.go_on.set()
            closing.result()
            interrupting.result()
            assert theirs.recv(1) == b""


def test_closing(ends: tuple[Transport, socket.socket]) -> None:
    ours, theirs = ends
    assert ours.fileno() >= 0
    ours.close()
    ours.close()
    ours.interrupt()
    assert ours.fileno() == -1
    assert theirs.recv(1) == b""


def test_one_that_nobody_can_close_any_more_closes_without_a_warning() -> None:
    """What an asynchronous exception loses is nobody's fault."""
    ours, theirs = socket.socketpair()
    with theirs, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        stream = Transport(ours, "x", None)
        del ours, stream
        gc.collect()
        assert theirs.recv(1) == b""
    assert not caught
