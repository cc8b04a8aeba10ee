"""A whole deployment: in order when it starts, and in order again after faults."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from syncredis import Redis
from syncredis.exceptions import AuthenticationError
from syncredis.testing import (
    NotReadyError,
    SentinelDeployment,
    ServerBinary,
    ServerProcess,
    ServerProcessError,
    ServerStartError,
)

pytestmark = pytest.mark.timeout(240)

PATIENCE = 90.0  # seconds, for what takes two on an idle machine, and twenty with Redis 6.2


@pytest.fixture
def deployment(binary: ServerBinary) -> Iterator[SentinelDeployment]:
    with SentinelDeployment(server=binary) as started:
        yield started


def role(node: ServerProcess) -> str:
    return str(node.execute_command("ROLE")[0])


def check_order(deployment: SentinelDeployment, primary: ServerProcess) -> None:
    """Check that `primary` is one, that all other nodes replicate from it, and all Sentinels know."""
    replicas = [node for node in deployment.nodes if node is not primary]
    assert deployment.current_primary() is primary
    assert set(deployment.current_replicas()) == set(replicas)
    assert role(primary) == "master"
    assert {role(replica) for replica in replicas} <= {"slave"}
    primary.execute_command("SET", "order", primary.port)
    deadline = time.monotonic() + PATIENCE
    while not all(node.execute_command("GET", "order") == str(primary.port) for node in replicas):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for sentinel in deployment.sentinels:
        named = sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "myredis")
        assert named == [primary.location.host, str(primary.port)]
        assert "OK" in sentinel.execute_command("SENTINEL", "CKQUORUM", "myredis")


def test_it_is_in_order_when_it_starts(deployment: SentinelDeployment) -> None:
    assert len(deployment.nodes) == 3
    assert deployment.nodes == [deployment.primary, *deployment.replicas]
    assert deployment.sentinel_locations == [node.location for node in deployment.sentinels]
    assert len(set(deployment.sentinel_locations)) == 3
    assert deployment.quorum == 2
    check_order(deployment, deployment.primary)


@pytest.mark.slow
def test_a_planned_failover_and_another(deployment: SentinelDeployment) -> None:
    old = deployment.primary
    new = deployment.failover(PATIENCE)
    assert new is not old
    assert new in deployment.replicas
    assert deployment.primary is old
    deployment.wait_until_ready(PATIENCE)
    check_order(deployment, new)
    again = deployment.failover(PATIENCE)
    assert again is not new
    deployment.wait_until_ready(PATIENCE)
    check_order(deployment, again)


@pytest.mark.slow
def test_the_primary_dies_and_comes_back_as_a_replica(deployment: SentinelDeployment) -> None:
    old = deployment.primary
    deployment.kill(old)
    new = deployment.wait_for_failover(old, PATIENCE)
    assert new is not old
    assert role(new) == "master"
    deployment.wait_until_ready(PATIENCE)
    assert old not in deployment.current_replicas()
    deployment.restart(old)
    deployment.wait_until_ready(PATIENCE)
    check_order(deployment, new)


@pytest.mark.slow
def test_the_primary_hangs_and_wakes_as_a_replica(deployment: SentinelDeployment) -> None:
    old = deployment.primary
    deployment.freeze(old)
    new = deployment.wait_for_failover(old, PATIENCE)
    assert new is not old
    deployment.thaw(old)
    deployment.wait_until_ready(PATIENCE)
    check_order(deployment, new)


@pytest.mark.slow
def test_a_sentinel_dies_and_another_hangs(deployment: SentinelDeployment) -> None:
    dead, hanging, alive = deployment.sentinels
    deployment.kill(dead)
    assert deployment.current_primary() is deployment.primary
    deployment.freeze(hanging)
    assert deployment.current_primary() is deployment.primary
    deployment.kill(alive)
    with pytest.raises(ServerProcessError, match="no Sentinel answers"):
        deployment.current_primary()
    deployment.restart(dead)
    deployment.restart(alive)
    deployment.thaw(hanging)
    deployment.wait_until_ready(PATIENCE)
    check_order(deployment, deployment.primary)


@pytest.mark.slow
def test_replicas_die_and_come_back(deployment: SentinelDeployment) -> None:
    for replica in deployment.replicas:
        deployment.kill(replica)
    with pytest.raises(ServerProcessError, match="no replica"):
        deployment.failover()
    for replica in deployment.replicas:
        deployment.restart(replica)
    deployment.wait_until_ready(PATIENCE)
    check_order(deployment, deployment.primary)


@pytest.mark.slow
def test_another_replica_joins(deployment: SentinelDeployment) -> None:
    added = deployment.add_replica(PATIENCE)
    assert added in deployment.replicas
    assert len(deployment.nodes) == 4
    check_order(deployment, deployment.primary)


@pytest.mark.slow
def test_passwords(binary: ServerBinary) -> None:
    with SentinelDeployment(1, 3, server=binary, password='data "x" y', sentinel_password="watch z") as deployment:
        for node in (*deployment.nodes, *deployment.sentinels):
            with Redis(*node.location) as stranger, pytest.raises(AuthenticationError):
                stranger.execute_command("PING")
        new = deployment.failover(PATIENCE)
        deployment.wait_until_ready(PATIENCE)
        check_order(deployment, new)


@pytest.mark.slow
def test_tls(tls_binary: ServerBinary, certificates: dict[str, str]) -> None:
    with SentinelDeployment(1, 3, server=tls_binary, tls=certificates) as deployment:
        new = deployment.failover(PATIENCE)
        deployment.wait_until_ready(PATIENCE)
        check_order(deployment, new)


@pytest.mark.slow
def test_one_sentinel_and_one_replica(binary: ServerBinary) -> None:
    with SentinelDeployment(1, 1, server=binary) as deployment:
        assert deployment.quorum == 1
        old = deployment.primary
        deployment.kill(old)
        assert deployment.wait_for_failover(old, PATIENCE) is deployment.replicas[0]


def test_no_replica_at_all(binary: ServerBinary) -> None:
    with SentinelDeployment(0, 1, server=binary) as deployment:
        check_order(deployment, deployment.primary)
        assert deployment.replicas == deployment.current_replicas() == []
        with pytest.raises(ServerProcessError, match="no replica"):
            deployment.failover()


def test_directives_and_times_reach_the_servers(binary: ServerBinary) -> None:
    with SentinelDeployment(
        1,
        2,
        server=binary,
        service_name="other",
        quorum=1,
        down_after=2.5,
        failover_timeout=7,
        config={"maxmemory-policy": "allkeys-lru", "user": ["alice on >pw ~* +@all"]},
        sentinel_config={"maxclients": 123, "sentinel": ["parallel-syncs other 5"]},
    ) as deployment:
        for node in deployment.nodes:
            assert "allkeys-lru" in str(node.execute_command("CONFIG", "GET", "maxmemory-policy"))
            with Redis(*node.location, username="alice", password="pw") as alice:
                assert alice.execute_command("PING") == "PONG"
        for sentinel in deployment.sentinels:
            assert "maxclients:123" in sentinel.execute_command("INFO", "clients")
            reply = sentinel.execute_command("SENTINEL", "MASTER", "other")
            fields = reply if isinstance(reply, dict) else dict(zip(*[iter(reply)] * 2, strict=True))
            assert fields["quorum"] == "1"
            assert fields["down-after-milliseconds"] == "2500"
            assert fields["failover-timeout"] == "7000"
            assert fields["parallel-syncs"] == "5"


def test_progress_is_told_in_sentences(binary: ServerBinary) -> None:
    told: list[str] = []
    with SentinelDeployment(1, 2, server=binary, on_progress=told.append) as deployment:
        port = deployment.primary.port
    assert told == [
        f"Starting the primary ({binary}).",
        f"The primary is on port {port}. Starting 1 replica.",
        "Waiting until the replicas are in sync.",
        "Starting 2 Sentinels.",
        "Waiting until the Sentinels know each other and the replicas.",
        "Ready.",
    ]


def test_what_is_missing_is_said(deployment: SentinelDeployment) -> None:
    deployment.freeze(deployment.primary)
    with pytest.raises(NotReadyError, match="is down, and still the primary"):
        deployment.wait_until_ready(0)
    deployment.thaw(deployment.primary)
    with pytest.raises(NotReadyError, match="the Sentinels still name node-1"):
        deployment.wait_for_failover(deployment.primary, 0)


@pytest.mark.slow
def test_faults_come_from_any_thread(deployment: SentinelDeployment) -> None:
    old = deployment.primary
    fault = threading.Timer(0.2, deployment.kill, [old])
    fault.start()
    assert deployment.wait_for_failover(old, PATIENCE) is not old
    fault.join()


def test_strangers_are_left_alone(deployment: SentinelDeployment, binary: ServerBinary) -> None:
    with ServerProcess(binary) as stranger:
        for fault in (deployment.kill, deployment.freeze, deployment.thaw, deployment.restart):
            with pytest.raises(ValueError, match="does not belong"):
                fault(stranger)
        assert stranger.execute_command("PING") == "PONG"


def test_close_ends_everything_and_start_begins_anew(binary: ServerBinary) -> None:
    deployment = SentinelDeployment(1, 1, server=binary)
    assert deployment.nodes == deployment.sentinels == []
    with pytest.raises(ServerProcessError, match="has not been started"):
        _ = deployment.primary
    with deployment:
        locations = [node.location for node in (*deployment.nodes, *deployment.sentinels)]
        deployment.freeze(deployment.primary)
        with pytest.raises(ServerProcessError, match="started already"):
            deployment.start()
    for location in locations:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(location, 5)
    deployment.close()
    with deployment:
        check_order(deployment, deployment.primary)


def test_a_failed_start_leaves_nothing(binary: ServerBinary) -> None:
    deployment = SentinelDeployment(1, 1, server=binary, sentinel_config={"nonsense": 1})
    with pytest.raises(ServerStartError, match="nonsense"):
        deployment.start()
    assert deployment.nodes == deployment.sentinels == []


def test_an_interrupted_start_leaves_nothing(binary: ServerBinary) -> None:
    nodes: list[ServerProcess] = []

    def interrupt(sentence: str) -> None:
        nodes.extend(interrupted.nodes)
        if "Sentinels know each other" in sentence:
            raise KeyboardInterrupt

    interrupted = SentinelDeployment(1, 2, server=binary, on_progress=interrupt)
    with pytest.raises(KeyboardInterrupt):
        interrupted.start()
    assert nodes
    assert not any(node.is_running for node in nodes)


@pytest.mark.parametrize(
    "options",
    [
        {"replicas": -1},
        {"sentinels": 0},
        {"quorum": 0},
        {"quorum": 4},
        {"down_after": 0},
        {"failover_timeout": -1},
    ],
    ids=str,
)
def test_numbers_that_make_no_sense(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"deployment|quorum|down_after"):
        SentinelDeployment(**options)  # type: ignore[arg-type]


def test_it_starts_fast(binary: ServerBinary) -> None:
    began = time.monotonic()
    with SentinelDeployment(server=binary):
        assert time.monotonic() - began < 10  # 0.3 s on an idle machine
