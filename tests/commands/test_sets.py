"""The set commands."""

from __future__ import annotations

from typing import Any

import pytest

from syncredis import DataError
from syncredis.commands.types import SetScan


def test_add_and_remove_return_how_many(client: Any) -> None:
    assert client.sadd("s", "a", "b", 1) == 3
    assert client.sadd("s", "a", "c", "d") == 2
    assert client.srem("s", "c", "d", "none") == 2
    assert client.smembers("s") == {"a", "b", "1"}
    assert client.scard("s") == 3


def test_a_key_that_does_not_exist_is_an_empty_set(client: Any) -> None:
    assert client.scard("s") == 0
    assert client.smembers("s") == set()
    assert client.srem("s", "a") == 0
    assert client.sdiff("s") == set()


def test_membership_is_1_or_0(client: Any) -> None:
    client.sadd("s", "a", "b")
    replies = [client.sismember("s", "a"), client.sismember("s", "x"), *client.smismember("s", ["a", "x"], "b")]
    assert replies == [1, 0, 1, 0, 1]
    assert [type(reply) for reply in replies] == [int] * 5
    assert client.smismember("s", "a") == [1]
    assert client.smismember("none", "a", "b") == [0, 0]


def test_difference_intersection_and_union(client: Any) -> None:
    client.sadd("a", 1, 2, 3)
    client.sadd("b", 2, 3, 4)
    client.sadd("c", 3)
    assert client.sdiff("a", "b") == {"1"}
    assert client.sdiff(["a", "c"]) == {"1", "2"}
    assert client.sinter(["a", "b"], "c") == {"3"}
    assert client.sinter("a", "none") == set()
    assert client.sunion(("a", "b", "c")) == {"1", "2", "3", "4"}
    assert client.sunion("c") == {"3"}


def test_store_difference_intersection_and_union(client: Any) -> None:
    client.sadd("a", 1, 2, 3)
    client.sadd("b", 2, 3, 4)
    assert client.sdiffstore("d", "a", "b") == 1
    assert client.smembers("d") == {"1"}
    assert client.sinterstore("d", ["a", "b"]) == 2
    assert client.smembers("d") == {"2", "3"}
    assert client.sunionstore("d", ["a"], "b") == 4
    assert client.smembers("d") == {"1", "2", "3", "4"}
    assert client.sinterstore("d", "a", "none") == 0
    assert client.smembers("d") == set()


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_size_of_the_intersection(client: Any) -> None:
    client.sadd("a", *range(10))
    client.sadd("b", *range(5, 20))
    assert client.sintercard(2, ["a", "b"]) == 5
    assert client.sintercard(2, ("a", "b"), limit=3) == 3
    assert client.sintercard(1, "a") == 10


def test_size_of_the_intersection_needs_the_right_number(client: Any) -> None:
    with pytest.raises(DataError, match="numkeys is 3, but the number of keys is 2"):
        client.sintercard(3, ["a", "b"])


def test_move(client: Any) -> None:
    client.sadd("a", "x", "y")
    assert client.smove("a", "b", "x") is True
    assert client.smove("a", "b", "x") is False
    assert client.smembers("a") == {"y"}
    assert client.smembers("b") == {"x"}


def test_pop(client: Any) -> None:
    members = {"a", "b", "c", "d"}
    client.sadd("s", *members)
    popped = client.spop("s")
    assert popped in members
    assert client.smembers("s") == members - {popped}
    rest = client.spop("s", 5)
    assert type(rest) is list
    assert sorted(rest) == sorted(members - {popped})
    assert client.scard("s") == 0


def test_pop_from_nothing(client: Any) -> None:
    assert client.spop("s") is None
    assert client.spop("s", 2) == []


def test_pop_no_member(client: Any) -> None:
    client.sadd("s", "a")
    assert client.spop("s", 0) == []
    assert client.scard("s") == 1


def test_random_members(client: Any) -> None:
    client.sadd("s", "a", "b", "c")
    assert client.srandmember("s") in {"a", "b", "c"}
    several = client.srandmember("s", 5)
    assert type(several) is list
    assert sorted(several) == ["a", "b", "c"]
    repeated = client.srandmember("s", -5)
    assert len(repeated) == 5
    assert set(repeated) <= {"a", "b", "c"}
    assert client.scard("s") == 3


def test_random_member_of_nothing(client: Any) -> None:
    assert client.srandmember("s") is None
    assert client.srandmember("s", 2) == []


def test_scan_a_small_set_in_one_part(client: Any) -> None:
    client.sadd("s", 1, 2, 3)
    part = client.sscan("s")
    assert isinstance(part, SetScan)
    assert part.cursor == 0
    assert type(part.cursor) is int
    assert sorted(part.members) == ["1", "2", "3"]
    assert client.sscan("none") == (0, [])


def test_scan_a_large_set_in_parts(client: Any) -> None:
    client.sadd("s", *(f"member-{number}" for number in range(1000)))
    cursor, found = client.sscan("s", count=100)
    assert cursor != 0
    assert type(found) is list
    assert 0 < len(found) < 1000
    while cursor:
        cursor, members = client.sscan("s", cursor, count=100)
        found += members
    assert set(found) == {f"member-{number}" for number in range(1000)}


def test_scan_by_pattern(client: Any) -> None:
    client.sadd("s", "apple", "pear", "apricot")
    cursor, members = client.sscan("s", match="ap*")
    assert cursor == 0
    assert sorted(members) == ["apple", "apricot"]


def test_members_are_required(client: Any) -> None:
    for method in (client.sadd, client.srem):
        with pytest.raises(DataError, match="values must hold at least one"):
            method("s")
    with pytest.raises(DataError, match="values must hold at least one"):
        client.smismember("s", [])


def test_keys_are_required(client: Any) -> None:
    for method in (client.sdiff, client.sinter, client.sunion):
        with pytest.raises(DataError, match="keys must hold at least one"):
            method([])
    for method in (client.sdiffstore, client.sinterstore, client.sunionstore):
        with pytest.raises(DataError, match="keys must hold at least one"):
            method("d", ())
    with pytest.raises(DataError, match="keys must hold at least one"):
        client.sintercard(0, [])


def test_a_bool_is_no_member(client: Any) -> None:
    with pytest.raises(DataError, match="argument 3 of SADD is True"):
        client.sadd("s", "a", True)
    assert client.scard("s") == 0


def test_bytes(raw: Any) -> None:
    raw.sadd(b"s", b"\xff", bytearray(b"b"))
    assert raw.smembers("s") == {b"\xff", b"b"}
    assert raw.sunion("s", "none") == {b"\xff", b"b"}
    assert raw.smismember("s", b"\xff") == [1]
    assert raw.sscan("s", match=b"[b]") == (0, [b"b"])
    assert raw.srem("s", memoryview(b"b")) == 1
    assert raw.srandmember("s", 1) == [b"\xff"]
    assert raw.spop("s") == b"\xff"
