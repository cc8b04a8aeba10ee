"""How redis-py's callers write commands: a name of two words as one argument, and packed commands as values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from syncredis.compat.encoder import Encoder
from syncredis.resp import Buffer, encode

#: Commands whose second word belongs to the name.
CONTAINERS: Final = frozenset(
    [
        "ACL",
        "CLIENT",
        "CLUSTER",
        "COMMAND",
        "COMMANDLOG",
        "CONFIG",
        "DEBUG",
        "FUNCTION",
        "HIMPORT",
        "HOTKEYS",
        "LATENCY",
        "MEMORY",
        "MODULE",
        "OBJECT",
        "PUBSUB",
        "SCRIPT",
        "SENTINEL",
        "SLOWLOG",
        "XGROUP",
        "XINFO",
    ]
)

#: What leaves a connection in a state that the next user would stumble over.
_TAINTING: Final = frozenset(
    [
        "AUTH",
        "CLIENT",
        "DISCARD",
        "EXEC",
        "HELLO",
        "MONITOR",
        "MULTI",
        "PSUBSCRIBE",
        "PSYNC",
        "PUNSUBSCRIBE",
        "QUIT",
        "READONLY",
        "READWRITE",
        "RESET",
        "SELECT",
        "SSUBSCRIBE",
        "SUBSCRIBE",
        "SUNSUBSCRIBE",
        "SYNC",
        "UNSUBSCRIBE",
        "UNWATCH",
        "WATCH",
    ]
)


class Packed(list[Buffer]):
    """Commands as they go over the wire, in pieces; ``commands`` says how many they are."""

    commands: int = 0


def pack(commands: Sequence[tuple[Any, ...]], encoding: str) -> Packed:
    """Return commands as they go over the wire.

    Raises:
        syncredis.DataError: for an argument that can not be sent.
    """
    packed = Packed()
    packed.commands = len(commands)
    for arguments in commands:
        for piece in _pieces(arguments, encoding):
            if packed and packed[-1] == b"\r\n" and isinstance(piece, bytes):  # the end of a memoryview
                packed[-1] = b"\r\n" + piece
            else:
                packed.append(piece)
    return packed


def _pieces(arguments: tuple[Any, ...], encoding: str) -> Iterable[Buffer]:
    """Yield a command in pieces. What a memoryview shows is never copied: it is a piece of its own."""
    if not any(isinstance(argument, memoryview) for argument in arguments):
        encoded = encode(arguments, encoding)
        yield from [encoded] if isinstance(encoded, bytes) else encoded
        return
    before = b"*%d\r\n" % len(arguments)
    for argument in arguments:
        if isinstance(argument, memoryview):
            yield before + b"$%d\r\n" % argument.nbytes
            yield argument
            before = b"\r\n"
        else:
            encoded = encode((argument,), encoding)
            whole = encoded if isinstance(encoded, bytes) else b"".join(encoded)
            before += whole.removeprefix(b"*1\r\n")
    yield before


def split_name(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the arguments as they are sent: ``("CONFIG GET", "x")`` as ``("CONFIG", "GET", "x")``."""
    name = arguments[0] if arguments else ""
    if isinstance(name, str) and " " in name:
        return (*name.split(), *arguments[1:])
    if isinstance(name, bytes) and b" " in name:
        return (*name.split(), *arguments[1:])
    return arguments


def joined_name(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the arguments with a name of two words in one, as redis-py hands them on; the opposite of `split_name`."""
    if arguments[0] in CONTAINERS and len(arguments) > 1 and isinstance(arguments[1], str):
        return (f"{arguments[0]} {arguments[1]}", *arguments[2:])
    return arguments


def is_login(arguments: tuple[Any, ...]) -> bool:
    """Whether a command is an AUTH, with a password and perhaps the name of a user before it."""
    return len(arguments) in (2, 3) and arguments[0] in ("AUTH", b"AUTH", "auth", b"auth")


def taints(arguments: tuple[Any, ...]) -> bool:
    """Whether a command leaves its connection in a state that the next user would stumble over."""
    name = arguments[0] if arguments else ""
    word = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    first = word.split(" ", 1)[0].upper()
    if first == "CLIENT":
        return any(sign in " ".join(map(str, arguments[:2])).upper() for sign in ("REPLY", "TRACKING", "CACHING"))
    return first in _TAINTING


def untext(reply: Any, encoder: Encoder) -> Any:
    """Decode what is bytes in a reply, as ``encoding_errors`` says."""
    if isinstance(reply, bytes):
        return encoder.decode(reply)
    if isinstance(reply, list):
        return [untext(element, encoder) for element in reply]
    if isinstance(reply, dict):
        return {untext(key, encoder): untext(value, encoder) for key, value in reply.items()}
    return reply
