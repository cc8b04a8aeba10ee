"""Iterations of clients with a connection of their own: what was said on it, such as SELECT, counts for its iterators, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from syncredis.command import Command
from syncredis.compat.requests import RECORDED
from syncredis.compat.wire import joined_name
from syncredis.scanning import PartT


def parts_through(client: Any, record: Callable[[int], PartT]) -> Iterator[PartT]:
    """Yield the parts of an iteration that a blocking client carries out. Blocks where the next one has to be asked for."""
    cursor: int | None = 0
    while cursor is not None:
        part: PartT = ask_for_part(client, record, cursor)
        yield part
        cursor = part.cursor or None


def ask_for_part(client: Any, record: Callable[[int], Any], cursor: int) -> Any:
    """Return what the client's ``execute_command`` makes of the command for one part: the part, or what is to be awaited."""
    # Past `execute`, which would give the part redis-py's shape.
    command = cast("Command[Any]", record(cursor))
    return client.execute_command(*joined_name(command.arguments), **{RECORDED: command})
