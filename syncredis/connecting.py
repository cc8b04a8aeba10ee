"""How a `syncredis.transport.Transport` comes about: addresses, sockets, TLS; all of it within one limit of time.

Whatever blocks here, name resolution aside, can be interrupted.
"""

from __future__ import annotations

import builtins
import errno
import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from syncredis import interruption
from syncredis.config import ConnectionConfig, TLSConfig
from syncredis.exceptions import ConnectionError, RedisError, TimeoutError
from syncredis.transport import EncryptedTransport, Transport, given_up, not_applied

if TYPE_CHECKING:
    import ssl  # imported at run time where something is encrypted: it takes a fifth of the time that syncredis takes


def connect(config: ConnectionConfig) -> Transport:
    """Return a stream to the server of ``config``. Blocks for at most ``connect_timeout``, name resolution aside.

    The stream's timeout is what is left for the handshake, and Python's: set ``stream_timeout`` after it.

    Raises:
        TimeoutError, ConnectionError: with ``not_applied`` set; a certificate that is refused is not ``transient``.
    """
    deadline = None if config.connect_timeout is None else time.monotonic() + config.connect_timeout
    try:
        connected = _connect_unix(config, deadline) if config.unix_socket_path else _connect_tcp(config, deadline)
        try:
            if config.tls is not None:
                connected = _encrypt(connected, config, config.tls, deadline)
                return EncryptedTransport(connected, config.target, _handshake_timeout(config, deadline))
            limit, left = connected.gettimeout(), _handshake_timeout(config, deadline)
            # One that is a hundredth too long will do: to set it takes a system call, and connecting seldom long.
            if left is not None and (limit is None or left < 0.99 * limit):
                connected.settimeout(left)
                limit = left
            return Transport(connected, config.target, limit, is_new=True)
        except BaseException:
            connected.close()
            raise
    except RedisError:  # interrupted
        raise
    except builtins.TimeoutError as error:
        if given_up(error):
            raise not_applied(ConnectionError(f"can not connect to {config.target}: {error}")) from error
        message = f"connecting to {config.target} took longer than {config.connect_timeout:g} s (connect_timeout)"
        raise not_applied(TimeoutError(message)) from error
    except (OSError, ValueError) as error:  # ValueError: a host name that can not be one
        raise not_applied(ConnectionError(f"can not connect to {config.target}: {error}")) from error


def is_immediate(config: ConnectionConfig) -> bool:
    """Whether `begin_connecting` will do: nothing has to be looked up, asked for or encrypted first."""
    return config.tls is None and config.credential_provider is None and _family_of(config.location.host) is not None


def begin_connecting(config: ConnectionConfig) -> Transport:
    """Return a stream that is about to be connected: nothing is sent, nor received, until it is. Never blocks.

    It does not block either, until its timeout is set.

    Raises:
        ConnectionError: with ``not_applied`` set, if it is certain already that the server can not be reached.
    """
    connecting = socket.socket(_family_of(config.location.host) or socket.AF_INET, socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        result = connecting.connect_ex(config.location)
        if result not in (0, errno.EINPROGRESS):
            raise OSError(result, os.strerror(result))
        _tune(connecting, config)
        return Transport(connecting, config.target, None, is_new=True)
    except BaseException as error:
        connecting.close()
        if not isinstance(error, OSError):
            raise
        raise not_applied(ConnectionError(f"can not connect to {config.target}: {error}")) from error


def _connect_unix(config: ConnectionConfig, deadline: float | None) -> socket.socket:
    return _connect_one(socket.AF_UNIX, socket.SOCK_STREAM, 0, config.unix_socket_path, deadline)


def _connect_tcp(config: ConnectionConfig, deadline: float | None) -> socket.socket:
    """Try the addresses of the host in turn."""
    failure: OSError | None = None
    for family, kind, protocol, _, address in _addresses(*config.location):
        try:
            connected = _connect_one(family, kind, protocol, address, deadline)
        except OSError as error:
            if isinstance(error, RedisError):  # interrupted
                raise
            failure = error
            continue
        _tune(connected, config)
        return connected
    raise failure or OSError("the host has no address")


def _tune(connected: socket.socket, config: ConnectionConfig) -> None:
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if config.keepalive:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def _addresses(host: str, port: int) -> Sequence[tuple[int, int, int, str, Any]]:
    """Return where a host can be reached, as `socket.getaddrinfo` does, which is not asked about what is an address already."""
    family = _family_of(host)
    if family is None:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, socket.SOCK_STREAM, 0, "", (host, port))]


def _family_of(host: str) -> socket.AddressFamily | None:
    """Return of which family an address is; None: it is a name, or has a scope."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.inet_pton(family, host)
    except OSError:
        return None
    return family


def _connect_one(family: int, kind: int, protocol: int, address: Any, deadline: float | None) -> socket.socket:
    connecting = socket.socket(family, kind, protocol)
    try:
        connecting.settimeout(_remaining(deadline))
        _interruptibly(connecting, partial(connecting.connect, address))
    except BaseException:
        connecting.close()
        raise
    return connecting


def _encrypt(
    connected: socket.socket, config: ConnectionConfig, tls: TLSConfig, deadline: float | None
) -> ssl.SSLSocket:
    from ssl import SSLCertVerificationError

    # The handshake by itself: wrapping takes the socket over, so that only what it returns can be interrupted.
    name = tls.server_hostname or config.location.host
    connected.getpeername()  # raises if the connection has ended already: the ssl module would lose the open socket then
    encrypted = tls.context.wrap_socket(connected, server_hostname=name, do_handshake_on_connect=False)
    try:
        encrypted.settimeout(_remaining(deadline))
        _interruptibly(encrypted, encrypted.do_handshake)
    except BaseException as error:
        encrypted.close()
        if not isinstance(error, SSLCertVerificationError):
            raise
        refusal = ConnectionError(f"the certificate of {config.target} was refused: {error.verify_message}")
        refusal.transient = False
        raise not_applied(refusal) from error
    return encrypted


def _handshake_timeout(config: ConnectionConfig, deadline: float | None) -> float | None:
    left, limit = _remaining(deadline), config.stream_timeout
    return left if limit is None or (left is not None and left < limit) else limit


def _interruptibly(connecting: socket.socket, step: Callable[[], None]) -> None:
    call = interruption.current()
    if call is None:
        step()
    else:
        with call.attached(partial(_stop, connecting)):
            step()


def _stop(connecting: socket.socket) -> None:
    # One of the two takes effect: before the connect, it is made non-blocking and fails; during it, it is aborted.
    with suppress(OSError):
        connecting.settimeout(0)
        socket.socket.shutdown(connecting, socket.SHUT_RDWR)


def _remaining(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise builtins.TimeoutError("timed out")
    return left
