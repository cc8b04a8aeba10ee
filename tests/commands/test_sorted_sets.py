"""The sorted set commands: members, ranges, combinations."""

from __future__ import annotations

from datetime import timedelta
from math import inf
from typing import Any

import pytest

from syncredis import DataError, ResponseError
from syncredis.commands import Recorder
from syncredis.commands.types import PoppedMember, PoppedMembers, RankAndScore, SetScan, SortedSetScan

ABC = {"a": 1, "b": 2.5, "c": 4}
SCORED = [("a", 1.0), ("b", 2.5), ("c", 4.0)]


@pytest.fixture
def z(client: Any) -> Any:
    """A client with a sorted set ``z`` of three members."""
    client.zadd("z", ABC)
    return client


@pytest.fixture
def lex(client: Any) -> Any:
    """A client with a sorted set ``z`` of four members that have the same score."""
    client.zadd("z", dict.fromkeys("abcd", 0))
    return client


@pytest.fixture
def two(client: Any) -> Any:
    """A client with the sorted sets ``z`` and ``y`` that share two members, and the set ``s`` that shares one with them."""
    client.zadd("z", ABC)
    client.zadd("y", {"b": 10, "c": 20, "d": 30})
    client.execute_command("SADD", "s", "b")
    return client


# --- Changes ----------------------------------------------------------------------------------------------------


def test_add_returns_how_many_are_new(client: Any) -> None:
    assert client.zadd("z", {"a": 1, "b": "-inf", 3: 0.25}) == 3
    assert client.zadd("z", {"a": 7, "c": inf}) == 1
    assert client.zrange("z", 0, -1, withscores=True) == [("b", -inf), ("3", 0.25), ("a", 7.0), ("c", inf)]


def test_add_under_conditions(z: Any) -> None:
    assert z.zadd("z", {"a": 9, "new": 9}, nx=True) == 1
    assert z.zadd("z", {"a": 5, "x": 9}, xx=True) == 0
    assert z.zmscore("z", ["a", "new", "x"]) == [5.0, 9.0, None]
    assert z.zadd("z", {"a": 4, "b": 6}, gt=True, ch=True) == 1
    assert z.zadd("z", {"a": 4, "b": 8}, lt=True, ch=True) == 1
    assert z.zadd("z", {"a": 3, "x": 1}, xx=True, lt=True, ch=True) == 1
    assert z.zmscore("z", ["a", "b", "x"]) == [3.0, 6.0, None]


def test_add_counts_changes_if_asked(z: Any) -> None:
    assert z.zadd("z", {"a": 1, "b": 3, "d": 5}) == 1
    assert z.zadd("z", {"a": 1, "b": 4, "e": 5}, ch=True) == 2


