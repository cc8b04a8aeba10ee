"""Whatever can be sent arrives as it is; what can not be sent is refused by name."""

from __future__ import annotations

import enum
from typing import Any

import hiredis
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncredis import resp
from syncredis.exceptions import DataError
from syncredis.packing import prepare
from syncredis.resp import LARGE, encode


class Word(enum.StrEnum):
    """Prints otherwise than it is sent."""

    TWO = "two"

    def __format__(self, _: str) -> str:
        return "WRONG"

    __str__ = __repr__ = __format__  # type: ignore[assignment]


_LARGE_BYTES = st.binary(min_size=1, max_size=4).map(lambda data: data * LARGE)
ARGUMENTS = st.one_of(
    st.binary(max_size=30),
    st.text(max_size=30),
    st.integers(),
    st.floats(),
    _LARGE_BYTES,
    st.binary(max_size=30).map(bytearray),
    st.binary(max_size=30).map(memoryview),
    st.text("aß€", min_size=1, max_size=4).map(lambda text: text * LARGE),
)


def as_bytes(argument: Any, encoding: str) -> bytes:
    """What a server should see, said independently of the code."""
    if isinstance(argument, str):
        return argument.encode(encoding)
    return str(argument).encode() if isinstance(argument, (int, float)) else bytes(argument)


def arrived(wire: bytes | list[Any]) -> list[Any]:
    """What a server reads."""
    reader = hiredis.Reader()
    reader.feed(wire if isinstance(wire, bytes) else b"".join(wire))
    return list(iter(reader.gets, False))


@settings(max_examples=300)
@given(
    arguments=st.lists(ARGUMENTS, min_size=1, max_size=8), encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252"])
)
@example(arguments=["SET", "k", ""], encoding="utf-8")
@example(arguments=["SET", "k", 10**4000], encoding="utf-8")
def test_a_command(arguments: list[Any], encoding: str) -> None:
    try:
        expected = [as_bytes(argument, encoding) for argument in arguments]
    except UnicodeEncodeError:
        with pytest.raises(DataError, match="can not be encoded"):
            encode(arguments, encoding)
        return
    assert arrived(encode(arguments, encoding)) == [expected]
    assert arrived(encode(tuple(arguments), encoding)) == [expected]


@settings(max_examples=100)
@given(commands=st.lists(st.lists(ARGUMENTS, min_size=1, max_size=4), min_size=1, max_size=12))
def test_a_pipeline(commands: list[list[Any]]) -> None:
    try:
        expected = [[as_bytes(argument, "utf-8") for argument in command] for command in commands]
    except UnicodeEncodeError:
        with pytest.raises(DataError, match="can not be encoded"):
            prepare(commands, "utf-8")
        return
    assert arrived(prepare(commands, "utf-8")()) == expected


_WORDS = st.one_of(
    st.text(st.characters(max_codepoint=127), max_size=12),
    st.sampled_from(["x" * LARGE, "x" * 127, "x" * 128, "é", Word.TWO]),
)


@settings(max_examples=200)
@given(data=st.data(), count=st.integers(1, 6))
def test_text_of_as_many_words_each(data: st.DataObject, count: int) -> None:
    """As most commands and most pipelines are: for those of few words there is a shorter way, and another one for many."""
    name = data.draw(st.sampled_from([_WORDS, st.just("GET")]))
    command = st.tuples(name, *[_WORDS] * (count - 1))
    commands = data.draw(st.lists(command, min_size=1, max_size=12))
    expected = [[str.encode(word) for word in command] for command in commands]
    assert arrived(prepare(commands, "utf-8")()) == expected
    assert [arrived(encode(command, "utf-8")) for command in commands] == [[command] for command in expected]


def test_not_every_name_is_remembered() -> None:
    for number in range(3000):
        encode((f"NAME{number}", "k"), "utf-8")
        encode(("ECHO", "x" * number), "utf-8")
    encode(("N" * 1000, "k", "v"), "utf-8")
    assert max(len(resp._BEGIN_2), len(resp.BEFORE)) <= resp._MOST_PIECES
    assert "N" * 1000 not in resp._BEGIN_3


@given(
    arguments=st.lists(ARGUMENTS, min_size=1, max_size=4),
    wrong=st.sampled_from([None, True, False, [], {}, set(), object(), 1j]),
    place=st.integers(0, 4),
)
def test_what_can_not_be_sent(arguments: list[Any], wrong: Any, place: int) -> None:
    """The message gives the place, and never the value of another argument."""
    place = 1 + place % len(arguments)
    with pytest.raises(DataError) as caught:
        encode(["SECRETS", *arguments[: place - 1], wrong, "hidden-word"], "utf-8")
    assert f"argument {place} of SECRETS" in str(caught.value) or "can not be encoded" in str(caught.value)
    assert "hidden-word" not in str(caught.value)
