"""A byte stream to one server: TCP, a Unix socket, or either encrypted. Send, receive, interrupt.

All of it blocks. A `Transport` belongs to one thread at a time; only `interrupt` may be called from any other.

Timeouts are the kernel's (``SO_RCVTIMEO``, ``SO_SNDTIMEO``): Python's own (``settimeout``) poll the socket before every
call, which costs a tenth of a small command's time. Encrypted streams have to use Python's, because the ssl module would
try again for ever after a timeout of the kernel's.
"""

from __future__ import annotations

import builtins
import errno
import math
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

from syncredis.exceptions import ConnectionError, TimeoutError
from syncredis.resp import Buffer

if TYPE_CHECKING:
    import ssl  # imported at run time where something is encrypted: it takes a fifth of the time that syncredis takes

#: Bytes asked for at once. Larger blocks gain nothing: a reply of this size needs several calls in any case.
RECEIVE_SIZE: Final = 64 * 1024

#: ``sendmsg`` takes at most this many buffers at once (IOV_MAX is 1024 on Linux and macOS).
_MOST_BUFFERS: Final = 512

#: Bytes that TLS encrypts as one: who receives gets all of them, or none.
_RECORD_SIZE: Final = 16 * 1024

#: ``SO_LINGER`` for no time at all: closing resets the connection.
_FORGET: Final = struct.pack("@ii", 1, 0)


