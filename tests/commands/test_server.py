from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from syncredis.commands.server_replies import (
    PrimaryRole,
    ReplicaProgress,
    ReplicaRole,
    SentinelRole,
    to_info,
    to_role,
)
from syncredis.exceptions import DataError, ResponseError
from syncredis.testing import ConfigValue, ServerBinary, ServerProcess
from tests.fixtures.surfaces import Surface

PATIENCE = 20.0


@pytest.fixture(scope="module")
def lab() -> Iterator[Callable[..., ServerProcess]]:
    """Starts servers that may be changed in every way, two of each kind."""
    with ExitStack() as stack:

        @cache
        def start(binary: ServerBinary, which: str = "first") -> ServerProcess:
            config: dict[str, ConfigValue] = {"repl-diskless-sync": True, "repl-diskless-sync-delay": 0, "hz": 50}
            if binary.version >= (7, 0, 0):
                config["enable-module-command"] = True
            return stack.enter_context(ServerProcess(binary, config=config))

        yield start


@pytest.fixture
def admin(lab: Callable[..., ServerProcess], binary: ServerBinary, surface: Surface, protocol: int) -> Iterator[Any]:
    """A client of a server that may be changed in every way; it is empty and does nothing in the background."""
    made = surface.Redis(*lab(binary).location, protocol=protocol)
    made.flushall()
    persistence_at_rest(made)
    yield made
    made.close()


