"""The facade has what the blocking side has: the same public names, with the same parameters."""

from __future__ import annotations

import inspect

import pytest

import syncredis
import syncredis.aio
import syncredis.aio.lock
import syncredis.aio.monitor
import syncredis.aio.pipeline
import syncredis.aio.pubsub
import syncredis.aio.script
import syncredis.aio.sentinel
import syncredis.aio.stream
import syncredis.sentinel
from syncredis import aio
from syncredis.lock import Lock
from syncredis.monitor import Monitor
from syncredis.pipeline import Pipeline, Watched
from syncredis.pubsub import PubSub
from syncredis.script import Script
from syncredis.stream import Consumer, GroupConsumer

#: For each class its twin, and names that only the blocking one has: steps that the facade takes by itself, one by one.
PAIRS: list[tuple[type, type, str]] = [
    (syncredis.Redis, syncredis.aio.Redis, ""),
    (syncredis.sentinel.Sentinel, syncredis.aio.sentinel.Sentinel, ""),
    (Pipeline, aio.pipeline.Pipeline, "attempt execute_batch execute_chunk needs_connection take"),
    (Watched, aio.pipeline.Watched, ""),
    # A thread of its own is what blocking code has where async code has a task.
    (PubSub, aio.pubsub.PubSub, "ensure_connected fileno put_back run_in_thread take_message"),
    (Lock, aio.lock.Lock, "abandon begin enter hold holding leave release_holding"),
    (Script, aio.script.Script, "by_digest in_full"),
    (Monitor, aio.monitor.Monitor, "fileno take_command"),
    (Consumer, aio.stream.Consumer, ""),
    (GroupConsumer, aio.stream.GroupConsumer, ""),
]
IDS = [blocking.__name__ for blocking, _, _ in PAIRS]
#: Those that applications make themselves; the others are made by methods, whose parameters are compared.
MADE_BY_APPLICATIONS = {"Redis", "Sentinel", "Consumer", "GroupConsumer"}
RENAMED = {"close": "aclose", "__enter__": "__aenter__", "__exit__": "__aexit__", "__iter__": "__aiter__"}
ONLY_BLOCKING = {
    "pool": "reached through `wrapped`",
    "retry_policy": "reached through `wrapped`",
    "failover_timeout": "reached through `wrapped`",
}
ONLY_FACADE = {
    "wrapped": "the blocking object",
    "wrapping": "makes a facade for a blocking object",
    "name": "of a lock, where the blocking one has an attribute",
    "timeout": "of a lock, where the blocking one has an attribute",
}


def names(kind: type) -> set[str]:
    own = {name for name in dir(kind) if not name.startswith("_")}
    return own | {name for name in (*RENAMED, *RENAMED.values()) if hasattr(kind, name)}


def shared(blocking: type, steps: str) -> set[str]:
    return names(blocking) - ONLY_BLOCKING.keys() - set(steps.split())


@pytest.mark.parametrize(("blocking", "facade", "steps"), PAIRS, ids=IDS)
def test_same_names(blocking: type, facade: type, steps: str) -> None:
    wanted = {RENAMED.get(name, name) for name in shared(blocking, steps)}
    assert names(facade) - (ONLY_FACADE.keys() - wanted) == wanted


@pytest.mark.parametrize(("blocking", "facade", "steps"), PAIRS, ids=IDS)
def test_same_parameters(blocking: type, facade: type, steps: str) -> None:
    made = {"__init__"} if blocking.__name__ in MADE_BY_APPLICATIONS else set[str]()
    for name in made | shared(blocking, steps):
        original, twin = getattr(blocking, name), getattr(facade, RENAMED.get(name, name))
        if inspect.isroutine(original):
            assert _parameters(twin) == _parameters(original), name


def _parameters(method: object) -> list[tuple[str, object, object]]:
    signature = inspect.signature(method)  # type: ignore[arg-type]
    return [(p.name, p.kind, p.default) for p in signature.parameters.values()]


def test_same_module_exports() -> None:
    assert set(syncredis.aio.sentinel.__all__) == set(syncredis.sentinel.__all__)
