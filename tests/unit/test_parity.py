"""The facade has what the blocking side has: the same public names, with the same parameters."""

from __future__ import annotations

import inspect

import pytest

import syncredis
import syncredis.aio
import syncredis.aio.sentinel
import syncredis.sentinel

PAIRS = [
    (syncredis.Redis, syncredis.aio.Redis),
    (syncredis.sentinel.Sentinel, syncredis.aio.sentinel.Sentinel),
]
RENAMED = {"close": "aclose", "__enter__": "__aenter__", "__exit__": "__aexit__"}
ONLY_BLOCKING = {
    "pool": "reached through `wrapped`",
    "retry_policy": "reached through `wrapped`",
    "failover_timeout": "reached through `wrapped`",
}
ONLY_FACADE = {"wrapped": "the blocking object", "wrapping": "makes a facade for a blocking object"}


def names(kind: type) -> set[str]:
    own = {name for name in dir(kind) if not name.startswith("_")}
    return own | {name for name in (*RENAMED, *RENAMED.values()) if hasattr(kind, name)}


@pytest.mark.parametrize(("blocking", "facade"), PAIRS, ids=["Redis", "Sentinel"])
def test_same_names(blocking: type, facade: type) -> None:
    wanted = {RENAMED.get(name, name) for name in names(blocking) - ONLY_BLOCKING.keys()}
    assert names(facade) - ONLY_FACADE.keys() == wanted


@pytest.mark.parametrize(("blocking", "facade"), PAIRS, ids=["Redis", "Sentinel"])
def test_same_parameters(blocking: type, facade: type) -> None:
    for name in ("__init__", *(names(blocking) - ONLY_BLOCKING.keys())):
        original, twin = getattr(blocking, name), getattr(facade, RENAMED.get(name, name))
        if inspect.isroutine(original):
            assert _parameters(twin) == _parameters(original), name


def _parameters(method: object) -> list[tuple[str, object, object]]:
    signature = inspect.signature(method)  # type: ignore[arg-type]
    return [(p.name, p.kind, p.default) for p in signature.parameters.values()]


def test_same_module_exports() -> None:
    assert set(syncredis.aio.sentinel.__all__) == set(syncredis.sentinel.__all__)
