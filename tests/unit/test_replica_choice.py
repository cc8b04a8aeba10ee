"""Which replicas may be read from, and in which order they are tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from syncredis import Location
from syncredis.exceptions import ConfigurationError
from syncredis.sentinel.replica_choice import ReplicaChoice, ReplicaPolicy
from syncredis.sentinel.topology import ReplicaView


def view(
    host: str, *, flags: str = "slave", linked: bool = True, lag: int | None = None, latency: float | None = None
) -> ReplicaView:
    return ReplicaView(
        location=Location(host, 1), flags=frozenset(flags.split(",")), linked=linked, lag=lag, latency=latency
    )


def names(views: list[ReplicaView]) -> str:
    return "".join(one.location.host for one in views)


def hosts(
    replicas: list[ReplicaView],
    start: int = 0,
    policy: ReplicaPolicy = "round-robin",
    max_lag: int | None = None,
    **connections: int,
) -> str:
    there = {Location(host, 1): count for host, count in connections.items()}
    return names(ReplicaChoice(policy=policy, max_lag=max_lag).order(replicas, there, start))


def preferred(replicas: list[ReplicaView], policy: ReplicaPolicy = "round-robin", max_lag: int | None = None) -> str:
    return "".join(sorted(names(ReplicaChoice(policy=policy, max_lag=max_lag).preferred(replicas))))


# --- what holds for every policy ------------------------------------------------------------------------

POLICIES = pytest.mark.parametrize(
    "policy", ["round-robin", "random", "lowest-latency", lambda views: views], ids=["rr", "random", "latency", "own"]
)


@POLICIES
def test_those_out_of_service_are_left_out(policy: ReplicaPolicy) -> None:
    replicas = [view("a", flags="slave,s_down"), view("b"), view("c", flags="slave,disconnected"), view("d")]
    for start in range(4):
        assert sorted(hosts(replicas, start, policy)) == ["b", "d"]
    assert preferred(replicas, policy) == "bd"


@POLICIES
def test_those_without_a_link_come_last(policy: ReplicaPolicy) -> None:
    replicas = [view("a"), view("b", linked=False), view("c"), view("d", linked=False)]
    for start in range(8):
        order = hosts(replicas, start, policy)
        assert sorted(order[:2]) == ["a", "c"]
        assert sorted(order[2:]) == ["b", "d"]
    assert preferred(replicas, policy) == "ac"


@POLICIES
def test_all_without_a_link(policy: ReplicaPolicy) -> None:
    replicas = [view("a", linked=False), view("b", linked=False)]
    assert sorted(hosts(replicas, 1, policy)) == ["a", "b"]
    assert preferred(replicas, policy) == "ab"


@POLICIES
def test_none(policy: ReplicaPolicy) -> None:
    for replicas in ([], [view("a", flags="o_down")]):
        assert hosts(replicas, 7, policy) == ""
        assert preferred(replicas, policy) == ""


@POLICIES
def test_those_too_far_behind_are_left_out(policy: ReplicaPolicy) -> None:
    """And those of which it is not known."""
    replicas = [view("a", lag=100), view("b", lag=101), view("c"), view("d", lag=0), view("e", lag=1, linked=False)]
    order = hosts(replicas, 0, policy, max_lag=100)
    assert (sorted(order[:2]), order[2:]) == (["a", "d"], "e")
    assert preferred(replicas, policy, max_lag=100) == "ad"
    assert preferred(replicas, policy, max_lag=0) == "d"


# --- each policy ----------------------------------------------------------------------------------------


def test_in_turn() -> None:
    replicas = [view("a"), view("b"), view("c")]
    assert [hosts(replicas, start) for start in range(5)] == ["abc", "bca", "cab", "abc", "bca"]


def test_the_one_with_the_fewest_connections_is_next() -> None:
    replicas = [view("a"), view("b"), view("c")]
    assert hosts(replicas, 0, a=2, b=1, c=1) == "bca"
    assert hosts(replicas, 2, a=2, b=1, c=1) == "cba"
    assert hosts(replicas, 0, a=1, b=1) == "cab"


def test_at_random() -> None:
    replicas = [view("a"), view("b"), view("c")]
    firsts = Counter(hosts(replicas, 0, "random", a=9)[0] for _ in range(300))
    assert set(firsts) == {"a", "b", "c"}
    assert min(firsts.values()) > 30


def test_the_nearest_first() -> None:
    far = [view("a", latency=0.05), view("b", latency=0.001), view("c"), view("d", latency=0.02)]
    assert hosts(far, 0, "lowest-latency", b=100) == "bdac"
    assert preferred(far, "lowest-latency") == "b"


def test_equally_near_ones_share() -> None:
    near = [view("a", latency=0.0100), view("b", latency=0.0140), view("c", latency=0.0200)]
    assert hosts(near, 0, "lowest-latency", a=1) == "bac"
    assert preferred(near, "lowest-latency") == "ab"
    at_once = [view("a", latency=0.00002), view("b", latency=0.0003)]
    assert preferred(at_once, "lowest-latency") == "ab"


def test_without_any_measurement_all_are_equally_near() -> None:
    replicas = [view("a"), view("b")]
    assert [hosts(replicas, start, "lowest-latency") for start in range(2)] == ["ab", "ba"]
    assert preferred(replicas, "lowest-latency") == "ab"


def test_a_function_of_the_application() -> None:
    seen: list[str] = []

    def last_two(views: Any) -> Any:
        seen.append(names(views))
        return (one for one in reversed(views[1:]))

    replicas = [view("a"), view("b"), view("c"), view("d", flags="s_down"), view("e", linked=False)]
    assert hosts(replicas, 5, last_two) == "cb"
    assert seen == ["abc", "e"]
    assert preferred(replicas, last_two) == "bc"
    assert preferred(replicas, lambda _: []) == ""


@pytest.mark.parametrize("returned", [[view("z")], [Location("a", 1)], ["a"]], ids=["other", "location", "text"])
def test_a_function_that_returns_something_else(returned: list[Any]) -> None:
    with pytest.raises(ConfigurationError, match="none of the replicas that it was given"):
        hosts([view("a")], 0, lambda _: returned)


@pytest.mark.parametrize(
    ("policy", "max_lag", "measures"),
    [
        ("round-robin", None, False),
        ("random", None, False),
        ("random", 0, True),
        ("lowest-latency", None, True),
        (lambda views: views, None, True),
    ],
)
def test_what_has_to_be_measured(policy: ReplicaPolicy, max_lag: int | None, measures: bool) -> None:
    assert ReplicaChoice(policy=policy, max_lag=max_lag).measures is measures


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ReplicaChoice(policy="nearest"), "policy='nearest' must be 'round-robin', 'random', 'lowest-latency'"),
        (lambda: ReplicaChoice(policy=None), "policy=None must be"),
        (lambda: ReplicaChoice(max_lag=-1), "max_lag=-1 must be"),
        (lambda: ReplicaChoice(max_lag=1.5), "max_lag=1.5 must be"),
        (lambda: ReplicaChoice(max_lag=True), "max_lag=True must be"),
    ],
)
def test_what_makes_no_sense(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()
