"""Whatever a server sends, in whatever pieces: the right value, or an error and a connection that is not used again."""

from __future__ import annotations

import resource
import socket
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncredis.command import Command
from syncredis.exceptions import ConnectionError, DecodeError, ProtocolError, ResponseError
from tests.fixtures.ledger import Ledger
from tests.properties.wire import PUSHES, REPLIES, Said, conversation, pieces, say

COMMAND: Command[Any] = Command(("GET", "k"))
CUTS = st.lists(st.integers(0, 2**20), max_size=8)


def same(one: Any, other: Any) -> bool:
    """Equal, and of equal types all through: 1 is not True."""
    return repr(one) == repr(other)


def say_in_pieces(far: socket.socket, parts: list[bytes], pause: float = 0) -> threading.Thread:
    far.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # so that pieces arrive as such
    speaker = threading.Thread(target=lambda: [(say(far, part), time.sleep(pause)) for part in parts], daemon=True)
    speaker.start()
    return speaker


@settings(max_examples=300)
@given(said=REPLIES, pushes=st.lists(PUSHES, max_size=2), cuts=CUTS)
def test_a_reply_in_pieces(ledger: Ledger, said: Said, pushes: list[Said], cuts: list[int]) -> None:
    """However it is cut, and whatever is pushed before it."""
    wire = b"".join(push.wire for push in pushes) + said.wire
    with conversation() as (connection, far):
        speaker = say_in_pieces(far, pieces(wire, cuts))
        reply = connection.execute(COMMAND, False)
        speaker.join()
        ledger.note(operations=1, wrong_replies=not same(reply, said.value))
        assert same(reply, said.value)
        assert connection.in_step


@settings(max_examples=200)
@given(replies=st.lists(REPLIES, min_size=1, max_size=6), cuts=CUTS)
def test_replies_to_a_pipeline_in_pieces(ledger: Ledger, replies: list[Said], cuts: list[int]) -> None:
    wire = b"".join(said.wire for said in replies)
    with conversation() as (connection, far):
        speaker = say_in_pieces(far, pieces(wire, cuts))
        found = connection.execute_many([COMMAND] * len(replies), False)
        speaker.join()
        expected = [said.value for said in replies]
        ledger.note(operations=len(replies), wrong_replies=not same(found, expected))
        assert same(found, expected)
        assert connection.in_step


@settings(max_examples=200)
@given(said=REPLIES, cut=st.integers(0, 2**20))
def test_a_reply_that_ends_early(ledger: Ledger, said: Said, cut: int) -> None:
    """It is no value, and the connection is done with."""
    wire = said.wire[: cut % len(said.wire)]
    with conversation() as (connection, far):
        speaker = threading.Thread(target=lambda: (say(far, wire), far.shutdown(socket.SHUT_RDWR)), daemon=True)
        speaker.start()
        with pytest.raises(ConnectionError):
            connection.execute(COMMAND, False)
        speaker.join()
        assert not connection.in_step
    ledger.note(operations=1, faults=1)


@settings(max_examples=100)
@example(said=Said(b"+OK\r\n", b"OK"), more=b"*1\r\n")
@given(said=REPLIES, more=st.binary(min_size=1, max_size=20))
def test_more_than_was_asked_for(said: Said, more: bytes) -> None:
    """It is never taken for the reply to the next command."""
    with conversation() as (connection, far):
        speaker = say_in_pieces(far, [said.wire + more])
        try:
            connection.execute(COMMAND, False)
            assert not connection.in_step or not connection.is_quiet()
        except ProtocolError:
            assert not connection.in_step
        far.close()
        speaker.join()


@settings(max_examples=500)
@example(noise=b"*4294967296\r\n", text=True)
@example(noise=b"*-2\r\n", text=True)
@example(noise=b"$-2\r\n", text=True)
@example(noise=b"$99999999999999999999\r\n", text=True)
@example(noise=b"%9223372036854775807\r\n", text=True)
@example(noise=b"*1\r\n" * 5000, text=True)
@given(
    noise=st.one_of(
        st.binary(max_size=60),
        st.lists(
            st.sampled_from([b"*", b"$", b":", b"+", b"-", b"%", b"~", b">", b"=", b",", b"#", b"_", b"(", b"|", b"!"])
            | st.integers(-3, 70).map(lambda number: b"%d" % number)
            | st.just(b"\r\n")
            | st.binary(max_size=3),
            max_size=30,
        ).map(b"".join),
    ),
    text=st.booleans(),
)
def test_noise(ledger: Ledger, noise: bytes, text: bool) -> None:
    """Not one byte of it needs to make sense: there is a reply or an error of ours, soon, and little memory is used."""
    with conversation() as (connection, far):
        say(far, noise)
        far.shutdown(socket.SHUT_RDWR)
        try:
            connection.execute(COMMAND, text)
        except (ResponseError, DecodeError):
            pass  # that is what a server may say
        except ConnectionError:
            assert not connection.in_step
    ledger.note(operations=1, faults=1)


def most_memory() -> int:
    """How many bytes this process has had in memory at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize(
    "said",
    [
        b"$3000\r\n" + b"x" * 3000 + b"\r\n",
        b"*1\r\n$3000\r\n" + b"\xff" * 3000 + b"\r\n",
        b"%1\r\n$1\r\nk\r\n$3000\r\n" + b"x" * 3000 + b"\r\n",
    ],
    ids=["string", "undecodable", "map"],
)
def test_each_reply_counts_by_itself(said: bytes) -> None:
    """What the limit counts of one reply does not count for the next, in whatever way they are received."""
    with conversation(max_reply_size=4096) as (connection, far):
        for _ in range(3):
            for count in (0, 1, 2):
                speaker = say_in_pieces(far, pieces(said * max(1, count), [1000, 4000]), 0.01)
                with suppress(DecodeError):
                    connection.execute_many([COMMAND] * count, True) if count else connection.execute(COMMAND, True)
                speaker.join()
                assert connection.in_step


ENDLESS = {
    "line": (b"+", b"x" * 65536),
    "string": (b"$%d\r\n" % 2**40, b"x" * 65536),
    "string of a size that a string may have": (b"$%d\r\n" % 2**26, b"x" * 65536),
    "array": (b"*4294967295\r\n", b":1\r\n" * 8192),
    "map": (b"%2147483647\r\n", b":1\r\n" * 8192),
    "nested arrays": (b"", b"*1\r\n" * 8192),
    "pushes": (b"", b">1\r\n:1\r\n" * 8192),
    "error": (b"-", b"x" * 65536),
}


@pytest.mark.parametrize("many", [False, True], ids=["command", "pipeline"])
@pytest.mark.parametrize("kind", ENDLESS)
def test_a_server_that_never_ends(kind: str, many: bool, ledger: Ledger) -> None:
    """A limit ends it: the connection is closed, and what has come is given back."""
    start, more = ENDLESS[kind]
    limit = 4 * 1024**2

    def speak() -> None:
        try:
            far.sendall(start)
            while True:
                far.sendall(more)
        except OSError:
            return

    with conversation(max_reply_size=limit) as (connection, far):
        speaker = threading.Thread(target=speak, daemon=True)
        speaker.start()
        before = most_memory()
        execute = partial(connection.execute_many, [COMMAND] * 2) if many else partial(connection.execute, COMMAND)
        with pytest.raises(ProtocolError, match=r"max_reply_size|nesting|out of range|more than memory can hold"):
            execute(True)
        assert most_memory() - before < 50 * limit
        assert not connection.in_step
        connection.close()
        speaker.join()
    ledger.note(operations=1, faults=1)
