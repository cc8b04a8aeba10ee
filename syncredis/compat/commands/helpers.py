"""What redis-py's command methods share, for those who import it."""

from __future__ import annotations

import random
import string
from collections.abc import Iterable, Mapping
from typing import Any

from syncredis.compat.typing import Subscription


def list_or_args(keys: Any, args: Iterable[Any] | None) -> list[Any]:
    """Return keys that were given as one or as several, and those given after them, as one list."""
    if isinstance(keys, (bytes, str, bytearray, memoryview)) or not isinstance(keys, Iterable):
        keys = [keys]
    return [*keys, *(args or ())]


def nativestr(x: Any) -> Any:
    """Return bytes as text, and ``null`` as None; anything else as it is."""
    text = x.decode("utf-8", "replace") if isinstance(x, bytes) else x
    return None if text == "null" else text


def delist(x: Any) -> Any:
    """Return what is in a list as text."""
    return x if x is None else [nativestr(element) for element in x]


def parse_to_list(response: Iterable[Any] | None) -> list[Any]:
    """Return what is in a reply: as numbers what reads like numbers, as text the rest; of None, an empty list."""
    return [_number_or_text(element) for element in response or ()]


def _number_or_text(element: Any) -> Any:
    for kind in (int, float):
        try:
            return kind(element)
        except ValueError:
            continue
        except TypeError:  # None, which stays, as nothing else in a reply does
            return None
    return nativestr(element)


def random_string(length: int = 10) -> str:
    """Return small letters by chance."""
    return "".join(random.choice(string.ascii_lowercase) for _ in range(length))


def subscriptions_from(args: tuple[Any, ...], handlers: Mapping[str, Any]) -> dict[Any, Any]:
    """Return names with their handlers, from all the forms in which subscribing takes them."""
    found: dict[Any, Any] = {}
    for given in list_or_args(args[0], args[1:]) if args else ():
        if isinstance(given, Subscription):
            found[given.name] = given.handler
        else:
            found[given] = None
    return {**found, **handlers}
