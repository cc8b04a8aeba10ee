"""redis-py's `Monitor`: the core's, with commands as dictionaries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self

from syncredis import monitor as core
from syncredis.compat.translation import translating
from syncredis.monitor import MonitoredCommand

_ESCAPED: Final = re.compile(rb"[^ !#-\[\]-~\"]")
_ESCAPES: Final = {b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t", b"\a": b"\\a", b"\b": b"\\b", b"\\": b"\\\\"}


class Monitor:
    """Shows what a server does. Made by `Redis.monitor`; belongs to one thread at a time."""

    def __init__(self, connection_pool: Any) -> None:
        self.connection_pool = connection_pool
        self._wrapped = core.Monitor(connection_pool.core, connection_pool.policy)

    def __enter__(self) -> Self:
        with translating():
            self._wrapped.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wrapped.close()

    def next_command(self) -> dict[str, Any]:
        """Return the next command. Blocks until there is one."""
        with translating():
            command = self._wrapped.next_command(timeout=None)
        assert command is not None
        return as_dict(command)

    def listen(self) -> Iterator[dict[str, Any]]:
        """Yield commands for ever. Blocks until there is another one."""
        while True:
            yield self.next_command()


def as_dict(command: MonitoredCommand) -> dict[str, Any]:
    """Return a command as redis-py describes it: its arguments as one text, escaped as the server does it."""
    kind, address, port = _client(command.client)
    return {
        "time": command.time,
        "db": command.db,
        "client_address": address,
        "client_port": port,
        "client_type": kind,
        "command": " ".join(_escaped(argument) for argument in command.arguments),
    }


def _client(text: str) -> tuple[str, str, str]:
    if text == "lua":
        return "lua", "lua", ""
    if text.startswith("unix"):
        return "unix", "unix", text[5:]
    if not text:
        return "unknown", "", ""
    address, _, port = text.rpartition(":")
    return "tcp", address, port


def _escaped(argument: bytes) -> str:
    def escape(found: re.Match[bytes]) -> bytes:
        return _ESCAPES.get(found[0]) or b"\\x%02x" % found[0][0]

    return _ESCAPED.sub(escape, argument).decode("ascii")
