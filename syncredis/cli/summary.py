"""What a person sees in the end: how much got through over time, a table, and a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

from syncredis.cli.chart import bars, pointers, slices_for
from syncredis.cli.tally import Call, Report, count_of, ends
from syncredis.cli.timeline import Timeline

_LEAST_BARS: Final = 10  # of a chart that says anything
_MOST_MESSAGES: Final = 3  # of failed calls that are written out


def show_chart(
    timeline: Timeline,
    calls: Mapping[str, Sequence[Call]],
    rate: float,
    begin: float,
    end: float,
    labels: Sequence[tuple[float, str]],
) -> None:
    """Write the acknowledged writes over time, a line of bars for each surface.

    Args:
        timeline: where to.
        calls: those of each surface.
        rate: writes per second that were meant to be.
        begin: when the load began.
        end: when it ended.
        labels: moments to point at.
    """
    plain = timeline.plain
    slices = slices_for(end - begin, rate, timeline.width - 12)
    if slices < _LEAST_BARS:
        return
    timeline.write("", Text(f"  Writes acknowledged, {(end - begin) / slices:.2f} s a bar", style="quiet"))
    for name, made in calls.items():
        line = bars(ends(made, "write"), begin, end, rate, slices, plain=plain)
        timeline.write(Text.assemble(f"  {name:<6}  ", line))
    timeline.write(Text(" " * 10 + pointers(labels, begin, end, slices, plain=plain), style="quiet"))


def show_table(timeline: Timeline, reports: Sequence[Report]) -> None:
    """Write what each surface went through."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=True, header_style="bold", border_style="quiet")
    table.add_column("")
    for report in reports:
        table.add_column(report.surface, justify="right", min_width=10)

    def row(title: str, cells: Sequence[str | Text]) -> None:
        table.add_row(title, *cells)

    row("writes acknowledged", [f"{report.writes:,}" for report in reports])
    row("  lost", [_should_be_zero(report.lost) for report in reports])
    row("  longest gap", [_gap(report.write_gap) for report in reports])
    row("writes of unknown outcome", [f"{report.unknown:,}" for report in reports])
    row("  of which carried out", [_count(report.unknown_applied) for report in reports])
    row("reads answered", [f"{report.reads:,}" for report in reports])
    row("  key not replicated yet", [f"{report.nothing:,}" for report in reports])
    row("  longest gap", [_gap(report.read_gap) for report in reports])
    row("wrong replies", [_should_be_zero(report.wrong) for report in reports])
    row("errors", [_should_be_zero(sum(report.errors.values())) for report in reports])
    if any(report.stuck for report in reports):
        row("calls that never returned", [_should_be_zero(report.stuck) for report in reports])
    timeline.write(table)


def show_notes(timeline: Timeline, reports: Sequence[Report], *, writers: int, switches: int) -> None:
    """Write what the table does not explain by itself.

    Args:
        timeline: where to.
        reports: what the table shows.
        writers: how many each surface has.
        switches: how often Sentinel changed the primary.
    """
    note = (
        "Unknown outcome: the connection broke after the write was sent. About one per writer "
        f"({writers} per surface) is to be expected at a kill, and is no error."
    )
    _paragraph(timeline, note, "quiet")
    if switches > 1:
        note = (
            f"Sentinel has changed the primary {switches} times: it took one that was alive for down. What was written to "
            "that one while another took over is lost. A larger --down-after helps."
        )
        _paragraph(timeline, note, "wait")
    elif any(report.lost for report in reports):
        note = (
            "Replication is asynchronous: what the old primary had acknowledged but not yet passed on is lost with "
            "it, whatever the client does."
        )
        _paragraph(timeline, note, "quiet")
    for report in reports:
        messages = sorted(report.errors.items(), key=lambda item: -item[1])
        for message, count in messages[:_MOST_MESSAGES]:
            _paragraph(timeline, f"{report.surface}, {count_of(count, 'time')}: {message}", "quiet")
        if len(messages) > _MOST_MESSAGES:
            _paragraph(timeline, f"{report.surface}: and {len(messages) - _MOST_MESSAGES} other messages", "quiet")


def show_verdict(timeline: Timeline, complaints: Sequence[str]) -> None:
    """Write whether all is well."""
    timeline.write("")
    if complaints:
        _paragraph(timeline, f"Not well: {'; '.join(complaints)}.", "fault")
    else:
        text = "All is well: service resumed, no errors, no wrong replies, no lost writes."
        _paragraph(timeline, text, "good")
    timeline.write("")


def _paragraph(timeline: Timeline, text: str, style: str) -> None:
    timeline.write_wrapped(Text(text, style=style), Text("  "))


def _gap(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def _count(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def _should_be_zero(count: int | None) -> Text:
    return Text(_count(count), style="fault" if count else "")
