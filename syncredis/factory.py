"""`from_url`: the client for whatever a URL names - one server, or a service that Sentinels know."""

from __future__ import annotations

from typing import Any, Literal, Unpack, overload

from syncredis.client import Redis
from syncredis.config import ClientOptions
from syncredis.exceptions import ConfigurationError
from syncredis.sentinel.client import Sentinel
from syncredis.sentinel.url import Role, is_sentinel_url, parse_sentinel_url


@overload
def from_url(
    url: str,
    *,
    role: Role | None = None,
    decode_responses: Literal[True] = True,
    **options: Unpack[ClientOptions],
) -> Redis[str]: ...


@overload
def from_url(
    url: str,
    *,
    role: Role | None = None,
    decode_responses: Literal[False],
    **options: Unpack[ClientOptions],
) -> Redis[bytes]: ...


@overload
def from_url(
    url: str,
    *,
    role: Role | None = None,
    decode_responses: bool,
    **options: Unpack[ClientOptions],
) -> Redis[Any]: ...


def from_url(
    url: str,
    *,
    role: Role | None = None,
    decode_responses: bool = True,
    **options: Unpack[ClientOptions],
) -> Redis[Any]:
    """Return a client for what a URL names. Never blocks: nothing is contacted before the first command.

    Args:
        url: ``redis://host:6379/0`` and the like, see `syncredis.Redis.from_url`; or
            ``redis+sentinel://host:26379,host:26379/service_name/0``, see `syncredis.sentinel.url.parse_sentinel_url`.
        role: ``"primary"`` or ``"replica"``, where the URL names Sentinels and does not say; None: the primary.
        decode_responses: whether strings in replies are ``str`` (the default) or ``bytes``.
        **options: as for `syncredis.Redis`; what the URL says goes before them.

    Raises:
        ConfigurationError: for a URL or an option that makes no sense.
    """
    if is_sentinel_url(url):
        parsed = parse_sentinel_url(url)
        sentinel = Sentinel.from_url(url, decode_responses=decode_responses, **options)
        service_name = parsed.require_service_name()
        if (parsed.role or role) == "replica":
            return sentinel.replica_for(service_name, db=parsed.db, **parsed.replica_settings)
        if parsed.replica_settings:
            raise ConfigurationError(f"{min(parsed.replica_settings)} in the URL has no meaning without role=replica")
        return sentinel.primary_for(service_name, db=parsed.db)
    if role is not None:
        raise ConfigurationError(f"{role=} has no meaning for a URL that names no Sentinels")
    return Redis.from_url(url, decode_responses=decode_responses, **options)
