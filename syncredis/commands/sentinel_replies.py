"""What the Sentinel commands return, and how their replies become that."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple, NotRequired, TypedDict

from syncredis.commands.server_replies import to_info
from syncredis.config import Location
from syncredis.replies import in_pairs, to_dict
from syncredis.typing import Reply

_InstanceFields = TypedDict(
    "_InstanceFields",
    {
        "name": str,
        "ip": str,
        "port": int,
        "runid": str,
        "flags": str,  # separated by commas: "master", "slave" or "sentinel", then e.g. "s_down", "disconnected"
        "link-pending-commands": int,
        "link-refcount": int,
        "failover-state": NotRequired[str],  # during a failover
        # Times are in milliseconds; how long it is ago.
        "last-ping-sent": int,  # 0: there is none that waits for its answer
        "last-ok-ping-reply": int,
        "last-ping-reply": int,
        "s-down-time": NotRequired[int],  # while this Sentinel takes it for down
        "o-down-time": NotRequired[int],  # while the quorum does
        "down-after-milliseconds": int,
    },
)

_PrimaryFields = TypedDict(
    "_PrimaryFields",
    {
        "info-refresh": int,
        "role-reported": str,
        "role-reported-time": int,
        "config-epoch": int,
        "num-slaves": int,
        "num-other-sentinels": int,
        "quorum": int,
        "failover-timeout": int,
        "parallel-syncs": int,
        "notification-script": NotRequired[str],
        "client-reconfig-script": NotRequired[str],
    },
)

_ReplicaFields = TypedDict(
    "_ReplicaFields",
    {
        "info-refresh": int,
        "role-reported": str,
        "role-reported-time": int,
        "master-link-down-time": int,
        "master-link-status": str,  # "ok" or "err"
        "master-host": str,
        "master-port": int,
        "slave-priority": int,  # 0: never to be promoted
        "slave-repl-offset": int,
        "replica-announced": int,  # 0: it wants to be left out
    },
)

_SentinelFields = TypedDict(
    "_SentinelFields",
    {
        "last-hello-message": int,
        "voted-leader": str,  # "?": for none
        "voted-leader-epoch": int,
    },
)


class InstanceState(_InstanceFields):
    """What a Sentinel says of any server, in its own words; and what ``flags`` holds, one by one."""

    is_master: bool
    is_slave: bool
    is_sdown: bool
    """Down, in this Sentinel's opinion."""
    is_odown: bool
    """Down, in the opinion of the quorum."""
    is_sentinel: bool
    is_disconnected: bool
    is_master_down: bool
    """Another Sentinel says that the primary is down."""


class PrimaryState(InstanceState, _PrimaryFields):
    """What a Sentinel says of a primary."""


class ReplicaState(InstanceState, _ReplicaFields):
    """What a Sentinel says of a replica."""


class SentinelState(InstanceState, _SentinelFields):
    """What a Sentinel says of another one."""


PendingScript = TypedDict(
    "PendingScript",
    {
        "argv": list[str],
        "flags": str,  # "running" or "scheduled"
        "pid": int,  # 0: it does not run
        "run-time": NotRequired[int],  # milliseconds for which it has been running
        "run-delay": NotRequired[int],  # milliseconds after which it will be started
        "retry-num": int,  # how often it was started
    },
)


class DownView(NamedTuple):
    """Whether a Sentinel takes a primary for down, and whom it voted for."""

    down: bool
    leader: str | None
    """The Sentinel that shall lead the failover; None if there was no vote."""
    leader_epoch: int
    """When it voted."""


class CachedInfo(NamedTuple):
    """What a server told a Sentinel about itself."""

    age: int
    """How old this is, in milliseconds."""
    info: dict[str, Any] | None
    """As `info` returns it; None if the server has not answered yet."""


#: Fields that are text even where they look like a number.
_TEXT: Final = frozenset(
    {
        "client-reconfig-script",
        "failover-state",
        "flags",
        "ip",
        "master-host",
        "master-link-status",
        "name",
        "notification-script",
        "role-reported",
        "runid",
        "voted-leader",
    }
)
_INTEGER: Final = re.compile(r"-?[0-9]+")
_FLAGS: Final = {
    "is_master": "master",
    "is_slave": "slave",
    "is_sdown": "s_down",
    "is_odown": "o_down",
    "is_sentinel": "sentinel",
    "is_disconnected": "disconnected",
    "is_master_down": "master_down",
}


def to_state(reply: Reply) -> Any:
    """What a Sentinel says of one server."""
    state = _numbers(to_dict(reply))
    flags = state["flags"].split(",")
    return {**state, **{name: flag in flags for name, flag in _FLAGS.items()}}


def to_states_by_name(reply: Reply) -> dict[str, Any]:
    """What a Sentinel says of several services."""
    states = [to_state(entry) for entry in reply]
    return {state["name"]: state for state in states}


def to_pending_script(reply: Reply) -> Any:
    """A script that runs or will run."""
    return _numbers(to_dict(reply))


def _numbers(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in fields.items()}


def _value(name: str, value: Any) -> Any:
    is_number = isinstance(value, str) and name not in _TEXT and _INTEGER.fullmatch(value)
    return int(value) if is_number else value


def to_location(reply: Reply) -> Location | None:
    """Host and port, or nil."""
    return None if reply is None else Location(reply[0], int(reply[1]))


def to_down_view(reply: Reply) -> DownView:
    """The reply of SENTINEL IS-MASTER-DOWN-BY-ADDR."""
    down, leader, epoch = reply
    return DownView(bool(down), None if leader == "*" else leader, epoch)


def to_info_cache(reply: Reply) -> dict[str, list[CachedInfo]]:
    """The reply of SENTINEL INFO-CACHE, a flat array in RESP3, too."""
    return {name: [_cached_info(*entry) for entry in entries] for name, entries in in_pairs(reply)}


def _cached_info(age: int, text: str | None) -> CachedInfo:
    return CachedInfo(age, None if text is None else to_info(text))


def to_periods(reply: Reply) -> dict[str, int]:
    """The reply of SENTINEL DEBUG."""
    return {name: int(value) for name, value in to_dict(reply).items()}
