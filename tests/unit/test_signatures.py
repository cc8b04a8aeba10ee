"""The command methods take what those of redis-py take: the same names, in the same order, with the same defaults."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from syncredis.commands import Commands
from tests.fixtures.calls import command_methods

redis = pytest.importorskip("redis", minversion="8", reason="redis-py is not installed in a version of today")

#: What redis-py's methods take besides and ours never do, and why.
NEVER = {
    "kwargs": "options of redis-py's inner workings, which no command has",
    "score_cast_func": "scores are float, and typed so",
    "return_responses": "redis-py's way to get at what the Sentinels answered in place of whether they agreed",
}

#: Methods that differ beyond that and beyond further parameters at the end, and why.
DELIBERATE = {
    "bitfield": "redis-py returns a builder, which executes by itself: no command method",
    "client_list": "redis-py's default of client_id is a list, which all calls share",
    "hscan": "redis-py's default of no_values is None, where a flag is False",
    "latency_graph": "redis-py forgets the event, without which the server refuses",
    "replicaof": "redis-py takes anything and passes it on",
    "sentinel_ckquorum": "redis-py names the parameter after another one's",
    "sentinel_failover": "redis-py names the parameter after another one's",
}


def parameters(method: Any) -> list[tuple[str, str, Any]]:
    every = list(inspect.signature(method).parameters.values())[1:]
    kept = [p for p in every if p.name not in NEVER]
    return [(p.name, p.kind.name, p.default) for p in kept]


def differs(name: str) -> bool:
    ours, theirs = parameters(getattr(Commands, name)), parameters(getattr(redis.Redis, name))
    return ours[: len(theirs)] != theirs or any(_is_needed(parameter) for parameter in ours[len(theirs) :])


def _is_needed(parameter: tuple[str, str, Any]) -> bool:
    _, kind, default = parameter
    return default is inspect.Parameter.empty and not kind.startswith("VAR_")


SHARED = [name for name in command_methods() if hasattr(redis.Redis, name)]


def test_most_methods_are_shared() -> None:
    assert len(SHARED) > 300


def test_parameters() -> None:
    assert [name for name in SHARED if differs(name) != (name in DELIBERATE)] == []
