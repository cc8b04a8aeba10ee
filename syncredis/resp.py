"""RESP, the protocol of Redis: encode the arguments of a command, and parse replies. Bytes in, values out; no sockets.

Parsing and packing are hiredis's (C). Three things it does not do are done here: an argument that has no byte form is
refused by name, a large one is never copied into a packed command but passed on as it is, and commands of two or three
short texts, as most are, are put together of pieces that are known already, in little more than half of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias, TypeVar

import hiredis

from syncredis.exceptions import DataError, ProtocolError, error_from_reply
from syncredis.typing import EncodableT

K = TypeVar("K", int, str)

#: Stands for "the reply is not complete yet"; None is a reply.
INCOMPLETE: Final = object()

#: From this size (bytes, or characters) on, an argument is sent from where it is. Copying it would cost more than the
#: longer list of buffers does, and `hiredis.pack_command` grows its buffer so often that 1 MiB takes it five times as long.
LARGE: Final = 16 * 1024

#: What the server sends without having been asked (RESP3), e.g. a published message.
PushNotification = hiredis.PushNotification

#: Of type, number and line break.
_LONGEST_HEADER: Final = 24

Reader: TypeAlias = hiredis.Reader
Buffer: TypeAlias = bytes | bytearray | memoryview

#: The first byte of a map.
MAP: Final = ord("%")

#: The types of replies that need no further look. All others are `INCOMPLETE`, a push, or an error.
PLAIN: Final = frozenset({str, bytes, int, float, bool, type(None), list, dict, set})


class _Pieces(dict[K, str]):
    """Pieces of requests by what they are made for; the most frequent ones are remembered.

    Only correct for ASCII: the caller looks at the whole, which tells about all pieces.

    Raises:
        LookupError: for what is no name of a command, or no length of a small argument.
    """

    __slots__ = ("_write",)

    def __init__(self, write: Callable[[K], str]) -> None:
        super().__init__()
        self._write: Callable[[K], str] = write

    def __missing__(self, key: K) -> str:
        if type(key) is not str and (type(key) is not int or key >= LARGE):
            raise LookupError
        piece = self._write(key)
        if len(self) < _MOST_PIECES and len(piece) < _LONGEST_PIECE:
            self[key] = piece
        return piece


#: Bounds for what is remembered; names and lengths are the callers'.
_MOST_PIECES: Final = 1000
_LONGEST_PIECE: Final = 100

#: By the name of a command that has so many words: all that goes before the second one's length.
_BEGIN_2: Final = _Pieces[str](lambda name: f"*2\r\n${len(name)}\r\n{name}\r\n")
_BEGIN_3: Final = _Pieces[str](lambda name: f"*3\r\n${len(name)}\r\n{name}\r\n")

#: By the length of an argument: what goes before it.
BEFORE: Final = _Pieces[int]("${}\r\n".format)

# Its annotation asks for a tuple of exactly one element.
_pack: Callable[[tuple[EncodableT, ...]], bytes] = hiredis.pack_command  # type: ignore[assignment]


def new_reader(encoding: str) -> Reader:
    """Return a parser: ``feed`` it bytes, ``gets()`` a reply as text or ``gets(False)`` as bytes, or `INCOMPLETE`.

    An error reply comes as an instance of `ResponseError`, returned and not raised.
    """
    return hiredis.Reader(
        protocolError=ProtocolError,
        replyError=error_from_reply,
        encoding=encoding,
        notEnoughData=INCOMPLETE,
    )


def map_as_array(data: bytes) -> tuple[bytes, bytes] | None:
    """Return ``data``, the start of a reply, as that of an array of keys and values in turn, in two pieces; None for no map.

    Of the array, hiredis and then ``dict`` make the dictionary in a third of the time that hiredis takes by itself.
    """
    found = length_at_start(data, b"%")
    return None if found is None else (b"*%d\r\n" % (2 * found[0]), data[found[1] :])


def length_at_start(data: bytes, kind: bytes) -> tuple[int, int] | None:
    """Return the length that the reply which begins with ``data`` announces, and where what it counts begins.

    None if the reply is not of this kind, which its first byte tells, or has not come as far.
    """
    if not data.startswith(kind):
        return None
    end = data.find(b"\r\n", 0, _LONGEST_HEADER)
    length = data[1:end]
    return (int(length), end + 2) if end > 0 and length.isdigit() else None


def encode(arguments: Sequence[EncodableT], encoding: str) -> bytes | list[Buffer]:
    """Return a command as it goes over the wire: in one piece, or as a list of buffers where an argument is large.

    Raises:
        DataError: for an argument that has no byte form: None, a bool, a container, anything but str, bytes, bytearray,
            memoryview, int and float (or text that the encoding can not express). It names the argument.
            Also for a command without a name, which a server would never answer.
    """
    return encoder(encoding)(arguments)


def encoder(encoding: str) -> Callable[[Sequence[EncodableT]], bytes | list[Buffer]]:
    """Return `encode` for one encoding."""
    return _encode_utf8 if encoding == "utf-8" else partial(_encode_carefully, encoding=encoding)


def argument_bytes(arguments: Sequence[EncodableT], position: int, encoding: str) -> bytes:
    """Return one argument of a command in the form in which it is sent.

    Raises:
        DataError: as `encode`.
    """
    return bytes(_to_bytes(arguments, position, arguments[position], encoding))


def _encode_utf8(arguments: Sequence[EncodableT]) -> bytes | list[Buffer]:
    """Encode small strings; leave anything else to the other two."""
    try:
        if len(arguments) == 2:
            name, key = arguments
            if type(key) is str:
                text = f"{_BEGIN_2[name]}{BEFORE[len(key)]}{key}\r\n"  # type: ignore[index]
                if text.isascii():
                    return text.encode()
        elif len(arguments) == 3:
            name, key, value = arguments
            if type(key) is type(value) is str:
                text = f"{_BEGIN_3[name]}{BEFORE[len(key)]}{key}\r\n{BEFORE[len(value)]}{value}\r\n"  # type: ignore[index]
                if text.isascii():
                    return text.encode()
    except (LookupError, TypeError):  # the name is no text, or something is large
        pass
    try:
        # Where the last two arguments are text, most often all are: joining finds out about that, and about their size.
        if type(arguments[-1]) is type(arguments[-2]) is str and len("".join(arguments)) < LARGE:  # type: ignore[arg-type]
            return _pack(arguments)  # type: ignore[arg-type]
    except (IndexError, TypeError, ValueError):  # one or none; not all is text; no tuple; a character without UTF-8
        pass
    for argument in arguments:
        kind = type(argument)
        if (kind is not str and kind is not bytes) or len(argument) >= LARGE:  # type: ignore[arg-type]
            return _encode_numbers(arguments)
    try:
        if arguments:
            return _pack(arguments)  # type: ignore[arg-type]
    except (TypeError, ValueError):  # no tuple, or a character that has no form in UTF-8
        pass
    return _encode_carefully(arguments, "utf-8")


def _encode_numbers(arguments: Sequence[EncodableT]) -> bytes | list[Buffer]:
    """Encode numbers among small strings; leave anything else to `_encode_carefully`."""
    parts: list[str | bytes] = []
    try:
        for argument in arguments:
            kind = type(argument)
            if kind is int or kind is float:
                # Not left to hiredis, which crashes where printing a number fails: Python refuses to print integers of
                # more than 4300 digits, and a signal handler may raise at that moment.
                parts.append(repr(argument))
            elif (kind is str or kind is bytes) and len(argument) < LARGE:  # type: ignore[arg-type]
                parts.append(argument)  # type: ignore[arg-type]
            else:
                return _encode_carefully(arguments, "utf-8")
        return _pack(tuple(parts))
    except ValueError:  # too many digits, or a character that has no form in UTF-8
        return _encode_carefully(arguments, "utf-8")


def _encode_carefully(arguments: Sequence[EncodableT], encoding: str) -> bytes | list[Buffer]:
    """Encode what the quick way does not: subclasses, other buffers, other encodings, large arguments, mistakes."""
    if not arguments:
        raise DataError("a command consists of at least its name")
    pieces: list[Buffer] = []
    small = bytearray(b"*%d\r\n" % len(arguments))
    for position, argument in enumerate(arguments):
        data = _to_bytes(arguments, position, argument, encoding)
        small += b"$%d\r\n" % len(data)
        if len(data) < LARGE:
            small += data
        else:
            pieces += [bytes(small), data]
            small.clear()
        small += b"\r\n"
    return [*pieces, bytes(small)] if pieces else bytes(small)


def _to_bytes(
    arguments: Sequence[EncodableT], position: int, argument: object, encoding: str
) -> bytes | bytearray | memoryview:
    # The base classes' own methods are called because subclasses (enumerations, numpy's numbers) print differently.
    if isinstance(argument, str):
        try:
            return str.encode(argument, encoding)
        except UnicodeEncodeError as error:
            raise DataError(
                f"argument {position} of {_name_of(arguments)} can not be encoded as {encoding}: {error.reason}"
            ) from None
    if isinstance(argument, (bytes, bytearray)):
        return argument
    if isinstance(argument, memoryview):
        try:
            return argument.cast("B") if argument.c_contiguous else argument.tobytes()
        except ValueError:
            raise DataError(f"argument {position} of {_name_of(arguments)} is a memoryview that was released") from None
    if isinstance(argument, int) and not isinstance(argument, bool):
        try:
            return int.__repr__(argument).encode("ascii")
        except ValueError:
            raise DataError(f"argument {position} of {_name_of(arguments)} is an integer of too many digits") from None
    if isinstance(argument, float):
        return float.__repr__(argument).encode("ascii")
    raise DataError(
        f"argument {position} of {_name_of(arguments)} is {_describe(argument)}, which has no form in which it can be sent; "
        f"give str, bytes, int or float"
    )


def _name_of(arguments: Sequence[object]) -> str:
    name = arguments[0] if arguments else "the command"
    return name.upper() if isinstance(name, str) else "the command"


def _describe(argument: object) -> str:
    if argument is None or isinstance(argument, bool):
        return repr(argument)
    return f"of type {type(argument).__name__}"
