"""Namespaces of networks: what vanishes in them, and that they vanish."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncredis import Redis, TimeoutError
from syncredis.testing import (
    Network,
    NetworkUnavailableError,
    SentinelDeployment,
    ServerBinary,
    ServerProcess,
    Trouble,
    find,
)

Eventually = Callable[[Callable[[], bool]], bool]
Run = Callable[[str], Any]


@pytest.fixture
def server(network: Network, binary: ServerBinary) -> Iterator[ServerProcess]:
    with ServerProcess(binary, network=network) as started:
        yield started


def exists(address: str) -> bool:
    """Whether this host has the address: the network's device is still there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def test_a_host_for_each_process(network: Network, binary: ServerBinary) -> None:
    with SentinelDeployment(1, 1, server=binary, network=network) as deployment:
        processes = [*deployment.nodes, *deployment.sentinels]
        assert len({process.location.host for process in processes} | {network.here}) == 4
        assert deployment.replicas[0].execute_command("ROLE")[1:3] == [*deployment.primary.location]
        with Redis(*deployment.primary.location) as client:
            assert client.client_info()["addr"].startswith(network.here + ":")
            assert client.set("large", "x" * 1_000_000)
            assert client.get("large") == "x" * 1_000_000


def test_a_host_is_cut_off(network: Network, server: ServerProcess) -> None:
    with Redis(*server.location, stream_timeout=0.3, connect_timeout=0.3) as client:
        assert client.ping()
        network.cut_off(server.location.host)
        with pytest.raises(TimeoutError):
            client.ping()
        assert server.execute_command("PING") == "PONG", "its own questions go past the network"
        network.heal()
        assert client.ping()


def test_one_direction(network: Network, server: ServerProcess) -> None:
    with Redis(*server.location, stream_timeout=0.3, connect_timeout=0.3) as client:
        assert client.ping()
        network.befall(Trouble(server.location.host, network.here))
        with pytest.raises(TimeoutError):
            client.set("k", "v")
        assert server.execute_command("GET", "k") == "v", "it has heard"


def test_others_are_not_concerned(network: Network, server: ServerProcess, binary: ServerBinary) -> None:
    with ServerProcess(binary, network=network) as other, Redis(*server.location) as client:
        network.part((network.here, other.location.host))
        assert client.ping()


def test_lost_and_late(network: Network, server: ServerProcess) -> None:
    """What the kernels make of it is a connection all the same."""
    network.befall(Trouble(loss=0.2, delay=(0.0, 0.01)))
    with Redis(*server.location, connect_timeout=60, stream_timeout=60) as client:
        assert [client.incr("count") for _ in range(10)] == list(range(1, 11))


def test_nothing_is_left(network: Network, binary: ServerBinary, eventually: Eventually) -> None:
    with Network() as other, ServerProcess(binary, network=other) as server:
        assert exists(other.here)
        assert other.here != network.here
        assert server.is_running
    assert eventually(lambda: not exists(other.here))
    assert exists(network.here)
    with pytest.raises(NetworkUnavailableError, match="closed"):
        other.heal()
    other.close()


@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_nothing_is_left_of_one_that_is_killed(
    network: Network, script: Run, eventually: Eventually, name: str
) -> None:
    child = script(
        "import time\n"
        "from syncredis.testing import Network\n"
        "with Network() as network:\n"
        "    network.add_host()\n"
        "    print(network.here, flush=True)\n"
        "    time.sleep(100)\n"
    )
    address = child.process.stdout.readline().strip()
    assert exists(address)
    assert len(child.processes()) == 2  # itself, and the one that carries packets
    child.process.send_signal(signal.Signals[name])
    child.finish()
    assert eventually(lambda: not child.remains()), child.remains()
    assert eventually(lambda: not exists(address))


@pytest.mark.parametrize("options", [{"proxied": True}, {"tls": True}])
def test_what_does_not_go_together(network: Network, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="network of its own"):
        ServerProcess(find(), network=network, **options)


def test_strangers_are_no_hosts(network: Network) -> None:
    with pytest.raises(ValueError, match="is not in"):
        network.cut_off("127.0.0.1")


@pytest.mark.parametrize("options", [{"loss": 1.5}, {"delay": (2.0, 1.0)}, {"delay": (-1.0, 1.0)}])
def test_troubles_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not"):
        Trouble(**options)


def test_without_the_program_that_enters_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NetworkUnavailableError):
        Network()
