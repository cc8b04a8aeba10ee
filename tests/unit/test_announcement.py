"""What Sentinels publish, read."""

from __future__ import annotations

import pytest

from syncredis import Location
from syncredis.sentinel.announcement import Announcement, announcement

OLD, NEW = Location("10.0.0.1", 6379), Location("10.0.0.2", 6380)


@pytest.mark.parametrize(
    ("event", "text", "expected"),
    [
        (
            "+switch-master",
            "orders 10.0.0.1 6379 10.0.0.2 6380",
            Announcement("+switch-master", "orders", "master", NEW, OLD),
        ),
        (
            "+odown",
            "master orders 10.0.0.1 6379 #quorum 2/2",
            Announcement("+odown", "orders", "master", OLD, OLD),
        ),
        (
            "+selected-slave",
            "slave 10.0.0.2:6380 10.0.0.2 6380 @ orders 10.0.0.1 6379",
            Announcement("+selected-slave", "orders", "slave", NEW, OLD),
        ),
        (
            "-role-change",
            "slave 10.0.0.2:6380 10.0.0.2 6380 @ orders 10.0.0.1 6379 new reported role is master",
            Announcement("-role-change", "orders", "slave", NEW, OLD),
        ),
        (
            "+sentinel",
            "sentinel d5d16a ::1 26379 @ orders 10.0.0.1 6379",
            Announcement("+sentinel", "orders", "sentinel", Location("::1", 26379), OLD),
        ),
        ("+tilt", "#tilt mode entered", Announcement("+tilt")),
    ],
)
def test_read(event: str, text: str, expected: Announcement) -> None:
    assert announcement(event, text) == expected


@pytest.mark.parametrize("text", ["", "orders", "orders 10.0.0.1 x 10.0.0.2 6380", "cluster orders 10.0.0.1 6379"])
def test_nonsense(text: str) -> None:
    with pytest.raises(ValueError, match=r"\+switch-master says|invalid literal"):
        announcement("+switch-master", text)


def test_translated() -> None:
    told = announcement("+selected-slave", "slave 10.0.0.2:6380 10.0.0.2 6380 @ orders 10.0.0.1 6379")
    moved = told.translated(lambda location: Location("localhost", location.port))
    assert (moved.location, moved.primary) == (("localhost", 6380), ("localhost", 6379))
    assert announcement("+tilt", "").translated(lambda location: location) == Announcement("+tilt")
