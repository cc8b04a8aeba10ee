"""redis-py's names for options of a connection, and what the core calls them: one table."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from typing import Any, Final

from syncredis.compat.driver_info import UNSET
from syncredis.config import ConnectionConfig, Location, PoolConfig, TLSConfig

#: redis-py's defaults since 8.0, in seconds.
DEFAULT_SOCKET_TIMEOUT: Final = 5
DEFAULT_SOCKET_CONNECT_TIMEOUT: Final = 5
DEFAULT_SOCKET_READ_SIZE: Final = 32768

#: redis-py's name -> the core's.
NAMES: Final[Mapping[str, str]] = {
    "client_name": "client_name",
    "db": "db",
    "encoding": "encoding",
    "password": "password",
    "path": "unix_socket_path",
    "protocol": "protocol",
    "socket_connect_timeout": "connect_timeout",
    "socket_keepalive": "keepalive",
    "socket_timeout": "stream_timeout",
    "username": "username",
}

#: Seconds of rest before the first probe, between two, and how many: redis-py's defaults.
_PROBES: Final = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


def config_from(options: Mapping[str, Any], tls: TLSConfig | None = None) -> ConnectionConfig:
    """Return how to connect, from a connection's options under redis-py's names.

    Raises:
        syncredis.ConfigurationError: for a value that an option can not have.
    """
    given = {NAMES[name]: value for name, value in options.items() if name in NAMES}
    given["db"] = int(given.get("db") or 0)
    given["protocol"] = 3 if given.get("protocol") is None else int(given["protocol"])
    given["keepalive"] = bool(given.get("keepalive"))
    username, password = given.get("username") or None, given.get("password") or None
    # A user without a password is one to redis-py; and passwords may be bytes or numbers there.
    given["username"] = _text(username)
    given["password"] = "" if username is not None and password is None else _text(password)
    given["client_name"] = _text(given.get("client_name"))
    given["unix_socket_path"] = given.get("unix_socket_path") or None
    location = Location(options.get("host") or "localhost", int(options.get("port") or 6379))
    return ConnectionConfig(location=location, tls=tls, **given)


def client_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a connection's options under the core's names, without where to connect, which Sentinels say."""
    config = config_from({name: value for name, value in options.items() if name not in ("path", "db")})
    names = set(NAMES.values()) - {"db", "unix_socket_path"}
    return {name: getattr(config, name) for name in names}


def pool_limits(limits: PoolConfig) -> dict[str, Any]:
    """Return the limits of a pool as options."""
    return {"max_connections": limits.max_connections, "pool_timeout": limits.pool_timeout}


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return bytes(value).decode() if isinstance(value, (bytes, bytearray, memoryview)) else str(value)


def keepalive_from(given: Any) -> dict[int, int | bytes]:
    """Return what the option ``socket_keepalive_options`` means: settings of the socket, a dictionary of its owner's own."""
    if given is UNSET:
        return {getattr(socket, name): value for name, value in _known(_PROBES.items())}
    return dict(given or {})


def _known(probes: Iterable[tuple[str, int]]) -> Iterable[tuple[str, int]]:
    return ((name, value) for name, value in probes if hasattr(socket, name))
