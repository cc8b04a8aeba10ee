"""From redis-py's way to hand commands on, as arguments and options, to the core's `Command`, and back.

redis-py's command methods call ``execute_command(name, *arguments, **options)``, which subclasses override; the name is one
argument, of two words where the server has two. Ours do the same, with the core's command among the options: it knows how to
decode the reply, and how long the server may hold it back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from syncredis._generated_facts import BLOCKING
from syncredis.command import Command
from syncredis.compat.callbacks import DECODED
from syncredis.compat.encoder import Encoder
from syncredis.compat.shapes import NEVER_TEXT, REDECODED, RESHAPED
from syncredis.compat.wire import joined_name, split_name, untext

#: The option that holds the core's command.
RECORDED: Final = "_recorded"

#: redis-py's own options: leave the reply as bytes; what to return in place of an error.
NEVER_DECODE: Final = "NEVER_DECODE"
EMPTY_RESPONSE: Final = "EMPTY_RESPONSE"


def handed_on(command: Command[Any]) -> tuple[tuple[Any, ...], Command[Any]]:
    """Return what redis-py would hand on for a command of the core, and the command with redis-py's shape of its reply."""
    arguments = joined_name(command.arguments)
    name = arguments[0]
    if name in REDECODED:
        text = False if name in NEVER_TEXT else None
        return arguments, Command(command.arguments, REDECODED[name], text=text, blocks=command.blocks)
    reshape = RESHAPED.get(name)
    if reshape is None:
        return arguments, command
    return arguments, reshaped(command, reshape)


def reshaped(command: Command[Any], reshape: Callable[[Any], Any]) -> Command[Any]:
    """Return a command whose decoded reply goes through ``reshape``."""
    decode = command.decode
    both = reshape if decode is None else lambda reply: reshape(decode(reply))
    return Command(command.arguments, both, text=command.text, blocks=command.blocks)


def request(arguments: tuple[Any, ...], options: dict[str, Any], callbacks: Any, encoder: Encoder) -> Command[Any]:
    """Return the core's command for what was handed on.

    Args:
        arguments: the name and what follows.
        options: what callbacks are called with, besides the options that this module names.
        callbacks: how replies are decoded.
        encoder: of the connections.
    """
    recorded: Command[Any] | None = options.get(RECORDED)
    name = arguments[0] if arguments else ""
    changed = getattr(callbacks, "changed", callbacks)
    if recorded is not None and (not changed or name not in changed):
        found = recorded
        if arguments[1:] != joined_name(recorded.arguments)[1:]:  # a subclass has changed them
            found = Command(split_name(arguments), recorded.decode, text=recorded.text, blocks=recorded.blocks)
    else:
        text = False if NEVER_DECODE in options else None
        found = Command(split_name(arguments), _decoder(name, options, callbacks), text=text)
        found.blocks = recorded.blocks if recorded is not None else held_back(found)
    if encoder.encoding_errors != "strict" and encoder.decode_responses and found.text is None:
        return _leniently(found, encoder)
    return found


def _decoder(name: Any, options: dict[str, Any], callbacks: Any) -> Callable[[Any], Any] | None:
    word = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    callback = callbacks.get(word)
    if callback is None or callback is DECODED.get(word.upper()):
        return callback
    given = {key: value for key, value in options.items() if key not in _OWN}
    return lambda reply: callback(reply, **given)


def decoded(name: Any, reply: Any, options: dict[str, Any], callbacks: Any) -> Any:
    """Return a reply that was read by hand as a command of this name would be decoded."""
    recorded: Command[Any] | None = options.get(RECORDED)
    if recorded is not None and name not in getattr(callbacks, "changed", callbacks):
        decode = recorded.decode
    else:
        decode = _decoder(name, options, callbacks)
    return reply if decode is None else decode(reply)


def _leniently(command: Command[Any], encoder: Encoder) -> Command[Any]:
    """Return a command whose reply is decoded here: the core only knows strictly."""
    decode = command.decode

    def read(reply: Any) -> Any:
        text = untext(reply, encoder)
        return text if decode is None else decode(text)

    return Command(command.arguments, read, text=False, blocks=command.blocks)


def held_back(command: Command[Any]) -> float | None:
    """Return for how many seconds the server may hold back the reply to a command that was spelled out; 0: for ever."""
    if command.name not in BLOCKING:
        return None
    for number in _limits(command.name, command.arguments):
        try:
            return max(0.0, float(number))
        except (TypeError, ValueError):
            return 0
    return None


def _limits(name: str, arguments: tuple[Any, ...]) -> Iterator[Any]:
    """Yield where the limit stands, in seconds."""
    words = [word.upper() if isinstance(word, (str, bytes)) else word for word in arguments]
    if name in ("XREAD", "XREADGROUP"):
        at = next((index for index, word in enumerate(words) if word in ("BLOCK", b"BLOCK")), None)
        if at is not None:
            yield _seconds(arguments[at + 1])
    elif name in ("BLMPOP", "BZMPOP"):
        yield arguments[1]
    elif name in ("WAIT", "WAITAOF"):
        yield _seconds(arguments[-1])
    elif len(arguments) > 1:
        yield arguments[-1]


def _seconds(milliseconds: Any) -> Any:
    try:
        return float(milliseconds) / 1000
    except (TypeError, ValueError):
        return milliseconds


_OWN: Final = frozenset({RECORDED, NEVER_DECODE, EMPTY_RESPONSE, "keys"})
