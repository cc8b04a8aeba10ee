"""The demo as a drawing: a panel for each act, with what got through, what the servers were, and what the Sentinels said.

A pure function from values to SVG.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from syncredis.cli import svg
from syncredis.cli.chronicle import Chronicle, Moment, Scene
from syncredis.cli.tally import Call, Kind, Outcome, Report, count_of, counts_per_slice, ends

_WIDTH: Final = 1000.0
_LEFT, _RIGHT = 128.0, 976.0  # of what has a time
_BEFORE: Final = 1.0  # seconds that are shown before the blow
_AFTER: Final = 4.0  # and at most after service is back everywhere
_SLICE: Final = 0.05  # seconds of a bar, at least
_CALLS_PER_SLICE: Final = 4  # so that chance does not look like an outage
_NEARLY: Final = 0.75  # of what was meant to be is drawn as all of it, for calm
_WORTH_A_WORD: Final = 0.08  # seconds of a pause in writing
_LANE, _BAND, _ROW = 30.0, 18.0, 14.0  # heights


class _Span(NamedTuple):
    """From where to where time goes in a panel."""

    begin: float
    end: float

    def x(self, moment: float) -> float:
        share = (min(max(moment, self.begin), self.end) - self.begin) / (self.end - self.begin)
        return _LEFT + share * (_RIGHT - _LEFT)

    def holds(self, moment: float) -> bool:
        return self.begin <= moment <= self.end


def drawing(chronicle: Chronicle, reports: Sequence[Sequence[Report]]) -> str:
    """Return an SVG document that shows what happened.

    Args:
        chronicle: what happened.
        reports: what became of each surface in each act.
    """
    title = "Failovers under load"
    names = [scene.act.title for scene in chronicle.scenes]
    parts = [
        svg.text(24, 38, title, "title"),
        svg.text(
            24, 58, f"syncredis demo, {chronicle.server}, {chronicle.rate:,g} writes/s and reads/s a surface", "quiet"
        ),
    ]
    top = 84.0
    for scene, of_scene in zip(chronicle.scenes, reports, strict=True):
        panel = _Panel(chronicle, scene, of_scene, top)
        parts.extend(panel.draw())
        top = panel.top + 34
    parts.extend(_legend(top))
    facts = " ".join(
        f"{scene.act.title}: {_facts(of_scene)}." for scene, of_scene in zip(chronicle.scenes, reports, strict=True)
    )
    description = (
        f"Writes and reads of syncredis in threads and in asyncio tasks over time, in {count_of(len(names), 'act')}: "
        f"{', '.join(names)}; with the roles of the servers, and what the Sentinels said. {facts}"
    )
    return svg.document(_WIDTH, top + 66, title, description, parts)


class _Panel:
    """One act. It is drawn from top to bottom.

    Attributes:
        top: where the next part begins.
    """

    def __init__(self, chronicle: Chronicle, scene: Scene, reports: Sequence[Report], top: float) -> None:
        self._chronicle = chronicle
        self._scene = scene
        self._reports = reports
        self.top = top
        turns: list[float] = [scene.struck, *scene.resumed.values()]
        if scene.switched is not None:
            turns.append(scene.switched)
        back = max(turns)
        begin = max(scene.began, scene.struck - _BEFORE)
        self._span = _Span(begin, max(begin + 0.1, min(scene.ended, back + _AFTER)))

    def draw(self) -> list[str]:
        parts = [
            svg.text(24, self.top + 12, self._scene.act.title, "head"),
            svg.text(_RIGHT, self.top + 12, _facts(self._reports), "end quiet"),
        ]
        self.top += 26
        labels = self._mark_labels()
        marks_from = self.top - 4
        body: list[str] = []
        for surface, calls in self._chronicle.calls.items():
            body.extend(self._lane(f"{surface} writes", calls, "write"))
            body.extend(self._lane(f"{surface} reads", calls, "read"))
        self.top += 6
        for server, stretches in self._chronicle.states.items():
            body.append(svg.text(_LEFT - 10, self.top + 13, server, "mono quiet end"))
            for begin, end, state in stretches:
                if end > self._span.begin and begin < self._span.end:
                    body.extend(self._band(begin, end, state))
            self.top += _BAND + 3
        lines = [
            svg.line(self._span.x(at), marks_from, self.top, f"mark {kind}", words) for at, kind, words in self._marks()
        ]
        said = self._sentinels()
        axis = self._axis(marks_from)
        return [*parts, *axis, *body, *lines, *labels, *said]

    # --- marks ---------------------------------------------------------------------------------------

    def _marks(self) -> list[tuple[float, str, str]]:
        """Return the turning points, in their order: when, of which kind, and in words."""
        scene, states = self._scene, self._chronicle.states
        found = [(scene.struck, "blow", scene.act.noun)]
        holds = [moment.at for moment in self._chronicle.heard if moment.what == "hold" and moment.at >= scene.struck]
        found.extend((at, "hold", "writes held") for at in holds[:1])
        # Somebody has seen it first: who looked at the server, or a client that went there.
        promoted = [
            *(one.begin for one in states.get(scene.new or "", ()) if one.state == "primary"),
            *(moment.at for moment in self._chronicle.heard if moment.what == "switch"),
            *scene.resumed.values(),
        ]
        found.extend((at, "switch", "promoted") for at in sorted(at for at in promoted if at > scene.struck)[:1])
        if scene.resumed:
            found.append((min(scene.resumed.values()), "again", "writes again"))
        if scene.switched is not None:
            found.append((scene.switched, "switch", "Sentinels switch"))
        old = states.get(scene.old, ())
        found.extend(
            (one.begin, "back", "old primary is back") for before, one in pairwise(old) if before.state in _AWAY
        )
        found.extend((one.begin, "back", "old primary is a replica") for one in old if one.state == "replica")
        return sorted(one for one in found if scene.struck <= one[0] <= min(self._span.end, scene.ended))

    def _mark_labels(self) -> list[str]:
        marks = self._marks()
        places = svg.rows([(self._span.x(at), words) for at, _, words in marks], 6.3, _RIGHT)
        height = (max((row for row, _ in places), default=0) + 1) * _ROW
        parts: list[str] = []
        for (at, kind, words), (row, is_left) in zip(marks, places, strict=True):
            x, y = self._span.x(at), self.top + height - row * _ROW - 4
            parts.append(svg.line(x, y - 9, self.top + height, f"mark {kind}"))
            parts.append(
                svg.text(x - 5 if is_left else x + 5, y, words, f"small halo t{kind}{' end' if is_left else ''}")
            )
        self.top += height + 4
        return parts

    # --- lanes and bands -----------------------------------------------------------------------------

    def _lane(self, name: str, calls: Sequence[Call], kind: Kind) -> list[str]:
        span, top, rate = self._span, self.top, self._chronicle.rate
        slices = max(1, int((span.end - span.begin) / max(_SLICE, _CALLS_PER_SLICE / rate)))
        full = rate * (span.end - span.begin) / slices
        moments = ends(calls, kind)
        counts = counts_per_slice(moments, span.begin, span.end, slices)
        width = (_RIGHT - _LEFT) / slices
        parts = [
            svg.text(_LEFT - 10, top + 20, name, "end"),
            svg.box(_LEFT, top, _RIGHT - _LEFT, _LANE, "lane"),
        ]
        begin, end = _longest_pause(moments, span.begin, span.end)
        worth = kind == "write" and end - begin > _WORTH_A_WORD and end > self._scene.struck
        words = f"{(end - begin) * 1000:,.0f} ms"
        if worth:
            parts.append(
                svg.box(span.x(begin), top, span.x(end) - span.x(begin), _LANE, "pause", f"no write for {words}")
            )
        parts.append(
            svg.bars(
                _LEFT, top + _LANE, width, (min(1.0, count / full / _NEARLY) * (_LANE - 3) for count in counts), kind
            )
        )
        if worth:
            middle, wide = (span.x(begin) + span.x(end)) / 2, span.x(end) - span.x(begin)
            if wide > len(words) * 7:
                parts.append(svg.text(middle, top + 20, words, "middle"))
        for call in calls:
            if call.kind == kind and not call.answered and span.holds(call.ended):
                what = "outcome unknown" if call.outcome is Outcome.UNKNOWN else call.error or call.outcome.value
                parts.append(svg.cross(span.x(call.ended), top + 6, f"{kind}: {what}"))
        self.top += _LANE + 4
        return parts

    def _band(self, begin: float, end: float, state: str) -> list[str]:
        left, right = self._span.x(begin), self._span.x(end)
        parts = [svg.box(left, self.top, right - left, _BAND, state, state)]
        if right - left > len(state) * 7 + 6:
            parts.append(
                svg.text(left + 6, self.top + 13, state, f"small {'onprimary' if state == 'primary' else 'on'}")
            )
        return parts

    def _sentinels(self) -> list[str]:
        span = self._span
        said = [moment for moment in self._chronicle.said if span.holds(moment.at)]
        parts: list[str] = []
        self.top += 4
        names = sorted({moment.who for moment in self._chronicle.said})
        height = {name: self.top + 8 + number * 11 for number, name in enumerate(names)}
        for name in names:
            parts.append(svg.text(_LEFT - 10, height[name] + 4, name, "small quiet end"))
            parts.append(svg.box(_LEFT, height[name] - 0.5, _RIGHT - _LEFT, 1, "lane"))
        parts.append(svg.dots([(span.x(moment.at), height[moment.who]) for moment in said], "dot"))
        self.top += len(names) * 11 + 4
        firsts: dict[str, Moment] = {}
        for moment in said:
            firsts.setdefault(moment.what, moment)
        places = svg.rows([(span.x(one.at), one.what) for one in firsts.values()], 6.8, _RIGHT)
        for one, (row, is_left) in zip(firsts.values(), places, strict=True):
            x, y = span.x(one.at), self.top + 12 + row * _ROW
            parts.append(svg.line(x, height[one.who], y, "stem"))
            parts.append(
                svg.text(x - 4 if is_left else x + 4, y, one.what, f"mono halo quiet{' end' if is_left else ''}")
            )
        self.top += (max((row for row, _ in places), default=0) + 1) * _ROW + 6
        return parts

    def _axis(self, top: float) -> list[str]:
        span, struck = self._span, self._scene.struck
        length = span.end - span.begin
        step = next((step for step in (0.5, 1, 2, 5, 10) if length / step <= 14), 30)
        parts: list[str] = []
        first = -int((struck - span.begin) / step)
        for turn in range(first, int((span.end - struck) / step) + 1):
            x = span.x(struck + turn * step)
            parts.append(svg.line(x, top, self.top + 3, "grid"))
            parts.append(svg.text(x, self.top + 16, f"{turn * step:g} s", "small quiet middle"))
        self.top += 20
        return parts


_AWAY: Final = ("down", "frozen")


def _longest_pause(moments: Sequence[float], begin: float, end: float) -> tuple[float, float]:
    inside = sorted(moment for moment in moments if begin < moment < end)
    return max(pairwise([begin, *inside, end]), key=lambda pair: pair[1] - pair[0])


def _facts(reports: Sequence[Report]) -> str:
    clauses = []
    for report in reports:
        lost = "?" if report.lost is None else f"{report.lost:,}"
        errors = sum(report.errors.values())
        unknown = f", {report.unknown:,} unknown" if report.unknown else ""
        clauses.append(
            f"{report.surface}: {report.write_gap * 1000:,.0f} ms without a write, {lost} lost, "
            f"{count_of(errors, 'error')}{unknown}"
        )
    return "; ".join(clauses)


def _legend(top: float) -> list[str]:
    parts: list[str] = []
    for row, entries in enumerate(_LEGEND):
        x, y = 24.0, top + row * 20
        for classes, words in entries:
            parts.append(svg.cross(x + 6, y + 6, "") if classes == "cross" else svg.box(x, y, 12, 12, classes))
            parts.append(svg.text(x + 17, y + 10, words, "small quiet"))
            x += len(words) * 6.2 + 38
    note = "Seconds count from the blow. Dots are messages of the Sentinels; the first of each kind is named."
    parts.append(svg.text(24, top + len(_LEGEND) * 20 + 12, note, "small quiet"))
    return parts


_LEGEND: Final = (
    (
        ("write", "writes acknowledged"),
        ("read", "reads answered"),
        ("pause", "longest pause in writing"),
        ("cross", "outcome unknown, or error"),
    ),
    (
        ("primary", "primary, by its own word"),
        ("replica", "replica"),
        ("down", "down"),
        ("frozen", "frozen"),
        ("starting", "starting"),
    ),
)
