"""Which keys a command reads, and which it may change: from the server's own command table. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from syncredis._generated_facts import READ_KEYS, WRITTEN_KEYS, Place
from syncredis.command import BaseCommand, words_of
from syncredis.exceptions import DataError
from syncredis.resp import argument_bytes
from syncredis.typing import EncodableT


def reads_keys_alone(arguments: Sequence[EncodableT]) -> bool:
    """Whether the reply follows from the values of keys, and from nothing else.

    The command's name must be written as the command methods do, in upper case; any other is none that is known.
    """
    name = arguments[0] if arguments else None
    return type(name) is str and name in READ_KEYS


def keys_read(arguments: Sequence[EncodableT], encoding: str) -> frozenset[bytes]:
    """Return the keys that a command reads of which `reads_keys_alone` is true.

    Raises:
        DataError: for a number of keys that is none.
    """
    try:
        return frozenset(_keys(arguments, READ_KEYS[str(arguments[0])], encoding))
    except ValueError as error:
        raise DataError(f"the number of keys is none: {error}") from None


def keys_written(command: BaseCommand[object], encoding: str) -> frozenset[bytes] | None:
    """Return the keys that a command may change; None if it may be any. Of a script or function, those that are declared."""
    if command.read_only:
        return frozenset()
    arguments = command.arguments
    words = words_of(arguments)
    places = WRITTEN_KEYS.get(" ".join(words), WRITTEN_KEYS.get(words[0]))
    if places is None:
        return None
    try:
        return frozenset(key for place in places for key in _keys(arguments, place, encoding))
    except (ValueError, IndexError):  # what the server has refused, too
        return None


def _keys(arguments: Sequence[EncodableT], place: Place, encoding: str) -> Iterator[bytes]:
    first, last, step = place
    if last < 0:
        end = len(arguments) + last + 1
    elif last:
        end = last + 1
    else:
        number = int(argument_bytes(arguments, first, encoding))
        first += 1
        end = first + number * step
    for position in range(first, min(end, len(arguments)), step):
        yield argument_bytes(arguments, position, encoding)
