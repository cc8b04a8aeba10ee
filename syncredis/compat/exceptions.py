"""redis-py's exceptions: the same names, the same inheritance. What the core raises is made into these in `translation`.

Their root is a `syncredis.RedisError` as well, so an ``except`` for the core's root catches both.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from syncredis import exceptions as core


class ExceptionType(Enum):
    """What kind of failure an error stands for."""

    NETWORK = "network"
    TLS = "tls"
    AUTH = "auth"
    SERVER = "server"


class _Described:
    """What every error carries besides its message."""

    error_type: ExceptionType = ExceptionType.SERVER
    #: The code that the server's message began with, e.g. ``"WRONGPASS"``.
    status_code: str | None = None

    def __repr__(self) -> str:
        return f"{self.error_type.value}:{type(self).__name__}"


class RedisError(_Described, core.RedisError):
    """Root of the tree."""

    def __init__(self, *args: Any, status_code: str | None = None) -> None:
        super().__init__(*args)
        self.status_code = status_code


class ConnectionError(RedisError):
    """A connection could not be made, or broke."""

    error_type = ExceptionType.NETWORK


class TimeoutError(RedisError):
    """Nothing came in time."""

    error_type = ExceptionType.NETWORK


class AuthenticationError(ConnectionError):
    """The server refused user or password."""

    error_type = ExceptionType.AUTH


class AuthorizationError(ConnectionError):
    """The user may not do this."""

    error_type = ExceptionType.AUTH


class BusyLoadingError(ConnectionError):
    """The server is still loading its data."""


class MasterNotFoundError(ConnectionError):
    """The Sentinels know no primary of this name, or none can be reached."""


class SlaveNotFoundError(ConnectionError):
    """There is neither a replica nor a primary."""


class MaxConnectionsError(ConnectionError):
    """The pool has no connection left to give."""


class ExternalAuthProviderError(ConnectionError):
    """What the server asks about users has failed."""


class InvalidResponse(RedisError):
    """The server sent something that is not RESP."""


class ResponseError(RedisError):
    """The server answered with an error."""


class DataError(RedisError):
    """An argument can not be sent, or contradicts another one."""


class PubSubError(RedisError):
    """A subscription was used in a way that makes no sense."""


class WatchError(RedisError):
    """A watched key was changed, or the watch was lost."""


class NoScriptError(ResponseError):
    """The server does not know the script."""


class OutOfMemoryError(ResponseError):
    """The server has reached ``maxmemory``."""


class ExecAbortError(ResponseError):
    """A transaction was given up."""


class ReadOnlyError(ResponseError):
    """A write was sent to a replica."""


class NoPermissionError(ResponseError):
    """The user may not run this command, or use this key."""

    error_type = ExceptionType.AUTH


class ModuleError(ResponseError):
    """A module could not be loaded or unloaded."""


class NoSuchFieldsetError(ResponseError):
    """The connection does not know the set of fields."""


class AuthenticationWrongNumberOfArgsError(ResponseError):
    """AUTH was sent with a wrong number of arguments."""

    error_type = ExceptionType.AUTH


class LockError(RedisError, ValueError):
    """A lock was used in a way that makes no sense, or could not be acquired."""

    def __init__(self, message: str | None = None, lock_name: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.lock_name = lock_name


class LockNotOwnedError(LockError):
    """The lock is not, or no longer, held by the one who wants to release or prolong it."""


# --- Of clusters: raised by servers in cluster mode; the client for clusters itself is not here ----------


class ClusterError(RedisError):
    """A cluster could not carry a command out."""


class ClusterDownError(ClusterError, ResponseError):
    """The cluster, or what this server needs of it, is down."""

    def __init__(self, resp: str = "", status_code: str | None = None) -> None:
        super().__init__(resp, status_code=status_code)
        self.message = resp


class MasterDownError(ClusterDownError):
    """A replica has lost its primary, and may not answer with stale data."""


class AskError(ResponseError):
    """The key is being moved to another server.

    Attributes:
        slot_id: of the key.
        host, port, node_addr: of the server to ask.
    """

    def __init__(self, resp: str = "", status_code: str | None = None) -> None:
        super().__init__(resp, status_code=status_code)
        self.message = resp
        slot, _, address = resp.partition(" ")
        host, _, port = address.rpartition(":")
        self.slot_id = int(slot)
        self.node_addr = self.host, self.port = host, int(port)


class MovedError(AskError):
    """The key is on another server."""


class TryAgainError(ResponseError):
    """Some of the keys are being moved."""

    def __init__(self, *args: Any, status_code: str | None = None, **kwargs: Any) -> None:  # noqa: ARG002 - as redis-py
        super().__init__(*args, status_code=status_code)


class ClusterCrossSlotError(ResponseError):
    """The keys of a command are not on one server."""

    message = "Keys in request don't hash to the same slot"


# --- Outside the tree, as in redis-py -----------------------------------------------------------------------


class ChildDeadlockedError(Exception):
    """Of a forked process. Never raised here: a child begins with an empty pool."""


class IncorrectPolicyType(Exception):
    """Of the client for clusters."""


class RedisClusterException(_Described, Exception):
    """Root of what the client for clusters raises."""


class SlotNotCoveredError(RedisClusterException):
    """Of the client for clusters."""


class CrossSlotTransactionError(RedisClusterException):
    """Of the client for clusters."""


class InvalidPipelineStack(RedisClusterException):
    """Of the client for clusters."""
