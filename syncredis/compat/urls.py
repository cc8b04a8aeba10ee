"""redis-py's URLs: `redis://`, `rediss://` and `unix://`, with its own names for options."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlparse

FALSE_STRINGS: Final = ("0", "F", "FALSE", "N", "NO")


def to_bool(value: Any) -> bool | None:
    """Read a flag; an empty one is None."""
    if value is None or value == "":
        return None
    return False if isinstance(value, str) and value.upper() in FALSE_STRINGS else bool(value)


def parse_ssl_verify_flags(value: str) -> list[ssl.VerifyFlags]:
    """Read a list of names of `ssl.VerifyFlags`.

    Raises:
        ValueError: for a name that is none.
    """
    names = [name.strip() for name in value.strip("[]").split(",")]
    for name in names:
        if not hasattr(ssl.VerifyFlags, name):
            raise ValueError(f"Invalid ssl verify flag: {name}")
    return [ssl.VerifyFlags[name] for name in names]


#: Option -> how to read it; all others stay text.
URL_QUERY_ARGUMENT_PARSERS: Final[dict[str, Callable[[str], Any]]] = {
    "db": int,
    "socket_timeout": float,
    "socket_connect_timeout": float,
    "socket_read_size": int,
    "socket_keepalive": to_bool,
    "retry_on_timeout": to_bool,
    "retry_on_error": list,
    "max_connections": int,
    "health_check_interval": int,
    "ssl_check_hostname": to_bool,
    "ssl_include_verify_flags": parse_ssl_verify_flags,
    "ssl_exclude_verify_flags": parse_ssl_verify_flags,
    "ssl_min_version": int,
    "timeout": float,
    "protocol": int,
    "legacy_responses": to_bool,
}


def options_from_url(url: str) -> tuple[str, dict[str, Any]]:
    """Return the scheme and the options of a URL.

    Raises:
        ValueError: for another scheme, or an option that can not be read. Never repeats the password.
    """
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("Redis URL must specify one of the following schemes (redis://, rediss://, unix://)")
    parts = urlparse(url)
    options: dict[str, Any] = {}
    for name, values in parse_qs(parts.query).items():
        read = URL_QUERY_ARGUMENT_PARSERS.get(name)
        try:
            options[name] = values[0] if read is None else read(values[0])
        except (TypeError, ValueError):
            raise ValueError(f"Invalid value for '{name}' in connection URL.") from None
    if parts.username:
        options["username"] = unquote(parts.username)
    if parts.password:
        options["password"] = unquote(parts.password)
    if parts.scheme == "unix":
        if parts.path:
            options["path"] = unquote(parts.path)
        return parts.scheme, options
    if parts.hostname:
        options["host"] = unquote(parts.hostname)
    if parts.port:
        options["port"] = int(parts.port)
    database = unquote(parts.path).replace("/", "")
    if database.removeprefix("-").isdecimal() and "db" not in options:
        options["db"] = int(database)
    return parts.scheme, options
