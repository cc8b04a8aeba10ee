"""What redis-py has and the shims have not: listed here by name, each with its reason."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator

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

CLUSTER = "belongs to the client for clusters, which is not there"
INTERNAL = "redis-py's own machinery, which nothing documents for users"
MODULES = "has methods for modules of the server, which are not there; execute_command sends their commands"
MULTI = "belongs to clients of several databases; Sentinel is what is there for that"
NOTIFIED = "belongs to maintenance notifications, which only Redis's own service sends"
PREVIEW = "belongs to previews of Redis 8; execute_command sends their commands"
TYPED = "is a type of redis-py's annotations: nothing exists at run time that would have it"
GROUPED = "groups methods of redis-py's client, which are here in the client itself"

#: Submodules that are not there, by how their names begin; what begins with an underscore is left out.
ABSENT_MODULES = {
    "redis.asyncio.http": INTERNAL,
    "redis.asyncio.maint_notifications": NOTIFIED,
    "redis.asyncio.multidb": MULTI,
    "redis.asyncio.observability": "redis-py's own metrics; syncredis.telemetry has those of this library",
    "redis.auth": "gets tokens of identity providers, by further packages; a CredentialProvider may do so",
    "redis.background": INTERNAL,
    "redis.cache": "client-side caching; syncredis.Redis(...).cached() is what is there",
    "redis.commands.bf": MODULES,
    "redis.commands.cluster": CLUSTER,
    "redis.commands.json": MODULES,
    "redis.commands.policies": CLUSTER,
    "redis.commands.redismodules": MODULES,
    "redis.commands.search": MODULES,
    "redis.commands.timeseries": MODULES,
    "redis.commands.vectorset": MODULES,
    "redis.crc": CLUSTER,
    "redis.data_structure": INTERNAL,
    "redis.event": INTERNAL,
    "redis.himport": PREVIEW,
    "redis.http": INTERNAL,
    "redis.maint_notifications": NOTIFIED,
    "redis.multidb": MULTI,
    "redis.observability": "redis-py's own metrics; syncredis.telemetry has those of this library",
    "redis.ocsp": "revocation by OCSP is not checked; an ssl_context of one's own may",
}

#: Names of submodules that are not there, in the order in which a reason is looked for.
ABSENT_NAMES = {
    r"redis(\.asyncio)?\.cluster\..*": CLUSTER,
    r".*\.(TYPE_CHECKING|SENTINEL|C|E|T)": "imported there for redis-py's own use",
    r".*\.(SSL_AVAILABLE|HIREDIS_AVAILABLE|CRYPTOGRAPHY_AVAILABLE|DEFAULT_RESP_VERSION)": "is in redis.utils",
    r".*\.(DEFAULT_RETRY_\w+|SYM_\w+|DB_CLIENT_\w+)": INTERNAL,
    r".*\.\w*MaintNotifications\w*": NOTIFIED,
    r".*\.(\w+Protocol|\w*ExceptionHandler|MonitorCommandInfo|ConnectKwargs|TLSVersion|VerifyFlags|VerifyMode)": TYPED,
    r".*\.Abstract\w+": "a base class without anything of its own that users call",
    r".*\.ConnectionPoolInterface": "a base class without anything of its own that users call",
    r".*\.(CacheProxyConnection|\w+RespSerializer|RedisSSLContext|SentinelConnectionPoolProxy|DefaultParser)": INTERNAL,
    r"redis\.client\.(add_debug|is_debug)\w+": INTERNAL,
    r"redis\.int_or_str": INTERNAL,
    r"redis\.commands\.READ_COMMANDS": CLUSTER,
    r"redis\.commands\.core\.(Array\w+|HIMPORT\w+|Hotkeys\w+)": PREVIEW,
    r"redis\.commands\.core\.\w+Commands": GROUPED,
    r"redis\.commands\.core\.(DataPersistOptions|HashDataPersistOptions)": "their values are given as strings",
    r"redis\.commands\.core\.HAS_XXHASH": "belongs to digest_local, which is not there",
    r"redis\.commands\.helpers\.\w+": INTERNAL,
    r"redis\.utils\.\w+": INTERNAL,
}


def submodules() -> Iterator[str]:
    for found in pkgutil.walk_packages(redis.__path__, "redis.", onerror=lambda _: None):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield found.name


def absent(name: str) -> bool:
    return any(name == start or name.startswith(f"{start}.") for start in ABSENT_MODULES)


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


@pytest.mark.parametrize("module", sorted(submodules()))
def test_every_submodule_is_there_with_its_names_or_has_a_reason(module: str) -> None:
    ours = module.replace("redis", "syncredis.compat", 1)
    if absent(module):
        assert importlib.util.find_spec(ours.rpartition(".")[0]) is None or importlib.util.find_spec(ours) is None
        return
    theirs, found = importlib.import_module(module), importlib.import_module(ours)
    defined = {
        name
        for name in public(vars(theirs))
        if not inspect.ismodule(getattr(theirs, name))
        and getattr(getattr(theirs, name), "__module__", module) == module
    }
    lacking = {f"{module}.{name}" for name in defined if not hasattr(found, name)}
    assert not {name for name in lacking if not any(re.fullmatch(known, name) for known in ABSENT_NAMES)}


def test_every_reason_is_needed() -> None:
    modules = set(submodules())
    assert not {start for start in ABSENT_MODULES if start not in modules}


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
