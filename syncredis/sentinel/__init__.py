"""Redis Sentinel: find the primary and the replicas of a service, and stay with them. See `Sentinel`."""

from syncredis.exceptions import PrimaryNotFoundError, ReplicaNotFoundError, StalePrimaryError
from syncredis.sentinel.address_map import AddressMap
from syncredis.sentinel.client import Sentinel
from syncredis.sentinel.finding import Finding
from syncredis.sentinel.pool import SentinelConnectionPool
from syncredis.sentinel.replica_choice import ReplicaPolicy
from syncredis.sentinel.reports import SentinelReport, ServerReport, Topology
from syncredis.sentinel.topology import ReplicaView

__all__ = [
    "AddressMap",
    "Finding",
    "PrimaryNotFoundError",
    "ReplicaNotFoundError",
    "ReplicaPolicy",
    "ReplicaView",
    "Sentinel",
    "SentinelConnectionPool",
    "SentinelReport",
    "ServerReport",
    "StalePrimaryError",
    "Topology",
]
