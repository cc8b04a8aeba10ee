"""Of redis-py's async client for clusters, the name: there is none here."""

from __future__ import annotations

from syncredis.compat.cluster import ClusterNode, RedisCluster

__all__ = ["ClusterNode", "RedisCluster"]
