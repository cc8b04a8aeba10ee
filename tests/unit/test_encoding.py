"""RESP, the way out: what can be sent and how it looks, and what is refused."""

from __future__ import annotations

import array
import ctypes
import enum
import signal
import subprocess
import sys
from decimal import Decimal
from typing import Any

import hiredis
import pytest

from syncredis.exceptions import DataError
from syncredis.packing import prepare
from syncredis.resp import LARGE, encode


class Word(enum.StrEnum):
    ONE = "one"


class Number(enum.IntEnum):
    SEVEN = 7


class ShoutingStr(str):
    def __str__(self) -> str:
        return self.upper()

    def encode(self, *_: object) -> bytes:  # type: ignore[override]
        return b"WRONG"


class ShoutingInt(int):
    def __repr__(self) -> str:
        return "WRONG"

    __str__ = __repr__


class ShoutingFloat(float):
    def __repr__(self) -> str:
        return "WRONG"

    __str__ = __repr__


class OwnBytes(bytes):
    def __bytes__(self) -> bytes:
        return b"WRONG"


def numbers() -> Any:
    return memoryview(array.array("i", [1, 2]))


#: An argument, and the bytes that stand for it.
SENDABLE: list[tuple[Any, bytes]] = [
    ("", b""),
    ("text", b"text"),
    ("ünïcödé €", "ünïcödé €".encode()),
    ("\U0001f600", b"\xf0\x9f\x98\x80"),
    ("with\r\nbreak\0", b"with\r\nbreak\0"),
    (b"\x00\xff", b"\x00\xff"),
    (bytearray(b"\x00\xfe"), b"\x00\xfe"),
    (memoryview(b"seen"), b"seen"),
    (memoryview(bytearray(b"seen")), b"seen"),
    (memoryview(b"abcdef")[::2], b"ace"),
    (memoryview(b"abcdef")[::-1], b"fedcba"),
    (memoryview(b"abcdef").cast("B", [2, 3]), b"abcdef"),
    (numbers(), array.array("i", [1, 2]).tobytes()),
    (numbers()[::-1], array.array("i", [2, 1]).tobytes()),
    (memoryview(array.array("d")), b""),
    (memoryview((ctypes.c_uint16 * 2)(1, 2)), bytes((ctypes.c_uint16 * 2)(1, 2))),
    (0, b"0"),
    (-7, b"-7"),
    (2**63 - 1, b"9223372036854775807"),
    (-(2**63), b"-9223372036854775808"),
    (2**70, b"1180591620717411303424"),
    (0.5, b"0.5"),
    (-0.0, b"-0.0"),
    (1.0, b"1.0"),
    (0.1, b"0.1"),
    (1e22, b"1e+22"),
    (5e-324, b"5e-324"),
    (float("inf"), b"inf"),
    (float("-inf"), b"-inf"),
    (float("nan"), b"nan"),
    (Word.ONE, b"one"),
    (Number.SEVEN, b"7"),
    (ShoutingStr("quiet"), b"quiet"),
    (ShoutingInt(7), b"7"),
    (ShoutingFloat(0.5), b"0.5"),
    (OwnBytes(b"own"), b"own"),
]


def label(value: Any) -> str:
    """A name for a case, the same in every run: nothing with the address of an object in it."""
    return type(value).__name__ if " at 0x" in repr(value) else repr(value)[:30]


def joined(encoded: bytes | list[Any]) -> bytes:
    return encoded if isinstance(encoded, bytes) else b"".join(encoded)


def parsed(data: bytes) -> Any:
    reader = hiredis.Reader()
    reader.feed(data)
    value = reader.gets()
    assert not reader.has_data()
    return value


def parsed_all(data: bytes) -> list[Any]:
    reader = hiredis.Reader()
    reader.feed(data)
    values = list(iter(reader.gets, False))
    assert not reader.has_data()
    return values


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8"])  # the second takes the careful way
@pytest.mark.parametrize(("argument", "expected"), SENDABLE, ids=label)
def test_what_can_be_sent(argument: Any, expected: bytes, encoding: str) -> None:
    encoded = encode(("ECHO", argument, "end"), encoding)
    assert encoded == b"*3\r\n$4\r\nECHO\r\n$%d\r\n%b\r\n$3\r\nend\r\n" % (len(expected), expected)
    assert parsed(joined(encoded)) == [b"ECHO", expected, b"end"]


