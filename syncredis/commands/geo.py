"""The geo commands: https://redis.io/docs/latest/commands/?group=geo

Those that `geosearch` has replaced are in `syncredis.commands.geo_radius`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias, overload

from syncredis.command import Command
from syncredis.commands.arguments import exclusive, flags, key_list, one_of, required
from syncredis.commands.geo_replies import GeoMatch, GeoPosition, to_matches, to_positions
from syncredis.commands.group import CommandGroup
from syncredis.exceptions import DataError
from syncredis.replies import to_float_or_none
from syncredis.typing import AnyStr, EncodableT, FieldT, KeyT

#: Metres, kilometres, feet or miles.
UnitT: TypeAlias = Literal["m", "km", "ft", "mi"]

#: The nearest or the farthest first.
OrderT: TypeAlias = Literal["ASC", "DESC", "asc", "desc"]


class GeoCommands(CommandGroup[AnyStr]):
    """Commands on positions, which are kept in a sorted set: a member is removed with `zrem`.

    Longitude and latitude are in degrees, to the east and to the north.
    """

    __slots__ = ()

    def geoadd(
        self, name: KeyT, values: Iterable[EncodableT], nx: bool = False, xx: bool = False, ch: bool = False
    ) -> int:
        """Add members, or move those that are there, and return how many were added.

        Args:
            name: the key.
            values: longitude, latitude and name of each member in turn.
            nx: only add members.
            xx: only move members.
            ch: count the members that were moved, too.

        https://redis.io/docs/latest/commands/geoadd/
        """
        exclusive(nx=nx, xx=xx)
        members: list[EncodableT] = key_list("values", values)
        if len(members) % 3:
            raise DataError("values must hold longitude, latitude and name of each member")
        return self.execute(Command(("GEOADD", name, *flags(NX=nx, XX=xx, CH=ch), *members)))

    def geodist(self, name: KeyT, place1: FieldT, place2: FieldT, unit: UnitT | None = None) -> float | None:
        """Return how far two members are from each other, by default in metres; None if one is missing.

        https://redis.io/docs/latest/commands/geodist/
        """
        return self.execute(Command(("GEODIST", name, place1, place2, unit_option(unit)), to_float_or_none))

    def geohash(self, name: KeyT, *values: FieldT) -> list[str | None]:
        """Return the positions of members as Geohash strings, None for each that is missing.

        https://redis.io/docs/latest/commands/geohash/
        """
        return self.execute(Command(("GEOHASH", name, *required("values", values)), text=True))

    def geopos(self, name: KeyT, *values: FieldT) -> list[GeoPosition | None]:
        """Return the positions of members, None for each that is missing. They are off by less than a metre.

        https://redis.io/docs/latest/commands/geopos/
        """
        return self.execute(Command(("GEOPOS", name, *required("values", values)), to_positions))

    @overload
    def geosearch(
        self,
        name: KeyT,
        member: FieldT | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: UnitT = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: OrderT | None = None,
        count: int | None = None,
        any: bool = False,
        withcoord: Literal[False] = False,
        withdist: Literal[False] = False,
        withhash: Literal[False] = False,
        polygon: Iterable[tuple[float, float]] | None = None,
    ) -> list[AnyStr]: ...

    @overload
    def geosearch(
        self,
        name: KeyT,
        member: FieldT | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: UnitT = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: OrderT | None = None,
        count: int | None = None,
        any: bool = False,
        *,
        withcoord: Literal[True],
        withdist: bool = False,
        withhash: bool = False,
        polygon: Iterable[tuple[float, float]] | None = None,
    ) -> list[GeoMatch[AnyStr]]: ...

    @overload
    def geosearch(
        self,
        name: KeyT,
        member: FieldT | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: UnitT = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: OrderT | None = None,
        count: int | None = None,
        any: bool = False,
        withcoord: bool = False,
        *,
        withdist: Literal[True],
        withhash: bool = False,
        polygon: Iterable[tuple[float, float]] | None = None,
    ) -> list[GeoMatch[AnyStr]]: ...

    @overload
    def geosearch(
        self,
        name: KeyT,
        member: FieldT | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: UnitT = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: OrderT | None = None,
        count: int | None = None,
        any: bool = False,
        withcoord: bool = False,
        withdist: bool = False,
        *,
        withhash: Literal[True],
        polygon: Iterable[tuple[float, float]] | None = None,
    ) -> list[GeoMatch[AnyStr]]: ...

    @overload
    def geosearch(
        self,
        name: KeyT,
        member: FieldT | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: UnitT = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: OrderT | None = None,
        count: int | None = None,
        any: bool = False,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
        polygon: Iterable[tuple[float, float]] | None = None,
    ) -> list[AnyStr] | list[GeoMatch[AnyStr]]: ...

    def geosearch(
        self,
        name: KeyT,
        member: FieldT | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: UnitT = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: OrderT | None = None,
        count: int | None = None,
        any: bool = False,
        withcoord: bool = False,
        withdist: bool = False,
        withhash: bool = False,
        polygon: Iterable[tuple[float, float]] | None = None,
    ) -> list[AnyStr] | list[GeoMatch[AnyStr]]:
        """Return the members within a circle, a box or a polygon. Since Redis 6.2.

        Args:
            name: the key.
            member: the centre is where this member is; either this, or longitude and latitude.
            longitude: of the centre.
            latitude: of the centre.
            unit: of what follows, and of the distances that are returned.
            radius: of the circle; either this, or width and height.
            width: of the box, from west to east.
            height: of the box, from north to south.
            sort: ``"ASC"``: the nearest first; ``"DESC"``: the farthest first.
            count: return at most so many, the nearest ones.
            any: with ``count``, return those that are found first, which is faster.
            withcoord: return the position of each member.
            withdist: return how far each member is from the centre.
            withhash: return the position of each member as one number.
            polygon: pairs of longitude and latitude, the corners of a polygon, instead of a centre and a shape. The centre
                then is its own, and distances are in metres. Since Valkey 9.0; Redis does not have it.

        Returns:
            the members; with an option that begins with ``with``, a tuple for each: member, distance, hash, position, as far
            as they were asked for.

        https://redis.io/docs/latest/commands/geosearch/
        """
        arguments: list[EncodableT] = ["GEOSEARCH", name]
        arguments += _area(member, longitude, latitude, unit, radius, width, height, polygon)
        arguments += order_options(sort, count, any)
        wanted: list[EncodableT] = flags(WITHCOORD=withcoord, WITHDIST=withdist, WITHHASH=withhash)
        return self.execute(Command((*arguments, *wanted), to_matches if wanted else None))

    def geosearchstore(
        self,
        dest: KeyT,
        name: KeyT,
        member: FieldT | None = None,
        longitude: float | None = None,
        latitude: float | None = None,
        unit: UnitT = "m",
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        sort: OrderT | None = None,
        count: int | None = None,
        any: bool = False,
        storedist: bool = False,
        polygon: Iterable[tuple[float, float]] | None = None,
    ) -> int:
        """Make ``dest`` a sorted set of the members that `geosearch` finds, and return how many they are. Since Redis 6.2.

        With ``storedist`` their scores are their distances from the centre, in ``unit``; else their positions.

        https://redis.io/docs/latest/commands/geosearchstore/
        """
        arguments: list[EncodableT] = ["GEOSEARCHSTORE", dest, name]
        arguments += _area(member, longitude, latitude, unit, radius, width, height, polygon)
        arguments += order_options(sort, count, any)
        return self.execute(Command((*arguments, *flags(STOREDIST=storedist))))


def unit_option(unit: str | None) -> str:
    """Return the unit in lower case, the only form that Redis 6.2 knows; metres if there is none.

    Raises:
        DataError: if it is no such unit.
    """
    return "m" if unit is None else one_of("unit", unit, ("M", "KM", "FT", "MI")).lower()


def order_options(sort: str | None, count: int | None, any: bool) -> list[EncodableT]:
    """Return the arguments that say in which order, and how many members are returned.

    Raises:
        DataError: if there is no such order, or ``any`` is given without ``count``.
    """
    options: list[EncodableT] = [] if sort is None else [one_of("sort", sort, ("ASC", "DESC"))]
    if count is not None:
        return [*options, "COUNT", count, *flags(ANY=any)]
    if any:
        raise DataError("any needs count")
    return options


def _area(
    member: FieldT | None,
    longitude: float | None,
    latitude: float | None,
    unit: str,
    radius: float | None,
    width: float | None,
    height: float | None,
    polygon: Iterable[tuple[float, float]] | None,
) -> list[EncodableT]:
    if polygon is None:
        return [*_centre(member, longitude, latitude), *_shape(radius, width, height), unit_option(unit)]
    others = {"member": member, "longitude": longitude, "latitude": latitude}
    others |= {"radius": radius, "width": width, "height": height}
    for name, value in others.items():
        exclusive(polygon=polygon, **{name: value})
    if unit_option(unit) != "m":
        raise DataError(f"unit must be m with polygon, not {unit!r}")
    return _corners(polygon)


def _centre(member: FieldT | None, longitude: float | None, latitude: float | None) -> list[EncodableT]:
    exclusive(member=member, longitude=longitude)
    exclusive(member=member, latitude=latitude)
    if member is not None:
        return ["FROMMEMBER", member]
    if longitude is None or latitude is None:
        raise DataError("member, or longitude and latitude, are needed")
    return ["FROMLONLAT", longitude, latitude]


def _shape(radius: float | None, width: float | None, height: float | None) -> list[EncodableT]:
    exclusive(radius=radius, width=width)
    exclusive(radius=radius, height=height)
    if radius is not None:
        return ["BYRADIUS", radius]
    if width is None or height is None:
        raise DataError("radius, or width and height, are needed")
    return ["BYBOX", width, height]


def _corners(polygon: Iterable[tuple[float, float]]) -> list[EncodableT]:
    try:
        corners = [(longitude, latitude) for longitude, latitude in polygon]
    except (TypeError, ValueError):
        raise DataError("polygon must hold pairs of longitude and latitude") from None
    if len(corners) < 3:
        raise DataError(f"polygon must have at least 3 corners, not {len(corners)}")
    return ["BYPOLYGON", len(corners), *(degrees for corner in corners for degrees in corner)]
