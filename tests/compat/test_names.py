"""What redis-py has and the shims have not: listed here by name, each with its reason."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable

import pytest

import syncredis.compat
from syncredis.compat.commands.out import INSTEAD

redis = pytest.importorskip("redis")

#: Methods of the client of which nothing is there. Those that raise, and say what to use in their place, are in `INSTEAD`.
ABSENT_METHODS = {
    **{
        name: "arrays belong to a preview of Redis 8; execute_command sends their commands"
        for name in dir(redis.Redis)
        if name.startswith("ar")
    },
    "digest_local": "needs a library for a hash that nothing else needs; `digest` has the server compute it",
    "himport_registry": "himport is not there",
    "stralgo": "a command that only Redis 6.2 has; `lcs` does the same",
}


def public(names: Iterable[str]) -> set[str]:
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("module", ["redis", "redis.asyncio"])
def test_every_name_of_the_package_is_there(module: str) -> None:
    ours = importlib.import_module(module.replace("redis", "syncredis.compat"))
    assert not {name for name in importlib.import_module(module).__all__ if not hasattr(ours, name)}


def test_every_exception_is_there_with_the_same_bases() -> None:
    ours = importlib.import_module("syncredis.compat.exceptions")
    for name, theirs in vars(importlib.import_module("redis.exceptions")).items():
        if isinstance(theirs, type) and issubclass(theirs, Exception):
            found = getattr(ours, name)
            assert [base.__name__ for base in theirs.__mro__] == [
                base.__name__
                for base in found.__mro__
                if base.__name__ != "_Described" and base is not syncredis.RedisError
            ], name


@pytest.mark.parametrize("module", ["redis", "redis.asyncio"])
def test_every_method_of_the_client_is_there_or_has_a_reason(module: str) -> None:
    ours = importlib.import_module(module.replace("redis", "syncredis.compat")).Redis
    missing = {name for name in public(dir(importlib.import_module(module).Redis)) if not hasattr(ours, name)}
    assert missing <= ABSENT_METHODS.keys()
    assert all(INSTEAD.values())


def test_the_client_takes_the_same_arguments_in_the_same_order() -> None:
    theirs = inspect.signature(redis.Redis.__init__).parameters
    ours = inspect.signature(syncredis.compat.Redis.__init__).parameters
    assert list(theirs) == list(ours)
    for name, parameter in theirs.items():
        if isinstance(parameter.default, (str, int, float, bool, type(None))):
            assert ours[name].default == parameter.default, name


@pytest.mark.parametrize("name", sorted(public(dir(redis.Redis)) - ABSENT_METHODS.keys() - INSTEAD.keys()))
def test_a_method_takes_the_same_arguments(name: str) -> None:
    theirs, ours = getattr(redis.Redis, name), getattr(syncredis.compat.Redis, name)
    if not callable(theirs):
        return
    wanted = [
        parameter
        for parameter in inspect.signature(theirs).parameters.values()
        if parameter.kind != parameter.VAR_KEYWORD
    ]
    taken = inspect.signature(ours).parameters
    names = [p.name for p in taken.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    takes_any = any(parameter.kind == parameter.VAR_KEYWORD for parameter in taken.values())
    by_position = [parameter.name for parameter in wanted if parameter.kind == parameter.POSITIONAL_OR_KEYWORD]
    rest = [parameter for parameter in by_position if parameter not in names]
    assert names[: len(by_position) - len(rest)] == by_position[: len(by_position) - len(rest)]
    assert not rest or takes_any, rest
