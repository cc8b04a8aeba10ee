"""From the arguments of redis-py's `Redis` to a pool and its options."""

from __future__ import annotations

import copy
from typing import Any, Final

from syncredis.compat.backoff import ExponentialWithJitterBackoff
from syncredis.compat.driver_info import UNSET, resolve_driver_info
from syncredis.compat.faces import SSLConnection, UnixDomainSocketConnection
from syncredis.compat.retry import Retry
from syncredis.compat.tls import DEFAULTS

#: How clients try again where nothing else is said: redis-py's since 8.0.
DEFAULT_RETRY: Final = Retry(ExponentialWithJitterBackoff(cap=1, base=0.01), 10)

#: What goes from the client to each connection, under the same name.
_EVERYWHERE: Final = (
    "db",
    "username",
    "password",
    "socket_timeout",
    "socket_read_size",
    "encoding",
    "encoding_errors",
    "decode_responses",
    "retry_on_error",
    "max_connections",
    "health_check_interval",
    "client_name",
    "redis_connect_func",
    "credential_provider",
    "protocol",
    "legacy_responses",
)
_OVER_TCP: Final = ("host", "port", "socket_connect_timeout", "socket_keepalive")


def pool_options(given: dict[str, Any]) -> dict[str, Any]:
    """Return what a pool is made with, for the arguments of a client: plain values, which the client takes back.

    Raises:
        NotImplementedError: where a cache is asked for.
    """
    if given.get("cache") is not None or given.get("cache_config") is not None:
        raise NotImplementedError("the cache of redis-py is not here; syncredis.Redis has one of its own")
    options = {name: given[name] for name in _EVERYWHERE}
    options["retry_on_error"] = list(options["retry_on_error"] or ())
    options["retry"] = copy.deepcopy(given["retry"])
    if given["retry_on_timeout"]:
        options["retry_on_timeout"] = True
    options["driver_info"] = resolve_driver_info(given["driver_info"], given["lib_name"], given["lib_version"])
    if given["unix_socket_path"] is not None:
        return {**options, "path": given["unix_socket_path"], "connection_class": UnixDomainSocketConnection}
    options |= {name: given[name] for name in _OVER_TCP}
    if given["socket_keepalive_options"] is not UNSET:
        options["socket_keepalive_options"] = given["socket_keepalive_options"]
    if given["ssl"]:
        options |= {name: given[name] for name in DEFAULTS}
        options["connection_class"] = SSLConnection
    return options
