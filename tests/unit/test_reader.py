"""RESP, the way in: replies are the same however the bytes are cut, and an error is a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncredis.exceptions import NoScriptError, ProtocolError, ResponseError, WrongTypeError
from syncredis.resp import INCOMPLETE, PushNotification, new_reader

#: The wire, what it means as text, what it means as bytes.
REPLIES: list[tuple[bytes, Any, Any]] = [
    (b"+OK\r\n", "OK", b"OK"),
    (b"+\r\n", "", b""),
    (b":0\r\n", 0, 0),
    (b":-9223372036854775808\r\n", -(2**63), -(2**63)),
    (b"$-1\r\n", None, None),
    (b"*-1\r\n", None, None),
    (b"_\r\n", None, None),
    (b"$0\r\n\r\n", "", b""),
    (b"$5\r\na\r\nbc\r\n", "a\r\nbc", b"a\r\nbc"),
    (b"$2\r\n\xc3\xbc\r\n", "ü", b"\xc3\xbc"),
    (b"*0\r\n", [], []),
    (b"*3\r\n:1\r\n$1\r\na\r\n*1\r\n$-1\r\n", [1, "a", [None]], [1, b"a", [None]]),
    (b"%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n", {"a": 1, "b": [2]}, {b"a": 1, b"b": [2]}),
    (b"~2\r\n+a\r\n+b\r\n", ["a", "b"], [b"a", b"b"]),
    (b",1.5\r\n", 1.5, 1.5),
    (b",inf\r\n", float("inf"), float("inf")),
    (b",-inf\r\n", float("-inf"), float("-inf")),
    (b"#t\r\n", True, True),
    (b"#f\r\n", False, False),
    (b"=7\r\ntxt:abc\r\n", "abc", b"abc"),
]


def take_all(reader: Any, text: bool) -> Iterator[Any]:
    while True:
        try:
            reply = reader.gets(text)
        except UnicodeDecodeError as error:
            reply = error
        if reply is INCOMPLETE:
            return
        yield reply


@pytest.mark.parametrize("text", [True, False], ids=["text", "bytes"])
@pytest.mark.parametrize(("wire", "as_text", "as_bytes"), REPLIES, ids=lambda value: repr(value)[:24])
def test_a_reply_cut_anywhere(wire: bytes, as_text: Any, as_bytes: Any, text: bool) -> None:
    expected = as_text if text else as_bytes
    for cut in range(len(wire) + 1):
        reader = new_reader("utf-8")
        found: list[Any] = []
        for part in (wire[:cut], wire[cut:]):
            reader.feed(part)
            found += take_all(reader, text)
        assert found == [expected], cut
        assert type(found[0]) is type(expected)
        assert not reader.has_data()


def test_a_conversation_byte_by_byte() -> None:
    wire = b"".join(wire for wire, _, _ in REPLIES)
    reader = new_reader("utf-8")
    found: list[Any] = []
    for number in range(len(wire)):
        reader.feed(wire[number : number + 1])
        found += take_all(reader, True)
    assert found == [as_text for _, as_text, _ in REPLIES]


def test_a_conversation_at_once() -> None:
    reader = new_reader("utf-8")
    reader.feed(b"".join(wire for wire, _, _ in REPLIES))
    assert list(take_all(reader, False)) == [as_bytes for _, _, as_bytes in REPLIES]


def test_nothing_is_not_null() -> None:
    reader = new_reader("utf-8")
    assert reader.gets() is INCOMPLETE
    reader.feed(b"_\r\n")
    assert reader.gets() is None
    assert reader.gets() is INCOMPLETE


@pytest.mark.parametrize("text", [True, False], ids=["text", "bytes"])
def test_an_error_is_returned_and_not_raised(text: bool) -> None:
    reader = new_reader("utf-8")
    reader.feed(b"-WRONGTYPE no\r\n*2\r\n-NOSCRIPT none\r\n:1\r\n-ERR \xff\r\n")
    wrong_type, [no_script, one], other = take_all(reader, text)
    assert type(wrong_type) is WrongTypeError
    assert str(wrong_type) == "WRONGTYPE no"
    assert (type(no_script), one) == (NoScriptError, 1)
    assert type(other) is ResponseError
    assert str(other) == "ERR \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("before", [b"", b"*2\r\n:1\r\n", b"*1\r\n*2\r\n", b"%1\r\n"])
def test_what_is_no_text_is_read_to_its_end(before: bytes) -> None:
    wire = before + b"$2\r\n\xff\xff\r\n" + (b":1\r\n" if before.endswith((b"*2\r\n", b"%1\r\n")) else b"")
    for cut in range(1, len(wire)):
        reader = new_reader("utf-8")
        found: list[Any] = []
        for part in (wire[:cut], wire[cut:], b"+next\r\n"):
            reader.feed(part)
            found += take_all(reader, True)
        assert isinstance(found[0], UnicodeDecodeError), cut
        assert found[1:] == ["next"], cut


def test_another_encoding() -> None:
    reader = new_reader("latin-1")
    reader.feed(b"$1\r\n\xfc\r\n" * 2)
    assert reader.gets(True) == "ü"
    assert reader.gets(False) == b"\xfc"


def test_what_was_not_asked_for_is_told_apart() -> None:
    reader = new_reader("utf-8")
    reader.feed(b">2\r\n+message\r\n+x\r\n*2\r\n+message\r\n+x\r\n")
    pushed, reply = take_all(reader, True)
    assert isinstance(pushed, PushNotification)
    assert not isinstance(reply, PushNotification)
    assert pushed == reply == ["message", "x"]


@pytest.mark.parametrize("wire", [b"HTTP/1.1 400 Bad Request\r\n", b"\x15\x03\x03\x00\x02", b"$x\r\n", b":x\r\n"])
def test_what_is_not_resp(wire: bytes) -> None:
    reader = new_reader("utf-8")
    reader.feed(wire)
    with pytest.raises(ProtocolError):
        reader.gets()
