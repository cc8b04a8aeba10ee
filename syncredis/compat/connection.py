"""redis-py's module of connections and pools; see `faces`, `pools` and `urls`."""

from __future__ import annotations

from typing import Any

from syncredis.compat.encoder import Encoder
from syncredis.compat.faces import (
    AbstractConnection,
    Connection,
    ConnectionInterface,
    DefaultParser,
    SSLConnection,
    UnixDomainSocketConnection,
)
from syncredis.compat.options import (
    DEFAULT_SOCKET_CONNECT_TIMEOUT,
    DEFAULT_SOCKET_READ_SIZE,
    DEFAULT_SOCKET_TIMEOUT,
)
from syncredis.compat.pools import BlockingConnectionPool, ConnectionPool
from syncredis.compat.urls import (
    FALSE_STRINGS,
    URL_QUERY_ARGUMENT_PARSERS,
    options_from_url,
    parse_ssl_verify_flags,
    to_bool,
)


def parse_url(url: str) -> dict[str, Any]:
    """Return the options that a URL holds, ``connection_class`` among them where it is not a plain `Connection`."""
    scheme, options = options_from_url(url)
    if scheme in _BY_SCHEME:
        options["connection_class"] = _BY_SCHEME[scheme]
    return options


_BY_SCHEME = {"rediss": SSLConnection, "unix": UnixDomainSocketConnection}

__all__ = [
    "DEFAULT_SOCKET_CONNECT_TIMEOUT",
    "DEFAULT_SOCKET_READ_SIZE",
    "DEFAULT_SOCKET_TIMEOUT",
    "FALSE_STRINGS",
    "URL_QUERY_ARGUMENT_PARSERS",
    "AbstractConnection",
    "BlockingConnectionPool",
    "Connection",
    "ConnectionInterface",
    "ConnectionPool",
    "DefaultParser",
    "Encoder",
    "SSLConnection",
    "UnixDomainSocketConnection",
    "parse_ssl_verify_flags",
    "parse_url",
    "to_bool",
]
