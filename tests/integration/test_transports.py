"""The ways to a server: TCP and Unix sockets. Values of every size go both ways, whatever carries them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncredis import ConnectionError
from syncredis.testing import ServerProcess
from tests.fixtures.surfaces import Surface
from tests.fixtures.tls import Certificates, TLSServers
from tests.integration.conftest import pool_of, wipe

Connect = Callable[..., Any]


def test_tcp(connect: Connect, server: ServerProcess, protocol: int) -> None:
    client = connect(server, protocol=protocol)
    assert client.execute_command("ECHO", "ü") == "ü"
    by_name = connect(("localhost", server.port), protocol=protocol)
    assert by_name.execute_command("ECHO", "ü") == "ü"
    assert server.location.target in repr(client)


def test_a_unix_socket(connect: Connect, server: ServerProcess, protocol: int) -> None:
    path = str(server.socket_path)
    client = connect(unix_socket_path=path, protocol=protocol, client_name="local")
    assert client.execute_command("ECHO", "ü") == "ü"
    assert path in repr(client)
    (mine,) = [line for line in client.execute_command("CLIENT", "LIST").split("\n") if "name=local" in line]
    assert f"{path}:0" in mine.partition("laddr")[0]


def test_urls(surface: Surface, server: ServerProcess) -> None:
    wipe(server)
    urls = (
        f"redis://{server.location.target}/3",
        f"unix://{server.socket_path}?db=3",
        f"valkey://localhost:{server.port}/3",
    )
    for number, url in enumerate(urls):
        with surface.from_url(url, client_name="by-url") as client:
            assert client.execute_command("INCR", "n") == number + 1
            assert client.execute_command("CLIENT", "GETNAME") == "by-url"
            assert pool_of(client).config.db == 3


def test_a_unix_socket_that_nobody_listens_on(connect: Connect, tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match=r"can not connect to .*gone\.sock") as caught:
        connect(unix_socket_path=str(tmp_path / "gone.sock")).execute_command("PING")
    assert caught.value.not_applied


# --- size -------------------------------------------------------------------------------------------------

K, M = 1 << 10, 1 << 20
SIZES = [0, 1, 2, 16 * K - 1, 16 * K, 16 * K + 1, 64 * K - 1, 64 * K, 64 * K + 1, M, 16 * M]


@pytest.fixture(params=["TCP", "Unix", "TLS"])
def way(
    request: pytest.FixtureRequest,
    servers: dict[str, ServerProcess],
    certificates: Certificates,
    tls_servers: TLSServers,
) -> dict[str, Any]:
    """The options of a client that takes this way to a server; the server's kind does not matter."""
    server = next(iter(servers.values()))
    if request.param == "TCP":
        return {"host": server.location.host, "port": server.port}
    if request.param == "Unix":
        return {"unix_socket_path": str(server.socket_path)}
    encrypted = tls_servers.get(certificates.server)
    return {"port": encrypted.port, "ssl": True, "ssl_ca_certs": certificates.authority}


@pytest.mark.parametrize("decode_responses", [True, False], ids=["text", "bytes"])
def test_values_of_any_size(surface: Surface, protocol: int, way: dict[str, Any], decode_responses: bool) -> None:
    pattern: Any = "0123456789abcdefghijklmnopqrstuvwxyz\r\n" if decode_responses else bytes(range(251))
    okay = "OK" if decode_responses else b"OK"
    with surface.Redis(**way, protocol=protocol, decode_responses=decode_responses) as client:
        for size in SIZES:
            value = (pattern * (size // len(pattern) + 1))[:size]
            assert client.execute_command("SET", "k", value) == okay
            assert client.execute_command("STRLEN", "k") == size
            assert client.execute_command("GET", "k") == value
            client.execute_command("MSET", "a", value, "b", "OK", "c", value)
            assert client.execute_command("MGET", "a", "b", "c") == [value, okay, value]
        # On the facade, what is large has another one.
        assert len(pool_of(client)._state.slots) == (1 if surface.name == "sync" else 2), "never out of step"
        client.execute_command("FLUSHALL")


def test_many_arguments_and_a_long_reply(surface: Surface, protocol: int, way: dict[str, Any]) -> None:
    values = [str(number) for number in range(50_000)]
    with surface.Redis(**way, protocol=protocol) as client:
        assert client.execute_command("RPUSH", "list", *values) == len(values)
        assert client.execute_command("LRANGE", "list", 0, -1) == values
        client.execute_command("FLUSHALL")


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_large_buffers(surface: Surface, way: dict[str, Any], kind: Any) -> None:
    value = bytes(range(251)) * 40_000
    with surface.Redis(**way, decode_responses=False) as client:
        client.execute_command("SET", "k", kind(value))
        assert client.execute_command("GET", "k") == value
        client.execute_command("SET", "k", memoryview(value)[::-3])
        assert client.execute_command("GET", "k") == value[::-3]
        client.execute_command("FLUSHALL")
