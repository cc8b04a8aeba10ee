"""The arguments of `syncredis.sentinel.Sentinel`, checked, and made into configurations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

from syncredis.config import (
    ClientOptions,
    ConnectionConfig,
    ConnectionOptions,
    Location,
    PoolConfig,
    PoolOptions,
    configs_from_options,
)
from syncredis.exceptions import ConfigurationError
from syncredis.retry import NO_RETRY, RetryPolicy

#: Seconds for connecting to a Sentinel, and for its answer, where nothing else is said. Sentinels are near and quick; one
#: that is not is better not waited for.
SENTINEL_TIMEOUT: Final = 0.5

#: What only clients have a use for, or what Sentinel contradicts.
_USELESS_FOR_SENTINELS: Final = {"db", "unix_socket_path", *PoolOptions.__annotations__}


def locations(sentinels: Iterable[tuple[str, int]]) -> list[Location]:
    """Return where the Sentinels are."""
    try:
        each = iter(sentinels)
    except TypeError:
        raise ConfigurationError(f"{sentinels=} must be an iterable of (host, port)") from None
    found = [_location(sentinel) for sentinel in each]
    if not found:
        raise ConfigurationError("sentinels must hold the location of at least one Sentinel")
    return found


def _location(sentinel: object) -> Location:
    match sentinel:
        case object(host=str(host), port=int(port)) if (
            host and 0 < port < 65536
        ):  # of another client, e.g. a TCPLocation
            return Location(host, port)
        case (str(host), int(port)) if host and 0 < port < 65536:
            return Location(host, port)
        case _:
            raise ConfigurationError(f"{sentinel!r} is no location of a Sentinel; give (host, port)")


def require_seconds(name: str, value: float) -> None:
    """Raise `ConfigurationError` for what is no number of seconds."""
    if not (isinstance(value, (int, float)) and value >= 0):
        raise ConfigurationError(f"{name}={value!r} must be a number of seconds, 0 or more")


def server_configs(location: Location, db: int, options: ClientOptions) -> tuple[ConnectionConfig, PoolConfig]:
    """Return how to connect to servers, wherever they are."""
    if "unix_socket_path" in options:
        raise ConfigurationError("unix_socket_path contradicts Sentinel, which says where the server is")
    if "db" in options:
        raise ConfigurationError("db belongs to primary_for and replica_for")
    return configs_from_options(location, db, **options)


def sentinel_config(location: Location, options: ClientOptions, own: ConnectionOptions) -> ConnectionConfig:
    """Return how to connect to Sentinels: what they share with the servers, and before that what is said for them."""
    if useless := own.keys() & _USELESS_FOR_SENTINELS:
        raise ConfigurationError(f"{min(useless)} has no effect in sentinel_kwargs")
    shared = {name: value for name, value in options.items() if name in ("keepalive", "protocol")}
    for name in ("connect_timeout", "stream_timeout"):
        given = cast("float | None", options.get(name))
        shared[name] = SENTINEL_TIMEOUT if given is None else min(given, SENTINEL_TIMEOUT)
    return configs_from_options(location, **cast("ClientOptions", {**shared, **own}))[0]


def policy_for(failover_timeout: float) -> RetryPolicy:
    """Return the policy by which calls ride through a failover."""
    require_seconds("failover_timeout", failover_timeout)
    if failover_timeout == 0:
        return NO_RETRY
    return RetryPolicy(retries=None, deadline=failover_timeout, after_timeout=True)
