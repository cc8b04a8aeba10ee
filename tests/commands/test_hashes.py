"""The hash commands, with those about the expiry of single fields."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncredis.commands.types import HashFieldScan, HashScan
from syncredis.exceptions import DataError, ResponseError, WrongTypeError

SPAN = 100_000  # seconds, long enough for the tests
MOMENT = int(time.time()) + SPAN

has_field_expiry = pytest.mark.since(redis="7.4", valkey="9.0")
has_hsetex = pytest.mark.since(redis="8.0", valkey="9.0")


def is_about(value: object, wanted: int, slack: int = 1_000) -> bool:
    return type(value) is int and wanted - slack <= value <= wanted


# -- set and get


def test_hset_in_all_its_forms(client: Any) -> None:
    assert client.hset("h", "a", "1") == 1
    assert client.hset("h", mapping={"b": 2, b"c": 2.5}) == 2
    assert client.hset("h", items=["d", "4", "e", "5"]) == 2
    assert client.hset("h", "a", "x", {"b": "y"}, ["d", "z", "f", "new", "g", "new"]) == 2
    assert client.hgetall("h") == {"a": "x", "b": "y", "c": "2.5", "d": "z", "e": "5", "f": "new", "g": "new"}
    assert client.hset("h", "a", "again") == 0


def test_hset_sets_what_looks_like_nothing(client: Any) -> None:
    assert client.hset("h", "", "") == 1
    assert client.hset("h", 0, 0) == 1
    assert client.hgetall("h") == {"": "", "0": "0"}


def test_hset_refuses(client: Any) -> None:
    refused: list[tuple[str, dict[str, Any]]] = [
        ("key and value, mapping or items must be given", {}),
        ("key and value need each other", {"key": "a"}),
        ("key and value need each other", {"value": "1", "mapping": {"a": "1"}}),
        ("mapping must hold at least one element", {"mapping": {}}),
        ("mapping must be a mapping, not list", {"mapping": ["a", "1"]}),
        ("items must hold at least one element", {"items": []}),
        ("items must hold .* an even number", {"items": ["a", "1", "b"]}),
        ("items must hold .* an even number", {"items": "ab"}),
        ("is True", {"key": "a", "value": True}),
        ("is None", {"mapping": {"a": None}}),
    ]
    for message, arguments in refused:
        with pytest.raises(DataError, match=message):
            client.hset("h", **arguments)
        with pytest.raises(DataError, match=message):
            client.hsetex("h", **arguments)
    assert client.exists("h") == 0


def test_hmset(client: Any) -> None:
    assert client.hmset("h", {"a": "1", "b": 2}) is True
    assert client.hgetall("h") == {"a": "1", "b": "2"}
    with pytest.raises(DataError, match="mapping"):
        client.hmset("h", {})


def test_hsetnx(client: Any) -> None:
    assert client.hsetnx("h", "a", "1") is True
    assert client.hsetnx("h", "a", "2") is False
    assert client.hget("h", "a") == "1"


def test_hget_and_hmget(client: Any) -> None:
    client.hset("h", mapping={"a": "1", "b": "2"})
    assert client.hget("h", "a") == "1"
    assert client.hget("h", "nope") is None
    assert client.hget("nope", "a") is None
    assert client.hmget("h", "a", "nope", "b") == ["1", None, "2"]
    assert client.hmget("h", ["b", "a"]) == ["2", "1"]
    assert client.hmget("nope", iter(["a"]), "b") == [None, None]
    with pytest.raises(DataError, match="keys"):
        client.hmget("h", [])


def test_all_fields_and_values(client: Any) -> None:
    client.hset("h", mapping={"a": "1", "b": "2"})
    assert client.hgetall("h") == {"a": "1", "b": "2"}
    assert sorted(client.hkeys("h")) == ["a", "b"]
    assert sorted(client.hvals("h")) == ["1", "2"]
    assert client.hlen("h") == 2


def test_a_key_that_does_not_exist_is_an_empty_hash(client: Any) -> None:
    assert client.hgetall("nope") == {}
    assert client.hkeys("nope") == []
    assert client.hvals("nope") == []
    assert client.hlen("nope") == 0


def test_replies_as_bytes(raw: Any) -> None:
    raw.hset("h", "a", b"\xff")
    assert raw.hget("h", "a") == b"\xff"
    assert raw.hmget("h", "a", "b") == [b"\xff", None]
    assert raw.hgetall("h") == {b"a": b"\xff"}
    assert raw.hkeys("h") == [b"a"]
    assert raw.hvals("h") == [b"\xff"]
    assert raw.hrandfield("h") == b"a"
    assert raw.hrandfield("h", 1, withvalues=True) == [(b"a", b"\xff")]
    assert raw.hscan("h") == (0, {b"a": b"\xff"})


def test_hexists_hdel_and_hstrlen(client: Any) -> None:
    client.hset("h", mapping={"a": "één", "b": "2", "c": "3"})
    assert client.hexists("h", "a") is True
    assert client.hexists("h", "nope") is False
    assert client.hstrlen("h", "a") == 5
    assert client.hstrlen("h", "nope") == 0
    assert client.hdel("h", "a", b"b", "nope") == 2
    assert client.hkeys("h") == ["c"]
    with pytest.raises(DataError, match="keys"):
        client.hdel("h")


def test_hincrby(client: Any) -> None:
    assert client.hincrby("h", "a") == 1
    assert client.hincrby("h", "a", 41) == 42
    assert client.hincrby("h", "a", amount=-50) == -8
    client.hset("h", "b", "text")
    with pytest.raises(ResponseError, match="not an integer"):
        client.hincrby("h", "b")


def test_hincrbyfloat(client: Any) -> None:
    result = client.hincrbyfloat("h", "a")
    assert (result, type(result)) == (1.0, float)
    assert client.hincrbyfloat("h", "a", 0.5) == 1.5
    assert client.hincrbyfloat("h", "a", amount=-2) == -0.5
    assert client.hget("h", "a") == "-0.5"


def test_another_type(client: Any) -> None:
    client.set("s", "1")
    with pytest.raises(WrongTypeError):
        client.hget("s", "a")
    with pytest.raises(WrongTypeError):
        client.hgetall("s")


# -- some of the fields


def test_hrandfield(client: Any) -> None:
    assert client.hrandfield("nope") is None
    assert client.hrandfield("nope", 2) == []
    assert client.hrandfield("nope", 2, withvalues=True) == []
    client.hset("h", mapping={"a": "1", "b": "2"})
    assert client.hrandfield("h") in ("a", "b")
    assert sorted(client.hrandfield("h", 5)) == ["a", "b"]
    assert sorted(client.hrandfield("h", 5, True)) == [("a", "1"), ("b", "2")]
    many = client.hrandfield("h", -7, withvalues=True)
    assert len(many) == 7
    assert set(many) <= {("a", "1"), ("b", "2")}
    with pytest.raises(DataError, match="withvalues needs count"):
        client.hrandfield("h", withvalues=True)


def test_hscan(client: Any) -> None:
    wanted = {f"f{number}": f"{number}" * 100 for number in range(100)}
    client.hset("h", mapping=wanted)
    page = client.hscan("h", count=10)
    assert type(page) is HashScan
    assert type(page.cursor) is int
    assert 0 < len(page.fields) < 100
    found = dict(page.fields)
    while page.cursor:
        page = client.hscan("h", page.cursor, count=10)
        found.update(page.fields)
    assert found == wanted


def test_hscan_with_a_pattern(client: Any) -> None:
    client.hset("h", mapping={"a1": "1", "a2": "2", "b": "3"})
    assert client.hscan("h", 0, "a*", 100) == (0, {"a1": "1", "a2": "2"})
    assert client.hscan("h", match=b"c*") == (0, {})
    assert client.hscan("nope") == (0, {})


@pytest.mark.since(redis="7.4", valkey="8.0")
def test_hscan_without_values(client: Any) -> None:
    client.hset("h", mapping={"a": "1", "b": "2"})
    page = client.hscan("h", no_values=True)
    assert type(page) is HashFieldScan
    assert page.cursor == 0
    assert sorted(page.fields) == ["a", "b"]
    assert client.hscan("h", match="b", no_values=True) == (0, ["b"])
    assert client.hscan("nope", no_values=True) == (0, [])


# -- expiry of fields


@has_field_expiry
def test_hexpire_and_httl(client: Any) -> None:
    client.hset("h", mapping={"a": "1", "b": "2", "c": "3"})
    assert client.httl("h", "a", "nope") == [-1, -2]
    assert client.hexpire("h", SPAN, "a", "nope") == [1, -2]
    assert client.hexpire("h", timedelta(seconds=2 * SPAN), "b") == [1]
    first, second = client.httl("h", "a", b"b")
    assert is_about(first, SPAN)
    assert is_about(second, 2 * SPAN)
    assert client.hexpire("h", 0, "c") == [2]
    assert sorted(client.hkeys("h")) == ["a", "b"]
    assert client.hexpire("nope", SPAN, "a") == [-2]
    assert client.httl("nope", "a") == [-2]


@has_field_expiry
def test_hpexpire_and_hpttl(client: Any) -> None:
    client.hset("h", mapping={"a": "1", "b": "2", "c": "3"})
    assert client.hpttl("h", "a", "nope") == [-1, -2]
    assert client.hpexpire("h", 1000 * SPAN, "a", "nope") == [1, -2]
    assert client.hpexpire("h", timedelta(seconds=2 * SPAN), "b") == [1]
    first, second = client.hpttl("h", "a", "b")
    assert is_about(first, 1000 * SPAN, slack=1_000_000)
    assert is_about(second, 2000 * SPAN, slack=1_000_000)
    assert client.hpexpire("h", 0, "c") == [2]
    assert client.hexists("h", "c") is False


@has_field_expiry
def test_expiry_of_fields_at_a_point_in_time(client: Any) -> None:
    client.hset("h", mapping={"a": "1", "b": "2", "c": "3", "d": "4"})
    assert client.hexpireat("h", MOMENT, "a", "nope") == [1, -2]
    assert client.hexpireat("h", datetime.fromtimestamp(MOMENT + 1, UTC), "b") == [1]
    assert client.hpexpireat("h", 1000 * MOMENT + 7, "c") == [1]
    assert client.hexpiretime("h", "a", "b", "c", "d", "nope") == [MOMENT, MOMENT + 1, MOMENT, -1, -2]
    assert client.hpexpiretime("h", "a", "c", "d", "nope") == [1000 * MOMENT, 1000 * MOMENT + 7, -1, -2]
    assert client.hpexpireat("h", datetime.fromtimestamp(MOMENT, UTC), "d") == [1]
    assert client.hpexpiretime("h", "d") == [1000 * MOMENT]
    assert client.hexpireat("h", 1, "a") == [2]
    assert client.hpexpireat("h", 1, "b") == [2]
    assert sorted(client.hkeys("h")) == ["c", "d"]


@has_field_expiry
def test_hpersist(client: Any) -> None:
    client.hset("h", mapping={"a": "1", "b": "2"})
    client.hexpire("h", SPAN, "a")
    assert client.hpersist("h", "a", "b", "nope") == [1, -1, -2]
    assert client.httl("h", "a") == [-1]


@has_field_expiry
@pytest.mark.parametrize(
    ("method", "first", "later"),
    [
        ("hexpire", SPAN, 2 * SPAN),
        ("hpexpire", 1000 * SPAN, 2000 * SPAN),
        ("hexpireat", MOMENT, MOMENT + SPAN),
        ("hpexpireat", 1000 * MOMENT, 1000 * (MOMENT + SPAN)),
    ],
    ids=["hexpire", "hpexpire", "hexpireat", "hpexpireat"],  # without the time of the day
)
def test_conditions_of_expiry(client: Any, method: str, first: int, later: int) -> None:
    expire = getattr(client, method)
    client.hset("h", "a", "1")
    assert expire("h", first, "a", xx=True) == [0]
    assert expire("h", first, "a", gt=True) == [0]
    assert expire("h", first, "a", nx=True) == [1]
    assert expire("h", first, "a", nx=True) == [0]
    assert expire("h", later, "a", lt=True) == [0]
    assert expire("h", later, "a", gt=True) == [1]
    assert is_about(client.httl("h", "a")[0], 2 * SPAN)
    assert expire("h", first, "a", xx=True) == [1]
    assert is_about(client.httl("h", "a")[0], SPAN)


@pytest.mark.parametrize("method", ["hexpire", "hpexpire", "hexpireat", "hpexpireat"])
def test_expiry_of_fields_refuses(client: Any, method: str) -> None:
    expire = getattr(client, method)
    for one, other in [("nx", "xx"), ("nx", "gt"), ("nx", "lt"), ("gt", "lt")]:
        with pytest.raises(DataError, match=f"{one} and {other} exclude each other"):
            expire("h", SPAN, "a", **{one: True, other: True})
    with pytest.raises(DataError, match="fields must hold at least one element"):
        expire("h", SPAN)


@pytest.mark.parametrize(
    ("method", "parameter"),
    [
        ("hexpiretime", "fields"),
        ("hpexpiretime", "fields"),
        ("httl", "fields"),
        ("hpttl", "fields"),
        ("hpersist", "fields"),
        ("hgetex", "keys"),
        ("hgetdel", "keys"),
    ],
)
def test_no_fields_at_all_are_refused(client: Any, method: str, parameter: str) -> None:
    with pytest.raises(DataError, match=f"{parameter} must hold at least one element"):
        getattr(client, method)("h")


# -- set, get and expire in one


@has_hsetex
@pytest.mark.parametrize(
    ("option", "wanted"),
    [
        ({"ex": SPAN}, SPAN),
        ({"ex": timedelta(seconds=SPAN)}, SPAN),
        ({"px": 1000 * SPAN}, SPAN),
        ({"exat": MOMENT}, SPAN),
        ({"exat": datetime.fromtimestamp(MOMENT, UTC)}, SPAN),
        ({"pxat": 1000 * MOMENT}, SPAN),
    ],
    ids=["ex", "timedelta", "px", "exat", "datetime", "pxat"],
)
def test_ways_to_tell_the_time(client: Any, option: dict[str, Any], wanted: int) -> None:
    assert client.hsetex("h", "a", "1", **option) is True
    client.hset("h", "b", "2")
    assert client.hgetex("h", "b", "nope", **option) == ["2", None]
    for left in client.httl("h", "a", "b"):
        assert is_about(left, wanted)


@has_hsetex
def test_hgetex(client: Any) -> None:
    client.hset("h", mapping={"a": "1", "b": "2"})
    assert client.hgetex("h", "a", "nope", b"b") == ["1", None, "2"]
    assert client.httl("h", "a") == [-1]
    client.hexpire("h", SPAN, "a", "b")
    assert client.hgetex("h", "a", persist=True) == ["1"]
    first, second = client.httl("h", "a", "b")
    assert first == -1
    assert is_about(second, SPAN)
    assert client.hgetex("nope", "a", "b") == [None, None]


@has_hsetex
def test_hsetex_in_all_its_forms(client: Any) -> None:
    assert client.hsetex("h", "a", "1") is True
    assert client.httl("h", "a") == [-1]
    assert client.hsetex("h", "a", "x", {"b": "y"}, ["c", "z"], SPAN) is True
    assert client.hgetall("h") == {"a": "x", "b": "y", "c": "z"}
    assert all(is_about(left, SPAN) for left in client.httl("h", "a", "b", "c"))
    assert client.hsetex("h", mapping={"a": "kept"}, keepttl=True) is True
    assert client.hget("h", "a") == "kept"
    assert is_about(client.httl("h", "a")[0], SPAN)


@has_hsetex
def test_hsetex_on_condition_of_the_fields(client: Any) -> None:
    assert client.hsetex("h", "a", "1", data_persist_option="FXX") is False
    assert client.hsetex("h", "a", "1", ex=SPAN, data_persist_option="FNX") is True
    assert client.hsetex("h", mapping={"a": "2", "b": "2"}, data_persist_option="FNX") is False
    assert client.hsetex("h", mapping={"a": "2", "b": "2"}, data_persist_option="FXX") is False
    assert client.hgetall("h") == {"a": "1"}
    assert client.hsetex("h", "a", "2", data_persist_option="FXX", keepttl=True) is True
    assert client.hgetall("h") == {"a": "2"}


@pytest.mark.since(valkey="9.1")
def test_hsetex_on_condition_of_the_hash(client: Any) -> None:
    assert client.hsetex("h", "a", "1", xx=True) is False
    assert client.hsetex("h", "a", "1", ex=SPAN, nx=True) is True
    assert client.hsetex("h", "b", "2", nx=True) is False
    assert client.hsetex("h", "b", "2", data_persist_option="FNX", xx=True) is True
    assert client.hgetall("h") == {"a": "1", "b": "2"}


@pytest.mark.since(redis="8.0", valkey="9.1")
def test_hgetdel(client: Any) -> None:
    client.hset("h", mapping={"a": "1", "b": "2", "c": "3"})
    assert client.hgetdel("h", "a", "nope", b"b") == ["1", None, "2"]
    assert client.hgetall("h") == {"c": "3"}
    assert client.hgetdel("nope", "a") == [None]
    assert client.hgetdel("h", "c") == ["3"]
    assert client.exists("h") == 0


@has_hsetex
def test_values_as_bytes(raw: Any) -> None:
    raw.hsetex("h", "a", b"\xff", ex=SPAN)
    assert raw.hgetex("h", "a", "nope") == [b"\xff", None]


def test_hgetex_and_hsetex_refuse(client: Any) -> None:
    with pytest.raises(DataError, match="ex and persist exclude each other"):
        client.hgetex("h", "a", ex=1, persist=True)
    with pytest.raises(DataError, match="px and keepttl exclude each other"):
        client.hsetex("h", "a", "1", px=1, keepttl=True)
    with pytest.raises(DataError, match="nx and xx exclude each other"):
        client.hsetex("h", "a", "1", nx=True, xx=True)
    with pytest.raises(DataError, match="data_persist_option must be FNX or FXX, not 'NX'"):
        client.hsetex("h", "a", "1", data_persist_option="NX")
