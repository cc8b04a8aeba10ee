"""The commands on scripts."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import Any

import pytest

from syncredis import DataError, ResponseError
from syncredis.exceptions import NoScriptError, NotBusyError
from syncredis.testing import ServerProcess

MISSING = "0" * 40
PATIENCE = 20.0


def test_the_result_of_a_script(client: Any, raw: Any) -> None:
    assert client.eval("return {1, 3.9, 'a', {true, 'b'}}", 0) == [1, 3, "a", [1, "b"]]
    assert client.eval("return false", 0) is None
    assert client.eval("return {ok = 'fine'}", 0) == "fine"
    assert raw.eval(b"return {'a', '\xff'}", 0) == [b"a", b"\xff"]
    with pytest.raises(ResponseError, match="went wrong"):
        client.eval("return {err = 'ERR went wrong'}", 0)


def test_keys_and_arguments_of_a_script(client: Any) -> None:
    script = "redis.call('SET', KEYS[1], ARGV[1]) return {KEYS[2], ARGV[2], #KEYS, #ARGV}"
    assert client.eval(script, 2, "k", "l", "v", 5) == ["l", "5", 2, 2]
    assert client.get("k") == "v"
    assert client.eval("return #KEYS + #ARGV", 0) == 0


@pytest.mark.parametrize("name", ["eval", "eval_ro", "evalsha", "evalsha_ro"])
def test_more_keys_than_there_are(client: Any, name: str) -> None:
    for numkeys in (-1, 3, "2"):
        with pytest.raises(DataError, match=rf"numkeys must be a number from 0 to 2, .* not {numkeys!r}"):
            getattr(client, name)("return 1", numkeys, "a", "b")


def test_a_script_that_the_server_keeps(client: Any, raw: Any) -> None:
    script = "return {KEYS[1], ARGV[1]}"
    assert client.script_flush() is True
    sha = client.script_load(script)
    assert sha == raw.script_load(script.encode()) == hashlib.sha1(script.encode()).hexdigest()
    assert client.script_exists(sha, MISSING) == [True, False]
    assert client.evalsha(sha, 1, "k", "v") == ["k", "v"]
    assert raw.evalsha(sha, 1, "k", b"\xff") == [b"k", b"\xff"]
    with pytest.raises(NoScriptError):
        client.evalsha(MISSING, 0)
    with pytest.raises(DataError, match="args must hold at least one"):
        client.script_exists()


@pytest.mark.parametrize("mode", [None, "SYNC", "async"])
def test_scripts_are_forgotten(client: Any, mode: Any) -> None:
    sha = client.script_load("return 1")
    assert client.script_flush(mode) is True
    assert client.script_exists(sha) == [False]


def test_scripts_are_forgotten_in_one_of_two_ways(client: Any) -> None:
    with pytest.raises(DataError, match="sync_type must be SYNC or ASYNC, not 'LATER'"):
        client.script_flush("LATER")


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_scripts_that_must_not_write(client: Any) -> None:
    client.set("k", "v")
    read, write = "return redis.call('GET', KEYS[1])", "return redis.call('SET', KEYS[1], 1)"
    assert client.eval_ro(read, 1, "k") == "v"
    assert client.evalsha_ro(client.script_load(read), 1, "k") == "v"
    with pytest.raises(ResponseError, match="Write commands are not allowed"):
        client.eval_ro(write, 1, "k")
    with pytest.raises(ResponseError, match="Write commands are not allowed"):
        client.evalsha_ro(client.script_load(write), 1, "k")
    assert client.get("k") == "v"


@pytest.mark.since(valkey="8.0")
def test_the_text_of_a_script(client: Any, raw: Any) -> None:
    sha = client.script_load("return 1")
    assert client.script_show(sha) == "return 1"
    assert raw.script_show(sha) == b"return 1"
    with pytest.raises(NoScriptError):
        client.script_show(MISSING)


def test_a_running_script_is_ended(client: Any, server: ServerProcess) -> None:
    with pytest.raises(NotBusyError):
        client.script_kill()
    client.config_set("lua-time-limit", 1)
    errors: list[ResponseError] = []
    caller = threading.Thread(target=run_for_long, args=(server, errors))
    caller.start()
    try:
        assert kill(client) is True
    finally:
        caller.join()
        client.config_set("lua-time-limit", 5000)
    assert "killed by user" in str(errors[0])


def run_for_long(server: ServerProcess, errors: list[ResponseError]) -> None:
    with pytest.raises(ResponseError) as caught:
        server.execute_command("EVAL", "for i = 1, 1e9 do end", 0)
    errors.append(caught.value)


def kill(client: Any) -> object:
    """End the script as soon as it runs."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return client.script_kill()
        except NotBusyError:
            assert time.monotonic() < deadline
