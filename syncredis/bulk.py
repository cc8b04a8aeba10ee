"""A large string in a reply, received straight into its place.

hiredis gathers a reply first and copies it then; of the time that a GET of 64 MiB takes, that is half.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

from syncredis.exceptions import ProtocolError
from syncredis.large_pages import prefer_large_pages
from syncredis.resp import length_at_start
from syncredis.transport import Transport

#: From this size (bytes) on, a string is large. Measured: below it there is nothing to gain.
LARGE: Final = 512 * 1024

#: Beyond this size (bytes) no place is made before anything is there: the announcement may not be true.
_LARGEST: Final = 1024**3

_END: Final = b"\r\n"


def large_at_start(data: bytes) -> tuple[int, int] | None:
    """Return length and position of the string that begins in ``data``, the start of a reply, if it is a large one."""
    found = length_at_start(data, b"$")
    return found if found is not None and LARGE <= found[0] <= _LARGEST else None


def receive_bulk(stream: Transport, data: bytes, length: int, position: int) -> tuple[bytes, bytes]:
    """Return the string that `large_at_start` found in ``data``, and what came after it. Blocks.

    Raises:
        TimeoutError, ConnectionError: if the stream stood still, or ended.
        ProtocolError: if the string is longer than was announced.
    """
    # The one way to fill a bytes object piece by piece: BytesIO takes it over, and hands it out again, without a copy.
    value = BytesIO(bytes(length))
    begun = data[position : position + length]
    with (
        value.getbuffer() as place,
        place[len(begun) :] as missing,
    ):  # a view that outlived this would keep the value locked
        prefer_large_pages(place)
        place[: len(begun)] = begun
        stream.receive_into(missing)
    rest = data[position + length :]
    while len(rest) < len(_END):
        rest += stream.receive()
    if not rest.startswith(_END):
        raise ProtocolError(f"a string of {length} bytes did not end there")
    return value.getvalue(), rest[len(_END) :]
