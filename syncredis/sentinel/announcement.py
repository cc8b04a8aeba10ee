"""What Sentinels publish, as frozen values: a pure function from a message, no sockets.

Which of them says what, and when, is the Sentinels' business: only the one that leads a failover speaks of its steps, and
it comes to ``+switch-master`` last.

https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#pubsub-messages
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from syncredis.config import Location

#: The steps of a failover, up to the word that a replica has been promoted. The candidate is named from the second on.
SELECTING: Final = "+failover-state-select-slave"
SELECTED: Final = "+selected-slave"
PROMOTING: Final = "+failover-state-send-slaveof-noone"
AWAITING_PROMOTION: Final = "+failover-state-wait-promotion"
PROMOTED: Final = "+promoted-slave"
SWITCHED: Final = "+switch-master"

#: The ends of a failover that leads nowhere.
ABORTED: Final = (
    "-failover-abort-master-is-slave",
    "-failover-abort-no-good-slave",
    "-failover-abort-not-elected",
    "-failover-abort-slave-timeout",
)

#: Of a primary: a quorum finds it down, or no longer does.
DOWN: Final = "+odown"
UP: Final = "-odown"

#: A Sentinel was told to forget what it knows, and asks anew.
RESET: Final = "+reset-master"

#: Other Sentinels come and go.
SENTINELS: Final = ("+sentinel", "-dup-sentinel", "+sentinel-address-switch", "+sentinel-invalid-addr")

#: One Sentinel's opinion on a primary or replica, and replicas that come, or come back from elsewhere.
REPLICAS: Final = ("+slave", "+sdown", "-sdown", "+reboot", "-role-change", "+role-change", "+convert-to-slave")

#: A Sentinel does not trust its own clock, and takes no action for a while; and when that is over.
TILT: Final = ("+tilt", "-tilt")

#: What to subscribe to.
CHANNELS: Final = (
    SELECTING,
    SELECTED,
    PROMOTING,
    AWAITING_PROMOTION,
    PROMOTED,
    SWITCHED,
    *ABORTED,
    DOWN,
    UP,
    RESET,
    *SENTINELS,
    *REPLICAS,
    *TILT,
)

CANDIDATES: Final = frozenset({SELECTED, PROMOTING, AWAITING_PROMOTION, PROMOTED})


@dataclass(frozen=True, slots=True)
class Announcement:
    """A message of a Sentinel.

    Attributes:
        event: the channel, e.g. ``+switch-master``.
        service_name: which service it is about; empty for one about the Sentinel itself.
        kind: what kind of instance it is about: ``"master"``, ``"slave"`` or ``"sentinel"``; empty for one about the Sentinel.
        location: where that instance is; for ``+switch-master`` the new primary.
        primary: the primary of the service, as the Sentinel sees it; for ``+switch-master`` the old one.
    """

    event: str
    service_name: str = ""
    kind: str = ""
    location: Location | None = None
    primary: Location | None = None

    def translated(self, translate: Callable[[Location], Location]) -> Announcement:
        """Return the same message with the places where the servers are for us."""
        location = None if self.location is None else translate(self.location)
        primary = None if self.primary is None else translate(self.primary)
        return replace(self, location=location, primary=primary)


def announcement(event: str, text: str) -> Announcement:
    """Read a message.

    Raises:
        ValueError: if it makes no sense.
    """
    words = text.split()
    match words:
        case [name, old_host, old_port, new_host, new_port] if event == SWITCHED:
            return Announcement(event, name, "master", _location(new_host, new_port), _location(old_host, old_port))
        case ["master", name, host, port, *_]:
            return Announcement(event, name, "master", _location(host, port), _location(host, port))
        case [("slave" | "sentinel") as kind, _, host, port, "@", name, primary_host, primary_port, *_]:
            return Announcement(event, name, kind, _location(host, port), _location(primary_host, primary_port))
        case _ if event in TILT:
            return Announcement(event)
        case _:
            raise ValueError(f"{event} says {text!r}")


def _location(host: str, port: str) -> Location:
    return Location(host, int(port))
