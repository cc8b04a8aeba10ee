"""How command methods turn what callers give into arguments of a command. Mistakes raise before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from syncredis.exceptions import DataError
from syncredis.typing import EncodableT, KeyT

#: A span of time: a number in the unit that the parameter names, or a `datetime.timedelta`.
SpanT: TypeAlias = int | timedelta

#: A point in time: a Unix time in the unit that the parameter names, or a `datetime.datetime`.
MomentT: TypeAlias = int | datetime

#: How long a command may wait: a number of seconds or a `datetime.timedelta`; 0: for ever.
WaitT: TypeAlias = float | timedelta

_ONE = (str, bytes, bytearray, memoryview, int, float)


def key_list(name: str, first: KeyT | Iterable[KeyT], more: Iterable[KeyT] = ()) -> list[KeyT]:
    """Return the keys (members, fields ...) given as one, as several, or as an iterable; ``name`` names the parameter.

    Raises:
        DataError: if there are none, or it is none of these.
    """
    given: Any = first
    if isinstance(given, _ONE):
        return [given, *more]
    if not isinstance(given, Iterable) or isinstance(given, Mapping):
        raise DataError(f"{name} must be a key or an iterable of keys, not {given!r}")
    return required(name, [*given, *more])


def required(name: str, values: Iterable[KeyT]) -> list[KeyT]:
    """Return ``values`` as a list.

    Raises:
        DataError: if there are none.
    """
    given = list(values)
    if not given:
        raise DataError(f"{name} must hold at least one element")
    return given


def pairs(
    name: str, mapping: Mapping[Any, Any], convert: Callable[[Any], EncodableT] | None = None
) -> list[EncodableT]:
    """Return the keys and values of ``mapping`` in turn, the values as ``convert`` returns them.

    Raises:
        DataError: if it is empty or is no mapping.
    """
    if not isinstance(mapping, Mapping):
        raise DataError(f"{name} must be a mapping, not {type(mapping).__name__}")
    if not mapping:
        raise DataError(f"{name} must hold at least one element")
    if convert is not None:
        mapping = {key: convert(value) for key, value in mapping.items()}
    return [argument for pair in mapping.items() for argument in pair]


def listed(name: str, values: Iterable[Any] | None) -> list[Any]:
    """Return ``values`` as a list, an empty one for None; ``name`` names the parameter.

    Raises:
        DataError: for anything that is no iterable, or whose elements have no order, or are characters.
    """
    if values is None:
        return []
    if not isinstance(values, Iterable) or isinstance(values, (str, bytes, bytearray, memoryview, Mapping)):
        raise DataError(f"{name} must be an iterable, such as a list, not {values!r}")
    return list(values)


def in_pairs(name: str, values: Iterable[tuple[Any, Any]] | None) -> list[tuple[Any, Any]]:
    """Return ``values`` as a list of pairs, an empty one for None; ``name`` names the parameter.

    Raises:
        DataError: for anything else.
    """
    given = listed(name, values)
    for pair in given:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise DataError(f"each of {name} must be a pair, not {pair!r}")
    return given


def counted_keys(name: str, number: int, keys: Iterable[KeyT]) -> list[KeyT]:
    """Return the number of keys and the keys, as commands want them; ``name`` names the parameter of the number.

    Raises:
        DataError: if there are no keys, or not as many as the number says.
    """
    given = required("keys", keys)
    if number != len(given):
        raise DataError(f"{name} is {number!r}, but the number of keys is {len(given)}")
    return [number, *given]


def counted(word: str, name: str, values: Iterable[KeyT]) -> list[EncodableT]:
    """Return ``word``, the number of values and the values; ``name`` names the parameter that holds them.

    Raises:
        DataError: if there are none.
    """
    given = required(name, values)
    return [word, len(given), *given]


def fields_and_values(
    key: KeyT | None,
    value: EncodableT | None,
    mapping: Mapping[Any, EncodableT] | None,
    items: Iterable[EncodableT] | None,
) -> list[EncodableT]:
    """Return fields and values in turn, from all the forms in which HSET and HSETEX take them.

    Raises:
        DataError: if there are none, or if one is without the other.
    """
    found = [] if items is None else key_list("items", items)
    if len(found) % 2:
        raise DataError("items must hold fields and values in turn, so an even number of elements")
    if key is not None and value is not None:
        found += [key, value]
    elif key is not None or value is not None:
        raise DataError("key and value need each other")
    if mapping is not None:
        found += pairs("mapping", mapping)
    if not found:
        raise DataError("key and value, mapping or items must be given")
    return found


def one_of(name: str, word: str, allowed: tuple[str, ...]) -> str:
    """Return ``word`` in upper case; ``name`` names the parameter.

    Raises:
        DataError: if it is none of the ``allowed`` words.
    """
    given = word.upper() if isinstance(word, str) else ""
    if given not in allowed:
        raise DataError(f"{name} must be {' or '.join(allowed)}, not {word!r}")
    return given


def limit(name: str, start: int | None, num: int | None) -> list[EncodableT]:
    """Return the arguments that ask for ``num`` elements from the one number ``start`` on; ``name`` names the parameter.

    Raises:
        DataError: if only one of the two is given.
    """
    if start is None and num is None:
        return []
    if start is None or num is None:
        raise DataError(f"{name} and num need each other")
    return ["LIMIT", start, num]


def scan_options(match: str | bytes | None, count: int | None) -> list[EncodableT]:
    """Return the arguments that say what a scan shall bring, and about how much of it."""
    options: list[EncodableT] = [] if match is None else ["MATCH", match]
    return options if count is None else [*options, "COUNT", count]


def seconds(span: SpanT) -> int:
    """Return a span in whole seconds.

    Raises:
        DataError: for a `datetime.timedelta` with a fraction of a second, which would be lost.
    """
    if not isinstance(span, timedelta):
        return span
    whole, fraction = divmod(span, timedelta(seconds=1))
    if fraction:
        raise DataError(f"{span!r} is not a whole number of seconds; use the option that takes milliseconds")
    return whole


def milliseconds(span: SpanT) -> int:
    """Return a span in whole milliseconds."""
    return span // timedelta(milliseconds=1) if isinstance(span, timedelta) else span


def wait_seconds(name: str, span: WaitT) -> float:
    """Return how many seconds a command may wait, 0 for ever; ``name`` names the parameter.

    Raises:
        DataError: for anything that is no such time.
    """
    wait = span.total_seconds() if isinstance(span, timedelta) else span
    if not isinstance(wait, (int, float)) or not 0 <= wait < math.inf:
        raise DataError(f"{name} must be a number of seconds, 0 for ever, not {span!r}")
    # Redis 6.2 cuts fractions of a millisecond off, and takes the 0 that may be left for "for ever".
    return max(wait, 0.002) if wait else wait


def wait_milliseconds(name: str, span: SpanT) -> int:
    """Return for how many whole milliseconds a command may wait, 0 for ever; ``name`` names the parameter.

    Raises:
        DataError: for anything that is no such time.
    """
    # Rounded up: what is left of a shorter span than a millisecond would mean "for ever".
    wait = -(-span // timedelta(milliseconds=1)) if isinstance(span, timedelta) else span
    if not isinstance(wait, int) or wait < 0:
        raise DataError(f"{name} must be a number of milliseconds, 0 for ever, not {span!r}")
    return wait


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


def expiry_conditions(nx: bool, xx: bool, gt: bool, lt: bool) -> list[EncodableT]:
    """Return the arguments that say on which condition an expiry is set.

    Raises:
        DataError: if they contradict each other.
    """
    exclusive(nx=nx, xx=xx)
    exclusive(nx=nx, gt=gt, lt=lt)
    return flags(NX=nx, XX=xx, GT=gt, LT=lt)


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
