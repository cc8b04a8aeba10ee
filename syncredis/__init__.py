"""syncredis: a Redis and Valkey client whose centre is Redis Sentinel. The blocking half; `syncredis.aio` is the async one."""

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
from syncredis.factory import from_url
from syncredis.pool import ConnectionPool
from syncredis.retry import NO_RETRY, RetryPolicy
from syncredis.sentinel import Sentinel
from syncredis.version import VERSION

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
