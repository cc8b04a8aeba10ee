"""Server commands that look for what is slow or large: LATENCY, MEMORY, SLOWLOG, COMMANDLOG, DEBUG OBJECT.

https://redis.io/docs/latest/commands/?group=server
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from syncredis.command import Command
from syncredis.commands.arguments import one_of
from syncredis.commands.diagnostics_replies import (
    CommandlogEntry,
    LatencyEvent,
    LatencyHistogram,
    LatencySample,
    SlowlogEntry,
    to_commandlog,
    to_debug_object,
    to_events,
    to_histograms,
    to_memory_stats,
    to_samples,
    to_slowlog,
)
from syncredis.commands.group import CommandGroup
from syncredis.replies import to_true
from syncredis.typing import AnyStr, EncodableT, KeyT

#: Valkey keeps a log for each.
CommandlogT: TypeAlias = Literal["slow", "large-request", "large-reply"]


class DiagnosticCommands(CommandGroup[AnyStr]):
    """Commands that look for what is slow or large."""

    __slots__ = ()

    # --- COMMANDLOG and SLOWLOG ---------------------------------------------------------------------

    def commandlog_get(self, count: int, type: CommandlogT) -> list[CommandlogEntry]:
        """Return the latest entries of one of the server's logs, the newest first. Since Valkey 8.1; Redis has none.

        Args:
            count: at most so many; -1: all.
            type: ``"slow"``, ``"large-request"`` or ``"large-reply"``.

        https://valkey.io/commands/commandlog-get/
        """
        return self.execute(Command(("COMMANDLOG", "GET", count, _log(type)), to_commandlog, text=False))

    def commandlog_len(self, type: CommandlogT) -> int:
        """Return the number of entries of one of the server's logs. Since Valkey 8.1; Redis has none.

        https://valkey.io/commands/commandlog-len/
        """
        return self.execute(Command(("COMMANDLOG", "LEN", _log(type))))

    def commandlog_reset(self, type: CommandlogT) -> bool:
        """Empty one of the server's logs. Since Valkey 8.1; Redis has none.

        https://valkey.io/commands/commandlog-reset/
        """
        return self.execute(Command(("COMMANDLOG", "RESET", _log(type)), to_true))

    def slowlog_get(self, num: int | None = None) -> list[SlowlogEntry]:
        """Return the latest commands that took longer than ``slowlog-log-slower-than``, the newest first.

        Args:
            num: at most so many; by default 10, -1: all (since Redis 7.0).

        https://redis.io/docs/latest/commands/slowlog-get/
        """
        count: tuple[int, ...] = () if num is None else (num,)
        return self.execute(Command(("SLOWLOG", "GET", *count), to_slowlog, text=False))

    def slowlog_len(self) -> int:
        """Return the number of entries of the log of slow commands.

        https://redis.io/docs/latest/commands/slowlog-len/
        """
        return self.execute(Command(("SLOWLOG", "LEN")))

    def slowlog_reset(self) -> bool:
        """Empty the log of slow commands.

        https://redis.io/docs/latest/commands/slowlog-reset/
        """
        return self.execute(Command(("SLOWLOG", "RESET"), to_true))

    # --- LATENCY ------------------------------------------------------------------------------------

    def latency_doctor(self) -> str:
        """Return a report, for people, on latency spikes and what may help.

        Spikes are recorded while ``latency-monitor-threshold`` (milliseconds) is above 0.

        https://redis.io/docs/latest/commands/latency-doctor/
        """
        return self.execute(Command(("LATENCY", "DOCTOR"), text=True))

    def latency_graph(self, event: str) -> str:
        """Return the latency spikes of ``event`` as a drawing of characters. A `ResponseError` if there are none.

        https://redis.io/docs/latest/commands/latency-graph/
        """
        return self.execute(Command(("LATENCY", "GRAPH", event), text=True))

    def latency_histogram(self, *args: str) -> dict[str, LatencyHistogram]:
        """Return how long the calls of some commands took, or of all commands, by name. Since Redis 7.0.

        A name stands for its subcommands too; commands that were not called are left out.

        https://redis.io/docs/latest/commands/latency-histogram/
        """
        return self.execute(Command(("LATENCY", "HISTOGRAM", *args), to_histograms, text=True))

    def latency_history(self, event: str) -> list[LatencySample]:
        """Return the latency spikes of ``event``, the oldest first; at most 160.

        https://redis.io/docs/latest/commands/latency-history/
        """
        return self.execute(Command(("LATENCY", "HISTORY", event), to_samples))

    def latency_latest(self) -> list[LatencyEvent]:
        """Return for each event its latest latency spike and its longest one.

        https://redis.io/docs/latest/commands/latency-latest/
        """
        return self.execute(Command(("LATENCY", "LATEST"), to_events, text=True))

    def latency_reset(self, *events: str) -> int:
        """Forget the latency spikes of some events, or of all; return of how many events there were any.

        https://redis.io/docs/latest/commands/latency-reset/
        """
        return self.execute(Command(("LATENCY", "RESET", *events)))

    # --- MEMORY and DEBUG OBJECT ----------------------------------------------------------------------

    def debug_object(self, key: KeyT) -> dict[str, int | float | str]:
        """Return details on how the value of ``key`` is kept. A `ResponseError` if there is no such key.

        Since Redis 7.0 only where ``enable-debug-command`` allows it.

        https://redis.io/docs/latest/commands/debug-object/
        """
        return self.execute(Command(("DEBUG", "OBJECT", key), to_debug_object, text=True))

    def memory_doctor(self) -> str:
        """Return a report, for people, on how memory is used and what may help.

        https://redis.io/docs/latest/commands/memory-doctor/
        """
        return self.execute(Command(("MEMORY", "DOCTOR"), text=True))

    def memory_help(self) -> list[str]:
        """Return lines that explain the MEMORY commands.

        https://redis.io/docs/latest/commands/memory-help/
        """
        return self.execute(Command(("MEMORY", "HELP"), text=True))

    def memory_malloc_stats(self) -> str:
        """Return the statistics of the server's memory allocator, or a sentence that it has none.

        https://redis.io/docs/latest/commands/memory-malloc-stats/
        """
        return self.execute(Command(("MEMORY", "MALLOC-STATS"), text=True))

    def memory_purge(self) -> bool:
        """Let the server's memory allocator give back to the operating system what it does not use.

        https://redis.io/docs/latest/commands/memory-purge/
        """
        return self.execute(Command(("MEMORY", "PURGE"), to_true))

    def memory_stats(self) -> dict[str, Any]:
        """Return for what the server uses memory, in bytes; for databases (``db.0`` ...) as a dictionary within.

        https://redis.io/docs/latest/commands/memory-stats/
        """
        return self.execute(Command(("MEMORY", "STATS"), to_memory_stats, text=True))

    def memory_usage(self, key: KeyT, samples: int | None = None) -> int | None:
        """Return how many bytes of memory ``key`` and its value take, None if there is no such key.

        Args:
            key: the key.
            samples: how many elements of the value to look at and reckon from; by default 5, 0: all.

        https://redis.io/docs/latest/commands/memory-usage/
        """
        arguments: list[EncodableT] = ["MEMORY", "USAGE", key]
        if samples is not None:
            arguments += ["SAMPLES", samples]
        return self.execute(Command(tuple(arguments)))


def _log(type: CommandlogT) -> str:
    return one_of("type", type, ("SLOW", "LARGE-REQUEST", "LARGE-REPLY"))
