"""URLs that say where a server is and how to talk to it: `redis://user:password@host:6379/0?stream_timeout=2`."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from syncredis.config import OPTION_NAMES, ClientOptions, Location, unknown_option
from syncredis.exceptions import ConfigurationError

#: Scheme of a URL -> whether it is encrypted.
_SCHEMES = {
    "redis": False,
    "valkey": False,
    "rediss": True,
    "valkeys": True,
    "unix": False,
    "redis+unix": False,
    "valkey+unix": False,
}
_INTEGERS = frozenset(
    {"db", "protocol", "max_connections", "max_idle_connections", "max_reply_size", "min_other_sentinels", "max_lag"}
)
_SECONDS = frozenset(
    {
        "connect_timeout",
        "failover_timeout",
        "hedge_delay",
        "max_idle_time",
        "pool_timeout",
        "stream_timeout",
        "watch_offsets",
        "write_hold",
    }
)
_FLAGS = frozenset({"keepalive", "ssl", "ssl_check_hostname", "strict"})
#: The likeliest reason for a URL that makes no sense.
ENCODE = "in user and password '/', '?', '#', '@' and '%' have to be percent-encoded"
#: The options that a URL can hold.
URL_OPTIONS = (OPTION_NAMES | {"db"}) - {"credential_provider", "ssl", "ssl_context", "unix_socket_path"}


def options_from_url(url: str) -> tuple[Location, int, ClientOptions]:
    """Return the location, the database and the options that a URL holds.

    ``redis://[[user]:[password]@]host[:port][/db][?option=value&...]``, ``rediss://`` for TLS,
    ``unix://[[user]:[password]@]/path[?db=0&...]``; ``valkey://`` and ``valkeys://`` mean the same. The options are those
    of `ClientOptions`; user, password and path are percent-decoded.

    Raises:
        ConfigurationError: if the URL is not of this form. The message never holds the password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its message may hold a part of the password
        raise ConfigurationError(f"not a valid URL: host or port can not be read; {ENCODE}") from None
    if parts.scheme.endswith("+sentinel"):
        raise ConfigurationError(f"{parts.scheme}:// leads to Sentinels: give it to syncredis.from_url")
    if parts.scheme not in _SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in _SCHEMES)
        raise ConfigurationError(f"the URL must begin with one of {known}")
    if parts.fragment:
        raise ConfigurationError(f"not a valid URL: it has a part after '#'; {ENCODE}")
    options: dict[str, Any] = {}
    if parts.username:
        options["username"] = unquote(parts.username)
    if parts.password is not None and parts.password != "":
        options["password"] = unquote(parts.password)
    if parts.scheme.endswith("unix"):
        if not parts.path.startswith("/") or parts.hostname:
            raise ConfigurationError("a unix:// URL names an absolute path: unix:///run/redis.sock")
        options["unix_socket_path"] = unquote(parts.path)
    elif path := parts.path.strip("/"):
        if not path.removeprefix("-").isdecimal():  # not repeated: it may be a part of the password
            raise ConfigurationError(f"the path of the URL must be the number of a database; {ENCODE}")
        options["db"] = int(path)
    if _SCHEMES[parts.scheme]:
        options["ssl"] = True
    for name, text in query_pairs(parts.query):
        if name not in URL_OPTIONS:
            raise ConfigurationError(unknown_option(name))
        options[name] = typed_option(name, text)
    location = Location(parts.hostname or "localhost", 6379 if port is None else port)
    return location, options.pop("db", 0), cast(ClientOptions, options)


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Return names and values of the part of a URL after ``?``, percent-decoded."""
    if "@" in query:  # not repeated: it may be a part of the password
        raise ConfigurationError(f"not a valid URL: it has an '@' after '?'; {ENCODE}")
    try:
        return parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise ConfigurationError("the part of the URL after '?' must be of the form option=value&...") from None


def typed_option(name: str, text: str) -> Any:
    """Return the value of an option whose text stands in a URL."""
    try:
        if name in _INTEGERS:
            return int(text)
        if name in _SECONDS:
            return None if text.lower() == "none" else float(text)
    except ValueError:
        raise ConfigurationError(f"{name}={text!r} in the URL is not a number") from None
    if name in _FLAGS:
        meaning = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
        if text.lower() not in meaning:
            raise ConfigurationError(f"{name}={text!r} in the URL is neither true nor false")
        return meaning[text.lower()]
    return text
