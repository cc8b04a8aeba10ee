"""What programs import from among redis-py's helpers returns what redis-py's own do."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

LISTS: list[Any] = [None, [], ["hello", b"my name", "45", b"-7", 8, "555.55", "is simon!", None, b"null", "1e3", "inf"]]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *(("parse_to_list", (given,)) for given in LISTS),
        *(("delist", (given,)) for given in (None, [], [b"hello", "world"])),
        *(("nativestr", (given,)) for given in (b"text", "text", "null", 7)),
        *(
            ("list_or_args", given)
            for given in (("k", None), (["k"], ["a"]), (b"k", ["a", "b"]), (bytearray(b"k"), []))
        ),
    ],
)
def test_they_agree(name: str, arguments: tuple[Any, ...]) -> None:
    theirs, ours = (importlib.import_module(f"{package}.commands.helpers") for package in ("redis", "syncredis.compat"))
    found, expected = getattr(ours, name)(*arguments), getattr(theirs, name)(*arguments)
    assert repr(found) == repr(expected)
