"""Large pages for the memory of a large value, where the system has them: on Linux, unless it is set never to give any.

The system provides memory page by page, when it is first written to: 64 MiB in pages of 4 KiB are 16,384 interruptions, which
take as long as receiving what goes there; in pages of 2 MiB they are 32.

https://docs.kernel.org/admin-guide/mm/transhuge.html
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from functools import cache
from typing import Final

#: Bytes of memory that are worth the advice. Measured: smaller pieces the C library keeps, and has at hand with their pages.
WORTHWHILE: Final = 32 * 1024 * 1024


def prefer_large_pages(place: memoryview) -> None:
    """Advise the system to provide the memory of ``place``, none of which is in use yet, in large pages. Never blocks.

    Where it knows no such thing, or refuses, nothing happens.
    """
    if len(place) >= WORTHWHILE and (advise := _advise()) is not None:
        advise(place)


@cache
def _advise() -> Callable[[memoryview], None] | None:
    """Return what gives the advice; None: there is no such thing here."""
    advice = getattr(mmap, "MADV_HUGEPAGE", None)
    if advice is None:
        return None
    try:
        import ctypes  # some Pythons have none; and few programs need it

        madvise = ctypes.CDLL(None).madvise
    except (ImportError, OSError, AttributeError):
        return None
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    byte = ctypes.c_char

    def advise(place: memoryview) -> None:
        start = ctypes.addressof(byte.from_buffer(place))
        skipped = -start % mmap.PAGESIZE  # the advice must begin with a page
        madvise(start + skipped, len(place) - skipped, advice)

    return advise
