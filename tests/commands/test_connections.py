from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from syncredis.commands.connections_replies import to_client_info
from syncredis.exceptions import DataError, ResponseError
from syncredis.testing import ServerProcess
from tests.fixtures.surfaces import Surface


class Peer:
    """Another client of the server, which speaks to it in plain lines."""

    def __init__(self, server: ServerProcess) -> None:
        self._socket = socket.create_connection((server.location.host, server.port), timeout=5)
        self._lines = self._socket.makefile("rb")
        self.id = int(self.ask("CLIENT ID")[1:])
        # As the server sees them: there may be a translation of addresses in between.
        self.send("CLIENT INFO")
        _, line, _ = self.read(), self.read(), self.read()  # its length, itself, nothing
        info = dict(field.split("=", 1) for field in line.split())
        self.address, self.server_address = info["addr"], info["laddr"]

    def ask(self, line: str) -> str:
        self.send(line)
        return self.read()

    def send(self, *lines: str) -> None:
        self._socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def read(self) -> str:
        return self._lines.readline().decode().rstrip("\r\n")

    def send_and_wait(self, line: str) -> None:
        """Send what gets no reply yet, and return when the server has seen it."""
        self.send("CLIENT ID", line)
        assert self.read() == f":{self.id}"

    @property
    def was_closed(self) -> bool:
        return self._lines.readline() == b""

    def close(self) -> None:
        self._lines.close()
        self._socket.close()


@pytest.fixture
def peer(server: ServerProcess) -> Iterator[Peer]:
    made = Peer(server)
    yield made
    made.close()


@pytest.fixture
def own(surface: Surface, server: ServerProcess, protocol: int) -> Iterator[Any]:
    """A client that the test alone uses, with named connections."""
    made = surface.Redis(*server.location, protocol=protocol, client_name="tester")
    yield made
    made.close()


# --- the connection that the call runs on -----------------------------------------------------------


def test_ping_and_echo(client: Any, raw: Any) -> None:
    assert client.ping() is True
    assert client.echo("hällo") == "hällo"
    assert raw.echo(b"\xff") == b"\xff"
    assert raw.echo(1.5) == b"1.5"


def test_a_connection_has_a_number_that_the_list_knows(client: Any) -> None:
    number = client.client_id()
    assert isinstance(number, int)
    assert number in [int(entry["id"]) for entry in client.client_list()]


def test_hello_tells_of_the_server(raw: Any, protocol: int, server: ServerProcess) -> None:
    facts = raw.hello()
    assert facts["proto"] == protocol
    assert facts["server"] == server.binary.name
    assert facts["version"] == ".".join(map(str, server.binary.version))
    assert facts["role"] == "master"
    assert all(isinstance(module["name"], str) for module in facts["modules"])


def test_info_on_a_connection_is_text(raw: Any, protocol: int) -> None:
    info = raw.client_info()
    assert info["cmd"].startswith("client")
    assert (info["db"], info["user"], info["name"]) == ("0", "default", "")
    assert all(isinstance(value, str) for value in info.values())


def test_a_connection_can_be_renamed(own: Any, client: Any) -> None:
    assert client.client_getname() is None
    assert own.client_getname() == "tester"
    assert own.client_setname("renamed") is True
    assert "renamed" in [entry["name"] for entry in client.client_list()]


@pytest.mark.since(redis="7.2", valkey="7.2")
def test_a_connection_tells_what_library_uses_it(own: Any, client: Any) -> None:
    assert own.client_setinfo("LIB-NAME", "mine") is True
    assert "mine" in [entry["lib-name"] for entry in client.client_list()]
    with pytest.raises(ResponseError):
        own.client_setinfo("LIB-COLOUR", "red")


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_a_connection_can_be_exempt_from_eviction(own: Any, client: Any) -> None:
    assert own.client_no_evict("on") is True
    assert any("e" in entry["flags"] for entry in client.client_list())
    assert own.client_no_evict("OFF") is True


@pytest.mark.since(redis="7.2", valkey="7.2")
def test_a_connection_can_leave_no_trace_on_keys(own: Any, client: Any) -> None:
    assert own.client_no_touch("ON") is True
    assert any("T" in entry["flags"] for entry in client.client_list())
    assert own.client_no_touch("off") is True


def test_switches_are_on_or_off(client: Any) -> None:
    with pytest.raises(DataError, match="mode must be ON or OFF, not 'maybe'"):
        client.client_no_evict("maybe")
    with pytest.raises(DataError, match="mode must be ON or OFF"):
        client.client_no_touch("")


def test_nothing_is_tracked(raw: Any) -> None:
    assert raw.client_trackinginfo() == {"flags": ["off"], "redirect": -1, "prefixes": []}
    assert raw.client_getredir() == -1


# --- connections of all clients ----------------------------------------------------------------------


