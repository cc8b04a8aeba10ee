"""Charts of what got through."""

from __future__ import annotations

from syncredis.cli.chart import bars, pointers, slices_for


def test_an_outage_shows_as_a_gap():
    moments = [i / 10 for i in range(100) if not 30 <= i < 60]
    line = bars(moments, 0.0, 10.0, 10.0, 10, plain=False)
    assert line.plain == "▆▆▆···▆▆▆▆"
    assert bars(moments, 0.0, 10.0, 10.0, 10, plain=True).plain == "###___####"


def test_fewer_calls_than_meant_show_as_lower_bars():
    moments = [*(i / 20 for i in range(20)), *(1 + i / 20 for i in range(0, 20, 5)), 2.0]
    plain = bars(moments, 0.0, 3.0, 20.0, 3, plain=False).plain
    assert plain[0] == "▆"
    assert plain[0] > plain[1] > plain[2] >= "▁"


def test_more_calls_than_meant_are_a_full_bar():
    assert bars([0.1] * 50, 0.0, 1.0, 10.0, 1, plain=False).plain == "▆"


def test_slices_are_not_so_narrow_that_chance_would_empty_them():
    assert slices_for(10.0, 100.0, 60) == 60
    assert slices_for(10.0, 3.0, 60) == 10
    assert slices_for(0.0, 100.0, 60) == 1


def test_pointers_stand_under_their_moments():
    labels = [(4.0, "kill"), (6.0, "switch")]
    line = pointers(labels, 0.0, 10.0, 50, plain=True)
    assert line == " " * 15 + "kill ^" + " " * 9 + "^ switch"
    assert (line.index("^"), line.rindex("^")) == (20, 30)


def test_a_label_without_room_before_its_pointer_stands_behind():
    assert pointers([(0.2, "kill")], 0.0, 10.0, 50, plain=False) == " ▲ kill"
    assert pointers([(20.0, "kill")], 0.0, 10.0, 10, plain=False) == "    kill ▲"[-10:]
