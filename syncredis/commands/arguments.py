"""How command methods turn what callers give into arguments of a command. Mistakes raise before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from syncredis.exceptions import DataError
from syncredis.typing import EncodableT, KeyT

#: A span of time: a number in the unit that the parameter names, or a `datetime.timedelta`.
SpanT: TypeAlias = int | timedelta

#: A point in time: a Unix time in the unit that the parameter names, or a `datetime.datetime`.
MomentT: TypeAlias = int | datetime

_ONE = (str, bytes, bytearray, memoryview, int, float)


def key_list(name: str, first: KeyT | Iterable[KeyT], more: Iterable[KeyT] = ()) -> list[KeyT]:
    """Return the keys (or members, fields ...) given as one, as several, or as an iterable of them; ``name`` names the parameter.

    Raises:
        DataError: if there are none.
    """
    keys: list[Any] = [first] if isinstance(first, _ONE) else list(first)
    keys += more
    return required(name, keys)


def required(name: str, values: Iterable[KeyT]) -> list[KeyT]:
    """Return ``values`` as a list.

    Raises:
        DataError: if there are none.
    """
    given = list(values)
    if not given:
        raise DataError(f"{name} must hold at least one element")
    return given


def pairs(name: str, mapping: Mapping[Any, EncodableT]) -> list[EncodableT]:
    """Return the keys and values of ``mapping`` in turn.

    Raises:
        DataError: if it is empty or is no mapping.
    """
    if not isinstance(mapping, Mapping):
        raise DataError(f"{name} must be a mapping, not {type(mapping).__name__}")
    if not mapping:
        raise DataError(f"{name} must hold at least one element")
    return [argument for pair in mapping.items() for argument in pair]


def seconds(span: SpanT) -> int:
    """Return a span in whole seconds."""
    return int(span.total_seconds()) if isinstance(span, timedelta) else span


def milliseconds(span: SpanT) -> int:
    """Return a span in whole milliseconds."""
    return span // timedelta(milliseconds=1) if isinstance(span, timedelta) else span


def unix_seconds(moment: MomentT) -> int:
    """Return a point in time as whole seconds since 1970; one without time zone is taken as local time."""
    return int(moment.timestamp()) if isinstance(moment, datetime) else moment


def unix_milliseconds(moment: MomentT) -> int:
    """Return a point in time as whole milliseconds since 1970; one without time zone is taken as local time."""
    if not isinstance(moment, datetime):
        return moment
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def expiry(
    *,
    ex: SpanT | None = None,
    px: SpanT | None = None,
    exat: MomentT | None = None,
    pxat: MomentT | None = None,
    keepttl: bool = False,
    persist: bool = False,
) -> list[EncodableT]:
    """Return the arguments that say when a key expires.

    Raises:
        DataError: if more than one way is given.
    """
    exclusive(ex=ex, px=px, exat=exat, pxat=pxat, keepttl=keepttl or None, persist=persist or None)
    if ex is not None:
        return ["EX", seconds(ex)]
    if px is not None:
        return ["PX", milliseconds(px)]
    if exat is not None:
        return ["EXAT", unix_seconds(exat)]
    if pxat is not None:
        return ["PXAT", unix_milliseconds(pxat)]
    return flags(KEEPTTL=keepttl, PERSIST=persist)


def flags(**wanted: bool | None) -> list[EncodableT]:
    """Return the names of those flags that are set, in the order given."""
    return [name for name, is_set in wanted.items() if is_set]


def exclusive(**options: object) -> None:
    """Check that at most one of ``options`` is given, that is, neither None nor False.

    Raises:
        DataError: naming those that contradict each other.
    """
    given = [name for name, value in options.items() if value is not None and value is not False]
    if len(given) > 1:
        raise DataError(f"{' and '.join(given)} exclude each other")
