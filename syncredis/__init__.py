"""syncredis: a Redis and Valkey client whose centre is Redis Sentinel. The blocking half; `syncredis.aio` is the async one."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from syncredis.client import Redis
from syncredis.config import Location
from syncredis.exceptions import (
    ConfigurationError,
    ConnectionError,
    DataError,
    DecodeError,
    OutcomeUnknownError,
    PoolTimeoutError,
    PrimaryNotFoundError,
    RedisError,
    ReplicaNotFoundError,
    ResponseError,
    TimeoutError,
    UnconfirmedWriteError,
)
from syncredis.pool import ConnectionPool
from syncredis.retry import NO_RETRY, RetryPolicy
from syncredis.version import VERSION

if TYPE_CHECKING:
    from syncredis.factory import from_url
    from syncredis.sentinel import Sentinel

__version__ = VERSION

__all__ = [
    "NO_RETRY",
    "ConfigurationError",
    "ConnectionError",
    "ConnectionPool",
    "DataError",
    "DecodeError",
    "Location",
    "OutcomeUnknownError",
    "PoolTimeoutError",
    "PrimaryNotFoundError",
    "Redis",
    "RedisError",
    "ReplicaNotFoundError",
    "ResponseError",
    "RetryPolicy",
    "Sentinel",
    "TimeoutError",
    "UnconfirmedWriteError",
    "__version__",
    "from_url",
]


#: What leads to the Sentinels is imported when it is first asked for: not every program does.
_LATER = {"Sentinel": "syncredis.sentinel", "from_url": "syncredis.factory"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_LATER[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
