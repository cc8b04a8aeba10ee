"""The HyperLogLog commands."""

from __future__ import annotations

from typing import Any

import pytest

from syncredis import DataError


def test_add_tells_whether_the_estimate_changed(client: Any) -> None:
    assert client.pfadd("h", "a", b"b", 1, 0.5) == 1
    assert client.pfadd("h", "a", "1") == 0
    assert client.pfcount("h") == 4


def test_an_empty_one_is_created(client: Any) -> None:
    assert client.pfadd("h") == 1
    assert client.pfadd("h") == 0
    assert client.pfcount("h") == 0
    assert client.exists("h") == 1


def test_count_of_several_together(client: Any) -> None:
    client.pfadd("a", 1, 2, 3)
    client.pfadd("b", 3, 4)
    assert client.pfcount("a", "b", "none") == 4
    assert client.pfcount("none") == 0
    with pytest.raises(DataError, match="sources must hold at least one"):
        client.pfcount()


def test_merge(client: Any) -> None:
    client.pfadd("a", 1, 2, 3)
    client.pfadd("b", 3, 4)
    client.pfadd("d", 5)
    assert client.pfmerge("d", "a", "b") is True
    assert client.pfcount("d") == 5
    assert client.pfmerge("new") is True
    assert client.pfcount("new") == 0


def test_the_estimate_is_close(client: Any) -> None:
    client.pfadd("h", *range(10_000))
    assert abs(client.pfcount("h") - 10_000) < 300
