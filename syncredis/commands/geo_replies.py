"""What the geo commands return, and how their replies become that."""

from __future__ import annotations

from typing import Any, Generic, NamedTuple

from syncredis.typing import AnyStr, Reply, T


class GeoPosition(NamedTuple):
    """Where a member is."""

    longitude: float
    """In degrees, to the east."""
    latitude: float
    """In degrees, to the north."""


class GeoMatch(tuple[Any, ...], Generic[AnyStr]):
    """A member that was found, with what was asked for: a tuple of member, distance, hash and position, as far as given.

    With ``withdist=True`` alone it is a pair of member and distance, and so on; what was not asked for has no place in it.
    """

    __slots__ = ()

    @property
    def member(self) -> AnyStr:
        """The member."""
        found: AnyStr = self[0]
        return found

    @property
    def distance(self) -> float:
        """How far it is from the centre, in the unit of the search; only there with ``withdist``."""
        return self._part(float, "withdist")

    @property
    def hash(self) -> int:
        """Its position as one number of 52 bits, which is its score in the sorted set; only there with ``withhash``."""
        return self._part(int, "withhash")

    @property
    def position(self) -> GeoPosition:
        """Where it is; only there with ``withcoord``."""
        return self._part(GeoPosition, "withcoord")

    def _part(self, kind: type[T], option: str) -> T:
        for part in self[1:]:  # each part is of another type
            if isinstance(part, kind):
                return part
        raise AttributeError(f"not there: it was not asked for with {option}")


def to_position(reply: Reply) -> GeoPosition:
    """Longitude and latitude, which are strings under RESP2."""
    longitude, latitude = reply
    return GeoPosition(float(longitude), float(latitude))


def to_positions(reply: Reply) -> list[GeoPosition | None]:
    """Positions, nil where there is none."""
    return [None if position is None else to_position(position) for position in reply]


def to_matches(reply: Reply) -> list[GeoMatch[Any]]:
    """Members, each with the parts that were asked for."""
    return [GeoMatch((member, *map(_to_part, parts))) for member, *parts in reply]


def _to_part(part: Any) -> float | int | GeoPosition:
    """A hash is a number, a position a pair; a distance comes as a string."""
    if isinstance(part, int):
        return part
    return to_position(part) if isinstance(part, list) else float(part)
