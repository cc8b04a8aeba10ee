"""What Sentinels say, in the form of RESP2 and in that of RESP3."""

from __future__ import annotations

import math
from typing import Any

import pytest

from syncredis import Location
from syncredis.sentinel.topology import (
    NamedPrimary,
    ReplicaView,
    freshest,
    is_failing_over,
    location_from_address,
    majority,
    other_sentinels,
    replicas_from_reply,
    sentinels_from_reply,
    silences_from_reply,
)


def flat(entry: dict[str, Any]) -> list[Any]:
    """As RESP2 has it."""
    return [part for pair in entry.items() for part in pair]


FORMS = pytest.mark.parametrize("form", [flat, dict], ids=["RESP2", "RESP3"])


@pytest.mark.parametrize(
    ("reply", "location"),
    [
        (None, None),
        (["127.0.0.1", "6379"], ("127.0.0.1", 6379)),
        (["redis.example", 6380], ("redis.example", 6380)),
        (["::1", "65535"], ("::1", 65535)),
    ],
)
def test_an_address(reply: Any, location: tuple[str, int] | None) -> None:
    assert location_from_address(reply) == location


@pytest.mark.parametrize("reply", [[], ["h"], ["h", "1", "2"], ["h", "port"], ["h", "0"], ["h", "65536"], 5, "OK"])
def test_an_address_that_makes_no_sense(reply: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        location_from_address(reply)


def replica(number: int = 1, **changes: Any) -> dict[str, Any]:
    entry = {
        "name": f"10.0.0.{number}:6379",
        "ip": f"10.0.0.{number}",
        "port": "6379",
        "runid": "",
        "flags": "slave",
        "master-link-status": "ok",
        "slave-priority": "100",
    }
    return entry | {name.replace("_", "-"): value for name, value in changes.items()}


@FORMS
@pytest.mark.parametrize(
    ("changes", "in_service", "linked"),
    [
        ({}, True, True),
        ({"flags": "slave,s_down"}, False, True),
        ({"flags": "o_down,slave"}, False, True),
        ({"flags": "slave,disconnected"}, False, True),
        ({"flags": "s_down,slave,disconnected"}, False, True),
        ({"flags": "slave,promoted"}, True, True),
        ({"flags": "slave,reconf_sent"}, True, True),
        ({"flags": ""}, True, True),
        ({"master_link_status": "err"}, True, False),
        ({"flags": "slave,s_down", "master_link_status": "err"}, False, False),
        ({"slave_priority": "0"}, True, True),
    ],
)
def test_a_replica(form: Any, changes: dict[str, str], in_service: bool, linked: bool) -> None:
    (view,) = replicas_from_reply([form(replica(**changes))])
    assert view.location == ("10.0.0.1", 6379)
    assert type(view.location) is Location
    assert view.in_service is in_service
    assert view.linked is linked
    assert view.priority == int(changes.get("slave_priority", 100))
    assert view.lag is view.latency is None


@FORMS
def test_replicas(form: Any) -> None:
    assert replicas_from_reply([]) == []
    views = replicas_from_reply([form(replica(number)) for number in (1, 2, 3)])
    assert [view.location.host for view in views] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    (plain,) = replicas_from_reply([form({"ip": "h", "port": 7})])
    assert plain == ReplicaView(location=Location("h", 7), flags=frozenset({""}), linked=True)


@FORMS
def test_a_replica_that_has_not_said_where_it_listens(form: Any) -> None:
    views = replicas_from_reply([form(replica(1, port="0")), form(replica(2))])
    assert [view.location.host for view in views] == ["10.0.0.2"]


@FORMS
def test_other_sentinels(form: Any) -> None:
    entries = [form({"ip": "::1", "port": "26379"}), form({"ip": "s", "port": "0"}), form({"ip": "t"})]
    assert sentinels_from_reply(entries) == [("::1", 26379)]
    assert sentinels_from_reply([]) == []


@FORMS
@pytest.mark.parametrize(("entry", "count"), [({"num-other-sentinels": "2"}, 2), ({"name": "x"}, 0), ({}, 0)])
def test_how_many_other_sentinels(form: Any, entry: dict[str, str], count: int) -> None:
    assert other_sentinels(form(entry)) == count


@pytest.mark.parametrize("reply", [[["ip"]], [{"port": "1"}], [["ip", "h", "port"]], 5, [5]])
def test_entries_that_make_no_sense(reply: Any) -> None:
    with pytest.raises((TypeError, ValueError, LookupError)):
        replicas_from_reply(reply)


A, B = Location("host", 1), Location("host", 2)
S = [Location("sentinel", number) for number in range(5)]


def test_the_freshest_answer() -> None:
    old, new = NamedPrimary(A, 5), NamedPrimary(B, 6)
    assert freshest([], False, 3) is None
    assert freshest([(S[0], old)], False, 3) is None
    assert freshest([(S[0], old)], True, 3) == (S[0], old)
    assert freshest([(S[0], old), (S[1], new)], False, 3) == (S[1], new)
    assert freshest([(S[0], NamedPrimary(A)), (S[1], new)], False, 3) == (S[1], new)


def test_the_majority() -> None:
    def said(*places: Location, sentinels: int = 3) -> list[tuple[Location, NamedPrimary]]:
        return [(S[i], NamedPrimary(place, 1, str(i), sentinels)) for i, place in enumerate(places)]

    assert majority(said(A), True, 3) is None
    assert majority(said(A, B), True, 3) is None
    assert majority(said(B, A, A), False, 3) == said(B, A)[1]
    assert majority(said(A, A, sentinels=5), True, 3) is None  # there are others
    assert majority(said(A, A), True, 5) is None
    # The same Sentinel, known by two addresses.
    assert majority([(S[0], NamedPrimary(A, 1, "x", 3)), (S[1], NamedPrimary(A, 1, "x", 3))], True, 2) is None
    assert majority([(S[0], NamedPrimary(A)), (S[1], NamedPrimary(A))], True, 2) == (S[0], NamedPrimary(A))


@FORMS
def test_who_is_silent(form: Any) -> None:
    entries: list[dict[str, Any]] = [
        {"ip": "sentinel", "port": "0", "flags": "sentinel", "last-ok-ping-reply": "250"},
        {"ip": "sentinel", "port": "1", "flags": "sentinel,disconnected", "last-ok-ping-reply": "20"},
        {"ip": "sentinel", "port": "2", "flags": "s_down,sentinel", "last-ok-ping-reply": "20"},
    ]
    assert silences_from_reply([form(entry) for entry in entries]) == {S[0]: 0.25, S[1]: math.inf, S[2]: math.inf}


@FORMS
def test_who_leads_a_failover(form: Any) -> None:
    assert is_failing_over(form({"flags": "master,o_down,failover_in_progress"}))
    assert not is_failing_over(form({"flags": "master"}))
