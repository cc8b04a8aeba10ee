"""Ask a server for a sign of life, with no more of the protocol than that needs."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path


def answers(target: tuple[str, int] | Path, *, tls: ssl.SSLContext | None = None, timeout: float = 1.0) -> bool:
    """Tell whether the server at a location, or at the path of its Unix socket, is up.

    Any answer to PING counts, so a server that wants a password is up; one that still loads its
    data is not. Blocks for at most about `timeout` seconds and never raises for a silent server.
    """
    try:
        with _connect(target, timeout) as plain:
            if tls is None:
                return _ping(plain)
            with tls.wrap_socket(plain) as encrypted:
                return _ping(encrypted)
    except OSError:
        return False


def _connect(target: tuple[str, int] | Path, timeout: float) -> socket.socket:
    if isinstance(target, tuple):
        return socket.create_connection(target, timeout)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(str(target))
    except BaseException:
        connection.close()
        raise
    return connection


def _ping(connection: socket.socket) -> bool:
    connection.sendall(b"PING\r\n")
    answer = connection.recv(256)
    return answer[:1] in (b"+", b"-") and not answer.startswith(b"-LOADING")