#: An argument that has no form in which it can be sent, and how the error calls it.
NOT_SENDABLE: list[tuple[Any, str]] = [
    (None, "None"),
    (True, "True"),
    (False, "False"),
    ({}, "of type dict"),
    ([], "of type list"),
    (("a",), "of type tuple"),
    ({"a"}, "of type set"),
    (object(), "of type object"),
    (Decimal("1.5"), "of type Decimal"),
    (1j, "of type complex"),
    (str, "of type type"),
    (range(3), "of type range"),
    (array.array("b", b"a"), "of type array"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("position", [1, 2, 3])
@pytest.mark.parametrize(("argument", "described"), NOT_SENDABLE, ids=label)
def test_what_can_not_be_sent(argument: Any, described: str, position: int, encoding: str) -> None:
    arguments: list[Any] = ["set", "k", "v" * LARGE, 5]
    arguments[position] = argument
    with pytest.raises(DataError) as caught:
        encode(arguments, encoding)
    assert f"argument {position} of SET is {described}" in str(caught.value)
    assert "give str, bytes, int or float" in str(caught.value)
    assert caught.value.not_applied
    assert not caught.value.transient


@pytest.mark.parametrize("argument", ["\ud800", "a\udcff", "\ud800" + "b" * LARGE])
def test_a_lone_surrogate(argument: str) -> None:
    with pytest.raises(DataError, match=r"argument 2 of SET can not be encoded as utf-8: surrogates not allowed"):
        encode(("SET", "k", argument), "utf-8")


def test_a_character_that_the_encoding_lacks() -> None:
    with pytest.raises(DataError, match="argument 2 of SET can not be encoded as latin-1"):
        encode(("SET", "k", "€"), "latin-1")


def test_the_argument_is_not_repeated_in_the_error() -> None:
    """It may be a secret."""
    with pytest.raises(DataError) as caught:
        encode(("AUTH", "hidden\ud800"), "utf-8")
    assert "hidden" not in str(caught.value)


def test_a_command_whose_name_is_no_text() -> None:
    for name in (b"SET", bytearray(b"SET"), None):
        with pytest.raises(DataError, match=r"argument [01] of the command is None"):
            encode((name, None), "utf-8")  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_command_without_a_name(encoding: str) -> None:
    """A server says nothing at all to an empty request: the caller would wait for ever."""
    with pytest.raises(DataError, match="at least its name"):
        encode((), encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_memoryview_that_was_released(encoding: str) -> None:
    view = memoryview(b"gone")
    view.release()
    with pytest.raises(DataError, match="argument 1 of ECHO is a memoryview that was released"):
        encode(("ECHO", view), encoding)


def test_an_integer_of_very_many_digits() -> None:
    """Python refuses to print it; hiredis crashes on it, and the whole process with it: hence the other process."""
    code = (
        "from syncredis.resp import encode\n"
        "from syncredis.exceptions import DataError\n"
        "for encoding in ('utf-8', 'latin-1'):\n"
        "    for number in (10**5000, -10**5000):\n"
        "        try: encode(('SET', 'k', number), encoding)\n"
        "        except DataError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("argument 2 of SET is an integer of too many digits") == 4
    longest = 10**4299
    assert parsed(joined(encode(("ECHO", longest), "utf-8"))) == [b"ECHO", str(longest).encode()]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no such timer")
def test_a_signal_handler_raises_while_a_number_is_encoded() -> None:
    """Of this, too, hiredis crashes."""
    code = (
        "import signal, time\n"
        "from syncredis.resp import encode\n"
        "class Struck(Exception): pass\n"
        "def strike(*_): raise Struck\n"
        "signal.signal(signal.SIGALRM, strike)\n"
        "end, struck = time.monotonic() + 1, 0\n"
        "while time.monotonic() < end or struck < 100:\n"
        "    try:\n"
        "        signal.setitimer(signal.ITIMER_REAL, 1e-4)\n"
        "        while True: encode(('ZADD', 'k', *range(200), 0.5), 'utf-8')\n"
        "    except Struck: struck += 1\n"
        "print('survived')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "survived\n"), done.stderr


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "iso8859-15"])
def test_other_encodings(encoding: str) -> None:
    assert parsed(joined(encode(("ECHO", "ü", b"\xff", 7), encoding))) == [b"ECHO", b"\xfc", b"\xff", b"7"]


# --- large arguments --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "argument",
    [b"x" * LARGE, bytearray(b"x" * LARGE), memoryview(b"x" * LARGE), OwnBytes(b"x" * LARGE)],
    ids=["bytes", "bytearray", "memoryview", "subclass"],
)
def test_a_large_argument_is_not_copied(argument: Any) -> None:
    encoded = encode(("SET", "k", argument, "EX", 5), "utf-8")
    assert isinstance(encoded, list)
    before, large, after = encoded
    assert before == b"*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % LARGE
    assert large is argument or large.obj is argument.obj
    assert after == b"\r\n$2\r\nEX\r\n$1\r\n5\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_large_text(encoding: str) -> None:
    text = "ü" * LARGE
    encoded = encode(("SET", text, text), encoding)
    assert isinstance(encoded, list)
    assert len(encoded) == 5
    assert parsed(joined(encoded)) == [b"SET", text.encode(encoding), text.encode(encoding)]


def test_what_is_just_not_large_goes_in_one_piece() -> None:
    small = b"x" * (LARGE - 1)
    encoded = encode(("SET", "k", small), "utf-8")
    assert isinstance(encoded, bytes)
    assert parsed(encoded) == [b"SET", b"k", small]


def test_many_arguments() -> None:
    values = [str(number) for number in range(10_000)]
    assert parsed(joined(encode(["MSET", *values], "utf-8"))) == [b"MSET", *(value.encode() for value in values)]


def test_arguments_are_taken_from_any_sequence() -> None:
    assert encode(["PING", "x"], "utf-8") == encode(("PING", "x"), "utf-8")


# --- several commands -------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8"])
@pytest.mark.parametrize("others", [1, 20])
@pytest.mark.parametrize("words", [("GET", "a"), ("ECHO", "a"), ("SET", "a", "v"), ("PING",)], ids=len)
@pytest.mark.parametrize(("argument", "expected"), SENDABLE, ids=label)
def test_several_commands_are_one_after_the_other(
    argument: Any, expected: bytes, words: tuple[str, ...], others: int, encoding: str
) -> None:
    requests = [*[words] * others, ("ECHO", argument), *[words] * others]
    joined_ones = b"".join(joined(encode(request, encoding)) for request in requests)
    assert joined(prepare(requests, encoding)()) == joined_ones
    assert b"$%d\r\n%b\r\n" % (len(expected), expected) in joined_ones


@pytest.mark.parametrize("size", [0, 1, 127, 128, LARGE // 2, LARGE - 10, LARGE])
@pytest.mark.parametrize(
    "between", [[("GET", "a")], [("GET", "a")] * 10, [("SET", "c", "v")] * 10, [("HSET", "h", "f", "v")] * 10]
)
def test_several_large_commands(size: int, between: list[tuple[str, ...]]) -> None:
    for value in ("x" * size, "ü" * size, b"x" * size):
        requests: list[tuple[Any, ...]] = [("SET", "a", value), *between, ("SET", "b", value)]
        assert joined(prepare(requests, "utf-8")()) == b"".join(joined(encode(one, "utf-8")) for one in requests)


@pytest.mark.parametrize(
    "wrong",
    [(), ("SET", "k", None), ("SET", "k", "\ud800"), ("SET", "k", ["v"]), ("SET", "k", 10**5000)],
    ids=["no name", "None", "surrogate", "list", "long"],
)
@pytest.mark.parametrize("others", [1, 20])
def test_of_several_commands_one_can_not_be_sent(wrong: Any, others: int) -> None:
    """Nothing may have left before that is known."""
    with pytest.raises(DataError):
        prepare([*[("SET", "k", "v")] * others, wrong], "utf-8")


@pytest.mark.parametrize("words", range(1, 7))
@pytest.mark.parametrize("names", [["N"], ["N", "M"]], ids=len)
@pytest.mark.parametrize("count", [1, 5, 6, 200])
def test_many_commands_of_as_many_words(words: int, names: list[str], count: int) -> None:
    requests = [(names[n % len(names)], *(f"{n}:{m}" for m in range(words - 1))) for n in range(count)]
    assert parsed_all(joined(prepare(requests, "utf-8")())) == [[word.encode() for word in one] for one in requests]
