"""`ReplicaChoice`: which replicas may be read from, and in which order they are tried. No I/O."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, get_args

from syncredis.config import Location
from syncredis.exceptions import ConfigurationError
from syncredis.sentinel.topology import ReplicaView

PolicyName: TypeAlias = Literal["round-robin", "random", "lowest-latency"]

#: In which order replicas are tried: by name, or by a function that is given those that can be read from, and returns the
#: ones to use, the best first. It is called in any thread, whenever a connection is made and about once a second, and must
#: not block.
ReplicaPolicy: TypeAlias = PolicyName | Callable[[Sequence[ReplicaView]], Iterable[ReplicaView]]

#: Replicas up to this many times as far away as the nearest, and this much further (seconds), count as equally near:
#: chance makes round trips differ, and several replicas carry more than one.
_NEAR_FACTOR: Final = 1.5
_NEAR_MARGIN: Final = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaChoice:
    """How the replicas of a client are chosen.

    Attributes:
        policy: in which order they are tried.
        max_lag: bytes of the replication stream that a replica may be behind its primary; one of which that is not known is
            not used. None: no limit.
    """

    policy: ReplicaPolicy = "round-robin"
    max_lag: int | None = None

    def __post_init__(self) -> None:
        policy: Any = self.policy
        if not callable(policy) and policy not in get_args(PolicyName):
            names = ", ".join(repr(name) for name in get_args(PolicyName))
            raise ConfigurationError(f"{policy=} must be {names}, or a function")
        lag: Any = self.max_lag
        if lag is not None and not (isinstance(lag, int) and not isinstance(lag, bool) and lag >= 0):
            raise ConfigurationError(f"max_lag={lag!r} must be a number of bytes, 0 or more, or None for no limit")

    @property
    def measures(self) -> bool:
        """Whether it depends on what has to be measured: how far away the replicas are, or how far behind."""
        return self.max_lag is not None or self.policy not in ("round-robin", "random")

    def order(self, views: Iterable[ReplicaView], connections: Mapping[Location, int], turn: int) -> list[ReplicaView]:
        """Return the replicas that can be read from, in the order in which to try them.

        Those that have lost their primary come last, because their data is old.

        Args:
            views: all replicas.
            connections: how many there are already to each.
            turn: which one to begin with among equals; counts up.
        """
        usable = [view for view in views if view.in_service and self._is_near_enough(view)]
        linked = [view for view in usable if view.linked]
        lost = [view for view in usable if not view.linked]
        return [*self._by_policy(linked, connections, turn), *self._by_policy(lost, connections, turn)]

    def preferred(self, views: Iterable[ReplicaView]) -> list[ReplicaView]:
        """Return the replicas among which connections should be spread, as things are; empty: there is none."""
        usable = [view for view in views if view.in_service and self._is_near_enough(view)]
        candidates = [view for view in usable if view.linked] or usable
        if self.policy == "lowest-latency":
            return [view for view in candidates if _is_near(view, candidates)]
        return self._by_policy(candidates, {}, 0)

    @property
    def spreads(self) -> bool:
        """Whether the preferred replicas are to have equal shares of the connections."""
        return self.policy in ("round-robin", "lowest-latency")

    def _is_near_enough(self, view: ReplicaView) -> bool:
        return self.max_lag is None or (view.lag is not None and view.lag <= self.max_lag)

    def _by_policy(self, views: list[ReplicaView], connections: Mapping[Location, int], turn: int) -> list[ReplicaView]:
        if not views:
            return []
        if callable(self.policy):
            return _checked(self.policy(tuple(views)), views)
        if self.policy == "random":
            return random.sample(views, len(views))
        start = turn % len(views)
        in_turn = views[start:] + views[:start]

        def fewest_connections(view: ReplicaView) -> int:
            return connections.get(view.location, 0)

        if self.policy == "round-robin":
            return sorted(in_turn, key=fewest_connections)
        near = [view for view in in_turn if _is_near(view, views)]
        far = [view for view in in_turn if view not in near]
        return [*sorted(near, key=fewest_connections), *sorted(far, key=_distance)]


def _distance(view: ReplicaView) -> float:
    return float("inf") if view.latency is None else view.latency


def _is_near(view: ReplicaView, among: Iterable[ReplicaView]) -> bool:
    """Whether a replica is as near as the nearest; without any measurement all are."""
    nearest = min(_distance(other) for other in among)
    return _distance(view) <= nearest * _NEAR_FACTOR + _NEAR_MARGIN


def _checked(chosen: Iterable[Any], views: list[ReplicaView]) -> list[ReplicaView]:
    """Return what a function of the application has chosen."""
    found = list(chosen)
    for view in found:
        if view not in views:
            raise ConfigurationError(f"policy returned {view!r}, which is none of the replicas that it was given")
    return found
