"""Iterators over everything that SCAN, HSCAN, SSCAN and ZSCAN bring, for ``async for``."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

from syncredis.aio._generated import AsyncCommands
from syncredis.aio.iteration import Chunks
from syncredis.commands import Recorder
from syncredis.scanning import PartT
from syncredis.typing import AnyStr, KeyT, T


class AsyncScanIterators(AsyncCommands[AnyStr]):
    """The async twin of `syncredis.scanning.ScanIterators`."""

    __slots__ = ()

    @abstractmethod
    def _iterate(self, record: Callable[[int], PartT], elements: Callable[[PartT], Sequence[T]]) -> Chunks[T]:
        """Return an iterator; ``record`` returns for a cursor what a `Recorder` makes of it, ``elements`` what is in a part."""

    def scan_iter(
        self, match: str | bytes | None = None, count: int | None = None, _type: str | None = None
    ) -> Chunks[AnyStr]:
        """Yield the keys; see `syncredis.scanning.ScanIterators.scan_iter`."""
        record: Recorder[AnyStr] = Recorder()
        return self._iterate(lambda cursor: record.scan(cursor, match, count, _type), lambda part: part.keys)

    @overload
    def hscan_iter(
        self,
        name: KeyT,
        match: str | bytes | None = None,
        count: int | None = None,
        no_values: Literal[False] = False,
    ) -> Chunks[tuple[AnyStr, AnyStr]]: ...

    @overload
    def hscan_iter(
        self, name: KeyT, match: str | bytes | None = None, count: int | None = None, *, no_values: Literal[True]
    ) -> Chunks[AnyStr]: ...

    @overload
    def hscan_iter(
        self, name: KeyT, match: str | bytes | None = None, count: int | None = None, no_values: bool = False
    ) -> Chunks[tuple[AnyStr, AnyStr]] | Chunks[AnyStr]: ...

    def hscan_iter(
        self, name: KeyT, match: str | bytes | None = None, count: int | None = None, no_values: bool = False
    ) -> Chunks[Any]:
        """Yield the fields of a hash with their values; see `syncredis.scanning.ScanIterators.hscan_iter`."""
        record: Recorder[AnyStr] = Recorder()
        if no_values:
            return self._iterate(
                lambda cursor: record.hscan(name, cursor, match, count, no_values=True), lambda part: part.fields
            )
        return self._iterate(
            lambda cursor: record.hscan(name, cursor, match, count), lambda part: list(part.fields.items())
        )

    def sscan_iter(self, name: KeyT, match: str | bytes | None = None, count: int | None = None) -> Chunks[AnyStr]:
        """Yield the members of a set; see `syncredis.scanning.ScanIterators.sscan_iter`."""
        record: Recorder[AnyStr] = Recorder()
        return self._iterate(lambda cursor: record.sscan(name, cursor, match, count), lambda part: part.members)

    def zscan_iter(
        self, name: KeyT, match: str | bytes | None = None, count: int | None = None
    ) -> Chunks[tuple[AnyStr, float]]:
        """Yield the members of a sorted set with their scores; see `syncredis.scanning.ScanIterators.zscan_iter`."""
        record: Recorder[AnyStr] = Recorder()
        return self._iterate(lambda cursor: record.zscan(name, cursor, match, count), lambda part: part.members)
