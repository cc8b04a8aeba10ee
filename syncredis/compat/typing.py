"""The names that annotations of redis-py's users import."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias, TypeVar

Number: TypeAlias = int | float
EncodedT: TypeAlias = bytes | bytearray | memoryview
DecodedT: TypeAlias = str | int | float
EncodableT: TypeAlias = EncodedT | DecodedT
AbsExpiryT: TypeAlias = int | datetime
ExpiryT: TypeAlias = int | timedelta
ZScoreBoundT: TypeAlias = float | str
BitfieldOffsetT: TypeAlias = int | str
_StringLikeT: TypeAlias = bytes | str | memoryview
KeyT: TypeAlias = _StringLikeT
PatternT: TypeAlias = _StringLikeT
FieldT: TypeAlias = EncodableT
KeysT: TypeAlias = KeyT | Iterable[KeyT]
ResponseT: TypeAlias = Awaitable[Any] | Any
GroupT: TypeAlias = _StringLikeT
ConsumerT: TypeAlias = _StringLikeT
StreamIdT: TypeAlias = int | _StringLikeT
ScriptTextT: TypeAlias = _StringLikeT
TimeoutSecT: TypeAlias = int | float | _StringLikeT
ChannelT: TypeAlias = _StringLikeT
PubSubHandler: TypeAlias = Callable[[dict[str, Any]], Any]
ExceptionMappingT: TypeAlias = Mapping[str, type[Exception] | Mapping[str, type[Exception]]]

AnyKeyT = TypeVar("AnyKeyT", bytes, str, memoryview)
AnyFieldT = TypeVar("AnyFieldT", bytes, str, memoryview)
AnyChannelT = TypeVar("AnyChannelT", bytes, str, memoryview)


@dataclass(frozen=True)
class Subscription:
    """A channel or pattern to subscribe to, with its handler if it has one."""

    name: ChannelT
    handler: PubSubHandler | None = None


class CommandsProtocol(Protocol):
    """What command methods are built on."""

    def execute_command(self, *args: Any, **options: Any) -> ResponseT:
        """Carry out a command."""
        ...
