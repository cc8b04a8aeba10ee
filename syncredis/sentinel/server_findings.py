"""What is wrong with the servers of a service: pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from syncredis.config import Location
from syncredis.exceptions import AuthenticationError, AuthorizationError, RedisError
from syncredis.sentinel.finding import Finding, Severity, is_loopback, mapping_advice
from syncredis.sentinel.reports import ServerReport, Topology

#: Bytes that a replica is behind, from which on that is worth a word.
_MUCH_LAG: Final = 1024 * 1024


def of_servers(topology: Topology) -> Iterator[Finding]:
    """Return what there is to say about the primary and the replicas."""
    primary = topology.primary
    if primary is not None:
        yield from _primary(topology, primary)
    for replica in topology.replicas:
        yield from _replica(replica, primary)
    versions = {server.version for server in topology.servers if server.version is not None}
    if len(versions) > 1:
        yield Finding(
            severity="note",
            code="versions-differ",
            subject=None,
            message=f"the servers are not of one version: {', '.join(sorted(versions))}",
            advice="A replica must not be older than its primary: upgrade the replicas first",
        )


def _primary(topology: Topology, primary: ServerReport) -> Iterator[Finding]:
    yield from _loopback(topology)
    if primary.error is not None:
        yield _no_answer(primary.location, primary.error, "the primary", "error")
    elif primary.role == "replica":
        yield Finding(
            severity="error",
            code="primary-is-a-replica",
            subject=primary.location,
            message="the Sentinels name this server as primary, and it says that it is a replica",
            advice="A failover may be under way; if it stays so, the Sentinels were not told of a change made by hand",
        )
    if primary.is_down:
        yield Finding(
            severity="error",
            code="primary-down",
            subject=primary.location,
            message=f"Sentinels take the primary for down ({', '.join(sorted(primary.flags))})",
            advice="See its log, and the network between it and the Sentinels",
        )
    if primary.waits_for_replicas is False and topology.replicas:
        yield Finding(
            severity="note",
            code="isolated-primary-takes-writes",
            subject=primary.location,
            message="this primary would take writes even with no replica connected: cut off, it loses all that it acknowledges",
            advice="Set min-replicas-to-write 1 and min-replicas-max-lag 10, if consistency counts more than service",
        )


def _replica(replica: ServerReport, primary: ServerReport | None) -> Iterator[Finding]:
    at = replica.location
    if replica.is_down:
        yield Finding(
            severity="warning",
            code="replica-down",
            subject=at,
            message="Sentinels take this replica for down",
            advice="Start it; if it is gone for good, have the Sentinels forget it (SENTINEL RESET)",
        )
    if replica.error is not None:
        if not replica.is_down:
            yield _no_answer(at, replica.error, "this replica", "warning")
        return
    if replica.role == "primary":
        yield Finding(
            severity="error",
            code="replica-is-a-primary",
            subject=at,
            message="the Sentinels name this server as a replica, and it says that it is a primary",
            advice="After a failover the Sentinels put that right within some seconds; writes to it are lost then",
        )
        return
    if primary is not None and replica.primary not in (None, primary.location):
        yield Finding(
            severity="warning",
            code="replica-of-another",
            subject=at,
            message=f"this replica copies {_target(replica.primary)}, and not the primary {primary.location.target}",
            advice="After a failover the Sentinels put that right; an address that is not the one announced looks the same",
        )
    if replica.link not in ("connected", None):
        yield Finding(
            severity="warning",
            code="replica-not-linked",
            subject=at,
            message=f"this replica is not connected to its primary ({replica.link}): its data is old",
            advice="See its log; a replica needs masterauth (primaryauth) where the primary has a password",
        )
    elif replica.lag is not None and replica.lag > _MUCH_LAG:
        yield Finding(
            severity="warning",
            code="replica-lags",
            subject=at,
            message=f"this replica is {replica.lag:,} bytes behind",
            advice="See the network and the load; max_lag keeps a client from reading old data",
        )
    if replica.writable:
        yield Finding(
            severity="warning",
            code="replica-is-writable",
            subject=at,
            message="this replica takes writes, which get lost",
            advice="Set replica-read-only yes",
        )


def _no_answer(at: Location, error: RedisError, what: str, severity: Severity) -> Finding:
    if isinstance(error, (AuthenticationError, AuthorizationError)):
        return Finding(
            severity=severity,
            code="server-refuses",
            subject=at,
            message=f"{what} refuses user or password ({str(error).rstrip('.')})",
            advice="Give username and password of the servers; those of the Sentinels are others",
        )
    return Finding(
        severity=severity,
        code="server-unreachable",
        subject=at,
        message=f"{what} can not be reached from here ({error})",
        advice=f"Start it, or {mapping_advice(at)}",
    )


def _loopback(topology: Topology) -> Iterator[Finding]:
    """The one mistake that everybody makes once: 'sentinel monitor NAME 127.0.0.1'."""
    for sentinel in topology.informed:
        announced = sentinel.announced
        if announced is not None and is_loopback(announced.host) and not is_loopback(sentinel.location.host):
            yield Finding(
                severity="error",
                code="announces-loopback",
                subject=sentinel.location,
                message=f"this Sentinel says that the primary is at {announced.target}, which is every machine itself",
                advice="Give 'sentinel monitor' an address that applications can reach",
            )


def _target(location: Location | None) -> str:
    return "nobody" if location is None else location.target
