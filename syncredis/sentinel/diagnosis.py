"""What is wrong with a service, or could be better: pure functions from a `Topology`, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Literal, TypeAlias

from syncredis.config import Location
from syncredis.exceptions import AuthenticationError, AuthorizationError, RedisError
from syncredis.sentinel.reports import SentinelReport, ServerReport, Topology

Severity: TypeAlias = Literal["error", "warning", "note"]

_SEVERITIES: Final = ("error", "warning", "note")

#: Bytes that a replica is behind, from which on that is worth a word.
_MUCH_LAG: Final = 1024 * 1024

#: What a client needs of a Sentinel, and what is lost without it.
_USES: Final = {
    "SENTINEL MASTER": "an old answer can not be told from a new one",
    "SENTINEL REPLICAS": "replicas can not be read from",
    "SENTINEL SENTINELS": "other Sentinels are not learnt",
    "SUBSCRIBE": "failovers are noticed by asking, twice a second, and writes are not held meanwhile",
}


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


def diagnose(topology: Topology) -> list[Finding]:
    """Return what there is to say about a service, the worst first; empty: all is well."""
    found = [*_reachability(topology), *_agreement(topology), *_failover(topology), *_servers(topology)]
    return sorted(found, key=lambda finding: _SEVERITIES.index(finding.severity))


# --- can the Sentinels be asked -------------------------------------------------------------------------


def _reachability(topology: Topology) -> Iterator[Finding]:
    failed = [sentinel for sentinel in topology.sentinels if sentinel.error is not None]
    answered = [sentinel for sentinel in topology.sentinels if sentinel.error is None]
    for sentinel in failed:
        yield from _not_asked(sentinel, "warning" if answered else "error")
    if answered and not topology.informed:
        yield Finding(
            severity="error",
            code="service-unknown",
            subject=None,
            message=f"no Sentinel knows a service {topology.service_name!r}",
            advice="See what SENTINEL MASTERS lists; the name is the first argument of 'sentinel monitor'",
        )
    elif topology.informed:
        for sentinel in answered:
            if sentinel.primary is None:
                yield Finding(
                    severity="warning",
                    code="service-unknown-to-one",
                    subject=sentinel.location,
                    message=f"this Sentinel does not know the service {topology.service_name!r}",
                    advice="Have it monitor the service (SENTINEL MONITOR), or leave it out",
                )
    for sentinel in answered:
        lost = [f"{command} ({_USES[command]})" for command in sentinel.refused if command in _USES]
        if lost:
            yield Finding(
                severity="warning",
                code="missing-rights",
                subject=sentinel.location,
                message=f"the user may not send {', '.join(lost)}",
                advice="Grant these commands with ACL SETUSER, and for SUBSCRIBE the channels with allchannels",
            )
        if sentinel.tilt:
            yield Finding(
                severity="error",
                code="tilt",
                subject=sentinel.location,
                message="this Sentinel is in TILT mode: it does not trust its clock, and would not fail over",
                advice="See whether its machine stands still now and then, or its clock jumps",
            )


def _not_asked(sentinel: SentinelReport, severity: Severity) -> Iterator[Finding]:
    if isinstance(sentinel.error, (AuthenticationError, AuthorizationError)):
        yield Finding(
            severity=severity,
            code="sentinel-refuses",
            subject=sentinel.location,
            message=f"this Sentinel refuses to answer ({sentinel.error})",
            advice="Sentinels have users and passwords of their own: sentinel_kwargs, or sentinel_password in a URL",
        )
    else:
        yield Finding(
            severity=severity,
            code="sentinel-unreachable",
            subject=sentinel.location,
            message=f"this Sentinel can not be asked ({sentinel.error})",
            advice=f"Start it, or {_mapping_advice(sentinel.location)}; if it is gone for good, have the others "
            "forget it (SENTINEL RESET)",
        )


# --- do the Sentinels agree -----------------------------------------------------------------------------


def _agreement(topology: Topology) -> Iterator[Finding]:
    informed = topology.informed
    views: dict[Location, list[SentinelReport]] = {}
    for sentinel in informed:
        assert sentinel.primary is not None
        views.setdefault(sentinel.primary, []).append(sentinel)
    if any("failover_in_progress" in sentinel.flags for sentinel in informed):
        yield Finding(
            severity="note",
            code="failover-in-progress",
            subject=None,
            message="a failover is in progress",
            advice="Look again when it is over",
        )
    if len(views) > 1:
        said = "; ".join(f"{primary.target} by {_targets(theirs)}" for primary, theirs in views.items())
        yield Finding(
            severity="error",
            code="sentinels-disagree",
            subject=None,
            message=f"the Sentinels name different primaries: {said}",
            advice="Look again in a few seconds; if it stays so, SENTINEL RESET those with the lower epoch",
        )
    elif len({sentinel.epoch for sentinel in informed if sentinel.epoch is not None}) > 1:
        said = ", ".join(f"{sentinel.epoch} by {sentinel.location.target}" for sentinel in informed)
        yield Finding(
            severity="warning",
            code="epochs-differ",
            subject=None,
            message=f"the Sentinels have heard of different failovers: epoch {said}",
            advice="Look again in a few seconds; if it stays so, see whether the Sentinels reach each other",
        )
    for what, values in (
        ("quorum", {sentinel.quorum for sentinel in informed} - {None}),
        ("down-after-milliseconds", {sentinel.down_after for sentinel in informed} - {None}),
    ):
        if len(values) > 1:
            yield Finding(
                severity="warning",
                code="settings-differ",
                subject=None,
                message=f"{what} is not the same on all Sentinels",
                advice="SENTINEL SET changes it on one Sentinel alone: set it on each",
            )


# --- would a failover work ------------------------------------------------------------------------------


def _failover(topology: Topology) -> Iterator[Finding]:
    informed = topology.informed
    if not informed:
        return
    for sentinel in informed:
        if sentinel.can_fail_over is False:
            yield Finding(
                severity="error",
                code="no-quorum",
                subject=sentinel.location,
                message=f"a failover would not take place ({sentinel.verdict})",
                advice="Start more of the Sentinels, or see why they do not reach each other",
            )
    if len(topology.sentinels) < 3:
        yield Finding(
            severity="warning",
            code="too-few-sentinels",
            subject=None,
            message=f"there {'is' if len(topology.sentinels) == 1 else 'are'} {len(topology.sentinels)} of them: "
            "with one Sentinel lost, no majority is left to fail over",
            advice="Run three Sentinels or more, on machines that fail by themselves",
        )
    hosts = {sentinel.location.host for sentinel in topology.sentinels}
    if len(topology.sentinels) > 1 and len(hosts) == 1 and not _is_loopback(next(iter(hosts))):
        yield Finding(
            severity="warning",
            code="sentinels-share-a-host",
            subject=None,
            message="all Sentinels run on one host, and are lost with it",
            advice="Run them on machines that fail by themselves",
        )
    if not topology.replicas:
        yield Finding(
            severity="error",
            code="no-replicas",
            subject=None,
            message="there is no replica that could be promoted",
            advice="Start one with 'replicaof'; the Sentinels find it by themselves within ten seconds",
        )
    elif all(replica.priority == 0 for replica in topology.replicas):
        yield Finding(
            severity="error",
            code="nobody-to-promote",
            subject=None,
            message="each replica has priority 0, and is never promoted",
            advice="Set replica-priority to a larger number on one of them",
        )
    elif not any(_is_fit(replica) for replica in topology.replicas):
        yield Finding(
            severity="error",
            code="nobody-to-promote",
            subject=None,
            message="no replica is in a state to be promoted",
            advice="See what is said of each",
        )


def _is_fit(replica: ServerReport) -> bool:
    return replica.error is None and not replica.is_down and replica.priority != 0 and replica.offset is not None


# --- are the servers well -------------------------------------------------------------------------------


def _servers(topology: Topology) -> Iterator[Finding]:
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
            message="this primary takes writes with no replica connected: cut off, it loses all that it acknowledges",
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
            message=f"{what} refuses user or password ({error})",
            advice="Give username and password of the servers; those of the Sentinels are others",
        )
    return Finding(
        severity=severity,
        code="server-unreachable",
        subject=at,
        message=f"{what} can not be reached from here ({error})",
        advice=f"Start it, or {_mapping_advice(at)}",
    )


def _loopback(topology: Topology) -> Iterator[Finding]:
    """The one mistake that everybody makes once: 'sentinel monitor NAME 127.0.0.1'."""
    for sentinel in topology.informed:
        announced = sentinel.announced
        if announced is not None and _is_loopback(announced.host) and not _is_loopback(sentinel.location.host):
            yield Finding(
                severity="error",
                code="announces-loopback",
                subject=sentinel.location,
                message=f"this Sentinel says that the primary is at {announced.target}, which is every machine itself",
                advice="Give 'sentinel monitor' an address that applications can reach",
            )


def _mapping_advice(location: Location) -> str:
    return f"see whether {location.target} can be reached from here; where it is another address, give an address_map"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _targets(sentinels: Iterable[SentinelReport]) -> str:
    return ", ".join(sentinel.location.target for sentinel in sentinels)


def _target(location: Location | None) -> str:
    return "nobody" if location is None else location.target
