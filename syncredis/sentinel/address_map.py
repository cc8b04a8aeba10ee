"""`AddressMap`: where a server is for us that announces itself elsewhere, as behind NAT or in a container network.

https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-docker-nat-and-possible-issues
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from syncredis.config import Location
from syncredis.exceptions import ConfigurationError, SentinelError

#: What Sentinels announce -> where to connect to; what a mapping does not hold stays as it is. A function is called in any
#: thread, often, and must not block.
AddressMap: TypeAlias = Mapping[tuple[str, int], tuple[str, int]] | Callable[[Location], tuple[str, int]]

#: The same as a function that has no other form and is not wrong.
Translator: TypeAlias = Callable[[Location], Location]


def translator(address_map: AddressMap | None) -> Translator:
    """Return the function that translates what Sentinels announce.

    The function raises `SentinelError` if that of the caller fails, or returns what is no location.

    Raises:
        ConfigurationError: for an ``address_map`` that is none.
    """
    if address_map is None:
        return _as_it_is
    if isinstance(address_map, Mapping):
        table = {_location(announced): _location(real) for announced, real in address_map.items()}
        return lambda announced: table.get(announced, announced)
    if not callable(address_map):
        raise ConfigurationError(
            f"{address_map=} must map (host, port) to (host, port), or be a function from one to the other"
        )
    return lambda announced: _called(address_map, announced)


def _as_it_is(announced: Location) -> Location:
    return announced


def _called(function: Callable[[Location], tuple[str, int]], announced: Location) -> Location:
    try:
        return _location(function(announced))
    except ConfigurationError as error:
        raise SentinelError(f"address_map for {announced.target}: {error}") from None
    except Exception as error:  # of any kind: it is the caller's function
        raise SentinelError(f"address_map failed for {announced.target}: {error!r}") from error


def _location(address: Any) -> Location:
    match address:
        case (str(host), int(port)) if host and 0 < port < 65536:
            return Location(host, port)
        case _:
            raise ConfigurationError(f"{address!r} is no (host, port)")
