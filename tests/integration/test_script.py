"""Registered scripts, on every server, protocol and surface, and through a failover."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from syncredis import Redis
from syncredis.exceptions import DataError, ResponseError, UnknownCommandError
from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.servers import BINARIES
from tests.fixtures.surfaces import Face, Surface

ECHO = "return {KEYS[1], ARGV[1]}"
ADD = "return redis.call('incrby', KEYS[1], ARGV[1])"


def call(script: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a script with blocking clients, whatever the surface."""
    if not isinstance(script, Face):
        return script(*args, **kwargs)
    if isinstance(client := kwargs.get("client"), Face):
        kwargs["client"] = client.facade

    async def called() -> Any:
        returned = script.facade(*args, **kwargs)
        return await returned if inspect.isawaitable(returned) else returned

    return script._portal.call(called)


def test_it_is_handed_over_when_it_is_not_known(client: Any) -> None:
    client.script_flush()
    script = client.register_script(ADD)
    assert client.script_exists(script.sha) == [False]
    assert call(script, ["n"], [5]) == 5
    assert client.script_exists(script.sha) == [True]
    assert call(script, ["n"], [2]) == 7
    client.script_flush()
    assert call(script, keys=["n"], args=[1]) == 8


def test_only_the_digest_is_sent_when_it_is_known(client: Any) -> None:
    script = client.register_script(ADD)
    call(script, ["n"], [1])
    client.config_resetstat()
    call(script, ["n"], [1])
    calls = client.info("commandstats")
    assert calls["cmdstat_evalsha"]["calls"] == 1
    assert "cmdstat_eval" not in calls


def test_results_follow_the_client(client: Any, raw: Any) -> None:
    assert call(client.register_script(ECHO), ["k"], ["ä"]) == ["k", "ä"]
    script = raw.register_script(ECHO.encode())
    assert call(script, [b"k"], [b"\xff"]) == [b"k", b"\xff"]
    assert call(script, ["k"], ["v"], client=client) == ["k", "v"]


def test_without_keys(client: Any) -> None:
    script = client.register_script("return #KEYS + 10 * #ARGV")
    assert call(script) == 0
    assert call(script, args=iter([1, 2, 3])) == 30
    assert call(script, ("a", "b")) == 2


def test_errors_of_the_script(client: Any) -> None:
    with pytest.raises(ResponseError, match="my own"):
        call(client.register_script("return redis.error_reply('ERR my own')"))
    with pytest.raises(ResponseError, match="compiling"):
        call(client.register_script("this is no Lua"))


def test_a_text_is_no_list_of_keys(client: Any) -> None:
    script = client.register_script(ECHO)
    with pytest.raises(DataError, match="keys must be an iterable"):
        call(script, "k", ["v"])
    with pytest.raises(DataError, match="args must be an iterable"):
        call(script, ["k"], 1)


@pytest.mark.parametrize("transaction", [True, False], ids=["transaction", "plain"])
def test_in_a_pipeline_that_no_server_knows(client: Any, transaction: bool) -> None:
    client.script_flush()
    script = client.register_script(ADD)
    pipeline = client.pipeline(transaction)
    pipeline.set("n", 1)
    added = call(script, ["n"], [2], client=pipeline)
    call(script, ["n"], [3], client=pipeline)
    pipeline.script_flush()
    call(script, ["n"], [4], client=pipeline)
    assert pipeline.execute() == [True, 3, 6, True, 10]
    assert added.value == 3


def test_in_a_transaction_that_watches(client: Any) -> None:
    client.script_flush()
    script = client.register_script(ADD)
    with client.pipeline() as pipeline:
        now = pipeline.watch("n")
        assert call(script, ["other"], [1], client=now) == 1
        call(script, ["n"], [1], client=pipeline)
        assert pipeline.execute() == [1]


def test_recorded(client: Any) -> None:
    client.script_flush()
    script = client.register_script(ADD)
    recorded = [call(script, ["n"], [1], client=client.record) for _ in range(3)]
    assert list(client.pipeline(transaction=False).iterate(recorded)) == [1, 2, 3]


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_read_only(client: Any) -> None:
    client.script_flush()
    client.set("k", "v")
    script = client.register_script("return redis.call('get', KEYS[1])", read_only=True)
    assert [call(script, ["k"]) for _ in range(2)] == ["v", "v"]
    pipeline = client.pipeline()
    call(script, ["k"], client=pipeline)
    assert pipeline.execute() == ["v"]
    with pytest.raises(ResponseError, match="read-only"):
        call(client.register_script(ADD, read_only=True), ["n"], [1])
    assert client.exists("n") == 0


def test_read_only_is_refused_where_the_server_does_not_have_it(client: Any, server_name: str) -> None:
    if server_name != "redis-6.2":
        pytest.skip("has it")
    with pytest.raises(UnknownCommandError):
        call(client.register_script("return 1", read_only=True))


def test_the_client_goes_on_at_a_replica(surface: Surface, deployment: SentinelDeployment, server_name: str) -> None:
    if server_name == "redis-6.2":
        pytest.skip("has no read-only scripts")
    with surface.Sentinel(deployment.sentinel_locations) as sentinel, sentinel.replica_for("myredis") as replica:
        assert call(replica.register_script("return ARGV[1]", read_only=True), args=["x"]) == "x"


def test_digests_follow_the_encoding(servers: dict[str, ServerProcess]) -> None:
    server = next(iter(servers.values()))
    with Redis(*server.location, encoding="latin-1") as client:
        script = client.register_script("return 'ä'")
        assert script() == "ä"
        assert client.script_exists(script.sha) == [True]


@pytest.mark.parametrize("surface", ["sync", "trio"], indirect=True)
def test_a_failover(surface: Surface) -> None:
    binary = BINARIES[max(BINARIES)]
    with (
        SentinelDeployment(1, 1, server=binary) as deployment,
        surface.Sentinel(deployment.sentinel_locations) as sentinel,
        sentinel.primary_for("myredis") as primary,
    ):
        script = primary.register_script(ADD)
        assert call(script, ["n"], [1]) == 1
        assert primary.wait(1, 20_000) == 1
        deployment.failover().execute_command("SCRIPT", "FLUSH")
        assert call(script, ["n"], [1]) == 2
        assert primary.script_exists(script.sha) == [True]
