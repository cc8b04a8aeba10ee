"""What one Sentinel says about the deployment that it watches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from syncredis.exceptions import RedisError
from syncredis.testing.process import ServerProcess

# How often a Sentinel looks at the servers, and tells others of what it saw, in milliseconds. It has no
# directive for them. It believes in a new state of affairs after four times the latter.
_PERIODS = {"INFO-PERIOD": 10_000, "PUBLISH-PERIOD": 2_000}
_SHORT_PERIODS = {"INFO-PERIOD": 250, "PUBLISH-PERIOD": 250}


@dataclass(frozen=True)
class Report:
    """One server as a Sentinel sees it."""

    location: tuple[str, int]
    flags: frozenset[str]
    fields: Mapping[str, str]
    """Everything that the Sentinel says, by its own names."""


class SentinelView:
    """The questions that a deployment asks one of its Sentinels about one service.

    Every method blocks for at most a few seconds and raises what `Redis.execute_command` raises.
    """

    def __init__(self, node: ServerProcess, service_name: str) -> None:
        self.node = node
        self._service_name = service_name

    def primary(self) -> Report:
        """Return what it says about the primary; during a failover still the old one."""
        return _report(self._ask("MASTER"))

    def replicas(self) -> list[Report]:
        return [_report(entry) for entry in self._ask("REPLICAS")]

    def other_sentinels(self) -> list[Report]:
        return [_report(entry) for entry in self._ask("SENTINELS")]

    def failover(self) -> None:
        """Have it start a failover."""
        self._ask("FAILOVER")

    def hello(self, primary: tuple[str, int]) -> str:
        """Return the message by which this Sentinel introduces itself to others, as it starts."""
        host, port = primary
        mine = (*self.node.location, self.node.execute_command("SENTINEL", "MYID"), 0)
        return ",".join(map(str, (*mine, self._service_name, host, port, 0)))

    def hear(self, hello: str) -> None:
        """Hand it another Sentinel's introduction, which else comes by way of the primary."""
        self.node.execute_command("PUBLISH", "__sentinel__:hello", hello)

    def set_periods(self, periods: Mapping[str, int]) -> None:
        """Set how often it does what, in milliseconds. ResponseError before Redis 7.0."""
        pairs = [word for pair in periods.items() for word in pair]
        self.node.execute_command("SENTINEL", "DEBUG", *pairs)

    def _ask(self, subcommand: str) -> Any:
        return self.node.execute_command("SENTINEL", subcommand, self._service_name)


def introduce(sentinels: Iterable[SentinelView], primary: tuple[str, int]) -> None:
    """Make the Sentinels known to each other at once.

    By themselves they say hello every two seconds. A Sentinel that takes no message from us hears
    of the others that way.
    """
    known = list(sentinels)
    for speaker in known:
        try:
            hello = speaker.hello(primary)
            for listener in known:
                if listener is not speaker:
                    listener.hear(hello)
        except RedisError:
            continue


@contextmanager
def hurried(sentinels: Iterable[SentinelView]) -> Iterator[None]:
    """Have the Sentinels look and speak often, where they can be told to."""
    told: list[SentinelView] = []
    try:
        for sentinel in sentinels:
            with suppress(RedisError):
                sentinel.set_periods(_SHORT_PERIODS)
                told.append(sentinel)
        yield
    finally:
        for sentinel in told:
            with suppress(RedisError):
                sentinel.set_periods(_PERIODS)


def _report(reply: Any) -> Report:
    fields = _fields(reply)
    return Report(
        location=(fields["ip"], int(fields["port"])),
        flags=frozenset(fields["flags"].split(",")),
        fields=fields,
    )


def _fields(reply: Any) -> dict[str, str]:
    # A map in RESP3, a flat list of names and values in RESP2.
    pairs = reply.items() if isinstance(reply, Mapping) else zip(reply[::2], reply[1::2], strict=True)
    return {str(name): str(value) for name, value in pairs}
