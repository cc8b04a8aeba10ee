"""Calls for which the old primary holds the reply back: it ends them before it is left, which proves that they took nothing."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from syncredis import Location, Redis
from syncredis.exceptions import OutcomeUnknownError, UnblockedError
from syncredis.retry import NO_RETRY
from syncredis.sentinel import Sentinel, jobs
from syncredis.sentinel.pool import PrimaryConnectionPool
from syncredis.testing import SentinelDeployment, ServerProcess
from tests.fixtures.surfaces import Surface
from tests.fixtures.threads import BackgroundCall, until
from tests.sentinel.conftest import Setting
from tests.sentinel.insight import watching
from tests.sentinel.test_watcher import BUDGET

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def surface(setting: Setting) -> Surface:
    return setting.surface


def is_blocked(server: ServerProcess) -> bool:
    return "cmd=blpop" in server.execute_command("CLIENT", "LIST")


def answered(question: BackgroundCall, server: ServerProcess) -> Any:
    """Let the call have what it waits for at another server now."""
    until(lambda: question.finished or is_blocked(server))
    server.execute_command("RPUSH", "queue", "job")
    return question.result()


@pytest.mark.slow
def test_a_planned_failover(surface: Surface, setting: Setting) -> None:
    with ExitStack() as stack:
        own = stack.enter_context(SentinelDeployment(2, 3, server=setting.binary, down_after=2.0))
        sentinel = stack.enter_context(
            surface.Sentinel(own.sentinel_locations, failover_timeout=BUDGET, write_hold=60.0)
        )
        client = stack.enter_context(sentinel.primary_for("myredis"))
        client.get("foo")
        watching(sentinel, 3)
        question = BackgroundCall(lambda: client.blpop(["queue"], 0))
        until(lambda: is_blocked(own.primary))
        new = own.failover(BUDGET)
        assert answered(question, new) == ("queue", "job")


@pytest.mark.slow
def test_a_primary_that_only_the_sentinels_find_down(surface: Surface, setting: Setting) -> None:
    """The way from them to it is cut; the client's is not, and the primary does what it is asked."""
    with ExitStack() as stack:
        own = stack.enter_context(SentinelDeployment(2, 3, server=setting.binary, down_after=2.0, proxied=True))
        old = own.primary
        places = {old.location: Location("127.0.0.1", old.port)}
        sentinel = stack.enter_context(
            surface.Sentinel(own.sentinel_locations, failover_timeout=BUDGET, write_hold=60.0, address_map=places)
        )
        client = stack.enter_context(sentinel.primary_for("myredis"))
        client.get("foo")
        watching(sentinel, 3)
        question = BackgroundCall(lambda: client.blpop(["queue"], 0))
        until(lambda: is_blocked(old))
        old.proxy.partition()
        new = own.wait_for_failover(old, BUDGET)
        assert answered(question, new) == ("queue", "job")
        old.proxy.heal()


@pytest.mark.parametrize("seen", ["not yet", "too early"])
def test_a_call_that_is_on_its_way(any_deployment: SentinelDeployment, seen: str) -> None:
    """It passed the gate before that was shut, and reaches the server only after that was asked to end such calls."""
    with Redis(*any_deployment.current_primary().location, retry_policy=NO_RETRY, max_connections=1) as client:
        number = client.client_id()
        looks: list[BackgroundCall] = []

        def waiting() -> list[int]:
            if not looks:
                looks.append(BackgroundCall(lambda: None))
                return [number] if seen == "too early" else []
            looks.append(BackgroundCall(client.blpop, ["nothing"], 0))
            until(lambda: is_blocked(any_deployment.current_primary()))
            return [number]

        jobs.unblock(client.pool.config, waiting)
        assert isinstance(looks[-1].error(), UnblockedError)


def test_a_subscription_is_no_call(any_deployment: SentinelDeployment) -> None:
    """There is nothing to end, and so nothing to wait for."""
    with (
        Sentinel(any_deployment.sentinel_locations) as sentinel,
        sentinel.primary_for("myredis") as client,
        client.pubsub(ignore_subscribe_messages=True) as pubsub,
    ):
        pool = client.pool
        assert isinstance(pool, PrimaryConnectionPool)
        pubsub.subscribe("news")
        assert pool.waiting() == []
        blocked = BackgroundCall(client.blpop, ["nothing"], 0)
        until(lambda: is_blocked(any_deployment.current_primary()))
        assert len(pool.waiting()) == 1
    assert isinstance(blocked.error(), OutcomeUnknownError)
