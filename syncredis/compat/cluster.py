"""Of redis-py's client for clusters, the name: there is none here."""

from __future__ import annotations

from typing import Any, NoReturn

from syncredis.compat.exceptions import (
    ClusterCrossSlotError,
    ClusterDownError,
    ClusterError,
    MovedError,
    RedisClusterException,
)


class RedisCluster:
    """Not supported."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - whatever redis-py takes
        self.from_url("")

    @classmethod
    def from_url(cls, url: str, **kwargs: Any) -> NoReturn:
        """Not supported.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("there is no client for clusters here; use redis-py's RedisCluster")


class ClusterNode:
    """Not supported; nodes are what `RedisCluster` is made with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        RedisCluster(*args, **kwargs)


__all__ = [
    "ClusterCrossSlotError",
    "ClusterDownError",
    "ClusterError",
    "ClusterNode",
    "MovedError",
    "RedisCluster",
    "RedisClusterException",
]
