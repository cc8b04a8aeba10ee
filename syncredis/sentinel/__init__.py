"""Redis Sentinel: find the primary and the replicas of a service, and stay with them. See `Sentinel`."""

from syncredis.exceptions import PrimaryNotFoundError, ReplicaNotFoundError, StalePrimaryError
from syncredis.sentinel.client import Sentinel
from syncredis.sentinel.pool import SentinelConnectionPool

__all__ = ["PrimaryNotFoundError", "ReplicaNotFoundError", "Sentinel", "SentinelConnectionPool", "StalePrimaryError"]
