"""Encryption: whose certificate is accepted, and that an encrypted connection does all that a plain one does."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from syncredis import NO_RETRY, ConnectionError, Location, OutcomeUnknownError, Redis, TimeoutError
from syncredis.command import Command
from syncredis.interruption import Interruption
from syncredis.pool_state import CHECK_AFTER
from syncredis.testing import ServerProcess
from syncredis.transport import EncryptedTransport
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import BackgroundCall, until
from tests.fixtures.tls import Certificates, TLSServers
from tests.integration.conftest import pool_of
from tests.sentinel.faults import NEVER, takes

Connect = Callable[..., Any]
Background = Callable[..., BackgroundCall]


@pytest.fixture
def encrypted(tls_servers: TLSServers, certificates: Certificates) -> ServerProcess:
    """A server that speaks TLS alone, as localhost."""
    return tls_servers.get(certificates.server)


@pytest.fixture
def trusting(certificates: Certificates) -> dict[str, Any]:
    """The options of a client that trusts our authority."""
    return {"ssl": True, "ssl_ca_certs": certificates.authority}


def test_an_authority_that_is_trusted(
    connect: Connect, encrypted: ServerProcess, protocol: int, trusting: dict[str, Any]
) -> None:
    for host in ("localhost", "127.0.0.1"):
        client = connect(Location(host, encrypted.port), protocol=protocol, **trusting)
        assert client.execute_command("ECHO", "ü") == "ü"


def test_a_url(surface: Surface, encrypted: ServerProcess, certificates: Certificates) -> None:
    url = f"rediss://localhost:{encrypted.port}/1?ssl_ca_certs={certificates.authority}"
    with surface.from_url(url) as client:
        assert client.execute_command("ECHO", "x") == "x"


@pytest.mark.parametrize("trusted", ["the system's", "a stranger's"])
def test_an_authority_that_is_not_trusted(
    connect: Connect, encrypted: ServerProcess, certificates: Certificates, trusted: str
) -> None:
    options = {"ssl_ca_certs": certificates.stranger} if trusted == "a stranger's" else {}
    client = connect(encrypted, ssl=True, **options)
    target = encrypted.location.target
    with pytest.raises(ConnectionError, match=f"the certificate of {target} was refused: .*certificate") as caught:
        client.execute_command("INCR", "n")
    assert caught.value.not_applied
    assert not caught.value.transient, "trying again does not help"
    assert len(pool_of(client)._state.slots) == 0


def test_a_certificate_for_another_host(
    connect: Connect, tls_servers: TLSServers, certificates: Certificates, trusting: dict[str, Any]
) -> None:
    server = tls_servers.get(certificates.elsewhere)
    for host in ("localhost", "127.0.0.1"):
        with pytest.raises(ConnectionError, match=f"{host}:{server.port} was refused: .*mismatch.*'{host}'") as caught:
            connect(Location(host, server.port), **trusting).execute_command("PING")
        assert not caught.value.transient
        for accepted in ({"ssl_check_hostname": False}, {"ssl_server_hostname": "redis.example"}):
            assert connect(Location(host, server.port), **trusting, **accepted).execute_command("PING") == "PONG"
    with pytest.raises(ConnectionError, match="mismatch"):
        connect(server, **trusting, ssl_server_hostname="other.example").execute_command("PING")


def test_no_verification(connect: Connect, tls_servers: TLSServers, certificates: Certificates) -> None:
    for pair in (certificates.server, certificates.elsewhere):
        client = connect(tls_servers.get(pair), ssl=True, ssl_cert_reqs="none")
        assert client.execute_command("PING") == "PONG"


def test_a_context_of_ones_own(connect: Connect, encrypted: ServerProcess, certificates: Certificates) -> None:
    context = ssl.create_default_context(cafile=certificates.authority)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context.minimum_version = context.maximum_version = version
        assert connect(encrypted, ssl_context=context).execute_command("PING") == "PONG"


def test_a_certificate_of_the_client(
    connect: Connect, tls_servers: TLSServers, certificates: Certificates, trusting: dict[str, Any]
) -> None:
    server = tls_servers.get(certificates.server, clients_verified=True)

    def ping(certificate: str | None = None, key: str | None = None, password: str | None = None) -> Any:
        given = {"ssl_certfile": certificate, "ssl_keyfile": key, "ssl_keyfile_password": password}
        return connect(server, retry_policy=NO_RETRY, **trusting, **given).execute_command("PING")

    assert ping(certificates.client.certificate, certificates.client.key) == "PONG"
    assert ping(certificates.client.certificate, certificates.encrypted_key, certificates.key_password) == "PONG"
    with pytest.raises(ConnectionError) as none_given:
        ping()
    with pytest.raises(ConnectionError) as stranger:
        ping(certificates.strange_client.certificate, certificates.strange_client.key)
    assert none_given.value.not_applied
    assert stranger.value.not_applied


@pytest.fixture
def names() -> Iterator[tuple[Location, list[str | None]]]:
    """Where somebody listens who notes the name that he is called by, and goes."""
    seen: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda _socket, name, _context: seen.append(name)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(20)
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=serve)
        serving.start()
        yield Location(*listener.getsockname()), seen
        listener.shutdown(socket.SHUT_RDWR)
        serving.join()


@pytest.mark.parametrize(
    ("host", "given", "called"),
    [
        ("localhost", None, "localhost"),
        ("127.0.0.1", None, None),
        ("127.0.0.1", "redis.example", "redis.example"),
        ("localhost", "redis.example", "redis.example"),
    ],
)
def test_the_name_that_the_server_is_called_by(
    names: tuple[Location, list[str | None]], host: str, given: str | None, called: str | None
) -> None:
    location, seen = names
    client = Redis(host, location.port, ssl=True, ssl_server_hostname=given, retry_policy=NO_RETRY)
    with client, pytest.raises(ConnectionError):
        client.execute_command("PING")
    assert seen == [called]


def test_only_one_side_encrypts(connect: Connect, encrypted: ServerProcess, servers: dict[str, ServerProcess]) -> None:
    with takes():
        with pytest.raises(ConnectionError):
            connect(encrypted).execute_command("PING")
        with pytest.raises(TimeoutError, match="connect_timeout"):  # the server waits for the end of a line
            connect(next(iter(servers.values())), ssl=True, connect_timeout=0.2).execute_command("PING")


# --- what a plain connection does -------------------------------------------------------------------------


@pytest.fixture
def own(certificates: Certificates, tls_servers: TLSServers) -> Iterator[ServerProcess]:
    """An encrypted server for this test alone."""
    binary = tls_servers.get(certificates.server).binary
    with ServerProcess(binary, tls=True, config=certificates.directives(certificates.server)) as server:
        yield server


def test_a_server_that_stands_still(connect: Connect, own: ServerProcess, trusting: dict[str, Any]) -> None:
    client = connect(own, stream_timeout=0.3, **trusting)
    assert client.execute_command("SET", "k", "v") == "OK"
    own.freeze()
    with takes(at_least=0.3), pytest.raises(TimeoutError, match=r"no reply .* within 0\.3 s"):
        client.execute_command("GET", "k")
    own.thaw()
    assert client.execute_command("GET", "k") == "v"


def test_a_server_that_stands_still_while_a_client_connects(
    connect: Connect, own: ServerProcess, trusting: dict[str, Any]
) -> None:
    own.freeze()
    with (
        takes(at_least=0.3),
        pytest.raises(TimeoutError, match=r"took longer than 0\.3 s \(connect_timeout\)") as caught,
    ):
        connect(own, connect_timeout=0.3, **trusting).execute_command("SET", "k", "v")
    assert caught.value.not_applied
    own.thaw()


def test_sending_much_to_a_server_that_stands_still(own: ServerProcess, trusting: dict[str, Any]) -> None:
    with Redis(*own.location, stream_timeout=0.3, retry_policy=NO_RETRY, **trusting) as client:
        client.execute_command("PING")
        own.freeze()
        with pytest.raises(TimeoutError, match=r"sending to .* stood still") as caught:
            client.execute_command("SET", "k", b"x" * 50_000_000)
        assert caught.value.not_applied
        own.thaw()
        assert client.execute_command("EXISTS", "k") == 0


def test_a_connection_that_rests_is_kept(connect: Connect, encrypted: ServerProcess, trusting: dict[str, Any]) -> None:
    """Also with what belongs to TLS alone, such as the tickets that a server sends after the handshake."""
    client = connect(encrypted, **trusting)
    numbers = []
    for _ in range(3):
        numbers.append(client.execute_command("CLIENT", "ID"))
        time.sleep(CHECK_AFTER * 2)
    assert len(set(numbers)) == 1


def test_a_connection_that_was_closed_while_it_rested_is_replaced(
    connect: Connect, encrypted: ServerProcess, trusting: dict[str, Any]
) -> None:
    client = connect(encrypted, **trusting)
    number = client.execute_command("CLIENT", "ID")
    encrypted.execute_command("CLIENT", "KILL", "ID", number)
    time.sleep(CHECK_AFTER * 2)
    assert client.execute_command("INCR", "killed") >= 1
    assert client.execute_command("CLIENT", "ID") != number


def test_a_large_value(connect: Connect, encrypted: ServerProcess, trusting: dict[str, Any]) -> None:
    client = connect(encrypted, **trusting)
    for value in ("ü" * 500_000, "v" * 3_000_000):
        client.set("large", value)
        assert [client.get("large") for _ in range(3)] == [value] * 3
        with client.pipeline(transaction=False) as pipeline:
            for _ in range(3):
                pipeline.get("large")
                pipeline.ping()
            assert pipeline.execute() == [value, True] * 3


def test_interrupting(encrypted: ServerProcess, trusting: dict[str, Any], background: Background) -> None:
    with Redis(*encrypted.location, stream_timeout=NEVER, **trusting) as client:
        call = Interruption()
        waiting = background(call.run, client.execute, Command(("BLPOP", "nothing", 0), blocks=0))
        until(lambda: "blocked_clients:1" in encrypted.execute_command("INFO", "clients"))
        with takes():
            call.interrupt()
            assert isinstance(waiting.error(), OutcomeUnknownError)
        assert len(client.pool._state.slots) == 0
        until(lambda: "blocked_clients:0" in encrypted.execute_command("INFO", "clients"))
        assert client.execute_command("PING") == "PONG"


def test_many_threads(encrypted: ServerProcess, trusting: dict[str, Any], background: Background) -> None:
    def use(number: int) -> None:
        for count in range(200):
            word = f"{number}:{count}" * 100
            assert client.execute_command("ECHO", word) == word

    with Redis(*encrypted.location, max_connections=3, **trusting) as client:
        for call in [background(use, number) for number in range(6)]:
            call.result()
        assert len(client.pool._state.slots) <= 3


def test_what_has_arrived_was_said_to_have_been_sent(certificates: Certificates, background: Background) -> None:
    """Or else it would be sent again, on another connection, as something that can not have been carried out."""

    def receive_some() -> int:
        accepted, _ = listener.accept()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.server.certificate, certificates.server.key)
        with context.wrap_socket(accepted, server_side=True) as stream:
            count = 0
            while count < 100_000:
                count += len(stream.recv(16 * 1024))
            return count

    trusted = ssl.create_default_context(cafile=certificates.authority)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        other_end = background(receive_some)
        connected = socket.create_connection(listener.getsockname())
        stream = EncryptedTransport(trusted.wrap_socket(connected, server_hostname="localhost"), "the other end", 20)
    sent, data = 0, bytes(32 * 1024 * 1024)
    with suppress(ConnectionError):
        while sent < len(data):
            sent += stream.send_some(memoryview(data)[sent:])
    stream.close()
    assert other_end.result() <= sent < len(data)
