"""One real server: its life, its faults, its place."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from syncredis import ConnectionError, Redis
from syncredis.exceptions import AuthenticationError
from syncredis.testing import (
    NotReadyError,
    ServerBinary,
    ServerNotFoundError,
    ServerProcess,
    ServerProcessError,
    ServerStartError,
    holdings,
)
from syncredis.testing.ports import PortReservation
from syncredis.testing.probe import answers

pytestmark = pytest.mark.timeout(120)

Eventually = Callable[[Callable[[], bool]], bool]


def test_start_and_close(binary: ServerBinary) -> None:
    with ServerProcess(binary) as server:
        assert isinstance(server.pid, int)
        assert not server.is_frozen
        assert server.location == ("127.0.0.1", server.port)
        assert server.execute_command("PING") == "PONG"
        with Redis(*server.location) as client:
            assert client.execute_command("PING") == "PONG"
        assert f"port={server.port}" in server.read_log()
        location, directory = server.location, server.directory
    assert not server.is_running
    assert not answers(location)
    assert not directory.exists()
    server.close()


def test_nothing_runs_before_start(binary: ServerBinary) -> None:
    server = ServerProcess(binary)
    assert not server.is_running
    with pytest.raises(ServerProcessError, match="has not been started"):
        _ = server.port
    with pytest.raises(ServerProcessError, match="not running"):
        server.freeze()
    server.stop()
    server.kill()
    server.close()


def test_it_can_not_be_started_twice(binary: ServerBinary) -> None:
    with ServerProcess(binary) as server:
        pid = server.pid
        with pytest.raises(ServerProcessError, match="already running"):
            server.start()
        assert server.pid == pid


def test_after_close_it_begins_anew(binary: ServerBinary) -> None:
    server = ServerProcess(binary)
    with server:
        first = server.directory
        server.freeze()
    with server:
        assert server.directory != first
        assert not server.is_frozen
        assert server.execute_command("PING") == "PONG"


def test_stop_is_a_request(binary: ServerBinary) -> None:
    with ServerProcess(binary) as server:
        server.stop()
        assert not server.is_running
        assert "SIGTERM" in server.read_log()


def test_kill_and_restart_in_the_same_place(binary: ServerBinary) -> None:
    with ServerProcess(binary, config={"appendonly": True, "appendfsync": "always"}) as server:
        place = server.location, server.directory
        server.execute_command("SET", "k", "v")
        server.kill()
        assert not server.is_running
        with pytest.raises(ConnectionError):
            server.execute_command("PING")
        server.restart()
        assert (server.location, server.directory) == place
        assert server.execute_command("GET", "k") == "v"
        server.restart()
        assert (server.location, server.directory) == place
        assert server.execute_command("GET", "k") == "v"


def test_a_restart_keeps_what_the_server_wrote_to_its_configuration(binary: ServerBinary) -> None:
    with ServerProcess(binary, config={"maxclients": 100}) as server:
        server.execute_command("CONFIG", "SET", "maxclients", 77)
        server.execute_command("CONFIG", "REWRITE")
        server.restart()
        assert "77" in str(server.execute_command("CONFIG", "GET", "maxclients"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps the port of a killed server")
def test_nobody_takes_the_port_of_a_killed_server(binary: ServerBinary) -> None:
    with ServerProcess(binary) as server:
        server.kill()
        for reuse in (0, 1):
            with socket.socket() as thief:
                thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
                thief.bind(("127.0.0.1", 0))
                assert thief.getsockname()[1] != server.port
        with socket.socket() as thief, pytest.raises(OSError, match="in use"):
            thief.bind(server.location)


def test_a_frozen_server_is_silent_until_it_is_thawed(binary: ServerBinary) -> None:
    with ServerProcess(binary) as server:
        server.freeze()
        assert (server.is_running, server.is_frozen) == (True, True)
        assert not answers(server.location, timeout=0.3)
        with pytest.raises(NotReadyError, match=r"did not answer within 0\.1 s"):
            server.wait_until_ready(0.1)
        server.thaw()
        assert not server.is_frozen
        server.wait_until_ready()
        assert server.execute_command("PING") == "PONG"


@pytest.mark.parametrize("end", ["stop", "kill", "restart", "close"])
def test_a_frozen_server_ends(binary: ServerBinary, end: str) -> None:
    with ServerProcess(binary) as server:
        server.freeze()
        getattr(server, end)()
        assert server.is_running is (end == "restart")
        assert not server.is_frozen


def test_a_password(binary: ServerBinary) -> None:
    with ServerProcess(binary, password='pass "word" \\ é') as server:
        with Redis(*server.location) as stranger, pytest.raises(AuthenticationError):
            stranger.execute_command("PING")
        assert server.execute_command("PING") == "PONG"


def test_a_unix_socket(binary: ServerBinary) -> None:
    with ServerProcess(binary, unix_socket=True) as server:
        assert server.socket_path is not None
        assert answers(server.socket_path)
        server.kill()
        assert not answers(server.socket_path)
        server.restart()
        assert answers(server.socket_path)


def test_a_sentinel(binary: ServerBinary) -> None:
    config = {"sentinel": "monitor myredis 127.0.0.1 1 1"}
    with ServerProcess(binary, sentinel=True, config=config, password="secret") as sentinel:
        reply = sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "myredis")
        assert reply == ["127.0.0.1", "1"]
        sentinel.restart()
        reply = sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "myredis")
        assert reply == ["127.0.0.1", "1"]


def test_tls(tls_binary: ServerBinary, certificates: dict[str, str]) -> None:
    with ServerProcess(tls_binary, config=certificates, tls=True) as server:
        assert server.execute_command("PING") == "PONG"
        with Redis(*server.location) as plain, pytest.raises(ConnectionError):
            plain.execute_command("PING")
        server.restart()
        assert server.execute_command("PING") == "PONG"


def test_a_failed_start_shows_the_log(binary: ServerBinary) -> None:
    server = ServerProcess(binary, config={"no-such-directive": 3})
    with pytest.raises(ServerStartError, match="exit code 1") as caught:
        server.start()
    assert ">>> 'no-such-directive 3'" in str(caught.value)
    assert not server.is_running
    server.close()


def test_an_unusable_configuration_is_found_when_the_server_runs_already(
    binary: ServerBinary,
) -> None:
    with (
        pytest.raises(ServerStartError) as caught,
        ServerProcess(binary, config={"dbfilename": "some/where.rdb"}),
    ):
        pass
    assert "dbfilename" in str(caught.value)


def test_what_is_ours_can_not_be_configured() -> None:
    with pytest.raises(ValueError, match="bind, port: set by ServerProcess itself"):
        ServerProcess(config={"port": 1, "bind": "0.0.0.0"})


def test_an_unknown_server() -> None:
    with pytest.raises(ServerNotFoundError):
        ServerProcess("/nowhere/redis-server")


def test_a_forgotten_server_ends(binary: ServerBinary, eventually: Eventually) -> None:
    server = ServerProcess(binary)
    server.start()
    location, directory = server.location, server.directory
    assert answers(location)
    del server
    gc.collect()
    assert eventually(lambda: not answers(location))
    assert not directory.exists()


def test_many_servers_have_ports_of_their_own(binary: ServerBinary) -> None:
    servers = [ServerProcess(binary, name=f"server-{number}") for number in range(8)]
    try:
        for server in servers:
            server.start(wait=False)
        for server in servers:
            server.wait_until_ready()
        assert len({server.port for server in servers}) == len(servers)
        assert {server.execute_command("PING") for server in servers} == {"PONG"}
    finally:
        for server in servers:
            server.close()


def test_a_start_that_takes_too_long_leaves_nothing(tmp_path: Path) -> None:
    silent = tmp_path / "redis-server"
    silent.write_text("#!/bin/sh\necho Redis server v=7.0.0 $$\n[ $1 = --version ] || exec sleep 100\n")
    silent.chmod(0o755)
    server = ServerProcess(silent)
    with pytest.raises(NotReadyError, match=r"did not answer within 0\.3 s.*\n.*v=7\.0\.0") as caught:
        server.start(timeout=0.3)
    assert not server.is_running
    with pytest.raises(ProcessLookupError):
        os.kill(int(str(caught.value).split()[-1]), 0)
    server.close()


def test_a_port_that_was_lost_is_replaced(binary: ServerBinary, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as rival:
        rival.bind(("127.0.0.1", 0))
        rival.listen()
        real = PortReservation
        given: list[int] = []

        def unlucky_once() -> PortReservation:
            reservation = real()
            if not given:
                reservation.close()
                reservation.port = rival.getsockname()[1]
            given.append(reservation.port)
            return reservation

        monkeypatch.setattr(holdings, "PortReservation", unlucky_once)
        # The rival accepts and says nothing: the server's own end has to be what counts.
        with ServerProcess(binary) as server:
            assert len(given) == 2
            assert server.port == given[1]
            assert server.execute_command("PING") == "PONG"
