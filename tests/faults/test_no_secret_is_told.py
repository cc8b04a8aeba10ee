"""Every way in which a call can fail, with everything that is printed, logged or raised on the way: no secret is in it."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

import syncredis
from syncredis import NO_RETRY
from syncredis.credentials import ChangeableCredentials
from syncredis.exceptions import RedisError
from syncredis.testing import Fault, FaultProxy, SentinelDeployment, ServerBinary, ServerProcess
from tests.fixtures.surfaces import Surface

SECRET = "hidden-word"
OTHER = "hidden-other"


class Trace:
    """Everything that could be seen of what has happened."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._handler = logging.StreamHandler(self._text)
        self._handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
        self.failures = 0

    def __enter__(self) -> Trace:
        self._logger = logging.getLogger("syncredis")
        self._level = self._logger.level
        self._logger.setLevel(logging.DEBUG)
        self._logger.addHandler(self._handler)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self._handler)
        self._logger.setLevel(self._level)

    def failing(self, call: Callable[[], Any]) -> None:
        """Make a call that has to fail, and keep what it tells."""
        try:
            call()
        except (RedisError, OSError) as error:
            self.failures += 1
            self.keep(error)
            return
        raise AssertionError("the call did not fail")

    def keep(self, *values: Any) -> None:
        """Keep what is printed of values, and of errors what led to them; not the lines of source that a traceback quotes."""
        for value in values:
            print(repr(value), str(value), file=self._text)
            if isinstance(value, BaseException):
                for step in traceback.TracebackException.from_exception(value).format(chain=True):
                    print("\n".join(line for line in step.splitlines() if not line.startswith("    ")), file=self._text)
                for each in (value.__cause__, value.__context__):
                    if each is not None:
                        self.keep(each)

    def check(self) -> None:
        text = self._text.getvalue()
        assert text
        for secret in (SECRET, OTHER):
            assert secret not in text, next(line for line in text.splitlines() if secret in line)


@pytest.fixture
def trace() -> Iterator[Trace]:
    with Trace() as made:
        yield made
    made.check()
    assert made.failures


@pytest.fixture
def guarded(binary: ServerBinary) -> Iterator[ServerProcess]:
    with ServerProcess(binary, password=OTHER) as started:
        yield started


@pytest.fixture(params=["sync", "asyncio", "trio"])
def surface(request: pytest.FixtureRequest, surfaces: dict[str, Surface]) -> Surface:
    return surfaces[request.param]


@pytest.mark.parametrize("protocol", [pytest.param(2, marks=pytest.mark.resp2), 3])
@pytest.mark.parametrize("user", [None, "default", "nobody"])
def test_a_wrong_password(
    surface: Surface, guarded: ServerProcess, trace: Trace, user: str | None, protocol: int
) -> None:
    options = {"protocol": protocol, "retry_policy": NO_RETRY}
    provider = ChangeableCredentials(SECRET, user)
    with (
        surface.Redis(*guarded.location, username=user, password=SECRET, **options) as client,
        surface.Redis(*guarded.location, credential_provider=provider, **options) as other,
    ):
        for each in (client, other):
            trace.failing(each.ping)
            pipeline, pubsub = each.pipeline(), each.pubsub()
            pipeline.ping()
            trace.failing(pipeline.execute)
            trace.failing(lambda pubsub=pubsub: pubsub.subscribe("channel"))
            trace.keep(each, each.facade if hasattr(each, "facade") else each.pool, options)


def test_commands_that_carry_secrets(surface: Surface, guarded: ServerProcess, trace: Trace) -> None:
    """Refused, or broken off: what they were is told by name alone."""
    with FaultProxy(guarded.location) as proxy, surface.Redis(*proxy.location, password=OTHER) as client:
        carriers = [
            ("CONFIG", "SET", "no-such-option", SECRET),
            ("ACL", "SETUSER", "someone", f">{SECRET}", "no-such-rule"),
            ("SET", "k", SECRET, "NO-SUCH-OPTION"),
            ("HSET", "k", SECRET),
            ("MIGRATE", "127.0.0.1", "1", "k", "0", "10", "AUTH", SECRET),
        ]
        for carrier in carriers:
            with suppress(RedisError):
                client.execute_command(*carrier)
            client.ping()
            proxy.to_client = Fault(cut_after=0)
            trace.failing(lambda carrier=carrier: client.execute_command("EVAL", "return 1", 0, *carrier))
        trace.failing(lambda: client.execute_command("AUTH", SECRET))
        trace.failing(lambda: client.execute_command("SET", SECRET, None))
        trace.failing(lambda: client.set(SECRET, {"no": "form"}))
        pipeline = client.pipeline()
        pipeline.execute_command("SET", SECRET, SECRET)
        client.ping()
        proxy.to_client = Fault(cut_after=0)
        trace.failing(pipeline.execute)
        trace.keep(pipeline)


def test_a_server_that_can_not_be_had(surface: Surface, guarded: ServerProcess, trace: Trace) -> None:
    with FaultProxy(guarded.location) as proxy:
        urls = [
            f"redis://user:{SECRET}@127.0.0.1:{proxy.location.port}/0",
            f"redis://:{SECRET}@127.0.0.1:{proxy.location.port}",
        ]
        for fault in (Fault(cut_after=0), Fault(cut_after=0, reset=True), Fault(corrupt_at=0)):
            for url in urls:
                with surface.from_url(url, retry_policy=NO_RETRY, stream_timeout=5) as client:
                    proxy.to_client = fault
                    trace.failing(client.ping)
                    trace.keep(client)
        proxy.refuse()
        with surface.from_url(urls[0]) as client:
            trace.failing(client.ping)


def test_sentinels(surface: Surface, binary: ServerBinary, trace: Trace) -> None:
    """Whose password is wrong, or whose servers' is."""
    with SentinelDeployment(
        1, 1, server=binary, password=OTHER, sentinel_password=OTHER, down_after=30.0
    ) as deployment:
        seeds = deployment.sentinel_locations
        for mine, theirs in ((SECRET, OTHER), (OTHER, SECRET), (SECRET, SECRET)):
            with (
                surface.Sentinel(
                    seeds, password=mine, sentinel_kwargs={"password": theirs}, failover_timeout=0.2
                ) as sentinel,
                sentinel.primary_for("myredis") as primary,
                sentinel.replica_for("myredis") as replica,
            ):
                trace.failing(lambda primary=primary: primary.set("k", "v"))
                trace.failing(lambda replica=replica: replica.get("k"))
                trace.keep(sentinel, primary, replica)


@pytest.mark.parametrize(
    "url",
    [
        f"redis://user:{SECRET}@host:port/0",
        f"redis://user:{SECRET}@host/zero",
        f"redis://user:{SECRET}@host/0?no_such_option=1",
        f"redis://user:{SECRET}@host/0?stream_timeout=never",
        f"redis://{SECRET}@host",
        f"http://user:{SECRET}@host",
        f"redis+sentinel://user:{SECRET}@host",
        f"redis+sentinel://user:{SECRET}@host:x/service",
        f"redis+sentinel://h/service?sentinel_password={SECRET}&no_such_option=1",
    ],
)
def test_urls(url: str, trace: Trace) -> None:
    trace.failing(lambda: syncredis.from_url(url))
