"""How replies become the caller's values: pure functions, from what RESP brings to what a command method returns.

Each takes RESP2's form and RESP3's and returns the same for both. Strings in a reply are ``str`` or ``bytes`` already, as
the caller wants them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from syncredis.typing import Reply


def to_bool(reply: Reply) -> bool:
    """``1`` and ``0``, or RESP3's booleans."""
    return bool(reply)


def to_true(reply: Reply) -> bool:  # noqa: ARG001 - a refusal comes as an error, never as another reply
    """``OK`` as True."""
    return True


def to_true_or_none(reply: Reply) -> bool | None:
    """``OK`` as True, nil as None."""
    return None if reply is None else True


def to_float(reply: Reply) -> float:
    """RESP3's double, or the number that RESP2 sends as a string."""
    return float(reply)


def to_float_or_none(reply: Reply) -> float | None:
    """`to_float`, and nil as None."""
    return None if reply is None else float(reply)


def to_str(reply: Reply) -> str:
    """A string as text, whatever the client's decoding."""
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)


def to_list(reply: Reply) -> list[Any]:
    """An array, and nil as an empty one."""
    return [] if reply is None else list(reply)


def to_set(reply: Reply) -> set[Any]:
    """RESP3's set or an array, without order."""
    return reply if isinstance(reply, set) else set(reply)


def to_dict(reply: Reply) -> dict[Any, Any]:
    """RESP3's map, or RESP2's array of keys and values in turn; nil as an empty one."""
    return reply if isinstance(reply, dict) else dict(in_pairs(reply or ()))


def to_fields(reply: Reply) -> Any:
    """`to_dict` where the keys are the server's own words, hence text: a dictionary that may be taken for a TypedDict."""
    return {to_str(name): value for name, value in to_dict(reply).items()}


def fresh(reply: Reply) -> Reply:
    """A copy of what can be changed, for a reply that others are handed, too."""
    if isinstance(reply, list):
        return [fresh(element) for element in reply]
    if isinstance(reply, dict):
        return {key: fresh(value) for key, value in reply.items()}
    return reply


def in_pairs(flat: Any) -> Iterator[tuple[Any, Any]]:
    """The elements of an array, two by two."""
    elements = iter(flat)
    return zip(elements, elements, strict=True)


def list_of(decode: Callable[[Any], Any]) -> Callable[[Reply], list[Any]]:
    """Return a decoder for arrays of what ``decode`` understands."""
    return lambda reply: [decode(element) for element in reply]
