"""`from_url`, to be awaited: the client for whatever a URL names."""

from __future__ import annotations

from typing import Any, Literal, Unpack, overload

from syncredis import factory as blocking
from syncredis.aio.client import Redis
from syncredis.config import ClientOptions
from syncredis.sentinel.url import Role


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
    """Return a client for what a URL names, as `syncredis.from_url` does."""
    return Redis[Any].wrapping(blocking.from_url(url, role=role, decode_responses=decode_responses, **options))
