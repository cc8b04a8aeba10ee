"""What the library returns, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from syncredis.config import Location


def write_json(value: Any, *, indent: int | None = 2) -> None:
    """Write a value on standard output, and at once."""
    print(json.dumps(plain(value), indent=indent, ensure_ascii=False), flush=True)


def plain(value: Any) -> Any:
    """Return a value as JSON has it: a location as ``host`` and ``port``, an error as ``type`` and ``message``."""
    if isinstance(value, Location):
        return {"host": value.host, "port": value.port}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, BaseException):
        return {"type": type(value).__name__, "message": str(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(plain(one) for one in value)
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value
