"""The stream commands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import time
from typing import Any

import pytest

from syncredis import DataError, ResponseError
from syncredis.commands import Recorder
from syncredis.commands.types import ClaimedEntries, ClaimedIds, StreamEntries, StreamEntry
from syncredis.exceptions import BusyGroupError


def fill(client: Any, name: str = "s", number: int = 3) -> None:
    """Add the entries 1-0, 2-0 ..., whose field n says which one it is."""
    for n in range(1, number + 1):
        client.xadd(name, {"n": n}, f"{n}-0")


def ids(entries: list[Any]) -> list[Any]:
    return [entry.id for entry in entries]


# --- add, trim, delete ---------------------------------------------------------------------------------


def test_add_returns_the_id(client: Any) -> None:
    assert client.xadd("s", {"a": 1, "b": 0.5, 3: b"c"}, id="5-1") == "5-1"
    assert client.xadd("s", {"a": "x"}, 7) == "7-0"
    milliseconds, _, number = client.xadd("s", {"a": "y"}).partition("-")
    assert abs(int(milliseconds) / 1000 - time()) < 60
    assert number == "0"
    assert client.xlen("s") == 3
    assert client.xrange("s", max=6) == [("5-1", {"a": "1", "b": "0.5", "3": "c"})]


def test_add_only_to_a_stream_that_exists(client: Any) -> None:
    assert client.xadd("s", {"a": 1}, nomkstream=True) is None
    assert client.xlen("s") == 0
    fill(client)
    assert client.xadd("s", {"a": 1}, "9-0", nomkstream=True) == "9-0"


def test_add_and_trim(client: Any) -> None:
    fill(client, number=5)
    client.xadd("s", {"n": 6}, "6-0", maxlen=3, approximate=False)
    assert ids(client.xrange("s")) == ["4-0", "5-0", "6-0"]
    client.xadd("s", {"n": 7}, "7-0", minid="6-0", approximate=False)
    assert ids(client.xrange("s")) == ["6-0", "7-0"]
    client.xadd("s", {"n": 8}, "8-0", maxlen=1, limit=100)  # too few to be worth an approximate trim
    assert ids(client.xrange("s")) == ["6-0", "7-0", "8-0"]


def test_what_an_addition_is_made_of() -> None:
    record: Any = Recorder[str]().xadd
    assert record("s", {"a": 1}).arguments == ("XADD", "s", "*", "a", 1)
    assert record("s", {"a": 1}, maxlen=0).arguments == ("XADD", "s", "MAXLEN", "~", 0, "*", "a", 1)
    assert record("s", {"a": 1}, "5-*", None, True, True, 9, 7).arguments == (
        ("XADD", "s", "NOMKSTREAM", "MINID", "~", 9, "LIMIT", 7, "5-*", "a", 1)
    )


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_add_with_a_number_made_by_the_server(client: Any) -> None:
    assert [client.xadd("s", {"a": 1}, "5-*") for _ in range(2)] == ["5-0", "5-1"]


def test_trim(client: Any) -> None:
    fill(client, number=6)
    assert client.xtrim("s", 4, approximate=False) == 2
    assert client.xtrim("s", minid="5-0", approximate=False) == 2
    assert client.xtrim("s", maxlen=1, limit=1000) == 0
    assert ids(client.xrange("s")) == ["5-0", "6-0"]
    assert client.xtrim("s", 0, False) == 2
    assert client.xlen("s") == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"maxlen": 0, "minid": 0}, "maxlen and minid exclude each other"),
        ({"maxlen": 5, "limit": 1, "approximate": False}, "limit needs approximate"),
        ({"limit": 1}, "limit needs maxlen or minid"),
    ],
)
def test_trims_that_can_not_be(options: dict[str, Any], message: str) -> None:
    recorder = Recorder[str]()
    with pytest.raises(DataError, match=message):
        recorder.xtrim("s", **options)
    with pytest.raises(DataError, match=message):
        recorder.xadd("s", {"a": 1}, **options)


def test_a_trim_needs_to_know_how_far(client: Any) -> None:
    with pytest.raises(DataError, match="either maxlen or minid is needed"):
        client.xtrim("s")


def test_an_addition_needs_fields(client: Any) -> None:
    with pytest.raises(DataError, match="fields must hold at least one"):
        client.xadd("s", {})
    with pytest.raises(DataError, match="fields must be a mapping, not list"):
        client.xadd("s", ["a", "b"])
    with pytest.raises(DataError, match="argument 4 of XADD is True"):
        client.xadd("s", {"a": True}, "1-0")


def test_delete(client: Any) -> None:
    fill(client)
    assert client.xdel("s", "1-0", 3, "9-9") == 2
    assert client.xdel("none", "1-0") == 0
    assert ids(client.xrange("s")) == ["2-0"]
    with pytest.raises(DataError, match="ids must hold at least one"):
        client.xdel("s")


# --- read ----------------------------------------------------------------------------------------------


def test_length(client: Any) -> None:
    assert client.xlen("s") == 0
    fill(client)
    assert client.xlen("s") == 3


def test_range(client: Any) -> None:
    fill(client, number=4)
    entries = client.xrange("s")
    assert entries == [("1-0", {"n": "1"}), ("2-0", {"n": "2"}), ("3-0", {"n": "3"}), ("4-0", {"n": "4"})]
    assert {type(entry) for entry in entries} == {StreamEntry}
    assert (entries[0].id, entries[0].fields) == ("1-0", {"n": "1"})
    assert ids(client.xrange("s", "2-0", 3)) == ["2-0", "3-0"]
    assert ids(client.xrange("s", min="(2-0", count=1)) == ["3-0"]
    assert client.xrange("s", 7) == client.xrange("none") == []


def test_range_the_other_way_round(client: Any) -> None:
    fill(client, number=4)
    assert client.xrevrange("s", 2) == [("2-0", {"n": "2"}), ("1-0", {"n": "1"})]
    assert ids(client.xrevrange("s", "+", "(2-0")) == ["4-0", "3-0"]
    assert ids(client.xrevrange("s", count=1)) == ["4-0"]
    assert client.xrevrange("none") == []


def test_of_a_field_given_twice_the_last_value_is_returned(client: Any) -> None:
    client.execute_command("XADD", "s", "1-0", "a", "1", "b", "2", "a", "3")
    assert client.xrange("s") == [StreamEntry("1-0", {"a": "3", "b": "2"})]


def test_read_several_streams(client: Any) -> None:
    fill(client, "a")
    fill(client, "b", 1)
    read = client.xread({"a": "1-0", "b": 0, "none": 0})
    assert read == [("a", [("2-0", {"n": "2"}), ("3-0", {"n": "3"})]), ("b", [("1-0", {"n": "1"})])]
    assert {type(stream) for stream in read} == {StreamEntries}
    assert (read[0].name, type(read[0].entries[0])) == ("a", StreamEntry)
    assert client.xread({"a": 0}, count=1) == [("a", [("1-0", {"n": "1"})])]
    assert client.xread({"a": "3-0", "b": "$"}) == []


def test_read_does_not_wait_if_there_is_something(client: Any) -> None:
    fill(client)
    assert client.xread({"s": "2-0"}, None, 0) == [("s", [("3-0", {"n": "3"})])]


def test_read_waits_in_vain(client: Any) -> None:
    assert client.xread({"s": "$"}, block=1) == []
    assert client.xread({"s": 0}, 5, timedelta(milliseconds=1)) == []


@pytest.mark.parametrize(
    ("block", "seconds", "sent"),
    [(2500, 2.5, 2500), (timedelta(seconds=2.5), 2.5, 2500), (0, 0, 0), (timedelta(microseconds=1), 0.001, 1)],
)
def test_reading_says_how_long_it_waits(block: Any, seconds: float, sent: int) -> None:
    recorder = Recorder[str]()
    read: Any = recorder.xread({"a": 1, "b": 2}, 5, block)
    assert read.blocks == seconds
    assert read.arguments == ("XREAD", "COUNT", 5, "BLOCK", sent, "STREAMS", "a", "b", 1, 2)
    read = recorder.xreadgroup("g", "c", {"a": ">"}, 5, block, noack=True)
    assert read.blocks == seconds
    assert read.arguments == (
        ("XREADGROUP", "GROUP", "g", "c", "COUNT", 5, "BLOCK", sent, "NOACK", "STREAMS", "a", ">")
    )


def test_reading_that_does_not_wait_says_so() -> None:
    read: Any = Recorder[str]().xread({"a": 1})
    assert read.blocks is None
    read = Recorder[str]().xreadgroup("g", "c", {"a": ">"})
    assert read.blocks is None


def test_reading_needs_streams_a_count_and_a_time(client: Any) -> None:
    for read in (client.xread, lambda *arguments, **options: client.xreadgroup("g", "c", *arguments, **options)):
        with pytest.raises(DataError, match="streams must hold at least one"):
            read({})
        with pytest.raises(DataError, match="streams must be a mapping, not str"):
            read("s")
        for count in (0, -1, "1"):
            with pytest.raises(DataError, match=f"count must be a positive number, not {count!r}"):
                read({"s": 0}, count)
        for block in (-1, 0.5, "1", timedelta(seconds=-1)):
            with pytest.raises(DataError, match="block must be a number of milliseconds, 0 for ever, not"):
                read({"s": 0}, block=block)
        with pytest.raises(DataError, match="is False"):
            read({"s": 0}, block=False)


def test_a_range_needs_a_positive_count(client: Any) -> None:
    for read in (client.xrange, client.xrevrange):
        with pytest.raises(DataError, match="count must be a positive number, not 0"):
            read("s", count=0)


# --- the stream itself ---------------------------------------------------------------------------------


def test_set_the_last_id(client: Any) -> None:
    fill(client)
    assert client.xsetid("s", "9-0") is True
    assert client.xinfo_stream("s")["last-generated-id"] == "9-0"
    with pytest.raises(ResponseError, match="smaller"):
        client.xsetid("s", "1-0")


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_set_what_a_stream_knows_of_its_past(client: Any) -> None:
    fill(client)
    assert client.xsetid("s", "9-0", 20, "8-0") is True
    assert client.xsetid("s", "9-0", entries_added=30) is True
    info = client.xinfo_stream("s")
    assert (info["entries-added"], info["max-deleted-entry-id"]) == (30, "8-0")


def test_facts_about_a_stream(client: Any) -> None:
    fill(client)
    client.xgroup_create("s", "g")
    info = client.xinfo_stream("s")
    assert (info["length"], info["groups"], info["last-generated-id"]) == (3, 1, "3-0")
    assert (info["radix-tree-keys"], info["radix-tree-nodes"]) == (1, 2)
    assert (info["first-entry"], info["last-entry"]) == (("1-0", {"n": "1"}), ("3-0", {"n": "3"}))
    assert type(info["first-entry"]) is type(info["last-entry"]) is StreamEntry


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_facts_about_the_past_of_a_stream(client: Any) -> None:
    fill(client)
    client.xdel("s", 1, 2)
    info = client.xinfo_stream("s")
    assert (info["entries-added"], info["max-deleted-entry-id"], info["recorded-first-entry-id"]) == (3, "2-0", "3-0")


def test_facts_about_an_empty_stream(client: Any) -> None:
    client.xgroup_create("s", "g", mkstream=True)
    info = client.xinfo_stream("s")
    assert (info["length"], info["first-entry"], info["last-entry"]) == (0, None, None)
    info = client.xinfo_stream("s", full=True)
    assert (info["length"], info["entries"], info["groups"][0]["consumers"]) == (0, {}, [])


def test_all_facts_about_a_stream(client: Any) -> None:
    fill(client)
    client.xgroup_create("s", "g", 0)
    client.xgroup_createconsumer("s", "g", "idle")
    client.xreadgroup("g", "c", {"s": ">"}, count=2)
    info = client.xinfo_stream("s", True)
    assert (info["length"], info["last-generated-id"]) == (3, "3-0")
    assert info["entries"] == {"1-0": {"n": "1"}, "2-0": {"n": "2"}, "3-0": {"n": "3"}}
    (group,) = info["groups"]
    assert (group["name"], group["last-delivered-id"], group["pel-count"]) == ("g", "2-0", 2)
    assert [(entry.id, entry.consumer, entry.delivery_count) for entry in group["pending"]] == [
        ("1-0", "c", 1),
        ("2-0", "c", 1),
    ]
    assert abs(group["pending"][0].delivery_time / 1000 - time()) < 60
    consumer, idle = group["consumers"]
    assert (consumer["name"], consumer["pel-count"]) == ("c", 2)
    assert [(entry.id, entry.delivery_count) for entry in consumer["pending"]] == [("1-0", 1), ("2-0", 1)]
    assert consumer["pending"][1].delivery_time == group["pending"][1].delivery_time
    assert abs(consumer["seen-time"] / 1000 - time()) < 60
    assert (idle["name"], idle["pel-count"], idle["pending"]) == ("idle", 0, [])


def test_all_facts_as_far_as_asked_for(client: Any) -> None:
    fill(client, number=12)
    assert len(client.xinfo_stream("s", full=True)["entries"]) == 10
    assert len(client.xinfo_stream("s", full=True, count=0)["entries"]) == 12
    assert client.xinfo_stream("s", True, 1)["entries"] == {"1-0": {"n": "1"}}
    with pytest.raises(DataError, match="count needs full"):
        client.xinfo_stream("s", count=5)


def test_no_facts_about_what_is_not_there(client: Any) -> None:
    for inform in (client.xinfo_stream, client.xinfo_groups):
        with pytest.raises(ResponseError, match="no such key"):
            inform("none")


# --- consumer groups -----------------------------------------------------------------------------------


def test_create_and_destroy_a_group(client: Any) -> None:
    with pytest.raises(ResponseError, match="MKSTREAM"):
        client.xgroup_create("s", "g")
    assert client.xgroup_create("s", "g", mkstream=True) is True
    with pytest.raises(BusyGroupError):
        client.xgroup_create("s", "g")
    assert client.xgroup_destroy("s", "g") is True
    assert client.xgroup_destroy("s", "g") is False


def test_a_group_begins_where_it_is_told(client: Any) -> None:
    fill(client)
    client.xgroup_create("s", "new")
    client.xgroup_create("s", "all", 0)
    client.xgroup_create("s", "some", "2-0")
    read = {group: client.xreadgroup(group, "c", {"s": ">"}) for group in ("new", "all", "some")}
    assert read["new"] == []
    assert ids(read["all"][0].entries) == ["1-0", "2-0", "3-0"]
    assert ids(read["some"][0].entries) == ["3-0"]


def test_let_a_group_go_on_elsewhere(client: Any) -> None:
    fill(client)
    client.xgroup_create("s", "g")
    assert client.xgroup_setid("s", "g", "1-0") is True
    assert ids(client.xreadgroup("g", "c", {"s": ">"})[0].entries) == ["2-0", "3-0"]


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_tell_a_group_how_far_it_has_come(client: Any) -> None:
    fill(client)
    client.xgroup_create("s", "g", "2-0", entries_read=2)
    assert (client.xinfo_groups("s")[0]["entries-read"], client.xinfo_groups("s")[0]["lag"]) == (2, 1)
    assert client.xgroup_setid("s", "g", "1-0", entries_read=1) is True
    assert (client.xinfo_groups("s")[0]["entries-read"], client.xinfo_groups("s")[0]["lag"]) == (1, 2)


def test_create_and_remove_a_consumer(client: Any) -> None:
    fill(client)
    client.xgroup_create("s", "g", 0)
    assert client.xgroup_createconsumer("s", "g", "c") == 1
    assert client.xgroup_createconsumer("s", "g", "c") == 0
    client.xreadgroup("g", "c", {"s": ">"}, count=2)
    assert client.xgroup_delconsumer("s", "g", "c") == 2
    assert client.xgroup_delconsumer("s", "g", "c") == 0


def test_facts_about_groups(client: Any) -> None:
    fill(client)
    client.xgroup_create("s", "g", 0)
    client.xreadgroup("g", "c", {"s": ">"}, count=2)
    (group,) = client.xinfo_groups("s")
    wanted = {"name": "g", "consumers": 1, "pending": 2, "last-delivered-id": "2-0"}
    assert {name: group[name] for name in wanted} == wanted
    assert set(group) - set(wanted) in (set(), {"entries-read", "lag"})
    assert (group.get("entries-read", 2), group.get("lag", 1)) == (2, 1)
    client.xgroup_destroy("s", "g")
    assert client.xinfo_groups("s") == []


def test_facts_about_consumers(client: Any) -> None:
    fill(client)
    client.xgroup_create("s", "g", 0)
    assert client.xinfo_consumers("s", "g") == []
    client.xreadgroup("g", "c", {"s": ">"}, count=2)
    (consumer,) = client.xinfo_consumers("s", "g")
    assert (consumer["name"], consumer["pending"]) == ("c", 2)
    assert 0 <= consumer["idle"] < 60_000
    assert 0 <= consumer.get("inactive", 0) < 60_000


def test_deliver_and_acknowledge(client: Any) -> None:
    fill(client)
    client.xgroup_create("s", "g", 0)
    read = client.xreadgroup("g", "c", {"s": ">"}, 2)
    assert read == [("s", [("1-0", {"n": "1"}), ("2-0", {"n": "2"})])]
    assert (type(read[0]), type(read[0].entries[0])) == (StreamEntries, StreamEntry)
    assert client.xack("s", "g", "1-0", "3-0") == 1
    assert client.xreadgroup("g", "c", {"s": 0}) == [("s", [("2-0", {"n": "2"})])]
    assert client.xack("s", "none", 2) == 0
    with pytest.raises(DataError, match="ids must hold at least one"):
        client.xack("s", "g")


def test_deliver_without_acknowledgement(client: Any) -> None:
    fill(client)
    client.xgroup_create("s", "g", 0)
    assert ids(client.xreadgroup("g", "c", {"s": ">"}, noack=True)[0].entries) == ["1-0", "2-0", "3-0"]
    assert client.xpending("s", "g")["pending"] == 0


def test_nothing_to_deliver(client: Any) -> None:
    client.xgroup_create("s", "g", mkstream=True)
    assert client.xreadgroup("g", "c", {"s": ">"}) == []
    assert client.xreadgroup("g", "c", {"s": ">"}, block=1) == []
    assert client.xreadgroup("g", "c", {"s": "0"}) == [StreamEntries("s", [])]


def test_a_deleted_entry_that_is_pending_has_no_fields(client: Any) -> None:
    fill(client)
    client.xgroup_create("s", "g", 0)
    client.xreadgroup("g", "c", {"s": ">"})
    client.xdel("s", "2-0")
    (read,) = client.xreadgroup("g", "c", {"s": 0})
    assert read.entries == [("1-0", {"n": "1"}), ("2-0", {}), ("3-0", {"n": "3"})]


def test_how_much_is_pending(client: Any) -> None:
    fill(client)
    client.xgroup_create("s", "g", 0)
    assert client.xpending("s", "g") == {"pending": 0, "min": None, "max": None, "consumers": []}
    client.xreadgroup("g", "c", {"s": ">"}, count=2)
    client.xreadgroup("g", "d", {"s": ">"})
    assert client.xpending("s", "g") == {
        "pending": 3,
        "min": "1-0",
        "max": "3-0",
        "consumers": [{"name": "c", "pending": 2}, {"name": "d", "pending": 1}],
    }


def test_what_is_pending(client: Any) -> None:
    fill(client)
    client.xgroup_create("s", "g", 0)
    client.xreadgroup("g", "c", {"s": ">"}, count=2)
    client.xreadgroup("g", "d", {"s": ">"})
    pending = client.xpending_range("s", "g", "-", "+", 10)
    assert all(0 <= entry.pop("time_since_delivered") < 60_000 for entry in pending)
    assert pending == [
        {"message_id": "1-0", "consumer": "c", "times_delivered": 1},
        {"message_id": "2-0", "consumer": "c", "times_delivered": 1},
        {"message_id": "3-0", "consumer": "d", "times_delivered": 1},
    ]

    def of(*arguments: Any, **options: Any) -> list[str]:
        return [entry["message_id"] for entry in client.xpending_range("s", "g", *arguments, **options)]

    assert of("2-0", 9, 1) == ["2-0"]
    assert of("(1-0", "+", 5, "c") == ["2-0"]
    assert of("-", "+", 5, consumername="none") == []
    assert of("-", "+", 5, idle=60_000) == of("-", "+", 5, "c", timedelta(minutes=1)) == []
    assert of("-", "+", 5, "d", 0) == ["3-0"]


# --- taking over ---------------------------------------------------------------------------------------


def deliver(client: Any, number: int = 3) -> None:
    """Let entries be pending for the consumer c of the group g."""
    fill(client, number=number)
    client.xgroup_create("s", "g", 0)
    client.xreadgroup("g", "c", {"s": ">"})


def test_claim(client: Any) -> None:
    deliver(client)
    entries = client.xclaim("s", "g", "d", 0, ["1-0", 3, "9-0"])
    assert entries == [("1-0", {"n": "1"}), ("3-0", {"n": "3"})]
    assert {type(entry) for entry in entries} == {StreamEntry}
    assert client.xclaim("s", "g", "d", 0, "2-0", justid=True) == ["2-0"]
    assert client.xclaim("s", "g", "e", timedelta(minutes=1), ["1-0"]) == []
    pending = client.xpending_range("s", "g", "-", "+", 5)
    assert [(entry["consumer"], entry["times_delivered"]) for entry in pending] == [("d", 2), ("d", 1), ("d", 2)]


def test_claim_and_pretend(client: Any) -> None:
    deliver(client)
    hour = timedelta(hours=1)
    client.xclaim("s", "g", "d", 0, 1, idle=hour, retrycount=7)
    client.xclaim("s", "g", "d", 0, 2, time=datetime.now(UTC) - hour)
    client.xclaim("s", "g", "d", 0, 3, time=int(time() * 1000) - 3_600_000)
    pending = client.xpending_range("s", "g", "-", "+", 5)
    assert all(3_599_000 < entry["time_since_delivered"] < 3_660_000 for entry in pending)
    assert [entry["times_delivered"] for entry in pending] == [7, 2, 2]


def test_claim_what_is_not_pending(client: Any) -> None:
    fill(client)
    client.xgroup_create("s", "g")
    assert client.xclaim("s", "g", "c", 0, [1, 2]) == []
    assert client.xclaim("s", "g", "c", 0, [1, 2], force=True, justid=True) == ["1-0", "2-0"]
    assert client.xpending("s", "g")["pending"] == 2


def test_claim_leaves_out_what_was_deleted(client: Any) -> None:
    deliver(client)
    client.xdel("s", "2-0")
    assert client.xclaim("s", "g", "d", 0, [1, 2, 3]) == [("1-0", {"n": "1"}), ("3-0", {"n": "3"})]


def test_claims_that_can_not_be(client: Any) -> None:
    with pytest.raises(DataError, match="message_ids must hold at least one"):
        client.xclaim("s", "g", "c", 0, [])
    with pytest.raises(DataError, match="idle and time exclude each other"):
        client.xclaim("s", "g", "c", 0, 1, idle=0, time=0)


def test_claim_what_has_waited_long(client: Any) -> None:
    deliver(client)
    claimed = client.xautoclaim("s", "g", "d", 0, count=2)
    assert claimed == ("3-0", [("1-0", {"n": "1"}), ("2-0", {"n": "2"})], [])
    assert (type(claimed), type(claimed.entries[0])) == (ClaimedEntries, StreamEntry)
    claimed = client.xautoclaim("s", "g", "d", 0, claimed.next_id)
    assert claimed == ClaimedEntries("0-0", [StreamEntry("3-0", {"n": "3"})], [])
    assert client.xautoclaim("s", "g", "e", timedelta(minutes=1)) == ("0-0", [], [])
    assert client.xpending("s", "g")["consumers"] == [{"name": "d", "pending": 3}]


def test_claim_ids_of_what_has_waited_long(client: Any) -> None:
    deliver(client)
    claimed = client.xautoclaim("s", "g", "d", 0, "2-0", 1, True)
    assert type(claimed) is ClaimedIds
    assert (claimed.next_id, claimed.ids, claimed.deleted_ids) == ("3-0", ["2-0"], [])
    with pytest.raises(DataError, match="count must be a positive number"):
        client.xautoclaim("s", "g", "d", 0, count=0)


def test_claim_of_what_has_waited_long_leaves_out_what_was_deleted(client: Any) -> None:
    deliver(client)
    client.xdel("s", "2-0")
    assert client.xautoclaim("s", "g", "d", 0).entries == [("1-0", {"n": "1"}), ("3-0", {"n": "3"})]


@pytest.mark.since(redis="7.0", valkey="7.2")
def test_claim_of_what_has_waited_long_tells_what_was_deleted(client: Any) -> None:
    deliver(client)
    client.xdel("s", "2-0")
    assert client.xautoclaim("s", "g", "d", 0, "2-0") == ("0-0", [("3-0", {"n": "3"})], ["2-0"])
    assert client.xpending("s", "g")["pending"] == 2
    client.xdel("s", "1-0")
    assert client.xautoclaim("s", "g", "d", 0, justid=True) == ("0-0", ["3-0"], ["1-0"])


# --- bytes ---------------------------------------------------------------------------------------------


def test_bytes(raw: Any) -> None:
    assert raw.xadd(b"\xff", {b"\xfe": b"\xfd"}, b"1-0") == b"1-0"
    assert raw.xrange(b"\xff") == [StreamEntry(b"1-0", {b"\xfe": b"\xfd"})]
    assert raw.xread({b"\xff": 0}) == [StreamEntries(b"\xff", [StreamEntry(b"1-0", {b"\xfe": b"\xfd"})])]
    info = raw.xinfo_stream(b"\xff")
    assert (info["last-generated-id"], info["first-entry"]) == (b"1-0", (b"1-0", {b"\xfe": b"\xfd"}))


def test_bytes_of_groups(raw: Any) -> None:
    raw.xadd("s", {b"\xff": 1}, "1-0")
    raw.xgroup_create("s", b"\xfe", 0)
    assert raw.xreadgroup(b"\xfe", b"\xfd", {"s": ">"}) == [(b"s", [(b"1-0", {b"\xff": b"1"})])]
    assert raw.xpending("s", b"\xfe") == {
        "pending": 1,
        "min": b"1-0",
        "max": b"1-0",
        "consumers": [{"name": b"\xfd", "pending": 1}],
    }
    (pending,) = raw.xpending_range("s", b"\xfe", "-", "+", 1)
    assert (pending["message_id"], pending["consumer"]) == (b"1-0", b"\xfd")
    (group,) = raw.xinfo_groups("s")
    assert (group["name"], group["last-delivered-id"]) == (b"\xfe", b"1-0")
    assert raw.xinfo_consumers("s", b"\xfe")[0]["name"] == b"\xfd"
    full = raw.xinfo_stream("s", full=True)
    assert full["entries"] == {b"1-0": {b"\xff": b"1"}}
    assert full["groups"][0]["pending"][0][:2] == (b"1-0", b"\xfd")
    assert full["groups"][0]["consumers"][0]["pending"][0].id == b"1-0"
    assert raw.xclaim("s", b"\xfe", "d", 0, b"1-0", justid=True) == [b"1-0"]
    assert raw.xautoclaim("s", b"\xfe", "e", 0) == (b"0-0", [(b"1-0", {b"\xff": b"1"})], [])
