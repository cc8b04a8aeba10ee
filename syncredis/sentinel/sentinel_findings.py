"""What is wrong with the Sentinels of a service, and with a failover that they would begin: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from syncredis.config import Location
from syncredis.exceptions import AuthenticationError, AuthorizationError
from syncredis.sentinel.finding import Finding, Severity, is_loopback, mapping_advice
from syncredis.sentinel.reports import SentinelReport, ServerReport, Topology

#: What a client needs of a Sentinel, and what is lost without it.
_USES: Final = {
    "SENTINEL MASTER": "an old answer can not be told from a new one",
    "SENTINEL REPLICAS": "replicas can not be read from",
    "SENTINEL SENTINELS": "other Sentinels are not learnt",
    "SUBSCRIBE": "failovers are noticed by asking, twice a second, and writes are not held meanwhile",
}


def of_sentinels(topology: Topology) -> Iterator[Finding]:
    """Return what there is to say about the Sentinels."""
    yield from _reachability(topology)
    yield from _agreement(topology)
    yield from _failover(topology)


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
            message=f"this Sentinel refuses to answer ({str(sentinel.error).rstrip('.')})",
            advice="Sentinels have users and passwords of their own: sentinel_kwargs, or sentinel_password in a URL",
        )
    else:
        yield Finding(
            severity=severity,
            code="sentinel-unreachable",
            subject=sentinel.location,
            message=f"this Sentinel can not be asked ({sentinel.error})",
            advice=f"Start it, or {mapping_advice(sentinel.location)}; if it is gone for good, have the others "
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
            message=f"there {'is 1 Sentinel' if len(topology.sentinels) == 1 else f'are {len(topology.sentinels)} Sentinels'}: "
            "with one lost, no majority is left to fail over",
            advice="Run three Sentinels or more, on machines that fail by themselves",
        )
    hosts = {sentinel.location.host for sentinel in topology.sentinels}
    if len(topology.sentinels) > 1 and len(hosts) == 1 and not is_loopback(next(iter(hosts))):
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


def _targets(sentinels: Iterable[SentinelReport]) -> str:
    return ", ".join(sentinel.location.target for sentinel in sentinels)
