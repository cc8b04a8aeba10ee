"""`examples/compose.yaml`: its parts fit together, and its very commands make a deployment that fails over.

The commands run as plain processes here, with free ports in place of the published ones, and with this machine's name in place
of those that a container network would resolve.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncredis import Location, Redis, RedisError, Sentinel
from syncredis.testing import find
from syncredis.testing.ports import PortReservation
from syncredis.testing.readiness import wait_until as wait_until_well

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "examples" / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVERS = [name for name in SERVICES if name.startswith("valkey-")]
SENTINELS = [name for name in SERVICES if name.startswith("sentinel-")]
PORTS = {name: service["environment"]["PORT"] for name, service in SERVICES.items()}


def script(name: str) -> str:
    """What the shell of a Sentinel's container is given; Compose reads two dollars as one."""
    shell, option, text = SERVICES[name]["command"]
    assert (shell, option) == ("sh", "-c")
    return text.replace("$$", "$")


def test_there_is_what_it_says() -> None:
    assert (len(SERVERS), len(SENTINELS), len(SERVICES)) == (3, 3, 6)
    assert len({service["image"] for service in SERVICES.values()}) == 1


@pytest.mark.parametrize("name", SERVICES)
def test_a_port_is_one_s_own_and_the_same_inside_and_outside_and_for_the_health_check(name: str) -> None:
    service, port = SERVICES[name], PORTS[name]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert list(PORTS.values()).count(port) == 1
    assert "valkey-cli -p $$PORT ping" in service["healthcheck"]["test"][1]


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_announces_its_name_and_follows_the_first(name: str) -> None:
    words = shlex.split(SERVICES[name]["command"])
    options = dict(re.findall(r"--(\S+) ([^-].*?)(?= --|$)", " ".join(words[1:])))
    assert words[0] == "valkey-server"
    assert options["port"] == str(PORTS[name])
    assert options["replica-announce-ip"] == name
    assert options.get("replicaof") == (None if name == SERVERS[0] else f"{SERVERS[0]} {PORTS[SERVERS[0]]}")


@pytest.mark.parametrize("name", SENTINELS)
def test_a_sentinel_announces_its_name_and_watches_the_first_server(name: str) -> None:
    assert SERVICES[name]["environment"]["NAME"] == name
    assert set(SERVICES[name]["depends_on"]) == set(SERVERS)
    assert f"sentinel monitor myredis {SERVERS[0]} {PORTS[SERVERS[0]]} 2\n" in script(name)


def test_the_handbook_has_the_same_ports() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text()
    assert "examples/compose.yaml" in page
    for name, port in PORTS.items():
        assert f"{name}:{port}=localhost:{port}" in page


class Composed:
    """The commands of the file as processes."""

    def __init__(self, directory: Path) -> None:
        self.reservations = {name: PortReservation() for name in SERVICES}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._directory = directory
        self._server = find("auto").path

    def port(self, name: str) -> int:
        return self.reservations[name].port

    def start(self, name: str) -> None:
        command = SERVICES[name]["command"]
        words = ["sh", "-c", script(name)] if name in SENTINELS else shlex.split(command)
        directory = self._directory / name
        directory.mkdir(exist_ok=True)
        env = {**os.environ, "NAME": "localhost", "PORT": str(self.port(name))}
        with (directory / "log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [self._moved(word, directory) for word in words],
                cwd=directory,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _moved(self, word: str, directory: Path) -> str:
        for name, port in PORTS.items():
            word = re.sub(rf"\b{port}\b", str(self.port(name)), word).replace(name, "localhost")
        word = word.replace("/tmp/", f"{directory}/")
        return re.sub(r"\bvalkey-server\b", str(self._server), word)

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        for reservation in self.reservations.values():
            reservation.close()


@pytest.fixture
def composed(tmp_path: Path) -> Iterator[Composed]:
    made = Composed(tmp_path)
    yield made
    made.close()


def wait_until(condition: Callable[[], bool], *, timeout: float = 60) -> None:
    wait_until_well(lambda: None if condition() else "not yet", "the deployment", timeout)


def answers(port: int) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            with Redis("localhost", port, connect_timeout=5) as client:
                return bool(client.execute_command("PING") == "PONG")
        except RedisError:
            return False

    return ask


@pytest.mark.slow
def test_its_commands_make_a_deployment_that_fails_over(composed: Composed) -> None:
    for names in (SERVERS, SENTINELS):  # as `depends_on` has it
        for name in names:
            composed.start(name)
        for name in names:
            wait_until(answers(composed.port(name)))
    outside = {("localhost", composed.port(name)): ("127.0.0.1", composed.port(name)) for name in SERVICES}
    locations = [("localhost", composed.port(name)) for name in SENTINELS]
    first = composed.port(SERVERS[0])
    with Sentinel(locations, address_map=outside) as sentinel:

        def is_whole() -> bool:
            seen = sentinel.topology("myredis")
            return len(seen.replicas) == 2 and all(len(one.others) == 2 for one in seen.sentinels)

        wait_until(is_whole)
        assert sentinel.discover_primary("myredis") == Location("127.0.0.1", first)
        # By the names that they were told to announce, and not by addresses.
        with Redis("localhost", composed.port(SENTINELS[0])) as asked:
            assert asked.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "myredis") == ["localhost", str(first)]
        wait_until(lambda: not [one for one in sentinel.diagnose("myredis") if one.severity == "error"])
        with sentinel.primary_for("myredis", failover_timeout=60) as primary:
            assert primary.incr("visits") == 1
            assert primary.wait(2, 10_000) == 2
            composed.processes[SERVERS[0]].send_signal(signal.SIGKILL)
            composed.processes[SERVERS[0]].wait()
            assert primary.get("visits") == "1"
            assert sentinel.discover_primary("myredis") != Location("127.0.0.1", first)
            composed.start(SERVERS[0])
            wait_until(lambda: primary.incr("visits") > 1 and primary.wait(2, 1_000) == 2)
