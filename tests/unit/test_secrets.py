"""Passwords are in no repr and no message, whatever is printed."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from syncredis import Redis
from syncredis.aio import Redis as AsyncRedis
from syncredis.command import Command
from syncredis.config import ConnectionConfig, configs_from_options
from syncredis.connection import open_connection
from syncredis.handshake import first_try, without_hello
from syncredis.sentinel import Sentinel
from tests.fixtures.peer import Peer
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


def test_the_secret_is_still_sent() -> None:
    """The rest of this file would pass if it had been lost."""
    assert first_try(CONFIG, ask_role=False)[0].arguments == ("HELLO", 3, "AUTH", "user", SECRET)
    assert pickle.loads(pickle.dumps(CONFIG)).password == SECRET