class Transport:
    """A connected byte stream. Made by `syncredis.connecting.connect`."""

    __slots__ = ("_closing", "_is_new", "_receive", "_send_all", "_socket", "_timeout", "target")

    def __init__(self, connected: socket.socket, target: str, timeout: float | None, *, is_new: bool = False) -> None:
        """Take over a socket; one that ``is_new`` has got the timeout already, as Python's, and keeps it for the handshake.

        That takes two polls, where limits of the kernel's would take three system calls, and be replaced right afterwards.
        """
        self.target = target
        self._socket = connected
        self._receive: Callable[..., bytes] = connected.recv
        self._send_all: Callable[[bytes], None] = connected.sendall
        self._timeout = timeout
        # An interruption from another thread must not hit a descriptor that was closed, and given out anew, meanwhile.
        self._closing = threading.Lock()
        self._is_new = is_new
        if not is_new:
            self._apply_timeout()

    def send(self, data: bytes | Sequence[Buffer]) -> None:
        """Send everything; blocks while the server does not read.

        Raises:
            TimeoutError, ConnectionError: with ``not_applied`` set: a request that did not leave in full can not have been
                carried out.
        """
        try:
            try:
                self._send_all(data)  # type: ignore[arg-type]
                return
            except TypeError:  # not asked before: nearly always it is bytes
                if isinstance(data, bytes):  # then a signal handler has raised it
                    raise
            self._send_buffers(data)
        except (OSError, ValueError) as error:
            raise self._not_sent(error) from error

    def send_some(self, data: Buffer) -> int:
        """Send what can be sent, at least one byte, and return how many that were; blocks and raises as `send` does."""
        try:
            return self._socket.send(data)
        except (OSError, ValueError) as error:
            raise self._not_sent(error) from error

    def send_now(self, data: Buffer) -> int:
        """Send what the system takes at once, and return how many bytes that were; never blocks.

        Raises:
            ConnectionError: if the connection broke; nothing of ``data`` was sent.
        """
        try:
            return self._socket.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._not_sent(error) from error

    def receive(self) -> bytes:
        """Return the next bytes, at least one; blocks until some are there.

        Raises:
            TimeoutError: if none came within ``stream_timeout``.
            ConnectionError: if the server closed the connection, or it broke.
        """
        try:
            data = self._receive(RECEIVE_SIZE)
        except (OSError, ValueError) as error:
            raise self._broken(error) from error
        if not data:
            raise ConnectionError(f"{self.target} closed the connection")
        return data

    def receive_into(self, place: memoryview) -> None:
        """Fill ``place``; blocks until it is full.

        Raises:
            TimeoutError: if the stream stood still for ``stream_timeout``.
            ConnectionError: if the server closed the connection, or it broke.
        """
        filled = 0
        while filled < len(place):
            try:
                with place[filled:] as missing:
                    count = self._receive_some(missing)
            except (OSError, ValueError) as error:
                raise self._broken(error) from error
            if not count:
                raise ConnectionError(f"{self.target} closed the connection")
            filled += count

    def no_reply(self) -> TimeoutError:
        """Return the error for a reply that did not come in time."""
        return TimeoutError(f"no reply from {self.target} within {self._timeout:g} s")

    def receive_now(self) -> bytes | None:
        """Return what has arrived already, or None if nothing has; never blocks.

        Raises:
            ConnectionError: if the server closed the connection, or it broke.
        """
        try:
            data = self._receive(RECEIVE_SIZE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError as error:
            raise ConnectionError(f"the connection to {self.target} broke: {error}") from error
        if not data:
            raise ConnectionError(f"{self.target} closed the connection")
        return data

    def wait_readable(self, seconds: float | None) -> bool:
        """Block until something has arrived or the connection ended, for at most ``seconds``; return whether it did."""
        descriptor = self.fileno()
        if descriptor < 0:
            return True
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(None if seconds is None else math.ceil(seconds * 1000)))

    def set_timeout(self, seconds: float | None) -> None:
        """Let later calls of `send` and `receive` stand still for at most ``seconds``; None: for ever."""
        if seconds != self._timeout or self._is_new:
            self._is_new = False
            self._timeout = seconds
            self._apply_timeout()

    def limit_until(self, deadline: float) -> None:
        """Let the next call of `send` or `receive` stand still no longer than until ``deadline``, by `time.monotonic`.

        Raises:
            TimeoutError: if that is over.
        """
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"{self.target} did not answer in full within the time for connecting (connect_timeout)")
        # A limit that is a hundredth too long will do: to set one takes three system calls, and most handshakes one receive.
        if self._timeout is None or left < 0.99 * self._timeout:
            self.set_timeout(left)

    def is_quiet(self) -> bool:
        """Whether the server has sent nothing and has not closed the connection; never blocks.

        Between a reply and the next request nothing should arrive: if something did, the connection can not be used.
        """
        try:
            self._receive(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def interrupt(self) -> None:
        """End whatever `send` or `receive` another thread is blocked in; the stream can not be used afterwards."""
        # Not SSLSocket.shutdown, which takes the encryption away from under the thread that is using it.
        with self._closing, suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket. Never blocks, never raises."""
        with self._closing, suppress(OSError):
            self._socket.close()

    def abort(self) -> None:
        """Close the socket, and have the system forget what the server has not received yet. Never blocks, never raises.

        Otherwise the system goes on sending it for minutes: where packets were lost, a write would arrive after its caller was
        told that nobody knows what became of it, and has looked.
        """
        with self._closing:
            with suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _FORGET)
            with suppress(OSError):
                self._socket.close()

    def close_in_child(self) -> None:
        """Close a forked process's copy of the socket. The connection stays as it is in the parent."""
        # A thread that does not exist here may have held the old one.
        self._closing = threading.Lock()
        self.close()

    def __del__(self) -> None:
        # What an asynchronous exception lost nobody can close any more, and nobody needs to be warned of.
        self._socket.close()

    @property
    def sock(self) -> socket.socket:
        """The socket itself."""
        return self._socket

    def make_blocking(self) -> None:
        """Have the system wait in `send` and `receive`, whatever others did with the socket."""
        with self._closing, suppress(OSError):
            os.set_blocking(self._socket.fileno(), True)

    def fileno(self) -> int:
        """The socket's file descriptor; -1 once it is closed."""
        return self._socket.fileno()

    def _broken(self, error: OSError | ValueError) -> ConnectionError:
        """Return what to raise where receiving ended with ``error``."""
        if isinstance(error, (BlockingIOError, builtins.TimeoutError)) and not given_up(error):
            return TimeoutError(f"no reply from {self.target} within {self._timeout:g} s")
        return ConnectionError(f"the connection to {self.target} broke: {error}")

    def _receive_some(self, place: memoryview) -> int:
        # As much as there is room for, in one system call, unless the kernel's timeout ends it.
        return self._socket.recv_into(place, 0, socket.MSG_WAITALL)

    def _apply_timeout(self) -> None:
        limit = _as_the_kernel_has_it(self._timeout)
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    def _not_sent(self, error: Exception) -> ConnectionError:
        if isinstance(error, (BlockingIOError, builtins.TimeoutError)) and not given_up(error):
            return not_applied(TimeoutError(f"sending to {self.target} stood still for {self._timeout:g} s"))
        # A ValueError is the ssl module's word for a closed stream.
        return not_applied(ConnectionError(f"sending to {self.target} failed: {error}"))

    def _send_buffers(self, buffers: Sequence[Buffer]) -> None:
        rest = list(buffers)
        while rest:
            sent = self._socket.sendmsg(rest[:_MOST_BUFFERS])
            while rest and sent >= len(rest[0]):
                sent -= len(rest.pop(0))
            if sent:
                rest[0] = memoryview(rest[0])[sent:]


class EncryptedTransport(Transport):
    """A byte stream through TLS."""

    __slots__ = ()

    def is_quiet(self) -> bool:
        from ssl import SSLWantReadError

        self._socket.settimeout(0)
        try:
            self._receive(1)  # takes in, without a word, what belongs to TLS itself, such as session tickets
        except SSLWantReadError:
            return True
        except (OSError, ValueError):
            return False
        finally:
            with suppress(OSError):
                self._apply_timeout()
        return False

    def send_now(self, data: Buffer) -> int:  # noqa: ARG002 - as declared
        # OpenSSL's streams are not for two threads at once, and the other one may be receiving.
        return 0

    def send_some(self, data: Buffer) -> int:
        # One record: of several, the first may be on their way when OpenSSL says of all that they could not be sent.
        return super().send_some(memoryview(data)[:_RECORD_SIZE])

    def receive_now(self) -> bytes | None:
        from ssl import SSLWantReadError

        records: list[bytes] = []
        pending = cast("ssl.SSLSocket", self._socket).pending
        self._socket.settimeout(0)
        try:
            # Until nothing is left in the ssl module, where it would not show as readable; what is in the socket does.
            while data := self._receive(RECEIVE_SIZE):
                records.append(data)
                if not pending():
                    return b"".join(records)
        except SSLWantReadError:
            return b"".join(records) or None
        except (OSError, ValueError) as error:
            raise ConnectionError(f"the connection to {self.target} broke: {error}") from error
        finally:
            with suppress(OSError):
                self._apply_timeout()
        if records:
            return b"".join(records)  # the next call finds the end again
        raise ConnectionError(f"{self.target} closed the connection")

    def _receive_some(self, place: memoryview) -> int:
        return self._socket.recv_into(place)

    def _apply_timeout(self) -> None:
        self._socket.settimeout(self._timeout)

    def _send_buffers(self, buffers: Sequence[Buffer]) -> None:
        for buffer in buffers:
            self._socket.sendall(buffer)


@lru_cache(maxsize=16)
def _as_the_kernel_has_it(seconds: float | None) -> bytes:
    # A limit of zero means none to the kernel, and a microsecond is the least it knows.
    microseconds = 0 if seconds is None else max(1, round(seconds * 1e6))
    return struct.pack("@ll", *divmod(microseconds, 1_000_000))


def not_applied(error: ConnectionError) -> ConnectionError:
    """Return ``error``, marked as proof that the server has not carried the command out."""
    error.not_applied = True
    return error


def given_up(error: OSError) -> bool:
    """Whether it was the system that ended the waiting, after minutes without a word, and not a limit of ours."""
    return error.errno == errno.ETIMEDOUT
