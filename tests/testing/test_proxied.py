"""Servers and whole deployments behind proxies: everybody finds them there, and nowhere else."""

from __future__ import annotations

import pytest

from syncredis.sentinel import Sentinel
from syncredis.testing import SentinelDeployment, ServerBinary, ServerProcess, ServerProcessError


def test_a_server(binary: ServerBinary) -> None:
    with ServerProcess(binary, proxied=True) as server:
        assert server.location == server.proxy.location
        assert server.location.port != server.port
        server.proxy.partition()
        assert server.execute_command("PING") == "PONG", "its own questions go past the proxy"
        proxy = server.proxy
    with pytest.raises(ServerProcessError, match="closed"):
        proxy.heal()


def test_a_server_without(binary: ServerBinary) -> None:
    with ServerProcess(binary) as server, pytest.raises(ServerProcessError, match="proxied=True"):
        _ = server.proxy


def test_a_deployment(binary: ServerBinary) -> None:
    with SentinelDeployment(1, 2, server=binary, proxied=True) as deployment:
        primary, (replica,) = deployment.primary, deployment.replicas
        with Sentinel(deployment.sentinel_locations[:1]) as sentinel:
            assert sentinel.discover_primary("myredis") == primary.proxy.location
            assert sentinel.discover_replicas("myredis") == [replica.proxy.location]
            assert set(sentinel.sentinels) >= {node.proxy.location for node in deployment.sentinels}
        assert replica.execute_command("ROLE")[1:3] == [*primary.proxy.location]
        assert primary.proxy.connections >= 3, "of the replica and the Sentinels"


@pytest.mark.slow
def test_a_partition(binary: ServerBinary) -> None:
    """The majority elects another primary; when the network is well again, the old one becomes its replica."""
    with SentinelDeployment(2, 3, server=binary, proxied=True) as deployment:
        old = deployment.primary
        old.proxy.partition()
        new = deployment.wait_for_failover(old)
        assert new is not old
        assert old.execute_command("ROLE")[0] == "master", "it does not know"
        old.proxy.heal()
        deployment.wait_until_ready()
        assert old.execute_command("ROLE")[1:3] == [*new.location]
