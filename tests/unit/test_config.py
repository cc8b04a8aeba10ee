"""Options: every one arrives where it belongs, and what can not be is refused by name."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from syncredis import Location, Redis
from syncredis.config import (
    OPTION_NAMES,
    ClientOptions,
    ConnectionConfig,
    ConnectionOptions,
    PoolConfig,
    PoolOptions,
    configs_from_options,
)
from syncredis.exceptions import ConfigurationError, DataError

HERE = ("localhost", 6379)


def test_defaults() -> None:
    connection, pool = configs_from_options(HERE)
    assert connection == ConnectionConfig()
    assert pool == PoolConfig()
    assert connection.location == HERE
    assert (connection.db, connection.protocol, connection.encoding) == (0, 3, "utf-8")
    assert connection.username is connection.password is connection.client_name is connection.tls is None
    assert (connection.connect_timeout, connection.stream_timeout) == (5.0, 30.0)
    assert (pool.max_connections, pool.pool_timeout) == (100, 20.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client_name", "me"),
        ("protocol", 2),
        ("protocol", 3),
        ("connect_timeout", 0.25),
        ("connect_timeout", 7),
        ("connect_timeout", None),
        ("stream_timeout", 0.25),
        ("stream_timeout", None),
        ("keepalive", False),
        ("encoding", "latin-1"),
        ("encoding", "UTF8"),
        ("unix_socket_path", "/run/redis.sock"),
        ("password", "p"),
        ("password", ""),
    ],
)
def test_connection_options(name: str, value: Any) -> None:
    connection, pool = configs_from_options(HERE, **{name: value})  # type: ignore[misc]
    assert getattr(connection, name) == value
    assert connection == dataclasses.replace(ConnectionConfig(), **{name: value})
    assert pool == PoolConfig()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_connections", 1),
        ("pool_timeout", 0),
        ("pool_timeout", 0.5),
        ("pool_timeout", None),
        ("max_idle_connections", 0),
        ("max_idle_connections", 5),
        ("max_idle_connections", None),
        ("max_idle_time", 0.5),
        ("max_idle_time", None),
    ],
)
def test_pool_options(name: str, value: Any) -> None:
    connection, pool = configs_from_options(HERE, **{name: value})  # type: ignore[misc]
    assert connection == ConnectionConfig()
    assert pool == dataclasses.replace(PoolConfig(), **{name: value})


def test_user_and_password() -> None:
    connection, _ = configs_from_options(HERE, username="u", password="p")
    assert (connection.username, connection.password) == ("u", "p")


def test_every_option_that_type_checkers_know_is_one() -> None:
    assert ClientOptions.__annotations__.keys() == OPTION_NAMES
    assert ConnectionOptions.__annotations__.keys() | PoolOptions.__annotations__.keys() == OPTION_NAMES
    tls = {name for name in OPTION_NAMES if name.startswith("ssl")}
    fields = {field.name for kind in (ConnectionConfig, PoolConfig) for field in dataclasses.fields(kind)}
    assert OPTION_NAMES - tls == fields - {"location", "db", "tls"}


@pytest.mark.parametrize("name", ["connect_timeout", "stream_timeout", "pool_timeout", "max_idle_time"])
@pytest.mark.parametrize("value", [-1, -0.001, float("nan"), float("inf"), 1e300, "1", [], True])
def test_what_is_no_time(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}=.* must be a positive number of seconds, or None"):
        configs_from_options(HERE, **{name: value})  # type: ignore[misc]


@pytest.mark.parametrize("name", ["connect_timeout", "stream_timeout", "max_idle_time"])
def test_no_time_at_all(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}=0 must be"):
        configs_from_options(HERE, **{name: 0})  # type: ignore[misc]


def test_a_user_without_a_password() -> None:
    """The name is not repeated: it may be a password in the wrong place."""
    with pytest.raises(ConfigurationError, match="username must be given together with a password") as caught:
        configs_from_options(HERE, username="hidden")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("protocol", 1, "2 or 3"),
        ("protocol", 4, "2 or 3"),
        ("protocol", "3", "2 or 3"),
        ("protocol", None, "2 or 3"),
        ("encoding", "klingon", "not known to Python"),
        ("encoding", "rot13", "not known to Python"),
        ("encoding", "utf-16", "an encoding that contains ASCII"),
        ("encoding", "utf-32-le", "an encoding that contains ASCII"),
        ("encoding", "utf-8-sig", "an encoding that contains ASCII"),
        ("encoding", "cp500", "an encoding that contains ASCII"),
        ("encoding", None, "the name of an encoding"),
        ("encoding", "a\0b", "not known to Python"),
        ("max_connections", 0, "at least 1"),
        ("max_connections", -1, "at least 1"),
        ("max_connections", "5", "at least 1"),
        ("max_connections", None, "at least 1"),
        ("max_connections", 2.5, "at least 1"),
        ("max_idle_connections", -1, "at least 0"),
        ("max_idle_connections", "1", "at least 0"),
        ("max_reply_size", 1023, "at least 1024"),
        ("max_reply_size", "1 GB", "at least 1024"),
        ("username", 5, "text"),
        ("client_name", 5, "text"),
        ("unix_socket_path", "", "path"),
        ("unix_socket_path", 5, "path"),
    ],
)
def test_values_that_can_not_be(name: str, value: Any, wanted: str) -> None:
    with pytest.raises(ConfigurationError, match=name) as caught:
        configs_from_options(HERE, **{name: value})  # type: ignore[misc]
    assert repr(value) in str(caught.value)
    assert wanted in str(caught.value)
    assert isinstance(caught.value, DataError)
    assert caught.value.not_applied


@pytest.mark.parametrize("value", [5, b"hidden", True, ["hidden"]])
def test_a_password_that_is_no_text(value: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^password must be text$") as caught:
        configs_from_options(HERE, password=value)
    assert "hidden" not in repr(caught.value)


@pytest.mark.parametrize("port", [0, -1, 65536, "6379", None, 6379.5, True])
def test_ports_that_can_not_be(port: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"port={port!r} must be a number from 1 to 65535"):
        Redis("localhost", port)


@pytest.mark.parametrize("host", ["", None, 5, b"localhost"])
def test_hosts_that_can_not_be(host: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"host={host!r} must be"):
        Redis(host)


@pytest.mark.parametrize("db", [-1, "0", None, 1.5, True])
def test_databases_that_can_not_be(db: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"db={db!r} must be a number from 0 on"):
        Redis(db=db)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("socket_timeout", "it is called stream_timeout here"),
        ("timeout", "it is called stream_timeout here"),
        ("socket_connect_timeout", "it is called connect_timeout here"),
        ("socket_keepalive", "it is called keepalive here"),
    ],
)
def test_an_option_that_has_another_name_here(name: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=f"there is no option '{name}'; {hint}"):
        Redis(**{name: 1})


def test_an_option_that_does_not_exist() -> None:
    with pytest.raises(ConfigurationError, match=r"there is no option 'pasword'$") as caught:
        Redis(pasword="hidden")  # type: ignore[call-arg]
    assert "hidden" not in str(caught.value)


def test_location() -> None:
    location = Location("db.example", 6379)
    assert location == ("db.example", 6379)
    assert hash(location) == hash(("db.example", 6379))
    assert repr(location) == "('db.example', 6379)"
    assert location.target == "db.example:6379"
    assert Location("::1", 6379).target == "[::1]:6379"


def test_a_config_is_a_value() -> None:
    config = ConnectionConfig(client_name="me")
    assert config == ConnectionConfig(client_name="me")
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.db = 1  # type: ignore[misc]
    elsewhere = dataclasses.replace(config, unix_socket_path="/run/r.sock").at(Location("there", 1))
    assert elsewhere == dataclasses.replace(config, location=Location("there", 1))


def test_target() -> None:
    assert ConnectionConfig(location=Location("::1", 7)).target == "[::1]:7"
    assert ConnectionConfig(unix_socket_path="/run/r.sock").target == "/run/r.sock"
