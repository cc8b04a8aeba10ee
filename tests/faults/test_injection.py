"""Whatever names, values, patterns, channels and services are called: they are never taken for a command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from syncredis import Redis
from syncredis.exceptions import ConfigurationError, PrimaryNotFoundError, ResponseError
from syncredis.testing import SentinelDeployment
from tests.fixtures.surfaces import Surface

Connect = Callable[..., Any]

NASTY = [
    "k\r\nFLUSHALL\r\n",
    "k\r\n*1\r\n$8\r\nFLUSHALL\r\n",
    "$3\r\nk\r\n*1\r\n$8\r\nFLUSHALL",
    "k\0FLUSHALL",
    "k FLUSHALL",
    "",
    "\n",
    "+OK\r\n",
]


@pytest.mark.parametrize("name", NASTY)
def test_on_a_server(connect: Connect, direct: Redis[str], name: str) -> None:
    client = connect()
    direct.set("witness", "x")
    assert client.set(name, name) is True
    assert client.get(name) == name
    assert client.hset(name + "h", name, name) == 1
    assert client.hgetall(name + "h") == {name: name}
    assert client.echo(name) == name
    assert set(client.keys()) == {"witness", name, name + "h"}
    assert list(client.scan_iter(match=name.replace("*", "\\*") or "nothing")) == ([name] if name else [])
    with client.pipeline() as pipeline:
        pipeline.set(name, name)
        pipeline.get(name)
        assert pipeline.execute() == [True, name]
    assert client.publish(name, name) == 0
    assert client.eval("return {KEYS[1], ARGV[1]}", 1, name, name) == [name, name]
    with pytest.raises(ResponseError):
        client.execute_command(name or " ", name)
    assert direct.get("witness") == "x"
    assert client.get(name) == name


@pytest.mark.parametrize("name", [name for name in NASTY if name])
def test_the_name_of_a_client(connect: Connect, direct: Redis[str], name: str) -> None:
    """Servers refuse it; nothing else happens."""
    direct.set("witness", "x")
    if name == "k\0FLUSHALL":
        pytest.skip("servers take it")
    with pytest.raises(ResponseError):
        connect(client_name=name).ping()
    assert direct.get("witness") == "x"


@pytest.mark.parametrize("name", NASTY)
def test_the_name_of_a_service(
    surfaces: dict[str, Surface], deployments: dict[str, SentinelDeployment], name: str
) -> None:
    deployment = next(iter(deployments.values()))
    with surfaces["sync"].Sentinel(deployment.sentinel_locations) as sentinel:
        with pytest.raises((PrimaryNotFoundError, ConfigurationError)):
            sentinel.discover_primary(name)
        assert sentinel.discover_primary("myredis") == deployment.primary.location
