"""Whether a deployment is in order, and what is missing if it is not."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from syncredis.exceptions import RedisError
from syncredis.testing.errors import NotReadyError, ServerProcessError
from syncredis.testing.process import ServerProcess
from syncredis.testing.sentinels import Report, SentinelView

_POLL = 0.03  # seconds between two looks


def wait_until(complaint: Callable[[], str | None], what: str, timeout: float) -> None:
    """Block until `complaint` has nothing to say; an error of a server is one, too.

    Raises NotReadyError, with the last complaint, after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            missing = complaint()
        except (RedisError, ServerProcessError) as error:
            missing = f"{type(error).__name__}: {error}"
        if missing is None:
            return
        if time.monotonic() > deadline:
            raise NotReadyError(f"{what} within {timeout:g} s: {missing}")
        time.sleep(_POLL)


def replication_complaint(primary: ServerProcess, replicas: Sequence[ServerProcess]) -> str | None:
    """Say why the replicas do not follow the primary yet, or return None."""
    for replica in replicas:
        role = list(replica.execute_command("ROLE"))
        if role[0] != "slave":
            return f"{replica} is not a replica"
        if _location(role[1], role[2]) != primary.location:
            return f"{replica} follows {role[1]}:{role[2]} and not {primary}"
        if role[3] != "connected":
            return f"{replica} is not in sync: its link to the primary is in state {role[3]!r}"
    role = list(primary.execute_command("ROLE"))
    if role[0] != "master":
        return f"{primary} is not a primary"
    online = {_location(entry[0], entry[1]) for entry in role[2]}
    for replica in replicas:
        if replica.location not in online:
            return f"{primary} does not count {replica} as in sync"
    if not replicas:
        return None
    # Even then it may be up to a second before the primary begins to send what is written, and what it has not sent would
    # be lost with it. A published message is part of that stream, and changes no data.
    with primary.client() as client:
        client.publish("syncredis:ready", "")
        reached = client.wait(len(replicas), 50)
    if reached < len(replicas):
        return f"{primary} sends its writes to {reached} of {len(replicas)} replicas only"
    return None


def primary_complaint(views: Sequence[SentinelView], primary: ServerProcess, *, quiet: bool = True) -> str | None:
    """Say which Sentinel does not name `primary`, or return None.

    With `quiet` a primary in doubt and a failover under way count as well.
    """
    for view in views:
        report = view.primary()
        if report.location != primary.location:
            return f"{view.node} names {report.location} as primary and not {primary}"
        if quiet and (unclean := _unclean(report, "master")):
            return f"{view.node} sees the primary as {unclean}"
    return None


def sentinel_complaint(views: Sequence[SentinelView], replicas: Sequence[ServerProcess]) -> str | None:
    """Say which replica or other Sentinel a Sentinel does not know to be well, or return None."""
    for view in views:
        seen = {report.location: report for report in view.replicas()}
        for replica in replicas:
            report = seen.get(replica.location)
            if report is None:
                return f"{view.node} does not know {replica}"
            if unclean := _unclean(report, "slave"):
                return f"{view.node} sees {replica} as {unclean}"
            if report.fields.get("master-link-status") != "ok":
                return f"{view.node} sees {replica} without its link to the primary"
        others = {report.location: report for report in view.other_sentinels()}
        for other in views:
            if other is view:
                continue
            report = others.get(other.node.location)
            if report is None:
                return f"{view.node} does not know {other.node}"
            # Not `_unclean`: that the other found a former primary down stays noted for ever.
            if report.flags & {"s_down", "disconnected"}:
                unclean = ",".join(sorted(report.flags))
                return f"{view.node} sees {other.node} as {unclean}"
    return None


def _unclean(report: Report, kind: str) -> str | None:
    return None if report.flags == {kind} else ",".join(sorted(report.flags))


def _location(host: Any, port: Any) -> tuple[str, int]:
    return str(host), int(port)