def persistence_at_rest(client: Any) -> dict[str, Any]:
    """Wait until the server neither saves nor rewrites anything, and return what INFO says of that then."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        info: dict[str, Any] = client.info("persistence")
        if not (info["rdb_bgsave_in_progress"] or info["aof_rewrite_in_progress"] or info["aof_rewrite_scheduled"]):
            return info
    raise AssertionError("the server does not come to rest")


# --- data -------------------------------------------------------------------------------------------


def test_keys_are_counted_and_deleted(client: Any) -> None:
    client.set("a", 1)
    client.set("b", 2)
    assert client.dbsize() == 2
    assert client.flushdb() is True
    assert client.dbsize() == 0


@pytest.mark.parametrize("asynchronous", [False, True])
def test_all_databases_are_emptied(client: Any, asynchronous: bool) -> None:
    client.set("a", 1)
    client.move("a", 1)
    client.set("b", 1)
    assert client.flushdb(asynchronous) is True
    assert list(client.info("keyspace")) == ["db1"]
    assert client.flushall(asynchronous) is True
    assert client.info("keyspace") == {}


def test_databases_are_exchanged(client: Any) -> None:
    client.set("a", 1)
    assert client.swapdb(0, 1) is True
    assert client.dbsize() == 0
    client.swapdb(0, 1)
    assert client.get("a") == "1"


def test_data_is_saved(admin: Any) -> None:
    admin.set("a", 1)
    assert admin.info("persistence")["rdb_changes_since_last_save"] > 0
    assert admin.save() is True
    assert admin.info("persistence")["rdb_changes_since_last_save"] == 0
    saved = admin.lastsave()
    assert saved.tzinfo is UTC
    assert abs(saved - datetime.now(UTC)) < timedelta(minutes=1)


def test_data_is_saved_in_the_background(admin: Any) -> None:
    admin.set("a", 1)
    assert admin.bgsave() is True
    info = persistence_at_rest(admin)
    assert (info["rdb_changes_since_last_save"], info["rdb_last_bgsave_status"]) == (0, "ok")
    assert admin.bgsave(schedule=False) is True


@pytest.mark.since(valkey="8.1")
def test_saving_in_the_background_is_cancelled(admin: Any) -> None:
    admin.config_set("rdb-key-save-delay", 10_000_000)
    try:
        admin.set("a", 1)
        admin.bgsave()
        assert admin.bgsave(cancel=True) is True
    finally:
        admin.config_set("rdb-key-save-delay", 0)
    assert persistence_at_rest(admin)["rdb_changes_since_last_save"] > 0


def test_the_append_only_file_is_rewritten(admin: Any) -> None:
    assert admin.bgrewriteaof() is True
    info = persistence_at_rest(admin)
    assert info["aof_last_bgrewrite_status"] == "ok"
    assert info["aof_last_rewrite_time_sec"] >= 0


# --- settings and state ---------------------------------------------------------------------------------


def test_settings_are_text_for_every_client(client: Any, raw: Any) -> None:
    settings = raw.config_get("maxmemory*")
    assert settings["maxmemory"] == "0"
    assert settings["maxmemory-policy"] == "noeviction"
    assert all(name.startswith("maxmemory") for name in settings)
    assert len(client.config_get()) > 100


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_several_settings_are_read_at_once(client: Any) -> None:
    assert client.config_get("maxmemory", "appendonly") == {"maxmemory": "0", "appendonly": "no"}


def test_a_setting_is_changed(client: Any) -> None:
    assert client.config_set("maxmemory-samples", 7) is True
    assert client.config_get("maxmemory-samples") == {"maxmemory-samples": "7"}
    client.config_set("maxmemory-samples", "5")
    with pytest.raises(DataError, match="value for each name"):
        client.config_set("maxmemory-samples", 5, "timeout")


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_several_settings_are_changed_at_once(client: Any) -> None:
    assert client.config_set("maxmemory-samples", 7, "set-max-intset-entries", 500) is True
    assert client.config_get("set-max-intset-entries") == {"set-max-intset-entries": "500"}
    assert client.config_set("maxmemory-samples", 5, "set-max-intset-entries", 512) is True


def test_settings_are_written_to_the_file(admin: Any) -> None:
    admin.config_set("maxmemory-samples", 7)
    assert admin.config_rewrite() is True
    assert "maxmemory-samples 7\n" in Path(admin.info("server")["config_file"]).read_text()
    admin.config_set("maxmemory-samples", 5)


def test_counters_are_set_back(client: Any) -> None:
    client.get("missing")
    assert client.info("stats")["keyspace_misses"] > 0
    assert client.config_resetstat() is True
    assert client.info("stats")["keyspace_misses"] == 0


def test_info_has_numbers_and_dictionaries(client: Any, raw: Any) -> None:
    client.set("a", 1)
    client.set("b", 1, ex=100)
    info = raw.info()
    assert info["db0"] | {"keys": 2, "expires": 1} == info["db0"]
    assert info["role"] == "master"
    assert isinstance(info["connected_clients"], int)
    assert isinstance(info["used_cpu_user"], float)
    assert isinstance(info["used_memory_human"], str)
    assert len(info["run_id"]) == len(info["master_replid2"]) == 40


def test_one_section_of_info(client: Any) -> None:
    info = client.info("replication")
    assert info["connected_slaves"] == 0
    assert "redis_version" not in info
    assert client.info("no such section") == {}
    client.ping()
    assert client.info("commandstats")["cmdstat_ping"]["calls"] > 0
    with pytest.raises(DataError, match="section must be given"):
        client.info(None, "server")


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_several_sections_of_info(client: Any) -> None:
    info = client.info("replication", "server")
    assert {"role", "redis_version"} <= set(info)
    assert "used_memory" not in info


def test_how_info_is_read() -> None:
    text = (
        "# Server\r\nrun_id:1234567890123456789012345678901234567890\r\nredis_version:7.0\r\nos:Linux a=b\r\n"
        "config_file:/etc/redis,a=b.conf\r\nlistener0:name=tcp,bind=127.0.0.1,bind=-::1,port=6379\r\n"
        "\r\n# Modules\r\nmodule:name=one,ver=1,using=[a|b]\r\nmodule:name=2,ver=10,using=[]\r\n"
        "master0:name=10,status=ok,address=127.0.0.1:6379\r\nratio:nan\r\nperc:90.5%\r\nempty:\r\ndelta:-1\r\n"
    )
    assert to_info(text.replace("ratio:nan", "ratio:-1.5")) == {
        "run_id": "1234567890123456789012345678901234567890",
        "redis_version": 7.0,
        "os": "Linux a=b",
        "config_file": "/etc/redis,a=b.conf",
        "listener0": {"name": "tcp", "bind": ["127.0.0.1", "-::1"], "port": 6379},
        "modules": [{"name": "one", "ver": 1, "using": "[a|b]"}, {"name": "2", "ver": 10, "using": "[]"}],
        "master0": {"name": "10", "status": "ok", "address": "127.0.0.1:6379"},
        "ratio": -1.5,
        "perc": "90.5%",
        "empty": "",
        "delta": -1,
    }
    assert isinstance(to_info(text)["ratio"], float)


def test_a_picture_comes_with_the_version(client: Any, raw: Any) -> None:
    assert "ver" in raw.lolwut()
    small, large = client.lolwut(5, 10, 1, 1), client.lolwut(5, 60, 10, 10)
    assert len(small) < len(large)


def test_the_time_of_the_server(raw: Any) -> None:
    seconds, microseconds = raw.time()
    assert abs(seconds - time.time()) < 60
    assert 0 <= microseconds < 1_000_000
    assert raw.time().seconds >= seconds


# --- replication ------------------------------------------------------------------------------------------


def test_a_primary_becomes_a_replica_and_hands_over(
    admin: Any, lab: Callable[..., ServerProcess], binary: ServerBinary, surface: Surface, protocol: int
) -> None:
    first, second = lab(binary), lab(binary, "second")
    other = surface.Redis(*second.location, protocol=protocol, decode_responses=False)
    try:
        assert admin.role() == PrimaryRole("primary", admin.role().offset, [])
        assert other.replicaof(*first.location) is True
        state = replica_of(admin, other)
        assert state == ReplicaRole("replica", first.location.host, first.port, "connected", state.offset)
        assert isinstance(state.offset, int)
        (progress,) = admin.role().replicas
        assert progress == ReplicaProgress(second.location.host, second.port, progress.offset)
        assert isinstance(progress.offset, int)

        assert admin.failover(timeout=timedelta(seconds=PATIENCE)) is True
        assert replica_of(other, admin).port == second.port
        assert other.failover(*first.location, force=True, timeout=int(PATIENCE * 1000)) is True
        assert replica_of(admin, other).port == first.port
    finally:
        assert other.replicaof("NO", "ONE") is True
        assert other.role().role == "primary"
        admin.replicaof("NO", "ONE")
        other.close()


def replica_of(primary: Any, replica: Any) -> ReplicaRole:
    """Wait until both agree that they are connected, and return what the replica says."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        above, below = primary.role(), replica.role()
        if isinstance(above, PrimaryRole) and above.replicas and below.role == "replica" and below.state == "connected":
            assert isinstance(below, ReplicaRole)
            return below
    raise AssertionError(f"not connected: {above}, {below}")


