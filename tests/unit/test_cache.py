"""`Cache`: what it keeps, and what it gives up."""

from __future__ import annotations

from typing import Any

import pytest

from syncredis import ConfigurationError
from syncredis.cache import MISSING, Cache, CacheStatistics


def keep(cache: Cache, request: bytes, reply: object, *keys: bytes) -> None:
    cache.keep(cache.expect(request, frozenset(keys or {request})), reply)


def test_it_keeps_replies_by_request() -> None:
    cache = Cache()
    assert cache.get(b"a") is MISSING
    keep(cache, b"a", None)
    keep(cache, b"b", b"2")
    assert cache.get(b"a") is None
    assert cache.get(b"b") == b"2"
    assert cache.statistics == CacheStatistics(hits=2, misses=2, invalidations=0, evictions=0, entries=2, bytes=131)
    assert cache.statistics.hit_rate == 0.5
    assert repr(cache) == "<Cache of 2 of 10000 replies, 50% hits>"


def test_nothing_asked_for_is_no_hit() -> None:
    assert Cache().statistics.hit_rate == 0.0
    assert Cache()


def test_a_change_of_any_of_its_keys_ends_a_reply() -> None:
    cache = Cache()
    keep(cache, b"both", 1, b"x", b"y")
    keep(cache, b"one", 2, b"y")
    cache.forget([b"x", b"z"])
    assert cache.get(b"both") is MISSING
    assert cache.get(b"one") == 2
    cache.forget([b"y"])
    assert len(cache) == 0
    assert cache.statistics.invalidations == 2


def test_what_is_read_again_takes_the_place_of_what_was_kept() -> None:
    cache = Cache()
    keep(cache, b"a", 1, b"x", b"y")
    keep(cache, b"a", 2, b"y")
    cache.forget([b"x"])
    assert cache.get(b"a") == 2
    cache.forget([b"y"])
    assert cache.get(b"a") is MISSING


def test_a_reply_that_was_overtaken_by_a_change_is_not_kept() -> None:
    cache = Cache()
    overtaken, other = cache.expect(b"a", frozenset({b"x"})), cache.expect(b"b", frozenset({b"y"}))
    cache.forget([b"x"])
    cache.keep(overtaken, "old")
    cache.keep(other, "new")
    assert cache.get(b"a") is MISSING
    assert cache.get(b"b") == "new"


def test_a_reply_that_was_overtaken_by_clearing_is_not_kept() -> None:
    cache = Cache()
    overtaken = cache.expect(b"a", frozenset({b"x"}))
    keep(cache, b"b", 1)
    cache.clear()
    cache.keep(overtaken, "old")
    assert len(cache) == 0
    assert cache.statistics.invalidations == 1


def test_two_may_wait_for_the_same() -> None:
    cache = Cache()
    first = cache.expect(b"a", frozenset({b"x"}))
    cache.forget([b"x"])
    second = cache.expect(b"a", frozenset({b"x"}))
    cache.keep(second, "new")
    cache.keep(first, "old")
    assert cache.get(b"a") == "new"


def test_a_ticket_that_was_dropped_leaves_nothing_behind() -> None:
    cache = Cache()
    cache.drop(cache.expect(b"a", frozenset({b"x", b"y"})))
    keep(cache, b"a", 1, b"x", b"y")
    cache.forget([b"x"])
    assert not cache._tickets
    assert not cache._dependents
    assert not cache._kept


def test_what_was_not_used_for_longest_goes_first() -> None:
    cache = Cache(max_entries=2)
    keep(cache, b"a", 1)
    keep(cache, b"b", 2)
    cache.get(b"a")
    keep(cache, b"c", 3)
    assert cache.get(b"b") is MISSING
    assert cache.get(b"a") == 1
    assert cache.get(b"c") == 3
    assert cache.statistics.evictions == 1
    cache.forget([b"a", b"c"])
    assert not cache._dependents


def test_the_memory_that_it_takes_is_bounded() -> None:
    cache = Cache(max_bytes=1000)
    for request in (b"a", b"b", b"c"):
        keep(cache, request, b"x" * 300)
    assert cache.statistics.entries == 2
    assert 600 < cache.statistics.bytes <= 1000
    assert cache.get(b"a") is MISSING
    keep(cache, b"too large", [b"x" * 300, {b"y": b"x" * 600}])
    assert cache.get(b"too large") is MISSING
    assert cache.get(b"c") == b"x" * 300
    cache.forget([b"b"])
    cache.clear()
    assert cache.statistics.bytes == 0


def test_what_is_too_old_is_not_used() -> None:
    now = 100.0
    cache = Cache(max_age=10, clock=lambda: now)
    keep(cache, b"a", 1)
    now = 109.9
    assert cache.get(b"a") == 1
    now = 110.0
    assert cache.get(b"a") is MISSING
    assert cache.statistics.evictions == 1
    assert len(cache) == 0


@pytest.mark.parametrize(
    "options", [{"max_entries": 0}, {"max_entries": True}, {"max_bytes": 0}, {"max_age": 0}, {"max_age": "1"}]
)
def test_numbers_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        Cache(**options)
