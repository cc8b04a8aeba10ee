"""Each finding: what it takes for it to be made, and that it is not made of a service that is well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from syncredis import Location
from syncredis.exceptions import AuthenticationError, AuthorizationError, ConnectionError
from syncredis.sentinel.diagnosis import diagnose
from syncredis.sentinel.finding import Finding
from syncredis.sentinel.reports import SentinelReport, ServerReport, Topology

P, R1, R2, S1, S2, S3 = (Location(f"10.0.0.{number}", 6379) for number in range(1, 7))
REFUSED = ConnectionError("can not connect: refused")


def sentinel(location: Location, **changes: Any) -> SentinelReport:
    well = SentinelReport(
        location=location,
        id=f"id of {location}",
        primary=P,
        announced=P,
        epoch=7,
        quorum=2,
        replicas=((R1, frozenset()), (R2, frozenset())),
        can_fail_over=True,
        down_after=5.0,
        failover_timeout=60.0,
        tilt=False,
    )
    return replace(well, **changes)


def primary(**changes: Any) -> ServerReport:
    well = ServerReport(
        location=P, version="Redis 7.0.15", role="primary", offset=100, replicas=2, waits_for_replicas=True
    )
    return replace(well, **changes)


def replica(location: Location = R1, **changes: Any) -> ServerReport:
    well = ServerReport(
        location=location,
        version="Redis 7.0.15",
        role="replica",
        offset=100,
        lag=0,
        link="connected",
        primary=P,
        priority=100,
        writable=False,
    )
    return replace(well, **changes)


def topology(**changes: Any) -> Topology:
    well = Topology(
        service_name="mine",
        primary=primary(),
        replicas=(replica(R1), replica(R2)),
        sentinels=(sentinel(S1), sentinel(S2), sentinel(S3)),
    )
    return replace(well, **changes)


def with_sentinel(**changes: Any) -> Topology:
    return topology(sentinels=(sentinel(S1, **changes), sentinel(S2), sentinel(S3)))


def with_all_sentinels(**changes: Any) -> Topology:
    return topology(sentinels=tuple(sentinel(at, **changes) for at in (S1, S2, S3)))


def with_replica(**changes: Any) -> Topology:
    return topology(replicas=(replica(R1, **changes), replica(R2)))


def test_all_is_well() -> None:
    assert diagnose(topology()) == []


NOBODY = {"primary": None, "announced": None, "replicas": (), "epoch": None, "quorum": None, "down_after": None}
DEAD = {**NOBODY, "error": REFUSED, "can_fail_over": None}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (with_sentinel(**DEAD), {("warning", "sentinel-unreachable", S1)}),
        (
            topology(primary=None, replicas=(), sentinels=(sentinel(S1, **DEAD),)),
            {("error", "sentinel-unreachable", S1)},
        ),
        (
            with_sentinel(**{**DEAD, "error": AuthenticationError("NOAUTH")}),
            {("warning", "sentinel-refuses", S1)},
        ),
        (with_sentinel(**NOBODY), {("warning", "service-unknown-to-one", S1)}),
        (
            topology(primary=None, replicas=(), sentinels=(sentinel(S1, **NOBODY), sentinel(S2, **NOBODY))),
            {("error", "service-unknown", None)},
        ),
        (with_sentinel(refused=("SUBSCRIBE",)), {("warning", "missing-rights", S1)}),
        (with_sentinel(refused=("SENTINEL CKQUORUM", "INFO")), set()),
        (with_sentinel(tilt=True), {("error", "tilt", S1)}),
        (with_sentinel(primary=R1, announced=R1), {("error", "sentinels-disagree", None)}),
        (with_sentinel(epoch=6), {("warning", "epochs-differ", None)}),
        (with_sentinel(epoch=None), set()),
        (with_sentinel(quorum=1), {("warning", "settings-differ", None)}),
        (with_sentinel(down_after=1.0), {("warning", "settings-differ", None)}),
        (
            with_sentinel(flags=frozenset({"failover_in_progress"})),
            {("note", "failover-in-progress", None)},
        ),
        (with_sentinel(can_fail_over=False, verdict="NOQUORUM"), {("error", "no-quorum", S1)}),
        (topology(sentinels=(sentinel(S1), sentinel(S2))), {("warning", "too-few-sentinels", None)}),
        (
            topology(sentinels=tuple(sentinel(Location("10.0.0.9", port)) for port in (1, 2, 3))),
            {("warning", "sentinels-share-a-host", None)},
        ),
        (
            with_all_sentinels(primary=Location("127.0.0.1", 1), announced=Location("127.0.0.1", 1)),
            {("error", "announces-loopback", at) for at in (S1, S2, S3)},
        ),
        (topology(replicas=()), {("error", "no-replicas", None)}),
        (
            topology(replicas=(replica(R1, priority=0), replica(R2, priority=0))),
            {("error", "nobody-to-promote", None)},
        ),
        (
            topology(replicas=(replica(R1, flags=frozenset({"s_down"})),)),
            {("error", "nobody-to-promote", None), ("warning", "replica-down", R1)},
        ),
        (topology(primary=primary(error=REFUSED, role=None)), {("error", "server-unreachable", P)}),
        (
            topology(primary=primary(error=AuthorizationError("NOPERM"), role=None)),
            {("error", "server-refuses", P)},
        ),
        (topology(primary=primary(role="replica")), {("error", "primary-is-a-replica", P)}),
        (topology(primary=primary(flags=frozenset({"o_down"}))), {("error", "primary-down", P)}),
        (
            topology(primary=primary(waits_for_replicas=False)),
            {("note", "isolated-primary-takes-writes", P)},
        ),
        (with_replica(error=REFUSED), {("warning", "server-unreachable", R1)}),
        (with_replica(error=REFUSED, flags=frozenset({"s_down"})), {("warning", "replica-down", R1)}),
        (with_replica(role="primary", primary=None), {("error", "replica-is-a-primary", R1)}),
        (with_replica(primary=R2), {("warning", "replica-of-another", R1)}),
        (with_replica(link="connect"), {("warning", "replica-not-linked", R1)}),
        (with_replica(lag=2_000_000), {("warning", "replica-lags", R1)}),
        (with_replica(lag=2_000), set()),
        (with_replica(writable=True), {("warning", "replica-is-writable", R1)}),
        (with_replica(version="Redis 7.2.0"), {("note", "versions-differ", None)}),
    ],
)
def test_findings(seen: Topology, expected: set[Any]) -> None:
    found = diagnose(seen)
    assert {(finding.severity, finding.code, finding.subject) for finding in found} == expected
    assert all(finding.message and finding.advice for finding in found)
    assert not any(text.endswith(".") for finding in found for text in (finding.message, finding.advice))


def test_the_worst_comes_first() -> None:
    found = diagnose(
        topology(
            primary=primary(waits_for_replicas=False),
            replicas=(replica(R1, writable=True), replica(R2, role="primary")),
        )
    )
    assert [finding.severity for finding in found] == ["error", "warning", "note"]


def test_as_a_sentence() -> None:
    finding = Finding(severity="error", code="c", subject=P, message="something is wrong", advice="Put it right")
    assert str(finding) == "error: 10.0.0.1:6379: something is wrong. Put it right."
    assert str(replace(finding, subject=None)) == "error: something is wrong. Put it right."


def test_whether_the_sentinels_agree() -> None:
    assert topology().agreed
    assert not with_sentinel(primary=R1).agreed
    assert not with_sentinel(**NOBODY).agreed
    assert with_sentinel(**DEAD).agreed
    assert not topology(sentinels=()).agreed
    assert not topology(sentinels=(sentinel(S1, **NOBODY),)).agreed


def test_epoch_and_quorum() -> None:
    assert (topology().epoch, topology().quorum) == (7, 2)
    assert with_sentinel(epoch=8, quorum=1).epoch == 8
    assert with_sentinel(epoch=8, quorum=1).quorum == 2
    assert (topology(sentinels=()).epoch, topology(sentinels=()).quorum) == (None, None)
    assert topology().servers == (primary(), replica(R1), replica(R2))
