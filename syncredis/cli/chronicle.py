"""What happened in the demo, act by act: frozen values for the table, for JSON and for the drawing. No I/O.

Times are by `time.monotonic`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from syncredis.cli.acts import Act
from syncredis.cli.tally import Call, Report
from syncredis.sentinel.events import Event, FailoverStarted, PrimaryChanged


class Moment(NamedTuple):
    """Something that happened.

    Attributes:
        at: when.
        who: the Sentinel that said so, or the surface that met it.
        what: in the words of whoever said it.
    """

    at: float
    who: str
    what: str


class Stretch(NamedTuple):
    """A server was in one state: ``primary``, ``replica``, ``frozen``, ``down`` or ``starting``."""

    begin: float
    end: float
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One act, as it went.

    Attributes:
        act: which.
        began: when the load before it began to count.
        struck: when it was done to the primary.
        switched: when the first Sentinel named another primary; None: none did.
        ended: when the next act began, or the load ended.
        old: the primary before.
        new: the primary afterwards; None: there was none.
        is_over: whether writes got through again, and all Sentinels agreed.
        since: from when on an acknowledged write says that service is back, by surface.
        resumed: when such a write got through, by surface.
        looks: how often the old primary, while it took itself for the primary, was looked at for writes of later.
        strays: how many of these it had.
        switches: how often Sentinel changed the primary.
    """

    act: Act
    began: float
    struck: float
    switched: float | None
    ended: float
    old: str
    new: str | None
    is_over: bool
    since: Mapping[str, float]
    resumed: Mapping[str, float]
    looks: int
    strays: int
    switches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chronicle:
    """The whole of it.

    Attributes:
        server: the kind of the servers.
        rate: writes per second and surface that were meant to be, and as many reads.
        scenes: the acts.
        calls: what each surface called.
        heard: what each surface was told by its client.
        said: what the Sentinels wrote into their logs.
        states: what each server was, over time.
    """

    server: str
    rate: float
    scenes: Sequence[Scene]
    calls: Mapping[str, Sequence[Call]]
    heard: Sequence[Moment]
    said: Sequence[Moment]
    states: Mapping[str, Sequence[Stretch]]


#: The messages of Sentinels that tell of a failover; others are details.
TELLING: Final = (
    "+sdown",
    "+odown",
    "+try-failover",
    "+elected-leader",
    "+failover-state-select-slave",
    "+selected-slave",
    "+promoted-slave",
    "+switch-master",
    "+convert-to-slave",
)


def sentinel_moments(log: str, who: str, shift: float) -> list[Moment]:
    """Return what a Sentinel's log tells of a failover.

    Args:
        log: its text.
        who: the Sentinel.
        shift: what to add to seconds since 1970 to have the time of `time.monotonic`.
    """
    found: list[Moment] = []
    for line in log.splitlines():
        match line.split():
            # As in: 29131:X 26 Nov 2026 11:16:43.607 # +sdown master myredis 127.0.0.1 34429
            case [_, day, month, year, clock, ("#" | "*"), event, *rest] if event in TELLING:
                whole, _, thousandths = clock.partition(".")
                try:
                    parsed = time.strptime(f"{day} {_MONTHS.index(month) + 1} {year} {whole}", "%d %m %Y %H:%M:%S")
                except ValueError:
                    continue
                of_primary = rest[:1] == ["master"]
                if event == "+sdown" and not of_primary:
                    continue
                found.append(Moment(time.mktime(parsed) + int(thousandths) / 1000 + shift, who, event))
            case _:
                pass
    return found


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def client_moments(events: Sequence[tuple[float, Event]], who: str) -> list[Moment]:
    """Return what a client was told, as far as it changes what the client does."""
    found: list[Moment] = []
    for at, event in list(events):
        match event:
            case FailoverStarted():
                found.append(Moment(at, who, "hold"))
            case PrimaryChanged():
                found.append(Moment(at, who, "switch"))
            case _:
                pass
    return found


def as_json(chronicle: Chronicle, reports: Sequence[Sequence[Report]], complaints: Sequence[str]) -> dict[str, object]:
    """Return what programs want to know; times are in seconds from the blow on."""
    acts: list[dict[str, object]] = []
    for scene, of_scene in zip(chronicle.scenes, reports, strict=True):
        acts.append(
            {
                "act": scene.act.name,
                "old": scene.old,
                "new": scene.new,
                "switched": None if scene.switched is None else scene.switched - scene.struck,
                "writes_at_old_primary": scene.strays,
                "surfaces": [
                    {
                        "surface": report.surface,
                        "resumed": scene.resumed[report.surface] - scene.struck
                        if report.surface in scene.resumed
                        else None,
                        "writes": report.writes,
                        "lost": report.lost,
                        "write_gap": report.write_gap,
                        "unknown": report.unknown,
                        "unknown_applied": report.unknown_applied,
                        "reads": report.reads,
                        "not_replicated_yet": report.nothing,
                        "read_gap": report.read_gap,
                        "wrong": report.wrong,
                        "errors": report.errors,
                        "stuck": report.stuck,
                    }
                    for report in of_scene
                ],
            }
        )
    return {"well": not complaints, "complaints": list(complaints), "server": chronicle.server, "acts": acts}
