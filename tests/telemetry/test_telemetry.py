"""Traces and metrics, as OpenTelemetry's own SDK gets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from syncredis import Redis, Sentinel
from syncredis.aio import Redis as AsyncRedis
from syncredis.exceptions import OutcomeUnknownError, ResponseError
from syncredis.testing import Fault, FaultProxy, SentinelDeployment, ServerProcess
from tests.fixtures.surfaces import Surface

pytest.importorskip("opentelemetry.sdk", reason="needs opentelemetry-sdk, which `tox` brings")

from opentelemetry.trace import SpanKind, StatusCode

from tests.fixtures.collected import Collected


@pytest.fixture
def collected() -> Iterator[Collected]:
    made = Collected()
    yield made
    made.shutdown()


@pytest.fixture
def server(servers: dict[str, ServerProcess]) -> ServerProcess:
    server = servers[max(servers)]
    server.execute_command("FLUSHALL")
    return server


@pytest.fixture
def client(surface: Surface, server: ServerProcess, collected: Collected) -> Iterator[Any]:
    with surface.Redis(*server.location, db=2) as made:
        instrumentation = collected.instrument(getattr(made, "facade", made))
        yield made
        instrumentation.stop()


def test_a_span(client: Any, collected: Collected, server: ServerProcess) -> None:
    client.set("secret name", "secret value")
    [span] = collected.spans()
    assert span.name == "SET"
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert span.attributes == {
        "db.system.name": "redis",
        "db.operation.name": "SET",
        "db.namespace": "2",
        "server.address": server.location.host,
        "server.port": server.port,
    }
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.end_time > span.start_time
    assert "secret" not in span.to_json()


def test_a_span_belongs_to_the_one_around_it(client: Any, collected: Collected) -> None:
    """On the blocking side; the facade is tested below, where the span is opened in the task."""
    if hasattr(client, "facade"):
        pytest.skip("the task is in another thread")
    with collected.tracer_provider.get_tracer("application").start_as_current_span("request") as request:
        client.get("k")
    assert collected.spans()[0].parent == request.get_span_context()


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
def test_a_span_belongs_to_the_task_around_it(anyio_backend: str, server: ServerProcess, collected: Collected) -> None:
    async def main() -> Any:
        async with AsyncRedis(*server.location) as client:
            instrumentation = collected.instrument(client)
            with collected.tracer_provider.get_tracer("application").start_as_current_span("request") as request:
                await client.get("k")
            instrumentation.stop()
            return request.get_span_context()

    around = anyio.run(main, backend=anyio_backend)
    assert collected.spans()[0].parent == around


def test_an_error_of_the_server(client: Any, collected: Collected) -> None:
    client.set("k", "v")
    with pytest.raises(ResponseError):
        client.lpush("k", "v")
    span = collected.spans()[1]
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["db.response.status_code"] == "WRONGTYPE"
    assert span.attributes["error.type"] == "WRONGTYPE"


def test_a_broken_connection(surface: Surface, server: ServerProcess, collected: Collected) -> None:
    with FaultProxy(server.location) as proxy, surface.Redis(*proxy.location) as client:
        client.ping()
        instrumentation = collected.instrument(getattr(client, "facade", client))
        proxy.to_client = Fault(cut_after=0)
        client.get("k")
        proxy.to_client = Fault(cut_after=0)
        with pytest.raises(OutcomeUnknownError):
            client.incr("n")
        instrumentation.stop()
    again, broken = (span.attributes or {} for span in collected.spans())
    assert again["syncredis.retries"] == 1
    assert "error.type" not in again
    assert broken["error.type"] == "OutcomeUnknownError"
    assert "db.response.status_code" not in broken


def test_pipelines(client: Any, collected: Collected) -> None:
    with client.pipeline() as pipeline:
        pipeline.incr("a")
        pipeline.incr("b")
        pipeline.execute()
    with client.pipeline(transaction=False) as pipeline:
        pipeline.incr("a")
        pipeline.get("b")
        pipeline.execute()
    several, mixed = collected.spans()
    assert (several.name, mixed.name) == ("MULTI INCRBY", "PIPELINE")
    assert several.attributes is not None
    assert several.attributes["db.operation.batch.size"] == 2


def test_a_service(collected: Collected) -> None:
    with (
        SentinelDeployment(replicas=0, sentinels=1, down_after=30.0) as deployment,
        Sentinel(deployment.sentinel_locations) as sentinel,
        sentinel.primary_for("myredis") as client,
    ):
        instrumentation = collected.instrument(client)
        client.ping()
        instrumentation.stop()
        [span] = collected.spans()
        assert span.attributes is not None
        assert span.attributes["syncredis.service_name"] == "myredis"
        assert span.attributes["server.port"] == deployment.primary.port


def test_durations(client: Any, collected: Collected) -> None:
    for _ in range(3):
        client.get("k")
    [point] = collected.points("db.client.operation.duration")
    assert point.count == 3
    assert point.attributes["db.operation.name"] == "GET"
    assert point.explicit_bounds[:2] == (0.001, 0.005)


def test_pools(client: Any, collected: Collected, server: ServerProcess) -> None:
    client.get("k")
    name = server.location.target
    counts = {
        point.attributes["db.client.connection.state"]: point.value
        for point in collected.points("db.client.connection.count")
        if point.attributes["db.client.connection.pool.name"] == name
    }
    assert sum(counts.values()) == 1
    [most] = collected.points("db.client.connection.max")
    assert most.value == 100
    assert [point.value for point in collected.points("db.client.connection.pending_requests")] == [0]
    assert [point.value for point in collected.points("db.client.connection.timeouts")] == [0]


def test_everything(server: ServerProcess, collected: Collected) -> None:
    instrumentation = collected.instrument()
    try:
        with Redis(*server.location) as first, Redis(*server.location) as second:
            first.get("k")
            second.get("k")
            assert [span.name for span in collected.spans()] == ["GET", "GET"]
            idle = [
                point.value
                for point in collected.points("db.client.connection.count")
                if point.attributes["db.client.connection.pool.name"] == server.location.target
                and point.attributes["db.client.connection.state"] == "idle"
            ]
            assert idle[0] >= 2
    finally:
        instrumentation.stop()
    with Redis(*server.location) as later:
        later.get("k")
    assert len(collected.spans()) == 2
    assert collected.points("db.client.connection.count") == []
