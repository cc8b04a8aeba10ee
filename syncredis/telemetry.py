"""Traces and metrics by OpenTelemetry's conventions for database clients. Needs ``pip install "syncredis[opentelemetry]"``::

    from syncredis import telemetry

    telemetry.instrument()

https://opentelemetry.io/docs/specs/semconv/db/redis/
"""

# pyright: reportMissingImports=false, reportUnknownParameterType=false
# OpenTelemetry need not be installed where types are checked.
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from syncredis import observation
from syncredis.exceptions import RedisError, ResponseError
from syncredis.observation import CallReport, Observer, PoolStatistics
from syncredis.version import VERSION

try:
    from opentelemetry import metrics, trace
except ImportError as error:
    raise ImportError('traces and metrics need OpenTelemetry: pip install "syncredis[opentelemetry]"') from error

_SYSTEM: Final = "db.system.name"
_REDIS: Final = "redis"
_DEFAULT_PORT: Final = 6379
#: Seconds, as the conventions advise.
_BUCKETS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)

Attributes: TypeAlias = dict[str, str | int]


class Client(Protocol):
    """A blocking client, or its async face."""

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Have an observer told about every call; return a function that ends it."""
        ...

    def pool_statistics(self) -> PoolStatistics:
        """Return the pool in numbers."""
        ...


@dataclass
class Instrumentation:
    """What `instrument` has begun."""

    _ends: list[Callable[[], None]] = field(default_factory=list)
    _is_active: bool = True

    def stop(self) -> None:
        """Record nothing from now on. May be called again."""
        self._is_active = False
        while self._ends:
            self._ends.pop()()


def instrument(
    client: Client | None = None,
    *,
    tracer_provider: trace.TracerProvider | None = None,
    meter_provider: metrics.MeterProvider | None = None,
) -> Instrumentation:
    """Record a span and a duration for every call, and how pools are doing. Never blocks. Call it once.

    A span is what the application sees: waiting for a connection, further attempts and the time of a failover are in it. It
    never holds arguments: of a server's error it has the code alone, because the words may quote them.

    Args:
        client: record this one's calls, and those of whatever shares its pool; None: those of all clients, made later included.
        tracer_provider: None: the global one.
        meter_provider: None: the global one.
    """
    begun = Instrumentation()
    tracer = trace.get_tracer("syncredis", VERSION, tracer_provider)
    meter = metrics.get_meter("syncredis", VERSION, meter_provider)
    durations = meter.create_histogram(
        "db.client.operation.duration",
        unit="s",
        description="Duration of database client operations.",
        explicit_bucket_boundaries_advisory=list(_BUCKETS),
    )

    def record(report: CallReport) -> None:
        attributes = attributes_of(report)
        begin = round(report.started * 1e9)
        # Afterwards: nothing that a call does is to be a child of its span.
        span = tracer.start_span(
            str(attributes["db.operation.name"]), kind=trace.SpanKind.CLIENT, attributes=attributes, start_time=begin
        )
        if report.error is not None:
            span.set_status(trace.StatusCode.ERROR, _described(report.error))
        span.end(begin + round(report.duration * 1e9))
        attributes.pop("syncredis.retries", None)  # in a metric, it would make a series of its own for each number
        durations.record(report.duration, attributes)

    def pools() -> list[PoolStatistics]:
        if not begun._is_active:
            return []
        return [place.statistics() for place in observation.places()] if client is None else [client.pool_statistics()]

    _measure_pools(meter, pools)
    begun._ends.append(observation.observe_all(record) if client is None else client.observe(record))
    return begun


def attributes_of(report: CallReport) -> Attributes:
    """Return what the conventions call the attributes of a call."""
    attributes: Attributes = {
        _SYSTEM: _REDIS,
        "db.operation.name": _operation(report),
        "db.namespace": str(report.db),
    }
    if len(report.names) > 1:
        attributes["db.operation.batch.size"] = len(report.names)
    if report.server is not None:
        attributes["server.address"] = report.server.host
        if report.server.port != _DEFAULT_PORT:
            attributes["server.port"] = report.server.port
    elif report.unix_socket_path is not None:
        attributes["server.address"] = report.unix_socket_path
    if report.service_name is not None:
        attributes["syncredis.service_name"] = report.service_name
    if report.retries:
        attributes["syncredis.retries"] = report.retries
    if isinstance(report.error, ResponseError):
        attributes["db.response.status_code"] = attributes["error.type"] = report.error.code
    elif report.error is not None:
        attributes["error.type"] = type(report.error).__qualname__
    return attributes


def _described(error: BaseException) -> str | None:
    """Say what went wrong, in words in which there is no argument."""
    if isinstance(error, ResponseError):
        return error.code  # the words after it may quote what the server was sent
    return str(error) if isinstance(error, RedisError) else None


def _operation(report: CallReport) -> str:
    if len(report.names) == 1 and not report.is_transaction:
        return report.names[0]
    together = "MULTI" if report.is_transaction else "PIPELINE"
    kinds = set(report.names)
    return f"{together} {kinds.pop()}" if len(kinds) == 1 else together


def _measure_pools(meter: metrics.Meter, pools: Callable[[], list[PoolStatistics]]) -> None:
    def sums(number: Callable[[PoolStatistics], int], **more: str) -> Iterable[metrics.Observation]:
        # Several pools may lead to the same place.
        totals: Counter[str] = Counter()
        for pool in pools():
            totals[pool.name] += number(pool)
        for name, total in totals.items():
            yield metrics.Observation(total, {_SYSTEM: _REDIS, "db.client.connection.pool.name": name, **more})

    def count(_: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
        yield from sums(lambda pool: pool.idle, **{"db.client.connection.state": "idle"})
        yield from sums(lambda pool: pool.in_use, **{"db.client.connection.state": "used"})

    meter.create_observable_up_down_counter(
        "db.client.connection.count", [count], unit="{connection}", description="Connections, by what they do."
    )
    meter.create_observable_up_down_counter(
        "db.client.connection.max",
        [lambda _: sums(lambda pool: pool.max_connections)],
        unit="{connection}",
        description="The most connections that may be open.",
    )
    meter.create_observable_up_down_counter(
        "db.client.connection.pending_requests",
        [lambda _: sums(lambda pool: pool.waiting)],
        unit="{request}",
        description="Callers that wait for a connection.",
    )
    meter.create_observable_counter(
        "db.client.connection.timeouts",
        [lambda _: sums(lambda pool: pool.timeouts)],
        unit="{timeout}",
        description="Callers that have waited for a connection in vain.",
    )