def test_connections_are_listed(client: Any, raw: Any, peer: Peer) -> None:
    (entry,) = [entry for entry in raw.client_list() if entry["addr"] == peer.address]
    assert entry["id"] == str(peer.id)
    assert all(isinstance(value, str) for value in entry.values())
    assert raw.client_list(_type="primary") == raw.client_list(_type="replica") == []
    assert peer.address in [entry["addr"] for entry in raw.client_list(_type="normal")]
    assert [entry["addr"] for entry in client.client_list(client_id=peer.id)] == [peer.address]
    assert [entry["id"] for entry in client.client_list(client_id=[str(peer.id), 10**9])] == [str(peer.id)]


@pytest.mark.since(valkey="9.0")
def test_valkey_filters_connections_in_many_ways(client: Any, peer: Peer) -> None:
    assert peer.ask("CLIENT SETNAME victim") == "+OK"
    assert [entry["addr"] for entry in client.client_list(name="victim", db=0)] == [peer.address]
    assert [entry["addr"] for entry in client.client_list(addr=peer.address, user="default")] == [peer.address]
    assert client.client_list(addr=peer.address, idle=timedelta(hours=1)) == []
    assert client.client_list(addr=peer.address, maxage=3600) == []
    assert client.client_list(_type="normal", client_id=peer.id, not_name="victim") == []
    assert peer.address not in [entry["addr"] for entry in client.client_list(skipme=True, not_id=[peer.id])]
    assert client.client_kill_filter(name="victim", not_db=1, not_type="replica") == 1
    assert peer.was_closed


def test_a_connection_is_killed_by_its_address(client: Any, peer: Peer) -> None:
    assert client.client_kill(peer.address) is True
    assert peer.was_closed
    with pytest.raises(ResponseError, match="No such client"):
        client.client_kill(peer.address)


def test_connections_are_killed_by_conditions(client: Any, peer: Peer) -> None:
    assert client.client_kill_filter(_id=peer.id, addr="127.0.0.1:1") == 0
    assert client.client_kill_filter(_id=peer.id, _type="replica") == 0
    assert client.client_kill_filter(_type="master") == 0
    here = peer.server_address
    assert client.client_kill_filter(user="default", addr=peer.address, laddr=here, _type="normal", skipme=True) == 1
    assert peer.was_closed


def test_the_own_connection_is_killed_only_if_it_is_not_spared(own: Any, client: Any) -> None:
    number = own.client_id()
    assert own.client_kill_filter(_id=number) == 0
    assert client.client_kill_filter(_id=number, skipme=False) == 1
    assert str(number) not in [entry["id"] for entry in client.client_list()]


@pytest.mark.since(redis="7.4", valkey="8.0")
def test_old_connections_are_killed(client: Any, peer: Peer) -> None:
    assert client.client_kill_filter(_id=peer.id, maxage=timedelta(hours=1)) == 0


@pytest.mark.since(valkey="8.1")
def test_several_connections_are_killed_by_their_numbers(client: Any, peer: Peer) -> None:
    assert client.client_kill_filter(_id=[peer.id, 10**9]) == 1


def test_conditions_that_make_no_sense_are_refused(client: Any) -> None:
    with pytest.raises(DataError, match="at least one condition"):
        client.client_kill_filter()
    with pytest.raises(DataError, match="id must hold at least one element"):
        client.client_kill_filter(_id=[])
    with pytest.raises(
        DataError, match="type must be NORMAL or PRIMARY or REPLICA or PUBSUB or MASTER or SLAVE, not 'odd'"
    ):
        client.client_kill_filter(_type="odd")
    with pytest.raises(DataError, match="type must be NORMAL"):
        client.client_list(_type="odd")
    with pytest.raises(DataError, match="id must hold at least one element"):
        client.client_list(client_id=[])


def test_a_blocked_connection_is_released(client: Any, peer: Peer) -> None:
    assert client.client_unblock(peer.id) is False
    peer.send_and_wait("BLPOP nothing 0")
    assert client.client_unblock(peer.id) is True
    assert peer.read() in ("*-1", "$-1")
    peer.send_and_wait("BLPOP nothing 0")
    assert client.client_unblock(peer.id, error=True) is True
    assert peer.read().startswith("-UNBLOCKED")


def test_writes_wait_while_clients_are_paused(client: Any, peer: Peer) -> None:
    assert client.client_pause(timedelta(minutes=1), all=False) is True
    peer.send_and_wait("SET key value")
    assert client.get("key") is None
    assert client.client_unpause() is True
    assert peer.read() == "+OK"
    assert client.get("key") == "value"


def test_all_commands_wait_while_clients_are_paused(client: Any) -> None:
    started = time.monotonic()
    assert client.client_pause(50) is True
    assert client.ping() is True
    assert time.monotonic() - started > 0.04


def test_a_path_with_spaces_is_read_whole() -> None:
    assert to_client_info("id=1 addr=/tmp/my own:0 name= flags=U\n") == {
        "id": "1",
        "addr": "/tmp/my own:0",
        "name": "",
        "flags": "U",
    }
