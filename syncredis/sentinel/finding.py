"""`Finding`: something that is wrong with a service, or could be better, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal, TypeAlias

from syncredis.config import Location

Severity: TypeAlias = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong, or could be better.

    Attributes:
        severity: ``"error"``: something does not work, or a failover would not; ``"warning"``: something is not as it should
            be; ``"note"``: worth knowing.
        code: names the kind of finding, e.g. ``"sentinels-disagree"``; stays the same in later versions.
        subject: the server or Sentinel that it is about; None: the service as a whole.
        message: what was found.
        advice: what can be done.
    """

    severity: Severity
    code: str
    subject: Location | None
    message: str
    advice: str

    def __str__(self) -> str:
        where = "" if self.subject is None else f"{self.subject.target}: "
        return f"{self.severity}: {where}{self.message}. {self.advice}."


def mapping_advice(location: Location) -> str:
    """Return what to do about a place that can not be reached."""
    return f"see whether {location.target} can be reached from here; where it is another address, give an address_map"


def is_loopback(host: str) -> bool:
    """Return whether a host is every machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
