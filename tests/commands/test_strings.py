"""The string commands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncredis import DataError, DecodeError, ResponseError
from syncredis.commands.types import LcsMatch, LcsRange

FOR_EVER = -1
GONE = -2
MINUTE = 60_000  # milliseconds


def milliseconds_left(client: Any, key: str) -> int:
    left: int = client.execute_command("PTTL", key)
    return left


def expires_in_a_minute(client: Any, key: str) -> bool:
    return MINUTE - 5_000 < milliseconds_left(client, key) <= MINUTE


def in_a_minute() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


#: Every way to say "in a minute" to a command that takes `ex`, `px`, `exat` and `pxat`.
MINUTE_OPTIONS = [
    ("ex", lambda: 60),
    ("ex", lambda: timedelta(minutes=1)),
    ("px", lambda: MINUTE),
    ("px", lambda: timedelta(minutes=1)),
    ("exat", lambda: int(in_a_minute().timestamp())),
    ("exat", in_a_minute),
    ("exat", lambda: in_a_minute().astimezone().replace(tzinfo=None)),
    ("pxat", lambda: int(in_a_minute().timestamp() * 1000)),
    ("pxat", in_a_minute),
    ("pxat", lambda: in_a_minute().astimezone().replace(tzinfo=None)),
]


def test_set_and_get(client: Any) -> None:
    assert client.set("k", "v") is True
    assert client.get("k") == "v"
    assert client.get("none") is None


def test_set_takes_what_can_be_sent(client: Any) -> None:
    for value in ("ü", b"b", bytearray(b"a"), memoryview(b"m"), 7, 0.5, ""):
        client.append("all", value)
        client.set("k", value)
        client.append("again", client.get("k"))
    assert client.get("all") == client.get("again") == "übam70.5"


def test_set_refuses_what_can_not_be_sent(client: Any) -> None:
    for value in (None, True, [], {}, object()):
        with pytest.raises(DataError, match="argument 2 of SET"):
            client.set("k", value)
    assert client.get("k") is None


def test_large_values(client: Any) -> None:
    client.set("k", "ü" * 1_000_000)
    assert client.get("k") == "ü" * 1_000_000
    assert client.strlen("k") == 2_000_000


def test_set_if_the_key_exists_or_not(client: Any) -> None:
    assert client.set("k", "1", xx=True) is None
    assert client.set("k", "2", nx=True) is True
    assert client.set("k", "3", nx=True) is None
    assert client.set("k", "4", xx=True) is True
    assert client.get("k") == "4"


@pytest.mark.since(valkey="8.1")
def test_set_if_the_value_equals(client: Any) -> None:
    assert client.set("k", "b", ifeq="a") is None
    client.set("k", "a")
    assert client.set("k", "b", ifeq="a") is True
    assert client.set("k", "c", ifeq="a") is None
    assert client.set("k", "", ifeq="b", ex=60, get=True) == "b"
    assert client.set("k", "d", ifeq="") is True
    assert client.get("k") == "d"


def test_set_returns_the_value_before(client: Any) -> None:
    assert client.set("k", "1", get=True) is None
    assert client.set("k", "2", get=True) == "1"
    assert client.set("k", "3", xx=True, get=True) == "2"
    assert client.get("k") == "3"


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_set_if_new_returns_the_value_before(client: Any) -> None:
    assert client.set("k", "1", nx=True, get=True) is None
    assert client.set("k", "2", nx=True, get=True) == "1"
    assert client.get("k") == "1"


def test_set_with_expiry(client: Any) -> None:
    for value, (option, when) in enumerate(MINUTE_OPTIONS):
        client.set("k", "without expiry")
        assert client.set("k", value, **{option: when()}) is True
        assert client.get("k") == str(value)
        assert expires_in_a_minute(client, "k"), option


def test_set_forgets_the_expiry_unless_told_to_keep_it(client: Any) -> None:
    client.set("k", "v", ex=60)
    assert client.set("k", "w", keepttl=True) is True
    assert expires_in_a_minute(client, "k")
    client.set("k", "x")
    assert milliseconds_left(client, "k") == FOR_EVER


def test_fractions_of_a_second_in_milliseconds(client: Any) -> None:
    client.set("k", "v", px=timedelta(seconds=59.5))
    assert 55_000 < milliseconds_left(client, "k") <= 59_500


def test_set_options_that_exclude_each_other(client: Any) -> None:
    pairs: list[dict[str, Any]] = [
        {"nx": True, "xx": True},
        {"nx": True, "ifeq": "a"},
        {"ex": 1, "px": 1},
        {"exat": 1, "pxat": 1},
        {"ex": 1, "keepttl": True},
    ]
    for options in pairs:
        with pytest.raises(DataError, match=f"{' and '.join(options)} exclude each other"):
            client.set("k", "v", **options)
    assert client.get("k") is None


def test_an_expiry_of_nothing_is_an_error(client: Any) -> None:
    with pytest.raises(ResponseError, match="invalid expire"):
        client.set("k", "v", ex=0)


def test_setex_and_psetex(client: Any) -> None:
    assert client.setex("a", 60, "1") is True
    assert client.setex("b", timedelta(minutes=1), "2") is True
    assert client.psetex("c", MINUTE, "3") is True
    assert client.psetex("d", timedelta(minutes=1), "4") is True
    assert client.mget("a", "b", "c", "d") == ["1", "2", "3", "4"]
    assert all(expires_in_a_minute(client, key) for key in "abcd")


def test_setnx(client: Any) -> None:
    assert client.setnx("k", "1") is True
    assert client.setnx("k", "2") is False
    assert client.get("k") == "1"


def test_getset(client: Any) -> None:
    assert client.getset("k", "1") is None
    assert client.getset("k", 2) == "1"
    assert client.get("k") == "2"


def test_getdel(client: Any) -> None:
    client.set("k", "v")
    assert client.getdel("k") == "v"
    assert client.getdel("k") is None
    assert milliseconds_left(client, "k") == GONE


def test_getex(client: Any) -> None:
    assert client.getex("k", 60) is None
    for option, when in MINUTE_OPTIONS:
        client.set("k", "v")
        assert client.getex("k", **{option: when()}) == "v"
        assert expires_in_a_minute(client, "k"), option


def test_getex_leaves_the_expiry_unless_told(client: Any) -> None:
    client.set("k", "v", ex=60)
    assert client.getex("k") == "v"
    assert expires_in_a_minute(client, "k")
    assert client.getex("k", persist=True) == "v"
    assert milliseconds_left(client, "k") == FOR_EVER


def test_getex_options_exclude_each_other(client: Any) -> None:
    with pytest.raises(DataError, match="ex and persist exclude each other"):
        client.getex("k", ex=1, persist=True)


def test_append_and_length(client: Any) -> None:
    assert client.append("k", "ab") == 2
    assert client.append("k", "ü") == 4
    assert client.get("k") == "abü"
    assert client.strlen("k") == 4
    assert client.strlen("none") == 0


def test_ranges(client: Any) -> None:
    client.set("k", "Hello World")
    assert client.getrange("k", 0, 4) == "Hello"
    assert client.getrange("k", -5, -1) == "World"
    assert client.getrange("none", 0, -1) == ""
    assert client.substr("k", 6) == "World"
    assert client.substr("k", 0, 1) == "He"
    assert client.setrange("k", 6, "Redis!") == 12
    assert client.get("k") == "Hello Redis!"


def test_setrange_fills_with_zeros(client: Any) -> None:
    assert client.setrange("k", 2, "x") == 3
    assert client.get("k") == "\0\0x"


def test_counting(client: Any) -> None:
    assert client.incr("k") == 1
    assert client.incr("k", 9) == 10
    assert client.incrby("k", 5) == 15
    assert client.incrby("k") == 16
    assert client.decr("k") == 15
    assert client.decr("k", 10) == 5
    assert client.decrby("k", -5) == 10
    assert client.decrby("k") == 9
    assert client.get("k") == "9"


def test_counting_by_what_is_no_integer(client: Any) -> None:
    client.set("k", "v")
    with pytest.raises(ResponseError, match="not an integer"):
        client.incr("k")
    with pytest.raises(DataError, match="argument 2 of INCRBY is True"):
        client.incr("k", True)


def test_counting_in_fractions(client: Any) -> None:
    assert client.incrbyfloat("k", 0.25) == 0.25
    total = client.incrbyfloat("k", -2.25)
    assert total == -2.0
    assert type(total) is float
    assert client.incrbyfloat("k") == -1.0


def test_several_keys(client: Any) -> None:
    assert client.mset({"a": 1, b"b": "2"}) is True
    assert client.mget("a", "none", "b") == ["1", None, "2"]
    assert client.mget(["b", "a"]) == ["2", "1"]
    assert client.mget(("a",), "b") == ["1", "2"]
    assert client.mget(key for key in "ab") == ["1", "2"]


def test_several_keys_if_none_exists(client: Any) -> None:
    assert client.msetnx({"a": 1, "b": 2}) is True
    assert client.msetnx({"b": 3, "c": 3}) is False
    assert client.mget("a", "b", "c") == ["1", "2", None]


@pytest.mark.since(valkey="9.1")
def test_msetex(client: Any) -> None:
    for value, (option, when) in enumerate(MINUTE_OPTIONS):
        client.set("a", "without expiry")
        assert client.msetex({"a": value, "b": 2}, **{option: when()}) is True
        assert client.mget("a", "b") == [str(value), "2"]
        assert expires_in_a_minute(client, "a"), option
        assert expires_in_a_minute(client, "b"), option


@pytest.mark.since(valkey="9.1")
def test_msetex_with_conditions(client: Any) -> None:
    assert client.msetex({"a": 1, "b": 1}, "XX") is False
    assert client.msetex({"a": 1, "b": 1}, "NX", ex=60) is True
    assert client.msetex({"b": 2, "c": 2}, "NX") is False
    assert client.msetex({"a": 3, "b": 3}, data_persist_option="XX", keepttl=True) is True
    assert client.mget("a", "b", "c") == ["3", "3", None]
    assert expires_in_a_minute(client, "a")
    assert client.msetex({"a": 4}) is True
    assert milliseconds_left(client, "a") == FOR_EVER


def test_msetex_arguments_are_checked(client: Any) -> None:
    with pytest.raises(DataError, match="data_persist_option must be NX or XX, not 'EX'"):
        client.msetex({"a": 1}, "EX")
    with pytest.raises(DataError, match="ex and keepttl exclude each other"):
        client.msetex({"a": 1}, ex=1, keepttl=True)


def test_mappings_and_keys_are_required(client: Any) -> None:
    for method in (client.mset, client.msetnx, client.msetex):
        with pytest.raises(DataError, match="mapping must hold at least one"):
            method({})
        with pytest.raises(DataError, match="mapping must be a mapping, not list"):
            method([("a", 1)])
    with pytest.raises(DataError, match="keys must hold at least one"):
        client.mget([])


@pytest.mark.since(valkey="9.0")
def test_delete_if_the_value_equals(client: Any) -> None:
    client.set("k", "v")
    assert client.delifeq("k", "w") == 0
    assert client.get("k") == "v"
    deleted = client.delifeq("k", "v")
    assert deleted == 1
    assert type(deleted) is int
    assert client.get("k") is None


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_longest_common_subsequence(client: Any) -> None:
    client.mset({"a": "ohmytext", "b": "mynewtext"})
    assert client.lcs("a", "b") == "mytext"
    assert client.lcs("a", "b", len=True) == 6
    assert client.lcs("a", "none") == ""
    assert client.lcs("a", "none", True) == 0


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_parts_of_the_longest_common_subsequence(client: Any) -> None:
    client.mset({"a": "ohmytext", "b": "mynewtext"})
    text = LcsMatch(LcsRange(4, 7), LcsRange(5, 8))
    my = LcsMatch(LcsRange(2, 3), LcsRange(0, 1))
    found = client.lcs("a", "b", idx=True)
    assert found == {"matches": [text, my], "len": 6}
    assert [type(match) for match in found["matches"]] == [LcsMatch, LcsMatch]
    assert (found["matches"][0].first.start, found["matches"][0].second.end) == (4, 8)
    assert client.lcs("a", "b", idx=True, minmatchlen=4) == {"matches": [text], "len": 6}
    long = client.lcs("a", "b", idx=True, minmatchlen=3, withmatchlen=True)
    assert long == {"matches": [text._replace(length=4)], "len": 6}
    assert client.lcs("a", "none", idx=True) == {"matches": [], "len": 0}


def test_lcs_options_that_contradict_each_other(client: Any) -> None:
    with pytest.raises(DataError, match="len and idx exclude each other"):
        client.lcs("a", "b", len=True, idx=True)
    with pytest.raises(DataError, match="minmatchlen and withmatchlen need idx"):
        client.lcs("a", "b", minmatchlen=2)
    with pytest.raises(DataError, match="minmatchlen and withmatchlen need idx"):
        client.lcs("a", "b", len=True, withmatchlen=True)


def test_bytes(raw: Any) -> None:
    assert raw.set(b"\xfe", b"\xff\0") is True
    assert raw.get(b"\xfe") == b"\xff\0"
    assert raw.set(b"\xfe", "ü", get=True) == b"\xff\0"
    assert raw.mget(b"\xfe", "none") == ["ü".encode(), None]
    assert raw.getrange(b"\xfe", 1, 1) == b"\xbc"
    assert raw.incrbyfloat("f", 1.5) == 1.5


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_bytes_in_common(raw: Any) -> None:
    raw.mset({"a": b"\xff-", "b": b"\xff+"})
    assert raw.lcs("a", "b") == b"\xff"
    assert raw.lcs("a", "b", idx=True) == {"matches": [LcsMatch(LcsRange(0, 0), LcsRange(0, 0))], "len": 1}


def test_what_is_no_text_raises_and_leaves_the_client_usable(client: Any) -> None:
    client.set("k", b"\xff")
    with pytest.raises(DecodeError, match="decode_responses=False"):
        client.get("k")
    client.set("k", "v")
    assert client.get("k") == "v"
