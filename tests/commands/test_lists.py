"""The list commands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from syncredis import DataError, ResponseError
from syncredis.commands import Recorder
from syncredis.commands.types import PoppedElement, PoppedElements


def test_push_at_either_end_returns_the_length(client: Any) -> None:
    assert client.rpush("l", "b", "c") == 2
    assert client.lpush("l", "a", 1, 0.5) == 5
    assert client.lrange("l", 0, -1) == ["0.5", "1", "a", "b", "c"]


def test_push_only_to_lists_that_exist(client: Any) -> None:
    assert client.lpushx("l", "a") == 0
    assert client.rpushx("l", "a") == 0
    assert client.lrange("l", 0, -1) == []
    client.rpush("l", "b")
    assert client.lpushx("l", "a", "z") == 3
    assert client.rpushx("l", "c") == 4
    assert client.lrange("l", 0, -1) == ["z", "a", "b", "c"]


def test_length_and_element(client: Any) -> None:
    client.rpush("l", "a", "b", "c")
    assert client.llen("l") == 3
    assert client.llen("none") == 0
    assert client.lindex("l", -1) == "c"
    assert client.lindex("l", 3) is None


def test_range_includes_both_ends(client: Any) -> None:
    client.rpush("l", "a", "b", "c", "d")
    assert client.lrange("l", 1, 2) == ["b", "c"]
    assert client.lrange("l", -2, -1) == ["c", "d"]
    assert client.lrange("l", 5, 9) == []


def test_insert_beside_an_element(client: Any) -> None:
    assert client.linsert("l", "BEFORE", "b", "a") == 0
    client.rpush("l", "b", "b")
    assert client.linsert("l", "BEFORE", "b", "a") == 3
    assert client.linsert("l", "after", "b", "x") == 4
    assert client.linsert("l", "AFTER", "none", "x") == -1
    assert client.lrange("l", 0, -1) == ["a", "b", "x", "b"]


def test_insert_elsewhere_is_refused(client: Any) -> None:
    with pytest.raises(DataError, match="where must be BEFORE or AFTER, not 'ON'"):
        client.linsert("l", "ON", "b", "a")


def test_remove_from_the_left_the_right_and_all(client: Any) -> None:
    client.rpush("l", *"abacada")
    assert client.lrem("l", 1, "a") == 1
    assert client.lrem("l", -1, "a") == 1
    assert client.lrange("l", 0, -1) == list("bacad")
    assert client.lrem("l", 0, "a") == 2
    assert client.lrange("l", 0, -1) == list("bcd")
    assert client.lrem("l", 0, "a") == 0


def test_replace_an_element(client: Any) -> None:
    client.rpush("l", "a", "b")
    assert client.lset("l", -1, 2) is True
    assert client.lrange("l", 0, -1) == ["a", "2"]
    with pytest.raises(ResponseError, match="out of range"):
        client.lset("l", 2, "x")


def test_trim(client: Any) -> None:
    client.rpush("l", *"abcd")
    assert client.ltrim("l", 1, -2) is True
    assert client.lrange("l", 0, -1) == ["b", "c"]
    assert client.ltrim("l", 5, 6) is True
    assert client.llen("l") == 0


def test_pop_one_or_several(client: Any) -> None:
    client.rpush("l", *"abcdef")
    assert client.lpop("l") == "a"
    assert client.rpop("l") == "f"
    assert client.lpop("l", 1) == ["b"]
    assert client.rpop("l", 2) == ["e", "d"]
    assert client.lpop("l", 5) == ["c"]


def test_pop_from_nothing_is_none(client: Any) -> None:
    assert [client.lpop("l"), client.rpop("l"), client.lpop("l", 2), client.rpop("l", count=2)] == [None] * 4


def test_position_of_a_value(client: Any) -> None:
    client.rpush("l", *"abcabc")
    assert client.lpos("l", "b") == 1
    assert client.lpos("l", "b", rank=2) == 4
    assert client.lpos("l", "b", -1) == 4
    assert client.lpos("l", "b", maxlen=1) is None
    assert client.lpos("l", "x") is None


def test_positions_of_a_value(client: Any) -> None:
    client.rpush("l", *"abcabc")
    assert client.lpos("l", "b", count=0) == [1, 4]
    assert client.lpos("l", "b", rank=-1, count=1) == [4]
    assert client.lpos("l", "b", count=2, maxlen=2) == [1]
    assert client.lpos("l", "x", count=0) == []


def test_move_between_lists(client: Any) -> None:
    client.rpush("a", "1", "2", "3")
    assert client.lmove("a", "b") == "1"
    assert client.lmove("a", "b", "RIGHT", "LEFT") == "3"
    assert client.lmove("a", "b", src="left", dest="left") == "2"
    assert client.lmove("a", "b") is None
    assert client.lrange("b", 0, -1) == ["2", "3", "1"]


def test_rotate(client: Any) -> None:
    client.rpush("l", "1", "2", "3")
    assert client.rpoplpush("l", "l") == "3"
    assert client.lrange("l", 0, -1) == ["3", "1", "2"]
    assert client.rpoplpush("none", "l") is None


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_pop_several_from_the_first_list_that_has_any(client: Any) -> None:
    client.rpush("l", *"abcd")
    popped = client.lmpop(2, "none", "l", direction="LEFT")
    assert isinstance(popped, PoppedElements)
    assert popped == ("l", ["a"])
    assert client.lmpop(1, "l", direction="right", count=2) == ("l", ["d", "c"])
    assert client.lmpop(1, "l", direction="LEFT", count=None).values == ["b"]
    assert client.lmpop(1, "l", direction="LEFT") is None


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_pop_several_and_wait(client: Any) -> None:
    client.rpush("l", *"abc")
    popped = client.blmpop(1, 2, "none", "l", direction="RIGHT", count=2)
    assert isinstance(popped, PoppedElements)
    assert (popped.key, popped.values) == ("l", ["c", "b"])
    assert client.blmpop(timedelta(seconds=1), 1, "l", direction="LEFT") == ("l", ["a"])
    assert client.blmpop(0.01, 1, "l", direction="LEFT") is None


def test_pop_from_the_first_list_that_has_an_element(client: Any) -> None:
    client.rpush("l", *"abcd")
    popped = client.blpop(["none", "l"], 1)
    assert isinstance(popped, PoppedElement)
    assert (popped.key, popped.value) == ("l", "a")
    assert client.blpop("l") == ("l", "b")
    assert client.brpop(["none", "l"], timedelta(seconds=1)) == ("l", "d")
    assert client.brpop("l", timeout=1) == ("l", "c")


def test_wait_for_an_element_in_vain(client: Any) -> None:
    assert client.blpop("none", 0.01) is None
    assert client.brpop("none", timedelta(milliseconds=10)) is None
    assert client.blmove("none", "l", 0.01) is None
    assert client.brpoplpush("none", "l", 0.01) is None


def test_a_very_short_wait_does_not_become_an_endless_one(client: Any) -> None:
    assert client.blpop("none", 0.001) is None
    assert client.brpop("none", timedelta(microseconds=1)) is None


def test_move_and_wait(client: Any) -> None:
    client.rpush("a", "1", "2", "3")
    assert client.blmove("a", "b", 1) == "1"
    assert client.blmove("a", "b", 0, "right", "left") == "3"
    assert client.brpoplpush("a", "b") == "2"
    assert client.lrange("b", 0, -1) == ["2", "3", "1"]


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("blmove", ("a", "b", 2.5), {}),
        ("blmpop", (2.5, 1, "a"), {"direction": "LEFT"}),
        ("blpop", ("a", timedelta(seconds=2.5)), {}),
        ("brpop", ("a", 2.5), {}),
        ("brpoplpush", ("a", "b", 2.5), {}),
    ],
)
def test_waiting_commands_say_how_long(name: str, arguments: tuple[Any, ...], options: dict[str, str]) -> None:
    command = getattr(Recorder[str](), name)(*arguments, **options)
    assert command.blocks == 2.5
    assert 2.5 in command.arguments


def test_waiting_without_end_is_told() -> None:
    command: Any = Recorder[str]().blpop("a")
    assert command.blocks == 0


def test_a_wait_that_is_no_time_is_refused(client: Any) -> None:
    for timeout in (-1, float("inf"), float("nan"), "1", None, timedelta(seconds=-1)):
        with pytest.raises(DataError, match="timeout must be a number of seconds"):
            client.blpop("l", timeout)


def test_a_bool_is_no_time(client: Any) -> None:
    with pytest.raises(DataError, match="argument 2 of BLPOP is True"):
        client.blpop("l", True)


def test_values_are_required(client: Any) -> None:
    for push in (client.lpush, client.lpushx, client.rpush, client.rpushx):
        with pytest.raises(DataError, match="values must hold at least one"):
            push("l")


def test_keys_are_required(client: Any) -> None:
    with pytest.raises(DataError, match="keys must hold at least one"):
        client.blpop([], 1)
    with pytest.raises(DataError, match="keys must hold at least one"):
        client.brpop((), 1)
    with pytest.raises(DataError, match="keys must hold at least one"):
        client.lmpop(0, direction="LEFT")


def test_an_end_must_be_left_or_right(client: Any) -> None:
    with pytest.raises(DataError, match="src must be LEFT or RIGHT, not 'TOP'"):
        client.lmove("a", "b", "TOP")
    with pytest.raises(DataError, match="dest must be LEFT or RIGHT, not ''"):
        client.blmove("a", "b", 1, dest="")
    with pytest.raises(DataError, match="direction must be LEFT or RIGHT, not None"):
        client.lmpop(1, "a", direction=None)


def test_the_number_of_keys_must_be_right(client: Any) -> None:
    with pytest.raises(DataError, match="num_keys is 3, but the number of keys is 2"):
        client.lmpop(3, "a", "b", direction="LEFT")
    with pytest.raises(DataError, match="numkeys is 1, but the number of keys is 2"):
        client.blmpop(1, 1, "a", "b", direction="LEFT")


def test_bytes(raw: Any) -> None:
    raw.rpush(b"l", b"\xff", bytearray(b"b"), memoryview(b"c"), "d", "e")
    assert raw.lrange("l", 0, 1) == [b"\xff", b"b"]
    assert raw.lindex("l", 0) == b"\xff"
    assert raw.lpop("l") == b"\xff"
    assert raw.rpop("l", 1) == [b"e"]
    assert raw.lmove("l", "l") == b"b"
    assert raw.blpop("l", 1) == PoppedElement(b"l", b"c")


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_bytes_popped(raw: Any) -> None:
    raw.rpush("l", "a", "b")
    assert raw.lmpop(1, "l", direction="LEFT", count=2) == PoppedElements(b"l", [b"a", b"b"])
