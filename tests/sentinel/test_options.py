"""Mistakes in options show at the call that holds them, and not at the first connection."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest

from syncredis.exceptions import ConfigurationError
from tests.fixtures.surfaces import Surface

SEEDS = [("localhost", 26379)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nonsense": 1}, "there is no option 'nonsense'"),
        ({"socket_timeout": 1}, "'socket_timeout'; it is called stream_timeout here"),
        ({"stream_timeout": 0}, "stream_timeout=0 must be a positive number"),
        ({"connect_timeout": -1}, "connect_timeout=-1 must be"),
        ({"protocol": 4}, "protocol=4 must be 2 or 3"),
        ({"max_connections": 0}, "max_connections=0 must be at least 1"),
        ({"ssl_ca_certs": "/no/such/file", "ssl": True}, "can not load ssl_ca_certs"),
        ({"ssl_ca_certs": "/some/file"}, "no effect without ssl=True"),
        ({"failover_timeout": -1}, "failover_timeout=-1 must"),
        ({"failover_timeout": math.nan}, "failover_timeout=nan must"),
        ({"failover_timeout": "1"}, "failover_timeout='1' must"),
        ({"unix_socket_path": "/run/redis.sock"}, "unix_socket_path contradicts Sentinel"),
    ],
    ids=str,
)
def test_mistakes_that_any_call_refuses(surface: Surface, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        surface.Sentinel(SEEDS, **options)
    sentinel = surface.Sentinel(SEEDS)
    for make in (sentinel.primary_for, sentinel.replica_for):
        with pytest.raises(ConfigurationError, match=message):
            make("myredis", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hedge_delay": -0.1}, r"hedge_delay=-0\.1 must"),
        ({"hedge_delay": math.nan}, "hedge_delay=nan must"),
        ({"hedge_delay": None}, "hedge_delay=None must"),
        ({"failover_timeout": None}, "failover_timeout=None must"),
        ({"min_other_sentinels": -1}, "min_other_sentinels=-1 must"),
        ({"min_other_sentinels": "2"}, "min_other_sentinels='2' must"),
        ({"db": 1}, "db belongs to primary_for and replica_for"),
        ({"sentinel_kwargs": {"nonsense": 1}}, "there is no option 'nonsense'"),
        ({"sentinel_kwargs": {"stream_timeout": 0}}, "stream_timeout=0 must"),
        ({"sentinel_kwargs": {"max_connections": 1}}, "max_connections has no effect in sentinel_kwargs"),
        ({"sentinel_kwargs": {"unix_socket_path": "/x"}}, "unix_socket_path has no effect in sentinel_kwargs"),
        ({"sentinel_kwargs": {"db": 1}}, "db has no effect in sentinel_kwargs"),
    ],
    ids=str,
)
def test_mistakes_of_a_sentinel(surface: Surface, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        surface.Sentinel(SEEDS, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"db": -1}, "db=-1 must"),
        ({"hedge_delay": 1}, "there is no option 'hedge_delay'"),
        ({"connection_pool": None}, "there is no option 'connection_pool'"),
    ],
    ids=str,
)
def test_mistakes_of_a_client(surface: Surface, options: dict[str, Any], message: str) -> None:
    sentinel = surface.Sentinel(SEEDS)
    for make in (sentinel.primary_for, sentinel.replica_for):
        with pytest.raises(ConfigurationError, match=message):
            make("myredis", **options)


@pytest.mark.parametrize(
    "sentinels",
    [
        [],
        ["localhost"],
        ["ab"],
        ("localhost", 26379),
        "localhost:26379",
        [("localhost",)],
        [("localhost", 26379, 0)],
        [("localhost", "26379")],
        [("localhost", 26379), ("localhost", 0)],
        [("localhost", 26379), ("localhost", 65536)],
        [("localhost", 26379), ("localhost", None)],
        [("", 26379)],
        [(b"localhost", 26379)],
        [(26379, "localhost")],
        [None],
        None,
        26379,
    ],
    ids=str,
)
def test_locations_that_are_none(surface: Surface, sentinels: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=r"at least one Sentinel|is no location of a Sentinel|must be an iterable"
    ):
        surface.Sentinel(sentinels)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"policy": "nearest"}, "policy='nearest' must be"), ({"max_lag": -1}, "max_lag=-1 must be")],
    ids=str,
)
def test_mistakes_in_the_choice_of_replicas(surface: Surface, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        surface.Sentinel(SEEDS).replica_for("myredis", **options)


def test_options_of_the_client_go_before_those_of_the_sentinel(surface: Surface) -> None:
    sentinel = surface.Sentinel(SEEDS, max_connections=7)
    assert "0 of 7 connections" in repr(sentinel.primary_for("myredis"))
    assert "0 of 3 connections" in repr(sentinel.replica_for("myredis", max_connections=3))


def test_passwords_are_not_shown(surface: Surface) -> None:
    secrets = {"password": "secret-1", "sentinel_kwargs": {"password": "secret-2"}}
    sentinel = surface.Sentinel(SEEDS, **secrets)
    client = sentinel.primary_for("myredis", password="secret-3")
    assert "secret" not in repr(sentinel) + repr(client) + repr(vars(getattr(sentinel, "wrapped", sentinel)).keys())


def test_locations_of_another_client_are_taken(surface: Surface) -> None:
    @dataclass(frozen=True)
    class TCPLocation:
        host: str
        port: int

    assert surface.Sentinel([TCPLocation("localhost", 26379)]).sentinels == (("localhost", 26379),)
