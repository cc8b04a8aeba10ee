"""The aliases that public signatures use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, AnyStr, TypeAlias, TypeVar

#: What can be sent as one argument of a command. ``bool`` and ``None`` are refused, see `syncredis.resp.encode`.
EncodableT: TypeAlias = str | bytes | bytearray | memoryview | int | float

#: The name of a key, of a hash field or of a member.
KeyT: TypeAlias = str | bytes | bytearray | memoryview | int | float
FieldT: TypeAlias = KeyT

#: A reply as RESP brings it, before a command decodes it.
Reply: TypeAlias = Any

#: For dictionaries whose keys callers give: `Mapping` is invariant in its key type, hence the type variables.
MappingKeyT = TypeVar("MappingKeyT", str, bytes, int, float, str | bytes)
AnyMapping: TypeAlias = Mapping[str, Any] | Mapping[bytes, Any] | Mapping[int, Any] | Mapping[float, Any]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

__all__ = ["AnyMapping", "AnyStr", "EncodableT", "FieldT", "KeyT", "Reply", "T", "T_co"]
