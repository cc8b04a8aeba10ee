"""Observers are told about every call, on each surface, once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from syncredis import NO_RETRY, Redis
from syncredis.exceptions import OutcomeUnknownError, PoolTimeoutError, ResponseError, WatchError
from syncredis.observation import CallReport, observe_all
from syncredis.testing import Fault, FaultProxy, SentinelDeployment, ServerProcess
from tests.fixtures.surfaces import Surface


@pytest.fixture
def server(servers: dict[str, ServerProcess]) -> ServerProcess:
    server = servers[max(servers)]
    server.execute_command("FLUSHALL")
    return server


@pytest.fixture
def client(surface: Surface, server: ServerProcess) -> Iterator[Any]:
    with surface.Redis(*server.location) as made:
        yield made


@pytest.fixture
def reports(client: Any) -> list[CallReport]:
    seen: list[CallReport] = []
    client.observe(seen.append)
    return seen


def test_a_command(client: Any, reports: list[CallReport], server: ServerProcess) -> None:
    client.set("k", "v")
    [report] = reports
    assert report.names == ("SET",)
    assert report.error is None
    assert report.server == server.location
    assert report.db == 0
    assert report.retries == 0
    assert report.duration > 0
    assert report.started > 1.7e9
    assert not report.is_transaction
    assert report.service_name is None


def test_a_command_that_fails(client: Any, reports: list[CallReport]) -> None:
    client.set("k", "v")
    with pytest.raises(ResponseError) as caught:
        client.lpush("k", "v")
    assert reports[1].names == ("LPUSH",)
    assert reports[1].error is caught.value


def test_a_pipeline_is_one_call(client: Any, reports: list[CallReport]) -> None:
    for transaction in (True, False):
        with client.pipeline(transaction=transaction) as pipeline:
            pipeline.set("k", "v")
            pipeline.get("k")
            pipeline.execute()
    assert [report.names for report in reports] == [("SET", "GET")] * 2
    assert [report.is_transaction for report in reports] == [True, False]


def test_a_transaction_that_watches(client: Any, reports: list[CallReport], server: ServerProcess) -> None:
    with client.pipeline() as pipeline:
        now = pipeline.watch("k")
        now.get("k")
        server.execute_command("SET", "k", "changed")
        pipeline.set("k", "v")
        with pytest.raises(WatchError):
            pipeline.execute()
    assert [report.names for report in reports][-2:] == [("GET",), ("SET",)]
    assert reports[-1].is_transaction


def test_an_iteration(client: Any, reports: list[CallReport]) -> None:
    client.set("k", "v")
    assert list(client.scan_iter()) == ["k"]
    assert [report.names for report in reports] == [("SET",), ("SCAN",)]


def test_siblings_are_observed_too(client: Any, reports: list[CallReport]) -> None:
    client.with_options(decode_responses=False).get("k")
    assert [report.names for report in reports] == [("GET",)]


def test_it_ends(client: Any) -> None:
    seen: list[CallReport] = []
    end = client.observe(seen.append)
    client.get("k")
    end()
    client.get("k")
    assert len(seen) == 1


def test_all_clients(surface: Surface, server: ServerProcess) -> None:
    seen: list[CallReport] = []
    with surface.Redis(*server.location) as before:
        end = observe_all(seen.append)
        try:
            with surface.Redis(*server.location) as after:
                before.get("a")
                after.set("b", 1)
        finally:
            end()
        before.get("a")
        with surface.Redis(*server.location) as later:
            later.get("a")
    assert [report.names for report in seen if report.server == server.location] == [("GET",), ("SET",)]


def test_an_observer_that_fails_is_logged_and_harmless(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[CallReport] = []
    client.observe(lambda report: report.names[1])
    client.observe(seen.append)
    with caplog.at_level(logging.ERROR, "syncredis.observation"):
        assert client.set("k", "v") is True
    assert len(seen) == 1
    assert "an observer failed" in caplog.text


def test_what_an_observer_does_is_not_observed(server: ServerProcess) -> None:
    with Redis(*server.location) as client:
        seen: list[CallReport] = []

        def count(report: CallReport) -> None:
            seen.append(report)
            client.incr("calls")

        client.observe(count)
        client.get("k")
        client.get("k")
        assert len(seen) == 2
        assert client.with_options().get("calls") == "2"


def test_a_call_that_is_tried_again(surface: Surface, server: ServerProcess) -> None:
    seen: list[CallReport] = []
    with FaultProxy(server.location) as proxy, surface.Redis(*proxy.location) as client:
        client.get("k")
        client.observe(seen.append)
        proxy.to_client = Fault(cut_after=0)
        client.get("k")
        [report] = seen
        assert report.retries == 1
        assert report.error is None
        proxy.to_client = Fault(cut_after=0)
        with pytest.raises(OutcomeUnknownError) as caught:
            client.incr("n")
        assert seen[1].error is caught.value


def test_a_service(surface: Surface, deployment: SentinelDeployment) -> None:
    seen: list[CallReport] = []
    with (
        surface.Sentinel(deployment.sentinel_locations) as sentinel,
        sentinel.primary_for("myredis", db=1) as primary,
        sentinel.replica_for("myredis") as replica,
    ):
        primary.observe(seen.append)
        replica.observe(seen.append)
        primary.set("k", "v")
        replica.get("none")
    assert [report.service_name for report in seen] == ["myredis", "myredis"]
    assert seen[0].server == deployment.primary.location
    assert seen[0].db == 1
    assert seen[1].server is None


@pytest.fixture(scope="module")
def deployment() -> Iterator[SentinelDeployment]:
    with SentinelDeployment(replicas=1, sentinels=1, down_after=30.0) as started:
        yield started


def test_a_pool_in_numbers(server: ServerProcess) -> None:
    with Redis(*server.location, max_connections=1, pool_timeout=0, retry_policy=NO_RETRY) as client:
        before = client.pool_statistics()
        assert (before.open, before.made, before.max_connections) == (0, 0, 1)
        assert before.name == server.location.target
        client.ping()
        resting = client.pool_statistics()
        assert (resting.open, resting.idle, resting.in_use, resting.made) == (1, 1, 0, 1)
        with client.pool.leased():
            lent = client.pool_statistics()
            assert (lent.open, lent.idle, lent.in_use, lent.waiting) == (1, 0, 1, 0)
            with pytest.raises(PoolTimeoutError):
                client.ping()
        assert client.pool_statistics().timeouts == 1
