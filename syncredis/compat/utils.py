"""What redis-py's users import from its ``utils``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from syncredis.compat.client import Redis
from syncredis.compat.driver_info import UNSET
from syncredis.replies import to_str
from syncredis.version import VERSION

#: hiredis and ssl are always there.
HIREDIS_AVAILABLE: Final = True
SSL_AVAILABLE: Final = True
CRYPTOGRAPHY_AVAILABLE: Final = False

#: Stands for "not given", where None means something.
SENTINEL: Final = UNSET

#: The version of the protocol that is spoken where nothing is said.
DEFAULT_RESP_VERSION: Final = 3


def from_url(url: str, **kwargs: Any) -> Redis:
    """Return a client for a URL; see `syncredis.compat.client.Redis.from_url`."""
    return Redis.from_url(url, **kwargs)


@contextmanager
def pipeline(redis_obj: Any) -> Iterator[Any]:
    """Yield a pipeline, and execute it at the end of the ``with`` block."""
    pipe = redis_obj.pipeline()
    yield pipe
    pipe.execute()


def str_if_bytes(value: Any) -> Any:
    """Return bytes as text; anything else as it is."""
    return to_str(value) if isinstance(value, bytes) else value


def safe_str(value: Any) -> str:
    """Return ``value`` as text."""
    return str(str_if_bytes(value))


def dict_merge(*dicts: Mapping[str, Any]) -> dict[str, Any]:
    """Return one dictionary of several; the last one counts."""
    return {name: value for given in dicts for name, value in given.items()}


def get_lib_version() -> str:
    """Return the version of this library."""
    return VERSION
