"""The comparison of replies with annotations, on which the tests of commands rely."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, AnyStr, Generic, Literal, NamedTuple, NotRequired, TypedDict, get_overloads

import pytest

from syncredis.commands import Commands
from syncredis.commands.types import HashFieldScan, HashScan
from tests.fixtures.annotations import mismatch, promised
from tests.fixtures.calls import command_methods


class Pair(NamedTuple, Generic[AnyStr]):
    name: AnyStr
    number: int


class Facts(TypedDict, Generic[AnyStr]):
    name: AnyStr
    pairs: list[Pair[AnyStr]]
    more: NotRequired[float]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1, int),
        (True, bool),
        (None, int | None),
        ("x", AnyStr),
        (["x", None], list[AnyStr | None]),
        ({"a": 1.5}, dict[AnyStr, float]),
        ({"a"}, set[AnyStr]),
        (("a", 1.0), tuple[AnyStr, float]),
        (("a", None, "b"), tuple[AnyStr | None, ...]),
        (Pair("a", 1), Pair[AnyStr]),
        ({"name": "a", "pairs": [Pair("a", 1)]}, Facts[AnyStr]),
        ({"name": "a", "pairs": [], "more": 1.5}, Facts[AnyStr]),
        ("on", Literal["on", "off"]),
        (object(), Any),
        ([], list[int] | list[str]),
    ],
)
def test_what_fits(value: object, hint: Any) -> None:
    assert mismatch(value, hint, str) is None


@pytest.mark.parametrize(
    ("value", "hint", "where"),
    [
        (True, int, "the reply is True"),
        (1, bool, "the reply is 1"),
        (1, float, "the reply is 1"),
        (None, int, "the reply is None"),
        ("x", int | None, "the reply is 'x'"),
        (b"x", AnyStr, "the reply is b'x'"),
        ([1, "2"], list[int], r"the reply\[1\] is '2'"),
        ((1, 2), list[int], r"the reply is \(1, 2\)"),
        ({b"a": 1}, dict[AnyStr, int], "a key of the reply is b'a'"),
        ({"a": "1"}, dict[AnyStr, int], r"the reply\['a'\] is '1'"),
        (("a",), tuple[AnyStr, float], "the reply has 1 elements, not 2"),
        (("a", "1"), tuple[AnyStr, float], r"the reply\[1\] is '1'"),
        (("a", 1), Pair[AnyStr], "not a Pair"),
        (Pair("a", 1), tuple[AnyStr, int], "not a tuple"),
        (Pair(b"a", 1), Pair[AnyStr], "the reply.name is b'a'"),
        ({"name": "a"}, Facts[AnyStr], "the reply has no 'pairs'"),
        ({"name": "a", "pairs": [Pair("a", "1")]}, Facts[AnyStr], r"the reply\['pairs'\]\[0\].number is '1'"),
        ({"name": "a", "pairs": [], "more": 1}, Facts[AnyStr], r"the reply\['more'\] is 1"),
        ({"name": "a", "pairs": [], "odd": 1}, Facts[AnyStr], "the reply has 'odd', which Facts does not name"),
        ("odd", Literal["on", "off"], "the reply is 'odd'"),
        (["a", 1], list[int] | list[str], r"the reply is \['a', 1\]"),
    ],
)
def test_what_does_not_fit(value: object, hint: Any, where: str) -> None:
    assert re.search(where, mismatch(value, hint, str) or "")


def test_the_overload_decides_what_was_promised() -> None:
    assert promised(Commands.spop, ("s",), {}) == AnyStr | None
    assert promised(Commands.spop, ("s", 2), {}) == list[AnyStr]
    assert promised(Commands.hscan, ("h",), {}) == HashScan[AnyStr]
    assert promised(Commands.hscan, ("h",), {"no_values": True}) == HashFieldScan[AnyStr]
    assert promised(Commands.strlen, ("k",), {}) is int


def test_every_method_with_overloads_is_shown_to_type_checkers() -> None:
    """What they make of the others follows from one annotation, which tests hold against replies."""
    shown: set[str] = set()
    for path in (Path(__file__).parent.parent / "typing").glob("*.py"):
        shown |= {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    assert {name for name in command_methods() if get_overloads(getattr(Commands, name))} - shown == set()
