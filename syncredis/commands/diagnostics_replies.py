"""What the diagnostic commands return, and how their replies become that."""

from __future__ import annotations

from typing import Any, NamedTuple, TypedDict

from syncredis.commands.server_replies import number_or_text
from syncredis.replies import to_dict
from syncredis.typing import Reply

# --- LATENCY -------------------------------------------------------------------------------------------


class LatencySample(NamedTuple):
    """A latency spike."""

    time: int
    """Unix time in seconds."""
    latency: int
    """In milliseconds."""


class LatencyEvent(NamedTuple):
    """The latency spikes of one event, summed up. Latencies are in milliseconds."""

    event: str
    time: int
    """Of the latest, as a Unix time in seconds."""
    latest: int
    maximum: int
    total: int | None = None
    """Of all its spikes. Since Valkey 8.1."""
    spikes: int | None = None
    """How many spikes there were. Since Valkey 8.1."""


class LatencyHistogram(TypedDict):
    """How long the calls of one command took."""

    calls: int
    histogram_usec: dict[int, int]
    """How many calls took at most so many microseconds, for powers of two."""


def to_samples(reply: Reply) -> list[LatencySample]:
    """The reply of LATENCY HISTORY."""
    return [LatencySample(time, latency) for time, latency in reply]


def to_events(reply: Reply) -> list[LatencyEvent]:
    """The reply of LATENCY LATEST."""
    return [LatencyEvent(*event[:6]) for event in reply]


def to_histograms(reply: Reply) -> dict[str, LatencyHistogram]:
    """The reply of LATENCY HISTOGRAM."""
    histograms: dict[str, LatencyHistogram] = {}
    for command, facts in to_dict(reply).items():
        found = to_dict(facts)
        histograms[command] = LatencyHistogram(calls=found["calls"], histogram_usec=to_dict(found["histogram_usec"]))
    return histograms


# --- MEMORY, DEBUG OBJECT ------------------------------------------------------------------------------


def to_memory_stats(reply: Reply) -> dict[str, Any]:
    """The reply of MEMORY STATS: numbers, and for each database a dictionary of numbers."""
    return {name: _to_statistic(value) for name, value in to_dict(reply).items()}


def _to_statistic(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        return to_dict(value)
    return float(value) if isinstance(value, str) else value


def to_debug_object(reply: Reply) -> dict[str, int | float | str]:
    """The words ``name:value`` of DEBUG OBJECT, with numbers as numbers."""
    words = f"type:{reply}".split()
    return {name: number_or_text(name, value) for name, _, value in (word.partition(":") for word in words)}


# --- SLOWLOG, COMMANDLOG -------------------------------------------------------------------------------


class LoggedCommand(TypedDict):
    """A command that a log of the server holds."""

    id: int
    start_time: int
    """Unix time in seconds."""
    command: str
    """Its words, parted by spaces; the server cuts what is long. Bytes that are no text are escaped."""
    client_address: str
    client_name: str


class SlowlogEntry(LoggedCommand):
    """A command that took long."""

    duration: int
    """In microseconds."""


class CommandlogEntry(LoggedCommand):
    """A command that took long, or that was or brought forth something large."""

    value: int
    """In microseconds (``"slow"``), else in bytes."""


def to_slowlog(reply: Reply) -> list[SlowlogEntry]:
    """The reply of SLOWLOG GET, read as bytes, for arguments may be anything."""
    return [SlowlogEntry(duration=entry[2], **_to_logged(entry)) for entry in reply]


def to_commandlog(reply: Reply) -> list[CommandlogEntry]:
    """The reply of COMMANDLOG GET, read as bytes, for arguments may be anything."""
    return [CommandlogEntry(value=entry[2], **_to_logged(entry)) for entry in reply]


def _to_logged(reply: Any) -> LoggedCommand:
    number, time, _, words, address, name, *_ = reply
    return LoggedCommand(
        id=number,
        start_time=time,
        command=_text(b" ".join(words)),
        client_address=_text(address),
        client_name=_text(name),
    )


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
