from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest

from syncredis.commands.diagnostics_replies import to_debug_object
from syncredis.exceptions import DataError, ResponseError
from syncredis.testing import ServerBinary, ServerProcess
from tests.fixtures.surfaces import Surface


@pytest.fixture(scope="module")
def debugged() -> Iterator[Callable[[ServerBinary], ServerProcess]]:
    """Starts servers that allow DEBUG, one of each kind."""
    with ExitStack() as stack:

        @cache
        def start(binary: ServerBinary) -> ServerProcess:
            allowed = {} if binary.version < (7, 0, 0) else {"enable-debug-command": "yes"}
            return stack.enter_context(ServerProcess(binary, config=allowed))

        yield start


@pytest.fixture
def admin(
    debugged: Callable[[ServerBinary], ServerProcess], binary: ServerBinary, surface: Surface, protocol: int
) -> Iterator[Any]:
    """A client of an empty server that allows DEBUG and has logged nothing."""
    made = surface.Redis(*debugged(binary).location, protocol=protocol)
    made.flushall()
    made.latency_reset()
    made.slowlog_reset()
    yield made
    made.close()


# --- SLOWLOG and COMMANDLOG -----------------------------------------------------------------------------


def test_slow_commands_are_logged(admin: Any) -> None:
    admin.config_set("slowlog-log-slower-than", 0)
    admin.exists(b"hello \xff")
    admin.config_set("slowlog-log-slower-than", 10_000)
    entries = admin.slowlog_get()
    assert admin.slowlog_len() >= 2
    (entry,) = [entry for entry in entries if entry["command"].startswith("EXISTS")]
    assert entry["command"] == r"EXISTS hello \xff"
    assert abs(entry["start_time"] - time.time()) < 60
    assert 0 <= entry["duration"] < 1_000_000
    assert entry["client_address"].startswith("127.0.0.1:")
    assert isinstance(entry["client_name"], str)
    assert entry["id"] in [entry["id"] for entry in entries]
    assert len(admin.slowlog_get(1)) == 1
    assert admin.slowlog_reset() is True
    assert admin.slowlog_len() == 0
    assert admin.slowlog_get() == []


@pytest.mark.since(valkey="8.1")
@pytest.mark.parametrize(
    ("log", "setting"),
    [("large-request", "commandlog-request-larger-than"), ("large-reply", "commandlog-reply-larger-than")],
)
def test_large_requests_and_replies_are_logged(admin: Any, log: str, setting: str) -> None:
    admin.commandlog_reset(log)
    before = admin.config_get(setting)[setting]
    admin.config_set(setting, 1000)
    admin.echo("x" * 2000)
    admin.config_set(setting, before)
    assert admin.commandlog_len(log) == 1
    (entry,) = admin.commandlog_get(-1, log)
    assert entry["command"].startswith("ECHO xxx")
    assert 2000 <= entry["value"] < 3000
    assert abs(entry["start_time"] - time.time()) < 60
    assert entry["client_address"].startswith("127.0.0.1:")
    assert admin.commandlog_reset(log) is True
    assert admin.commandlog_get(10, log) == []


def test_there_are_three_logs(client: Any) -> None:
    for call in (client.commandlog_len, client.commandlog_reset, lambda log: client.commandlog_get(1, log)):
        with pytest.raises(DataError, match="type must be SLOW or LARGE-REQUEST or LARGE-REPLY, not 'odd'"):
            call("odd")


# --- LATENCY ----------------------------------------------------------------------------------------------


def test_latency_spikes_are_recorded(admin: Any) -> None:
    admin.config_set("latency-monitor-threshold", 1)
    admin.execute_command("DEBUG", "SLEEP", "0.002")
    admin.config_set("latency-monitor-threshold", 0)

    event = next(event for event in admin.latency_latest() if event.event == "command")
    assert abs(event.time - time.time()) < 60
    assert 1 <= event.latest <= event.maximum < 10_000
    assert event.total is event.spikes is None or event.total >= event.spikes >= 1
    sample = admin.latency_history("command")[-1]
    assert sample == (event.time, sample.latency)
    assert sample.latency >= 1
    assert admin.latency_history("fork") == []
    assert admin.latency_graph("command").startswith("command - high ")
    assert "command:" in admin.latency_doctor()
    with pytest.raises(ResponseError, match="No samples available"):
        admin.latency_graph("fork")

    assert admin.latency_reset("fork") == 0
    assert admin.latency_reset("fork", "command") == 1
    assert admin.latency_history("command") == []


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_calls_are_counted_by_how_long_they_took(admin: Any) -> None:
    admin.config_resetstat()
    admin.set("a", 1)
    admin.get("a")
    admin.get("a")
    found = admin.latency_histogram("get", "set", "del")
    assert set(found) == {"get", "set"}
    assert found["get"]["calls"] == 2
    assert max(found["get"]["histogram_usec"].values()) == 2
    assert all(isinstance(limit, int) for limit in found["get"]["histogram_usec"])
    assert {"get", "set", "config|resetstat"} <= set(admin.latency_histogram())


# --- MEMORY and DEBUG OBJECT --------------------------------------------------------------------------------


def test_what_memory_is_used_for(client: Any, raw: Any) -> None:
    client.set("a", 1)
    stats = raw.memory_stats()
    assert stats["keys.count"] == 1
    assert isinstance(stats["dataset.percentage"], float)
    assert isinstance(stats["fragmentation"], float)
    assert stats["db.0"]["overhead.hashtable.main"] > 0


def test_what_memory_a_key_takes(client: Any) -> None:
    assert client.memory_usage("missing") is None
    client.set("a", "x" * 1000)
    assert client.memory_usage("a") > 1000
    client.execute_command("RPUSH", "list", *(["x" * 100] * 100))
    assert client.memory_usage("list", samples=0) > 10_000


def test_reports_on_memory(raw: Any) -> None:
    assert "Sam" in raw.memory_doctor()
    assert any(line.startswith("USAGE <key>") for line in raw.memory_help())
    assert "jemalloc" in raw.memory_malloc_stats() or "not supported" in raw.memory_malloc_stats()
    assert raw.memory_purge() is True


def test_how_a_value_is_kept(admin: Any) -> None:
    admin.set("a", "text")
    details = admin.debug_object("a")
    assert (details["type"], details["encoding"], details["refcount"]) == ("Value", "embstr", 1)
    with pytest.raises(ResponseError):
        admin.debug_object("missing")


def test_how_the_details_of_a_value_are_read() -> None:
    assert to_debug_object("Value at:0x7f refcount:1 encoding:quicklist ql_avg_node:3.00 ql_listpack_max:-2") == {
        "type": "Value",
        "at": "0x7f",
        "refcount": 1,
        "encoding": "quicklist",
        "ql_avg_node": 3.0,
        "ql_listpack_max": -2,
    }