def test_add_as_increment_returns_the_score(z: Any) -> None:
    score = z.zadd("z", {"b": 1.5}, incr=True)
    assert (score, type(score)) == (4.0, float)
    assert z.zadd("z", {"new": "inf"}, incr=True) == inf
    assert z.zadd("z", {"b": 1}, incr=True, nx=True) is None
    assert z.zadd("z", {"b": -1}, incr=True, gt=True) is None
    assert z.zscore("z", "b") == 4.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nx": True, "xx": True}, "nx and xx exclude each other"),
        ({"nx": True, "gt": True}, "nx and gt exclude each other"),
        ({"nx": True, "lt": True}, "nx and lt exclude each other"),
        ({"gt": True, "lt": True}, "gt and lt exclude each other"),
        ({"incr": True}, "mapping must hold exactly one element for incr"),
    ],
)
def test_add_refuses_contradictions(options: dict[str, bool], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Recorder[str]().zadd("z", {"a": 1, "b": 2}, **options)


@pytest.mark.parametrize("mapping", [{}, [("a", 1)], {"a": True}, {"a": None}, {None: 1}])
def test_add_refuses_what_is_no_member_with_a_score(client: Any, mapping: Any) -> None:
    with pytest.raises(DataError, match=r"mapping must|argument \d of ZADD is"):
        client.zadd("z", mapping)
    assert client.zcard("z") == 0


def test_add_leaves_wrong_scores_to_the_server(client: Any) -> None:
    with pytest.raises(ResponseError, match="not a valid float"):
        client.zadd("z", {"a": "high"})


def test_increment(z: Any) -> None:
    score = z.zincrby("z", 2, "a")
    assert (score, type(score)) == (3.0, float)
    assert z.zincrby("z", -0.5, "new") == -0.5
    assert z.zrange("z", 0, -1) == ["new", "b", "a", "c"]


def test_count_of_members(z: Any) -> None:
    assert z.zcard("z") == 3
    assert z.zcard("none") == 0


def test_remove(z: Any) -> None:
    assert z.zrem("z", "a", "x", b"c") == 2
    assert z.zrange("z", 0, -1) == ["b"]
    with pytest.raises(DataError, match="values must hold at least one element"):
        z.zrem("z")


# --- Taking out -------------------------------------------------------------------------------------------------


def test_pop(z: Any) -> None:
    assert z.zpopmin("z") == [("a", 1.0)]
    assert z.zpopmax("z") == [("c", 4.0)]
    assert z.zrange("z", 0, -1) == ["b"]
    assert z.zpopmin("none") == []
    assert z.zpopmax("none") == []


def test_pop_several(z: Any) -> None:
    assert z.zpopmax("z", 1) == [("c", 4.0)]
    assert z.zpopmin("z", 9) == [("a", 1.0), ("b", 2.5)]
    assert z.zpopmin("z", 2) == []
    assert z.zpopmax("z", count=2) == []


def test_pop_or_wait(z: Any) -> None:
    popped = z.bzpopmin(["none", "z"], 1)
    assert popped == PoppedMember("z", "a", 1.0)
    assert (popped.key, popped.member, type(popped.score)) == ("z", "a", float)
    popped = z.bzpopmax("z", timeout=1)
    assert popped == PoppedMember("z", "c", 4.0)
    assert isinstance(popped, PoppedMember)
    assert z.zrange("z", 0, -1) == ["b"]
    assert z.bzpopmin("none", 0.01) is None
    assert z.bzpopmax(["none", "nor"], timedelta(milliseconds=10)) is None


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_pop_several_of_the_first_set_that_has_any(z: Any) -> None:
    popped = z.zmpop(2, ["none", "z"], max=True)
    assert popped == PoppedMembers("z", [("c", 4.0)])
    assert (popped.key, popped.members) == ("z", [("c", 4.0)])
    assert z.zmpop(1, "z", min=True, count=5) == PoppedMembers("z", [("a", 1.0), ("b", 2.5)])
    assert z.zmpop(1, ["z"], min=True) is None


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_pop_several_or_wait(z: Any) -> None:
    popped = z.bzmpop(1, 2, ["none", "z"], min=True, count=2)
    assert popped == PoppedMembers("z", [("a", 1.0), ("b", 2.5)])
    assert (popped.key, popped.members) == ("z", [("a", 1.0), ("b", 2.5)])
    assert z.bzmpop(1, 1, "z", max=True) == PoppedMembers("z", [("c", 4.0)])
    assert z.bzmpop(0.01, 1, ["z"], max=True) is None


@pytest.mark.parametrize(
    ("call", "blocks"),
    [
        (lambda commands: commands.bzpopmin("z"), 0),
        (lambda commands: commands.bzpopmax("z", 2.5), 2.5),
        (lambda commands: commands.bzmpop(timedelta(minutes=1), 1, "z", min=True), 60),
        (lambda commands: commands.zmpop(1, "z", min=True), None),
        (lambda commands: commands.zpopmin("z"), None),
    ],
)
def test_commands_say_how_long_they_may_block(call: Any, blocks: float | None) -> None:
    assert call(Recorder[str]()).blocks == blocks


@pytest.mark.parametrize("timeout", [-1, inf, "1", None])
def test_pop_refuses_what_is_no_time(timeout: Any) -> None:
    for pop in (Recorder[str]().bzpopmin, Recorder[str]().bzpopmax):
        with pytest.raises(DataError, match="timeout must be a number of seconds"):
            pop("z", timeout)
    with pytest.raises(DataError, match="timeout must be a number of seconds"):
        Recorder[str]().bzmpop(timeout, 1, "z", min=True)


def test_pop_refuses_no_keys() -> None:
    for pop in (Recorder[str]().bzpopmin, Recorder[str]().bzpopmax):
        with pytest.raises(DataError, match="keys must hold at least one element"):
            pop([])


@pytest.mark.parametrize(
    ("number", "keys", "options", "message"),
    [
        (1, "z", {}, "either min or max is needed"),
        (1, "z", {"min": True, "max": True}, "min and max exclude each other"),
        (2, "zy", {"min": True}, "but the number of keys is 1"),
        (1, ["z", "y"], {"min": True}, "but the number of keys is 2"),
        (0, [], {"min": True}, "keys must hold at least one element"),
    ],
)
def test_pop_several_refuses_contradictions(number: int, keys: Any, options: dict[str, bool], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Recorder[str]().zmpop(number, keys, **options)
    with pytest.raises(DataError, match=message):
        Recorder[str]().bzmpop(0, number, keys, **options)


def test_a_wrong_number_of_keys_is_named_as_the_caller_knows_it() -> None:
    with pytest.raises(DataError, match="num_keys is 2"):
        Recorder[str]().zmpop(2, "z", min=True)
    with pytest.raises(DataError, match="numkeys is 2"):
        Recorder[str]().bzmpop(0, 2, "z", min=True)


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_a_bool_is_no_count(z: Any) -> None:
    with pytest.raises(DataError, match="argument 5 of ZMPOP is True"):
        z.zmpop(1, "z", min=True, count=True)
    with pytest.raises(DataError, match="argument 4 of ZINTERCARD is False"):
        z.zintercard(1, "z", limit=False)


# --- Single members ---------------------------------------------------------------------------------------------


def test_score(z: Any) -> None:
    score = z.zscore("z", "a")
    assert (score, type(score)) == (1.0, float)
    assert z.zscore("z", "x") is None
    assert z.zscore("none", "a") is None


def test_scores(z: Any) -> None:
    scores = z.zmscore("z", ["c", "x", "a"])
    assert scores == [4.0, None, 1.0]
    assert type(scores[0]) is float
    assert z.zmscore("z", "b") == [2.5]
    assert z.zmscore("none", ("a", "b")) == [None, None]
    with pytest.raises(DataError, match="members must hold at least one element"):
        z.zmscore("z", [])


def test_rank(z: Any) -> None:
    assert z.zrank("z", "a") == 0
    assert z.zrank("z", "x") is None
    assert z.zrevrank("z", "a") == 2
    assert z.zrevrank("none", "a") is None


@pytest.mark.since(redis="7.2", valkey="7.2")
def test_rank_with_score(z: Any) -> None:
    found = z.zrank("z", "b", withscore=True)
    assert found == RankAndScore(1, 2.5)
    assert (found.rank, found.score) == (1, 2.5)
    assert z.zrank("z", "x", withscore=True) is None
    found = z.zrevrank("z", "a", True)
    assert found == RankAndScore(2, 1.0)
    assert (found.rank, type(found.score)) == (2, float)
    assert z.zrevrank("none", "x", withscore=True) is None


def test_random_member(z: Any) -> None:
    assert z.zrandmember("z") in ABC
    assert z.zrandmember("none") is None


def test_random_members(z: Any) -> None:
    several = z.zrandmember("z", 2)
    assert type(several) is list
    assert len(several) == 2
    assert set(several) < set(ABC)
    assert sorted(z.zrandmember("z", 9)) == ["a", "b", "c"]
    repeated = z.zrandmember("z", -9)
    assert len(repeated) == 9
    assert set(repeated) <= set(ABC)
    assert z.zrandmember("none", 2) == []


def test_random_members_with_scores(z: Any) -> None:
    assert sorted(z.zrandmember("z", 9, withscores=True)) == SCORED
    repeated = z.zrandmember("z", -9, True)
    assert len(repeated) == 9
    assert set(repeated) <= set(SCORED)
    assert z.zrandmember("none", 2, withscores=True) == []
    with pytest.raises(DataError, match="withscores needs count"):
        z.zrandmember("z", withscores=True)


def test_scan(z: Any) -> None:
    found = z.zscan("z")
    assert found == SortedSetScan(0, SCORED)
    assert (type(found.cursor), found.members) == (int, SCORED)
    assert z.zscan("z", 0, match="[bc]", count=100) == (0, SCORED[1:])
    assert z.zscan("none", cursor=0) == (0, [])


def test_scan_in_steps(client: Any) -> None:
    whole = {f"member:{number:04}": float(number) for number in range(500)}
    client.zadd("z", whole)
    seen: dict[str, float] = {}
    cursor, steps = 0, 0
    while steps == 0 or cursor:
        cursor, members = client.zscan("z", cursor, count=100)
        seen.update(members)
        steps += 1
    assert seen == whole
    assert steps > 1


@pytest.mark.since(valkey="8.0")
def test_scan_without_scores(z: Any) -> None:
    found = z.zscan("z", no_scores=True)
    assert found == SetScan(0, ["a", "b", "c"])
    assert isinstance(found, SetScan)
    assert z.zscan("z", match="b", no_scores=True) == (0, ["b"])


# --- Ranges -----------------------------------------------------------------------------------------------------


def test_count_by_score(z: Any) -> None:
    assert z.zcount("z", 1, 2.5) == 2
    assert z.zcount("z", "(1", "+inf") == 2
    assert z.zcount("z", "-inf", "(1") == 0
    assert z.zcount("z", -inf, inf) == 3


def test_count_by_members(lex: Any) -> None:
    assert lex.zlexcount("z", "-", "+") == 4
    assert lex.zlexcount("z", "[b", "(d") == 2
    assert lex.zlexcount("z", b"(a", b"[a") == 0


def test_range_by_rank(z: Any) -> None:
    assert z.zrange("z", 0, 1) == ["a", "b"]
    assert z.zrange("z", -2, -1, desc=True) == ["b", "a"]
    assert z.zrange("z", 0, -1, withscores=True) == SCORED
    assert z.zrange("z", 0, 0, True, True) == [("c", 4.0)]
    assert z.zrange("none", 0, -1) == []
    assert z.zrange("none", 0, -1, withscores=True) == []


def test_range_by_score(z: Any) -> None:
    assert z.zrange("z", "(1", 4, byscore=True) == ["b", "c"]
    assert z.zrange("z", "+inf", 2, byscore=True, desc=True, withscores=True) == [("c", 4.0), ("b", 2.5)]
    assert z.zrange("z", "-inf", inf, byscore=True, offset=1, num=1) == ["b"]
    assert z.zrange("z", 0, 9, byscore=True, offset=1, num=-1, withscores=True) == SCORED[1:]


def test_range_by_members(lex: Any) -> None:
    assert lex.zrange("z", "[b", "+", bylex=True) == ["b", "c", "d"]
    assert lex.zrange("z", "(d", "-", bylex=True, desc=True, offset=0, num=2) == ["c", "b"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"byscore": True, "bylex": True}, "byscore and bylex exclude each other"),
        ({"byscore": True, "offset": 1}, "offset and num need each other"),
        ({"bylex": True, "num": 1}, "offset and num need each other"),
        ({"offset": 0, "num": 1}, "offset and num need byscore or bylex"),
        ({"offset": 0, "num": 1, "desc": True}, "offset and num need byscore or bylex"),
    ],
)
def test_range_refuses_contradictions(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Recorder[str]().zrange("z", 0, 1, **options)
    with pytest.raises(DataError, match=message):
        Recorder[str]().zrangestore("dest", "z", 0, 1, **options)


def test_range_by_members_has_no_scores() -> None:
    with pytest.raises(DataError, match="bylex and withscores exclude each other"):
        Recorder[str]().zrange("z", "-", "+", bylex=True, withscores=True)


def test_store_a_range(z: Any) -> None:
    z.zadd("dest", {"old": 1})
    assert z.zrangestore("dest", "z", 1, -1) == 2
    assert z.zrange("dest", 0, -1, withscores=True) == SCORED[1:]
    assert z.zrangestore("dest", "z", "+inf", "-inf", byscore=True, desc=True, offset=0, num=1) == 1
    assert z.zrange("dest", 0, -1) == ["c"]
    assert z.zrangestore("dest", "z", "(c", "+", bylex=True) == 0
    assert z.zcard("dest") == 0


def test_range_by_score_the_old_way(z: Any) -> None:
    assert z.zrangebyscore("z", 2, 4) == ["b", "c"]
    assert z.zrangebyscore("z", "-inf", "(4", withscores=True) == SCORED[:2]
    assert z.zrangebyscore("z", "-inf", "+inf", start=1, num=1, withscores=True) == [("b", 2.5)]
    assert z.zrevrangebyscore("z", 4, 2) == ["c", "b"]
    assert z.zrevrangebyscore("z", "(4", "-inf", withscores=True) == SCORED[1::-1]
    assert z.zrevrangebyscore("z", "+inf", "-inf", 1, 1) == ["b"]
    assert z.zrangebyscore("none", 0, 1, withscores=True) == []


def test_range_by_members_the_old_way(lex: Any) -> None:
    assert lex.zrangebylex("z", "-", "(c") == ["a", "b"]
    assert lex.zrangebylex("z", "-", "+", start=1, num=2) == ["b", "c"]
    assert lex.zrevrangebylex("z", "+", "[c") == ["d", "c"]
    assert lex.zrevrangebylex("z", "+", "-", 1, 2) == ["c", "b"]


def test_range_by_rank_the_old_way(z: Any) -> None:
    assert z.zrevrange("z", 0, 1) == ["c", "b"]
    assert z.zrevrange("z", 0, -1, withscores=True) == SCORED[::-1]


@pytest.mark.parametrize("method", ["zrangebyscore", "zrevrangebyscore", "zrangebylex", "zrevrangebylex"])
@pytest.mark.parametrize("half", [{"start": 0}, {"num": 1}])
def test_old_ranges_refuse_half_a_limit(method: str, half: dict[str, int]) -> None:
    with pytest.raises(DataError, match="start and num need each other"):
        getattr(Recorder[str](), method)("z", "[a", "[b", **half)


def test_remove_a_range(client: Any) -> None:
    client.zadd("z", {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5})
    assert client.zremrangebyrank("z", 0, 1) == 2
    assert client.zremrangebyscore("z", "(4", "+inf") == 1
    assert client.zrange("z", 0, -1) == ["c", "d"]
    assert client.zremrangebyscore("z", 9, 10) == 0
    client.zadd("same", dict.fromkeys("abc", 0))
    assert client.zremrangebylex("same", "[b", "+") == 2
    assert client.zrange("same", 0, -1) == ["a"]


def test_range_of_nothing_is_refused(client: Any) -> None:
    with pytest.raises(DataError, match="argument 2 of ZRANGE is None"):
        client.zrange("z", None, -1)


# --- Combinations -----------------------------------------------------------------------------------------------


def test_difference(two: Any) -> None:
    assert two.zdiff(["z", "y"]) == ["a"]
    assert two.zdiff(["z", "y"], withscores=True) == [("a", 1.0)]
    assert two.zdiff("z", True) == SCORED
    assert two.zdiff(["none", "z"], withscores=True) == []
    assert two.zdiffstore("dest", ("z", "s")) == 2
    assert two.zrange("dest", 0, -1, withscores=True) == [("a", 1.0), ("c", 4.0)]


def test_intersection(two: Any) -> None:
    assert two.zinter(["z", "y"]) == ["b", "c"]
    assert two.zinter(["z", "y"], withscores=True) == [("b", 12.5), ("c", 24.0)]
    assert two.zinter(["z", "y"], "MAX", True) == [("b", 10.0), ("c", 20.0)]
    assert two.zinter({"z": 2, "y": 0.5}, aggregate="min", withscores=True) == [("b", 5.0), ("c", 8.0)]
    assert two.zinter(["z", "s"], withscores=True) == [("b", 3.5)]
    assert two.zinter(["z", "none"]) == []


def test_store_an_intersection(two: Any) -> None:
    assert two.zinterstore("dest", ["z", "y"]) == 2
    assert two.zrange("dest", 0, -1, withscores=True) == [("b", 12.5), ("c", 24.0)]
    assert two.zinterstore("dest", {"z": -1, "s": 0}, aggregate="SUM") == 1
    assert two.zrange("dest", 0, -1, withscores=True) == [("b", -2.5)]


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_size_of_an_intersection(two: Any) -> None:
    assert two.zintercard(2, ["z", "y"]) == 2
    assert two.zintercard(2, ["z", "y"], limit=1) == 1
    assert two.zintercard(1, "z") == 3


def test_union(two: Any) -> None:
    assert two.zunion(["z", "y"]) == ["a", "b", "c", "d"]
    assert two.zunion(["z", "s"], withscores=True) == [("a", 1.0), ("b", 3.5), ("c", 4.0)]
    assert two.zunion({"z": 10, "y": 1}, "MIN", withscores=True) == [("a", 10.0), ("b", 10.0), ("c", 20.0), ("d", 30.0)]
    assert two.zunion("none", withscores=True) == []


def test_store_a_union(two: Any) -> None:
    assert two.zunionstore("dest", ["z", "y"], aggregate="max") == 4
    assert two.zscore("dest", "b") == 10.0
    assert two.zunionstore("dest", {"z": 2.5}) == 3
    assert two.zrange("dest", 0, -1, withscores=True) == [("a", 2.5), ("b", 6.25), ("c", 10.0)]


@pytest.mark.parametrize(
    "combine",
    [
        lambda commands, keys: commands.zdiff(keys),
        lambda commands, keys: commands.zdiffstore("dest", keys),
        lambda commands, keys: commands.zinter(keys),
        lambda commands, keys: commands.zintercard(0, keys),
        lambda commands, keys: commands.zinterstore("dest", keys),
        lambda commands, keys: commands.zunion(keys),
        lambda commands, keys: commands.zunionstore("dest", keys),
    ],
)
def test_combinations_need_keys(combine: Any) -> None:
    for nothing in ([], {}):
        with pytest.raises(DataError, match=r"keys must (hold at least one element|be a key)"):
            combine(Recorder[str](), nothing)


def test_size_of_an_intersection_needs_the_number_of_keys() -> None:
    with pytest.raises(DataError, match="numkeys is 3, but the number of keys is 2"):
        Recorder[str]().zintercard(3, ["z", "y"])


def test_scores_combine_in_known_ways_only() -> None:
    commands = Recorder[str]()
    average: Any = "AVG"
    for combine in (commands.zinter, commands.zunion):
        with pytest.raises(DataError, match="aggregate must be SUM or MIN or MAX or COUNT, not 'AVG'"):
            combine(["z"], average)
    for store in (commands.zinterstore, commands.zunionstore):
        with pytest.raises(DataError, match="aggregate must be SUM or MIN or MAX or COUNT, not 1"):
            store("dest", ["z"], 1)  # type: ignore[arg-type]


def test_a_bool_is_no_weight(client: Any) -> None:
    with pytest.raises(DataError, match="argument 4 of ZUNION is True"):
        client.zunion({"z": True})


# --- Bytes, and many members ------------------------------------------------------------------------------------


def test_bytes(raw: Any) -> None:
    raw.zadd(b"z", {b"\xff": 1, "b": 2})
    scored = [(b"\xff", 1.0), (b"b", 2.0)]
    assert raw.zrange("z", 0, -1) == [b"\xff", b"b"]
    assert raw.zrange("z", 0, -1, withscores=True) == scored
    assert raw.zunion("z", withscores=True) == scored
    assert raw.zscan("z") == (0, scored)
    assert raw.zscore("z", b"\xff") == 1.0
    assert raw.zmscore("z", [b"\xff", b"x"]) == [1.0, None]
    assert raw.zadd("z", {"b": 1}, incr=True) == 3.0
    assert raw.zpopmax("z") == [(b"b", 3.0)]
    assert raw.bzpopmin("z") == PoppedMember(b"z", b"\xff", 1.0)


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_bytes_popped(raw: Any) -> None:
    raw.zadd("z", {"a": 1})
    assert raw.zmpop(1, "z", max=True) == PoppedMembers(b"z", [(b"a", 1.0)])


def test_ten_thousand_members(client: Any) -> None:
    whole = {f"member:{number:05}": number * 0.37 for number in range(10_000)}
    assert client.zadd("z", whole) == 10_000
    assert client.zrange("z", 0, -1, withscores=True) == list(whole.items())
    assert client.zpopmin("z", 10_000) == list(whole.items())
