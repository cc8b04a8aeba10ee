"""Credentials that change: new connections use the new ones, and those that exist authenticate anew."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from syncredis import NO_RETRY, Redis
from syncredis.command import Command
from syncredis.credentials import ChangeableCredentials, CredentialProvider
from syncredis.exceptions import AuthenticationError, ConfigurationError
from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import BackgroundCall, until
from tests.integration.conftest import pool_of

Connect = Callable[..., Any]


@pytest.fixture
def guarded(server: ServerProcess) -> Iterator[ServerProcess]:
    """A server that has two users."""
    for user in ("ann", "ben"):
        server.execute_command("ACL", "SETUSER", user, "on", "~*", "&*", "+@all", f">{user}s-secret")
    yield server
    server.execute_command("ACL", "DELUSER", "ann", "ben")


@pytest.fixture
def provider() -> ChangeableCredentials:
    return ChangeableCredentials("anns-secret", "ann")


def who(client: Any) -> str:
    return str(client.execute_command("ACL", "WHOAMI"))


def number(client: Any) -> int:
    return int(client.execute_command("CLIENT", "ID"))


def test_a_connection_that_exists(
    connect: Connect, guarded: ServerProcess, provider: ChangeableCredentials, protocol: int
) -> None:
    client = connect(guarded, credential_provider=provider, protocol=protocol, max_connections=1)
    assert who(client) == "ann"
    before = number(client)
    provider.change("bens-secret", "ben")
    assert who(client) == "ben"
    assert number(client) == before, "it is the same connection"
    provider.changed()
    assert who(client) == "ben"
    assert number(client) == before


def test_every_connection(connect: Connect, guarded: ServerProcess, provider: ChangeableCredentials) -> None:
    """Those that rest, and those that are in use at the time, once they are back."""
    client = connect(guarded, credential_provider=provider)
    pool = pool_of(client)
    with pool.leased():
        with pool.leased() as used:
            with pool.leased():
                pass
            provider.change("bens-secret", "ben")
            assert used.in_step
        with pool.leased() as one, pool.leased() as other:
            assert {one, other} <= set(pool._state.slots)
            for connection in (one, other):
                assert connection.execute(Command[Any](("ACL", "WHOAMI")), True) == "ben"


def test_a_blocking_call_goes_on(
    connect: Connect, guarded: ServerProcess, provider: ChangeableCredentials, background: Callable[..., BackgroundCall]
) -> None:
    client = connect(guarded, credential_provider=provider)
    waiting = background(client.blpop, ["list"], 0)
    until(lambda: "blocked_clients:1" in guarded.execute_command("INFO", "clients"))
    provider.change("bens-secret", "ben")
    client.rpush("list", "x")
    assert list(waiting.result()) == ["list", "x"]
    assert who(client) == "ben"


def test_new_ones_that_are_wrong(connect: Connect, guarded: ServerProcess, provider: ChangeableCredentials) -> None:
    """The connection is given up, and the next one's error is the caller's; nothing of it tells the password."""
    client = connect(guarded, credential_provider=provider, max_connections=1)
    assert who(client) == "ann"
    provider.change("wrong-secret", "ben")
    for _ in range(3):
        with pytest.raises(AuthenticationError) as caught:
            who(client)
        assert "secret" not in str(caught.value) + repr(caught.value.__cause__)
    assert not list(pool_of(client)._state.slots)
    provider.change("bens-secret", "ben")
    assert who(client) == "ben"


def test_a_provider_that_fails(connect: Connect, guarded: ServerProcess) -> None:
    """What it raises is what the caller gets; no slot is lost."""

    class Failing(CredentialProvider):
        def get_credentials(self) -> tuple[str | None, str]:
            if self.version != 1:
                raise LookupError("no token")
            return "ann", "anns-secret"

    provider = Failing()
    client = connect(guarded, credential_provider=provider, max_connections=1, retry_policy=NO_RETRY)
    for _ in range(2):
        with pytest.raises(LookupError, match="no token"):
            who(client)
    provider.changed()
    assert who(client) == "ann"
    provider.changed()
    for _ in range(2):
        with pytest.raises(LookupError, match="no token"):
            who(client)
    gc.collect()
    assert not list(pool_of(client)._state.slots)


def test_changes_all_the_time(connect: Connect, guarded: ServerProcess, provider: ChangeableCredentials) -> None:
    """From another thread, while calls go on: no call fails, and in the end all are the last user."""
    client = connect(guarded, credential_provider=provider, max_connections=4)
    over = threading.Event()

    def call() -> int:
        count = 0
        while not over.is_set():
            count += who(client) in ("ann", "ben")
        return count

    calls = [BackgroundCall(call) for _ in range(4)]
    for turn in range(100):
        user = ("ann", "ben")[turn % 2]
        provider.change(f"{user}s-secret", user)
        who(client)
    over.set()
    assert all(call.result() > 0 for call in calls)
    assert {who(client) for _ in range(8)} == {"ben"}


def test_a_user_that_is_no_more(connect: Connect, guarded: ServerProcess, provider: ChangeableCredentials) -> None:
    """The server closes its connections; new ones are another user's."""
    client = connect(guarded, credential_provider=provider)
    assert who(client) == "ann"
    provider.change("bens-secret", "ben")
    guarded.execute_command("ACL", "DELUSER", "ann")
    assert who(client) == "ben"


def test_it_does_not_keep_clients_alive(guarded: ServerProcess, provider: ChangeableCredentials) -> None:
    client = Redis(*guarded.location, credential_provider=provider)
    assert who(client) == "ann"
    watched = weakref.ref(client.pool)
    del client
    gc.collect()
    assert watched() is None
    provider.changed()


def test_through_sentinel(surface: Surface, deployment: SentinelDeployment, provider: ChangeableCredentials) -> None:
    for node in deployment.nodes:
        for user in ("ann", "ben"):
            node.execute_command("ACL", "SETUSER", user, "on", "~*", "&*", "+@all", f">{user}s-secret")
    with (
        surface.Sentinel(deployment.sentinel_locations, credential_provider=provider) as sentinel,
        sentinel.primary_for("myredis") as primary,
        sentinel.replica_for("myredis") as replica,
    ):
        assert (who(primary), who(replica)) == ("ann", "ann")
        provider.change("bens-secret", "ben")
        assert (who(primary), who(replica)) == ("ben", "ben")


@pytest.mark.parametrize("options", [{"password": "p"}, {"password": "p", "username": "u"}])
def test_two_sources(connect: Connect, provider: ChangeableCredentials, options: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="credential_provider contradicts username and password"):
        connect(credential_provider=provider, **options)


def test_what_is_no_provider(connect: Connect) -> None:
    with pytest.raises(ConfigurationError, match="CredentialProvider"):
        connect(credential_provider=lambda: ("ann", "anns-secret"))


def test_what_is_printed(provider: ChangeableCredentials) -> None:
    provider.change("bens-secret", "ben")
    assert "secret" not in repr(provider) + repr(provider.get_credentials()) + str(provider.get_credentials())
    assert repr(provider) == "<ChangeableCredentials, changed 1 times>"
    assert repr(provider.get_credentials()) == "Credentials(username='ben')"
