"""The demo as a drawing: parts of it, and the whole of made-up acts."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from xml.etree import ElementTree

import pytest

from syncredis.cli import svg
from syncredis.cli.acts import FREEZE, KILL, acts
from syncredis.cli.chronicle import Chronicle, Moment, Scene, Stretch, sentinel_moments
from syncredis.cli.drawing import drawing
from syncredis.cli.tally import Call, Outcome, make_report

SVG = "{http://www.w3.org/2000/svg}"

LOG = """\
29131:X 26 Nov 2026 11:16:43.607 * Sentinel new configuration saved on disk
29131:X 26 Nov 2026 11:16:44.250 # +sdown master myredis 127.0.0.1 34429
29131:X 26 Nov 2026 11:16:44.300 # +sdown slave 127.0.0.1:46567 127.0.0.1 46567 @ myredis 127.0.0.1 34429
29131:X 26 Nov 2026 11:16:45.001 # +switch-master myredis 127.0.0.1 34429 127.0.0.1 46567
29131:X 26 Nov 2026 25:61:45.001 # +switch-master of no such time
"""


def test_acts():
    assert acts("kill") == (KILL,)
    assert acts("freeze, kill") == (FREEZE, KILL)
    for wrong in ("", "kill,", "nap"):
        with pytest.raises(ArgumentTypeError, match="is no act: choose from planned, kill, freeze"):
            acts(wrong)


def test_what_the_log_of_a_sentinel_tells():
    second = time.mktime((2026, 11, 26, 11, 16, 44, 0, 0, -1))
    assert sentinel_moments(LOG, "sentinel-1", -second) == [
        Moment(pytest.approx(0.25), "sentinel-1", "+sdown"),
        Moment(pytest.approx(1.001), "sentinel-1", "+switch-master"),
    ]


def test_labels_do_not_touch():
    places = [(0.0, "first"), (5.0, "second"), (100.0, "far away"), (190.0, "at the end")]
    found = svg.rows(places, 6.0, 200.0)
    spans: dict[int, list[tuple[float, float]]] = {}
    for (x, words), (row, is_left) in zip(places, found, strict=True):
        width = len(words) * 6.0
        spans.setdefault(row, []).append((x - width, x) if is_left else (x, x + width))
    for row in spans.values():
        assert all(before[1] <= after[0] for before, after in zip(sorted(row), sorted(row)[1:], strict=False))
    assert [is_left for _, is_left in found] == [False, False, False, True]


def test_no_label_is_crossed_by_the_line_of_a_later_one():
    # The first has room beside the last, but the line of the second comes down through there.
    found = svg.rows([(0.0, "writes held"), (40.0, "promoted"), (45.0, "writes again"), (90.0, "switch")], 6.0, 400.0)
    rows = [row for row, _ in found]
    assert rows[0] > max(rows[1], rows[2])


def test_every_colour_stands_in_its_place():
    # Where CSS variables are not known, all would be black.
    assert "var(" not in svg.STYLE
    assert svg.STYLE.count("fill: #1f883d") == svg.STYLE.count("fill: #2f9e4f") == 1


def calls_of(surface: str) -> list[Call]:
    moments = [number / 20 for number in range(200) if not 60 <= number < 100]
    written = [Call("write", f"{surface}:{moment}", moment, moment + 0.001, Outcome.DONE) for moment in moments]
    return [*written, Call("write", f"{surface}:x", 2.99, 3.2, Outcome.UNKNOWN, "<broke & off>")]


def test_it_shows_what_happened_and_escapes_what_it_is_given():
    calls = {surface: calls_of(surface) for surface in ("sync", "async")}
    ready = dict.fromkeys(calls, 5.0)
    scene = Scene(
        act=KILL,
        began=0.0,
        struck=3.0,
        switched=5.5,
        ended=10.0,
        old="a:1",
        new="b:2",
        is_over=True,
        since=ready,
        resumed=ready,
        looks=1,
        strays=0,
        switches=1,
    )
    chronicle = Chronicle(
        server="Valkey <9>",
        rate=20.0,
        scenes=[scene],
        calls=calls,
        heard=[Moment(4.0, "sync", "hold"), Moment(4.9, "sync", "switch")],
        said=[Moment(3.9, "sentinel-1", "+odown"), Moment(5.5, "sentinel-1", "+switch-master")],
        states={
            "a:1": [
                Stretch(0, 3, "primary"),
                Stretch(3, 7, "down"),
                Stretch(7, 8, "primary"),
                Stretch(8, 10, "replica"),
            ],
            "b:2": [Stretch(0, 4.95, "replica"), Stretch(4.95, 10, "primary")],
        },
    )
    reports = [
        [make_report(surface, made, began=0.0, struck=3.0, ended=10.0, stored=None) for surface, made in calls.items()]
    ]
    root = ElementTree.fromstring(drawing(chronicle, reports))
    assert root.find(f"{SVG}title") is not None
    assert "2,050 ms without a write" in (root.findtext(f"{SVG}desc") or "")
    assert root.find(f"{SVG}script") is None
    words = [one.text for one in root.iter(f"{SVG}text")]
    assert [one for one in words if one and one.endswith("ms")] == ["2,050 ms"] * 2
    assert {"kill", "writes held", "promoted", "writes again", "Sentinels switch", "old primary is back"} < set(words)
    assert {"0 s", "1 s", "+odown", "+switch-master", "a:1", "b:2", "down"} < set(words)
    assert sum(one.text == "write: outcome unknown" for one in root.iter(f"{SVG}title")) == 2