def test_a_failover_needs_replicas(client: Any) -> None:
    with pytest.raises(ResponseError, match="requires connected replicas"):
        client.failover()
    with pytest.raises(ResponseError, match="No failover in progress"):
        client.failover(abort=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"host": "a"}, "host and port need each other"),
        ({"port": 1}, "host and port need each other"),
        ({"host": "a", "port": 1, "force": True}, "force needs host, port and timeout"),
        ({"force": True, "timeout": 1}, "force needs host, port and timeout"),
        ({"abort": True, "timeout": 1}, "abort and timeout exclude each other"),
    ],
)
def test_options_of_failover_that_make_no_sense(client: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        client.failover(**options)


def test_a_sentinel_says_what_it_is(binary: ServerBinary, surface: Surface, protocol: int) -> None:
    with ServerProcess(binary, sentinel=True) as own:
        client = surface.Redis(*own.location, protocol=protocol)
        assert client.role() == SentinelRole("sentinel", [])
        client.close()
    assert to_role(["sentinel", ["one", "two"]]).service_names == ["one", "two"]  # type: ignore[union-attr]


# --- the command table --------------------------------------------------------------------------------------


def test_the_command_table(raw: Any) -> None:
    table = raw.command()
    assert raw.command_count() == len(table)
    get = table["get"]
    assert (get["name"], get["arity"], get["first_key_pos"], get["last_key_pos"], get["step_count"]) == (
        "get",
        2,
        1,
        1,
        1,
    )
    assert set(get["flags"]) == {"readonly", "fast"}
    assert set(get["acl_categories"]) == {"@read", "@string", "@fast"}
    assert get["subcommands"] == {}


def test_some_rows_of_the_command_table(raw: Any) -> None:
    assert list(raw.command_info("get", "nosuch", "set")) == ["get", "set"]
    with pytest.raises(DataError, match="args"):
        raw.command_info()


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_rows_of_the_command_table_tell_more_now(raw: Any) -> None:
    found = raw.command_info("get", "config", "fcall_ro", "dbsize")
    assert found["config"]["subcommands"]["config|get"]["name"] == "config|get"
    (specification,) = found["get"]["key_specifications"]
    assert set(specification["flags"]) == {"RO", "access"}
    assert specification["begin_search"] == {"type": "index", "spec": {"index": 1}}
    assert specification["find_keys"] == {"type": "range", "spec": {"lastkey": 0, "keystep": 1, "limit": 0}}
    assert isinstance(found["fcall_ro"]["key_specifications"][0]["notes"], str)
    assert "request_policy:all_shards" in found["dbsize"]["tips"]


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_the_documentation_of_commands(raw: Any) -> None:
    docs = raw.command_docs("set", "config", "nosuch")
    assert set(docs) == {"set", "config"}
    assert docs["set"]["since"] == "1.0.0"
    assert ("2.6.12", docs["set"]["history"][0][1]) == docs["set"]["history"][0]
    arguments = {argument["name"]: argument for argument in docs["set"]["arguments"]}
    assert arguments["key"]["type"] == "key"
    assert {"NX", "XX"} <= {choice["token"] for choice in arguments["condition"]["arguments"]}
    assert arguments["condition"]["flags"] == ["optional"]
    assert docs["config"]["subcommands"]["config|get"]["arguments"][0]["name"]
    assert len(raw.command_docs()) > 200


def test_the_keys_of_a_command(client: Any, raw: Any) -> None:
    assert client.command_getkeys("MSET", "a", 1, "b", 2) == ["a", "b"]
    assert raw.command_getkeys("GET", b"\xff") == [b"\xff"]
    with pytest.raises(DataError, match="args"):
        client.command_getkeys()


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_the_keys_of_a_command_and_what_is_done_to_them(client: Any, raw: Any) -> None:
    assert client.command_getkeysandflags("GET", "a") == [("a", ["RO", "access"])]
    ((key, what),) = raw.command_getkeysandflags("SET", b"\xff", 1)
    assert (key, set(what)) == (b"\xff", {"OW", "update"})
    with pytest.raises(DataError, match="args"):
        client.command_getkeysandflags()


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_the_names_of_commands(raw: Any) -> None:
    assert "get" in raw.command_list()
    assert set(raw.command_list(pattern="xa*")) == {"xack", "xadd", "xautoclaim"}
    assert "eval" in raw.command_list(category="scripting")
    assert raw.command_list(module="nosuch") == []
    with pytest.raises(DataError, match="module and pattern exclude each other"):
        raw.command_list(module="a", pattern="b")


# --- modules --------------------------------------------------------------------------------------------------

TINY = """
typedef int (*get_api)(const char *, void *);
int RedisModule_OnLoad(void **context, void **arguments, int count) {
    int (*set_attributes)(void *, const char *, int, int);
    (void)arguments; (void)count;
    if (((get_api)context[0])("RedisModule_SetModuleAttribs", &set_attributes) != 0) return 1;
    set_attributes(context, "tiny", 7, 1);
    return 0;
}
"""


@pytest.fixture(scope="session")
def module(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a module that does nothing."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler for a module")
    source = tmp_path_factory.mktemp("module") / "tiny.c"
    source.write_text(TINY)
    target = source.with_suffix(".so")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", target, source], check=True)
    return str(target)


def test_a_module_is_loaded_and_unloaded(admin: Any, module: str) -> None:
    before = admin.module_list()
    assert admin.module_load(module, "a", 1) is True
    try:
        (found,) = [entry for entry in admin.module_list() if entry not in before]
        assert (found["name"], found["ver"]) == ("tiny", 7)
        if "path" in found:  # since Redis 7.0
            assert (found["path"], found["args"]) == (module, ["a", "1"])
        assert "tiny" in [entry["name"] for entry in admin.info("modules")["modules"]]
    finally:
        assert admin.module_unload("tiny") is True
    assert admin.module_list() == before
    with pytest.raises(ResponseError, match="Error loading the extension"):
        admin.module_load("/nosuch")


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_a_module_is_loaded_with_settings(admin: Any, module: str) -> None:
    assert admin.module_loadex(module, args=["a", "b"]) is True
    (args,) = [entry["args"] for entry in admin.module_list() if entry["name"] == "tiny"]
    admin.module_unload("tiny")
    assert args == ["a", "b"]
    with pytest.raises(ResponseError, match="Error loading the extension"):
        admin.module_loadex(module, options=["tiny.one", "1", "tiny.two", "2"], args=["a"])
    with pytest.raises(DataError, match="value for each name"):
        admin.module_loadex(module, options=["tiny.one"])
