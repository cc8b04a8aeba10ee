"""What Sentinels say about a service, as frozen values: pure functions from replies, no sockets.

https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncredis.config import Location
from syncredis.replies import to_dict
from syncredis.typing import Reply

#: Flags of a replica that no connection should be tried to.
_OUT_OF_SERVICE = frozenset({"s_down", "o_down", "disconnected"})


@dataclass(frozen=True, slots=True)
class ReplicaView:
    """A replica as one Sentinel sees it, and as it was measured.

    Attributes:
        location: where it is.
        flags: the Sentinel's flags for it, e.g. ``s_down``.
        linked: whether its link to the primary is up.
        offset: how far its replication stream had come when the Sentinel looked; 0: it has never had its primary's data.
        priority: its ``replica-priority``: the lower, the sooner it is promoted; 0: never.
        lag: bytes of the replication stream that it is behind the primary; None: not measured, or not known.
        latency: seconds that a round trip to it takes, smoothed; None: not measured, or it did not answer.
    """

    location: Location
    flags: frozenset[str]
    linked: bool
    offset: int = 0
    priority: int = 100
    lag: int | None = None
    latency: float | None = None

    @property
    def in_service(self) -> bool:
        """Whether the Sentinel can reach it and does not think it down."""
        return not self.flags & _OUT_OF_SERVICE


@dataclass(frozen=True, slots=True)
class NamedPrimary:
    """The primary of a service, as one Sentinel names it.

    Attributes:
        location: where it is.
        epoch: the number of the failover that made it primary (``config-epoch``); None: the Sentinel would not tell.
        witness: what tells this Sentinel from others, which may be known by several addresses; empty if it was not asked.
        sentinels: how many Sentinels watch the service, as far as this one knows.
    """

    location: Location
    epoch: int | None = None
    witness: str = ""
    sentinels: int = 1


def location_from_address(reply: Reply) -> Location | None:
    """Read the reply to ``SENTINEL GET-MASTER-ADDR-BY-NAME``; None: the name is not known."""
    if reply is None:
        return None
    host, port = reply
    location = Location(str(host), int(port))
    if not 0 < location.port < 65536:
        raise ValueError(f"no server can be at {location.target}")
    return location


def replicas_from_reply(reply: Reply) -> list[ReplicaView]:
    """Read the reply to ``SENTINEL REPLICAS``."""
    views = [_replica(to_dict(entry)) for entry in reply]
    return [view for view in views if view.location.port]  # 0: it has not said yet where it listens


def _replica(entry: Mapping[str, Any]) -> ReplicaView:
    return ReplicaView(
        location=Location(entry["ip"], int(entry["port"])),
        flags=frozenset(entry.get("flags", "").split(",")),
        linked=entry.get("master-link-status", "ok") == "ok",
        offset=int(entry.get("slave-repl-offset", 0)),
        priority=int(entry.get("slave-priority", 100)),
    )


def sentinels_from_reply(reply: Reply) -> list[Location]:
    """Read the reply to ``SENTINEL SENTINELS``: where the other Sentinels are that watch the same service."""
    entries = [to_dict(entry) for entry in reply]
    return [Location(entry["ip"], int(entry["port"])) for entry in entries if int(entry.get("port", 0))]


def silences_from_reply(reply: Reply) -> dict[Location, float]:
    """Read from the reply to ``SENTINEL SENTINELS`` for how many seconds each has not answered; infinite: it is down."""
    silences = {}
    for entry in map(to_dict, reply):
        is_down = _OUT_OF_SERVICE.intersection(entry.get("flags", "").split(","))
        silence = math.inf if is_down else int(entry["last-ok-ping-reply"]) / 1000
        silences[Location(entry["ip"], int(entry["port"]))] = silence
    return silences


def is_failing_over(reply: Reply) -> bool:
    """Read from the reply to ``SENTINEL MASTER`` whether this Sentinel leads a failover at the moment."""
    return "failover_in_progress" in to_dict(reply).get("flags", "").split(",")


def other_sentinels(reply: Reply) -> int:
    """Read from the reply to ``SENTINEL MASTER`` how many other Sentinels watch the service."""
    return int(to_dict(reply).get("num-other-sentinels", 0))


def config_epoch(reply: Reply) -> int:
    """Read from the reply to ``SENTINEL MASTER`` the number of the failover that made the primary one."""
    return int(to_dict(reply)["config-epoch"])


def freshest(
    answers: Sequence[tuple[Location, NamedPrimary]], final: bool, sentinels: int
) -> tuple[Location, NamedPrimary] | None:
    """Choose the answer of the highest epoch, as soon as a majority of ``sentinels`` has answered, or no more is to come."""
    if not final and 2 * len(answers) <= sentinels:
        return None
    return max(answers, key=lambda answer: -1 if answer[1].epoch is None else answer[1].epoch, default=None)


def majority(
    answers: Sequence[tuple[Location, NamedPrimary]],
    final: bool,  # noqa: ARG001 - a `Choice`
    sentinels: int,
) -> tuple[Location, NamedPrimary] | None:
    """Choose the primary that a majority of all Sentinels names; there are at least ``sentinels``."""
    needed = max([sentinels, *(named.sentinels for _, named in answers)]) // 2 + 1
    for sentinel, candidate in answers:
        agreeing = {named.witness or where.target for where, named in answers if named.location == candidate.location}
        if len(agreeing) >= needed:
            return sentinel, candidate
    return None
