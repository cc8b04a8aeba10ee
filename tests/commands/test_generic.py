"""The generic commands, with those about expiry and SORT."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncredis import Redis
from syncredis.commands import Recorder
from syncredis.exceptions import BusyKeyError, DataError, ResponseError
from syncredis.testing import ServerBinary, ServerProcess

SPAN = 100_000  # seconds, long enough for the tests
MOMENT = int(time.time()) + SPAN
PASSWORD = "secret"


def is_about(value: object, wanted: int, slack: int = 1_000) -> bool:
    return type(value) is int and wanted - slack <= value <= wanted


@contextmanager
def config(client: Any, name: str, value: str) -> Iterator[None]:
    """Set a directive of the server for a while."""
    before = client.execute_command("CONFIG", "GET", name)
    client.execute_command("CONFIG", "SET", name, value)
    try:
        yield
    finally:
        client.execute_command("CONFIG", "SET", name, before[name] if isinstance(before, dict) else before[1])


# -- keys


def test_copy_keeps_the_source_and_overwrites_only_if_asked_to(client: Any) -> None:
    client.mset({"a": "1", "b": "2"})
    assert client.copy("a", "b") is False
    assert client.copy("a", "c") is True
    assert client.copy("a", "b", replace=True) is True
    assert client.mget("a", "b", "c") == ["1", "1", "1"]
    assert client.copy("nope", "d") is False


def test_copy_to_another_database(client: Any) -> None:
    client.set("a", "1")
    assert client.copy("a", "a", destination_db=1) is True
    assert client.copy("a", "a", 1) is False
    assert client.copy("a", "a", 1, True) is True
    assert client.move("a", 1) is False


@pytest.mark.parametrize("method", ["delete", "unlink"])
def test_keys_are_deleted_and_counted(client: Any, method: str) -> None:
    client.mset({"a": "1", "b": "2", "c": "3"})
    assert getattr(client, method)("a", b"b", "nope") == 2
    assert client.keys() == ["c"]


@pytest.mark.parametrize(
    ("method", "parameter"), [("delete", "names"), ("unlink", "names"), ("exists", "names"), ("touch", "args")]
)
def test_no_keys_at_all_are_refused(client: Any, method: str, parameter: str) -> None:
    with pytest.raises(DataError, match=parameter):
        getattr(client, method)()
    with pytest.raises(DataError, match="list"):
        getattr(client, method)(["a", "b"])


@pytest.mark.parametrize("method", ["exists", "touch"])
def test_keys_are_counted(client: Any, method: str) -> None:
    client.mset({"a": "1", "b": "2"})
    assert getattr(client, method)("a", "a", "b", "nope") == 3
    assert getattr(client, method)("nope") == 0


def test_keys(client: Any) -> None:
    client.mset({"a1": "1", "a2": "2", "b1": "3"})
    everything = client.keys()
    assert isinstance(everything, list)
    assert set(everything) == {"a1", "a2", "b1"}
    assert set(client.keys("a*")) == {"a1", "a2"}
    assert client.keys("c*") == []


def test_keys_as_bytes(raw: Any) -> None:
    raw.set("a", "1")
    assert raw.keys(b"?") == [b"a"]
    assert raw.randomkey() == b"a"


def test_move_takes_the_key_to_another_database(client: Any) -> None:
    client.set("a", "1")
    assert client.move("a", 1) is True
    assert client.exists("a") == 0
    assert client.move("a", 1) is False


def test_randomkey(client: Any) -> None:
    assert client.randomkey() is None
    client.set("a", "1")
    assert client.randomkey() == "a"


def test_rename(client: Any) -> None:
    client.mset({"a": "1", "b": "2"})
    assert client.rename("a", "b") is True
    assert client.get("b") == "1"
    assert client.keys() == ["b"]
    with pytest.raises(ResponseError, match="no such key"):
        client.rename("a", "b")


def test_renamenx_does_not_overwrite(client: Any) -> None:
    client.mset({"a": "1", "b": "2"})
    assert client.renamenx("a", "b") is False
    assert client.renamenx("a", "c") is True
    assert client.mget("b", "c") == ["2", "1"]


def test_type(client: Any) -> None:
    client.set("a", "1")
    client.lpush("l", "1")
    assert client.type("a") == "string"
    assert client.type("l") == "list"
    assert client.type("nope") == "none"


def test_names_of_types_and_encodings_follow_the_decoding(raw: Any) -> None:
    raw.set("a", "1")
    assert raw.type("a") == b"string"
    assert raw.object_encoding("a") == b"int"
    assert raw.object("encoding", "a") == b"int"


# -- what the server knows about values


def test_object(client: Any) -> None:
    client.set("a", "text")
    assert client.object("ENCODING", "a") == "embstr"
    assert client.object("refcount", "a") == 1
    assert is_about(client.object("IdleTime", "a"), 100, slack=100)
    assert client.object("ENCODING", "nope") is None
    with pytest.raises(DataError, match=r"infotype must be ENCODING or .* not 'HELP'"):
        client.object("HELP", "a")


def test_object_encoding_and_refcount(client: Any) -> None:
    client.set("a", "text")
    assert client.object_encoding("a") == "embstr"
    assert client.object_refcount("a") == 1
    assert client.object_encoding("nope") is None
    assert client.object_refcount("nope") is None


def test_object_idletime_of_a_restored_key(client: Any) -> None:
    client.set("a", "text")
    value = client.dump("a")
    assert client.restore("b", 0, value, idletime=500) is True
    assert client.restore("c", 0, value, idletime=timedelta(seconds=700)) is True
    assert is_about(client.object_idletime("b"), 600, slack=100)
    assert is_about(client.object_idletime("c"), 800, slack=100)
    assert client.object_idletime("nope") is None
    assert client.touch("b") == 1
    assert is_about(client.object_idletime("b"), 100, slack=100)


def test_object_freq_of_a_restored_key(client: Any) -> None:
    client.set("a", "text")
    value = client.dump("a")
    with pytest.raises(ResponseError, match="LFU"):
        client.object_freq("a")
    with config(client, "maxmemory-policy", "allkeys-lfu"):
        assert client.restore("b", 0, value, frequency=200) is True
        assert is_about(client.object_freq("b"), 200, slack=2)
        assert client.object_freq("nope") is None


# -- dump, restore, migrate


def test_dump_and_restore(client: Any) -> None:
    client.set("a", "text")
    value = client.dump("a")
    assert type(value) is bytes
    assert client.dump("nope") is None
    assert client.restore("b", 0, value) is True
    assert client.get("b") == "text"
    assert client.ttl("b") == -1
    with pytest.raises(BusyKeyError):
        client.restore("b", 0, value)
    assert client.restore("b", 1000 * SPAN, value, replace=True) is True
    assert is_about(client.ttl("b"), SPAN)


def test_dump_of_a_client_of_bytes(raw: Any) -> None:
    raw.set("a", b"\xff")
    assert raw.restore("b", timedelta(seconds=SPAN), memoryview(raw.dump("a"))) is True
    assert raw.get("b") == b"\xff"
    assert is_about(raw.ttl("b"), SPAN)


def test_restore_until_a_point_in_time(client: Any) -> None:
    client.set("a", "1")
    value = client.dump("a")
    assert client.restore("b", 1000 * MOMENT, value, absttl=True) is True
    assert client.restore("c", datetime.fromtimestamp(MOMENT, UTC), value, absttl=True) is True
    assert is_about(client.ttl("b"), SPAN)
    assert is_about(client.ttl("c"), SPAN)


def test_restore_refuses(client: Any) -> None:
    with pytest.raises(DataError, match="idletime and frequency exclude each other"):
        client.restore("a", 0, b"", idletime=1, frequency=1)
    with pytest.raises(DataError, match="ttl must be a point in time"):
        client.restore("a", timedelta(seconds=1), b"", absttl=True)
    with pytest.raises(DataError, match="ttl can be a point in time with absttl only"):
        client.restore("a", datetime.now(UTC), b"")


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[ServerBinary, ServerProcess]]:
    started: dict[ServerBinary, ServerProcess] = {}
    yield started
    for server in started.values():
        server.close()


@pytest.fixture
def target(targets: dict[ServerBinary, ServerProcess], binary: ServerBinary) -> Iterator[Redis[str]]:
    """A client of another server of the same kind, one that wants a password."""
    if binary not in targets:
        targets[binary] = ServerProcess(binary, password=PASSWORD)
        targets[binary].start()
    with Redis(*targets[binary].location, password=PASSWORD) as client:
        client.execute_command("FLUSHALL")
        yield client


def test_migrate(client: Any, target: Redis[str]) -> None:
    host, port = target.pool.config.location
    client.mset({"a": "1", "b": "2", "c": "3"})
    assert client.migrate(host, port, "a", 0, 5_000, auth=PASSWORD) is True
    assert client.migrate(host, port, ["b", "c"], 0, 0, copy=True, auth=PASSWORD, username="default") is True
    assert set(client.keys()) == {"b", "c"}
    assert target.mget("a", "b", "c") == ["1", "2", "3"]
    client.set("b", "new")
    with pytest.raises(ResponseError, match="BUSYKEY"):
        client.migrate(host, port, "b", 0, timedelta(seconds=5), auth=PASSWORD)
    assert client.migrate(host, port, "b", 0, timedelta(seconds=5), replace=True, auth=PASSWORD) is True
    assert target.get("b") == "new"
    assert client.migrate(host, port, ["nope"], 0, 5_000, auth=PASSWORD) is False
    with pytest.raises(ResponseError, match="WRONGPASS"):
        client.migrate(host, port, "c", 0, 5_000, auth=PASSWORD, username="nobody")


def test_migrate_from_a_client_of_bytes(raw: Any, target: Redis[str]) -> None:
    raw.set("a", b"1")
    assert raw.migrate(*target.pool.config.location, [b"a"], 0, 5_000, auth=PASSWORD) is True
    assert target.get("a") == "1"


def test_migrate_refuses(client: Any) -> None:
    with pytest.raises(DataError, match="keys must hold at least one element"):
        client.migrate("127.0.0.1", 1, [], 0, 100)
    with pytest.raises(DataError, match="username needs auth"):
        client.migrate("127.0.0.1", 1, "a", 0, 100, username="someone")


# -- expiry


def test_expire_and_ttl_in_seconds(client: Any) -> None:
    client.set("a", "1")
    assert client.ttl("a") == -1
    assert client.expire("a", SPAN) is True
    assert is_about(client.ttl("a"), SPAN)
    assert client.expire("a", timedelta(seconds=2 * SPAN)) is True
    assert is_about(client.ttl("a"), 2 * SPAN)
    assert client.expire("nope", SPAN) is False
    assert client.ttl("nope") == -2


def test_pexpire_and_pttl_in_milliseconds(client: Any) -> None:
    client.set("a", "1")
    assert client.pttl("a") == -1
    assert client.pexpire("a", 1000 * SPAN) is True
    assert is_about(client.pttl("a"), 1000 * SPAN, slack=1_000_000)
    assert client.pexpire("a", timedelta(seconds=2 * SPAN)) is True
    assert is_about(client.ttl("a"), 2 * SPAN)
    assert client.pexpire("nope", SPAN) is False
    assert client.pttl("nope") == -2


def test_expireat(client: Any) -> None:
    client.set("a", "1")
    assert client.expireat("a", MOMENT) is True
    assert is_about(client.ttl("a"), SPAN)
    assert client.expireat("a", datetime.fromtimestamp(MOMENT + SPAN, UTC)) is True
    assert is_about(client.ttl("a"), 2 * SPAN)
    assert client.expireat("nope", MOMENT) is False
    assert client.expireat("a", 1) is True
    assert client.exists("a") == 0


def test_pexpireat(client: Any) -> None:
    client.set("a", "1")
    assert client.pexpireat("a", 1000 * MOMENT) is True
    assert is_about(client.ttl("a"), SPAN)
    assert client.pexpireat("a", datetime.fromtimestamp(MOMENT + SPAN, UTC)) is True
    assert is_about(client.ttl("a"), 2 * SPAN)
    assert client.pexpireat("nope", MOMENT) is False
    assert client.pexpireat("a", 1) is True
    assert client.exists("a") == 0


def test_persist(client: Any) -> None:
    client.set("a", "1", ex=SPAN)
    assert client.persist("a") is True
    assert client.ttl("a") == -1
    assert client.persist("a") is False
    assert client.persist("nope") is False


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_expiretime_and_pexpiretime(client: Any) -> None:
    client.set("a", "1")
    assert client.expiretime("a") == -1
    assert client.pexpiretime("a") == -1
    assert client.pexpireat("a", 1000 * MOMENT + 7) is True
    assert client.expiretime("a") == MOMENT
    assert client.pexpiretime("a") == 1000 * MOMENT + 7
    assert client.expireat("a", datetime.fromtimestamp(MOMENT, UTC)) is True
    assert client.pexpiretime("a") == 1000 * MOMENT
    assert client.expiretime("nope") == -2
    assert client.pexpiretime("nope") == -2


@pytest.mark.since(redis="7.0", valkey="7.2")
@pytest.mark.parametrize(
    ("method", "first", "later"),
    [
        ("expire", SPAN, 2 * SPAN),
        ("pexpire", 1000 * SPAN, 2000 * SPAN),
        ("expireat", MOMENT, MOMENT + SPAN),
        ("pexpireat", 1000 * MOMENT, 1000 * (MOMENT + SPAN)),
    ],
    ids=["expire", "pexpire", "expireat", "pexpireat"],  # without the time of the day
)
def test_conditions_of_expiry(client: Any, method: str, first: int, later: int) -> None:
    expire = getattr(client, method)
    client.set("a", "1")
    assert expire("a", first, xx=True) is False
    assert expire("a", first, gt=True) is False
    assert expire("a", first, nx=True) is True
    assert expire("a", first, nx=True) is False
    assert expire("a", later, lt=True) is False
    assert expire("a", later, xx=True, gt=True) is True
    assert is_about(client.ttl("a"), 2 * SPAN)
    assert expire("a", first, False, True, False, True) is True
    assert is_about(client.ttl("a"), SPAN)


@pytest.mark.parametrize("method", ["expire", "pexpire", "expireat", "pexpireat"])
@pytest.mark.parametrize("pair", ["nx xx", "nx gt", "nx lt", "gt lt"])
def test_conditions_of_expiry_that_contradict_each_other(client: Any, method: str, pair: str) -> None:
    with pytest.raises(DataError, match=pair.replace(" ", " and ")):
        getattr(client, method)("a", SPAN, **dict.fromkeys(pair.split(), True))


# -- scan


def test_scan(client: Any) -> None:
    wanted = {f"k{number}" for number in range(50)}
    client.mset(dict.fromkeys(wanted, "1"))
    cursor, found = client.scan()
    assert type(cursor) is int
    assert isinstance(found, list)
    assert 0 < len(found) < 50
    everything = set(found)
    while cursor:
        page = client.scan(cursor, count=20)
        cursor = page.cursor
        everything.update(page.keys)
    assert everything == wanted


def test_scan_with_filters(client: Any) -> None:
    client.mset({"a1": "1", "a2": "2"})
    client.lpush("a3", "1")
    cursor, found = client.scan(0, "a*", 1000, "string")
    assert (cursor, set(found)) == (0, {"a1", "a2"})
    assert client.scan(match=b"a*", count=1000, _type="list") == (0, ["a3"])


def test_scan_as_bytes(raw: Any) -> None:
    raw.set("a", "1")
    assert raw.scan() == (0, [b"a"])


# -- sort


def test_sort(client: Any) -> None:
    client.rpush("l", "3", "1", "10", "2")
    assert client.sort("l") == ["1", "2", "3", "10"]
    assert client.sort("l", desc=True) == ["10", "3", "2", "1"]
    assert client.sort("l", alpha=True) == ["1", "10", "2", "3"]
    assert client.sort("l", 1, 2) == ["2", "3"]
    assert client.sort("nope") == []


def test_sort_by_other_keys_and_get_them(client: Any) -> None:
    client.rpush("l", "a", "b", "c")
    client.mset({"weight:a": 3, "weight:b": 1, "weight:c": 2, "name:a": "A", "name:b": "B"})
    assert client.sort("l", by="weight:*") == ["b", "c", "a"]
    assert client.sort("l", by="weight:*", get="name:*") == ["B", None, "A"]
    flat = client.sort("l", by="weight:*", get=["#", "name:*"])
    assert flat == ["b", "B", "c", None, "a", "A"]
    assert client.sort("l", by="weight:*", get=["#", "name:*"], groups=True) == [("b", "B"), ("c", None), ("a", "A")]
    assert client.sort("l", by="weight:*", get="name:*", groups=True) == [("B",), (None,), ("A",)]
    assert client.sort("nope", get="#", groups=True) == []


def test_sort_as_bytes(raw: Any) -> None:
    raw.rpush("l", "2", "1")
    assert raw.sort("l") == [b"1", b"2"]
    assert raw.sort("l", get=["#", "nope:*"], groups=True) == [(b"1", None), (b"2", None)]


def test_sort_and_store(client: Any) -> None:
    client.rpush("l", "3", "1", "2")
    assert client.sort("l", 0, 2, desc=True, store="m") == 2
    assert client.lrange("m", 0, -1) == ["3", "2"]


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_sort_ro(client: Any) -> None:
    client.rpush("l", "3", "1", "10", "2")
    client.mset({"name:1": "A", "name:2": "B"})
    assert client.sort_ro("l") == ["1", "2", "3", "10"]
    assert client.sort_ro("l", 0, 2, desc=True) == ["10", "3"]
    assert client.sort_ro("l", alpha=True, get=["#", "name:*"]) == ["1", "A", "10", None, "2", "B", "3", None]
    assert client.sort_ro("l", 0, 1, by="nosort", get="#") == ["3"]


def test_sort_refuses(client: Any) -> None:
    for sort in (client.sort, client.sort_ro):
        with pytest.raises(DataError, match="start and num need each other"):
            sort("l", start=1)
        with pytest.raises(DataError, match="start and num need each other"):
            sort("l", num=1)
        with pytest.raises(DataError, match="get must hold at least one element"):
            sort("l", get=[])
    with pytest.raises(DataError, match="groups needs get"):
        client.sort("l", groups=True)
    with pytest.raises(DataError, match="store and groups exclude each other"):
        client.sort("l", get="#", store="m", groups=True)


# -- wait


def test_wait_without_replicas(client: Any) -> None:
    client.set("a", "1")
    assert client.wait(0, 10_000) == 0
    assert client.wait(1, 5) == 0
    assert client.wait(1, timedelta(microseconds=1)) == 0


@pytest.mark.since(redis="7.2", valkey="7.2")
def test_waitaof(client: Any) -> None:
    client.set("a", "1")
    assert client.waitaof(0, 0, 10_000) == [0, 0]
    with pytest.raises(ResponseError, match="appendonly"):
        client.waitaof(1, 0, 10_000)
    with config(client, "appendonly", "yes"):
        client.set("a", "2")
        assert client.waitaof(1, 0, timedelta(seconds=20)) == [1, 0]
        assert client.waitaof(1, 1, 5) == [1, 0]


def test_commands_that_block_tell_for_how_many_seconds() -> None:
    recorder: Any = Recorder[str]()
    assert recorder.wait(1, 500).blocks == 0.5
    assert recorder.wait(1, 0).blocks == 0
    assert recorder.waitaof(1, 0, timedelta(minutes=1)).blocks == 60
    assert recorder.waitaof(1, 0, timedelta(microseconds=1)).blocks == 0.001
    assert recorder.migrate("127.0.0.1", 1, "a", 0, 200).blocks == 0.2
    assert recorder.migrate("127.0.0.1", 1, "a", 0, 0).blocks == 1


def test_wait_refuses_negative_timeouts(client: Any) -> None:
    with pytest.raises(DataError, match="timeout"):
        client.wait(1, -1)
    with pytest.raises(DataError, match="timeout"):
        client.waitaof(1, 0, timedelta(seconds=-1))
