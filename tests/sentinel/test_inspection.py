"""`topology` and `diagnose` on real deployments, well and broken."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from syncredis import Sentinel
from syncredis.exceptions import InterruptedCallError, PrimaryNotFoundError
from syncredis.interruption import Interruption
from syncredis.sentinel.finding import Finding
from syncredis.testing import SentinelDeployment
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import BackgroundCall, until
from tests.sentinel.conftest import Oddities, Setting
from tests.sentinel.faults import NEVER, refusing, silent
from tests.sentinel.forwarders import Forwarders

PATIENT = {"connect_timeout": NEVER, "stream_timeout": NEVER}


def codes(findings: list[Finding], *severities: str) -> set[str]:
    return {finding.code for finding in findings if not severities or finding.severity in severities}


def test_topology(surface: Surface, deployment: SentinelDeployment) -> None:
    seed = deployment.sentinel_locations[0]
    with surface.Sentinel([seed], sentinel_kwargs=PATIENT, **PATIENT) as sentinel:
        seen = sentinel.topology("myredis")
    assert seen.service_name == "myredis"
    assert seen.agreed
    assert (seen.epoch, seen.quorum) == (0, 2)
    assert seen.primary.location == deployment.primary.location
    assert seen.primary.role == "primary"
    assert seen.primary.replicas == 2
    assert [replica.location for replica in seen.replicas] == sorted(node.location for node in deployment.replicas)
    for replica in seen.replicas:
        assert (replica.role, replica.link, replica.priority) == ("replica", "connected", 100)
        assert replica.primary == deployment.primary.location
        assert replica.writable is False
        assert replica.lag is not None
        assert replica.lag >= 0
    for server in seen.servers:
        assert server.version == str(deployment.binary)
        assert server.latency > 0
        assert not server.is_down
        assert server.error is None
    assert sorted(each.location for each in seen.sentinels) == sorted(deployment.sentinel_locations)
    assert len({each.id for each in seen.sentinels}) == 3
    for each in seen.sentinels:
        assert (each.primary, each.can_fail_over, each.tilt) == (deployment.primary.location, True, False)
        assert each.down_after == 30
        assert each.version == str(deployment.binary)
        assert len(each.replicas) == len(each.others) == 2
        assert each.refused == ()


def test_nothing_is_wrong(surface: Surface, deployment: SentinelDeployment) -> None:
    with surface.Sentinel(deployment.sentinel_locations, sentinel_kwargs=PATIENT, **PATIENT) as sentinel:
        assert codes(sentinel.diagnose("myredis"), "error", "warning") == set()


def test_one_sentinel_under_two_names_counts_once(surface: Surface, any_deployment: SentinelDeployment) -> None:
    seeds = [("localhost", location.port) for location in any_deployment.sentinel_locations[:1]]
    with surface.Sentinel(seeds, sentinel_kwargs=PATIENT) as sentinel:
        assert len(sentinel.topology("myredis").sentinels) == 3


def test_an_unknown_service(surface: Surface, any_deployment: SentinelDeployment) -> None:
    with surface.Sentinel(any_deployment.sentinel_locations, sentinel_kwargs=PATIENT) as sentinel:
        with pytest.raises(PrimaryNotFoundError, match="no Sentinel can say where 'other' is") as caught:
            sentinel.topology("other")
        for location in any_deployment.sentinel_locations:
            assert f"{location.target}: does not know 'other'" in str(caught.value)
        assert codes(sentinel.diagnose("other")) == {"service-unknown"}


def test_no_sentinel(surface: Surface) -> None:
    with refusing() as dead, silent() as mute, surface.Sentinel([dead, mute]) as sentinel:
        with pytest.raises(PrimaryNotFoundError, match="Connection refused") as caught:
            sentinel.topology("myredis")
        assert f"no reply from {mute.target}" in str(caught.value) or mute.target in str(caught.value)
        assert codes(sentinel.diagnose("myredis")) == {"sentinel-unreachable"}


def test_odd_services(surface: Surface, oddities: Oddities) -> None:
    with surface.Sentinel(oddities.seeds, sentinel_kwargs=PATIENT) as sentinel:
        assert codes(sentinel.diagnose("alone"), "error") >= {"no-replicas"}
        assert codes(sentinel.diagnose("alone"), "warning") == {"too-few-sentinels"}
        assert codes(sentinel.diagnose("stale"), "error") >= {"primary-is-a-replica"}
        dead = sentinel.diagnose("dead")
        assert codes(dead, "error") >= {"server-unreachable", "no-replicas"}
        assert any(finding.subject == oddities.nowhere for finding in dead)


def test_through_an_address_map(surface: Surface, any_deployment: SentinelDeployment) -> None:
    processes = [*any_deployment.nodes, *any_deployment.sentinels]
    with Forwarders(process.location for process in processes) as forwarders:
        seed = forwarders.of(any_deployment.sentinels[0].location)
        options = {**PATIENT, "sentinel_kwargs": PATIENT, "address_map": forwarders.address_map}
        with surface.Sentinel([seed], **options) as sentinel:
            seen = sentinel.topology("myredis")
            assert {server.location for server in seen.servers} == set(
                forwarders.all_of(node.location for node in any_deployment.nodes)
            )
            assert {each.location for each in seen.sentinels} == set(
                forwarders.all_of(any_deployment.sentinel_locations)
            )
            assert seen.sentinels[0].announced == any_deployment.primary.location
            assert {replica.primary for replica in seen.replicas} == {seen.primary.location}
            assert codes(sentinel.diagnose("myredis"), "error", "warning") == set()


def test_a_restricted_user(surface: Surface, any_deployment: SentinelDeployment) -> None:
    with ExitStack() as stack:
        for each in any_deployment.sentinels:
            rights = ("+ping", "+sentinel|get-master-addr-by-name", "+sentinel|replicas", "+hello")
            each.execute_command("ACL", "SETUSER", "little", "on", ">word", "-@all", *rights)
            stack.callback(each.execute_command, "ACL", "DELUSER", "little")
        user = {"username": "little", "password": "word", **PATIENT}
        sentinel = stack.enter_context(surface.Sentinel(any_deployment.sentinel_locations, sentinel_kwargs=user))
        (first, *_) = sentinel.topology("myredis").sentinels
        assert {"SENTINEL MASTER", "SENTINEL SENTINELS", "SUBSCRIBE", "INFO"} <= set(first.refused)
        assert first.epoch is first.quorum is first.can_fail_over is None
        findings = sentinel.diagnose("myredis")
        assert codes(findings, "error", "warning") == {"missing-rights"}
        assert "failovers are noticed by asking" in findings[0].message


def test_wrong_passwords(surface: Surface, any_deployment: SentinelDeployment) -> None:
    wrong = {"username": "x", "password": "wrong"}
    with surface.Sentinel(any_deployment.sentinel_locations, sentinel_kwargs=PATIENT, **wrong) as sentinel:
        assert codes(sentinel.diagnose("myredis"), "error") == {"server-refuses", "nobody-to-promote"}
    with surface.Sentinel(any_deployment.sentinel_locations, sentinel_kwargs={**wrong, **PATIENT}) as sentinel:
        findings = sentinel.diagnose("myredis")
        assert codes(findings) == {"sentinel-refuses"}
        assert "wrong" not in " ".join(map(str, findings)).replace("WRONGPASS", "")


@pytest.fixture
def own(setting: Setting) -> Iterator[SentinelDeployment]:
    with SentinelDeployment(2, 3, server=setting.binary, down_after=1.0) as started:
        yield started


def test_much_is_broken(setting: Setting, own: SentinelDeployment) -> None:
    dead, *rest = own.sentinels
    own.kill(dead)
    lost, well = own.replicas
    lost.execute_command("CONFIG", "SET", "replica-read-only", "no")
    well.execute_command("CONFIG", "SET", "replica-priority", 0)
    rest[0].execute_command("SENTINEL", "SET", "myredis", "quorum", 1)
    with setting.surface.Sentinel(own.sentinel_locations, **PATIENT) as sentinel:

        def all_found() -> bool:
            return codes(sentinel.diagnose("myredis"), "warning") >= {
                "sentinel-unreachable",
                "replica-is-writable",
                "settings-differ",
            }

        until(all_found)
        seen = sentinel.topology("myredis")
        assert [replica.priority for replica in seen.replicas if replica.location == well.location] == [0]
        own.kill(rest[1])
        until(lambda: "no-quorum" in codes(sentinel.diagnose("myredis"), "error"))
        own.kill(lost)
        until(lambda: "replica-down" in codes(sentinel.diagnose("myredis"), "warning"))


def test_it_can_be_broken_off() -> None:
    """As the facade does when a task is cancelled: the threads that ask are woken, and end."""
    with silent() as mute, Sentinel([mute], sentinel_kwargs=PATIENT) as sentinel:
        call = Interruption()
        running = BackgroundCall(call.run, sentinel.topology, "myredis")
        name = f"syncredis-inspect-{mute.target}"
        until(lambda: any(thread.name == name for thread in threading.enumerate()))
        call.interrupt()
        assert isinstance(running.error(), InterruptedCallError)
