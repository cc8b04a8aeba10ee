"""The commands on functions."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from syncredis import DataError, ResponseError
from syncredis.exceptions import NotBusyError
from syncredis.testing import ServerProcess

pytestmark = pytest.mark.since(redis="7.0", valkey="7.2")

PATIENCE = 20.0
CODE = """#!lua name=mine
redis.register_function('put', function(keys, args) return redis.call('SET', keys[1], args[1]) end)
redis.register_function{
    function_name = 'count',
    callback = function(keys, args) return {#keys, #args, args[1]} end,
    flags = {'no-writes'},
    description = 'counts',
}
"""
LOOP = """#!lua name=loop
redis.register_function{
    function_name = 'loop', callback = function(keys, args) for i = 1, 1e9 do end end, flags = {'no-writes'}
}
"""


@pytest.fixture(autouse=True)
def no_functions(server: ServerProcess) -> Iterator[None]:
    server.execute_command("FUNCTION", "FLUSH")
    yield
    server.execute_command("FUNCTION", "FLUSH")


def names(client: Any) -> set[str]:
    return {library["library_name"] for library in client.function_list()}


def library(name: str) -> str:
    return f"#!lua name={name}\nredis.register_function('{name}_f', function() return '{name}' end)"


def test_functions_are_loaded_and_run(client: Any, raw: Any) -> None:
    assert client.function_load(CODE) == "mine"
    assert client.fcall("put", 1, "k", "v") == "OK"
    assert client.get("k") == "v"
    assert client.fcall("count", 2, "a", "b", 5) == [2, 1, "5"]
    assert raw.fcall_ro("count", 0, b"\xff") == [0, 1, b"\xff"]
    with pytest.raises(ResponseError, match="write flag"):
        client.fcall_ro("put", 1, "k", "w")
    assert client.get("k") == "v"


def test_a_library_is_replaced(client: Any, raw: Any) -> None:
    client.function_load(library("one"))
    with pytest.raises(ResponseError, match="already exists"):
        client.function_load(library("one"))
    assert raw.function_load(library("one").replace("return 'one'", "return 'other'").encode(), replace=True) == "one"
    assert client.fcall("one_f", 0) == "other"


@pytest.mark.parametrize("name", ["fcall", "fcall_ro"])
def test_more_keys_than_there_are(client: Any, name: str) -> None:
    with pytest.raises(DataError, match=r"numkeys must be a number from 0 to 1, .* not 2"):
        getattr(client, name)("count", 2, "a")


def test_libraries_are_listed(client: Any, raw: Any) -> None:
    assert client.function_list() == []
    client.function_load(CODE)
    client.function_load(library("other"))
    (found,) = raw.function_list("mi*")
    functions = found.pop("functions")
    assert found == {"library_name": "mine", "engine": "LUA"}
    assert sorted(functions, key=lambda function: function["name"]) == [
        {"name": "count", "description": "counts", "flags": ["no-writes"]},
        {"name": "put", "description": None, "flags": []},
    ]
    assert names(client) == {"mine", "other"}


def test_libraries_are_listed_with_their_text(client: Any, raw: Any) -> None:
    client.function_load(CODE)
    (found,) = client.function_list(withcode=True)
    assert (found["library_name"], found["library_code"]) == ("mine", CODE)
    (found,) = raw.function_list("mine", True)
    assert (found["library_name"], found["library_code"]) == ("mine", CODE.encode())


def test_libraries_are_deleted(client: Any) -> None:
    for name in ("one", "two", "three"):
        client.function_load(library(name))
    assert client.function_delete("one") is True
    assert names(client) == {"two", "three"}
    with pytest.raises(ResponseError, match="not found"):
        client.function_delete("one")
    assert client.function_flush() is True
    assert names(client) == set()
    client.function_load(library("one"))
    assert client.function_flush("async") is True
    assert names(client) == set()
    with pytest.raises(DataError, match="mode must be SYNC or ASYNC, not 'LATER'"):
        client.function_flush("LATER")


def test_libraries_are_dumped_and_restored(client: Any, raw: Any) -> None:
    client.function_load(library("one"))
    dump = client.function_dump()
    assert isinstance(dump, bytes)
    assert dump == raw.function_dump()
    client.function_flush()
    client.function_load(library("two"))
    assert client.function_restore(dump) is True
    assert names(client) == {"one", "two"}
    for policy in ("APPEND", None):
        with pytest.raises(ResponseError, match="already exists"):
            client.function_restore(dump, policy)
    assert client.function_restore(dump, "replace") is True
    assert names(client) == {"one", "two"}
    assert client.function_restore(memoryview(dump), "FLUSH") is True
    assert names(client) == {"one"}
    with pytest.raises(DataError, match="policy must be APPEND or FLUSH or REPLACE, not 'ADD'"):
        client.function_restore(dump, "ADD")


def test_functions_are_counted(client: Any, raw: Any) -> None:
    client.function_load(CODE)
    counts = {"libraries_count": 1, "functions_count": 2}
    for one in (client, raw):
        assert one.function_stats() == {"running_script": None, "engines": {"LUA": counts}}


def test_a_running_function_is_shown_and_ended(client: Any, raw: Any, server: ServerProcess) -> None:
    with pytest.raises(NotBusyError):
        client.function_kill()
    client.function_load(LOOP)
    client.config_set("busy-reply-threshold", 1)
    raw.ping()
    errors: list[ResponseError] = []
    caller = threading.Thread(target=run_for_long, args=(server, errors))
    caller.start()
    try:
        running = running_function(raw)
        assert client.function_stats()["running_script"]["name"] == "loop"
        assert client.function_kill() is True
    finally:
        caller.join()
        client.config_set("busy-reply-threshold", 5000)
    duration = running.pop("duration_ms")
    assert running == {"name": "loop", "command": ["FCALL", "loop", "1", "k", "\ufffd"]}
    assert isinstance(duration, int)
    assert "killed by user" in str(errors[0])


def run_for_long(server: ServerProcess, errors: list[ResponseError]) -> None:
    with pytest.raises(ResponseError) as caught:
        server.execute_command("FCALL", "loop", 1, "k", b"\xff")
    errors.append(caught.value)


def running_function(client: Any) -> Any:
    """Return what is told of the running function, as soon as it runs."""
    deadline = time.monotonic() + PATIENCE
    while (running := client.function_stats()["running_script"]) is None:
        assert time.monotonic() < deadline
    return running
