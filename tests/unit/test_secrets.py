"""Passwords are in no repr and no message, whatever is printed; spans hold no argument at all."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from syncredis import NO_RETRY, Redis, RedisError
from syncredis.aio import Redis as AsyncRedis
from syncredis.command import Command
from syncredis.config import ConnectionConfig, configs_from_options
from syncredis.exceptions import AuthenticationError
from syncredis.handshake import first_try, without_hello
from syncredis.opening import open_connection
from syncredis.sentinel import Sentinel
from syncredis.testing import Fault, FaultProxy, ServerProcess
from tests.fixtures.peer import Peer
from tests.fixtures.surfaces import Surface
from tests.fixtures.tls import Certificates

SECRET = "hidden-word"
CONFIG = ConnectionConfig(username="user", password=SECRET)
HERE = [("localhost", 26379)]
SENTINEL_KWARGS: Any = {"password": SECRET}


@pytest.mark.parametrize(
    "make",
    [
        lambda: CONFIG,
        lambda: configs_from_options(("h", 1), password=SECRET),
        lambda: Redis(password=SECRET),
        lambda: Redis(password=SECRET).pool,
        lambda: AsyncRedis(password=SECRET),
        lambda: Redis.from_url(f"redis://user:{SECRET}@h"),
        lambda: Sentinel(HERE, password=SECRET, sentinel_kwargs=SENTINEL_KWARGS),
        lambda: Sentinel(HERE, password=SECRET, sentinel_kwargs=SENTINEL_KWARGS).primary_for("myredis"),
        lambda: Command(("AUTH", SECRET)),
        lambda: Command(("CONFIG", "SET", "requirepass", SECRET)),
        lambda: first_try(CONFIG, ask_role=True),
        lambda: without_hello(CONFIG, ask_role=True),
        lambda: [step.command for step in first_try(CONFIG, ask_role=True)],
    ],
)
def test_what_is_printed(make: Callable[[], Any]) -> None:
    value = make()
    assert SECRET not in repr(value)
    assert SECRET not in str(value)
    assert SECRET not in f"{value}"


def test_the_key_password(certificates: Certificates) -> None:
    client = Redis(
        ssl=True,
        ssl_certfile=certificates.client.certificate,
        ssl_keyfile=certificates.encrypted_key,
        ssl_keyfile_password=certificates.key_password,
    )
    assert certificates.key_password not in repr(client) + repr(client.pool.config)


def test_an_open_connection(peer: Peer) -> None:
    config = ConnectionConfig(location=peer.location, password=SECRET)
    connection = open_connection(config)
    try:
        assert SECRET not in repr(connection)
    finally:
        connection.close()


#: Whatever carries a secret, or a value; each is refused by somebody, or not.
CARRIERS: dict[str, tuple[str | int, ...]] = {
    "AUTH": ("AUTH", SECRET),
    "HELLO": ("HELLO", 3, "AUTH", "default", SECRET),
    "ACL SETUSER": ("ACL", "SETUSER", "someone", f">{SECRET}"),
    "ACL SETUSER, which is quoted": ("ACL", "SETUSER", "someone", SECRET),
    "CONFIG SET": ("CONFIG", "SET", "masterauth", SECRET),
    "CONFIG SET requirepass": ("CONFIG", "SET", "requirepass", SECRET),
    "CONFIG SET, which is quoted": ("CONFIG", "SET", SECRET, "x"),
    "MIGRATE": ("MIGRATE", "127.0.0.1", 1, "k", 0, 10, "AUTH", SECRET),
    "MIGRATE AUTH2": ("MIGRATE", "127.0.0.1", 1, "k", 0, 10, "AUTH2", "user", SECRET),
    "SET": ("SET", SECRET, SECRET),
    "SET, refused": ("SET", "k", SECRET, SECRET),
    "an unknown command": ("NOSUCHCOMMAND", SECRET, SECRET),
    "an unknown subcommand": ("CLIENT", SECRET),
    "an error of a script": ("EVAL", "return redis.error_reply(ARGV[1])", 0, SECRET),
    "an error of a script with a code": ("EVAL", "return redis.error_reply('MINE ' .. ARGV[1])", 0, SECRET),
}


@pytest.mark.parametrize("kind", CARRIERS)
def test_spans(surface: Surface, kind: str) -> None:
    """Neither name nor attributes, events and status: refused by the server, broken off, or all well."""
    pytest.importorskip("opentelemetry.sdk", reason="needs opentelemetry-sdk, which `tox` brings")
    from tests.fixtures.collected import Collected

    carrier, collected = CARRIERS[kind], Collected()
    with ExitStack() as stack:
        stack.callback(collected.shutdown)
        server = stack.enter_context(ServerProcess())
        proxy = stack.enter_context(FaultProxy(server.location))
        client = stack.enter_context(surface.Redis(*proxy.location, retry_policy=NO_RETRY))
        stack.callback(collected.instrument(getattr(client, "facade", client)).stop)
        client.set("k", SECRET)
        with suppress(RedisError):
            client.execute_command(*carrier)
        with suppress(RedisError), client.pipeline() as pipeline:
            pipeline.execute_command(*carrier)
            pipeline.execute()
        client.ping()
        proxy.to_client = Fault(cut_after=0)
        with suppress(RedisError):
            client.execute_command(*carrier)
        proxy.heal()
        with suppress(RedisError):  # by now it may want a password
            client.get("k")
        spans = collected.spans()
        told = "\n".join(span.to_json() for span in spans)
        assert len(spans) >= 3, "what is not told holds no secret"
        assert "PING" in told
        assert SECRET not in told


def test_spans_of_a_wrong_password(surface: Surface) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="needs opentelemetry-sdk, which `tox` brings")
    from tests.fixtures.collected import Collected

    collected = Collected()
    with ServerProcess(password="another") as server:
        for options in ({"password": SECRET}, {"username": "nobody", "password": SECRET}):
            with surface.Redis(*server.location, retry_policy=NO_RETRY, **options) as client:
                instrumentation = collected.instrument(getattr(client, "facade", client))
                with pytest.raises(AuthenticationError):
                    client.ping()
                instrumentation.stop()
    collected.shutdown()
    told = "\n".join(span.to_json() for span in collected.spans())
    assert told.count("WRONGPASS") >= 2
    assert SECRET not in told
    assert "another" not in told


def test_the_secret_is_still_sent() -> None:
    """The rest of this file would pass if it had been lost."""
    assert first_try(CONFIG, ask_role=False)[0].arguments == ("HELLO", 3, "AUTH", "user", SECRET)
    assert pickle.loads(pickle.dumps(CONFIG)).password == SECRET
