"""Several commands as they go over the wire one after the other, as fast as Python can.

Most pipelines are many small commands of one kind. So all that can be asked is asked of whole columns of words - every
command's name, every command's key - in loops of C, and what they have in common is put between them by one ``join``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from typing import Final, Protocol, cast

import hiredis

from syncredis.resp import BEFORE, LARGE, Buffer, encode
from syncredis.typing import EncodableT

#: Fewer commands than this are encoded one by one. Measured: columns of them gain nothing.
_FEW: Final = 6

_ONLY_TEXT: Final = frozenset({str})

#: By the length of a short word: what goes before it. A list is looked up in half of the time that a dictionary takes.
_BEFORE_SHORT: Final = [f"${length}\r\n" for length in range(128)]

_pack: Final[Callable[[Sequence[str]], bytes]] = hiredis.pack_command  # type: ignore[assignment]


def prepare(requests: Sequence[Sequence[EncodableT]], encoding: str) -> Callable[[], bytes | list[Buffer]]:
    """Return a function that returns several commands as they go over the wire one after the other, and can not fail.

    Commands that are small ASCII text, as most are, are only packed when it is called: while the server works on what was
    sent before.

    Raises:
        DataError: as `syncredis.resp.encode` does.
    """
    if encoding == "utf-8" and len(requests) >= _FEW:
        quick = _packing(requests)
        if quick is not None:
            return quick
    parts = [encode(arguments, encoding) for arguments in requests]
    if all(type(part) is bytes for part in parts):
        whole = b"".join(parts)  # type: ignore[arg-type]
        return lambda: whole
    buffers = [buffer for part in parts for buffer in ([part] if isinstance(part, bytes) else part)]
    return lambda: buffers


def _packing(requests: Sequence[Sequence[EncodableT]]) -> Callable[[], bytes] | None:
    """Return a function that packs commands of small ASCII text; None: they are not, or not all."""
    try:
        names, *columns = zip(*requests, strict=True)
    except ValueError:  # not all have as many words, or none has any
        is_text = all(requests) and _is_small_text(list(chain.from_iterable(requests)))
        return partial(_pack_each, cast("Sequence[Sequence[str]]", requests)) if is_text else None
    head = f"*{len(columns) + 1}\r\n"
    if _is_one_name(names):
        head += f"{BEFORE[len(names[0])]}{names[0]}\r\n"
    else:
        columns.insert(0, names)
    if not all(map(_is_small_text, columns)):
        return None
    if (joined := _JOINED.get(len(columns))) is None:
        return partial(_pack_each, cast("Sequence[Sequence[str]]", requests))
    return partial(_pack_alike, head, joined, cast("Sequence[Sequence[str]]", columns))


def _is_one_name(names: Sequence[EncodableT]) -> bool:
    try:
        return len(set(names)) == 1 and _is_small_text(names[:1])
    except TypeError:  # a bytearray, which has no hash
        return False


def _is_small_text(words: Sequence[EncodableT]) -> bool:
    if not _ONLY_TEXT.issuperset(map(type, words)):
        return False
    text = "".join(words)  # type: ignore[arg-type]
    return text.isascii() and (len(text) < LARGE or max(map(len, words)) < LARGE)  # type: ignore[arg-type]


def _pack_each(requests: Sequence[Sequence[str]]) -> bytes:
    return b"".join(map(_pack, map(tuple, requests)))


def _pack_alike(head: str, joined: Callable[..., list[str]], columns: Sequence[Sequence[str]]) -> bytes:
    """Pack commands that begin with the same, and whose other words are given as columns."""
    try:
        tails = joined(_BEFORE_SHORT, *columns)
    except IndexError:
        tails = joined(BEFORE, *columns)
    # At both ends, not around the whole, which would be copied again.
    tails[0] = head + tails[0]
    tails[-1] += "\r\n"
    return f"\r\n{head}".join(tails).encode()


class _Before(Protocol):
    def __getitem__(self, length: int, /) -> str: ...


def _one(before: _Before, words: Sequence[str]) -> list[str]:
    return [before[len(word)] + word for word in words]


def _two(before: _Before, *columns: Sequence[str]) -> list[str]:
    return [f"{before[len(one)]}{one}\r\n{before[len(two)]}{two}" for one, two in zip(*columns, strict=True)]


def _three(before: _Before, *columns: Sequence[str]) -> list[str]:
    return [
        f"{before[len(one)]}{one}\r\n{before[len(two)]}{two}\r\n{before[len(three)]}{three}"
        for one, two, three in zip(*columns, strict=True)
    ]


#: By how many columns there are: what puts each command's words together.
_JOINED: Final[dict[int, Callable[..., list[str]]]] = {1: _one, 2: _two, 3: _three}
