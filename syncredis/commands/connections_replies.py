"""What the connection commands return, and how their replies become that."""

from __future__ import annotations

from typing import Any, TypedDict

from syncredis.replies import to_dict
from syncredis.typing import Reply


class TrackingInfo(TypedDict):
    """Whether the server tells a connection about changed keys."""

    flags: list[str]
    """``"off"``, or ``"on"`` and how."""
    redirect: int
    """The connection that is told instead; 0: this one; -1: none."""
    prefixes: list[str]
    """Of the keys in question, in broadcast mode."""


def to_client_info(reply: Reply) -> dict[str, str]:
    """A line ``name=value name=value ...`` as a dictionary."""
    info: dict[str, str] = {}
    latest = ""
    for word in reply.strip().split(" "):
        name, sign, value = word.partition("=")
        if sign:
            info[name] = value
            latest = name
        elif latest:  # the path of a Unix socket may hold spaces
            info[latest] += f" {word}"
    return info


def to_client_list(reply: Reply) -> list[dict[str, str]]:
    """The lines of CLIENT LIST."""
    return [to_client_info(line) for line in reply.split("\n") if line]


def to_tracking_info(reply: Reply) -> TrackingInfo:
    """The reply of CLIENT TRACKINGINFO."""
    found = to_dict(reply)
    return TrackingInfo(flags=list(found["flags"]), redirect=found["redirect"], prefixes=list(found["prefixes"]))


def to_hello(reply: Reply) -> dict[str, Any]:
    """The reply of HELLO."""
    facts = to_dict(reply)
    facts["modules"] = [to_dict(module) for module in facts["modules"]]
    return facts
