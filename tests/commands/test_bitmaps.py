"""The bitmap commands."""

from __future__ import annotations

from typing import Any

import pytest

from syncredis import DataError, ResponseError
from syncredis.commands import Recorder
from syncredis.commands.types import BitFieldGet, BitFieldIncrBy, BitFieldSet


def test_set_and_get_a_bit(client: Any, raw: Any) -> None:
    assert client.setbit("b", 1, 1) == 0
    assert client.setbit("b", 1, 1) == 1
    assert [client.getbit("b", offset) for offset in (0, 1, 2, 999)] == [0, 1, 0, 0]
    assert raw.get("b") == b"\x40"
    assert client.setbit("b", 1, 0) == 1
    assert raw.get("b") == b"\x00"


@pytest.mark.parametrize("value", [2, -1, "1", None])
def test_a_bit_is_1_or_0(client: Any, value: Any) -> None:
    with pytest.raises(DataError, match="value must be 1 or 0, not "):
        client.setbit("b", 0, value)
    with pytest.raises(DataError, match="bit must be 1 or 0, not "):
        client.bitpos("b", value)


def test_a_truth_value_is_no_bit(client: Any) -> None:
    with pytest.raises(DataError, match="SETBIT is True"):
        client.setbit("b", 0, True)


def test_count_bits(client: Any) -> None:
    client.set("b", b"\xff\x01\x0f")
    assert client.bitcount("b") == 13
    assert client.bitcount("b", 1, 1) == 1
    assert client.bitcount("b", -2, -1) == 5
    assert client.bitcount("none") == 0


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_count_bits_in_a_range_of_bits(client: Any) -> None:
    client.set("b", b"\xff\x01\x0f")
    assert client.bitcount("b", 1, 8, "BIT") == 7
    assert client.bitcount("b", 1, 1, mode="byte") == 1


@pytest.mark.since(valkey="8.0")
def test_count_bits_to_the_end(client: Any) -> None:
    client.set("b", b"\xff\x01\x0f")
    assert client.bitcount("b", 1) == 5


def test_position_of_a_bit(client: Any) -> None:
    client.set("b", b"\x00\xff\xf0")
    assert client.bitpos("b", 1) == 8
    assert client.bitpos("b", 0) == 0
    assert client.bitpos("b", 0, 1) == 20
    assert client.bitpos("b", 1, 2) == 16
    assert client.bitpos("b", 1, -1, -1) == 16
    assert client.bitpos("b", 1, 0, 0) == -1
    client.set("ones", b"\xff")
    assert client.bitpos("ones", 0) == 8
    assert client.bitpos("ones", 0, 0, -1) == -1


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_position_of_a_bit_in_a_range_of_bits(client: Any) -> None:
    client.set("b", b"\x00\xff\xf0")
    assert client.bitpos("b", 1, 10, 12, "BIT") == 10
    assert client.bitpos("b", 0, 1, 2, "BYTE") == 20


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((None, 1), "end needs start"),
        ((None, None, "BIT"), "mode needs start and end"),
        ((1, None, "BIT"), "mode needs start and end"),
        ((1, 2, "BITS"), "mode must be BYTE or BIT, not 'BITS'"),
    ],
)
def test_ranges_that_make_no_sense(client: Any, given: tuple[Any, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        client.bitcount("b", *given)
    with pytest.raises(DataError, match=message):
        client.bitpos("b", 1, *given)


def test_combine_bitmaps(client: Any, raw: Any) -> None:
    client.set("a", b"\x0f\xff")
    client.set("b", b"\x3c")
    results = {}
    for operation in ("AND", "or", "XOR"):
        assert client.bitop(operation, "d", "a", "b") == 2
        results[operation] = raw.get("d")
    assert results == {"AND": b"\x0c\x00", "or": b"\x3f\xff", "XOR": b"\x33\xff"}
    assert client.bitop("NOT", "d", "a") == 2
    assert raw.get("d") == b"\xf0\x00"
    assert client.bitop("AND", "d", "none") == 0
    assert raw.get("d") is None


def test_combinations_that_make_no_sense(client: Any) -> None:
    with pytest.raises(DataError, match=r"operation must be AND or OR or XOR or NOT or .* not 'NAND'"):
        client.bitop("NAND", "d", "a", "b")
    with pytest.raises(DataError, match="operation NOT takes one key"):
        client.bitop("NOT", "d", "a", "b")
    with pytest.raises(DataError, match="keys must hold at least one"):
        client.bitop("AND", "d")


def test_integers_are_written_and_read(client: Any, raw: Any) -> None:
    assert client.bitfield("b", BitFieldSet("u8", 0, 0xAB), BitFieldSet("i4", "#2", -1)) == [0, 0]
    assert raw.get("b") == b"\xab\xf0"
    assert client.bitfield(
        "b",
        BitFieldGet("u8", 0),
        BitFieldGet("i8", 0),
        BitFieldGet("u4", "#1"),
        BitFieldIncrBy("u8", 0, -1),
        BitFieldSet("u8", 0, 1),
    ) == [0xAB, -85, 0xB, 0xAA, 0xAA]
    assert raw.get("b") == b"\x01\xf0"


def test_each_operation_deals_with_overflow_in_its_own_way(client: Any) -> None:
    client.set("b", b"\xfe\xfe\xfe\xfe\xfe")
    assert client.bitfield(
        "b",
        BitFieldIncrBy("u8", "#0", 5),
        BitFieldIncrBy("u8", "#1", 5, "SAT"),
        BitFieldIncrBy("u8", "#2", 5, overflow="sat"),
        BitFieldIncrBy("u8", "#3", 5, "FAIL"),
        BitFieldIncrBy("u8", "#4", 5),
        BitFieldGet("u8", "#3"),
        BitFieldSet("u8", "#4", 300, "FAIL"),
        BitFieldSet("u8", "#4", 300, "SAT"),
        BitFieldGet("u8", "#4"),
    ) == [3, 255, 255, None, 3, 254, None, 3, 255]


def test_overflow_is_told_to_the_server_when_it_changes() -> None:
    command: Any = Recorder[str]().bitfield(
        "b", BitFieldSet("u8", 0, 1), BitFieldSet("u8", 0, 1, "FAIL"), BitFieldGet("u8", 0), BitFieldIncrBy("u8", 0, 1)
    )
    assert " ".join(map(str, command.arguments)) == (
        "BITFIELD b SET u8 0 1 OVERFLOW FAIL SET u8 0 1 GET u8 0 OVERFLOW WRAP INCRBY u8 0 1"
    )


def test_operations_that_make_no_sense(client: Any) -> None:
    with pytest.raises(DataError, match="operations must hold at least one"):
        client.bitfield("b")
    with pytest.raises(DataError, match=r"operations must be BitFieldGet, .* not \('u8', 0\)"):
        client.bitfield("b", ("u8", 0))
    with pytest.raises(DataError, match="overflow must be WRAP or SAT or FAIL, not 'CRASH'"):
        client.bitfield("b", BitFieldSet("u8", 0, 1, "CRASH"))  # type: ignore[arg-type]
    with pytest.raises(ResponseError, match="u64 is not supported"):
        client.bitfield("b", BitFieldGet("u64", 0))


def test_integers_are_read_only(client: Any) -> None:
    client.set("b", b"\xab\xf0")
    assert client.bitfield_ro("b", "u8", 0) == [0xAB]
    assert client.bitfield_ro("b", "u4", "#1", [("i4", 8), BitFieldGet("u4", "#3")]) == [0xB, -1, 0]
    assert client.bitfield_ro("none", "u8", 0) == [0]
