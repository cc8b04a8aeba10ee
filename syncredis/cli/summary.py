"""What a person sees in the end: how much got through over time, a table, and a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

from syncredis.cli.chart import bars, pointers, slices_for
from syncredis.cli.chronicle import Chronicle, Scene
from syncredis.cli.tally import Report, count_of, ends
from syncredis.cli.timeline import Timeline

_LEAST_BARS: Final = 10  # of a chart that says anything
_MOST_MESSAGES: Final = 3  # of failed calls that are written out


def show_chart(timeline: Timeline, chronicle: Chronicle) -> None:
    """Write the acknowledged writes over time, a line of bars for each surface."""
    plain, rate, scenes = timeline.plain, chronicle.rate, chronicle.scenes
    begin, end = scenes[0].began, scenes[-1].ended
    slices = slices_for(end - begin, rate, timeline.width - 12)
    if slices < _LEAST_BARS:
        return
    timeline.write("", Text(f"  Writes acknowledged, {(end - begin) / slices:.2f} s a bar", style="quiet"))
    for name, made in chronicle.calls.items():
        line = bars(ends(made, "write"), begin, end, rate, slices, plain=plain)
        timeline.write(Text.assemble(f"  {name:<6}  ", line))
    labels = [(scene.struck, scene.act.name) for scene in scenes]
    if len(scenes) == 1 and scenes[0].switched is not None:
        labels.append((scenes[0].switched, "switch"))
    timeline.write(Text(" " * 10 + pointers(labels, begin, end, slices, plain=plain), style="quiet"))


def show_table(timeline: Timeline, scenes: Sequence[Scene], reports: Sequence[Sequence[Report]]) -> None:
    """Write what each surface went through in each act."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=True, header_style="bold", border_style="quiet")
    table.padding = (0, 1)
    table.collapse_padding = True
    stuck = any(report.stuck for of_scene in reports for report in of_scene)
    for title in ("act", ""):
        table.add_column(title)
    for title in (
        "writes",
        "lost",
        "gap ms",
        "unknown",
        "errors",
        "wrong",
        "reads",
        "gap ms",
        *(["stuck"] if stuck else []),
    ):
        table.add_column(title, justify="right")
    for scene, of_scene in zip(scenes, reports, strict=True):
        for number, report in enumerate(of_scene):
            table.add_row(
                "" if number else scene.act.name,
                report.surface,
                f"{report.writes:,}",
                _should_be_zero(report.lost),
                _gap(report.write_gap),
                f"{report.unknown:,}",
                _should_be_zero(sum(report.errors.values())),
                _should_be_zero(report.wrong),
                f"{report.reads:,}",
                _gap(report.read_gap),
                *([_should_be_zero(report.stuck)] if stuck else []),
                end_section=number == len(of_scene) - 1 and scene is not scenes[-1],
            )
    timeline.write(table)


def show_notes(
    timeline: Timeline, scenes: Sequence[Scene], reports: Sequence[Sequence[Report]], *, writers: int
) -> None:
    """Write what the table does not explain by itself.

    Args:
        timeline: where to.
        scenes: the acts.
        reports: what the table shows.
        writers: how many each surface has.
    """
    every = [report for of_scene in reports for report in of_scene]
    _paragraph(timeline, "gap: the longest time without an answer. " + _on_unknown(every, writers), "quiet")
    nothing = sum(report.nothing for report in every)
    if nothing:
        note = f"{count_of(nothing, 'read')} came before the replica had the key: replicas lag behind."
        _paragraph(timeline, note, "quiet")
    switches = max(scene.switches for scene in scenes)
    looks = sum(scene.looks for scene in scenes)
    if looks and not any(scene.strays for scene in scenes):
        note = (
            f"{'The' if len(scenes) == 1 else 'Each'} old primary was watched while it still took itself for the primary "
            f"({count_of(looks, 'look')} in all): no client wrote to it."
        )
        _paragraph(timeline, note, "quiet")
    if switches > 1:
        note = (
            f"Sentinel has changed the primary {switches} times in one act: it took one that was alive for down. What was "
            "written to that one while another took over is lost. A larger --down-after helps."
        )
        _paragraph(timeline, note, "wait")
    elif any(report.lost for report in every):
        note = (
            "Replication is asynchronous: what the old primary had acknowledged but not yet passed on is lost with "
            "it, whatever the client does."
        )
        _paragraph(timeline, note, "quiet")
    for surface in dict.fromkeys(report.surface for report in every):
        _show_messages(timeline, surface, [report for report in every if report.surface == surface])


def complaints(scenes: Sequence[Scene], reports: Sequence[Sequence[Report]], limit: float) -> list[str]:
    """Return what was not well, a clause each; empty if all was.

    Args:
        scenes: the acts.
        reports: what became of the calls in them.
        limit: seconds that each failover might have taken.
    """
    found: list[str] = []
    for scene, of_scene in zip(scenes, reports, strict=True):
        if scene.switched is None:
            found.append(f"{scene.act.name}: no failover within {limit:g} s")
        if scene.strays:
            found.append(f"{scene.act.name}: {count_of(scene.strays, 'write')} at the old primary")
        found.extend(
            f"{scene.act.name}, {report.surface}: {', '.join(report.complaints)}"
            for report in of_scene
            if report.complaints
        )
    return found


def _on_unknown(reports: Sequence[Report], writers: int) -> str:
    unknown = sum(report.unknown for report in reports)
    note = (
        "unknown: the connection broke after the write was sent, and the caller is told so. About one per writer "
        f"({writers} per surface) is to be expected where a primary is lost, and is no error"
    )
    applied = [report.unknown_applied for report in reports if report.unknown_applied is not None]
    if not unknown or not applied:
        return f"{note}."
    if unknown == 1:
        return f"{note}; this one was {'' if sum(applied) else 'not '}carried out."
    return f"{note}; {sum(applied)} of these {unknown} were carried out."


def _show_messages(timeline: Timeline, surface: str, reports: Sequence[Report]) -> None:
    counted: Counter[str] = Counter()
    for report in reports:
        counted.update(report.errors)
    for message, count in counted.most_common(_MOST_MESSAGES):
        _paragraph(timeline, f"{surface}, {count_of(count, 'time')}: {message}", "quiet")
    if len(counted) > _MOST_MESSAGES:
        _paragraph(timeline, f"{surface}: and {len(counted) - _MOST_MESSAGES} other messages", "quiet")


def show_verdict(timeline: Timeline, found: Sequence[str]) -> None:
    """Write whether all is well."""
    timeline.write("")
    if found:
        _paragraph(timeline, f"Not well: {'; '.join(found)}.", "fault")
    else:
        text = "All is well: service resumed, no errors, no wrong replies, no lost writes."
        _paragraph(timeline, text, "good")
    timeline.write("")


def _paragraph(timeline: Timeline, text: str, style: str) -> None:
    timeline.write_wrapped(Text(text, style=style), Text("  "))


def _gap(seconds: float) -> str:
    return f"{seconds * 1000:,.0f}"


def _count(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def _should_be_zero(count: int | None) -> Text:
    return Text(_count(count), style="fault" if count else "")
